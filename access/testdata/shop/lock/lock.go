// Package lock: what is held.
package lock

import "sync"

type S struct {
	mu sync.RWMutex
	m  map[string]int
	sync.Mutex
	n map[string]int
}

func (s *S) Put(k string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.m[k] = 1 //> assign lock.S.m held lock.S.mu
	s.locked(k)
}

func (s *S) Get(k string) int {
	s.mu.RLock()
	v := s.m[k] //> lookup lock.S.m held lock.S.mu shared
	s.mu.RUnlock()
	_ = s.m[k] //> lookup lock.S.m
	return v
}

func (s *S) Maybe(k string, b bool) {
	if b {
		s.Lock()
		defer s.Unlock()
	}
	s.n[k] = 1 //> assign lock.S.n
	s.Lock()
	s.n[k] = 1 //> assign lock.S.n held lock.S.Mutex
}

func (s *S) locked(k string) {
	delete(s.m, k) //> delete lock.S.m held lock.S.mu caller
}

func (s *S) Spawned(k string) {
	s.mu.Lock()
	go func() { s.m[k] = 1 }() //> assign lock.S.m
	s.mu.Unlock()
}
