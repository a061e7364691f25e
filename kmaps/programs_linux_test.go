//go:build amd64 || arm64

package kmaps

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/link"

	"github.com/mapsan/mapsan/finding"
)

// updater is a program that updates key 1 of the map at each entry of a system call,
// and looks it up before if it is told to.
func updater(t *testing.T, m *ebpf.Map, look bool, flags ebpf.MapUpdateFlags) *ebpf.Program {
	t.Helper()
	size := int32(m.ValueSize())
	insns := asm.Instructions{
		asm.Mov.Imm(asm.R6, 1),
		asm.StoreMem(asm.RFP, -8, asm.R6, asm.DWord),
	}
	for at := int32(0); at < size; at += 8 {
		insns = append(insns, asm.StoreMem(asm.RFP, int16(-16-size+at), asm.R6, asm.DWord))
	}
	if look {
		insns = append(insns, asm.LoadMapPtr(asm.R1, m.FD()), asm.Mov.Reg(asm.R2, asm.RFP), asm.Add.Imm(asm.R2, -8), asm.FnMapLookupElem.Call())
	}
	insns = append(insns,
		asm.LoadMapPtr(asm.R1, m.FD()),
		asm.Mov.Reg(asm.R2, asm.RFP), asm.Add.Imm(asm.R2, -8),
		asm.Mov.Reg(asm.R3, asm.RFP), asm.Add.Imm(asm.R3, -16-size),
		asm.Mov.Imm(asm.R4, int32(flags)),
		asm.FnMapUpdateElem.Call(),
		asm.Mov.Imm(asm.R0, 0), asm.Return(),
	)
	p, err := ebpf.NewProgram(&ebpf.ProgramSpec{Name: "victim_updater", Type: ebpf.RawTracepoint, Instructions: insns, License: "GPL"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	l, err := link.AttachRawTracepoint(link.RawTracepointOptions{Name: "sys_enter", Program: p})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return p
}

// TestProgramIsNamed: a program that updates a map is told apart from the processes
// that it interrupts, and of the two sides of a conflict it is one.
func TestProgramIsNamed(t *testing.T) {
	s := watching(t, array(256))
	a := start(t, s.m, 0, filepath.Join(t.TempDir(), "lock"))
	other := start(t, s.m, 1, filepath.Join(t.TempDir(), "lock")) // makes system calls there
	p := updater(t, s.m, false, 0)
	info, err := p.Info()
	if err != nil {
		t.Fatal(err)
	}
	id, _ := info.ID()
	limit := time.Now().Add(patience)
	with := func() *finding.Finding {
		for _, f := range s.snapshot() {
			if f.Parties[0].Actor.Kind != f.Parties[1].Actor.Kind {
				return f
			}
		}
		return nil
	}
	for with() == nil {
		if time.Now().After(limit) {
			t.Fatalf("no conflict of a process and the program after %s: %+v", patience, s.row())
		}
		// The program runs at the system calls of both.
		a.begin("update", 1, 0, 2000)
		other.begin("lookup", 1, 0, 2000)
		a.wait()
		other.wait()
	}
	s.end()
	for _, party := range with().Parties {
		if act := party.Actor; act.Kind == finding.Program && (act.Program != "victim_updater" || act.ProgramID != uint32(id)) {
			t.Errorf("the program is called %v, want id %d", act, id)
		}
	}
	var programs, processes []string
	for _, u := range s.row().Users {
		switch u.Kind {
		case finding.Program: // it runs wherever a system call is made
			both := slices.Contains(u.CPUs, 0) && slices.Contains(u.CPUs, 1)
			programs = append(programs, fmt.Sprint(u.Program, u.ProgramID, u.Updates > 2000, both))
		case finding.Process:
			processes = append(processes, fmt.Sprint(u.PID, u.Updates >= 2000, u.CPUs))
		default:
			t.Errorf("a user is not known: %s", u.Unknown)
		}
	}
	if want := fmt.Sprint("victim_updater", id, true, true); !slices.Contains(programs, want) || len(programs) != 1 {
		t.Errorf("the programs are %v, want %s", programs, want)
	}
	if want := fmt.Sprint(a.pid, true, []int{0}); !slices.Contains(processes, want) {
		t.Errorf("the processes are %v, want %s", processes, want)
	}
}

// TestLostByProgram: a program that looks for a key and puts it there loses what its
// run on the other processor put there meanwhile; not if it only creates.
func TestLostByProgram(t *testing.T) {
	for _, flags := range []ebpf.MapUpdateFlags{ebpf.UpdateAny, ebpf.UpdateNoExist} {
		s := watching(t, hash(4))
		a, b := pair(t, s)
		p := updater(t, s.m, true, flags)
		lost := func() int {
			return len(slices.DeleteFunc(s.snapshot(), func(f *finding.Finding) bool { return f.Parties[0].Actor.Kind != finding.Program }))
		}
		if flags == ebpf.UpdateAny {
			// The victims' own operations do not matter: each enters a system call.
			both(t, a, b, "lookup", 0, func(int) bool { return lost() > 0 })
		} else {
			both(t, a, b, "delete", 0, rounds(enough))
		}
		p.Close()
		s.end()
		if flags == ebpf.UpdateNoExist && lost() > 0 {
			t.Errorf("an update that only creates is reported: %s", summary(s.snapshot()[0]))
		}
		var looked uint64
		for _, u := range s.row().Users {
			if u.Kind == finding.Program && u.Program == "victim_updater" {
				looked += u.Lookups
			}
		}
		if looked < 1000 {
			t.Errorf("flags %d: %d lookups of the program were seen", flags, looked)
		}
	}
}
