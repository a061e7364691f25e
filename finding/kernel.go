package finding

import (
	"fmt"
	"slices"
)

// KernelMap says which BPF map of the kernel's a finding is about. A finding that
// has it is of processes and eBPF programs, not of goroutines and a Go map.
type KernelMap struct {
	ID         uint32 `json:"id"`
	Type       string `json:"type"` // "array", "hash", "lru_hash": the kernel's, in lower case
	KeySize    uint32 `json:"key_size"`
	ValueSize  uint32 `json:"value_size"`
	MaxEntries uint32 `json:"max_entries"`
	// Key tells the key from others: the index in an array, else a hash. Keys
	// themselves are in no finding.
	Key string `json:"key,omitempty"`
}

// ActorKind says who touched a kernel map.
type ActorKind string

// The kinds.
const (
	Process ActorKind = "process" // by the bpf system call
	Program ActorKind = "program" // an eBPF program, by a helper function
)

// Actor is who made an access to a kernel map.
type Actor struct {
	Kind ActorKind `json:"kind"`
	// PID, Thread and Command are the process's; of a program, the one that it
	// interrupted or ran for.
	PID     int    `json:"pid,omitempty"`
	Thread  int    `json:"thread,omitempty"`
	Command string `json:"command,omitempty"`
	// Program and ProgramID are the eBPF program's, ID 0 where the kernel did not say.
	Program   string `json:"program,omitempty"`
	ProgramID uint32 `json:"program_id,omitempty"`
	CPU       int    `json:"cpu"`
}

// Name tells who it is wherever and whenever it runs: "process redis-server".
func (a *Actor) Name() string {
	if a.Kind == Program {
		return "program " + a.Program
	}
	return "process " + a.Command
}

func (a *Actor) String() string {
	switch {
	case a.Kind == Program && a.ProgramID != 0:
		return fmt.Sprintf("the eBPF program %s (id %d) on CPU %d", a.Program, a.ProgramID, a.CPU)
	case a.Kind == Program:
		return fmt.Sprintf("the eBPF program %s on CPU %d", a.Program, a.CPU)
	case a.Thread != 0 && a.Thread != a.PID:
		return fmt.Sprintf("process %d (%s), thread %d, on CPU %d", a.PID, a.Command, a.Thread, a.CPU)
	}
	return fmt.Sprintf("process %d (%s) on CPU %d", a.PID, a.Command, a.CPU)
}

// Stale says that an update was made from what was read before another update.
type Stale struct {
	ReadBefore   int64 `json:"read_before_ns"`   // from the read to the update that did not know
	UpdateBefore int64 `json:"update_before_ns"` // from the other update's begin to that
}

// validateKernel checks what findings of kernel maps have in place of goroutines.
func (f *Finding) validateKernel() error {
	kernelRule := slices.Contains([]string{TornUpdate, LostUpdate}, f.Rule)
	if f.Map.Kernel == nil {
		if kernelRule {
			return fmt.Errorf("rule %s is of kernel maps, and the map is none", f.Rule)
		}
		for i := range f.Parties {
			if f.Parties[i].Actor != nil {
				return fmt.Errorf("party %d: %q is of kernel maps, and the map is none", i, "actor")
			}
		}
		if want := RuleFor(f.Parties[0].Access.Op, f.Parties[1].Access.Op); want != f.Rule {
			return fmt.Errorf("rule %s does not fit a %s and a %s", f.Rule, f.Parties[0].Access.Op, f.Parties[1].Access.Op)
		}
		return nil
	}
	if !kernelRule {
		return fmt.Errorf("rule %s is not of kernel maps", f.Rule)
	}
	for i := range f.Parties {
		p := &f.Parties[i]
		switch {
		case p.Actor == nil:
			return fmt.Errorf("party %d: no %q", i, "actor")
		case p.Actor.Kind != Process && p.Actor.Kind != Program:
			return fmt.Errorf("party %d: unknown kind of actor %.40q", i, string(p.Actor.Kind))
		case !p.Access.Op.IsWrite():
			return fmt.Errorf("rule %s does not fit a %s", f.Rule, p.Access.Op)
		case p.Actor.PID < 0 || p.Actor.Thread < 0 || p.Actor.CPU < 0:
			return fmt.Errorf("party %d: a negative number", i)
		}
		if err := short(p.Actor.Command, p.Actor.Program); err != nil {
			return err
		}
	}
	if s := f.Evidence.Stale; s != nil && (s.UpdateBefore < 0 || s.ReadBefore < s.UpdateBefore) {
		return fmt.Errorf("evidence: a read %d ns before and an update %d ns before are in no order", s.ReadBefore, s.UpdateBefore)
	}
	return short(f.Map.Kernel.Type, f.Map.Kernel.Key)
}
