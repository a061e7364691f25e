package main

import (
	"crypto/rand"
	"sync/atomic"
	"time"
)

// A Session is one login. All fields but lastSeen are fixed at creation.
type Session struct {
	ID      string
	User    string
	Created time.Time

	lastSeen atomic.Int64 // Unix nanoseconds
}

func newSession(user string, now time.Time) *Session {
	s := &Session{ID: rand.Text(), User: user, Created: now}
	s.Touch(now)
	return s
}

// Touch notes that the session was used at now.
func (s *Session) Touch(now time.Time) { s.lastSeen.Store(now.UnixNano()) }

// Idle returns for how long the session has not been used.
func (s *Session) Idle(now time.Time) time.Duration {
	return time.Duration(now.UnixNano() - s.lastSeen.Load())
}
