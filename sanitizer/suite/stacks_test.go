package suite

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/mapsan/mapsan/finding"
)

// entries are the functions that begin the goroutines of the corpus, besides
// function literals of the function that started them.
var entries = regexp.MustCompile(`^(corpus/order\.step|testing\.tRunner|time\.goFunc|net/http\.\(\*conn\)\.serve|runtime\.(runFinalizers|runCleanups|corostart|cgocallback)|corpus/edges\.\(\*counter\)\.add|sync\.\(\*WaitGroup\)\.Go\..*)$`)

// complete returns what is missing in a finding on a test of the corpus: each
// stack must lead from the access to the function that began its goroutine,
// and the goroutine's origin to the test.
func complete(test string, f *finding.Finding) (problems []string) {
	for i, p := range f.Parties {
		fail := func(format string, args ...any) {
			side := [...]string{"current", "previous"}[i]
			problems = append(problems, fmt.Sprintf("%s: %s party: %s\n%s", test, side, fmt.Sprintf(format, args...), brief(f)))
		}
		if len(p.Stack) == 0 || p.Partial {
			fail("the stack is missing or not whole")
			continue
		}
		g := p.Goroutine
		if g.ID == 0 || g.State == "" {
			fail("the goroutine is not named")
		}
		if len(g.Origin) == 0 && !g.Main && !g.Runtime || g.OriginPartial {
			fail("the goroutine's origin is missing or not whole")
		}
		last := p.Stack[len(p.Stack)-1].Func
		started := len(g.Origin) > 0 && strings.HasPrefix(last, strings.TrimSuffix(g.Origin[0].Func, "[...]"))
		if !started && !entries.MatchString(last) && !mentions(p.Stack[len(p.Stack)-1:], test) && !g.Runtime {
			fail("the stack ends in %s, where no goroutine begins", last)
		}
		if !mentions(p.Stack, test) && !mentions(g.Origin, test) {
			fail("neither the stack nor the origin leads to the test")
		}
	}
	return problems
}

func mentions(frames []finding.Frame, test string) bool {
	for _, f := range frames {
		if strings.Contains(f.Func, "."+test) {
			return true
		}
	}
	return false
}
