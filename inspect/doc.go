// Package inspect shows the maps of a Go process and the goroutines that are
// inside map operations, in a process that runs on or in a core.
//
//	p, err := inspect.Attach(pid)
//	view, err := p.Look(inspect.Options{})
//
// A live process is read from outside, by process_vm_readv, while it runs. Only
// the registers of its threads, and the stacks of what runs on them, need a stop:
// a few milliseconds, whose length the view says. Nothing is ever written.
//
// What runs on while it is read is not of one moment: a map whose parts do not fit
// together is shown with that problem.
package inspect
