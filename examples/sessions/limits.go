package main

import (
	"maps"
	"sync"
	"sync/atomic"
)

// Limits says how many sessions each user may hold. Requests read it without
// a lock: a published map is never written again, Set publishes a changed copy.
type Limits struct {
	mu     sync.Mutex // serialises Set
	byUser atomic.Pointer[map[string]int]
	other  int
}

// NewLimits returns limits where every user may hold n sessions.
func NewLimits(n int) *Limits {
	l := &Limits{other: n}
	l.byUser.Store(&map[string]int{})
	return l
}

// Of returns the limit of user.
func (l *Limits) Of(user string) int {
	if n, ok := (*l.byUser.Load())[user]; ok {
		return n
	}
	return l.other
}

// Set changes the limit of user.
func (l *Limits) Set(user string, n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	next := maps.Clone(*l.byUser.Load())
	next[user] = n
	l.byUser.Store(&next)
}
