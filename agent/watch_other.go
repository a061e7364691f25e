//go:build !linux || (!amd64 && !arm64)

package agent

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"
)

// Watcher watches one process.
type Watcher struct{}

// Attach fails: this system has no eBPF, or its probes were not tried.
func Attach(int, Options) (*Watcher, error) {
	return nil, fmt.Errorf("not on %s/%s, only on linux/amd64 and linux/arm64: %w", runtime.GOOS, runtime.GOARCH, errors.ErrUnsupported)
}

// Try fails like Attach.
func Try() (string, Costs, error) {
	_, err := Attach(0, Options{})
	return "", Costs{}, err
}

// WatchMachine fails like Attach.
func WatchMachine(context.Context, MachineOptions) error {
	_, err := Attach(0, Options{})
	return err
}

// TryFocus fails like Attach.
func TryFocus() (time.Duration, error) {
	_, err := Attach(0, Options{})
	return 0, err
}

// Status, Watch and Close belong to what Attach does not return here.

func (*Watcher) Status() Status              { return Status{} }
func (*Watcher) Watch(context.Context) error { return errors.ErrUnsupported }
func (*Watcher) Close() error                { return nil }
