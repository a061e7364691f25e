package reader

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
)

type State struct {
	Name     string
	Sessions map[string]int
	Labels   map[string]string
	Nested   []Inner
}

type Inner struct{ Tags map[string]bool }

type Server struct {
	state State
	plain map[string]int
}

func (s *Server) JSON() ([]byte, error) {
	return json.Marshal(s.state) // @marshal
}

func (s *Server) Direct() ([]byte, error) {
	return json.Marshal(s.plain) // @direct
}

func (s *Server) Encode() error {
	return json.NewEncoder(os.Stdout).Encode(&s.state) // @encode
}

func (s *Server) Print() {
	fmt.Println("state", s.plain) // @print
}

func (s *Server) Clone() map[string]int {
	return maps.Clone(s.plain) // @clone
}

func (s *Server) Copy(dst map[string]int) {
	maps.Copy(s.plain, s.state.Sessions) // @copy
}

func (s *Server) Keys() []string {
	return slices.Sorted(maps.Keys(s.plain)) // @keys
}

func (s *Server) Range() {
	for k := range maps.Keys(s.plain) { // @range
		_ = k
	}
}

func (s *Server) Reflect(key string) reflect.Value {
	v := reflect.ValueOf(s.plain)
	return v.MapIndex(reflect.ValueOf(key)) // @reflect
}

type Twin struct{ A, B map[string]int }

func (t *Twin) JSON() ([]byte, error) {
	return json.Marshal(t) // @twin
}

func (t *Twin) Set(key string) {
	t.B[key] = 1 // @twinB
}

func (s *Server) Equal() bool {
	return reflect.DeepEqual(s.plain, map[string]int{"a": 1}) // @equal
}

func Made(key reflect.Value) {
	v := reflect.MakeMap(reflect.TypeFor[map[string]int]())
	v.SetMapIndex(key, key) // @made
}

type One struct {
	Name string
	Tags map[string]bool
}

func (o *One) JSON() ([]byte, error) {
	return json.Marshal(o) // @one
}
