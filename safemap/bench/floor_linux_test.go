package main

import (
	"fmt"
	"math/bits"
	"math/rand/v2"
	"os"
	"syscall"
	"testing"
	"unsafe"
)

// BenchmarkFloor times what any hash table must do for a read of an int key, and
// nothing else, over as much memory as safemap has: fetch the key, hash it,
// fetch the line that it is in; and the same with the second line of the
// bucket, which half of safemap's keys need, and which one depends on what the
// first line says. With huge pages no time goes into page tables.
//
//	go test -run xxx -bench Floor -cpu 1
func BenchmarkFloor(b *testing.B) {
	for _, n := range []int{10_000, 100_000, 1_000_000} {
		keys := make([]uint64, n)
		for i := range keys {
			keys[i] = rand.Uint64()
		}
		order := make([]uint32, 1<<18)
		for i := range order {
			order[i] = rand.Uint32N(uint32(n))
		}
		for _, huge := range []bool{false, true} {
			lines := 1 << bits.Len(uint(n*2/9)) // buckets of two lines, 4.5 entries at most
			table, err := words(lines*16, huge)
			if err != nil {
				b.Fatal(err)
			}
			for i := range table {
				table[i] = rand.Uint64()
			}
			pages := "small"
			if huge {
				pages = "huge"
			}
			mask := uint64(lines - 1)
			for what, read := range map[string]func(key uint64) uint64{
				"key": func(key uint64) uint64 { return hashed(key) },
				"line": func(key uint64) uint64 {
					return table[hashed(key)&mask*16]
				},
				"second": func(key uint64) uint64 {
					i := hashed(key) & mask * 16
					return table[i+1+table[i]&1*8]
				},
			} {
				b.Run(fmt.Sprintf("%d/%s/%s", n, pages, what), func(b *testing.B) {
					sum := uint64(0)
					for i := range b.N {
						sum += read(keys[order[i&(1<<18-1)]])
					}
					if sum == 1 {
						fmt.Fprintln(os.Stderr, sum) // so that it is computed
					}
				})
			}
		}
	}
}

func hashed(key uint64) uint64 {
	hi, lo := bits.Mul64(key^0x9e3779b97f4a7c15, 0x243f6a8885a308d3)
	return hi ^ lo
}

// words allocates n words, in huge pages if the system has them.
func words(n int, huge bool) ([]uint64, error) {
	if !huge {
		return make([]uint64, n), nil
	}
	const page = 2 << 20
	mem, err := syscall.Mmap(-1, 0, 8*n+page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		return nil, err
	}
	if err := syscall.Madvise(mem, 14 /* MADV_HUGEPAGE */); err != nil {
		return nil, err
	}
	at := unsafe.Pointer(unsafe.SliceData(mem))
	at = unsafe.Add(at, -uintptr(at)&(page-1))
	return unsafe.Slice((*uint64)(at), n), nil
}
