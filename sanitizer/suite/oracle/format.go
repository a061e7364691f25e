package oracle

import (
	"fmt"
	"strconv"
	"strings"
)

// # stands for Obj, @ for Aux.
var kindFormats = [kinds]string{
	Go: "go g@", End: "return",
	Lock: "mu#.Lock()", Unlock: "mu#.Unlock()", TryFail: "mu#.TryLock() // false",
	WLock: "rw#.Lock()", WUnlock: "rw#.Unlock()", RLock: "rw#.RLock()", RUnlock: "rw#.RUnlock()",
	Send: "c# <- 1", Recv: "<-c#", Close: "close(c#)", RecvClosed: "<-c# // closed",
	Poll: "select { case <-c#: default: } // default",
	Load: "a#.Load()", Store: "a#.Store(v)", Swap: "a#.Swap(v)", Add: "a#.Add(1)",
	CAS: "a#.CompareAndSwap(old, v) // true", CASFail: "a#.CompareAndSwap(other, v) // false",
	GroupAdd: "wg#.Add(1)", GroupDone: "wg#.Done()", GroupWait: "wg#.Wait()",
	OnceBegin: "once#.Do(func() {", OnceEnd: "}) // once#", OnceSkip: "once#.Do(f) // done",
	CondWait: "cond#.Wait() // begins, on mu#", Signal: "cond#.Signal()", CondWake: "cond#.Wait() // returns",
}

var (
	readFormats  = [Reads]string{"_ = m#[k]", "_, _ = m#[k]", "_ = len(m#)", "for range m# {}", "_ = maps.Clone(m#)"}
	writeFormats = [Writes]string{"m#[k] = v", "m#[k]++", "delete(m#, k)", "clear(m#)"}
)

// String returns e as a line of Go.
func (e Event) String() string {
	format := ""
	switch e.Kind {
	case Read:
		format = readFormats[e.Aux]
	case Write:
		format = writeFormats[e.Aux]
	case Park:
		return Event{Kind: Kind(e.Aux), Obj: e.Obj}.String() + " // begins to wait"
	default:
		format = kindFormats[e.Kind]
	}
	return strings.NewReplacer("#", strconv.Itoa(e.Obj), "@", strconv.Itoa(e.Aux)).Replace(format)
}

// String returns p as a listing, one column per goroutine, with the oracle's verdicts.
func (p *Program) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "// channel capacities %v; time runs downwards\n", p.Chans)
	verdicts := Judge(p)
	for i, e := range p.Events {
		fmt.Fprintf(&b, "%3d  %sg%d: %v", i, strings.Repeat("        ", e.G), e.G, e)
		if v := verdicts[i]; v.Race {
			fmt.Fprintf(&b, "  // RACE with %d", v.Prior)
			if v.Repeat {
				b.WriteString(", as before")
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}
