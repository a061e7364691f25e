package kmaps

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/mapsan/mapsan/finding"
)

// info is what the kernel says of a map.
type info struct {
	id, typ, keySize, valueSize, maxEntries uint32
	name                                    string
	// words of the value that an update copies: 0 if that is not known. It is asked
	// for where two updates were at once.
	words int
}

// The kernel's numbers of types (include/uapi/linux/bpf.h).
const typeArray = 2

var typeNames = map[uint32]string{
	1: "hash", typeArray: "array", 3: "prog_array", 4: "perf_event_array", 5: "percpu_hash", 6: "percpu_array",
	7: "stack_trace", 8: "cgroup_array", 9: "lru_hash", 10: "lru_percpu_hash", 11: "lpm_trie", 12: "array_of_maps",
	13: "hash_of_maps", 14: "devmap", 15: "sockmap", 16: "cpumap", 17: "xskmap", 18: "sockhash", 25: "devmap_hash",
}

func (m *info) typeName() string {
	return cmp.Or(typeNames[m.typ], fmt.Sprintf("type %d", m.typ))
}

// Flags of an update, as the kernel numbers them.
const (
	flagNoExist = 1
	flagExist   = 2
)

// operation is one update or deletion.
type operation struct {
	begin, end uint64 // by the kernel's clock, in ns; end 0 where it was not seen
	flags      uint64
	op         finding.Op
	actor      finding.Actor
	known      bool // actor is: the stack says who it was
	why        string
	stack      []finding.Frame
}

// sameThread reports whether one thread made both: a processor that runs none is one.
func (o *operation) sameThread(p *operation) bool {
	if o.actor.Thread == 0 && p.actor.Thread == 0 {
		return o.actor.CPU == p.actor.CPU
	}
	return o.actor.Thread == p.actor.Thread
}

// conflict is what the programs in the kernel sent: a candidate. They have seen that
// the updates are of one key, by two threads, and in which order; that two at once are
// of an array's element on two processors, and not both under its lock. They do not
// know whose operations these were, what else the flags mean, and what they missed.
type conflict struct {
	lost        bool // else two updates at once
	index       uint32
	key         uint64 // hash
	m           info
	self, other operation // of two at once, the one that began first is self
	readAt      uint64
	reader      finding.Actor // of the lookup; its kind "" if not known

	// Since when the kernel has left out no program at an entry of an update, and none
	// at a lookup.
	entriesSince, lookupsSince uint64
}

// programRun is how old a read by a program may be to be of the same run as the
// update: the next run's updates need not come from it.
const programRun = time.Millisecond

// Reasons for which a candidate is no conflict.
const (
	missedEntry  = "a program at an entry was left out meanwhile, so the return may be of another update"
	missedLookup = "a program at a lookup was left out meanwhile, so there may have been another look"
	oneWord      = "an update copies one word of the value, which stays whole"
	unknownValue = "what an update copies is not known: the map is gone, or CAP_SYS_ADMIN is missing"
	mayFail      = "the other update may have failed"
	oneThread    = "one thread made both, one within the other"
	notAtOnce    = "they were not under way at once"
	createsOnly  = "it only creates: it fails where the key is there"
	otherReader  = "who updated is not who had read"
	otherRun     = "the read may be of another run of the program"
	unknownWho   = "the stack does not say who it was"
)

// judge says why a candidate is no conflict, or "" and what to report.
func judge(c *conflict) (reason string, f *finding.Finding) {
	switch {
	case c.self.begin < c.entriesSince:
		reason = missedEntry
	case c.lost:
		reason = judgeLost(c)
	default:
		reason = judgeOverlap(c)
	}
	if reason == "" && (!c.self.known || !c.other.known) {
		reason = unknownWho
	}
	if reason != "" {
		return reason, nil
	}
	return "", describe(c)
}

func judgeOverlap(c *conflict) string {
	switch {
	case c.m.words == 0:
		return unknownValue
	case c.m.words == 1:
		return oneWord
	case c.other.flags&^flagExist != 0:
		return mayFail // in an array every key is there; its value may have no lock; and others the kernel may not know
	case c.self.sameThread(&c.other):
		return oneThread
	case c.other.begin < c.self.begin || c.other.begin > c.self.end:
		return notAtOnce
	}
	return ""
}

func judgeLost(c *conflict) string {
	switch self := &c.self; {
	case self.flags&flagNoExist != 0:
		return createsOnly
	case c.readAt < c.lookupsSince:
		return missedLookup
	case !self.known || c.reader.Kind == "":
		return unknownWho
	case self.actor.Kind != c.reader.Kind || self.actor.Kind == finding.Program && !sameProgram(&self.actor, &c.reader):
		return otherReader
	case self.actor.Kind == finding.Program && self.begin-c.readAt > uint64(programRun):
		return otherRun
	}
	return ""
}

func sameProgram(a, b *finding.Actor) bool {
	return a.ProgramID == b.ProgramID && a.Program == b.Program
}

// describe makes the finding. The later update comes first.
func describe(c *conflict) *finding.Finding {
	f := &finding.Finding{
		Schema: finding.Schema, Engine: finding.Agent,
		Map: finding.Map{
			Type: "BPF " + c.m.typeName(), Name: c.m.name,
			Kernel: &finding.KernelMap{
				ID: c.m.id, Type: c.m.typeName(), KeySize: c.m.keySize, ValueSize: c.m.valueSize, MaxEntries: c.m.maxEntries,
				Key: fmt.Sprintf("key with hash %016x", c.key),
			},
		},
	}
	if c.m.typ == typeArray {
		f.Map.Kernel.Key = fmt.Sprintf("element %d", c.index)
	}
	if c.m.name == "" {
		f.Map.Missing.Miss("name", "who made the map gave it none")
	}
	for _, field := range []string{"expr", "decl", "addr"} {
		f.Map.Missing.Miss(field, "it is a map of the kernel's")
	}
	if c.lost {
		f.Rule, f.Grade = finding.LostUpdate, finding.Shown
		f.Parties = [2]finding.Party{side(&c.self), side(&c.other)}
		f.Evidence.Stale = &finding.Stale{ReadBefore: int64(c.self.begin - c.readAt), UpdateBefore: int64(c.self.begin - c.other.begin)}
	} else {
		f.Rule, f.Grade = finding.TornUpdate, finding.Proved
		f.Parties = [2]finding.Party{side(&c.other), side(&c.self)}
		f.Evidence.Overlap = &finding.Overlap{Nanoseconds: int64(c.self.end - c.other.begin)}
	}
	f.Fixes = fixes(c)
	return f
}

func side(o *operation) finding.Party {
	a := o.actor
	p := finding.Party{Access: finding.Access{Op: o.op}, Actor: &a, Stack: o.stack}
	p.Access.Missing.Miss("expr", "it is a map of the kernel's")
	p.Goroutine.Missing.Miss("id", "it is no goroutine")
	p.Goroutine.Missing.Miss("origin", "it is no goroutine")
	if len(p.Stack) == 0 {
		p.Missing.Miss("stack", "%s", cmp.Or(o.why, "the kernel could not walk it"))
	}
	return p
}

// fixes are ways out, by who is in conflict.
func fixes(c *conflict) []finding.Fix {
	if !c.lost {
		return []finding.Fix{
			{
				Title: "put a bpf_spin_lock into the value, and update with BPF_F_LOCK",
				Text:  "The kernel then copies the value under the element's lock. Every update needs the flag, and every lookup that wants a whole value.",
				Code:  "struct value {\n\tstruct bpf_spin_lock lock;\n\t...\n};\nbpf_map_update_elem(&map, &key, &value, BPF_F_LOCK);",
			},
			{Title: "or use a hash map", Text: "Its updates replace the whole element, and never show half of one."},
			{Title: "or use a per-CPU array", Text: "Each processor then has a value of its own; who reads adds them up."},
		}
	}
	out := []finding.Fix{}
	if c.self.actor.Kind == finding.Program {
		return append(out,
			finding.Fix{
				Title: "create with BPF_NOEXIST, and look up again where that fails",
				Text:  "Where the program updates because the key was not there, another processor may have put it there since.",
				Code:  "if (bpf_map_update_elem(&map, &key, &first, BPF_NOEXIST))\n\tvalue = bpf_map_lookup_elem(&map, &key);",
			},
			finding.Fix{Title: "or change the value in place", Text: "By an atomic addition through the pointer that the lookup returns, or under a bpf_spin_lock in the value."})
	}
	text := "The bpf system call has no compare and swap: from the lookup to the update, one lock must keep every other one out."
	if c.other.actor.Kind == finding.Process && c.other.actor.PID != c.self.actor.PID {
		text += " Between processes, flock on a file that all of them open."
	}
	out = append(out, finding.Fix{Title: "hold one lock from the lookup to the update", Text: text})
	if c.other.actor.Kind == finding.Program {
		out[0].Title = "let only one side write the key"
		out[0].Text = strings.TrimSpace("A process cannot keep a program out between its lookup and its update. " +
			"Give the process a key or a map of its own that the program reads, or let the program make the change.")
	}
	return out
}
