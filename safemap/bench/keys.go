package main

import (
	"math/rand/v2"
	"strings"
)

// A kind is a pair of key and value types.
type kind string

const (
	kindInt     kind = "int"     // int keys, int values
	kindString  kind = "string"  // string keys, int values
	kindPointer kind = "pointer" // int keys, pointer values
)

// A subject is one map with its keys. Each method is one call to a loop that
// was generated for this map (see internal/loopgen). Ranges of numbers are
// half-open and count stored keys. What loops return is a sum that the compiler
// must not drop.
type subject interface {
	get(from keySet, i int) int // what the map has for one key; 0 if nothing, 1 for a pointer
	insert(from, to int)
	remove(from, to int)
	read(from keySet, d *draws, i, ops int) int // ops lookups, from draw i on
	mix(d *draws, i, ops int) int               // ops operations as the draws say
	timeReads(d *draws, i, ops int, h *histogram) int
	timeInserts(from, to int, h *histogram)
	iterate() (n, sum int)
	forget() // the keys, so that only the map keeps them alive
}

// A keySet chooses the keys to look up.
type keySet int

const (
	same   keySet = iota // the very keys that were stored: equal strings have equal pointers
	copied               // equal keys in memory of their own, as from a network
	absent               // keys that were never stored
)

type keys[K comparable] struct{ stored, copies, absent []K }

func (k *keys[K]) of(s keySet) []K {
	switch s {
	case copied:
		return k.copies
	case absent:
		return k.absent
	}
	return k.stored
}

// newInts returns n keys: random, since sequential ones suit some hash
// functions and none of the maps' users can count on that.
func newInts(n int, lookups bool, r *rand.Rand) *keys[int] {
	random := func() []int {
		ks := make([]int, n)
		for i := range ks {
			ks[i] = int(r.Uint64())
		}
		return ks
	}
	k := &keys[int]{stored: random()}
	k.copies = k.stored
	if lookups {
		k.absent = random()
	}
	return k
}

// newStrings returns n keys of 14 to 18 bytes, with copies and absent ones if
// lookups are what is measured.
func newStrings(n int, lookups bool, r *rand.Rand) *keys[string] {
	ids := r.Perm(2 * n)
	names := func(ids []int) []string {
		ks := make([]string, n)
		for i, id := range ids {
			ks[i] = name(id, r.Uint64())
		}
		return ks
	}
	k := &keys[string]{stored: names(ids[:n])}
	if lookups {
		k.absent = names(ids[n:])
		k.copies = make([]string, n) // made last, so that none is beside its original
		for i, s := range k.stored {
			k.copies[i] = strings.Clone(s)
		}
	}
	return k
}

// name returns a string like "user:0001234:abc".
func name(id int, random uint64) string {
	b := append(make([]byte, 0, 24), "user:"...)
	for unit := 1_000_000; unit > 0; unit /= 10 {
		b = append(b, '0'+byte(id/unit%10))
	}
	b = append(b, ':')
	for range 1 + random%5 {
		random /= 26
		b = append(b, 'a'+byte(random%26))
	}
	return string(b)
}

// draws are operations drawn before the clock starts: the number of a key in
// the low bits, what to do with it in the high ones. There are more than a
// branch predictor remembers.
type draws [drawCount]uint32

const (
	drawCount = 1 << 20
	drawMask  = drawCount - 1
	drawShift = 30
	drawKey   = 1<<drawShift - 1

	drawLoad   = 0
	drawStore  = 1
	drawDelete = 2
)

// A mix says how many of a hundred operations read. The others overwrite, or
// one half of them inserts and one deletes.
type mix struct {
	name      string
	reads     int
	overwrite bool
}

var mixes = []mix{
	{"mix99", 99, false}, {"mix90", 90, false}, {"mix75", 75, false}, {"mix50", 50, false},
	{"u90", 90, true}, {"u50", 50, true},
}

// lookups draws reads of n keys.
func lookups(n int, r *rand.Rand) *draws { return mix{reads: 100}.draw(n, r) }

// overwrites draws writes of n keys.
func overwrites(n int, r *rand.Rand) *draws { return mix{overwrite: true}.draw(n, r) }

// draw draws operations on n keys.
func (m mix) draw(n int, r *rand.Rand) *draws {
	d := new(draws)
	for i := range d {
		x := r.Uint64()
		key, op := x>>32*uint64(n)>>32, uint32(drawLoad)
		if p := x & (1<<32 - 1) * 200 >> 32; int(p) >= 2*m.reads {
			if op = drawStore; !m.overwrite && p%2 == 0 {
				op = drawDelete
			}
		}
		d[i] = op<<drawShift | uint32(key)
	}
	return d
}

// present returns how many of n keys are in the map before the mix begins: half
// of them where keys come and go, since that is how many are there later.
func (m mix) present(n int) int {
	if m.overwrite {
		return n
	}
	return n / 2
}

// boxes are the pointers that maps of kindPointer hold.
var boxes [boxMask + 1]*int

const boxMask = 255

func init() {
	for i := range boxes {
		boxes[i] = new(int)
	}
}
