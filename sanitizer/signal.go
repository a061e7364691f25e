package sanitizer

import (
	"os"
	"os/exec"
	"os/signal"
	"sync"
)

// runForwarding starts cmd, waits for it with wait, and hands on the signals
// that would end us: we stay until the streams are read. It returns the first
// of them.
func runForwarding(cmd *exec.Cmd, wait func() error) (os.Signal, error) {
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, endSignals...)
	defer signal.Stop(signals)
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	var (
		first     os.Signal
		ended     = make(chan struct{})
		listening sync.WaitGroup
	)
	listening.Go(func() {
		for n := 1; ; n++ {
			select {
			case sig := <-signals:
				if first == nil {
					first = sig
				}
				if n >= 3 {
					sig = os.Kill // three times is a wish
				}
				forward(cmd.Process, sig)
			case <-ended:
				return
			}
		}
	})
	err := wait()
	close(ended)
	listening.Wait()
	return first, err
}
