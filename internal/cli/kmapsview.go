package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mapsan/mapsan/finding"
	"github.com/mapsan/mapsan/kmaps"
)

// kmapsView shows who touches the kernel's maps: findings as they come and, on a
// terminal, a table below them that lives.
type kmapsView struct {
	*catches
	table block
	relay *relay
	every time.Duration
	shown time.Duration
}

func newKmapsView(c *catches, every time.Duration) *kmapsView {
	v := &kmapsView{catches: c, table: newBlock(c.std.Err), every: every}
	c.above = v.table.clear
	return v
}

// ready is called before tick and conflict are.
func (v *kmapsView) ready(st kmaps.Status) {
	v.relay = newRelay(func(line string) { v.say("%s", line) })
	v.say("watching %d of the kernel's map functions; one operation costs %v more here", st.Functions, st.Cost)
	if len(st.Absent) > 0 {
		v.say("this kernel has no %s: what goes by them is not seen", strings.Join(st.Absent, ", "))
	}
}

// conflict and tick do not wait for the terminal: the loop that calls them ends what
// costs too much.
func (v *kmapsView) conflict(f *finding.Finding) { v.relay.do(func() { v.found(f) }) }

func (v *kmapsView) tick(st kmaps.Status) { v.relay.draw(func() { v.draw(st) }) }

func (v *kmapsView) draw(st kmaps.Status) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.every > 0 && st.Elapsed-v.shown >= v.every {
		v.shown = st.Elapsed
		v.table.clear()
		v.maps(st)
	}
	if !v.table.live {
		return
	}
	_, height := v.table.size()
	rows := kernelTable(st.Maps)
	if cut := len(rows) - max(3, height-5); cut > 0 {
		rows = append(rows[:len(rows)-cut], fmt.Sprintf("... %s more", count(cut, "row", "rows")))
	}
	v.table.draw(append(rows, fmt.Sprintf("mapsan: %3.0f s, %s on %s, %s", st.Elapsed.Seconds(), count(int(st.Operations), "operation", "operations"),
		count(len(st.Maps), "map", "maps"), count(v.distinct, v.what[0], v.what[1]))))
}

// maps prints all maps.
func (v *kmapsView) maps(st kmaps.Status) {
	if err := printMaps(v.std.Out, st, v.json); err != nil {
		v.failLocked(fmt.Errorf("show the maps: %w", err))
	}
}

func printMaps(w io.Writer, st kmaps.Status, asJSON bool) error {
	if !asJSON {
		for _, r := range kernelTable(st.Maps) {
			if _, err := fmt.Fprintln(w, r); err != nil {
				return err
			}
		}
		return nil
	}
	enc := json.NewEncoder(w)
	for _, m := range st.Maps {
		// A line of another kind than a finding's.
		err := enc.Encode(struct {
			Seconds float64   `json:"seconds"`
			Map     kmaps.Map `json:"kernel_map"`
		}{st.Elapsed.Seconds(), m})
		if err != nil {
			return err
		}
	}
	return nil
}

func (v *kmapsView) end(st kmaps.Status) {
	v.relay.end()
	v.endBlock()
	v.mu.Lock()
	defer v.mu.Unlock()
	v.maps(st)
	v.sayLocked("%s on %s in %s; cost about %.2f %% of a processor", count(int(st.Operations), "operation", "operations"),
		count(len(st.Maps), "kernel map", "kernel maps"), round(st.Elapsed), share(time.Duration(st.Operations)*st.Cost, st.Elapsed))
	for _, l := range []struct {
		n    uint64
		what string
	}{
		{st.Uncounted, "operations found no room in the tables: who made them is not told"},
		{st.Unmapped, "operations were on maps beyond those that there is room for: who made them is not told, and conflicts there are not looked for"},
		{st.NoStack, "operations had no stack that could be kept: who made them is not told"},
		{st.LongKeys, "operations were on keys of more than 64 bytes, which are not told apart: conflicts there are not seen"},
		{st.Contended + st.Untracked, "updates could not be compared with others, since their place was in use"},
		{st.Missed, "runs of the programs were left out by the kernel, since the same one was at work on that processor"},
		{st.Dropped + st.Unsent, "conflicts not shown: more of one map than are sent, or faster than they could be read"},
	} {
		if l.n > 0 {
			v.sayLocked("%d %s", l.n, l.what)
		}
	}
	for _, why := range slices.Sorted(maps.Keys(st.Dismissed)) {
		v.sayLocked("%s not shown as conflicts: %s", count(int(st.Dismissed[why]), "pair of updates", "pairs of updates"), why)
	}
}

// kernelTable is a row for each map, and below it one for each user.
func kernelTable(maps []kmaps.Map) []string {
	var rows []string
	for _, m := range maps {
		head := fmt.Sprintf("map %d %s, %s of %d, key %d B, value %d B", m.ID, nameOr(m.Name), m.Type, m.MaxEntries, m.KeySize, m.ValueSize)
		if m.Overlaps > 0 {
			head += fmt.Sprintf("; %s at once", count(int(m.Overlaps), "update", "updates"))
		}
		rows = append(rows, head)
		for _, u := range m.Users {
			rows = append(rows, fmt.Sprintf("  %-44s %9d lookups %9d updates %9d deletes  CPU %s", userName(u), u.Lookups, u.Updates, u.Deletes, ranges(u.CPUs)))
		}
	}
	return rows
}

// nameOr is a name that another process chose, harmless on a terminal.
func nameOr(s string) string {
	if s == "" {
		return "(no name)"
	}
	return printable(s)
}

func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if strconv.IsPrint(r) {
			return r
		}
		return '?'
	}, s)
}

func userName(u kmaps.User) string {
	switch u.Kind {
	case finding.Process:
		return fmt.Sprintf("process %d %s", u.PID, printable(u.Command))
	case finding.Program:
		return fmt.Sprintf("program %d %s", u.ProgramID, printable(u.Program))
	}
	return "not known: " + printable(u.Unknown)
}

// ranges writes numbers in order as 0-3,7.
func ranges(n []int) string {
	n = slices.Sorted(slices.Values(n))
	var parts []string
	for i := 0; i < len(n); {
		j := i
		for j+1 < len(n) && n[j+1] == n[j]+1 {
			j++
		}
		if i == j {
			parts = append(parts, strconv.Itoa(n[i]))
		} else {
			parts = append(parts, fmt.Sprintf("%d-%d", n[i], n[j]))
		}
		i = j + 1
	}
	return strings.Join(parts, ",")
}
