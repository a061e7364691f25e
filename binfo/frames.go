package binfo

import "encoding/binary"

// Frame is one function in the chain of calls at one address.
type Frame struct {
	Func    string `json:"func"`
	File    string `json:"file"`
	Line    int    `json:"line"`
	Inlined bool   `json:"inlined,omitempty"` // into the frame that follows
}

// maxInline bounds the walk through a damaged inline tree.
const maxInline = 256

// Frames returns the functions that the instruction at pc belongs to, the
// innermost inlined call first, the function of machine code last. Of a return
// address, give the one before it.
func (f *File) Frames(pc uint64) []Frame {
	fn, ok := f.FuncAt(pc)
	if !ok {
		return nil
	}
	var out []Frame
	tree, hasTree := fn.funcdata(funcdataInlTree)
	for range maxInline {
		file, line := f.position(fn, pc)
		idx := int32(-1)
		if hasTree && f.mod.gofunc != 0 {
			if v, ok := f.valueAt(fn, fn.pcdata(pcdataInlTree), pc); ok {
				idx = v
			}
		}
		if idx < 0 {
			return append(out, Frame{Func: fn.Name, File: file, Line: line})
		}
		// runtime.inlinedCall: funcID, name, pc of the call in its parent, start line.
		var rec [16]byte
		if f.image.readAt(rec[:], f.mod.gofunc+uint64(tree)+uint64(idx)*16) != nil {
			return append(out, Frame{Func: fn.Name, File: file, Line: line})
		}
		out = append(out, Frame{
			Func: f.pcln.name(binary.LittleEndian.Uint32(rec[4:])), File: file, Line: line, Inlined: true,
		})
		parent := fn.Entry + uint64(binary.LittleEndian.Uint32(rec[8:]))
		if parent >= fn.End {
			break
		}
		pc = parent
	}
	return append(out, Frame{Func: fn.Name})
}

func (f *File) position(fn Func, pc uint64) (string, int) {
	n, ok := f.valueAt(fn, fn.pcfile(), pc)
	if !ok {
		return "", 0
	}
	line, _ := f.valueAt(fn, fn.pcline(), pc)
	return f.pcln.file(fn.cu(), n), int(line)
}
