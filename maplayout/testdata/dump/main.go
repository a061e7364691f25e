// Command dump makes maps, prints where they are and what they hold, and waits
// for its standard input to end.
package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"runtime"
	"unsafe"
)

type wide struct{ a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r [2]int64 } // kept behind a pointer

type small struct{ a, b int32 }

var (
	out  = bufio.NewWriter(os.Stdout)
	keep []any
)

func raw[T any](p *T) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(p)), unsafe.Sizeof(*p))
}

// build makes a map of n entries after more were put in and deleted, and prints it.
func build[K comparable, V any](name string, n, deleted int, key func(int) K, elem func(int) V) {
	m := map[K]V{}
	for i := 0; i < n+deleted; i++ {
		m[key(i)] = elem(i)
	}
	for i := 0; i < deleted; i++ { // the first, so that the gaps have entries behind them
		delete(m, key(i))
	}
	e := any(m)
	keep = append(keep, e)
	w := *(*[2]uintptr)(unsafe.Pointer(&e))
	fmt.Fprintf(out, "map %s/%d/%d %d %d %d\n", name, n, deleted, w[0], w[1], len(m))
	for k, v := range m {
		k, v := k, v
		fmt.Fprintf(out, "%x %x\n", raw(&k), raw(&v))
	}
}

func main() {
	for _, n := range []int{0, 1, 2, 7, 8, 9, 13, 14, 15, 27, 53, 54, 105, 209, 417, 833, 900, 1000, 5000} {
		for _, del := range []int{0, 1, 5, 60} {
			build("int-int", n, del, func(i int) int { return i * 7 }, func(i int) int { return -i })
			build("string-string", n, del, func(i int) string { return fmt.Sprint("k", i) }, func(i int) string { return fmt.Sprint("v", i) })
			if n > 1000 || del == 1 {
				continue
			}
			build("uint8-bool", min(n, 200), min(del, 50), func(i int) uint8 { return uint8(i) }, func(i int) bool { return i%2 == 0 })
			build("int32-empty", n, del, func(i int) int32 { return int32(i) }, func(i int) struct{} { return struct{}{} })
			build("float-pointer", n, del, func(i int) float64 { return float64(i) / 3 }, func(i int) *int { return &i })
			build("array-slice", n, del, func(i int) [3]uint16 { return [3]uint16{uint16(i), 1, 2} }, func(i int) []byte { return []byte{byte(i)} })
			build("struct-iface", n, del, func(i int) small { return small{int32(i), 1} }, func(i int) any { return i })
			build("iface-int", n, del, func(i int) any { return i }, func(i int) int { return i })
			build("wide-wide", n, del, func(i int) wide { return wide{a: [2]int64{int64(i)}} }, func(i int) wide { return wide{r: [2]int64{0, int64(i)}} })
			build("byte-wide", min(n, 200), 0, func(i int) uint8 { return uint8(i) }, func(i int) wide { return wide{r: [2]int64{0, int64(i)}} })
			build("uint64-byte", n, del, func(i int) uint64 { return uint64(i) }, func(i int) byte { return byte(i) })
		}
	}
	fmt.Fprintln(out, "ready", runtime.Version())
	out.Flush()
	io.Copy(io.Discard, os.Stdin)
	runtime.KeepAlive(keep)
}

func min(a, b int) int {
	if a < b {
		return a
	}
	return b
}
