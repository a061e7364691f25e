// Package field: maps in structs, embedded ones, and near misses of their names.
package field

import "sync"

type base struct {
	mu    sync.RWMutex // guards peers
	peers map[string]int
}

type Registry struct {
	base
	byID map[int]*Registry
	nest struct{ tags map[string]bool }
}

type Other struct{ peers map[string]int }

var shared = map[string]int{"a": 1}

func (r *Registry) Put(k string) {
	r.peers[k] = 1          //> assign field.base.peers
	r.peers[k]++            //> lookup field.base.peers; assign field.base.peers
	delete(r.base.peers, k) //> delete field.base.peers
	r.nest.tags[k] = true   //> assign field.Registry.nest.tags
	_ = len(r.byID)         //> len field.Registry.byID
	clear(shared)           //> clear field.shared
	for range r.byID {      //> iterate field.Registry.byID
	}
}

func (o *Other) Put(k string) { o.peers[k] = 2 } //> assign field.Other.peers

func (o Other) Get(k string) (int, bool) {
	v, ok := o.peers[k] //> lookup field.Other.peers
	_ = "text"[0]
	return v, ok
}

func Long(r *Registry) {
	r.
		byID[1+
		2] = r //> assign field.Registry.byID at 41
}
