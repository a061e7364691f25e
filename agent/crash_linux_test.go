//go:build amd64 || arm64

package agent

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/mapsan/mapsan/binfo"
	"github.com/mapsan/mapsan/finding"
)

// TestOtherFatalErrors: what is not of a map is no finding, and no crash of one.
func TestOtherFatalErrors(t *testing.T) {
	able(t)
	p := start(t, build(t, "correct"), "unlock", "10s")
	found, st := watch(t, p, 10*time.Second, false, Options{})
	if len(found) > 0 || st.Crash != "" || st.Unknown != "" {
		t.Errorf("%d findings, crash %q, %q", len(found), st.Crash, st.Unknown)
	}
}

// TestUnseen: the latest access that is known of a goroutine is that of its crash only if
// it is its own, of that operation, and nothing could be missed since.
func TestUnseen(t *testing.T) {
	w := &Watcher{t: &target{executable: &executable{sites: []Site{{Op: binfo.Lookup}, {Op: binfo.Assign}}}}}
	const assign = 1 << cookieSite
	for _, c := range []struct {
		name     string
		set      period
		goid, at uint64
		cookie   uint64
		seen     bool
	}{
		{"watched since", period{from: 100}, 7, 150, assign, true},
		{"removed after the crash", period{100, 300}, 7, 150, assign, true},
		{"removed before the crash", period{100, 180}, 7, 150, assign, false},
		{"set again meanwhile", period{from: 160}, 7, 150, assign, false},
		{"set after the crash", period{from: 250}, 7, 150, assign, false},
		{"never set", period{}, 7, 150, assign, false},
		{"another goroutine's", period{from: 100}, 7 + 4096, 150, assign, false},
		{"nobody's", period{from: 100}, 0, 0, 0, false},
		{"another operation", period{from: 100}, 7, 150, 0, false},
		{"no site", period{from: 100}, 7, 150, 2 << cookieSite, false},
	} {
		w.set = c.set
		raw := &crashCrash{Goid: 7, At: 200}
		raw.Latest.Goid, raw.Latest.At, raw.Latest.Cookie = c.goid, c.at, c.cookie
		if why := w.unseen(raw, binfo.Assign); (why == "") != c.seen {
			t.Errorf("%s: %q", c.name, why)
		}
	}
}

// wholeStack is a stack from who called the map function to where the goroutine began.
var wholeStack = regexp.MustCompile(`^(main\.\(\*store\)\.set main\.\(\*store\)\.set-fm|(main\.\(\*store\)\.set )?main\.shape\.func) main\.main\.func $`)

// TestBothSidesOfACrash: when the runtime stops the process, the side that it does
// not name is known, and it is of the same map: the one of "decoy" is used between uses
// of another one, by both.
func TestBothSidesOfACrash(t *testing.T) {
	able(t)
	path := build(t, "racy")
	var o Options
	if inGuest {
		o.Budget = eager.Budget
	}
	for shape, reader := range map[string]finding.Op{"write-write": finding.Assign, "decoy": finding.Assign, "field-string": finding.Lookup, "iterate": finding.Iterate} {
		t.Run(shape, func(t *testing.T) {
			crashes, unseen, told := 0, 0, 0
			for try := 0; try < 60 && told < 3; try++ {
				p := start(t, path, shape, "3s", "soon")
				found, st := watch(t, p, 4*time.Second, false, o)
				p.kill()
				if st.Crash == "" {
					continue // it lived, or ended before the probes were set
				}
				if crashes++; st.Unknown == unwatched {
					unseen++
				}
				for _, f := range found {
					if f.Grade == finding.Proved {
						continue
					}
					if err := f.Validate(); err != nil {
						t.Error(err)
					}
					if !strings.HasPrefix(f.Evidence.Log.Lines[0], "fatal error: concurrent map ") {
						t.Errorf("the log is %q", f.Evidence.Log.Lines)
					}
					if op := f.Parties[0].Access.Op; op != reader && op != finding.Assign || !f.Parties[1].Access.Op.IsWrite() {
						t.Errorf("a %s and a %s", op, f.Parties[1].Access.Op)
					}
					whole := 0
					for i, party := range f.Parties {
						if s, ok := party.Site(); ok && strings.HasPrefix(s.Func, "main.") {
							whole++
							if n := names(party.Stack); !wholeStack.MatchString(n) {
								t.Errorf("side %d has the stack %s", i, n)
							}
						} else if party.Missing["stack"] == "" {
							t.Errorf("side %d has the stack %v", i, party.Stack)
						}
					}
					if whole == 2 {
						told++
						if o := f.Parties[1].Goroutine.Origin; len(o) == 0 || o[0].Func != "main.main" {
							t.Errorf("the other side was started at %v", o)
						}
					}
					if f.Parties[0].Goroutine.ID == f.Parties[1].Goroutine.ID {
						t.Errorf("goroutine %d raced with itself", f.Parties[0].Goroutine.ID)
					}
				}
			}
			t.Logf("%d crashes, %d of them while no probes were set, %d findings with both stacks", crashes, unseen, told)
			if told == 0 || told < (crashes-unseen)/2 {
				t.Errorf("both sides of %d of %d crashes, %d of them while no probes were set", told, crashes, unseen)
			}
		})
	}
}
