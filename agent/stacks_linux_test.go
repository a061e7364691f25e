//go:build amd64 || arm64

package agent

import (
	"regexp"
	"testing"
	"time"

	"github.com/mapsan/mapsan/finding"
)

var literal = regexp.MustCompile(`\.func\d+`) // the compiler numbers function literals

// names are the functions of a stack, one after the other.
func names(stack []finding.Frame) (s string) {
	for _, f := range stack {
		s += literal.ReplaceAllString(f.Func, ".func") + " "
	}
	return s
}

// TestStacks: both stacks are whole, from who called the map function to where the
// goroutine began, none too few and none too many.
func TestStacks(t *testing.T) {
	able(t)
	path := build(t, "racy")
	for range tries {
		p := start(t, path, "generic", "20s")
		found, st := watch(t, p, 10*time.Second, true, eager)
		p.kill()
		if !proved(found) {
			t.Logf("nothing was caught: %+v", st)
			continue
		}
		for _, party := range found[0].Parties {
			want := "main.(*set[go.shape.string]).has main.shape.func main.main.func "
			if party.Access.Op.IsWrite() {
				want = "main.(*set[go.shape.string]).add main.shape.func main.main.func "
			}
			if got := names(party.Stack); got != want {
				t.Errorf("a %s with the stack %s, not %s", party.Access.Op, got, want)
			}
			if got := names(party.Goroutine.Origin); got != "main.main " {
				t.Errorf("started in %s", got)
			}
		}
		return
	}
	t.Error("never caught")
}
