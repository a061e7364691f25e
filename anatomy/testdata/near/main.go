// Command near does what a check site does, to other structs.
package main

import "os"

// like has a byte where the header has its flag.
type like struct {
	used    uint64
	flags   uint8
	pad     [25]byte
	writing uint8
}

//go:noinline
func (l *like) test() {
	if l.writing != 0 {
		panic("concurrent map writes")
	}
	if l.flags&4 != 0 {
		fatal("concurrent map read and map write")
	}
	l.writing ^= 1
	l.flags ^= 4
}

//go:noinline
func fatal(s string) { os.Stderr.WriteString(s); os.Exit(2) }

func main() {
	l := &like{used: uint64(len(os.Args))}
	m := map[string]int{"a": 1}
	for _, a := range os.Args {
		m[a]++
		l.test()
		l.test()
	}
	println(len(m))
}
