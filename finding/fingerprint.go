package finding

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// Fingerprint identifies the conflict: 32 hexadecimal digits that are the same
// for the same two pieces of code and the same map, whatever the build, the
// machine, the engine, the lines, and which side came first.
func (f *Finding) Fingerprint() string {
	sum := sha256.Sum256([]byte(f.key()))
	return hex.EncodeToString(sum[:16])
}

// key is what the fingerprint is made of. An access enters as read or write
// only: engines see one statement differently (a loop that deletes each key is
// compiled to a clear, m[k] += v to an assignment without a lookup), and a fix
// for the one is a fix for the other.
func (f *Finding) key() string {
	m := cmp.Or(f.MapName(), f.Map.Type, "map")
	a, b := f.Side(0), f.Side(1)
	if b < a {
		a, b = b, a
	}
	parts := []string{"mapsan/1", m, a, b}
	if f.Map.Kernel != nil {
		parts = append(parts, f.Rule) // a Go map's follows from the sides
	}
	return strings.Join(parts, "\n")
}

// MapName is the map's name with the import path of package main, where that is
// known; "" if the map has none.
func (f *Finding) MapName() string { return f.pathed(f.Map.Name) }

// Side is what the fingerprint knows a side by: reading or writing, and the function.
func (f *Finding) Side(i int) string {
	p := &f.Parties[i]
	fn := "?"
	if site, ok := p.Site(); ok {
		fn = f.pathed(normalFunc(site.Func))
	}
	if p.Actor != nil {
		fn = p.Actor.Name()
	}
	return string(p.Access.Op.Class()) + " " + fn
}

// pathed gives a name in package main the import path that the same code has
// in a test.
func (f *Finding) pathed(name string) string {
	if rest, ok := strings.CutPrefix(name, "main."); ok && f.Resource.Main != "" {
		return f.Resource.Main + "." + rest
	}
	return name
}
