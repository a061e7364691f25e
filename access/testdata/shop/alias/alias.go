// Package alias: other names for one map.
package alias

import "sync"

type Server struct{ sessions map[string]int }

type View struct{ m map[string]int }

var pool = sync.Pool{New: func() any { return map[string]int{} }}

func (s *Server) Local(k string) {
	m := s.sessions
	m[k] = 1 //> assign alias.Server.sessions
	if k == "" {
		m = nil
	}
	_ = m[k] //> lookup alias.Server.sessions
}

func (s *Server) all() map[string]int { return s.sessions }

func (s *Server) Result(k string) int { return s.all()[k] } //> lookup alias.Server.sessions

func (s *Server) View() *View { return &View{m: s.sessions} }

func (v *View) Put(k string) { v.m[k] = 2 } //> assign alias.View.m

func New() *Server {
	m := build()
	m["late"] = 2 //> assign alias.Server.sessions
	return &Server{sessions: m}
}

func build() map[string]int {
	out := make(map[string]int)
	out["a"] = 1 //> assign alias.build.out
	return out
}

func Pooled() {
	m := pool.Get().(map[string]int)
	m["a"] = 1 //> assign alias.pool[]
	pool.Put(m)
}

type table map[string]int

func (t table) Set(k string) { t[k] = 1 } //> assign alias.Server.sessions

func (s *Server) Method(k string) { table(s.sessions).Set(k) }

type Setter interface{ SetTo(m map[string]int) }

type impl struct{}

func (impl) SetTo(m map[string]int) { m["i"] = 1 } //> assign alias.Server.sessions

func (s *Server) Through(x Setter) { x.SetTo(s.sessions) }
