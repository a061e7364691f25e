package kmaps

import (
	"testing"
	"time"

	"github.com/mapsan/mapsan/finding"
)

const us = 1000 // ns

const flagLock = 4

func process(pid, cpu int) operation {
	return operation{
		op: finding.Assign, known: true, stack: []finding.Frame{{Func: "array_map_update_elem"}},
		actor: finding.Actor{Kind: finding.Process, PID: pid, Thread: pid, Command: "writer", CPU: cpu},
	}
}

func program(id uint32, cpu int) operation {
	o := process(1000+cpu, cpu)
	o.actor.Kind, o.actor.Program, o.actor.ProgramID = finding.Program, "count", id
	return o
}

// torn is two updates of an array's element at once, by two processes.
func torn() *conflict {
	c := &conflict{m: info{id: 3, typ: typeArray, keySize: 4, valueSize: 64, maxEntries: 8, name: "limits", words: 8}, index: 5, self: process(10, 0), other: process(11, 1)}
	c.self.begin, c.self.end = 100*us, 103*us
	c.other.begin = 101 * us
	return c
}

// lost is an update between another process's read and its update.
func lost() *conflict {
	c := &conflict{lost: true, m: info{id: 4, typ: 1, keySize: 4, valueSize: 8, maxEntries: 8, name: "totals"}, key: 0xabc, self: process(10, 0), other: process(11, 1)}
	c.reader = c.self.actor
	c.readAt = 100 * us
	c.other.begin, c.other.end = 150*us, 152*us
	c.self.begin, c.self.end = 200*us, 202*us
	return c
}

// lostByProgram is the same by a program's runs on two processors.
func lostByProgram() *conflict {
	c := lost()
	c.self, c.other = program(9, 0), program(9, 1)
	c.reader = c.self.actor
	c.other.begin, c.other.end = 150*us, 152*us
	c.self.begin, c.self.end = 200*us, 202*us
	return c
}

// TestJudge has each conflict, and beside it what is like it and is none.
func TestJudge(t *testing.T) {
	for _, test := range []struct {
		name   string
		base   func() *conflict
		change func(*conflict)
		want   string
	}{
		{"torn", torn, nil, ""},
		{"two words", torn, func(c *conflict) { c.m.words = 2 }, ""},
		{"one word", torn, func(c *conflict) { c.m.words = 1 }, oneWord},
		{"nobody knows of the value", torn, func(c *conflict) { c.m.words = 0 }, unknownValue},
		{"one with the lock", torn, func(c *conflict) { c.self.flags = flagLock }, ""},
		{"the other with a lock that may not be there", torn, func(c *conflict) { c.other.flags = flagLock }, mayFail},
		{"one that only creates", torn, func(c *conflict) { c.other.flags = flagNoExist }, mayFail},
		{"one with a flag that the kernel may not know", torn, func(c *conflict) { c.other.flags = 8 }, mayFail},
		{"one that only replaces", torn, func(c *conflict) { c.other.flags = flagExist }, ""},
		{"one thread that moved", torn, func(c *conflict) { c.other.actor.Thread = c.self.actor.Thread }, oneThread},
		{"an entry was missed before", torn, func(c *conflict) { c.entriesSince = c.self.begin }, ""},
		{"an entry was missed since", torn, func(c *conflict) { c.entriesSince = c.self.begin + 1 }, missedEntry},
		{"a lookup was missed", torn, func(c *conflict) { c.lookupsSince = c.self.end }, ""},
		{"the last moment", torn, func(c *conflict) { c.other.begin = c.self.end }, ""},
		{"too late", torn, func(c *conflict) { c.other.begin = c.self.end + 1 }, notAtOnce},
		{"too early", torn, func(c *conflict) { c.other.begin = c.self.begin - 1 }, notAtOnce},
		{"a program", torn, func(c *conflict) { begin := c.other.begin; c.other = program(9, 1); c.other.begin = begin }, ""},
		{"nobody knows who", torn, func(c *conflict) { c.other.known = false }, unknownWho},
		{"two idle processors", torn, func(c *conflict) { c.self.actor.Thread, c.other.actor.Thread = 0, 0 }, ""},
		{"one idle processor", torn, func(c *conflict) { c.self.actor.Thread, c.other.actor = 0, finding.Actor{} }, oneThread},

		{"lost", lost, nil, ""},
		{"lost in an array", lost, func(c *conflict) { c.m.typ = typeArray }, ""},
		{"a deletion lost", lost, func(c *conflict) { c.other.op = finding.Delete }, ""},
		{"with the lock, which does not last", lost, func(c *conflict) { c.self.flags, c.other.flags = flagLock, flagLock }, ""},
		{"creates only", lost, func(c *conflict) { c.self.flags = flagNoExist }, createsOnly},
		{"a lookup was missed before", lost, func(c *conflict) { c.lookupsSince = c.readAt }, ""},
		{"a lookup was missed since", lost, func(c *conflict) { c.lookupsSince = c.readAt + 1 }, missedLookup},
		{"its update's entry was missed", lost, func(c *conflict) { c.entriesSince = c.self.begin + 1 }, missedEntry},
		{"a program read for it", lost, func(c *conflict) { c.reader.Kind = finding.Program }, otherReader},
		{"nobody knows who read", lost, func(c *conflict) { c.reader.Kind = "" }, unknownWho},
		{"nobody knows who updated", lost, func(c *conflict) { c.self.known = false }, unknownWho},
		{"nobody knows who was lost", lost, func(c *conflict) { c.other.known = false }, unknownWho},

		{"lost by a program", lostByProgram, nil, ""},
		{"the process read", lostByProgram, func(c *conflict) { c.reader.Kind = finding.Process }, otherReader},
		{"another program read", lostByProgram, func(c *conflict) { c.reader.ProgramID = 8 }, otherReader},
		{"another run", lostByProgram, func(c *conflict) { c.self.begin = c.readAt + uint64(programRun) + 1; c.self.end = c.self.begin + 1 }, otherRun},
		{"a process a while after", lost, func(c *conflict) { c.self.begin = c.readAt + uint64(50*time.Millisecond) }, ""},
	} {
		c := test.base()
		if test.change != nil {
			test.change(c)
		}
		reason, f := judge(c)
		if reason != test.want {
			t.Errorf("%s: %q, want %q", test.name, reason, test.want)
		}
		if (reason == "") != (f != nil) {
			t.Errorf("%s: %q and finding %v", test.name, reason, f)
		}
		if f != nil {
			if err := f.Validate(); err != nil {
				t.Errorf("%s: %v", test.name, err)
			}
		}
	}
}

func TestDescribe(t *testing.T) {
	_, f := judge(torn())
	if f.Rule != finding.TornUpdate || f.Grade != finding.Proved || f.Parties[0].Actor.PID != 11 || f.Evidence.Overlap.Nanoseconds != 2*us || f.Map.Kernel.Key != "element 5" {
		t.Errorf("torn: %+v", f)
	}
	_, f = judge(lost())
	if f.Rule != finding.LostUpdate || f.Grade != finding.Shown || f.Parties[0].Actor.PID != 10 || *f.Evidence.Stale != (finding.Stale{ReadBefore: 100 * us, UpdateBefore: 50 * us}) ||
		f.Map.Kernel.Key != "key with hash 0000000000000abc" {
		t.Errorf("lost: %+v", f)
	}
	anonymous := torn()
	anonymous.m.name = ""
	anonymous.self.stack = nil
	anonymous.self.why = "gone"
	_, f = judge(anonymous)
	if err := f.Validate(); err != nil {
		t.Error(err)
	}
	if f.Map.Missing["name"] == "" || f.Parties[1].Missing["stack"] != "gone" {
		t.Errorf("what is not known: %v %v", f.Map.Missing, f.Parties[1].Missing)
	}
	// What helps depends on who it is.
	mixed := lost()
	mixed.other = program(9, 1)
	for title, c := range map[string]*conflict{
		"put a bpf_spin_lock into the value, and update with BPF_F_LOCK": torn(),
		"hold one lock from the lookup to the update":                    lost(),
		"create with BPF_NOEXIST, and look up again where that fails":    lostByProgram(),
		"let only one side write the key":                                mixed,
	} {
		if got := fixes(c)[0].Title; got != title {
			t.Errorf("proposes %q, want %q", got, title)
		}
	}
}

// TestSteady: what counts is when the count was read last as another one.
func TestSteady(t *testing.T) {
	var s steady
	for _, look := range []struct{ count, now, since uint64 }{{0, 10, 0}, {0, 20, 0}, {2, 30, 30}, {2, 40, 30}, {3, 50, 50}} {
		if s.look(look.count, look.now); s.since != look.since {
			t.Errorf("%d at %d: since %d, want %d", look.count, look.now, s.since, look.since)
		}
	}
}
