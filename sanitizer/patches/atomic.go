package patches

import (
	"fmt"
	"strings"

	"github.com/mapsan/mapsan/toolchain"
)

// atomicEdits take away what atomicFunctions and atomicLoads put in place.
func atomicEdits() []toolchain.Edit {
	var edits []toolchain.Edit
	remove := func(file, decl string) {
		edits = append(edits, toolchain.Edit{Name: "functions of sync/atomic", File: file, Old: decl})
	}
	for _, decl := range []string{
		"//go:linkname sync_atomic_StoreUintptr sync/atomic.StoreUintptr\nfunc sync_atomic_StoreUintptr(ptr *uintptr, new uintptr)\n",
		"//go:linkname sync_atomic_SwapUintptr sync/atomic.SwapUintptr\nfunc sync_atomic_SwapUintptr(ptr *uintptr, new uintptr) uintptr\n",
		"//go:linkname sync_atomic_CompareAndSwapUintptr sync/atomic.CompareAndSwapUintptr\nfunc sync_atomic_CompareAndSwapUintptr(ptr *uintptr, old, new uintptr) bool\n",
	} {
		remove("src/runtime/atomic_pointer.go", decl)
	}
	const noescape = "//go:noescape\n"
	for _, t := range atomicTypes {
		decl := fmt.Sprintf("func Load%s(addr *%s) (val %s)\n", t.name, t.typ, t.typ)
		switch t.name {
		case "Int64", "Uint64":
			remove("src/sync/atomic/doc_32.go", decl)
			remove("src/sync/atomic/doc_64.go", noescape+decl)
		case "Pointer":
			remove("src/sync/atomic/doc.go", decl)
		default:
			remove("src/sync/atomic/doc.go", noescape+decl)
		}
	}
	// An atomic.Value's edges go with its data word; the type word, which
	// guards only the first store, needs none.
	const value = "src/sync/atomic/value.go"
	for _, f := range []struct {
		call  string
		times int
	}{{"LoadPointer", 4}, {"CompareAndSwapPointer", 3}, {"StorePointer", 3}} {
		edits = append(edits, toolchain.Edit{
			Name: "atomic.Value", File: value,
			Old: f.call + "(&vp.typ", New: "rawatomic." + f.call + "(&vp.typ", Times: f.times,
		})
	}
	return append(edits, toolchain.Edit{
		Name: "atomic.Value", File: value,
		Old: "import (\n\t\"unsafe\"\n", New: "import (\n\t\"internal/mapsan/rawatomic\"\n\t\"unsafe\"\n",
	})
}

// noAssembly replaces the assembly of sync/atomic. The file must be there: it
// tells the compiler that functions without a body have one elsewhere.
func noAssembly() toolchain.Add {
	return toolchain.Add{
		Name: "functions of sync/atomic", File: "src/sync/atomic/asm.s",
		Content: "// The functions of this package are in runtime/mapsan_atomic.go.\n",
	}
}

// An atomicType is a type that sync/atomic has functions for.
type atomicType struct {
	name, typ string // as in AddInt32, int32
	word      string // the unsigned type that internal/runtime/atomic works on
	load      string // its functions for word
	store     string
	swap      string
	cas       string
	add       string
	and, or   string
}

var atomicTypes = []atomicType{
	{"Int32", "int32", "uint32", "Load", "Store", "Xchg", "Cas", "Xadd", "And32", "Or32"},
	{"Uint32", "uint32", "uint32", "Load", "Store", "Xchg", "Cas", "Xadd", "And32", "Or32"},
	{"Int64", "int64", "uint64", "Load64", "Store64", "Xchg64", "Cas64", "Xadd64", "And64", "Or64"},
	{"Uint64", "uint64", "uint64", "Load64", "Store64", "Xchg64", "Cas64", "Xadd64", "And64", "Or64"},
	{"Uintptr", "uintptr", "uintptr", "Loaduintptr", "Storeuintptr", "Xchguintptr", "Casuintptr", "Xadduintptr", "Anduintptr", "Oruintptr"},
	{"Pointer", "unsafe.Pointer", "", "Loadp", "", "", "", "", "", ""},
}

// atomicLoads returns the loads of sync/atomic, which most programs do more of
// than of all else: in place where the object has no record.
func atomicLoads() toolchain.Add {
	var b strings.Builder
	b.WriteString(`package atomic

import (
	"internal/runtime/atomic"
	rt "internal/runtime/mapsan"
	"unsafe"
)
`)
	for _, t := range atomicTypes {
		fmt.Fprintf(&b, `
func Load%[1]s(addr *%[2]s) %[2]s {
	v := %[2]s(atomic.%[4]s(%[3]s))
	if rt.None(uintptr(unsafe.Pointer(addr))) {
		return v
	}
	return mapsanLoad%[1]s(addr)
}

//go:noescape
func mapsanLoad%[1]s(addr *%[2]s) %[2]s
`, t.name, t.typ, t.pointer("addr"), t.load)
	}
	return toolchain.Add{Name: "functions of sync/atomic", File: "src/sync/atomic/mapsan.go", Content: b.String()}
}

// atomicFunctions returns the functions of sync/atomic as Go functions of
// package runtime, each the atomic instruction between two hooks.
func atomicFunctions() toolchain.Add {
	var b strings.Builder
	b.WriteString(`package runtime

import (
	"internal/runtime/atomic"
	rt "internal/runtime/mapsan"
	"unsafe"
)
`)
	for _, t := range atomicTypes {
		t.write(&b)
	}
	return toolchain.Add{Name: "functions of sync/atomic", File: "src/runtime/mapsan_atomic.go", Content: b.String()}
}

// pointer returns addr, an expression of type *t.typ, as what the functions of t take.
func (t atomicType) pointer(addr string) string {
	if t.word == "" {
		return "unsafe.Pointer(" + addr + ")"
	}
	return "(*" + t.word + ")(unsafe.Pointer(" + addr + "))"
}

func (t atomicType) write(b *strings.Builder) {
	fmt.Fprintf(b, `
//go:linkname sync_atomic_load%[1]s sync/atomic.mapsanLoad%[1]s
//go:nosplit
func sync_atomic_load%[1]s(addr *%[2]s) %[2]s {
	// Before the record is looked for: whoever stored v made it first.
	v := %[2]s(atomic.%[4]s(%[3]s))
	g := mapsanCtx(getg())
	r := rt.Find(uintptr(unsafe.Pointer(addr)))
	if r == nil || g == nil {
		return v
	}
	if n := r.Name(); g.Loaded(n) {
		v = %[2]s(atomic.%[4]s(%[3]s))
		if r.Name() == n {
			return v
		}
	}
	n := r.Lock()
	v = %[2]s(atomic.%[4]s(%[3]s))
	mapsanAtomicEnd(r, n, true, false)
	return v
}
`, t.name, t.typ, t.pointer("addr"), t.load)
	if t.word == "" {
		return // the other functions on pointers call those on uintptr
	}
	modify := func(fn, params, result, op, acquire, release string) {
		fmt.Fprintf(b, `
//go:linkname sync_atomic_%[1]s sync/atomic.%[1]s
//go:nosplit
func sync_atomic_%[1]s(addr *%[2]s, %[3]s) (%[4]s) {
	_ = *(*byte)(unsafe.Pointer(addr)) // faults, if it must, before anything is locked
	g := rt.Current()
	if g == nil {
		%[5]s
		return
	}
	if r := g.Find(uintptr(unsafe.Pointer(addr))); r != nil {
		if g.LockCurrent(r) {
			%[5]s
			g.UnlockCurrent(r)
			return
		}
	} else if mapsanOnStack(uintptr(unsafe.Pointer(addr))) {
		%[5]s
		return
	} else if g.Mute() {
		if s := rt.LockAbsent(uintptr(unsafe.Pointer(addr))); s != nil {
			%[5]s
			s.Unlock()
			return
		}
	}
	r, n := mapsanAtomicBegin(unsafe.Pointer(addr))
	%[5]s
	mapsanAtomicEnd(r, n, %[6]s, %[7]s)
	return
}
`, fn, t.typ, params, result, op, acquire, release)
	}
	modify("Store"+t.name, "val "+t.typ, "", fmt.Sprintf("atomic.%s(%s, %s(val))", t.store, t.pointer("addr"), t.word), "false", "true")
	delta := map[string]string{"uint32": "int32", "uint64": "int64", "uintptr": "uintptr"}[t.word]
	modify("Swap"+t.name, "new "+t.typ, "old "+t.typ,
		fmt.Sprintf("old = %s(atomic.%s(%s, %s(new)))", t.typ, t.swap, t.pointer("addr"), t.word), "true", "true")
	modify("CompareAndSwap"+t.name, "old, new "+t.typ, "swapped bool",
		fmt.Sprintf("swapped = atomic.%s(%s, %s(old), %s(new))", t.cas, t.pointer("addr"), t.word, t.word), "true", "swapped")
	modify("Add"+t.name, "delta "+t.typ, "new "+t.typ,
		fmt.Sprintf("new = %s(atomic.%s(%s, %s(delta)))", t.typ, t.add, t.pointer("addr"), delta), "true", "true")
	modify("And"+t.name, "mask "+t.typ, "old "+t.typ,
		fmt.Sprintf("old = %s(atomic.%s(%s, %s(mask)))", t.typ, t.and, t.pointer("addr"), t.word), "true", "true")
	modify("Or"+t.name, "mask "+t.typ, "old "+t.typ,
		fmt.Sprintf("old = %s(atomic.%s(%s, %s(mask)))", t.typ, t.or, t.pointer("addr"), t.word), "true", "true")
}
