package cli

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/mapsan/mapsan/finding"
	"github.com/mapsan/mapsan/kmaps"
)

var kernelMaps = []kmaps.Map{{
	ID: 7, Name: "limits\x1b[2J", Type: "array", KeySize: 4, ValueSize: 64, MaxEntries: 8, Overlaps: 1,
	Users: []kmaps.User{
		{Kind: finding.Process, PID: 12, Command: "writer", CPUs: []int{0, 1, 2, 5}, Lookups: 3, Updates: 4},
		{Kind: finding.Program, Program: "count", ProgramID: 9, CPUs: []int{1}, Updates: 2},
		{Unknown: "no stack", CPUs: []int{0}, Deletes: 1},
	},
}}

func TestKernelTable(t *testing.T) {
	text := strings.Join(kernelTable(kernelMaps), "\n")
	for _, want := range []string{"map 7 limits?[2J, array of 8, key 4 B, value 64 B; 1 update at once", "process 12 writer ", "3 lookups", "CPU 0-2,5", "program 9 count ", "not known: no stack"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}

func TestRanges(t *testing.T) {
	for want, n := range map[string][]int{"": nil, "3": {3}, "0-1": {1, 0}, "0,2-4,9": {0, 2, 3, 4, 9}} {
		if got := ranges(n); got != want {
			t.Errorf("%v is %q, want %q", n, got, want)
		}
	}
}

// TestKernelLines: as JSON each map is a line that no reader takes for a finding.
func TestKernelLines(t *testing.T) {
	var out, errs bytes.Buffer
	c, err := newCatches(Streams{Out: &out, Err: &errs}, sinks{json: true}, [2]string{"conflict", "conflicts"})
	if err != nil {
		t.Fatal(err)
	}
	v := newKmapsView(c, 0)
	v.ready(kmaps.Status{})
	v.end(kmaps.Status{Elapsed: time.Second, Maps: kernelMaps, Totals: kmaps.Totals{Operations: 10, Missed: 2, Unmapped: 3}, Cost: time.Millisecond,
		Dismissed: map[string]uint64{"they are of one thread": 4}})
	if err := c.close("kmaps", nil); err != nil {
		t.Error(err)
	}
	var line struct {
		Seconds float64   `json:"seconds"`
		Map     kmaps.Map `json:"kernel_map"`
	}
	if err := json.Unmarshal(out.Bytes(), &line); err != nil || line.Map.ID != 7 || len(line.Map.Users) != 3 || line.Seconds != 1 {
		t.Errorf("%s: %v", out.String(), err)
	}
	if _, err := finding.Decode(bytes.TrimSpace(out.Bytes())); err == nil {
		t.Error("a map is taken for a finding")
	}
	for _, want := range []string{"10 operations on 1 kernel map in 1s; cost about 1.00 % of a processor", "3 operations were on maps beyond", "4 pairs of updates not shown as conflicts: they are of one thread", "2 runs of the programs were left out", "no conflict was caught"} {
		if !strings.Contains(errs.String(), want) {
			t.Errorf("no %q in %s", want, errs.String())
		}
	}
	if strings.Contains(errs.String(), "keys of more than") {
		t.Errorf("says what did not happen: %s", errs.String())
	}
}

// kernelFinding is a finding of the map with this number.
func kernelFinding(rule string, id uint32) *finding.Finding {
	side := func(pid int) finding.Party {
		return finding.Party{Access: finding.Access{Op: finding.Assign}, Actor: &finding.Actor{Kind: finding.Process, PID: pid, Command: "writer"}}
	}
	return &finding.Finding{
		Schema: finding.Schema, Rule: rule, Engine: finding.Agent, Grade: finding.Proved,
		Map:     finding.Map{Type: "BPF array", Name: "limits", Kernel: &finding.KernelMap{ID: id, Type: "array"}},
		Parties: [2]finding.Party{side(10), side(11)},
	}
}

// TestKernelFindingsAreTold: what another rule says of the same two processes is shown,
// and what is of another map of the same name; the same one again is not.
func TestKernelFindingsAreTold(t *testing.T) {
	var out, errs bytes.Buffer
	c, err := newCatches(Streams{Out: &out, Err: &errs}, sinks{json: true}, [2]string{"conflict", "conflicts"})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range []*finding.Finding{
		kernelFinding(finding.LostUpdate, 7), kernelFinding(finding.TornUpdate, 7), kernelFinding(finding.TornUpdate, 8), kernelFinding(finding.TornUpdate, 7),
	} {
		c.found(f)
	}
	if n := bytes.Count(out.Bytes(), []byte("\n")); n != 3 {
		t.Errorf("%d lines, want 3:\n%s", n, out.String())
	}
	if err := c.close("kmaps", nil); !strings.Contains(errs.String(), "4 conflicts caught (3 distinct)") {
		t.Errorf("%s: %v", errs.String(), err)
	}
}

// TestNothingCanBeShown: the first line that cannot be written ends watching, and is
// the only one that is told.
func TestNothingCanBeShown(t *testing.T) {
	var errs bytes.Buffer
	c, err := newCatches(Streams{Out: full{}, Err: &errs}, sinks{json: true}, [2]string{"conflict", "conflicts"})
	if err != nil {
		t.Fatal(err)
	}
	ended := 0
	c.enough = func() { ended++ }
	v := newKmapsView(c, time.Nanosecond)
	v.ready(kmaps.Status{})
	for i := range 3 {
		v.draw(kmaps.Status{Elapsed: time.Duration(i+1) * time.Second, Maps: kernelMaps})
	}
	v.end(kmaps.Status{Maps: kernelMaps})
	err = c.close("kmaps", nil)
	if ended != 1 || err == nil || err.Error() != "kmaps: show the maps: disk full" {
		t.Errorf("ended %d times: %v", ended, err)
	}
}
