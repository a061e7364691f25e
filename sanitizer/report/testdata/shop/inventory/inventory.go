// Package inventory is used by package imported.
package inventory

import "sync"

type Shelf struct {
	sync.RWMutex
	Items map[string]int
}

func New() *Shelf { return &Shelf{Items: map[string]int{}} }

var Prices = map[string]int{}
