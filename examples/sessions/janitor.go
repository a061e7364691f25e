package main

import (
	"context"
	"time"
)

// RunJanitor sweeps the store once per interval until ctx is done.
func RunJanitor(ctx context.Context, store *Store, interval time.Duration, m *Metrics) {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		select {
		case now := <-tick.C:
			m.Expired(store.Sweep(now))
		case <-ctx.Done():
			return
		}
	}
}
