// Package history keeps what the clients of a map did and when, and checks it
// against the model.
package history

import (
	"fmt"
	"os"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/mapsan/mapsan/safemap/proof/model"
)

// An Event is an operation from its call to its return.
type Event struct {
	Client int
	In     model.Input
	Out    model.Output
	Call   int64
	Return int64
}

// A History is what happened to one map in a short time.
type History struct {
	Case   string // which kind of map
	Map    int    // a map serves some histories
	Number int    // with the seed, what the clients meant to do
	Whole  bool   // checked as a whole, not key by key

	Events   []Event
	Problems []string // what was seen to be wrong without the model
	Versions bool     // whether its snapshots had versions to check
}

// Problem notes what is wrong whatever the order of operations.
func (h *History) Problem(format string, args ...any) {
	if len(h.Problems) < 8 {
		h.Problems = append(h.Problems, fmt.Sprintf(format, args...))
	}
}

func (h *History) model() porcupine.Model {
	if h.Whole {
		return model.Whole()
	}
	return model.Register()
}

func (h *History) operations() []porcupine.Operation {
	ops := make([]porcupine.Operation, len(h.Events))
	for i, e := range h.Events {
		client := e.Client
		if e.In.Op == model.Write {
			// On porcupine's page a client does one thing at a time.
			for b := e.In.Batch.Bit; b > 1; b >>= 1 {
				client += model.Clients + 1
			}
		}
		ops[i] = porcupine.Operation{ClientId: client, Input: e.In, Call: e.Call, Output: e.Out, Return: e.Return}
	}
	return ops
}

// Check tells whether the history fits the model. It is unknown when that takes
// longer than limit.
func (h *History) Check(limit time.Duration) porcupine.CheckResult {
	return porcupine.CheckOperationsTimeout(h.model(), h.operations(), limit)
}

// Draw writes porcupine's page of the history.
func (h *History) Draw(path string) error {
	m := h.model()
	_, info := porcupine.CheckOperationsVerbose(m, h.operations(), time.Minute)
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := porcupine.Visualize(m, info, f); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

// An Overlap counts the pairs of operations that could have met: of different
// clients and, where keys are checked one by one, of the same key.
type Overlap struct{ Pairs, Met, Ops, OpsMet int }

// Add adds another count.
func (o *Overlap) Add(p Overlap) {
	o.Pairs, o.Met, o.Ops, o.OpsMet = o.Pairs+p.Pairs, o.Met+p.Met, o.Ops+p.Ops, o.OpsMet+p.OpsMet
}

func (o Overlap) String() string {
	if o.Pairs == 0 {
		return "no pairs of operations"
	}
	return fmt.Sprintf("%.2f%% of pairs overlap, %.0f%% of operations overlap another",
		100*float64(o.Met)/float64(o.Pairs), 100*float64(o.OpsMet)/float64(o.Ops))
}

// Overlap counts which operations ran at the same time as another: a history
// without any says as little as a test with one goroutine.
func (h *History) Overlap() Overlap {
	o := Overlap{Ops: len(h.Events)}
	met := make([]bool, len(h.Events))
	for i, a := range h.Events {
		for j, b := range h.Events[:i] {
			if a.Client == b.Client || !h.Whole && a.In.Key != b.In.Key {
				continue
			}
			o.Pairs++
			if a.Call <= b.Return && b.Call <= a.Return {
				o.Met++
				met[i], met[j] = true, true
			}
		}
	}
	for _, m := range met {
		if m {
			o.OpsMet++
		}
	}
	return o
}
