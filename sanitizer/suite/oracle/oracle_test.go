package oracle

import (
	"strings"
	"testing"
)

func TestJudge(t *testing.T) {
	write := func(g int) Event { return Event{g, Write, 0, Assign} }
	read := func(g int) Event { return Event{g, Read, 0, Lookup} }
	spawn := func(g int) Event { return Event{0, Go, 0, g} }
	ev := func(g int, k Kind, obj, aux int) Event { return Event{g, k, obj, aux} }
	const unbuffered, one, two = 0, 1, 2 // channels of DefaultShape

	for _, test := range []struct {
		name   string
		events []Event
		races  []int
	}{
		{"go statement", []Event{write(0), spawn(1), write(1)}, nil},
		{"after the go statement", []Event{spawn(1), write(0), write(1)}, []int{2}},
		{"end orders nothing", []Event{spawn(1), write(1), ev(1, End, 0, 0), write(0)}, []int{3}},
		{"two reads", []Event{spawn(1), read(0), read(1)}, nil},
		{"write after two reads", []Event{spawn(1), spawn(2), read(1), read(2), write(0)}, []int{4}},
		{"a read hides no other", []Event{spawn(1), read(1), read(0), write(0)}, []int{3}},
		{"mutex", []Event{spawn(1), ev(0, Lock, 0, 0), write(0), ev(0, Unlock, 0, 0), ev(1, Lock, 0, 0), write(1)}, nil},
		{"two mutexes", []Event{spawn(1), ev(0, Lock, 0, 0), write(0), ev(0, Unlock, 0, 0), ev(1, Lock, 1, 0), write(1)}, []int{5}},
		{"before the lock", []Event{spawn(1), ev(0, Lock, 0, 0), ev(0, Unlock, 0, 0), write(0), ev(1, Lock, 0, 0), write(1)}, []int{5}},
		{"waiting for a mutex", []Event{spawn(1), ev(0, Lock, 0, 0), ev(1, Park, 0, int(Lock)), write(0), ev(0, Unlock, 0, 0), ev(1, Lock, 0, 0), write(1)}, nil},
		{"readers", []Event{spawn(1), ev(0, RLock, 0, 0), write(0), ev(0, RUnlock, 0, 0), ev(1, RLock, 0, 0), write(1)}, []int{5}},
		{"reader then writer", []Event{spawn(1), ev(0, RLock, 0, 0), read(0), ev(0, RUnlock, 0, 0), ev(1, WLock, 0, 0), write(1)}, nil},
		{"message", []Event{spawn(1), write(0), ev(0, Send, one, 0), ev(1, Recv, one, 0), write(1)}, nil},
		{"after the message", []Event{spawn(1), ev(0, Send, one, 0), write(0), ev(1, Recv, one, 0), write(1)}, []int{4}},
		{"capacity", []Event{
			spawn(1), ev(0, Send, one, 0), write(1), ev(1, Recv, one, 0), ev(0, Send, one, 0), write(0),
		}, nil},
		{"more capacity", []Event{
			spawn(1), ev(0, Send, two, 0), write(1), ev(1, Recv, two, 0), ev(0, Send, two, 0), write(0),
		}, []int{5}},
		{"rendezvous", []Event{
			spawn(1), spawn(2), write(1), ev(1, Park, unbuffered, int(Recv)), ev(0, Send, unbuffered, 1), ev(1, Recv, unbuffered, 0), write(0),
		}, nil},
		{"close", []Event{spawn(1), write(0), ev(0, Close, one, 0), ev(1, RecvClosed, one, 0), write(1)}, nil},
		{"message before close", []Event{
			spawn(1), ev(0, Send, one, 0), write(0), ev(0, Close, one, 0), ev(1, Recv, one, 0), write(1),
		}, []int{5}},
		{"store and load", []Event{spawn(1), write(0), ev(0, Store, 0, 0), ev(1, Load, 0, 0), write(1)}, nil},
		{"load and store", []Event{spawn(1), write(0), ev(0, Load, 0, 0), ev(1, Store, 0, 0), write(1)}, []int{4}},
		{"overwritten", []Event{spawn(1), spawn(2), write(0), ev(0, Store, 0, 0), ev(2, Store, 0, 0), ev(1, Load, 0, 0), write(1)}, []int{6}},
		{"added to", []Event{spawn(1), spawn(2), write(0), ev(0, Store, 0, 0), ev(2, Add, 0, 0), ev(1, Load, 0, 0), write(1)}, nil},
		{"failed swap", []Event{spawn(1), write(0), ev(0, CASFail, 0, 0), ev(1, Load, 0, 0), write(1)}, []int{4}},
		{"group", []Event{ev(0, GroupAdd, 0, 0), spawn(1), write(1), ev(1, GroupDone, 0, 0), ev(0, GroupWait, 0, 0), write(0)}, nil},
		{"once", []Event{spawn(1), ev(0, OnceBegin, 0, 0), write(0), ev(0, OnceEnd, 0, 0), ev(1, OnceSkip, 0, 0), write(1)}, nil},
		{"signal without the lock", []Event{
			spawn(1), ev(1, Lock, 0, 0), ev(1, CondWait, 0, 0), write(0), ev(0, Signal, 0, 1), ev(1, CondWake, 0, 0), write(1),
		}, nil},
	} {
		p := &Program{Shape: DefaultShape(), Events: test.events}
		if err := p.Check(); err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		want := map[int]bool{}
		for _, i := range test.races {
			want[i] = true
		}
		for i, v := range Judge(p) {
			if v.Race != want[i] {
				t.Errorf("%s: event %d: race %v, want %v\n%v", test.name, i, v.Race, want[i], p)
			}
		}
	}
}

func TestCheck(t *testing.T) {
	for name, events := range map[string][]Event{
		"unlock of a free mutex":  {{0, Unlock, 0, 0}},
		"lock of a held mutex":    {{0, Go, 0, 1}, {0, Lock, 0, 0}, {1, Lock, 0, 0}},
		"a wait without end":      {{0, Go, 0, 1}, {0, Lock, 0, 0}, {1, Park, 0, int(Lock)}},
		"a full channel":          {{0, Send, 1, 0}, {0, Send, 1, 0}},
		"a goroutine that ended":  {{0, Go, 0, 1}, {1, End, 0, 0}, {1, Read, 0, 0}},
		"no such map":             {{0, Read, 9, 0}},
		"send on closed":          {{0, Close, 1, 0}, {0, Send, 1, 0}},
		"another event than next": {{0, Go, 0, 1}, {1, Park, 1, int(Recv)}, {0, Send, 1, 0}, {0, Read, 0, 0}, {1, Recv, 1, 0}},
	} {
		if p := (&Program{DefaultShape(), events}); p.Check() == nil {
			t.Errorf("%s: Check = nil, want an error\n%v", name, p)
		}
	}
}

func TestGenerate(t *testing.T) {
	var seen [kinds]int
	races, quiet := 0, 0
	for seed := range uint64(5000) {
		p := Generate(seed, DefaultShape(), 80)
		if err := p.Check(); err != nil {
			t.Fatalf("seed %d: %v\n%v", seed, err, p)
		}
		for i, v := range Judge(p) {
			e := p.Events[i]
			seen[e.Kind]++
			if e.Access() && v.Race {
				races++
			} else if e.Access() {
				quiet++
			}
		}
	}
	for k, n := range seen {
		if n < 150 {
			t.Errorf("kind %d came %d times in 5000 programs", k, n)
		}
	}
	if races < quiet/10 || quiet < races/10 {
		t.Errorf("%d accesses race and %d do not: too one-sided to test anything", races, quiet)
	}
	t.Logf("%d accesses race, %d do not; events by kind %v", races, quiet, seen)
}

func TestShrink(t *testing.T) {
	races := func(p *Program) bool {
		for i, v := range Judge(p) {
			if v.Race && p.Events[i].Kind == Write && p.Events[v.Prior].Kind == Read {
				return true
			}
		}
		return false
	}
	for seed := range uint64(50) {
		p := Generate(seed, DefaultShape(), 80)
		if !races(p) {
			continue
		}
		q := Shrink(p, races)
		if len(q.Events) != 3 || !races(q) || !strings.Contains(q.String(), "RACE with 1") {
			t.Errorf("seed %d shrunk to\n%v\nwant a go statement, a read and a write", seed, q)
		}
	}
}
