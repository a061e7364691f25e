package cli

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"golang.org/x/term"

	"github.com/mapsan/mapsan/toolchain"
)

// progress tells what the first use of a toolchain prepares: one line for each
// step, whose seconds run where it is a terminal.
type progress struct {
	w     io.Writer
	live  bool
	begun bool

	stop chan struct{} // ends the running step's clock
	tick sync.WaitGroup
}

func newProgress(w io.Writer) *progress {
	return &progress{w: w, live: isTerminal(w)}
}

func isTerminal(w any) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

func (p *progress) step(tc toolchain.Toolchain, s toolchain.Step) {
	if !p.begun {
		p.begun = true
		fmt.Fprintf(p.w, "mapsan: preparing Go %s for map race detection, once, in about a minute\n", tc.Version[len("go"):])
	}
	if !s.Done {
		if p.live {
			p.run(s.Name)
		} else {
			fmt.Fprintf(p.w, "mapsan:   %s\n", s.Name)
		}
		return
	}
	p.end()
	fmt.Fprintf(p.w, "mapsan:   %s: %.1f s\n", s.Name, s.Took.Seconds())
}

func (p *progress) run(name string) {
	p.end()
	stop := make(chan struct{})
	p.stop = stop
	began := time.Now()
	p.tick.Go(func() {
		for {
			fmt.Fprintf(p.w, "\r\x1b[Kmapsan:   %s ... %.0f s", name, time.Since(began).Seconds())
			select {
			case <-stop:
				return
			case <-time.After(time.Second):
			}
		}
	})
}

// end stops the clock and clears its line; what follows stands there. A step
// that failed ends by this alone.
func (p *progress) end() {
	if p.stop != nil {
		close(p.stop)
		p.tick.Wait()
		p.stop = nil
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}
