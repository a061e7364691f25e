package agent

import (
	"sync"
	"time"
)

// purse is what the budgets of several processes are paid from. Time pays its share
// once: for what is owed, then in equal parts to those that are not full, and what
// nobody lacks is saved.
type purse struct {
	share float64 // of one processor

	mu     sync.Mutex
	at     time.Time     // until when time has paid
	hungry int           // budgets that are not full
	each   time.Duration // what each of them was paid since the purse began
	left   time.Duration // what is saved, or below 0 owed, by all of them
}

// How much credit there is at most, how much it takes to set probes again, and what
// is as good as none. Setting and removing them costs about a millisecond.
const (
	mostCredit  = 50 * time.Millisecond
	leastCredit = 25 * time.Millisecond
	noCredit    = time.Millisecond
)

// spentPart is how much of a budget is spent. A hit is charged what it takes in a loop, which
// finds all in the cache; what it takes more in a program at work, and what the interrupts
// of changed code do to other processors, the rest is for.
const spentPart = 0.6

// purseOf is the purse of a budget in percent of one processor.
func purseOf(budget float64) *purse { return newPurse(spentPart * budget / 100) }

func newPurse(share float64) *purse { return &purse{share: share, left: mostCredit} }

// budget says when probes may be set in a process. Everything that watching costs it
// is taken from a credit.
type budget struct {
	from   *purse
	credit time.Duration
	paid   time.Duration // of from.each
	full   bool
}

func (p *purse) budget(now time.Time) *budget {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pay(now)
	b := &budget{from: p, full: true}
	b.credit = min(p.left, mostCredit)
	p.left -= b.credit
	b.settle()
	return b
}

// pay takes what time pays until now, while mu is held.
func (p *purse) pay(now time.Time) {
	if !p.at.IsZero() {
		sum := time.Duration(p.share * float64(now.Sub(p.at)))
		owed := min(sum, p.owed())
		p.left += owed
		if sum -= owed; p.hungry > 0 {
			p.each += sum / time.Duration(p.hungry)
		} else {
			p.save(sum)
		}
	}
	p.at = now
}

func (p *purse) owed() time.Duration { return max(0, -p.left) }

// save keeps no more than one may have, and what time pays in the second between two
// settlements: saved by many, it would be spent at once.
func (p *purse) save(sum time.Duration) {
	p.left = min(p.left+sum, mostCredit+time.Duration(p.share*float64(time.Second)))
}

// charge takes what was used for all of them.
func (p *purse) charge(used time.Duration, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pay(now)
	p.save(-used)
}

// owes reports whether more was used for all than was saved.
func (p *purse) owes(now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pay(now)
	return p.owed() > noCredit
}

// spend takes what was used since the last call.
func (b *budget) spend(used time.Duration, now time.Time) {
	p := b.from
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pay(now)
	b.credit -= used
	b.settle()
	// Of what is saved, a fair part.
	part := min(mostCredit-b.credit, max(0, p.left)/time.Duration(max(1, p.hungry)))
	p.left -= part
	b.credit += part
	b.settle()
}

// settle takes what time has paid this one, and notes whether it is full now.
func (b *budget) settle() {
	p := b.from
	if !b.full {
		b.credit += p.each - b.paid
	}
	b.paid = p.each
	if b.credit > mostCredit {
		p.save(b.credit - mostCredit)
		b.credit = mostCredit
	}
	b.setFull(b.credit == mostCredit)
}

func (b *budget) setFull(full bool) {
	switch {
	case full && !b.full:
		b.from.hungry--
	case !full && b.full:
		b.from.hungry++
	}
	b.full = full
}

// over reports whether the probes must be removed.
func (b *budget) over() bool { return b.credit < noCredit }

// wait is how long it takes until probes may be set again.
func (b *budget) wait() time.Duration {
	if b.credit >= leastCredit {
		return 0
	}
	b.from.mu.Lock()
	defer b.from.mu.Unlock()
	lacks := b.from.owed() + (leastCredit-b.credit)*time.Duration(max(1, b.from.hungry))
	return time.Duration(float64(lacks) / b.from.share)
}

// end leaves what is left to others. Debts stay.
func (b *budget) end() {
	b.from.mu.Lock()
	defer b.from.mu.Unlock()
	b.settle()
	b.from.save(b.credit)
	b.setFull(true)
}
