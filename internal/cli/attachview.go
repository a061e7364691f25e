package cli

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/mapsan/mapsan/agent"
)

// attachView shows how watching one process goes: findings as they come and, on a
// terminal, a line below them that lives.
type attachView struct {
	*catches
	line  block
	relay *relay
}

func newAttachView(c *catches) *attachView {
	v := &attachView{catches: c, line: newBlock(c.std.Err)}
	c.above = v.line.clear
	return v
}

// begin is called before tick is.
func (v *attachView) begin(st agent.Status) {
	v.relay = newRelay(func(line string) { v.say("%s", line) })
	if len(st.Focus) == 0 {
		v.say("watching process %d: %d map functions; one hit costs %d ns here", st.PID, st.Sites, st.Hit.Nanoseconds())
		return
	}
	var names []string
	for _, s := range st.Focus {
		names = append(names, s.Map)
	}
	v.say("watching process %d: focus on %s; one trap costs %d µs here, one hit %d ns", st.PID,
		strings.Join(names, ", "), st.Trap.Microseconds(), st.Hit.Nanoseconds())
	for _, why := range st.Unfound {
		v.say("not in focus: %s", why)
	}
}

// tick does not wait for the terminal.
func (v *attachView) tick(st agent.Status) { v.relay.draw(func() { v.draw(st) }) }

func (v *attachView) draw(st agent.Status) {
	v.mu.Lock()
	defer v.mu.Unlock()
	state := "resting"
	if st.Set {
		state = "watching"
	}
	v.line.draw([]string{fmt.Sprintf("mapsan: %s %3.0f s, %s; %s, %s", state, st.Elapsed.Seconds(), hits(st.Totals),
		count(int(st.Delays), "delay", "delays"), count(v.distinct, "race", "races"))})
}

func (v *attachView) end(st agent.Status, err error) {
	v.relay.end()
	v.endBlock()
	if errors.Is(err, agent.ErrGone) {
		for _, line := range howEnded(st) {
			v.say("%s", line)
		}
	}
	v.say("%s in %s, probes set for %s of it: %s; cost about %.2f %% of a processor", hits(st.Totals),
		round(st.Elapsed), round(st.Watching), count(int(st.Delays), "delay", "delays"), share(st.Cost, st.Elapsed))
	for _, s := range st.Focus {
		v.say("%s: %s", s.Map, watchedBy(s))
	}
	v.notShown(st.Totals)
}

// howEnded says how a process that was watched ended.
func howEnded(st agent.Status) []string {
	lines := []string{fmt.Sprintf("process %d has ended", st.PID)}
	if st.Crash == "" {
		return lines
	}
	lines[0] += ": " + st.Crash
	if st.Unknown != "" {
		lines = append(lines, "the other side of that is not known: "+st.Unknown)
	}
	return lines
}

func (c *catches) notShown(t agent.Totals) {
	if t.Dropped > 0 {
		c.say("%s not shown: they came faster than they could be read", count(int(t.Dropped), "conflict", "conflicts"))
	}
}

func hits(t agent.Totals) string {
	s := count(int(t.Hits), "map operation", "map operations")
	if t.Traps > 0 { // of watchpoints
		s += ", " + count(int(t.Traps), "trap", "traps")
	}
	return s
}

// watchedBy says how a map in focus was watched at the end.
func watchedBy(s agent.Suspect) string {
	switch s.How {
	case agent.ByWatchpoint:
		return "watched by " + count(len(s.Addrs), "watchpoint", "watchpoints")
	case agent.ByCalls:
		return "watched at the calls that the findings know, and not by a watchpoint: " + s.Why
	default:
		return "watched at the calls that the findings know alone: where it was in memory was not known by the end"
	}
}

func round(d time.Duration) time.Duration { return d.Round(10 * time.Millisecond) }

func share(part, whole time.Duration) float64 {
	if whole <= 0 {
		return 0
	}
	return 100 * part.Seconds() / whole.Seconds()
}
