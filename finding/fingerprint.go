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
	m := cmp.Or(f.Map.Name, f.Map.Type, "map")
	a, b := f.Parties[0].key(), f.Parties[1].key()
	if b < a {
		a, b = b, a
	}
	return strings.Join([]string{"mapsan/1", m, a, b}, "\n")
}

func (p *Party) key() string {
	fn := "?"
	if site, ok := p.Site(); ok {
		fn = normalFunc(site.Func)
	}
	return string(p.Access.Op.Class()) + " " + fn
}
