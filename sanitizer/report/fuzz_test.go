package report

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/mapsan/mapsan/finding"
)

func seeds() []string {
	return []string{
		wholeBlock,
		"a\n" + wholeBlock + wholeBlock + "b",
		each(wholeBlock, "web-1 | "),
		numberedLines(wholeBlock),
		strings.ReplaceAll(wholeBlock, "\n", "\r\n"),
		wholeBlock[:700] + wholeBlock,
		"==================\nWARNING: DATA RACE\n==================\n" + wholeBlock,
		strings.ReplaceAll(wholeBlock, "created at:\n  main.main()\n", "created at:\n  [partial stack]\n"),
		"==================\n==================\r\r\nWARNING: MAP RACE (pid=1 finding=1)\n",
	}
}

// However the stream is cut into pieces, the same findings come out, each is
// valid, and without one every byte is passed on.
func FuzzFilter(f *testing.F) {
	for _, s := range seeds() {
		f.Add(s, uint16(3))
		f.Add(s, uint16(100))
	}
	f.Fuzz(func(t *testing.T, in string, size uint16) {
		out, found, broken := filtered(t, in, len(in)+1)
		for _, x := range found {
			if err := x.Validate(); err != nil {
				t.Fatalf("not valid: %v", err)
			}
			js, err := finding.Encode(x)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := finding.Decode(js); err != nil {
				t.Fatal(err)
			}
		}
		if len(found) == 0 && out != in {
			t.Fatalf("no finding and yet %q came out as %q", in, out)
		}
		if len(out) > len(in)+len(found) {
			t.Fatalf("%d bytes became %d", len(in), len(out))
		}
		_, pieces, brokenPieces := filtered(t, in, int(size)+1)
		if diff := cmp.Diff(found, pieces); diff != "" || broken != brokenPieces {
			t.Fatalf("cut into pieces of %d: %d broken, before %d; findings differ:\n%s", int(size)+1, brokenPieces, broken, diff)
		}
	})
}

// The stream of events is never changed, whatever it holds.
func FuzzJSONFilter(f *testing.F) {
	for _, s := range seeds() {
		f.Add(asEvents("p", "T", s), uint16(50))
	}
	f.Add("{\"Action\":\"output\"}\n{", uint16(1))
	f.Fuzz(func(t *testing.T, in string, size uint16) {
		var whole, pieces int
		run := func(n int, count *int) {
			var out bytes.Buffer
			j := NewJSONFilter(&out, func(x *finding.Finding) {
				*count++
				if err := x.Validate(); err != nil {
					t.Fatalf("not valid: %v", err)
				}
			})
			for s := in; s != ""; {
				k := min(n, len(s))
				j.Write([]byte(s[:k]))
				s = s[k:]
			}
			j.Close()
			if out.String() != in {
				t.Fatalf("%q came out as %q", in, out.String())
			}
		}
		run(len(in)+1, &whole)
		run(int(size)+1, &pieces)
		if whole != pieces {
			t.Fatalf("%d findings in one piece, %d in pieces of %d", whole, pieces, int(size)+1)
		}
	})
}

// asEvents makes the events that test2json makes of a test's output.
func asEvents(pkg, test, out string) string {
	var b strings.Builder
	for _, l := range strings.SplitAfter(out, "\n") {
		if l == "" {
			continue
		}
		js, _ := json.Marshal(map[string]string{"Time": "2026-11-25T15:00:00Z", "Action": "output", "Package": pkg, "Test": test, "Output": l})
		b.Write(js)
		b.WriteByte('\n')
	}
	return b.String()
}
