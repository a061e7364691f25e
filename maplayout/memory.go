package maplayout

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
)

// memory reads little-endian words of the target.
type memory struct{ r io.ReaderAt }

func (m memory) bytes(addr uint64, n int64) ([]byte, error) {
	if n < 0 || n > maxBlock {
		return nil, fmt.Errorf("%d bytes at %#x: too many", n, addr)
	}
	if addr > math.MaxInt64-uint64(n) {
		return nil, fmt.Errorf("address %#x: not one of a program", addr)
	}
	b := make([]byte, n)
	got, err := m.r.ReadAt(b, int64(addr))
	if got == len(b) {
		return b, nil
	}
	if err == nil || err == io.EOF {
		err = fmt.Errorf("only %d of %d bytes can be read", got, n)
	}
	return nil, fmt.Errorf("address %#x: %w", addr, err)
}

func (m memory) word(addr uint64) (uint64, error) {
	b, err := m.bytes(addr, 8)
	if err != nil {
		return 0, err
	}
	return binary.LittleEndian.Uint64(b), nil
}

// value reads a field out of a struct that was read whole.
func value(b []byte, f Field) uint64 {
	if f.Offset < 0 || f.Offset+f.Size > int64(len(b)) {
		return 0
	}
	p := b[f.Offset:]
	switch f.Size {
	case 1:
		return uint64(p[0])
	case 2:
		return uint64(binary.LittleEndian.Uint16(p))
	case 4:
		return uint64(binary.LittleEndian.Uint32(p))
	case 8:
		return binary.LittleEndian.Uint64(p)
	}
	return 0
}

// get reads a named field; 0 when the struct has none.
func get(b []byte, s Struct, names ...string) uint64 {
	f, _ := s.Field(names...)
	return value(b, f)
}
