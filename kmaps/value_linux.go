//go:build amd64 || arm64

package kmaps

import (
	"fmt"
	"unsafe"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
	"golang.org/x/sys/unix"
)

// Fields of a value that an update leaves alone, by their type. An older kernel may not
// know one yet, and copy it: its conflicts there are not told.
var notCopied = map[string]bool{
	"bpf_spin_lock": true, "bpf_res_spin_lock": true, "bpf_timer": true, "bpf_wq": true, "bpf_task_work": true, "bpf_refcount": true,
	"bpf_list_head": true, "bpf_list_node": true, "bpf_rb_root": true, "bpf_rb_node": true,
}

// pointerTags are of pointers to the kernel's objects, which are not copied either.
var pointerTags = map[string]bool{"kptr": true, "kptr_ref": true, "kptr_untrusted": true, "percpu_kptr": true, "uptr": true}

// words counts the words of 8 bytes of a map's value that hold something an update
// copies. More than two are not told from two.
func words(id, size uint32) (int, error) {
	m, err := ebpf.NewMapFromID(ebpf.MapID(id))
	if err != nil {
		return 0, fmt.Errorf("open map %d: %w", id, err)
	}
	defer m.Close()
	types, value, err := valueType(m)
	if err != nil {
		return 0, fmt.Errorf("ask for the types of map %d: %w", id, err)
	}
	if value == 0 {
		return int(size+7) / 8, nil
	}
	h, err := btf.NewHandleFromID(types)
	if err != nil {
		return 0, fmt.Errorf("open the types of map %d: %w", id, err)
	}
	defer h.Close()
	spec, err := h.Spec(nil)
	if err != nil {
		return 0, fmt.Errorf("read the types of map %d: %w", id, err)
	}
	t, err := spec.TypeByID(value)
	if err != nil {
		return 0, fmt.Errorf("read the types of map %d: %w", id, err)
	}
	return copiedWords(t), nil
}

// valueType asks the kernel which types a map was made with, and which is the value's;
// 0 if with none.
func valueType(m *ebpf.Map) (btf.ID, btf.TypeID, error) {
	var info struct { // the beginning of struct bpf_map_info
		_          [64]byte
		types      uint32
		key, value uint32
		_          uint32
	}
	ask := struct {
		fd, size uint32
		info     unsafe.Pointer
	}{uint32(m.FD()), uint32(unsafe.Sizeof(info)), unsafe.Pointer(&info)}
	if _, _, errno := unix.Syscall(unix.SYS_BPF, unix.BPF_OBJ_GET_INFO_BY_FD, uintptr(unsafe.Pointer(&ask)), unsafe.Sizeof(ask)); errno != 0 {
		return 0, 0, errno
	}
	return btf.ID(info.types), btf.TypeID(info.value), nil
}

func copiedWords(value btf.Type) int {
	c := copied{}
	c.add(value, 0)
	return len(c)
}

// copied are the words, by number, that something in them is copied to.
type copied map[uint32]bool

func (c copied) add(t btf.Type, at uint32) {
	if len(c) > 1 { // it does not matter how many
		return
	}
	switch t := btf.UnderlyingType(t).(type) {
	case *btf.Struct:
		if !notCopied[t.Name] {
			c.members(t.Members, at)
		}
	case *btf.Union:
		c.members(t.Members, at)
	case *btf.Array:
		size, err := btf.Sizeof(t.Type)
		for i := uint32(0); err == nil && i < t.Nelems && len(c) < 2; i++ {
			c.add(t.Type, at+i*uint32(size))
		}
	case *btf.Datasec:
		for _, v := range t.Vars {
			if one, ok := v.Type.(*btf.Var); ok {
				c.add(one.Type, at+v.Offset)
			}
		}
	case *btf.Pointer:
		if tag, ok := t.Target.(*btf.TypeTag); !ok || !pointerTags[tag.Value] {
			c.bytes(at, at+8)
		}
	default:
		if size, err := btf.Sizeof(t); err == nil {
			c.bytes(at, at+uint32(size))
		}
	}
}

func (c copied) members(members []btf.Member, at uint32) {
	for _, m := range members {
		if m.BitfieldSize > 0 {
			first := uint32(m.Offset)
			c.bytes(at+first/8, at+(first+uint32(m.BitfieldSize)+7)/8)
			continue
		}
		c.add(m.Type, at+m.Offset.Bytes())
	}
}

func (c copied) bytes(from, to uint32) {
	for w := from / 8; w < (to+7)/8 && len(c) < 2; w++ {
		c[w] = true
	}
}
