package main

import (
	"maps"
	"net/http"
	"sync"
	"sync/atomic"
)

// Metrics counts what the service did.
type Metrics struct {
	expired atomic.Int64

	mu       sync.Mutex // protects requests
	requests map[string]int
}

// NewMetrics returns counters at zero.
func NewMetrics() *Metrics {
	return &Metrics{requests: make(map[string]int)}
}

// Expired adds n expired sessions.
func (m *Metrics) Expired(n int) { m.expired.Add(int64(n)) }

// Count wraps h so that its requests are counted by route.
func (m *Metrics) Count(route string, h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		m.mu.Lock()
		m.requests[route]++
		m.mu.Unlock()
		h(w, r)
	}
}

// Requests returns a copy of the counts by route.
func (m *Metrics) Requests() map[string]int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Clone(m.requests)
}
