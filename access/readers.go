package access

import (
	"go/types"

	"golang.org/x/tools/go/ssa"
)

// direct are the functions that work on maps that they are handed as maps.
var direct = map[string][]struct {
	arg int
	op  Op
}{
	"maps.All":        {{0, Iterate}},
	"maps.Keys":       {{0, Iterate}},
	"maps.Values":     {{0, Iterate}},
	"maps.Clone":      {{0, Clone}},
	"maps.Copy":       {{0, Assign}, {1, Iterate}},
	"maps.DeleteFunc": {{0, Delete}, {0, Iterate}},
	"maps.Equal":      {{0, Iterate}, {1, Lookup}},
	"maps.EqualFunc":  {{0, Iterate}, {1, Lookup}},
	"maps.Insert":     {{0, Assign}},

	"golang.org/x/exp/maps.Keys":       {{0, Iterate}},
	"golang.org/x/exp/maps.Values":     {{0, Iterate}},
	"golang.org/x/exp/maps.Clone":      {{0, Iterate}},
	"golang.org/x/exp/maps.Copy":       {{0, Assign}, {1, Iterate}},
	"golang.org/x/exp/maps.Clear":      {{0, Delete}},
	"golang.org/x/exp/maps.DeleteFunc": {{0, Delete}, {0, Iterate}},
	"golang.org/x/exp/maps.Equal":      {{0, Iterate}, {1, Lookup}},
	"golang.org/x/exp/maps.EqualFunc":  {{0, Iterate}, {1, Lookup}},

	"(net/http.Header).Add":    {{0, Assign}},
	"(net/http.Header).Set":    {{0, Assign}},
	"(net/http.Header).Del":    {{0, Delete}},
	"(net/http.Header).Get":    {{0, Lookup}},
	"(net/http.Header).Values": {{0, Lookup}},
	"(net/http.Header).Clone":  {{0, Iterate}},
	"(net/http.Header).Write":  {{0, Iterate}},
	"(net/url.Values).Add":     {{0, Assign}},
	"(net/url.Values).Set":     {{0, Assign}},
	"(net/url.Values).Del":     {{0, Delete}},
	"(net/url.Values).Get":     {{0, Lookup}},
	"(net/url.Values).Has":     {{0, Lookup}},
	"(net/url.Values).Encode":  {{0, Iterate}},
}

// depthOf says how far a hidden reader walks into what it is handed.
type depthOf int

const (
	exported depthOf = iota // exported fields, as encoders do
	every                   // every field, as fmt does
)

// hidden are the functions that read, by reflection, all maps in what they are
// handed. The argument is the first that they read.
var hidden = map[string]struct {
	arg  int
	how  depthOf
	self string // a method of the value that is called instead
}{
	"encoding/json.Marshal":                     {0, exported, "MarshalJSON"},
	"encoding/json.MarshalIndent":               {0, exported, "MarshalJSON"},
	"(*encoding/json.Encoder).Encode":           {1, exported, "MarshalJSON"},
	"encoding/xml.Marshal":                      {0, exported, "MarshalXML"},
	"(*encoding/xml.Encoder).Encode":            {1, exported, "MarshalXML"},
	"(*encoding/gob.Encoder).Encode":            {1, exported, "GobEncode"},
	"gopkg.in/yaml.v2.Marshal":                  {0, exported, "MarshalYAML"},
	"gopkg.in/yaml.v3.Marshal":                  {0, exported, "MarshalYAML"},
	"github.com/json-iterator/go.Marshal":       {0, exported, "MarshalJSON"},
	"github.com/goccy/go-json.Marshal":          {0, exported, "MarshalJSON"},
	"fmt.Print":                                 {0, every, "String"},
	"fmt.Println":                               {0, every, "String"},
	"fmt.Printf":                                {1, every, "String"},
	"fmt.Sprint":                                {0, every, "String"},
	"fmt.Sprintln":                              {0, every, "String"},
	"fmt.Sprintf":                               {1, every, "String"},
	"fmt.Fprint":                                {1, every, "String"},
	"fmt.Fprintln":                              {1, every, "String"},
	"fmt.Fprintf":                               {2, every, "String"},
	"fmt.Errorf":                                {1, every, "String"},
	"fmt.Append":                                {1, every, "String"},
	"fmt.Appendf":                               {2, every, "String"},
	"fmt.Appendln":                              {1, every, "String"},
	"log.Print":                                 {0, every, "String"},
	"log.Println":                               {0, every, "String"},
	"log.Printf":                                {1, every, "String"},
	"log.Fatal":                                 {0, every, "String"},
	"log.Fatalf":                                {1, every, "String"},
	"log.Panicf":                                {1, every, "String"},
	"(*log.Logger).Print":                       {1, every, "String"},
	"(*log.Logger).Println":                     {1, every, "String"},
	"(*log.Logger).Printf":                      {2, every, "String"},
	"log/slog.Debug":                            {1, every, "LogValue"},
	"log/slog.Info":                             {1, every, "LogValue"},
	"log/slog.Warn":                             {1, every, "LogValue"},
	"log/slog.Error":                            {1, every, "LogValue"},
	"(*log/slog.Logger).Debug":                  {2, every, "LogValue"},
	"(*log/slog.Logger).Info":                   {2, every, "LogValue"},
	"(*log/slog.Logger).Warn":                   {2, every, "LogValue"},
	"(*log/slog.Logger).Error":                  {2, every, "LogValue"},
	"reflect.DeepEqual":                         {0, every, ""},
	"(*text/template.Template).Execute":         {2, exported, ""},
	"(*html/template.Template).Execute":         {2, exported, ""},
	"(*text/template.Template).ExecuteTemplate": {3, exported, ""},
	"(*html/template.Template).ExecuteTemplate": {3, exported, ""},
	"github.com/davecgh/go-spew/spew.Dump":      {0, every, ""},
	"github.com/google/go-cmp/cmp.Diff":         {0, exported, "Equal"},
	"github.com/google/go-cmp/cmp.Equal":        {0, exported, "Equal"},
}

// keepers are containers of any: what their method returns was put into them.
var keepers = map[string]bool{
	"(*sync.Pool).Get": true, "(*sync.Map).Load": true, "(*sync.Map).LoadOrStore": true, "(*sync.Map).LoadAndDelete": true,
	"(*sync/atomic.Value).Load": true, "(*sync/atomic.Pointer).Load": true, "(*sync/atomic.Value).Swap": true,
	"(*container/list.List).Front": true, "(context.Context).Value": true,
}

// calleeName is the full name of a call's callee, of the generic form if it is an
// instance: "maps.Clone", "(*encoding/json.Encoder).Encode".
func calleeName(c *ssa.CallCommon) string {
	var fn *types.Func
	if c.IsInvoke() {
		fn = c.Method
	} else if callee := c.StaticCallee(); callee != nil {
		fn, _ = originOf(callee).Object().(*types.Func)
	}
	if fn == nil {
		return ""
	}
	return plainName(fn.Origin())
}

// plainName is FullName without type parameters.
func plainName(fn *types.Func) string {
	recv := fn.Signature().Recv()
	if recv == nil {
		return pkgPath(fn.Pkg()) + "." + fn.Name()
	}
	star := ""
	t := recv.Type()
	if p, ok := types.Unalias(t).(*types.Pointer); ok {
		star, t = "*", p.Elem()
	}
	named, ok := types.Unalias(t).(*types.Named)
	if !ok {
		return fn.FullName()
	}
	return "(" + star + pkgPath(named.Obj().Pkg()) + "." + named.Obj().Name() + ")." + fn.Name()
}

// keeperOf is the container that a call takes a value out of, nil if it is no
// such call.
func keeperOf(c *ssa.CallCommon) ssa.Value {
	if !keepers[calleeName(c)] {
		return nil
	}
	return argument(c, 0)
}

// held is a map inside of a value that a hidden reader walks.
type held struct {
	m    *Map
	expr string // below the value: ".peers"
}

// mapsIn lists the maps in a value of type t, without those behind interfaces.
func (b *builder) mapsIn(v ssa.Value, t types.Type, how depthOf, self string) []held {
	w := &walk{b: b, how: how, self: self, seen: map[types.Type]bool{}}
	if _, ok := mapType(t); ok {
		for _, m := range b.origins(v) {
			w.out = append(w.out, held{m, ""})
		}
		if mt, ok := mapType(t); ok {
			w.walk(mt.Elem(), nil, "[...]", 1)
		}
		return w.out
	}
	w.walk(t, nil, "", 0)
	return w.out
}

type walk struct {
	b    *builder
	how  depthOf
	self string
	seen map[types.Type]bool
	out  []held
}

// walk looks into a type; in is the field that has it, for structs without a name.
func (w *walk) walk(t types.Type, in *Map, expr string, depth int) {
	if depth > 6 || w.seen[t] {
		return
	}
	w.seen[t] = true
	if w.speaksForItself(t) {
		return
	}
	switch u := t.Underlying().(type) {
	case *types.Pointer:
		// fmt prints the address of a pointer below the top.
		if w.how == exported || depth == 0 {
			w.walk(u.Elem(), in, expr, depth+1)
		}
	case *types.Slice:
		w.walk(u.Elem(), nil, expr+"[...]", depth+1)
	case *types.Array:
		w.walk(u.Elem(), nil, expr+"[...]", depth+1)
	case *types.Map:
		w.walk(u.Elem(), nil, expr+"[...]", depth+1)
	case *types.Struct:
		for i := range u.NumFields() {
			f := u.Field(i)
			if w.how == exported && !f.Exported() && !f.Embedded() {
				continue
			}
			m := w.b.fieldOfType(t, u, i, in)
			if _, ok := mapType(f.Type()); ok && m != nil {
				w.out = append(w.out, held{m, expr + "." + f.Name()})
			}
			w.walk(f.Type(), m, expr+"."+f.Name(), depth+1)
		}
	}
}

// speaksForItself reports whether the type has the method that the reader calls
// instead of walking the value.
func (w *walk) speaksForItself(t types.Type) bool {
	if w.self == "" {
		return false
	}
	ms := types.NewMethodSet(t)
	for i := range ms.Len() {
		n := ms.At(i).Obj().Name()
		if n == w.self || w.self == "String" && n == "Error" {
			return true
		}
	}
	return false
}

// fieldOfType is fieldMap without a value.
func (b *builder) fieldOfType(t types.Type, st *types.Struct, i int, in *Map) *Map {
	f := st.Field(i).Origin()
	tn := b.owners[f]
	if tn == nil {
		if named, ok := types.Unalias(t).(*types.Named); ok {
			tn = named.Origin().Obj()
		}
	}
	switch {
	case tn != nil:
		return b.namedField(tn, f, st)
	case in != nil:
		return b.innerField(in, f, st)
	}
	return nil
}
