package maplayout

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"unsafe"
)

// own is a copy of parts of this process's memory.
type own struct{ ranges map[uint64][]byte }

func (o *own) ReadAt(p []byte, off int64) (int, error) {
	for at, b := range o.ranges {
		if d := uint64(off) - at; uint64(off) >= at && d <= uint64(len(b)) && uint64(len(p)) <= uint64(len(b))-d {
			return copy(p, b[d:]), nil
		}
	}
	return 0, errors.New("not mapped")
}

// everything trusts the reader: it reads any address of this process.
type everything struct{}

//go:nocheckptr
func (everything) ReadAt(p []byte, off int64) (int, error) {
	return copy(p, unsafe.Slice((*byte)(addrOf(off)), len(p))), nil
}

// addrOf turns an address that was read out of memory into a pointer.
func addrOf(off int64) unsafe.Pointer {
	u := uintptr(off)
	return *(*unsafe.Pointer)(unsafe.Pointer(&u))
}

// words are a map's type and header.
func words(m any) (typ, addr uint64) {
	w := *(*[2]uintptr)(unsafe.Pointer(&m))
	return uint64(w[0]), uint64(w[1])
}

func ownLayout(t testing.TB) Layout {
	l, err := Known(runtime.Version())
	if err != nil {
		t.Skipf("the tests were built with a Go version that is not in the table: %v", err)
	}
	return l
}

func bytesOf[T any](p *T) string {
	return string(unsafe.Slice((*byte)(unsafe.Pointer(p)), unsafe.Sizeof(*p)))
}

// compare reads m and holds what was read to what ranging over it gives.
func compare[K comparable, V any](t *testing.T, name string, m map[K]V) *Map {
	t.Helper()
	l := ownLayout(t)
	typ, addr := words(m)
	s, err := l.SlotsAt(everything{}, typ)
	if err != nil {
		t.Fatal(err)
	}
	got := l.Read(everything{}, addr, s, Options{})
	want := map[string]string{}
	for k, v := range m {
		want[bytesOf(&k)] = bytesOf(&v)
	}
	if got.Used != uint64(len(m)) || got.Found != len(m) || len(got.Entries) != len(m) || len(got.Problems) > 0 {
		t.Fatalf("%s: used %d, found %d, %d entries, want %d; %v", name, got.Used, got.Found, len(got.Entries), len(m), got.Problems)
	}
	for _, e := range got.Entries {
		if v, ok := want[string(e.Key)]; !ok || v != string(e.Elem) {
			t.Fatalf("%s: entry %x %x: the map has %x", name, e.Key, e.Elem, v)
		}
		delete(want, string(e.Key))
	}
	if len(want) > 0 {
		t.Fatalf("%s: %d entries were not read", name, len(want))
	}
	runtime.KeepAlive(m)
	return got
}

// TestOwn reads maps of this process at each size while they grow and shrink.
func TestOwn(t *testing.T) {
	m, s, b := map[int]int{}, map[string]float32{}, map[byte][40]int64{}
	tombs, tables := 0, 0
	for i := range 3000 {
		m[i*i] = i
		if i%3 == 0 {
			delete(m, (i/2)*(i/2))
		}
		s[fmt.Sprint(i)] = float32(i)
		b[byte(i)] = [40]int64{39: int64(i)}
		if i < 300 || i%97 == 0 {
			got := compare(t, "int", m)
			tombs, tables = max(tombs, got.Tombstones), max(tables, len(got.Tables))
			compare(t, "string", s)
			compare(t, "byte", b)
		}
	}
	clear(m)
	compare(t, "cleared", m)
	compare(t, "nothing in it", map[int]int{})
	if tombs == 0 || tables < 2 {
		t.Errorf("%d tombstones and %d tables were met: the maps cover too little", tombs, tables)
	}
}

// image copies what a map consists of, so that a test can damage it.
func image(t *testing.T, m map[uint64]uint64) (*own, Layout, Slots, uint64, *Map) {
	l := ownLayout(t)
	if l.Design != Tables {
		t.Skip("the tests were built with a Go version whose maps have buckets")
	}
	typ, addr := words(m)
	s, err := l.SlotsAt(everything{}, typ)
	if err != nil {
		t.Fatal(err)
	}
	got := l.Read(everything{}, addr, s, Options{})
	o := &own{ranges: map[uint64][]byte{}}
	copyOf := func(addr uint64, n int64) {
		o.ranges[addr] = append([]byte(nil), unsafe.Slice((*byte)(addrOf(int64(addr))), n)...)
	}
	copyOf(addr, l.Header.Size)
	if got.DirLen > 0 {
		copyOf(got.DirAddr, int64(got.DirLen)*8)
	}
	for _, tab := range got.Tables {
		copyOf(tab.Addr, l.Table.Size)
		copyOf(tab.GroupsAddr, s.Size*int64(len(tab.Groups)))
	}
	if again := l.Read(o, addr, s, Options{}); again.Found != len(m) || len(again.Problems) > 0 {
		t.Fatalf("the copy reads otherwise: %d of %d, %v", again.Found, len(m), again.Problems)
	}
	return o, l, s, addr, got
}

func bigMap() map[uint64]uint64 {
	m := map[uint64]uint64{}
	for i := range uint64(5000) {
		m[i] = i
	}
	return m
}

// TestDamage: what cannot be read is named with its reason, the rest is read.
func TestDamage(t *testing.T) {
	put := func(b []byte, off int64, v uint64) { binary.LittleEndian.PutUint64(b[off:], v) }
	for _, c := range []struct {
		name, what, why string
		least           int // entries that must still be read
		damage          func(o *own, addr uint64, m *Map)
	}{
		{"header gone", "header", "not mapped", 0, func(o *own, addr uint64, m *Map) { delete(o.ranges, addr) }},
		{"directory gone", "directory entries 0 to", "not mapped", 0, func(o *own, addr uint64, m *Map) { delete(o.ranges, m.DirAddr) }},
		{"table gone", "table of directory entry", "not mapped", 2000, func(o *own, addr uint64, m *Map) { delete(o.ranges, m.Tables[1].Addr) }},
		{"groups gone", "groups 0 to 127 of table 1", "not mapped", 2000, func(o *own, addr uint64, m *Map) { delete(o.ranges, m.Tables[1].GroupsAddr) }},
		{"half the groups", "groups 64 to 127 of table 1", "not mapped", 3000, func(o *own, addr uint64, m *Map) {
			b := o.ranges[m.Tables[1].GroupsAddr]
			o.ranges[m.Tables[1].GroupsAddr] = b[:len(b)/2]
		}},
		{"huge directory", "header", "being written, or damaged", 0, func(o *own, addr uint64, m *Map) { put(o.ranges[addr], 24, 1<<60) }},
		{"longer directory", "header", "being written, or damaged", 5000, func(o *own, addr uint64, m *Map) { put(o.ranges[addr], 24, m.DirLen*2) }},
		{"wild mask", "table of directory entry", "is being written, or is none", 2000, func(o *own, addr uint64, m *Map) { put(o.ranges[m.Tables[0].Addr], 24, 1<<40-1) }},
		{"replaced table", "table of directory entry", "takes itself for that of entry -1", 5000, func(o *own, addr uint64, m *Map) { put(o.ranges[m.Tables[0].Addr], 8, 1<<64-1) }},
		{"control byte", "slot 3 of group 0", "control byte is 0x81", 4999, func(o *own, addr uint64, m *Map) { o.ranges[m.Tables[0].GroupsAddr][3] = 0x81 }},
		{"count", "header", "counts 7 entries, and 5000 were met", 5000, func(o *own, addr uint64, m *Map) { put(o.ranges[addr], 0, 7) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := bigMap()
			o, l, s, addr, good := image(t, m)
			c.damage(o, addr, good)
			got := l.Read(o, addr, s, Options{})
			if got.Found < c.least {
				t.Errorf("%d entries read, want at least %d", got.Found, c.least)
			}
			for _, p := range got.Problems {
				if strings.HasPrefix(p.What, c.what) && strings.Contains(p.Why, c.why) {
					runtime.KeepAlive(m)
					return
				}
			}
			t.Errorf("no problem %q, %q; got %v", c.what, c.why, got.Problems[:min(3, len(got.Problems))])
		})
	}
}

// TestWriting: the flag is seen, and is no problem.
func TestWriting(t *testing.T) {
	m := bigMap()
	o, l, s, addr, _ := image(t, m)
	if l.Read(o, addr, s, Options{}).Writing {
		t.Error("a map at rest is said to be written")
	}
	o.ranges[addr][l.Flag.Offset] = 1
	if got := l.Read(o, addr, s, Options{}); !got.Writing || got.Found != len(m) || len(got.Problems) > 0 {
		t.Errorf("writing %v, found %d, %v", got.Writing, got.Found, got.Problems)
	}
	o.ranges[addr][l.Flag.Offset] = 0
	o.ranges[addr][l.Flag.Offset+1] = 1 // its neighbour, tombstonePossible
	if l.Read(o, addr, s, Options{}).Writing {
		t.Error("the byte beside the flag counts as the flag")
	}
}

func TestLimits(t *testing.T) {
	m := bigMap()
	o, l, s, addr, _ := image(t, m)
	if got := l.Read(o, addr, s, Options{MaxEntries: 10}); len(got.Entries) != 10 || !got.Cut || got.Found != 5000 {
		t.Errorf("%d entries, cut %v, found %d", len(got.Entries), got.Cut, got.Found)
	}
	if got := l.Read(o, addr, s, Options{MaxGroups: 5}); !got.Cut {
		t.Error("the limit of groups was not kept")
	}
	if got := l.Read(o, addr, s, Options{CountOnly: true}); got.Found != 5000 || len(got.Entries) != 0 || got.Cut {
		t.Errorf("counting: found %d, %d entries, cut %v", got.Found, len(got.Entries), got.Cut)
	}
}

// TestRecognise: names decide, not the version.
func TestRecognise(t *testing.T) {
	header := Struct{Name: "internal/runtime/maps.Map", Size: 64, From: "dwarf",
		Fields: fields("used:0:8 seed:8:8 dirPtr:16:8 dirLen:24:8 globalDepth:40:1 writing:41:1")}
	hmap := Struct{Name: "runtime.hmap", Size: 48, From: "dwarf",
		Fields: fields("count:0:8 flags:8:1 B:9:1 buckets:16:8 oldbuckets:24:8 nevacuate:32:8")}
	other := Struct{Name: "maps.Map", Size: 16, From: "types", Fields: fields("m:0:8 n:8:8")}
	having := func(list ...Struct) func(string) (Struct, bool) {
		return func(n string) (Struct, bool) {
			for _, s := range list {
				if s.Name == n {
					return s, true
				}
			}
			return Struct{}, false
		}
	}
	l, err := Recognise(having(header), "go1.26.8")
	if err != nil || l.Design != Tables || l.Flag.Offset != 41 || l.Header.From != "dwarf" || l.Table.From != "go1.26 table" {
		t.Errorf("moved fields: %+v, %v", l, err)
	}
	// GOEXPERIMENT=noswissmap: the version says tables, the names buckets.
	if l, err = Recognise(having(hmap), "go1.24.11"); err == nil && l.Design != Buckets {
		t.Errorf("buckets in Go 1.24: %+v", l)
	} else if err != nil && !errors.Is(err, ErrLayout) {
		t.Error(err)
	}
	if l, err = Recognise(having(hmap), "go1.22.1"); err != nil || l.Design != Buckets || l.Mask != 4 {
		t.Errorf("buckets: %+v, %v", l, err)
	}
	if l, err = Recognise(having(other), "go1.26"); err != nil || l.Header.From != "go1.26 table" {
		t.Errorf("another package's maps.Map: header from %q, %v", l.Header.From, err)
	}
	for _, v := range []string{"", "go1.19", "go1.28.1", "devel", "go2.0"} {
		if _, err := Recognise(having(), v); !errors.Is(err, ErrLayout) {
			t.Errorf("version %q: %v", v, err)
		}
	}
	for n := 20; n <= 27; n++ {
		l, err := Known(fmt.Sprintf("go1.%d.1", n))
		if err != nil || l.Check() != nil || (l.Design == Tables) != (n >= 24) {
			t.Errorf("1.%d: %+v %v %v", n, l, err, l.Check())
		}
	}
}

// noise answers every read with bytes of a seed, as damaged memory would.
type noise struct {
	data []byte
	base uint64
}

func (n noise) ReadAt(p []byte, off int64) (int, error) {
	if len(n.data) == 0 || uint64(off)%5 == 4 {
		return 0, io.EOF
	}
	r := rand.New(rand.NewPCG(uint64(off), n.base))
	for i := range p {
		p[i] = n.data[(int(uint64(off)%uint64(len(n.data)))+i)%len(n.data)]
		if r.IntN(64) == 0 {
			p[i] ^= byte(r.Uint32())
		}
	}
	return len(p), nil
}

// FuzzRead: no memory makes reading panic, or go on for long.
func FuzzRead(f *testing.F) {
	f.Add([]byte{0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3}, uint64(0x1000), byte(26), uint64(7))
	f.Add([]byte{255, 1, 0, 8, 0, 0, 0, 0, 16, 0, 0, 0, 0, 0, 0, 0}, uint64(0xc000), byte(20), uint64(1))
	f.Add([]byte{8, 0, 0, 0, 0, 0, 0, 0}, uint64(8), byte(27), uint64(3))
	f.Fuzz(func(t *testing.T, data []byte, addr uint64, minor byte, seed uint64) {
		l, err := Known(fmt.Sprintf("go1.%d", 20+minor%8))
		if err != nil {
			t.Fatal(err)
		}
		mem := noise{data, seed}
		s, err := l.SlotsAt(mem, addr^0x40)
		if err != nil {
			s = Slots{KeySize: 8, ElemSize: 8, Size: 144, KeysOff: 8, KeyStride: 16, ElemsOff: 16, ElemStride: 16, IndirectKey: seed%3 == 0}
		}
		m := l.Read(mem, addr, s, Options{MaxGroups: 2000, MaxEntries: 2000})
		if len(m.Entries) > 2000 || len(m.Problems) > maxProblems {
			t.Errorf("%d entries, %d problems", len(m.Entries), len(m.Problems))
		}
	})
}
