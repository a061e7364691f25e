package explain

import (
	"strings"

	"github.com/mapsan/mapsan/finding"
)

// chain is the path to the exit in function names alone, for a reader in a hurry:
// "mapassign -> maps.fatal -> fatal -> fatalthrow -> exit(2)".
func (r *Report) chain() string {
	entry, _, _ := strings.Cut(entries[r.Noticed.Op], " ")
	steps := []string{strings.TrimPrefix(entry, "runtime.")}
	if r.swiss() {
		steps = append(steps, "maps.fatal")
	} else if r.Noticed.Op == finding.Iterate {
		steps[0] = "mapiternext"
	}
	return strings.Join(append(steps, "fatal", "fatalthrow", "exit(2)"), " -> ")
}
