package field

import "sync"

type Session struct{ ID string }

// A Store keeps the sessions.
type Store struct {
	other    sync.Mutex // for something else
	mu       sync.RWMutex
	sessions map[string]*Session
}

func (s *Store) Put(x *Session) {
	s.sessions[x.ID] = x // @put
}

func (s *Store) Get(id string) *Session {
	return s.sessions[id] // @get
}

func (s *Store) Drop(id string) {
	delete(s.sessions, id) // @drop
}

func (s *Store) All() (out []*Session) {
	for _, x := range s.sessions { // @all
		out = append(out, x)
	}
	return out
}

func (s *Store) Reset() {
	for id := range s.sessions { // @reset
		delete(s.sessions, id)
	}
	clear(s.sessions) // @clear
}

func (s *Store) Len() int { return len(s.sessions) } // @len

// An embedded struct gives its field under a shorter name.
type counters struct {
	sync.Mutex
	hits map[string]int // guarded by the struct itself
}

type Server struct {
	counters
	limits struct{ perUser map[string]int }
}

func (s *Server) Hit(path string) {
	s.hits[path]++ // @hit
}

func (s *Server) Limit(user string) int {
	return s.limits.perUser[user] // @limit
}

var server Server

func Limit(user string) int {
	return server.limits.perUser[user] // @globalLimit
}
