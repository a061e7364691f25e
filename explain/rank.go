package explain

import (
	"cmp"
	"path"
	"slices"
	"strings"
)

// rank sorts the candidates, and drops from the index's those that a goroutine of
// the log stands for already.
func (r *Report) rank() {
	slices.SortStableFunc(r.Others, func(a, b Candidate) int { return cmp.Compare(b.score, a.score) })
	seen := map[string]bool{}
	var out []Candidate
	for _, c := range r.Others {
		key := ""
		if c.Goroutine == nil {
			key = c.Site.Pos.String() + string(c.Site.Op)
		} else if c.Site != nil {
			seen[c.Site.Pos.String()+string(c.Site.Op)] = true
		}
		if key != "" && seen[key] {
			continue
		}
		if key != "" {
			seen[key] = true
		}
		if len(out) < r.opts.Max {
			out = append(out, c)
		}
	}
	r.Others = out
}

func base(file string) string { return path.Base(strings.ReplaceAll(file, `\`, "/")) }
