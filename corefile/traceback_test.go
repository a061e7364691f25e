package corefile

import (
	"bytes"
	"testing"

	"github.com/mapsan/mapsan/crashlog"
)

// TestTraceback reads what Traceback writes as the crash log that it stands for.
func TestTraceback(t *testing.T) {
	for how, wants := range map[string][]crashlog.Cause{
		"write-write": {crashlog.CauseWriteWrite},
		"read-write":  {crashlog.CauseReadWrite, crashlog.CauseWriteWrite},
		"busy":        {crashlog.CauseReadWrite},
	} {
		t.Run(how, func(t *testing.T) {
			core, binary, header := crash(t, how)
			p, gs := open(t, core, binary)
			var text bytes.Buffer
			if err := p.Traceback(&text, gs, p.Conflict(gs)); err != nil {
				t.Fatal(err)
			}
			crashes, err := crashlog.ReadAll(&text, crashlog.Options{})
			if err != nil || len(crashes) != 1 {
				t.Fatalf("%d crashes, %v\n%s", len(crashes), err, text.Bytes())
			}
			c := crashes[0]
			known := false
			for _, want := range wants {
				known = known || c.Cause == want
			}
			if !known {
				t.Errorf("cause %q (%s), want one of %v", c.Cause, c.Message, wants)
			}
			d := c.Detecting()
			if len(d) != 1 {
				t.Fatalf("%d goroutines detected it", len(d))
			}
			op := c.Operation(d[0])
			if op.Evidence != crashlog.ByFrame || op.Op == crashlog.OpNone {
				t.Errorf("the detecting side's operation is %+v", op)
			}
			if got := op.Header.Word; got != header && (got != 0 || op.Op.IsWrite()) {
				t.Errorf("the map is %#x, want %#x", got, header)
			}
			if c.Total != len(gs) || len(c.Notes) != 0 {
				t.Errorf("%d of %d goroutines were read, with the notes %v", c.Total, len(gs), c.Notes)
			}
		})
	}
}

func TestPrinted(t *testing.T) {
	for name, want := range map[string]string{
		"main.f": "main.f", "main.F[go.shape.int]": "main.F[...]", "main.(*T[go.shape.[]uint8]).M.func1": "main.(*T[...]).M.func1",
	} {
		if got := printed(name); got != want {
			t.Errorf("printed(%q) = %q, want %q", name, got, want)
		}
	}
}
