package finding

import (
	"strings"
	"testing"
)

func TestSuggest(t *testing.T) {
	hold := func(shared bool) []Lock { return []Lock{{Expr: "st.mu", Shared: shared}} }
	for _, c := range []struct {
		name string
		edit func(*Finding)
		want []string // of all fixes, in this order
		not  string
	}{
		{"one side holds the lock", func(f *Finding) {},
			[]string{"hold s.mu at store.go:33 too", "store.go:41 in shop.(*Store).Put holds s.mu, the other side does not",
				"s.mu.RLock() // store.go:33", "v := s.sessions[key]", "or make it a safemap.Map"}, "s.mu.Lock() // store.go:41"},
		{"neither holds it", func(f *Finding) { f.Parties[0].Locks = nil },
			[]string{"hold s.mu at both accesses", "Take s.mu.Lock at store.go:41 in shop.(*Store).Put and s.mu.RLock at store.go:33",
				"s.mu.Lock() // store.go:41", "s.mu.RLock() // store.go:33"}, "does not"},
		{"written under RLock", func(f *Finding) { f.Parties[0].Locks, f.Parties[1].Locks = hold(true), hold(true) },
			[]string{"take s.mu.Lock, not RLock, to modify s.sessions", "st.mu.Lock()"}, "RLock()"},
		{"both hold one of that name", func(f *Finding) { f.Parties[1].Locks = hold(true) },
			[]string{"hold the same lock", "it is not one lock"}, "s.mu.RLock()"},
		{"a plain mutex", func(f *Finding) { f.Map.Guards = []string{"mu sync.Mutex"} },
			[]string{"s.mu.Lock() // store.go:33"}, "RLock"},
		{"an embedded lock", func(f *Finding) { f.Map.Guards, f.Parties[0].Locks = []string{"sync.Mutex"}, nil },
			[]string{"hold s at both accesses", "s.Lock()"}, "mu"},
		{"a field without a lock", func(f *Finding) { f.Map.Guards = nil },
			[]string{"guard sessions with a sync.RWMutex in Store", "mu sync.RWMutex // guards sessions", "sessions map[string]*Session",
				"s.mu.Lock()", "s.sessions[key] = v"}, "holds"},
		{"a package variable", func(f *Finding) {
			f.Map.Guards, f.Map.Kind, f.Map.Expr, f.Parties[0].Access.Expr = nil, Global, "cache", "cache"
		}, []string{"guard cache with a sync.RWMutex beside it", "var cacheMu sync.RWMutex", "cacheMu.Lock()", "var cache safemap.Map[string, *Session]"}, "type "},
		{"a captured variable", func(f *Finding) { f.Map.Guards, f.Map.Kind, f.Map.Expr = nil, Captured, "counts" },
			[]string{"guard counts with a mutex", "var mu sync.Mutex", "or give each goroutine a map of its own"}, "safemap"},
		{"a map that is not known", func(f *Finding) { f.Map = Map{} },
			[]string{"guard the map with one sync.RWMutex", "Every other use of the map"}, "safemap"},
		{"read by reflection", func(f *Finding) {
			f.Parties[1].Stack = append([]Frame{{Func: "encoding/json.Marshal"}}, f.Parties[1].Stack...)
		}, []string{"or hand a copy to the code that reads it by reflection", "maps.Clone(s.sessions)"}, ""},
		{"read by package maps", func(f *Finding) {
			f.Parties[1].Stack = append([]Frame{{Func: "maps.Clone"}}, f.Parties[1].Stack...)
		}, []string{"hold s.mu"}, "by reflection"},
		{"one place twice", func(f *Finding) {
			f.Map.Guards, f.Parties[0].Locks, f.Rule = nil, nil, WriteWrite
			f.Parties[1] = f.Parties[0]
		}, []string{"Take s.mu.Lock at store.go:41 in shop.(*Store).Put."}, " and "},
		{"nothing known of a side", func(f *Finding) {
			f.Parties[1].Stack, f.Parties[1].Access = nil, Access{Op: Read}
			f.Parties[0].Locks = nil
		}, []string{"s.mu.RLock at its access"}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := sample()
			c.edit(f)
			var b strings.Builder
			fixes := Suggest(f)
			for _, x := range fixes {
				if x.Title == "" || x.Text == "" {
					t.Errorf("a fix without title or text: %+v", x)
				}
				b.WriteString(x.Title + "\n" + x.Text + "\n" + x.Code + "\n")
			}
			got := b.String()
			rest := got
			for _, w := range c.want {
				i := strings.Index(rest, w)
				if i < 0 {
					t.Fatalf("no %q at its place in:\n%s", w, got)
				}
				rest = rest[i+len(w):]
			}
			if first := fixes[0].Title + fixes[0].Text + fixes[0].Code; c.not != "" && strings.Contains(first, c.not) {
				t.Errorf("%q in the first fix:\n%s", c.not, first)
			}
		})
	}
}

func TestSplitMapType(t *testing.T) {
	for _, c := range [][3]string{
		{"map[string]int", "string", "int"},
		{"map[[2]int]map[string][]byte", "[2]int", "map[string][]byte"},
		{"map[pkg.Pair[int, string]]*pkg.T", "pkg.Pair[int, string]", "*pkg.T"},
		{"sessions", "", ""},
		{"map[string", "", ""},
		{"map[string]", "", ""},
	} {
		if k, v, ok := splitMapType(c[0]); ok != (c[1] != "") || ok && (k != c[1] || v != c[2]) {
			t.Errorf("%s: %q, %q, %v", c[0], k, v, ok)
		}
	}
}
