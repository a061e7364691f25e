package main

type Session struct{ ID string }

type Store struct{ sessions map[string]*Session }

func (s *Store) Get(id string) *Session {
	return s.sessions[id] // @get
}

func main() {
	new(Store).Get("")
}
