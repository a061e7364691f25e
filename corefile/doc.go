// Package corefile reads the core dump of a Go program: its goroutines, with
// the runtime's own frames that a traceback hides, the words that each frame
// saved of its arguments, and the memory behind them.
//
//	p, err := corefile.Open("core", "server")
//	gs, err := p.Goroutines()
//	header, err := p.Spill(gs[0].Frames[2], 1) // the map of runtime.mapassign
//	holders := p.Holders(gs, header)
//
// It stands on Delve's reader (github.com/go-delve/delve/pkg/proc/core) and
// needs the executable that wrote the core, with its DWARF. A core that is
// damaged or cut off gives what can be read of it; what cannot says why.
package corefile
