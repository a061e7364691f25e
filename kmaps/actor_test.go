package kmaps

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/mapsan/mapsan/finding"
)

func TestActorOf(t *testing.T) {
	own, helper := frame{name: "update_begins", program: 1, own: true}, frame{name: "array_map_update_elem"}
	user := frame{name: "count", program: 9}
	sys := frame{name: "__sys_bpf"}
	for _, test := range []struct {
		name  string
		stack []frame
		want  finding.ActorKind
	}{
		{"a system call", []frame{own, {}, helper, {name: "bpf_map_update_value"}, sys}, finding.Process},
		{"a program", []frame{own, {}, helper, user, {name: "trace_call_bpf"}}, finding.Program},
		{"a program that a system call runs", []frame{own, {}, helper, user, {name: "bpf_test_run"}, sys}, finding.Program},
		{"a system call that a program is run for", []frame{own, {}, helper, sys, user}, finding.Process},
		{"what calls our program lies where one was", []frame{own, {name: "gone", program: 7}, helper, sys}, finding.Process},
		{"a caller without a name", []frame{own, {}, helper, {}, sys}, ""},
		{"our own program alone", []frame{own, {}, helper}, ""},
		{"something else of the kernel's", []frame{own, {}, helper, {name: "worker_thread"}}, ""},
		{"nothing", nil, ""},
	} {
		kind, f, ok := actorOf(test.stack)
		if kind != test.want || ok != (test.want != "") || kind == finding.Program && f != user {
			t.Errorf("%s: %q %v", test.name, kind, f)
		}
	}
}

func TestCountedOutside(t *testing.T) {
	inner, outer := frame{name: "__htab_map_lookup_elem"}, frame{name: "bpf_map_copy_value"}
	for _, test := range []struct {
		stack []frame
		want  bool
	}{
		{[]frame{{}, inner, {name: "htab_map_lookup_elem"}, outer}, true},
		{[]frame{{}, inner, {name: "count", program: 9}}, false},
		{[]frame{{}, outer, {name: "map_lookup_elem"}}, false},
		{[]frame{{}, outer, inner}, false},
		{[]frame{{}, {name: "trie_lookup_elem"}, outer, {}, {name: "map_lookup_elem"}}, true},
		{[]frame{{name: "count_lookup", program: 1, own: true}, {}, inner, outer}, true},
		{[]frame{{}, inner, {name: "count", program: 9}, outer}, false},
		{nil, false},
	} {
		if got := countedOutside(test.stack); got != test.want {
			t.Errorf("%v: %v", test.stack, got)
		}
	}
}

func TestSymbols(t *testing.T) {
	all, err := readSymbols(strings.NewReader("ffffffff81000100 t second\nffffffff81000000 T first\nffffffff81000200 D data\n" +
		"ffffffffc0001000 t of_module\t[mod]\n"))
	if err != nil {
		t.Fatal(err)
	}
	for addr, want := range map[uint64]string{
		0xffffffff80ffffff: "", 0xffffffff81000000: "first", 0xffffffff810000ff: "first", 0xffffffff81000100: "second",
		0xffffffff81000300: "second", 0xffffffffc0001000: "",
	} {
		if got, ok := find(all, addr); got != want || ok != (want != "") {
			t.Errorf("%x is in %q, want %q", addr, got, want)
		}
	}
	if _, err := readSymbols(strings.NewReader("0000000000000000 T first\n")); !errors.Is(err, errHidden) {
		t.Errorf("hidden addresses: %v", err)
	}
	if _, err := readSymbols(io.MultiReader(strings.NewReader("ffffffff81000000 T first\n"), iotest.ErrReader(io.ErrUnexpectedEOF))); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("half of them: %v", err)
	}
	if _, err := readSymbols(strings.NewReader("x T first\n")); err == nil || errors.Is(err, errHidden) {
		t.Errorf("no addresses: %v", err)
	}
}

func TestGather(t *testing.T) {
	prog := identity{m: 1, kind: finding.Program, program: "count", programID: 9}
	proc := identity{m: 1, kind: finding.Process, pid: 7, command: "a"}
	elsewhere := identity{m: 2, kind: finding.Process, pid: 7, command: "a"}
	nowhere := identity{m: 3, kind: finding.Process, pid: 7, command: "a"}
	maps := gather([]Map{{ID: 2}, {ID: 1}}, []touch{
		{by: proc, op: finding.Lookup, count: 1, cpus: []uint64{1, 0}},
		{by: proc, op: finding.Delete, count: 2, cpus: []uint64{1, 1}},
		{by: prog, op: finding.Assign, count: 9, cpus: []uint64{4, 0}},
		{by: elsewhere, op: finding.Assign, count: 5, cpus: []uint64{2, 0}},
		{by: nowhere, op: finding.Assign, count: 5, cpus: []uint64{2, 0}},
	})
	if len(maps) != 2 || maps[0].ID != 1 || len(maps[0].Users) != 2 || len(maps[1].Users) != 1 {
		t.Fatalf("%+v", maps)
	}
	busiest, other := maps[0].Users[0], maps[0].Users[1]
	if busiest.Program != "count" || busiest.Updates != 9 || len(busiest.CPUs) != 1 || busiest.CPUs[0] != 2 {
		t.Errorf("the program: %+v", busiest)
	}
	if other.PID != 7 || other.Lookups != 1 || other.Deletes != 2 || other.Updates != 0 || len(other.CPUs) != 2 || other.CPUs[1] != 64 {
		t.Errorf("the process: %+v", other)
	}
}
