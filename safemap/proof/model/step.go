package model

import (
	"fmt"

	"github.com/anishathalye/porcupine"
)

// step tells whether an operation on one key that holds v (0: nothing) may
// return out, and what the key holds then.
func step(v int32, in Input, out Output) (bool, int32) {
	// What is returned for a key with nothing is the zero value.
	read := out.Value == v && out.OK == (v != 0)
	switch in.Op {
	case Load, Range:
		return read, v
	case Store:
		return true, in.New
	case Delete:
		return true, 0
	case LoadAndDelete:
		return read, 0
	case Swap:
		return read, in.New
	case LoadOrStore, LoadOrCompute:
		if v != 0 {
			return read, v
		}
		return !out.OK && out.Value == in.New, in.New
	case CompareAndSwap:
		if v == in.Old && v != 0 {
			return out.OK, in.New
		}
		return !out.OK, v
	case CompareAndDelete:
		if v == in.Old && v != 0 {
			return out.OK, 0
		}
		return !out.OK, v
	case Compute:
		if out.Seen != v || out.SeenLoaded != (v != 0) {
			return false, v
		}
		do := in.Absent
		if v != 0 {
			do = in.Present
		}
		switch do {
		case Set:
			return out.OK && out.Value == in.New, in.New
		case Remove:
			// The value returned beside false is not part of the contract.
			return !out.OK, 0
		}
		return read, v
	}
	panic(fmt.Sprintf("model: %v is not of one key", in.Op))
}

// Register is the model of each key alone: whatever the other keys do, its
// operations fit one order. Ranges count as a read of the key.
func Register() porcupine.Model {
	return porcupine.Model{
		Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
			var byKey [Keys][]porcupine.Operation
			for _, op := range history {
				k := op.Input.(Input).Key
				byKey[k] = append(byKey[k], op)
			}
			var parts [][]porcupine.Operation
			for _, part := range byKey {
				if len(part) > 0 {
					parts = append(parts, part)
				}
			}
			return parts
		},
		Init: func() any { return int32(0) },
		Step: func(state, input, output any) (bool, any) {
			was := state.(int32)
			ok, v := step(was, input.(Input), output.(Output))
			if v == was {
				return ok, state
			}
			return ok, v
		},
		Hash:              func(state any) uint64 { return uint64(state.(int32)) * 0x9e3779b97f4a7c15 },
		DescribeOperation: func(input, output any) string { return Describe(input.(Input), output.(Output)) },
		DescribeState: func(state any) string {
			if v := state.(int32); v != 0 {
				return fmt.Sprint(v)
			}
			return "none"
		},
	}
}

// whole is the state of a map of which all keys are watched.
type whole struct {
	vals [Keys]int32
	done [Clients]uint8 // writes done of a batch under way; 0 when none is
	// Keys that Fill stored and that nobody but Clear touches; -1 when others
	// come and go, of which the model knows nothing.
	others int32
}

// Whole is the model of all keys together.
//
// A batch is atomic for snapshots and for them alone: each of its writes takes
// place by itself, somewhere between call and return of Apply, and operations of
// one key may come between two of them; Snapshot may not. (As one atomic step,
// it would forbid what is allowed: Apply stores a, another goroutine stores a
// and then b, Apply stores b.)
//
// Keys that are not watched are counted if the history begins with a Fill.
func Whole() porcupine.Model {
	return porcupine.Model{
		Init:              func() any { return whole{others: -1} },
		Step:              wholeStep,
		Hash:              func(state any) uint64 { s := state.(whole); return s.hash() },
		DescribeOperation: func(input, output any) string { return Describe(input.(Input), output.(Output)) },
		DescribeState: func(state any) string {
			s := state.(whole)
			text := fmt.Sprint(s.vals)
			if s.others > 0 {
				text += fmt.Sprintf(" and %d others", s.others)
			}
			for _, done := range s.done {
				if done != 0 {
					return text + ", inside of a batch"
				}
			}
			return text
		},
	}
}

func wholeStep(state, input, output any) (bool, any) {
	s, in, out := state.(whole), input.(Input), output.(Output)
	switch in.Op {
	case Clear:
		s.vals, s.others = [Keys]int32{}, min(s.others, 0)
		return true, s
	case Fill:
		s.vals, s.others = [Keys]int32{}, in.New
		return true, s
	case Len:
		n := max(s.others, 0)
		for _, v := range s.vals {
			if v != 0 {
				n++
			}
		}
		return out.Value == n, state
	case Snapshot:
		known := s.others < 0 || s.others == out.Others
		return known && s.vals == out.View && s.done == [Clients]uint8{}, state
	case Write:
		b := in.Batch
		done := s.done[b.Client]
		if done&b.Before != b.Before {
			return false, state
		}
		if done |= b.Bit; done == b.All {
			done = 0
		}
		s.done[b.Client] = done
		s.vals[in.Key] = in.New
		if b.Deletes {
			s.vals[in.Key] = 0
		}
		return true, s
	}
	ok, v := step(s.vals[in.Key], in, out)
	if v == s.vals[in.Key] {
		return ok, state
	}
	s.vals[in.Key] = v
	return ok, s
}

func (s *whole) hash() uint64 {
	h := uint64(s.others)
	for i := range s.vals {
		h = (h ^ uint64(uint32(s.vals[i]))) * 0x9e3779b97f4a7c15
		h ^= h >> 29
	}
	for i := range s.done {
		h = (h ^ uint64(s.done[i])) * 0xff51afd7ed558ccd
		h ^= h >> 31
	}
	return h
}
