package agent

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/mapsan/mapsan/binfo"
)

// A prologue says how functions of an architecture begin: by the check of the
// stack's bound, then the push of their frame.
type prologue struct {
	scratch []binfo.Reg // what the check computes in
	// pushes reports whether a frame is pushed by instructions that begin with these.
	pushes func([]binfo.Inst) bool
	// before reports whether an instruction that comes right before the push is the
	// place for a probe; nil where that is the push itself.
	before func(binfo.Inst) bool
}

var prologues = map[binfo.Arch]prologue{
	binfo.AMD64: {scratch: []binfo.Reg{12}, pushes: pushesAMD64},
	binfo.ARM64: {scratch: []binfo.Reg{16, 17}, pushes: pushesARM64, before: checksARM64},
}

// probePlace is the address of the instruction of a function where a probe goes. The
// arguments are still in their registers there, nothing of the function's own has
// been done, and the kernel emulates the instruction, where it can:
//
//   - on amd64 the push of the frame pointer;
//   - on arm64 the branch of the check before the push, or where a function makes no
//     check the push, which is stepped. The branch is taken, if at all, to grow the
//     stack or to let others run, and the function begins again: the probe is hit
//     twice for that call.
func probePlace(f *binfo.File, fn binfo.Func) (uint64, error) {
	p, ok := prologues[f.Arch()]
	if !ok {
		return 0, fmt.Errorf("how functions begin on %s is not known", f.Arch())
	}
	const enough = 128 // bytes, for the six instructions at most that are looked at
	insts, err := f.Beginning(fn, enough)
	if err != nil {
		return 0, err
	}
	for i, in := range insts {
		switch {
		case i > 5 || in.Unfollowed() || in.Flow != binfo.Next && in.Flow != binfo.Branch:
			return 0, errors.New("its frame is not pushed where that is expected")
		case !p.pushes(insts[i:]):
		case p.before == nil || i == 0:
			return in.PC, nil
		case p.before(insts[i-1]):
			return insts[i-1].PC, nil
		default:
			return 0, errors.New("the stack's bound is not checked before its frame is pushed")
		}
		for _, e := range in.Effects {
			if e.Kind == binfo.Store || e.Kind == binfo.Set && !slices.Contains(p.scratch, e.Dst) {
				return 0, errors.New("something comes before its frame is pushed")
			}
		}
	}
	return 0, errors.New("it pushes no frame")
}

func pushesAMD64(in []binfo.Inst) bool {
	return len(in) > 1 &&
		bytes.Equal(in[0].Bytes(), []byte{0x55}) && // PUSHQ BP
		bytes.Equal(in[1].Bytes(), []byte{0x48, 0x89, 0xe5}) // MOVQ SP, BP
}

// pushesARM64 knows the form of small frames, and of those too large for its
// instruction (cmd/internal/obj/arm64).
func pushesARM64(in []binfo.Inst) bool {
	switch {
	case len(in) < 4:
		return false
	case word(in[0])&0xfff00fff == 0xf8100ffe: // MOVD.W R30, -n(RSP)
		return word(in[1]) == 0xf81f83fd && // MOVD R29, -8(RSP)
			word(in[2]) == 0xd10023fd // SUB $8, RSP, R29
	default:
		return word(in[0])&0xffc003ff == 0xd10003f4 && // SUB $n, RSP, R20
			word(in[1]) == 0xa93ffa9d && // STP (R29, R30), -8(R20)
			word(in[2]) == 0x9100029f && // MOVD R20, RSP
			word(in[3]) == 0xd10023fd // SUB $8, RSP, R29
	}
}

// checksARM64 knows BLS, to where the stack is grown.
func checksARM64(in binfo.Inst) bool { return word(in)&0xff00001f == 0x54000009 }

// word is an instruction of arm64.
func word(in binfo.Inst) uint32 {
	b := in.Bytes()
	if len(b) != 4 {
		return 0
	}
	return binary.LittleEndian.Uint32(b)
}
