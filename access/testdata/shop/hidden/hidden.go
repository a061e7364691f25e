// Package hidden: readers and writers inside of libraries.
package hidden

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"text/template"
)

type State struct {
	Peers  map[string]int
	secret map[string]int
	Inner  struct{ Tags map[string]bool }
}

type Own struct{ Data map[string]int }

func (Own) MarshalJSON() ([]byte, error) { return nil, nil }

func Readers(s *State, o *Own, w io.Writer, t *template.Template) {
	json.Marshal(s) //> iterate hidden.State.Peers; iterate hidden.State.Inner.Tags
	json.Marshal(o)
	json.NewEncoder(w).Encode(s.Peers)    //> iterate hidden.State.Peers
	fmt.Fprintf(w, "%v %v", 1, *s)        //> iterate hidden.State.Peers; iterate hidden.State.Inner.Tags; iterate hidden.State.secret
	t.Execute(w, s)                       //> iterate hidden.State.Peers; iterate hidden.State.Inner.Tags
	_ = maps.Clone(s.secret)              //> clone hidden.State.secret
	maps.Copy(s.Peers, s.secret)          //> assign hidden.State.Peers; iterate hidden.State.secret
	_ = slices.Sorted(maps.Keys(s.Peers)) //> iterate hidden.State.Peers
	for k := range maps.Keys(s.Peers) {   //> iterate hidden.State.Peers
		_ = k
	}
	maps.DeleteFunc(s.Peers, func(string, int) bool { return true }) //> delete hidden.State.Peers; iterate hidden.State.Peers
}
