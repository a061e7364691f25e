package maplayout

import (
	"encoding/binary"
	"fmt"
)

// Of runtime.hmap's flags, and of a slot's tophash.
const (
	hashWriting  = 4
	sameSizeGrow = 8

	emptyRest      = 0
	emptyOne       = 1
	evacuatedX     = 2
	evacuatedEmpty = 4
	minTopHash     = 5
)

const (
	maxB     = 40
	maxChain = 1 << 16
)

func (r *reader) buckets() {
	m := r.m
	if m.BucketsAddr == 0 && m.OldBuckets == 0 {
		return
	}
	if m.B > maxB {
		r.problem(m.Addr, "header", fmt.Errorf("2^%d buckets: the map is being written, or damaged", m.B))
		return
	}
	if m.OldBuckets != 0 {
		old := m.B
		if !m.SameSizeGrow && old > 0 {
			old--
		}
		r.array(m.OldBuckets, uint64(1)<<old, true)
	}
	r.array(m.BucketsAddr, uint64(1)<<m.B, false)
}

// array reads buckets and their overflow chains. Old buckets that were moved
// are empty: their entries are in the new ones.
func (r *reader) array(at, n uint64, old bool) {
	size := r.s.Size
	var bad run
	defer r.flush(&bad, "buckets", "")
	step := max(1, min(n, uint64(maxBlock/64/size)))
	for i := uint64(0); i < n; i += step {
		k := min(step, n-i)
		block, err := r.bytes(at+i*uint64(size), int64(k)*size)
		for j := range k {
			if !r.spend(1) {
				return
			}
			addr := at + (i+j)*uint64(size)
			if err == nil {
				r.chain(addr, block[int64(j)*size:int64(j+1)*size], i+j, old)
				continue
			}
			b, err := r.bytes(addr, size)
			if err != nil {
				bad.extend(i+j, addr, err)
				continue
			}
			r.flush(&bad, "buckets", "")
			r.chain(addr, b, i+j, old)
		}
	}
}

func (r *reader) chain(addr uint64, b []byte, bucket uint64, old bool) {
	table := 0
	if old {
		table = -1
	}
	if old && b[0] >= evacuatedX && b[0] <= evacuatedEmpty {
		return
	}
	seen := map[uint64]bool{}
	for {
		for i := range perGroup {
			switch c := b[i]; {
			case c >= minTopHash:
				r.entry(addr, b, table, int(bucket), i)
			case c == emptyOne:
				r.m.Tombstones++
			case c != emptyRest:
				r.problem(addr+uint64(i), fmt.Sprintf("slot %d of bucket %d", i, bucket), fmt.Errorf("marked as moved (%d) in a bucket that is not", c))
			}
		}
		next := binary.LittleEndian.Uint64(b[r.s.Size-8:])
		if next == 0 {
			return
		}
		if seen[next] || len(seen) >= maxChain {
			r.problem(next, fmt.Sprintf("overflow chain of bucket %d", bucket), fmt.Errorf("it does not end"))
			return
		}
		seen[next] = true
		if !r.spend(1) {
			return
		}
		nb, err := r.bytes(next, r.s.Size)
		if err != nil {
			r.problem(next, fmt.Sprintf("overflow bucket of bucket %d", bucket), err)
			return
		}
		r.m.Overflow++
		addr, b = next, nb
	}
}
