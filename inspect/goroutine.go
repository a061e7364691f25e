package inspect

import (
	"fmt"
)

// goroutine is what is read of a runtime.g.
type goroutine struct {
	addr, id   uint64
	status     uint32
	lo, hi     uint64 // its stack
	m          uint64
	pc, sp, lr uint64 // where it goes on
	goPC       uint64
}

// Statuses of a goroutine (runtime/runtime2.go).
const (
	statusRunnable = 1
	statusRunning  = 2
	statusSyscall  = 3
	statusWaiting  = 4
	statusDead     = 6
	statusScan     = 0x1000
)

var states = map[uint32]string{
	0: "idle", statusRunnable: "runnable", statusRunning: "running", statusSyscall: "syscall",
	statusWaiting: "waiting", statusDead: "dead", 8: "copystack", 9: "preempted", 10: "leaked", 11: "dead",
}

func (g *goroutine) state() string {
	if s := states[g.status]; s != "" {
		return s
	}
	return fmt.Sprintf("status %d", g.status)
}

// gone reports whether the goroutine has ended, or has not begun.
func (g *goroutine) gone() bool { return g.state() == "dead" || g.status == 0 }

const (
	maxGoroutines = 1 << 24
	batch         = 1 << 14 // goroutines that are read at once
)

// goroutines yields all that are there, a batch at a time.
func (p *Process) goroutines(yield func([]goroutine) error) error {
	head, err := p.read(p.variable(p.rt.allgs), 16)
	if err != nil {
		return fmt.Errorf("the list of goroutines: %w", err)
	}
	at, n := word(head), word(head[8:])
	if n == 0 || n > maxGoroutines {
		return fmt.Errorf("the list of goroutines says that there are %d: the process has not begun, or is not of this executable", n)
	}
	for ; n > 0; at, n = at+batch*8, n-min(n, batch) {
		list, err := p.read(at, int(min(n, batch))*8)
		if err != nil {
			return fmt.Errorf("the list of goroutines: %w", err)
		}
		addrs := make([]uint64, 0, len(list)/8)
		for ; len(list) > 0; list = list[8:] {
			addrs = append(addrs, word(list))
		}
		if err := yield(p.readGs(addrs)); err != nil {
			return err
		}
	}
	return nil
}

// readGs reads the goroutines at addrs; those that cannot be read are left out.
func (p *Process) readGs(addrs []uint64) []goroutine {
	bufs := buffers(len(addrs), p.rt.gSize)
	whole := p.src.readMany(addrs, bufs)
	out := make([]goroutine, 0, len(addrs))
	for i, b := range bufs {
		if whole[i] {
			out = append(out, p.parseG(addrs[i], b))
		}
	}
	return out
}

func (p *Process) parseG(addr uint64, b []byte) goroutine {
	l := &p.rt
	g := goroutine{
		addr: addr, id: word(b[l.goid:]), status: half(b[l.status:]) &^ statusScan,
		lo: word(b[l.stackLo:]), hi: word(b[l.stackHi:]), m: word(b[l.m:]),
		pc: word(b[l.schedPC:]), sp: word(b[l.schedSP:]), lr: word(b[l.schedLR:]), goPC: word(b[l.goPC:]),
	}
	if sp := word(b[l.syscallSP:]); sp != 0 && g.status == statusSyscall {
		g.pc, g.sp, g.lr = word(b[l.syscallPC:]), sp, 0
	}
	return g
}

// buffers makes n of a size, of one piece of memory.
func buffers(n, size int) [][]byte {
	all, out := make([]byte, n*size), make([][]byte, n)
	for i := range out {
		out[i] = all[i*size : (i+1)*size : (i+1)*size]
	}
	return out
}

// machine is what is read of a runtime.m.
type machine struct {
	procid, curg, g0, gsignal, older uint64
}

func (p *Process) readM(addr uint64) (machine, error) {
	b, err := p.read(addr, p.rt.mSize)
	if err != nil {
		return machine{}, err
	}
	l := &p.rt
	return machine{word(b[l.procid:]), word(b[l.curg:]), word(b[l.g0:]), word(b[l.gsignal:]), word(b[l.older:])}, nil
}

const maxThreads = 1 << 16

// machines returns the threads of the runtime by their numbers, from those that
// goroutines run on, and all that are older.
func (p *Process) machines(from map[uint64]bool) map[int]machine {
	out := map[int]machine{}
	seen := map[uint64]bool{}
	for addr := range from {
		for addr != 0 && !seen[addr] && len(seen) < maxThreads {
			seen[addr] = true
			m, err := p.readM(addr)
			if err != nil {
				break
			}
			out[int(m.procid)] = m
			addr = m.older
		}
	}
	return out
}
