package cli

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"unicode"

	"github.com/mapsan/mapsan/agent"
	"github.com/mapsan/mapsan/finding"
)

// hostile is what a process may be called, and what must not come out of mapsan as it is.
const hostile = "a\x1b[2J\u009b2J\nmapsan: all is well\r\u202eb\xff"

// TestHostileNames: no text of a process steers the terminal, or looks like a line of mapsan's.
func TestHostileNames(t *testing.T) {
	process := agent.Process{
		Resource: finding.Resource{PID: 42, ServiceName: hostile, Namespace: hostile, PodUID: hostile, ContainerID: hostile, GoVersion: hostile},
		State:    agent.Watched, Status: agent.Status{PID: 42, Crash: hostile, Unknown: hostile},
	}
	refused := process
	refused.State, refused.Why = agent.Refused, hostile
	inFocus := agent.Status{PID: 42, Crash: hostile, Unknown: hostile, Unfound: []string{hostile},
		Focus: []agent.Suspect{{Map: hostile, How: agent.ByCalls, Why: hostile}}}
	var out bytes.Buffer
	views := func() *catches {
		c, err := newCatches(Streams{Out: &out, Err: &out}, sinks{}, mapRaces)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}

	a := newAttachView(views())
	a.begin(inFocus)
	a.end(inFocus, agent.ErrGone)
	a.say("%s", oneLine(errors.New(hostile)))
	m := newAgentView(views())
	m.came(process)
	m.came(refused)
	m.left(process)
	m.end()
	for row := range strings.SplitSeq(out.String(), "\n") {
		if row != "" && !strings.HasPrefix(row, "mapsan: ") || strings.HasPrefix(row, "mapsan: all is well") {
			t.Errorf("a line is %q", row)
		}
	}
	if !strings.Contains(out.String(), `pod a\x1b[2J\u009b2J\nmapsan: all is well\x0d\u202eb\xff`) {
		t.Errorf("the pod is not told: %q", out.String())
	}
	for _, row := range agentTable([]agent.Process{process, refused}, 1, 200, 10) {
		out.WriteString(row + "\n")
	}
	b := block{w: &out, live: true}
	b.draw([]string{hostile})
	for _, r := range out.String() {
		if r != '\n' && !unicode.IsPrint(r) || r == unicode.ReplacementChar {
			t.Errorf("%q comes out", r)
		}
	}
}
