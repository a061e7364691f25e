package binfo

import "encoding/binary"

// Indexes of a function's pcdata and funcdata tables, as internal/abi names them.
const (
	pcdataInlTree   = 2
	funcdataInlTree = 3
)

// steps yields the runs of a table of pctab: [from, to) has value val.
func (f *File) steps(fn Func, table uint32, yield func(from, to uint64, val int32) bool) {
	if table == 0 || uint64(table) >= uint64(len(f.pcln.pctab)) {
		return
	}
	p := f.pcln.pctab[table:]
	pc, val := fn.Entry, int32(-1)
	for first := true; ; first = false {
		d, n := binary.Uvarint(p)
		if n <= 0 || d == 0 && !first {
			return
		}
		p = p[n:]
		val += int32(uint32(d)>>1) ^ -int32(d&1)
		d, n = binary.Uvarint(p)
		if n <= 0 || d == 0 || d > fn.End-fn.Entry {
			return
		}
		p = p[n:]
		end := pc + d*f.pcln.quantum
		if !yield(pc, end, val) {
			return
		}
		pc = end
	}
}

// valueAt is the table's value at pc.
func (f *File) valueAt(fn Func, table uint32, pc uint64) (val int32, ok bool) {
	f.steps(fn, table, func(from, to uint64, v int32) bool {
		if from <= pc && pc < to {
			val, ok = v, true
		}
		return !ok
	})
	return val, ok
}

func (fn Func) u32(o uint64) uint32 {
	if o+4 > uint64(len(fn.rec)) {
		return 0
	}
	return binary.LittleEndian.Uint32(fn.rec[o:])
}

func (fn Func) pcsp() uint32   { return fn.u32(16) }
func (fn Func) pcfile() uint32 { return fn.u32(20) }
func (fn Func) pcline() uint32 { return fn.u32(24) }
func (fn Func) cu() uint32     { return fn.u32(32) }

// pcdata is the offset of a pcdata table in pctab, 0 when there is none.
func (fn Func) pcdata(i uint32) uint32 {
	if i >= fn.u32(28) {
		return 0
	}
	return fn.u32(funcRecord + uint64(i)*4)
}

// funcdata is the offset of a funcdata table past the module's gofunc.
func (fn Func) funcdata(i uint32) (uint32, bool) {
	if len(fn.rec) < funcRecord || i >= uint32(fn.rec[43]) {
		return 0, false
	}
	v := fn.u32(funcRecord + (uint64(fn.u32(28))+uint64(i))*4)
	return v, v != ^uint32(0)
}
