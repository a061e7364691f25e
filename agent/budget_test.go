package agent

import (
	"testing"
	"time"
)

func TestBudget(t *testing.T) {
	now := time.Now()
	b := newPurse(0.01).budget(now)
	if b.over() || b.wait() != 0 {
		t.Fatal("a new budget has no credit")
	}
	b.spend(2*mostCredit, now)
	if !b.over() {
		t.Fatal("twice the credit is not too much")
	}
	// 75 ms are missing, at 10 ms a second.
	if got, want := b.wait(), 7500*time.Millisecond; got.Round(time.Millisecond) != want {
		t.Errorf("wait %v, not %v", got, want)
	}
	now = now.Add(b.wait())
	b.spend(0, now)
	if b.over() || b.wait() != 0 {
		t.Error("no credit after the wait")
	}
	b.spend(0, now.Add(time.Hour))
	if b.credit != mostCredit {
		t.Errorf("an hour of rest gives %v", b.credit)
	}
}

// TestPurse: however many are paid from one purse, together they use no more than
// its share, and one that is alone in being hungry gets all of it.
func TestPurse(t *testing.T) {
	const share, tick, seconds = 0.01, 10 * time.Millisecond, 100
	for hungry := range 5 {
		now := time.Now()
		p := newPurse(share)
		var all [4]*budget
		for i := range all {
			all[i] = p.budget(now)
		}
		var spent time.Duration
		for range seconds * time.Second / tick {
			now = now.Add(tick)
			for i, b := range all {
				var used time.Duration
				if i < hungry && b.credit > 0 {
					used = b.credit + tick // as a loop does that looks too late
				}
				b.spend(used, now)
				spent += used
			}
		}
		paid := time.Duration(share * float64(seconds*time.Second))
		// What each may have saved and owe at the end.
		if most := paid + mostCredit + time.Duration(hungry)*tick; spent > most {
			t.Errorf("%d of 4 that spend: %v in %v s, not at most %v", hungry, spent, seconds, most)
		}
		if hungry == 1 && spent < paid*9/10 {
			t.Errorf("one alone that spends is paid %v of %v", spent, paid)
		}
		for _, b := range all {
			b.end()
		}
		if p.hungry != 0 {
			t.Errorf("%d budgets are left", p.hungry)
		}
	}
	p := newPurse(share)
	p.budget(time.Now()).end()
	if got := p.budget(time.Now()).credit; got != mostCredit {
		t.Errorf("the next one begins with %v of what the last one left", got)
	}
	p = newPurse(share)
	now := time.Now()
	b := p.budget(now)
	b.spend(3*mostCredit, now)
	b.end()
	if got := p.budget(now).credit; got != -2*mostCredit {
		t.Errorf("a debt is forgotten: the next one begins with %v", got)
	}
}

// TestPurseOfFrugalOnes: several that each use a little less than the share, and are
// full again soon, use no more than it together, and each gets its part.
func TestPurseOfFrugalOnes(t *testing.T) {
	const share, n, seconds = 0.01, 8, 1000
	now := time.Now()
	p := newPurse(share)
	var all [n]*budget
	for i := range all {
		all[i] = p.budget(now)
	}
	var spent [n]time.Duration
	for range seconds {
		now = now.Add(time.Second)
		for i, b := range all {
			used := 8 * time.Millisecond
			if b.over() {
				used = 0 // its probes are removed
			}
			b.spend(used, now)
			spent[i] += used
		}
	}
	paid := time.Duration(share * float64(seconds*time.Second))
	var sum time.Duration
	for i, s := range spent {
		sum += s
		if s < paid/n/2 {
			t.Errorf("number %d is paid %v of %v", i, s, paid)
		}
	}
	if sum > paid+2*mostCredit+n*8*time.Millisecond || sum < paid*9/10 {
		t.Errorf("%v are spent, of %v that are paid", sum, paid)
	}
}

// TestPurseIsFair: one that settles all the time takes nothing from one that comes
// seldom, and what was used for all is paid before they are.
func TestPurseIsFair(t *testing.T) {
	const share, seconds = 0.01, 200
	now := time.Now()
	p := newPurse(share)
	often, seldom := p.budget(now), p.budget(now)
	var spent [2]time.Duration
	use := func(i int, b *budget) {
		used := max(0, b.credit)
		b.spend(used, now)
		spent[i] += used
	}
	for i := range seconds * 100 {
		now = now.Add(10 * time.Millisecond)
		use(0, often)
		if i%500 == 499 {
			use(1, seldom)
		}
	}
	paid := time.Duration(share * float64(seconds*time.Second))
	if spent[1] < paid*4/10 || spent[0]+spent[1] > paid+2*mostCredit {
		t.Errorf("of %v the one spends %v, the other %v", paid, spent[0], spent[1])
	}
	p.charge(paid, now)
	if !p.owes(now) {
		t.Error("what was used for all is forgotten")
	}
	before := spent
	for range seconds * 50 { // half of the time that pays for it
		now = now.Add(10 * time.Millisecond)
		use(0, often)
		use(1, seldom)
	}
	if now := spent[0] + spent[1] - before[0] - before[1]; now > 2*mostCredit {
		t.Errorf("%v are spent although all of it is owed", now)
	}
	now = now.Add(seconds * time.Second)
	use(0, often)
	use(1, seldom)
	if p.owes(now) {
		t.Error("a debt stays after it was paid")
	}
}
