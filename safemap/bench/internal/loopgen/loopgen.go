// Package loopgen writes the timed loops of the benchmark, for each map and
// each type of key from one template.
//
// A loop that went through an interface or a type parameter would add one or
// two nanoseconds to every operation of every map, a third of a read, and would
// flatter whoever is slow. So each map gets the same loop with its own calls.
package loopgen

import (
	"bytes"
	_ "embed"
	"fmt"
	"go/format"
	"strings"
	"text/template"
)

//go:embed loops.tmpl
var loops string

// A Map is one of the maps to compare. Its statements may use K and V for the
// types of keys and values, and these variables: m or s as Local defines it, k
// for the key, w for the value to write, n for the number of entries to make
// room for.
type Map struct {
	Ident  string // of the generated type
	Name   string // in tables
	Import string
	Field  string // declares what the subject holds
	New    string // sets it; n is 0 for a map that is to grow
	Local  string // brings it into a local variable of the loop
	Load   string // defines v of type V, the zero value for an absent key
	Store  string
	Delete string
	Range  string // runs visit, which is func(K, V) bool
}

// A Kind is a pair of key and value types.
type Kind struct {
	Ident string // of the kind, and a suffix of the generated types
	K, V  string
	Keys  string // the parameter of newSubject that has the keys
	Value string // the value to write with the key of number i
	Sum   string // adds v to sum, lest the compiler drop the load
	Hash  string // for the one peer that wants a function of its own, by the user
}

// Kinds are all kinds. The ints are random, so their low bits are a fair hash.
var Kinds = []Kind{
	{"Int", "int", "int", "ints", "i", "sum += v", "func(k int) uint32 { return uint32(k) }"},
	{"String", "string", "int", "strings", "i", "sum += v", ""},
	{"Pointer", "int", "*int", "ints", "boxes[i&boxMask]", "if v != nil {\nsum++\n}", "func(k int) uint32 { return uint32(k) }"},
}

// Maps are all maps: ours, its peers, and the native one, which is no peer: it
// has no lock and is the floor that readers of one goroutine could reach.
var Maps = []Map{
	{
		Ident: "safe", Name: "safemap", Import: "github.com/mapsan/mapsan/safemap",
		Field: "m *safemap.Map[K, V]",
		New:   "x.m = safemap.New[K, V](safemap.Options[K]{Size: n})",
		Local: "m := x.m",
		Load:  "v, _ := m.Load(k)", Store: "m.Store(k, w)", Delete: "m.Delete(k)",
		Range: "for k, v := range m.All() {\nif !visit(k, v) {\nbreak\n}\n}",
	},
	{
		Ident: "syncMap", Name: "sync.Map", Import: "sync",
		Field: "m *sync.Map", New: "x.m = new(sync.Map)", Local: "m := x.m",
		Load: "a, _ := m.Load(k)\nv, _ := a.(V)", Store: "m.Store(k, w)", Delete: "m.Delete(k)",
		Range: "m.Range(func(k, v any) bool { return visit(k.(K), v.(V)) })",
	},
	{
		Ident: "xsync", Name: "xsync", Import: "github.com/puzpuzpuz/xsync/v4",
		Field: "m *xsync.Map[K, V]", New: "x.m = xsync.NewMap[K, V](xsync.WithPresize(n))", Local: "m := x.m",
		Load: "v, _ := m.Load(k)", Store: "m.Store(k, w)", Delete: "m.Delete(k)", Range: "m.Range(visit)",
	},
	{
		Ident: "hax", Name: "haxmap", Import: "github.com/alphadose/haxmap",
		Field: "m *haxmap.Map[K, V]", New: "x.m = haxmap.New[K, V](uintptr(n))", Local: "m := x.m",
		Load: "v, _ := m.Get(k)", Store: "m.Set(k, w)", Delete: "m.Del(k)", Range: "m.ForEach(visit)",
	},
	{
		Ident: "cmap", Name: "cmap", Import: "github.com/orcaman/concurrent-map/v2",
		Field: "m cmap.ConcurrentMap[K, V]",
		New:   "x.m = {{if .Hash}}cmap.NewWithCustomShardingFunction[K, V]({{.Hash}}){{else}}cmap.New[V](){{end}}",
		Local: "m := x.m",
		Load:  "v, _ := m.Get(k)", Store: "m.Set(k, w)", Delete: "m.Remove(k)",
		Range: "m.IterCb(func(k K, v V) { visit(k, v) })",
	},
	locked("rw", "rwmutex", "sync.RWMutex", "s.mu.RLock()", "s.mu.RUnlock()"),
	locked("mutex", "mutex", "sync.Mutex", "s.mu.Lock()", "s.mu.Unlock()"),
	{
		Ident: "native", Name: "native",
		Field: "m map[K]V", New: "x.m = make(map[K]V, n)", Local: "m := x.m",
		Load: "v := m[k]", Store: "m[k] = w", Delete: "delete(m, k)",
		Range: "for k, v := range m {\nif !visit(k, v) {\nbreak\n}\n}",
	},
}

// locked returns the map that most programs have: a lock beside a native map.
func locked(ident, name, mutex, lock, unlock string) Map {
	return Map{
		Ident: ident, Name: name, Import: "sync",
		Field: "s *struct {\nmu " + mutex + "\nm map[K]V\n}",
		New:   "x.s = new(struct {\nmu " + mutex + "\nm map[K]V\n})\nx.s.m = make(map[K]V, n)",
		Local: "s := x.s",
		Load:  lock + "\nv := s.m[k]\n" + unlock, Store: "s.mu.Lock()\ns.m[k] = w\ns.mu.Unlock()",
		Delete: "s.mu.Lock()\ndelete(s.m, k)\ns.mu.Unlock()",
		Range:  lock + "\nfor k, v := range s.m {\nif !visit(k, v) {\nbreak\n}\n}\n" + unlock,
	}
}

// Source returns the generated file.
func Source() ([]byte, error) {
	t, err := template.New("loops").Parse(loops)
	if err != nil {
		return nil, fmt.Errorf("parse loops.tmpl: %w", err)
	}
	data := struct {
		Imports  []string
		Maps     []Map
		Kinds    []Kind
		Subjects []subject
	}{imports(), Maps, Kinds, nil}
	for _, m := range Maps {
		for _, k := range Kinds {
			s, err := specialise(m, k)
			if err != nil {
				return nil, err
			}
			data.Subjects = append(data.Subjects, s)
		}
	}
	var b bytes.Buffer
	if err := t.Execute(&b, data); err != nil {
		return nil, fmt.Errorf("execute loops.tmpl: %w", err)
	}
	out, err := format.Source(b.Bytes())
	if err != nil {
		return nil, fmt.Errorf("format the loops: %w", err)
	}
	return out, nil
}

// A subject is a map specialised to a kind.
type subject struct {
	Map
	Kind
	Type string
}

// specialise puts the types of k into the statements of m.
func specialise(m Map, k Kind) (subject, error) {
	var failed error
	put := func(s string) string {
		t, err := template.New(m.Name).Parse(s)
		var b strings.Builder
		if err == nil {
			err = t.Execute(&b, k)
		}
		if err != nil {
			failed = fmt.Errorf("specialise %s: %w", m.Name, err)
		}
		return types(b.String(), k)
	}
	for _, s := range []*string{&m.Field, &m.New, &m.Local, &m.Load, &m.Store, &m.Delete, &m.Range} {
		*s = put(*s)
	}
	return subject{m, k, m.Ident + k.Ident}, failed
}

// types replaces the words K and V of s.
func types(s string, k Kind) string {
	var b strings.Builder
	word := func(c byte) bool { return c == '_' || c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' }
	for i := range len(s) {
		alone := (i == 0 || !word(s[i-1])) && (i+1 == len(s) || !word(s[i+1]))
		switch {
		case alone && s[i] == 'K':
			b.WriteString(k.K)
		case alone && s[i] == 'V':
			b.WriteString(k.V)
		default:
			b.WriteByte(s[i])
		}
	}
	return b.String()
}

// imports returns the import specs: those of the standard library, an empty
// line, the others.
func imports() []string {
	seen := map[string]bool{"": true}
	var std, others []string
	for _, m := range Maps {
		if seen[m.Import] {
			continue
		}
		seen[m.Import] = true
		if spec := fmt.Sprintf("%q", m.Import); !strings.Contains(m.Import, ".") {
			std = append(std, spec)
		} else if m.Ident == "cmap" {
			others = append(others, "cmap "+spec) // the package's name is not its path's last word
		} else {
			others = append(others, spec)
		}
	}
	return append(append(std, ""), others...)
}
