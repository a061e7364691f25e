package binfo

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"fmt"
)

// A module is what we use of runtime.moduledata. Its leading fields have kept
// their places from Go 1.20 to 1.27; those after types moved in 1.27, with
// typedesclen and the itab fields.
type module struct {
	addr          uint64
	text, etext   uint64
	types, etypes uint64
	gofunc        uint64
	found         bool
}

// Word indexes in runtime.moduledata.
const (
	modPCHeader = 0
	modFuncName = 1
	modText     = 22
	modTypes    = 37
	modWords    = 46
)

// readModule finds the moduledata that refers to the function table at pcln.
func (f *File) readModule(ef *elf.File, pcln uint64, funcNames uint64) (module, error) {
	for _, addr := range f.moduleCandidates(ef, pcln) {
		w, err := f.image.words(addr, modWords)
		if err != nil || w[modPCHeader] != pcln || w[modFuncName] != funcNames {
			continue
		}
		m := module{addr: addr, text: w[modText], etext: w[modText+1], types: w[modTypes], found: true}
		if m.text >= m.etext {
			continue
		}
		// Without a version, the shape decides: types < etypes <= its neighbours.
		newer := f.info.minor() >= 27
		if f.info.minor() == 0 {
			newer = w[modTypes+1] < m.types && w[modTypes+2] > m.types
		}
		if newer {
			m.etypes, m.gofunc = w[modTypes+2], w[modTypes+6]
		} else {
			m.etypes, m.gofunc = w[modTypes+1], w[modTypes+3]
		}
		if m.etypes < m.types {
			continue
		}
		return m, nil
	}
	return module{}, fmt.Errorf("no module data refers to the function table at %#x", pcln)
}

func (f *File) moduleCandidates(ef *elf.File, pcln uint64) []uint64 {
	var out []uint64
	for _, s := range ef.Sections {
		if s.Name == ".go.module" {
			out = append(out, s.Addr)
		}
	}
	for _, r := range f.image.relocs {
		if r.value == pcln && len(out) < 64 {
			out = append(out, r.addr)
		}
	}
	var needle [8]byte
	binary.LittleEndian.PutUint64(needle[:], pcln)
	for _, s := range f.image.segs {
		if s.exec {
			continue
		}
		f.image.scan(s, needle[:], 8, func(addr uint64) bool {
			out = append(out, addr)
			return len(out) < 128
		})
	}
	return out
}

// scan calls fn with each aligned place in the segment where needle stands,
// until it returns false.
func (im *image) scan(s segment, needle []byte, align uint64, fn func(addr uint64) bool) {
	const chunk = 1 << 20
	buf := make([]byte, chunk+len(needle))
	for o := uint64(0); o < s.filesz; o += chunk {
		b := buf[:min(uint64(len(buf)), s.filesz-o)]
		if n, _ := im.r.ReadAt(b, s.off+int64(o)); n < len(b) {
			b = b[:n]
		}
		for at := 0; at < chunk; {
			i := bytes.Index(b[at:], needle)
			if i < 0 || at+i >= chunk {
				break
			}
			at += i
			if addr := s.addr + o + uint64(at); addr%align == 0 && !fn(addr) {
				return
			}
			at++
		}
	}
}
