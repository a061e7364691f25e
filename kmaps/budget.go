package kmaps

import (
	"fmt"
	"time"
)

// Overspent is why a watch ended that cost more than its budget.
type Overspent struct {
	Rate   float64       // operations a second
	Cost   time.Duration // of one
	Budget float64       // percent of one processor
}

func (o *Overspent) Error() string {
	return fmt.Sprintf("%.0f operations a second, of which each costs %v more, are %.1f %% of a processor, and the budget is %v %%: allow more by -budget, or watch a quieter time",
		o.Rate, o.Cost, o.percent(), o.Budget)
}

func (o *Overspent) percent() float64 { return 100 * o.Rate * o.Cost.Seconds() }

// spending compares what watching costs with its budget, second by second.
type spending struct {
	cost       time.Duration // of one operation
	budget     float64       // percent of one processor
	at         time.Duration // when the last second was over
	operations uint64        // until then
}

// over returns an [*Overspent] if the last second cost too much. operations are all
// until now.
func (s *spending) over(now time.Duration, operations uint64) error {
	if now-s.at < time.Second {
		return nil
	}
	o := &Overspent{Rate: float64(operations-s.operations) / (now - s.at).Seconds(), Cost: s.cost, Budget: s.budget}
	s.at, s.operations = now, operations
	if o.percent() <= s.budget {
		return nil
	}
	return o
}
