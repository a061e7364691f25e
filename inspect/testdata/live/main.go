// Live holds maps in all the ways that programs do, and keeps one of them busy.
package main

import (
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

type Peer struct {
	Name string
	Tags map[string]bool
}

type Registry struct {
	mu    sync.Mutex
	peers map[string]*Peer
}

type handler struct {
	sessions map[int]string
}

func (h *handler) ServeHTTP(http.ResponseWriter, *http.Request) {}

type store interface{ get(string) int }

type table struct{ rows map[string]int }

func (t *table) get(k string) int { return t.rows[k] }

var (
	counts   = map[string]int{"a": 1, "b": 2}
	registry = &Registry{peers: map[string]*Peer{}}
	behind   store
	current  atomic.Pointer[Registry]
	never    map[string]int
	deleted  = map[int]int{}
)

// local keeps a map that only its frame leads to.
func local(stop chan bool, n int) {
	mine := make(map[int]int, n)
	for i := 0; i < n; i++ {
		mine[i] = i
	}
	<-stop
	fmt.Fprintln(os.Stderr, len(mine))
}

// full has all the keys of busy: no look sees it grow, and no other frame keeps it.
//
//go:noinline
func full() map[uint64]uint64 {
	m := map[uint64]uint64{}
	for i := uint64(0); i < 100_000; i++ {
		m[i] = i
	}
	return m
}

//go:noinline
func busy(m map[uint64]uint64) {
	for i := uint64(0); ; i++ {
		m[i%100_000] = i
	}
}

func main() {
	n := flag.Int("goroutines", 10, "how many goroutines wait")
	die := flag.Bool("die", false, "die once all is there")
	flag.Parse()
	usr1 := make(chan os.Signal, 1)
	signal.Notify(usr1, syscall.SIGUSR1)
	for i := 0; i < 1000; i++ {
		registry.peers[fmt.Sprint("peer", i)] = &Peer{Name: fmt.Sprint(i), Tags: map[string]bool{"x": true}}
		deleted[i] = i
	}
	for i := 0; i < 300; i++ {
		delete(deleted, i*3)
	}
	behind = &table{rows: map[string]int{"one": 1}}
	current.Store(&Registry{peers: map[string]*Peer{"only": {}}})
	captured := map[string]int{"c": 3, "d": 4, "e": 5}
	http.HandleFunc("/", func(http.ResponseWriter, *http.Request) { fmt.Println(captured["c"]) })
	http.Handle("/h", &handler{sessions: map[int]string{7: "seven"}})
	stop := make(chan bool)
	go local(stop, 5000)
	go busy(full())
	var started sync.WaitGroup
	for i := 0; i < *n; i++ {
		started.Add(1)
		go func() {
			started.Done()
			<-stop
		}()
	}
	started.Wait()
	fmt.Println("ready")
	if *die {
		time.Sleep(20 * time.Millisecond)
		panic("enough")
	}
	for range usr1 {
		fmt.Println("signal")
	}
	runtime.KeepAlive(never)
}
