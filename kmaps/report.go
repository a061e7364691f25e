package kmaps

import (
	"cmp"
	"math/bits"
	"slices"
	"time"

	"github.com/mapsan/mapsan/finding"
)

// Options say how maps are watched. The zero value has the defaults.
type Options struct {
	// Window is how old a lookup may be for an update to be taken as made from it;
	// 0 is 100 ms.
	Window time.Duration
	// Budget is how much of one processor watching may cost, in percent; 0 is 10.
	// What costs more for a second ends the watch with an [*Overspent].
	Budget float64
	// Ready, if not nil, is called once, when the programs are set.
	Ready func(Status)
	// Found is called for each conflict, by one goroutine at a time.
	Found func(*finding.Finding)
	// Tick, if not nil, is called now and then.
	Tick func(Status)
}

// Status is how watching goes.
type Status struct {
	Elapsed   time.Duration `json:"elapsed"`
	Functions int           `json:"functions"`        // of the kernel's that are watched
	Absent    []string      `json:"absent,omitempty"` // those that this kernel has not
	Cost      time.Duration `json:"cost"`             // of one operation, as measured at the start
	Maps      []Map         `json:"maps,omitempty"`
	// Dismissed are the candidates that are no conflict, by reason.
	Dismissed map[string]uint64 `json:"dismissed,omitempty"`
	Totals
}

// Totals count what the programs did.
type Totals struct {
	Operations uint64 `json:"operations"`
	Uncounted  uint64 `json:"uncounted"` // of them, those whose user found no room in the tables
	Unmapped   uint64 `json:"unmapped"`  // and those whose map found none: nothing is looked for there
	LongKeys   uint64 `json:"long_keys"` // whose keys are too long to be told apart
	NoStack    uint64 `json:"no_stack"`  // whose caller could not be told
	Contended  uint64 `json:"contended"` // updates that could not be compared: their place was in use
	Untracked  uint64 `json:"untracked"` // updates that found no room while they were under way
	Dropped    uint64 `json:"dropped"`   // conflicts that found no room in the ring
	Unsent     uint64 `json:"unsent"`    // conflicts beyond the number that is sent of one map
	Missed     uint64 `json:"missed"`    // runs that the kernel left out: the program was at work there
}

// Map is one map and who touched it.
type Map struct {
	ID         uint32 `json:"id"`
	Name       string `json:"name,omitempty"`
	Type       string `json:"type"`
	KeySize    uint32 `json:"key_size"`
	ValueSize  uint32 `json:"value_size"`
	MaxEntries uint32 `json:"max_entries"`
	// Overlaps are updates of one key that began while another was under way,
	// harmful or not.
	Overlaps uint64 `json:"overlaps"`
	Users    []User `json:"users"`
}

// User is a process or a program that touched a map.
type User struct {
	Kind      finding.ActorKind `json:"kind,omitempty"`
	PID       int               `json:"pid,omitempty"`
	Command   string            `json:"command,omitempty"`
	Program   string            `json:"program,omitempty"`
	ProgramID uint32            `json:"program_id,omitempty"`
	Unknown   string            `json:"unknown,omitempty"` // why the kind is not there
	CPUs      []int             `json:"cpus"`
	Lookups   uint64            `json:"lookups"`
	Updates   uint64            `json:"updates"`
	Deletes   uint64            `json:"deletes"`
}

// operations is how often the user touched the map.
func (u *User) operations() uint64 { return u.Lookups + u.Updates + u.Deletes }

// identity tells users apart. Whom a program interrupted does not matter.
type identity struct {
	m         uint32
	kind      finding.ActorKind
	pid       int
	command   string
	program   string
	programID uint32
	unknown   string
}

// touch is what one counter of the programs says.
type touch struct {
	by    identity
	op    finding.Op
	count uint64
	cpus  []uint64 // a bit for each processor
}

// gather adds the users to maps: one for each, by whatever ways it came, the busiest
// first. What is of none of the maps is left out.
func gather(maps []Map, touches []touch) []Map {
	users := map[identity]*User{}
	cpus := map[identity][]uint64{}
	for _, t := range touches {
		u := users[t.by]
		if u == nil {
			u = &User{
				Kind: t.by.kind, PID: t.by.pid, Command: t.by.command,
				Program: t.by.program, ProgramID: t.by.programID, Unknown: t.by.unknown,
			}
			users[t.by] = u
			cpus[t.by] = make([]uint64, len(t.cpus))
		}
		switch t.op {
		case finding.Lookup:
			u.Lookups += t.count
		case finding.Delete:
			u.Deletes += t.count
		default:
			u.Updates += t.count
		}
		for i, w := range t.cpus {
			cpus[t.by][i] |= w
		}
	}
	at := map[uint32]int{}
	for i := range maps {
		at[maps[i].ID] = i
	}
	for id, u := range users {
		i, ok := at[id.m]
		if !ok {
			continue
		}
		for n, w := range cpus[id] {
			for ; w != 0; w &= w - 1 {
				u.CPUs = append(u.CPUs, n*64+bits.TrailingZeros64(w))
			}
		}
		maps[i].Users = append(maps[i].Users, *u)
	}
	for i := range maps {
		slices.SortFunc(maps[i].Users, func(a, b User) int {
			return cmp.Or(cmp.Compare(b.operations(), a.operations()), cmp.Compare(a.PID, b.PID), cmp.Compare(a.ProgramID, b.ProgramID), cmp.Compare(a.Unknown, b.Unknown))
		})
	}
	slices.SortFunc(maps, func(a, b Map) int { return cmp.Compare(a.ID, b.ID) })
	return maps
}
