package main

import (
	"sync"

	"github.com/mapsan/mapsan/sanitizer/suite/oracle"
)

// do does event i of goroutine g, whose turn it is, and ends the turn.
func (w *world) do(g, i int) {
	e := w.p.Events[i]
	switch e.Kind {
	case oracle.Park:
		j := w.take(g)
		w.done(i)
		w.operate(w.p.Events[j], -1)
		w.wait(j)
		w.done(j)
		return
	case oracle.CondWait:
		j := w.take(g)
		c := w.conds[e.Obj]
		c.L.(*turnLocker).event = i
		c.Wait()
		w.wait(j)
		w.done(j)
		return
	case oracle.OnceBegin:
		w.onces[e.Obj].Do(func() {
			w.done(i)
			w.run(g)
		})
		if w.ended[g] {
			return
		}
		i = w.turn // that of the OnceEnd
	case oracle.Go:
		go w.run(e.Aux)
	case oracle.Read, oracle.Write:
		before := mapsanRaw()
		if e.Kind == oracle.Read {
			w.maps[e.Obj].read(e.Aux)
		} else {
			w.maps[e.Obj].write(e.Aux)
		}
		w.got[i] = mapsanRaw() - before
	default:
		w.operate(e, i)
	}
	w.done(i)
}

// operate does the synchronisation e. variant, if it is not negative, chooses
// among the ways to do it that differ in nothing when nobody has to wait.
func (w *world) operate(e oracle.Event, variant int) {
	odd := variant > 0 && variant%2 == 1
	switch e.Kind {
	case oracle.Lock:
		if m := w.mus[e.Obj]; odd {
			must(m.TryLock())
		} else {
			m.Lock()
		}
	case oracle.Unlock:
		w.mus[e.Obj].Unlock()
	case oracle.TryFail:
		must(!w.mus[e.Obj].TryLock())
	case oracle.WLock:
		if m := w.rws[e.Obj]; odd {
			must(m.TryLock())
		} else {
			m.Lock()
		}
	case oracle.WUnlock:
		w.rws[e.Obj].Unlock()
	case oracle.RLock:
		if m := w.rws[e.Obj]; odd {
			must(m.TryRLock())
		} else {
			m.RLock()
		}
	case oracle.RUnlock:
		w.rws[e.Obj].RUnlock()
	case oracle.Send:
		w.send(w.chans[e.Obj], variant)
	case oracle.Recv, oracle.RecvClosed:
		w.receive(w.chans[e.Obj], variant)
	case oracle.Close:
		close(w.chans[e.Obj])
	case oracle.Poll:
		select {
		case <-w.chans[e.Obj]:
			must(false)
		default:
		}
	case oracle.Load:
		w.words[e.Obj].load()
	case oracle.Store:
		w.words[e.Obj].store()
	case oracle.Swap:
		w.words[e.Obj].swap()
	case oracle.Add:
		w.words[e.Obj].add(variant)
	case oracle.CAS:
		must(w.words[e.Obj].cas(true))
	case oracle.CASFail:
		must(!w.words[e.Obj].cas(false))
	case oracle.GroupAdd:
		w.wgs[e.Obj].Add(1)
	case oracle.GroupDone:
		w.wgs[e.Obj].Done()
	case oracle.GroupWait:
		w.wgs[e.Obj].Wait()
	case oracle.OnceSkip:
		w.onces[e.Obj].Do(func() { must(false) })
	case oracle.Signal:
		if c := w.conds[e.Obj]; odd {
			c.Broadcast()
		} else {
			c.Signal()
		}
	case oracle.End:
	default:
		panic("live: no such operation: " + e.String())
	}
}

func (w *world) send(c chan int, variant int) {
	switch {
	case cap(c) > 0 && variant%4 == 1:
		select {
		case c <- 1:
		default:
			must(false)
		}
	case variant%4 == 2:
		select {
		case c <- 1:
		case <-w.never:
		}
	default:
		c <- 1
	}
}

func (w *world) receive(c chan int, variant int) {
	switch {
	case cap(c) > 0 && variant%5 == 1:
		select {
		case <-c:
		default:
			must(false)
		}
	case variant%5 == 2:
		select {
		case <-c:
		case w.never <- 1:
		}
	case variant%5 == 3:
		for range c {
			break
		}
	default:
		<-c
	}
}

func must(ok bool) {
	if !ok {
		panic("live: an operation had another outcome than the program says")
	}
}

var _ sync.Locker = (*turnLocker)(nil)
