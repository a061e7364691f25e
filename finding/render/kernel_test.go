package render

import (
	"bytes"
	"strings"
	"testing"

	"github.com/mapsan/mapsan/finding"
)

func kernelFinding(rule string) *finding.Finding {
	side := func(a finding.Actor, stack ...finding.Frame) finding.Party {
		p := finding.Party{Access: finding.Access{Op: finding.Assign}, Actor: &a, Stack: stack}
		p.Access.Missing.Miss("expr", "it is a map of the kernel's")
		p.Goroutine.Missing.Miss("id", "it is no goroutine")
		p.Goroutine.Missing.Miss("origin", "it is no goroutine")
		if stack == nil {
			p.Missing.Miss("stack", "nobody kept it")
		}
		return p
	}
	f := &finding.Finding{
		Schema: finding.Schema, Rule: rule, Engine: finding.Agent, Grade: finding.Proved,
		Map: finding.Map{
			Type: "BPF array", Name: "limits\x1b[2J",
			Kernel: &finding.KernelMap{ID: 7, Type: "array", KeySize: 4, ValueSize: 64, MaxEntries: 8, Key: "element 3"},
		},
		Parties: [2]finding.Party{
			side(finding.Actor{Kind: finding.Process, PID: 12, Thread: 13, Command: "evil\x1b[31m"}, finding.Frame{Func: "array_map_update_elem"}),
			side(finding.Actor{Kind: finding.Program, Program: "count", ProgramID: 9, CPU: 1}),
		},
	}
	for _, field := range []string{"expr", "decl", "addr"} {
		f.Map.Missing.Miss(field, "it is a map of the kernel's")
	}
	if rule == finding.LostUpdate {
		f.Evidence.Stale = &finding.Stale{ReadBefore: 5000, UpdateBefore: 2000}
	} else {
		f.Evidence.Overlap = &finding.Overlap{Nanoseconds: 800}
	}
	return f
}

// TestKernelMaps: a finding of a kernel map tells of processes and programs, in every
// form, and of no goroutine.
func TestKernelMaps(t *testing.T) {
	for rule, says := range map[string][]string{
		finding.TornUpdate: {"MAP RACE on limits", "Why it is a race:", "under way at once, for 800ns", "copied in place"},
		finding.LostUpdate: {"LOST UPDATE on limits", "Why it is reported:", "had read the key 5µs before", "3µs after the read", "this is not proved"},
	} {
		f := kernelFinding(rule)
		if err := f.Validate(); err != nil {
			t.Fatal(err)
		}
		var text, html, sarif bytes.Buffer
		o := Options{Width: 1000}
		if err := Text(&text, f, o); err != nil {
			t.Fatal(err)
		}
		if err := HTML(&html, []*finding.Finding{f}, o); err != nil {
			t.Fatal(err)
		}
		if err := SARIF(&sarif, []*finding.Finding{f}, o); err != nil {
			t.Fatal(err)
		}
		says = append(says, "process 12 (evil", "thread 13, on CPU 0", "eBPF program count (id 9) on CPU 1")
		for _, want := range append(says, "BPF array map, id 7: 8 entries at most, keys of 4 bytes, values of 64; element 3", "array_map_update_elem()", "nobody kept it", rule) {
			if !strings.Contains(text.String(), want) {
				t.Errorf("%s: the text does not say %q:\n%s", rule, want, text.String())
			}
		}
		for form, b := range map[string]*bytes.Buffer{"text": &text, "html": &html, "sarif": &sarif} {
			s := b.String()
			if strings.Contains(s, "\x1b") {
				t.Errorf("%s %s: a name reaches the terminal as it is", rule, form)
			}
			if strings.Contains(s, "a goroutine was started") || strings.Contains(s, "by a goroutine") || strings.Contains(s, "A goroutine") && form != "sarif" {
				t.Errorf("%s %s tells of a goroutine:\n%s", rule, form, s)
			}
			if form != "sarif" && !strings.Contains(s, "eBPF program count") {
				t.Errorf("%s %s does not name the program", rule, form)
			}
		}
	}
}
