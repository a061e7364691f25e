package safemap

import (
	"testing"
	"unsafe"
)

func TestBucketIsTwoLines(t *testing.T) {
	for name, size := range map[string]uintptr{
		"scalar, scalar":   unsafe.Sizeof(bucket[slotSS]{}),
		"scalar, pointer":  unsafe.Sizeof(bucket[slotSP]{}),
		"pointer, scalar":  unsafe.Sizeof(bucket[slotPS]{}),
		"pointer, pointer": unsafe.Sizeof(bucket[slotPP]{}),
	} {
		if size != bucketSize {
			t.Errorf("a bucket of %s has %d bytes, not %d", name, size, bucketSize)
		}
	}
	var b bucket[slotPP]
	for name, at := range map[string][2]uintptr{
		"seq":   {unsafe.Offsetof(b.seq), offSeq},
		"low":   {unsafe.Offsetof(b.low), offSlots},
		"high":  {unsafe.Offsetof(b.high), offSlots + 4*slotSize},
		"epoch": {unsafe.Offsetof(b.epoch), offEpoch},
		"link":  {unsafe.Offsetof(b.link), offLink},
	} {
		if at[0] != at[1] {
			t.Errorf("%s is at %d, not %d", name, at[0], at[1])
		}
	}
}

// TestBucketsAreAligned guards the work-around of allocPointers: the day the
// allocator changes its headers, buckets would lie across lines.
func TestBucketsAreAligned(t *testing.T) {
	for _, l := range []layout{{}, {key: formString}, {val: formBox}, {key: formString, val: formBox}} {
		for n := 1; n <= chunkBuckets; n *= 2 {
			p := uintptr(allocBuckets(&l, n))
			if pointerSize == 4 {
				if p%8 != 0 {
					t.Errorf("%d buckets of forms %d, %d begin at %#x: atomic instructions need 8", n, l.key, l.val, p)
				}
			} else if p%64 != 0 {
				t.Errorf("%d buckets of forms %d, %d begin at %#x, inside a line of the cache", n, l.key, l.val, p)
			}
		}
	}
}

func TestForms(t *testing.T) {
	type pair struct{ A, B int32 }
	type padded struct {
		A byte
		B int32
	}
	type blank struct{ _, A int32 }
	type handle struct{ P *int }
	for _, c := range []struct {
		name       string
		key, val   form
		got        layout
		wantHashOf hashing
	}{
		{"int, string", formScalar, formBox, layoutOf[int, string](false), 0},
		{"bool, float64", formScalar, formScalar, layoutOf[bool, float64](false), 0},
		{"string, *int", formString, formPointer, layoutOf[string, *int](false), 0},
		{"float64, any", formBox, formBox, layoutOf[float64, any](false), hashComparable},
		{"pair, padded", formScalar, formScalar, layoutOf[pair, padded](false), 0},
		{"padded, struct{}", formBox, formScalar, layoutOf[padded, struct{}](false), hashComparable},
		{"blank, func", formBox, formPointer, layoutOf[blank, func()](false), hashComparable},
		{"handle, handle", formPointer, formPointer, layoutOf[handle, handle](false), 0},
		{"[5]byte, [9]byte", formScalar, formBox, layoutOf[[5]byte, [9]byte](false), 0},
		{"[32]byte, [1]map", formBox, formPointer, layoutOf[[32]byte, [1]map[int]int](false), hashMemory},
		{"any, chan", formBox, formPointer, layoutOf[any, chan int](false), hashComparable},
		{"int with a hasher", formBox, formScalar, layoutOf[int, int](true), hashCustom},
	} {
		if c.got.key != c.key || c.got.val != c.val || c.got.hash != c.wantHashOf {
			t.Errorf("%s: forms %d, %d, hashing %d; want %d, %d, %d", c.name, c.got.key, c.got.val, c.got.hash, c.key, c.val, c.wantHashOf)
		}
	}
}

func TestTags(t *testing.T) {
	ctrl := uint64(0)
	slots := []int{0, 1, 2, 4, 5, 6}
	for _, i := range slots {
		if first(free(ctrl)) != i {
			t.Fatalf("first free slot of %#x is %d, not %d", ctrl, first(free(ctrl)), i)
		}
		ctrl = setTag(ctrl, i, uint64(i)<<57)
	}
	if free(ctrl) != 0 {
		t.Errorf("%#x has no free slot", ctrl)
	}
	for _, i := range slots {
		m := matches(ctrl|hasNext, tagOf(uint64(i)<<57))
		if m == 0 || first(m) != i {
			t.Errorf("tag %d of %#x is found at %#x", i, ctrl, m)
		}
	}
	if m := matches(ctrl, tagOf(uint64(100)<<57)); m != 0 {
		t.Errorf("a tag that is not in %#x is found at %#x", ctrl, m)
	}
	ctrl = clearTag(clearTag(ctrl, 2), 5) | hasNext
	if got, want := usedOnce(movedCtrl(ctrl)), used(ctrl); got != want {
		t.Errorf("a moved bucket with %#x says that %#x are used, not %#x", ctrl, got, want)
	}
	if movedCtrl(ctrl)&(hasNext|moved) != hasNext|moved {
		t.Errorf("a moved bucket lost its chain: %#x", movedCtrl(ctrl))
	}
}
