// Package model says what a map must do: per key as a register, and as a whole
// for what looks at several keys at once.
//
// Keys and values are numbers here; package subject turns them into those of
// real maps. No value is 0, which means absent.
package model

import "fmt"

// An Op is an operation that histories record.
type Op uint8

const (
	Load Op = iota
	Store
	Delete
	LoadOrStore
	LoadOrCompute
	LoadAndDelete
	Swap
	CompareAndSwap
	CompareAndDelete
	Compute
	Range    // reads every key at some moment between call and return
	Clear    // the rest look at the whole map
	Len      //
	Snapshot // reads every key at one moment
	Write    // one of the writes of a batch
	Fill     // empties the map and stores keys that are not watched, when nobody else works on it
)

var names = [...]string{"Load", "Store", "Delete", "LoadOrStore", "LoadOrCompute", "LoadAndDelete", "Swap",
	"CompareAndSwap", "CompareAndDelete", "Compute", "Range", "Clear", "Len", "Snapshot", "Write", "Fill"}

func (o Op) String() string { return names[o] }

// Ops lists every operation.
func Ops() []Op {
	all := make([]Op, len(names))
	for i := range all {
		all[i] = Op(i)
	}
	return all
}

// Parse returns the operation of that name.
func Parse(name string) (Op, bool) {
	for i, n := range names {
		if n == name {
			return Op(i), true
		}
	}
	return 0, false
}

// A Do is what the function given to Compute decides.
type Do uint8

const (
	Keep Do = iota
	Set
	Remove
)

// Torn stands for a value that no operation can have stored: half of one and
// half of another, or memory that was never a value.
const Torn int32 = -1

// Keys is how many keys the model of a whole map has.
const Keys = 4

// Clients is how many clients' batches can be under way at once.
const Clients = 4

// An Input is a call.
type Input struct {
	Op  Op
	Key int8
	New int32 // what to store; of Fill, how many keys
	Old int32 // what CompareAndSwap and CompareAndDelete expect

	Present, Absent Do // what Compute's function decides

	Batch Batch // of a Write
}

// A Batch places a Write among the others of its Apply, numbered from 0 and
// named in sets of bits.
type Batch struct {
	Client  int8  // who applies: one batch at a time
	Bit     uint8 // this write
	All     uint8 // all writes of the batch
	Before  uint8 // those that must come first: earlier ones of the same key
	Deletes bool
}

// An Output is what a call returned.
type Output struct {
	Value int32
	OK    bool

	Seen       int32 // what Compute's function was given
	SeenLoaded bool

	View   [Keys]int32 // what Snapshot holds
	Others int32       // and how many keys that are not watched
}

// Describe writes an operation as a person would, for porcupine's page.
func Describe(in Input, out Output) string {
	value := func(v int32, ok bool) string {
		if v == Torn {
			return "torn"
		}
		if !ok && v == 0 {
			return "none"
		}
		return fmt.Sprintf("%d, %t", v, ok)
	}
	k := fmt.Sprintf("k%d", in.Key)
	switch in.Op {
	case Load, LoadAndDelete:
		return fmt.Sprintf("%s(%s) = %s", in.Op, k, value(out.Value, out.OK))
	case Range:
		return fmt.Sprintf("Range saw %s = %s", k, value(out.Value, out.OK))
	case Store:
		return fmt.Sprintf("Store(%s, %d)", k, in.New)
	case Delete:
		return fmt.Sprintf("Delete(%s)", k)
	case LoadOrStore, LoadOrCompute, Swap:
		return fmt.Sprintf("%s(%s, %d) = %s", in.Op, k, in.New, value(out.Value, out.OK))
	case CompareAndSwap:
		return fmt.Sprintf("CompareAndSwap(%s, %d, %d) = %t", k, in.Old, in.New, out.OK)
	case CompareAndDelete:
		return fmt.Sprintf("CompareAndDelete(%s, %d) = %t", k, in.Old, out.OK)
	case Compute:
		do := in.Absent
		if out.SeenLoaded {
			do = in.Present
		}
		return fmt.Sprintf("Compute(%s, saw %s, %s) = %s", k, value(out.Seen, out.SeenLoaded),
			[]string{"keep", fmt.Sprintf("set %d", in.New), "remove"}[do], value(out.Value, out.OK))
	case Len:
		return fmt.Sprintf("Len() = %d", out.Value)
	case Snapshot:
		return fmt.Sprintf("Snapshot() = %v and %d others", out.View, out.Others)
	case Fill:
		return fmt.Sprintf("Fill(%d)", in.New)
	case Write:
		if in.Batch.Deletes {
			return fmt.Sprintf("Apply deletes %s", k)
		}
		return fmt.Sprintf("Apply stores %s, %d", k, in.New)
	}
	return in.Op.String() + "()"
}
