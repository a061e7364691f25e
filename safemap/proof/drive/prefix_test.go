package drive

import (
	"math/rand/v2"
	"os"
	"testing"

	"github.com/mapsan/mapsan/safemap"

	"github.com/mapsan/mapsan/safemap/proof/history"
	"github.com/mapsan/mapsan/safemap/proof/subject"
)

// TestMoments: every number of writes is known again from what the map holds.
func TestMoments(t *testing.T) {
	const n = 7
	for w := range int32(5*n + 1) {
		m := momentAt(n, w)
		// A reader sees generation 2 only where there is a key of it.
		if m.second = min(m.second, m.hi); m.second <= m.lo {
			m.second = 0
		}
		if m.lo == m.hi {
			m = moment{}
		}
		got, ok := m.when(n)
		if want := w % (5 * n); got != want || !ok {
			t.Errorf("after %d writes the map is %v: taken for %d, %t", w, m, got, ok)
		}
	}
	for _, m := range []moment{{0, n, n + 1}, {1, n, 0}, {2, n + 1, n}, {3, n + 3, 4}, {n, 2*n - 1, 0}} {
		if w, ok := m.when(n); ok {
			t.Errorf("%v is taken for the map after %d writes", m, w)
		}
	}
}

// TestPrefix: every snapshot beside a writer is what it had written at a moment
// between call and return.
func TestPrefix(t *testing.T) {
	n := 50_000
	if os.Getenv("MAPSAN_HEAVY") != "" {
		n = 1_000_000
	}
	t.Run("int", func(t *testing.T) {
		prefixTest(t, n, subject.Ints(), safemap.Options[int]{})
	})
	t.Run("snapshots", func(t *testing.T) {
		prefixTest(t, n/4, subject.Ints(), safemap.Options[int]{Snapshots: true})
	})
	t.Run("string", func(t *testing.T) {
		prefixTest(t, n/4, subject.Strings(), safemap.Options[string]{})
	})
	t.Run("box", func(t *testing.T) {
		prefixTest(t, n/4, subject.Boxes(), safemap.Options[int]{})
	})
	t.Run("collide", func(t *testing.T) {
		prefixTest(t, 300, subject.Ints(), safemap.Options[int]{Hasher: func(k int) uint64 { return uint64(k) & 3 }})
	})
}

func prefixTest[K comparable, V any](t *testing.T, n int, kind subject.Kind[K, V], o safemap.Options[K]) {
	h := &history.History{}
	snapshots, rounds := 0, 0
	// A small map is written before much of it has been read.
	for ; snapshots < 200 && rounds < 20 && len(h.Problems) == 0; rounds++ {
		snapshots += prefixOf(subject.Safemap[K, V](o), kind, n, rand.New(rand.NewPCG(1, uint64(rounds))), h)
	}
	for _, p := range h.Problems {
		t.Error(p)
	}
	t.Logf("%d snapshots beside %d writes", snapshots, 5*n*rounds)
}
