package locks

import "sync"

type T struct {
	mu sync.RWMutex
	m  map[string]int
}

func (t *T) Held() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.inner()
	t.m["a"] = 1 // @held
}

func (t *T) Released() {
	t.mu.Lock()
	t.mu.Unlock()
	t.m["a"] = 1 // @released
}

func (t *T) Shared() {
	t.mu.RLock()
	defer t.mu.RUnlock()
	t.m["a"] = 1 // @shared
}

func (t *T) inner() {
	t.m["b"] = 1 // @inner
}

func (t *T) Caller() {
	t.mu.Lock()
	t.inner() // @caller
	t.mu.Unlock()
}

func (t *T) Branch(x bool) {
	if x {
		t.mu.Lock()
		t.m["a"] = 1 // @branchHeld
		t.mu.Unlock()
	} else {
		t.m["b"] = 2 // @branchOther
	}
	switch {
	case x:
		t.mu.Lock()
		t.m["c"] = 1 // @caseHeld
		t.mu.Unlock()
	default:
		t.m["c"] = 3 // @caseOther
	}
}

func (t *T) Literal() {
	t.mu.Lock()
	defer t.mu.Unlock()
	go func() {
		t.m["a"] = 1 // @literal
	}()
}
