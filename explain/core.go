package explain

import (
	"bytes"

	"github.com/mapsan/mapsan/corefile"
	"github.com/mapsan/mapsan/crashlog"
)

// FromCore reads the crash out of a core, as the log that the process would
// have written, and puts into o what a log lacks. gs are p's goroutines.
// It returns no crash if the process did not die of concurrent map use.
func FromCore(p *corefile.Process, gs []*corefile.Goroutine, o *Options) ([]*crashlog.Crash, error) {
	conflict := p.Conflict(gs)
	var text bytes.Buffer
	if err := p.Traceback(&text, gs, conflict); err != nil {
		return nil, err
	}
	all, err := crashlog.ReadAll(&text, crashlog.Options{})
	if err != nil {
		return nil, err
	}
	var crashes []*crashlog.Crash
	for _, c := range all {
		if c.Cause.IsMap() {
			crashes = append(crashes, c)
		}
	}
	o.Header = conflict.Header
	for _, h := range conflict.Holders {
		o.Holders = append(o.Holders, Holder{
			Goroutine: uint64(h.Goroutine.ID), Func: h.Goroutine.Frames[h.Frame].Func, Object: h.Object, Far: h.Far,
		})
	}
	return crashes, nil
}
