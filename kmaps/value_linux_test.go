//go:build amd64 || arm64

package kmaps

import (
	"testing"

	"github.com/cilium/ebpf/btf"
)

// TestCopiedWords: what the kernel leaves alone in a value does not count.
func TestCopiedWords(t *testing.T) {
	u32, u64 := &btf.Int{Name: "unsigned int", Size: 4}, &btf.Int{Name: "unsigned long", Size: 8}
	lock := &btf.Struct{Name: "bpf_spin_lock", Size: 4, Members: []btf.Member{{Name: "val", Type: u32}}}
	timer := &btf.Struct{Name: "bpf_timer", Size: 16, Members: []btf.Member{{Name: "opaque", Type: &btf.Array{Index: u32, Type: u64, Nelems: 2}}}}
	object := &btf.Pointer{Target: &btf.TypeTag{Type: &btf.Struct{Name: "task_struct"}, Value: "kptr"}}
	plain := &btf.Pointer{Target: u64}
	// fields lays each type at the offset before it, in bytes.
	fields := func(all ...any) *btf.Struct {
		s := &btf.Struct{Name: "value"}
		for i := 0; i < len(all); i += 2 {
			s.Members = append(s.Members, btf.Member{Offset: btf.Bits(8 * all[i].(int)), Type: all[i+1].(btf.Type)})
		}
		return s
	}
	for name, test := range map[string]struct {
		value btf.Type
		want  int
	}{
		"a lock and a word":                 {fields(0, lock, 8, u64), 1},
		"a lock beside half a word":         {fields(0, lock, 4, u32), 1},
		"half a word, a lock, a word":       {fields(0, u32, 4, lock, 8, u64), 2},
		"a timer and a word":                {fields(0, timer, 16, u64), 1},
		"an object and a word":              {fields(0, object, 8, u64), 1},
		"a pointer and a word":              {fields(0, plain, 8, u64), 2},
		"a lock alone":                      {fields(0, lock), 0},
		"two words":                         {fields(0, u64, 8, u64), 2},
		"an array":                          {fields(0, lock, 8, &btf.Array{Index: u32, Type: u32, Nelems: 60}), 2},
		"a short array":                     {fields(0, lock, 8, &btf.Array{Index: u32, Type: u32, Nelems: 2}), 1},
		"a word that is in two":             {fields(4, u64), 2},
		"a name of a type":                  {fields(0, &btf.Typedef{Name: "lock_t", Type: lock}, 8, &btf.Typedef{Name: "word_t", Type: u64}), 1},
		"a struct in it":                    {fields(0, lock, 8, fields(0, u32, 4, u32)), 1},
		"a union of a word and of two":      {&btf.Union{Members: []btf.Member{{Type: u64}, {Type: fields(0, u64, 8, u64)}}}, 2},
		"bits":                              {&btf.Struct{Members: []btf.Member{{Type: u64, Offset: 3, BitfieldSize: 60}}}, 1},
		"bits in two words":                 {&btf.Struct{Members: []btf.Member{{Type: u64, Offset: 60, BitfieldSize: 8}}}, 2},
		"a program's variables":             {&btf.Datasec{Vars: []btf.VarSecinfo{{Type: &btf.Var{Type: u64}}, {Type: &btf.Var{Type: u64}, Offset: 8}}}, 2},
		"a program's variable and its lock": {&btf.Datasec{Vars: []btf.VarSecinfo{{Type: &btf.Var{Type: u64}}, {Type: &btf.Var{Type: lock}, Offset: 8}}}, 1},
	} {
		if got := copiedWords(test.value); got != test.want {
			t.Errorf("%s: %d words, want %d", name, got, test.want)
		}
	}
}
