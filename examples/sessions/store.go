package main

import (
	"slices"
	"sync"
	"time"
)

// A Store keeps the live sessions.
type Store struct {
	ttl time.Duration

	mu       sync.RWMutex // protects the maps below
	sessions map[string]*Session
	byUser   map[string]map[string]bool // user -> session ids
}

// NewStore returns a store whose sessions expire after ttl without use.
func NewStore(ttl time.Duration) *Store {
	return &Store{
		ttl:      ttl,
		sessions: make(map[string]*Session),
		byUser:   make(map[string]map[string]bool),
	}
}

// Create opens a session for user.
func (s *Store) Create(user string) *Session {
	sess := newSession(user, time.Now())
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sessions[sess.ID] = sess
	ids := s.byUser[user]
	if ids == nil {
		ids = make(map[string]bool)
		s.byUser[user] = ids
	}
	ids[sess.ID] = true
	return sess
}

// Get returns the live session with the given id and marks it as used.
// Every request comes through here, so it stays away from the lock.
func (s *Store) Get(id string) (*Session, bool) {
	sess, ok := s.sessions[id]
	if !ok {
		return nil, false
	}
	now := time.Now()
	if sess.Idle(now) > s.ttl {
		return nil, false
	}
	sess.Touch(now)
	return sess, true
}

// Drop closes the session with the given id and reports whether there was one.
func (s *Store) Drop(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	sess, ok := s.sessions[id]
	if ok {
		s.dropLocked(sess)
	}
	return ok
}

// Sweep closes the sessions that have expired by now and returns how many there were.
func (s *Store) Sweep(now time.Time) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, sess := range s.sessions {
		if sess.Idle(now) > s.ttl {
			s.dropLocked(sess)
			n++
		}
	}
	return n
}

func (s *Store) dropLocked(sess *Session) {
	delete(s.sessions, sess.ID)
	ids := s.byUser[sess.User]
	delete(ids, sess.ID)
	if len(ids) == 0 {
		delete(s.byUser, sess.User)
	}
}

// Of returns the ids of the sessions of user, sorted.
func (s *Store) Of(user string) []string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	ids := make([]string, 0, len(s.byUser[user]))
	for id := range s.byUser[user] {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

// Len returns how many sessions are open.
func (s *Store) Len() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return len(s.sessions)
}
