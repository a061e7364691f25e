package maplayout

import (
	"fmt"
	"io"
)

// Slots is how keys and elements lie in a group or bucket of one map type.
type Slots struct {
	KeySize  int64 `json:"key_size"`
	ElemSize int64 `json:"elem_size"`
	// Indirect ones are behind a pointer in the slot.
	IndirectKey  bool `json:"indirect_key,omitempty"`
	IndirectElem bool `json:"indirect_elem,omitempty"`
	// Size is a group's or bucket's.
	Size       int64 `json:"size"`
	KeysOff    int64 `json:"keys_off"`
	KeyStride  int64 `json:"key_stride"`
	ElemsOff   int64 `json:"elems_off"`
	ElemStride int64 `json:"elem_stride"`
}

// Slots in a group or bucket, of all versions.
const perGroup = 8

// Bits of the map type's flags.
const (
	oldIndirectKey, oldIndirectElem = 1 << 0, 1 << 1
	newIndirectKey, newIndirectElem = 1 << 2, 1 << 3
)

const (
	maxBlock = 1 << 26
	maxSlot  = 1 << 20 // a key or element; larger ones are indirect, and still read whole
)

// SlotsAt reads the slots' layout from the descriptor of a map type.
func (l Layout) SlotsAt(mem io.ReaderAt, typeAddr uint64) (Slots, error) {
	fail := func(err error) (Slots, error) {
		return Slots{}, fmt.Errorf("read map type at %#x: %w", typeAddr, err)
	}
	if err := l.Check(); err != nil {
		return fail(err)
	}
	m := memory{mem}
	b, err := m.bytes(typeAddr, l.Type.Size)
	if err != nil {
		return fail(err)
	}
	var s Slots
	for _, p := range []struct {
		into  *int64
		names []string
	}{{&s.KeySize, []string{"Key", "key"}}, {&s.ElemSize, []string{"Elem", "elem"}}} {
		// A type's descriptor begins with its size.
		n, err := m.word(get(b, l.Type, p.names...))
		if err != nil {
			return fail(err)
		}
		*p.into = int64(n)
	}
	flags := get(b, l.Type, "Flags", "flags")
	if l.Design == Buckets {
		s.IndirectKey, s.IndirectElem = flags&oldIndirectKey != 0, flags&oldIndirectElem != 0
		s.Size = int64(get(b, l.Type, "BucketSize", "bucketsize"))
		s.KeysOff, s.KeyStride = perGroup, int64(get(b, l.Type, "KeySize", "keysize"))
		s.ElemStride = int64(get(b, l.Type, "ValueSize", "elemsize"))
		s.ElemsOff = s.KeysOff + perGroup*s.KeyStride
		return s, s.check(typeAddr, 8)
	}
	s.IndirectKey, s.IndirectElem = flags&newIndirectKey != 0, flags&newIndirectElem != 0
	s.Size = int64(get(b, l.Type, "GroupSize"))
	if _, ok := l.Type.Field("KeyStride"); ok {
		s.KeysOff, s.KeyStride = int64(get(b, l.Type, "KeysOff")), int64(get(b, l.Type, "KeyStride"))
		s.ElemsOff, s.ElemStride = int64(get(b, l.Type, "ElemsOff")), int64(get(b, l.Type, "ElemStride"))
	} else {
		s.KeysOff, s.KeyStride = perGroup, int64(get(b, l.Type, "SlotSize"))
		s.ElemsOff, s.ElemStride = perGroup+int64(get(b, l.Type, "ElemOff")), s.KeyStride
	}
	return s, s.check(typeAddr, 0)
}

// check refuses slots that do not lie in their group, tail bytes before its end.
func (s Slots) check(typeAddr uint64, tail int64) error {
	inSlot := func(size int64, indirect bool) int64 {
		if indirect {
			return 8
		}
		return size
	}
	k, e := inSlot(s.KeySize, s.IndirectKey), inSlot(s.ElemSize, s.IndirectElem)
	ok := s.KeySize >= 0 && s.ElemSize >= 0 && s.KeySize <= maxSlot && s.ElemSize <= maxSlot &&
		s.Size >= perGroup && s.Size <= 1<<16 && s.KeysOff >= perGroup && s.ElemsOff >= perGroup &&
		s.KeyStride >= 0 && s.ElemStride >= 0 && s.KeyStride <= s.Size && s.ElemStride <= s.Size &&
		s.KeysOff <= s.Size && s.ElemsOff <= s.Size &&
		s.KeysOff+(perGroup-1)*s.KeyStride+k <= s.Size-tail && s.ElemsOff+(perGroup-1)*s.ElemStride+e <= s.Size-tail
	if !ok {
		return fmt.Errorf("read map type at %#x: its slots do not fit their group of %d bytes: %w", typeAddr, s.Size, ErrLayout)
	}
	return nil
}

func (s Slots) keyIn(i int) int64  { return s.KeysOff + int64(i)*s.KeyStride }
func (s Slots) elemIn(i int) int64 { return s.ElemsOff + int64(i)*s.ElemStride }
