// Package subject gives every map that is examined one form.
package subject

import (
	"iter"

	"github.com/mapsan/mapsan/safemap/proof/model"
)

// A Subject is an empty map, seen through its operations; those it lacks are nil.
type Subject[K comparable, V any] struct {
	Load             func(K) (V, bool)
	Store            func(K, V)
	Delete           func(K)
	LoadOrStore      func(K, V) (V, bool)
	LoadOrCompute    func(K, func() V) (V, bool)
	LoadAndDelete    func(K) (V, bool)
	Swap             func(K, V) (V, bool)
	CompareAndSwap   func(k K, old, new V) bool
	CompareAndDelete func(K, V) bool
	Compute          func(K, func(V, bool) (V, model.Do)) (V, bool)
	Range            func(func(K, V) bool) // each key seen as it was at some moment of the call
	Clear            func()
	Len              func() int
	Grow             func(int) // a hint, with no other effect
	Snapshot         func() View[K, V]
	Apply            func([]Write[K, V])
}

// A View is what Snapshot returned. Of a map without snapshots, which is
// examined for whether its Range is one, it has All alone.
type View[K comparable, V any] struct {
	All     iter.Seq2[K, V]
	Keys    iter.Seq[K]
	Values  iter.Seq[V]
	Load    func(K) (V, bool)
	Len     func() int
	Version func() uint64
}

// A Write is one of a batch.
type Write[K comparable, V any] struct {
	Key    K
	Value  V
	Delete bool
}

// Without returns the subject without those operations.
func (s Subject[K, V]) Without(ops []model.Op) Subject[K, V] {
	for _, op := range ops {
		switch op {
		case model.Load:
			s.Load = nil
		case model.Store:
			s.Store = nil
		case model.Delete:
			s.Delete = nil
		case model.LoadOrStore:
			s.LoadOrStore = nil
		case model.LoadOrCompute:
			s.LoadOrCompute = nil
		case model.LoadAndDelete:
			s.LoadAndDelete = nil
		case model.Swap:
			s.Swap = nil
		case model.CompareAndSwap:
			s.CompareAndSwap = nil
		case model.CompareAndDelete:
			s.CompareAndDelete = nil
		case model.Compute:
			s.Compute = nil
		case model.Range:
			s.Range = nil
		case model.Clear:
			s.Clear = nil
		case model.Len:
			s.Len = nil
		case model.Snapshot:
			s.Snapshot = nil
		case model.Write:
			s.Apply = nil
		}
	}
	return s
}

// Has lists the operations that the subject has, in their order: what is drawn
// from the list must not depend on anything but the seed.
func (s Subject[K, V]) Has() []model.Op {
	has := [...]bool{
		model.Load: s.Load != nil, model.Store: s.Store != nil, model.Delete: s.Delete != nil,
		model.LoadOrStore: s.LoadOrStore != nil, model.LoadOrCompute: s.LoadOrCompute != nil,
		model.LoadAndDelete: s.LoadAndDelete != nil, model.Swap: s.Swap != nil,
		model.CompareAndSwap: s.CompareAndSwap != nil, model.CompareAndDelete: s.CompareAndDelete != nil,
		model.Compute: s.Compute != nil, model.Range: s.Range != nil, model.Clear: s.Clear != nil,
		model.Len: s.Len != nil, model.Snapshot: s.Snapshot != nil, model.Write: s.Apply != nil, model.Fill: false,
	}
	var ops []model.Op
	for _, op := range model.Ops() {
		if has[op] {
			ops = append(ops, op)
		}
	}
	return ops
}
