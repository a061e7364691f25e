package drive

import (
	"iter"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/mapsan/mapsan/safemap/proof/history"
	"github.com/mapsan/mapsan/safemap/proof/subject"
)

type (
	plainSubject = subject.Subject[int, int]
	plainView    = subject.View[int, int]
)

// plain is a map under a lock: what the checks are tested on, with operations
// broken one at a time.
func plain() plainSubject {
	var mu sync.Mutex
	m := map[int]int{}
	version := uint64(1)
	locked := func(f func()) {
		mu.Lock()
		defer mu.Unlock()
		f()
	}
	write := func(f func()) { locked(func() { f(); version++ }) }
	clone := func() (c map[int]int, v uint64) { locked(func() { c, v = maps.Clone(m), version }); return }
	return plainSubject{
		Load:   func(k int) (v int, ok bool) { locked(func() { v, ok = m[k] }); return },
		Store:  func(k, v int) { write(func() { m[k] = v }) },
		Delete: func(k int) { write(func() { delete(m, k) }) },
		LoadAndDelete: func(k int) (v int, ok bool) {
			write(func() { v, ok = m[k]; delete(m, k) })
			return
		},
		Clear: func() { write(func() { clear(m) }) },
		Len:   func() (n int) { locked(func() { n = len(m) }); return },
		Range: func(yield func(int, int) bool) { c, _ := clone(); maps.All(c)(yield) },
		Apply: func(writes []subject.Write[int, int]) {
			write(func() {
				for _, w := range writes {
					if w.Delete {
						delete(m, w.Key)
					} else {
						m[w.Key] = w.Value
					}
				}
			})
		},
		Snapshot: func() plainView { return viewOf(clone()) },
	}
}

func viewOf(m map[int]int, version uint64) plainView {
	return plainView{
		All: maps.All(m), Keys: maps.Keys(m), Values: maps.Values(m),
		Load:    func(k int) (int, bool) { v, ok := m[k]; return v, ok },
		Len:     func() int { return len(m) },
		Version: func() uint64 { return version },
	}
}

// viewed changes what Snapshot returns.
func viewed(change func(v *plainView)) func(*plainSubject) {
	return func(s *plainSubject) {
		snapshot := s.Snapshot
		s.Snapshot = func() plainView {
			v := snapshot()
			change(&v)
			return v
		}
	}
}

// without leaves one of the keys out that skip chooses.
func without(seq iter.Seq2[int, int], skip func(k int) bool) iter.Seq2[int, int] {
	return func(yield func(int, int) bool) {
		left := false
		for k, v := range seq {
			if !left && skip(k) {
				left = true
			} else if !yield(k, v) {
				return
			}
		}
	}
}

func twice(seq iter.Seq2[int, int]) iter.Seq2[int, int] {
	return func(yield func(int, int) bool) {
		for k, v := range seq {
			for range 2 {
				if !yield(k, v) {
					return
				}
			}
		}
	}
}

// TestBroken: what is broken is found, by the check that is there for it, and
// what is not broken is not.
func TestBroken(t *testing.T) {
	isFiller := func(k int) bool { return owner(int32(k)) >= 0 }
	inside := func(k int) bool { return isFiller(k) && index(int32(k))%5 == 3 }
	for _, test := range []struct {
		name, family string
		change       func(*plainSubject)
		want         string // a problem, or illegal, or one of several; none: clean
	}{
		{"per key", PerKey, func(*plainSubject) {}, ""},
		{"whole", Whole, func(*plainSubject) {}, ""},
		{"grown", Grown, func(*plainSubject) {}, ""},
		{"batch", Batch, func(*plainSubject) {}, ""},
		{"stores are lost", PerKey, func(s *plainSubject) {
			store := s.Store
			s.Store = func(k, v int) {
				if isFiller(k) || v%16 != 3 {
					store(k, v)
				}
			}
		}, "illegal"},
		{"stores of other keys are lost", PerKey, func(s *plainSubject) {
			store := s.Store
			s.Store = func(k, v int) {
				if !inside(k) {
					store(k, v)
				}
			}
		}, "of a key that only this goroutine changes"},
		{"Range repeats", PerKey, func(s *plainSubject) {
			all := s.Range
			s.Range = func(yield func(int, int) bool) { twice(all)(yield) }
		}, "twice"},
		{"Range misses a key", PerKey, func(s *plainSubject) {
			all := s.Range
			s.Range = func(yield func(int, int) bool) { without(all, isFiller)(yield) }
		}, "Range over keys that did not change"},
		{"Len is more", PerKey, func(s *plainSubject) { n := s.Len; s.Len = func() int { return n() + 1 } }, "when nobody works on the map"},
		{"a panic", Whole, func(s *plainSubject) { s.Clear = func() { panic("in Clear") } }, "panic: in Clear"},
		{"Clear does nothing", Whole, func(s *plainSubject) { s.Clear = func() {} }, "illegal"},
		{"Clear has as many parts as there are keys", Whole, func(s *plainSubject) {
			all, remove := s.Range, s.Delete
			s.Clear = func() { all(func(k, _ int) bool { remove(k); runtime.Gosched(); return true }) }
		}, "illegal|in a row"},
		{"Apply has two parts", Batch, func(s *plainSubject) {
			apply := s.Apply
			s.Apply = func(w []subject.Write[int, int]) {
				apply(w[:len(w)/2])
				time.Sleep(10 * time.Microsecond)
				apply(w[len(w)/2:])
			}
		}, "illegal"},
		{"a snapshot repeats", Grown, viewed(func(v *plainView) { v.All = twice(v.All) }), "visits the key"},
		{"a snapshot has a hole", Grown, viewed(func(v *plainView) { v.All = without(v.All, inside) }), "stores and deletes in order"},
		{"Len of a snapshot is more", Whole, viewed(func(v *plainView) { n := v.Len; v.Len = func() int { return n() + 1 } }), "Len of the snapshot"},
		{"Load of a snapshot finds nothing", Whole, viewed(func(v *plainView) { v.Load = func(int) (int, bool) { return 0, false } }), "whose All has"},
		{"Keys of a snapshot has none", Whole, viewed(func(v *plainView) { v.Keys = func(func(int) bool) {} }), "Keys of a snapshot"},
		{"Values of a snapshot has none", Whole, viewed(func(v *plainView) { v.Values = func(func(int) bool) {} }), "Values of a snapshot"},
		{"a snapshot changes", Grown, viewed(func(v *plainView) {
			reads, all := 0, v.All
			v.All = func(yield func(int, int) bool) {
				if reads++; reads > 1 {
					yield(0, 12345)
					return
				}
				all(yield)
			}
		}), "a snapshot read again"},
		{"versions stay", Whole, viewed(func(v *plainView) { v.Version = func() uint64 { return 7 } }), "two snapshots of version 7 differ"},
		{"versions fall", Whole, viewed(func(v *plainView) { n := v.Version(); v.Version = func() uint64 { return 1<<40 - n } }), "was made before"},
		{"a version changes", Whole, viewed(func(v *plainView) { n := v.Version(); v.Version = func() uint64 { n++; return n } }), "the version of a snapshot was"},
	} {
		t.Run(test.name, func(t *testing.T) {
			clock, err := history.NewClock("counter")
			if err != nil {
				t.Fatal(err)
			}
			c := New(test.family, "int", subject.Ints(), 40, nil, func() plainSubject {
				s := plain()
				test.change(&s)
				return s
			})
			most := 3000
			if test.want == "" {
				most = 300
			}
			for n := range most {
				h := c.Make(1, n, clock)
				got := strings.Join(h.Problems, "\n")
				if got == "" && h.Check(time.Minute) == porcupine.Illegal {
					got = "illegal"
				}
				if got == "" {
					continue
				}
				said := func(part string) bool { return strings.Contains(got, part) }
				if test.want == "" || !slices.ContainsFunc(strings.Split(test.want, "|"), said) {
					t.Errorf("history %d: %q, want %q", n, got, test.want)
				}
				return
			}
			if test.want != "" {
				t.Errorf("nothing was found in %d histories", most)
			}
		})
	}
}
