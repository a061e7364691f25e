// Program crash dies of concurrent misuse of the map in one Registry, whose
// address it prints first. Its argument says what the other side does.
package main

import (
	"fmt"
	"os"
	"time"
	"unsafe"
)

type Registry struct {
	name  string
	hits  int
	peers map[string]int
}

var decoy = &Registry{name: "decoy", peers: map[string]int{"a": 1}}

//go:noinline
func (r *Registry) Get(k string) int { return r.peers[k] }

//go:noinline
func (r *Registry) Add(k string) { r.peers[k]++ }

func reader(r *Registry) {
	for {
		r.hits += r.Get("a")
	}
}

func writer(r *Registry, pause bool) {
	for i := 0; ; i++ {
		r.Add(fmt.Sprint("k", i%2000))
		if pause {
			work(r)
		}
	}
}

//go:noinline
func work(r *Registry) {
	for t := time.Now(); time.Since(t) < 20*time.Microsecond; {
		r.hits++
	}
}

func bystander(r *Registry) {
	for {
		time.Sleep(time.Hour)
		r.Add("b")
	}
}

func main() {
	r := &Registry{name: "shared", peers: map[string]int{"a": 1}}
	fmt.Printf("%#x\n", *(*uintptr)(unsafe.Pointer(&r.peers)))
	go bystander(decoy)
	switch os.Args[1] {
	case "write-write":
		go writer(r, false)
		go writer(r, false)
	case "read-write":
		go reader(r)
		go writer(r, false)
	case "busy":
		go reader(r)
		go writer(r, true)
	}
	time.Sleep(time.Minute)
}
