// Command peers dies of two writers of one map, while another map of the same type
// has one writer only.
package main

import "time"

type Registry struct {
	name  string
	peers map[string]int
}

type Other struct{ peers map[string]int }

//go:noinline
func (r *Registry) Put(k string) { r.peers[k] = 1 }

func (r *Registry) Drop(k string) { delete(r.peers, k) }

func (o *Other) Put(k string) { o.peers[k] = 1 }

func main() {
	r := &Registry{name: "r", peers: map[string]int{}}
	o := &Other{peers: map[string]int{}}
	go func() {
		for {
			o.Put("a")
			time.Sleep(time.Millisecond)
		}
	}()
	go func() {
		for {
			r.Put("a")
		}
	}()
	for {
		r.Drop("a")
	}
}
