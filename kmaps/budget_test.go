package kmaps

import (
	"errors"
	"testing"
	"time"
)

// TestSpending: a second that is over counts, not a part of one; each is counted by itself.
func TestSpending(t *testing.T) {
	const ms = time.Millisecond
	s := spending{cost: time.Microsecond, budget: 10}
	for _, look := range []struct {
		now        time.Duration
		operations uint64
		over       bool
	}{
		{250 * ms, 900_000, false},
		{1000 * ms, 100_000, false}, // exactly the budget
		{1500 * ms, 900_000, false},
		{2000 * ms, 199_000, false},
		{3250 * ms, 325_000, true},
	} {
		err := s.over(look.now, look.operations)
		if (err != nil) != look.over {
			t.Errorf("after %s: %v", look.now, err)
		}
	}
	s = spending{cost: 2 * time.Microsecond, budget: 0.5}
	err := s.over(2*time.Second, 20_000)
	var o *Overspent
	if !errors.As(err, &o) || o.Rate != 10_000 || o.Cost != s.cost {
		t.Fatal(err)
	}
	want := "10000 operations a second, of which each costs 2µs more, are 2.0 % of a processor, and the budget is 0.5 %: allow more by -budget, or watch a quieter time"
	if err.Error() != want {
		t.Errorf("says %s", err)
	}
}
