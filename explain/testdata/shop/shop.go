// Command shop is what the logs of the tests are said to be of. Comments mark the
// lines that they name.
package main

import (
	"encoding/json"
	"sync"
	"time"
)

type Registry struct {
	mu    sync.RWMutex
	peers map[string]int
	tags  map[string]int
}

// Other has the same field, and is another map.
type Other struct{ peers map[string]int }

func (o *Other) Put(k string) { o.peers[k] = 1 } // other put

func (r *Registry) Put(k string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.peers[k] = 1 // put
}

func (r *Registry) Drop(k string) {
	delete(r.peers, k) // drop
}

func (r *Registry) Get(k string) int {
	return r.peers[k] // get
}

func (r *Registry) Both(k string) int {
	return r.peers[k] + r.tags[k] // both
}

func (r *Registry) Safe(k string) int {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.peers[k] // safe
}

type Page struct{ Peers map[string]int }

func (p *Page) JSON() []byte {
	b, _ := json.Marshal(p) // marshal
	return b
}

func (p *Page) fill() {
	for {
		p.Peers["x"]++ // fill
	}
}

func (r *Registry) writer() {
	for i := 0; ; i++ {
		r.Put("a")              // writer puts
		time.Sleep(time.Second) // writer sleeps
	}
}

func (r *Registry) dropper() {
	for {
		r.Drop("a") // dropper drops
		pause()     // dropper pauses
	}
}

func pause() {}

func (o *Other) writer() {
	for {
		o.Put("a")
		time.Sleep(time.Second) // other sleeps
	}
}

func main() {
	r := &Registry{peers: map[string]int{}, tags: map[string]int{}}
	r.peers["setup"] = 1 // setup
	o := &Other{peers: map[string]int{}}
	p := &Page{Peers: map[string]int{}}
	go r.writer()  // go writer
	go r.dropper() // go dropper
	go o.writer()  // go other
	go p.fill()    // go fill
	for {
		r.Get("a") // main gets
		r.Both("a")
		r.Safe("a")
		p.JSON()
	}
}
