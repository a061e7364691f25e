package finding

import (
	"strings"
	"testing"
)

func kernelFinding() *Finding {
	side := func(a Actor) Party {
		p := Party{Access: Access{Op: Assign}, Actor: &a}
		p.Access.Missing.Miss("expr", "not source")
		p.Goroutine.Missing.Miss("id", "no goroutine")
		p.Goroutine.Missing.Miss("origin", "no goroutine")
		p.Missing.Miss("stack", "not kept")
		return p
	}
	f := &Finding{
		Schema: Schema, Rule: TornUpdate, Engine: Agent, Grade: Proved,
		Map: Map{Type: "BPF array", Name: "limits", Kernel: &KernelMap{ID: 7, Type: "array", KeySize: 4, ValueSize: 64, MaxEntries: 8}},
		Parties: [2]Party{
			side(Actor{Kind: Process, PID: 12, Thread: 12, Command: "a"}),
			side(Actor{Kind: Program, Program: "count", ProgramID: 9, CPU: 1}),
		},
	}
	for _, field := range []string{"expr", "decl", "addr"} {
		f.Map.Missing.Miss(field, "not source")
	}
	return f
}

// TestKernelFinding: what is of the kernel's maps and what is of Go's do not mix.
func TestKernelFinding(t *testing.T) {
	f := kernelFinding()
	line, err := Encode(f)
	if err != nil {
		t.Fatal(err)
	}
	back, err := Decode(line)
	if err != nil {
		t.Fatal(err)
	}
	if back.Fingerprint() != f.Fingerprint() || back.Parties[1].Actor.ProgramID != 9 {
		t.Errorf("came back as %+v", back)
	}
	for name, change := range map[string]func(*Finding){
		"is of kernel maps, and the map":   func(f *Finding) { f.Map.Kernel = nil },
		"no \"actor\"":                     func(f *Finding) { f.Parties[0].Actor = nil },
		"is not of kernel maps":            func(f *Finding) { f.Rule = WriteWrite },
		"does not fit a read (lookup)":     func(f *Finding) { f.Parties[1].Access.Op = Lookup },
		"unknown kind of actor":            func(f *Finding) { f.Parties[1].Actor.Kind = "cat" },
		"are in no order":                  func(f *Finding) { f.Evidence.Stale = &Stale{ReadBefore: 1, UpdateBefore: 2} },
		"\"actor\" is of kernel maps, and": func(f *Finding) { f.Map.Kernel, f.Rule = nil, WriteWrite },
	} {
		f := kernelFinding()
		change(f)
		if err := f.Validate(); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("want %q, got %v", name, err)
		}
	}
}

// TestKernelFingerprint: it is of the rule, the map's name and who it was, not of the run.
func TestKernelFingerprint(t *testing.T) {
	f, again, other, rule := kernelFinding(), kernelFinding(), kernelFinding(), kernelFinding()
	again.Parties[0].Actor.PID, again.Parties[0].Actor.CPU, again.Parties[1].Actor.ProgramID = 99, 3, 10
	other.Parties[0].Actor.Command = "b"
	rule.Rule = LostUpdate
	if f.Fingerprint() != again.Fingerprint() {
		t.Error("another run has another fingerprint")
	}
	if f.Fingerprint() == other.Fingerprint() {
		t.Error("another process has the same fingerprint")
	}
	if f.Fingerprint() == rule.Fingerprint() {
		t.Error("another rule has the same fingerprint")
	}
}
