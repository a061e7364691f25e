package explain

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"
)

// rank sorts the candidates and takes together those of which the same is said: of
// thirty workers that wait alike, one is shown. A site of the index that a
// goroutine of the log stands for already is dropped.
func (r *Report) rank() {
	slices.SortStableFunc(r.Others, func(a, b Candidate) int { return cmp.Compare(b.score, a.score) })
	shown := map[string]bool{}
	same := map[string]int{}
	var out []Candidate
	for _, c := range r.Others {
		site := ""
		if c.Site != nil {
			site = fmt.Sprintf("%s %s", c.Site.Pos, c.Site.Op)
		}
		if c.Goroutine == nil {
			if shown[site] {
				continue
			}
		} else if site != "" {
			key := fmt.Sprintf("%s %s %s %s %d", site, c.Grade, c.Goroutine.State, c.Why, c.Frame)
			if i, ok := same[key]; ok {
				out[i].Like += 1 + c.Goroutine.Same
				continue
			}
			same[key] = len(out)
			c.Like = c.Goroutine.Same
		}
		shown[site] = site != ""
		out = append(out, c)
	}
	if len(out) > r.opts.Max {
		out = out[:r.opts.Max]
	}
	r.Others = out
}

func base(file string) string { return path.Base(strings.ReplaceAll(file, `\`, "/")) }
