// Package spawn: what starts goroutines. Each line's comment names what it
// starts; "many" says that several may run at once.
package spawn

import (
	"net/http"
	"sync"
	"time"
)

type S struct {
	m map[string]int
}

func (s *S) ServeHTTP(http.ResponseWriter, *http.Request) { s.write() }

func (s *S) write() { s.m["a"] = 1 }

func (s *S) loop() {
	for {
		s.write()
		time.Sleep(time.Second)
	}
}

func (s *S) idle() { time.Sleep(time.Second) }

func Main() {
	s := &S{m: map[string]int{}}
	go s.loop() //> spawn.(*S).loop
	for range 4 {
		go func() { s.write() }() //> many spawn.Main.func1
	}
	time.AfterFunc(time.Second, s.write) //> spawn.(*S).write
	var wg sync.WaitGroup
	wg.Go(func() { s.write() })                                                                      //> spawn.Main.func2
	http.Handle("/", s)                                                                              //> many spawn.(*S).ServeHTTP
	http.HandleFunc("/w", func(http.ResponseWriter, *http.Request) { s.write() })                    //> many spawn.Main.func3
	http.Handle("/x", wrap(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { s.idle() }))) //> many spawn.Main.func4
	start(s.idle)
	var once sync.Once
	once.Do(s.write)
	wg.Wait()
}

func start(f func()) {
	go f() //> spawn.(*S).idle
}

func wrap(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.ServeHTTP(w, r) }) //> many spawn.wrap.func1
}
