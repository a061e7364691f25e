// Command sites uses maps in every way that a call site must be told apart by.
// A comment "want OP TYPE KIND NAME" is the truth about its line.
package main

import (
	"fmt"
	"os"
	"sync"
)

type Peer struct{ ID int }

type inner struct {
	pad   [3]int64
	byID  map[int]*Peer
	byKey map[uint32]string
}

type Registry struct {
	mu    sync.Mutex
	name  string
	peers map[string]*Peer
	in    inner
	next  *inner
	deep  map[string]map[int64]bool
	shard [4]struct {
		mu sync.Mutex
		m  map[string]int
	}
}

type Outer struct {
	n int
	Registry
}

type key struct{ a, b int }

type Named map[key]float64

var (
	cache  = map[string]int{"a": 1}
	shared = &Registry{peers: map[string]*Peer{}}
	box    struct {
		n     int
		items map[int]string
	}
	named = Named{}
)

//go:noinline
func (r *Registry) Get(k string) *Peer {
	return r.peers[k] // want lookup map[string]*main.Peer field main.Registry.peers
}

//go:noinline
func (r *Registry) Put(k string, p *Peer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.peers[k] = p // want assign map[string]*main.Peer field main.Registry.peers
}

//go:noinline
func (r *Registry) Nested(i int, k uint32) string {
	if p := r.in.byID[i]; p != nil { // want lookup map[int]*main.Peer field main.inner.byID
		delete(r.in.byKey, k) // want delete map[uint32]string field main.inner.byKey
	}
	return r.next.byKey[k] // want lookup map[uint32]string field main.inner.byKey
}

//go:noinline
func (r *Registry) Each(f func(string)) {
	for k := range r.peers { // want iterate map[string]*main.Peer field main.Registry.peers
		f(k)
	}
}

//go:noinline
func (r *Registry) Reset() {
	for k := range r.peers { // want clear map[string]*main.Peer field main.Registry.peers
		delete(r.peers, k)
	}
}

//go:noinline
func (r *Registry) Deep(k string, i int64) bool {
	return r.deep[k][i] // want lookup map[string]map[int64]bool field main.Registry.deep // want lookup map[int64]bool element main.Registry.deep[]
}

//go:noinline
func (o *Outer) Promoted(k string) bool {
	_, ok := o.peers[k] // want lookup map[string]*main.Peer field main.Registry.peers
	return ok
}

//go:noinline
func global(k string) int {
	cache[k]++      // want assign map[string]int global main.cache
	return cache[k] // want lookup map[string]int global main.cache
}

//go:noinline
func globalStruct(i int) string {
	return box.items[i] // want lookup map[int]string global main.box.items
}

//go:noinline
func globalNamed(k key) float64 {
	named[k] = 2    // want assign main.Named global main.named
	return named[k] // want lookup main.Named global main.named
}

//go:noinline
func throughPointer(k string) *Peer {
	return shared.peers[k] // want lookup map[string]*main.Peer field main.Registry.peers
}

//go:noinline
func parameter(a, b int, m map[string]int) int {
	for i := 0; i < b; i++ {
		a += m[fmt.Sprint(i)] // want lookup map[string]int parameter main.parameter.m
	}
	return a
}

func (r *Registry) small(k string) *Peer {
	return r.peers[k] // want lookup map[string]*main.Peer field main.Registry.peers
}

//go:noinline
func inlined(r *Registry) *Peer {
	return r.small("x")
}

//go:noinline
func captured(n int) func() int {
	m := map[string]int{}
	for i := 0; i < n; i++ {
		m[fmt.Sprint(i)] = i
	}
	return func() int {
		return m["1"] // want lookup map[string]int captured main.captured.m
	}
}

//go:noinline
func capturedField(r *Registry) func(string) {
	return func(k string) {
		delete(r.peers, k) // want delete map[string]*main.Peer field main.Registry.peers
	}
}

//go:noinline
func capturedVar(wg *sync.WaitGroup) {
	m := map[int]int{}
	wg.Add(1)
	go func() {
		defer wg.Done()
		m[1] = 2 // want assign map[int]int captured main.capturedVar.m
	}()
	wg.Wait()
	m = map[int]int{3: 4}
	wg.Add(1)
	go func() { defer wg.Done(); fmt.Fprint(os.Stderr, len(m)) }()
	wg.Wait()
}

type value struct {
	n int
	m map[string]int
}

//go:noinline
func (v value) Get(k string) int {
	return v.m[k] // want lookup map[string]int field main.value.m
}

//go:noinline
func make1(r *Registry) *value { return &value{m: map[string]int{r.name: 1}} }

//go:noinline
func result(r *Registry, k string) int {
	return make1(r).m[k] // want lookup map[string]int field main.value.m
}

//go:noinline
func spilled(r *Registry, keys []string) (n int) {
	visit := func(k string) {
		if r.peers[k] == nil { // want lookup map[string]*main.Peer field main.Registry.peers
			r = shared
		}
		n++
	}
	for _, k := range keys {
		visit(k)
		delete(r.peers, k) // want delete map[string]*main.Peer field main.Registry.peers
	}
	return n
}

type big struct {
	n [3]int
	m map[int]bool
}

//go:noinline
func onStack(a [2]int, b big, i int) bool {
	return b.m[a[1]+i] // want lookup map[int]bool field main.big.m
}

func main() {
	println(spilled(shared, os.Args), onStack([2]int{}, big{m: map[int]bool{1: true}}, 1))
	r := shared
	r.in.byID = map[int]*Peer{1: {}}
	r.in.byKey = map[uint32]string{}
	r.next = &r.in
	r.deep = map[string]map[int64]bool{"a": {1: true}}
	box.items = map[int]string{1: "x"}
	r.Put("x", &Peer{1})
	r.Each(func(s string) { fmt.Fprintln(os.Stderr, s) })
	o := &Outer{Registry: Registry{peers: map[string]*Peer{}}}
	var wg sync.WaitGroup
	capturedVar(&wg)
	capturedField(r)("q")
	fmt.Fprintln(os.Stderr, r.Get("x"), r.Nested(1, 2), r.Deep("a", 1), o.Promoted("x"), global("a"), globalStruct(1),
		globalNamed(key{}), throughPointer("x"), parameter(1, 2, cache), inlined(r), captured(3)(), value{m: cache}.Get("a"), result(r, "q"))
	r.Reset()
	fmt.Fprintln(os.Stderr, generics(3))
}
