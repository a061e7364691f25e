package cli

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mapsan/mapsan/agent"
)

// agentView shows how watching a machine goes: a line for each process that comes
// and goes, findings as they come and, on a terminal, a table below them that lives.
type agentView struct {
	*catches
	table block
	relay *relay
	began time.Time

	// Only the agent's loop uses what is below.
	now  []agent.Process
	gone agent.Totals // of processes that have left
	cost time.Duration
	seen int // processes that were watched
}

func newAgentView(c *catches) *agentView {
	v := &agentView{catches: c, table: newBlock(c.std.Err), began: time.Now()}
	c.above = v.table.clear
	v.relay = newRelay(func(line string) { v.say("%s", line) })
	return v
}

func (v *agentView) came(p agent.Process) {
	if p.State == agent.Refused {
		v.relay.say(fmt.Sprintf("process %d (%s) cannot be watched: %s", p.Resource.PID, service(p), p.Why))
		return
	}
	v.seen++
	var where []string
	for _, s := range []struct{ what, id string }{{"pod", p.Resource.PodUID}, {"container", short(p.Resource.ContainerID)}} {
		if s.id != "" {
			where = append(where, ", "+s.what+" "+s.id)
		}
	}
	v.relay.say(fmt.Sprintf("process %d (%s, %s%s) came", p.Resource.PID, service(p), p.Resource.GoVersion, strings.Join(where, "")))
}

func (v *agentView) left(p agent.Process) {
	v.forget(p.Resource.PID)
	v.gone = v.gone.Plus(p.Status.Totals)
	v.cost += p.Status.Cost
	// What is drawn meanwhile is not changed.
	v.now = slices.DeleteFunc(slices.Clone(v.now), func(q agent.Process) bool { return q.Resource.PID == p.Resource.PID })
	if p.Status.PID != 0 { // it was watched
		for _, line := range howEnded(p.Status) {
			v.relay.say(line)
		}
	}
}

// short is as much of a container's id as its tools print.
func short(id string) string {
	r := []rune(id)
	return string(r[:min(12, len(r))])
}

func (v *agentView) tick(all []agent.Process) {
	v.now = all
	if v.table.live {
		total, cost := v.sum()
		v.relay.draw(func() { v.draw(all, total, cost) })
	}
}

func (v *agentView) draw(all []agent.Process, total agent.Totals, cost time.Duration) {
	v.mu.Lock()
	defer v.mu.Unlock()
	width, height := v.table.size()
	rows := agentTable(all, time.Since(v.began), width, max(3, height-4))
	v.table.draw(append(rows, fmt.Sprintf("mapsan: %s; %s, %s; %.2f %% of a processor", hits(total), count(int(total.Delays), "delay", "delays"),
		count(v.distinct, "race", "races"), share(cost, time.Since(v.began)))))
}

// moreToTell compares processes: those with races come first, then those that are
// watched, then those with most operations.
func moreToTell(a, b agent.Process) int {
	watched := func(p agent.Process) int {
		if p.State == agent.Watched {
			return 1
		}
		return 0
	}
	return cmp.Or(b.Found-a.Found, watched(b)-watched(a), cmp.Compare(b.Status.Hits, a.Status.Hits))
}

// agentTable is a table of processes in so many columns and rows.
func agentTable(all []agent.Process, elapsed time.Duration, width, height int) []string {
	if len(all) == 0 {
		return []string{"no Go process is here but this one"}
	}
	all = slices.SortedStableFunc(slices.Values(all), moreToTell)
	name := max(12, width-1-len("    PID           OPERATIONS   DELAYS   COST %  RACES  STATE  "))
	rows := []string{fmt.Sprintf("%7s  %-*s %11s %8s %8s %6s  %s", "PID", name, "SERVICE", "OPERATIONS", "DELAYS", "COST %", "RACES", "STATE")}
	for i, p := range all {
		if i == height-2 && len(all) > height-1 {
			rows = append(rows, fmt.Sprintf("%7s  and %d more", "", len(all)-i))
			break
		}
		state := string(p.State)
		if p.State == agent.Watched && !p.Status.Set {
			state = "resting"
		}
		rows = append(rows, fmt.Sprintf("%7d  %-*s %11d %8d %8.2f %6d  %s", p.Resource.PID, name, cut(service(p), name),
			p.Status.Hits, p.Status.Delays, share(p.Status.Cost, elapsed), p.Found, state))
	}
	return rows
}

// sum is what all processes came to.
func (v *agentView) sum() (agent.Totals, time.Duration) {
	t, cost := v.gone, v.cost
	for _, p := range v.now {
		t = t.Plus(p.Status.Totals)
		cost += p.Status.Cost
	}
	return t, cost
}

func (v *agentView) end() {
	v.relay.end()
	v.endBlock()
	t, cost := v.sum()
	elapsed := time.Since(v.began)
	v.say("%s of %s in %s: %s; cost about %.2f %% of a processor", hits(t),
		count(v.seen, "process", "processes"), round(elapsed), count(int(t.Delays), "delay", "delays"), share(cost, elapsed))
	v.notShown(t)
}
