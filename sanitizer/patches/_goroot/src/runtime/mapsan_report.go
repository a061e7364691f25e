package runtime

import (
	"internal/abi"
	"internal/runtime/atomic"
	"internal/runtime/maps"
	rt "internal/runtime/mapsan"
	"unsafe"
)

// mapsanState is what the reports share; lock guards it.
var mapsanState struct {
	lock     mutex
	exitcode int32
	halt     bool
	path     string // of the log, "" for standard error
	fd       int32
	opened   bool
	strip    string
	seen     [1024]uint64 // pairs of stacks already reported, by hash
	buf      [64 << 10]byte
	n        int
}

var (
	mapsanFound atomic.Uint64 // findings reported
	mapsanPairs atomic.Uint64 // races seen, before those that repeat a finding are left out
)

// mapsanRaw returns how many racing accesses were seen, repeated ones included.
//
//go:linkname mapsanRaw
func mapsanRaw() uint64 { return mapsanPairs.Load() }

//go:linkname mapsan_errors internal/race.Errors
func mapsan_errors() int { return int(mapsanFound.Load()) }

// racefini ends a process whose exit status would be 0.
func racefini() {
	if mapsanFound.Load() != 0 {
		exit(mapsanState.exitcode)
	}
	exit(0)
}

// mapsanOptions reads the environment variable MAPSAN, which has the form of GORACE.
func mapsanOptions() {
	s := &mapsanState
	s.exitcode = 66
	s.fd = 2
	o := gogetenv("MAPSAN")
	for len(o) > 0 {
		var field string
		i := 0
		for i < len(o) && o[i] != ' ' {
			i++
		}
		field, o = o[:i], o[i:]
		for len(o) > 0 && o[0] == ' ' {
			o = o[1:]
		}
		k := 0
		for k < len(field) && field[k] != '=' {
			k++
		}
		if k == len(field) {
			continue
		}
		key, val := field[:k], field[k+1:]
		switch key {
		case "exitcode":
			if n, err := mapsanAtoi(val); err {
				s.exitcode = n
			}
		case "halt_on_error":
			s.halt = val == "1"
		case "log_path":
			switch val {
			case "stderr":
			case "stdout":
				s.fd = 1
			default:
				s.path = val
			}
		case "strip_path_prefix":
			s.strip = val
		case "history":
			rt.KeepHistory = val != "0"
		}
	}
}

func mapsanAtoi(s string) (n int32, ok bool) {
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' || n > 1<<20 {
			return 0, false
		}
		n = n*10 + int32(s[i]-'0')
	}
	return n, len(s) > 0
}

// mapsanReport writes the finding of an access by gp that races with prior.
// It runs on the system stack.
func mapsanReport(gp *g, typ *abi.MapType, m *maps.Map, op rt.Op, stack uint32, prior *rt.Access) {
	mapsanPairs.Add(1)
	s := &mapsanState
	lock(&s.lock)
	if mapsanSeen(op, stack, prior) {
		unlock(&s.lock)
		return
	}
	n := mapsanFound.Add(1)
	s.n = 0
	g := mapsanCtx(gp)
	mapsanStr("==================\nWARNING: MAP RACE (pid=")
	mapsanDec(uint64(mapsanPid()))
	mapsanStr(" finding=")
	mapsanDec(n)
	mapsanStr(")\n")
	mapsanOp(op, true)
	mapsanStr(" at ")
	mapsanHex(uintptr(unsafe.Pointer(m)))
	mapsanStr(" of ")
	if typ != nil {
		mapsanStr(toRType(&typ.Type).string())
	} else {
		mapsanStr("map")
	}
	mapsanStr(" by goroutine ")
	mapsanDec(gp.goid)
	mapsanStr(":\n")
	mapsanStack(stack)
	mapsanStr("\nPrevious ")
	mapsanOp(prior.Op(), false)
	mapsanStr(" by goroutine ")
	mapsanDec(prior.Goid())
	mapsanStr(":\n")
	mapsanStack(prior.Stack)
	mapsanOrigin(gp.goid, g.Origin)
	mapsanOrigin(prior.Goid(), prior.Origin)
	mapsanHistory(gp.goid, g)
	if o := mapsanFind(prior.Goid()); o != nil && mapsanCtx(o) != nil {
		mapsanHistory(prior.Goid(), mapsanCtx(o))
	}
	mapsanStr("\nClocks: goroutine ")
	mapsanDec(gp.goid)
	mapsanStr(" at time ")
	mapsanDec(g.Now())
	mapsanStr(" knows goroutine ")
	mapsanDec(prior.Goid())
	mapsanStr(" up to time ")
	mapsanDec(g.KnownOf(prior.Epoch))
	mapsanStr("; the previous access was at time ")
	mapsanDec(prior.Epoch.Time())
	mapsanStr("\n==================\n")
	mapsanFlush()
	unlock(&s.lock)
	if s.halt {
		exit(s.exitcode)
	}
}

// mapsanSeen reports whether the pair was reported before, and notes it.
func mapsanSeen(op rt.Op, stack uint32, prior *rt.Access) bool {
	a := uint64(stack)<<8 | uint64(op)
	b := uint64(prior.Stack)<<8 | uint64(prior.Op())
	if a > b {
		a, b = b, a
	}
	h := (a*0x9e3779b97f4a7c15 ^ b) * 0xbf58476d1ce4e5b9
	h |= 1
	seen := &mapsanState.seen
	for i := h >> 54; ; i++ {
		p := &seen[i%uint64(len(seen))]
		if *p == h {
			return true
		}
		if *p == 0 {
			*p = h
			return false
		}
		if i > h>>54+64 {
			*p = h
			return false
		}
	}
}

func mapsanOrigin(goid uint64, origin uint32) {
	state := " (finished)"
	if mapsanFind(goid) != nil {
		state = " (running)"
	}
	mapsanStr("\nGoroutine ")
	mapsanDec(goid)
	mapsanStr(state)
	if goid == 1 {
		mapsanStr(" is the main goroutine\n")
		return
	}
	mapsanStr(" created at:\n")
	if origin == 0 {
		mapsanStr("  [created by the runtime]\n")
		return
	}
	mapsanStack(origin)
}

// mapsanFind returns the live goroutine of an id, nil if it ended.
func mapsanFind(goid uint64) *g {
	var found *g
	forEachGRace(func(gp *g) {
		if gp.goid == goid && readgstatus(gp)&^_Gscan != _Gdead {
			found = gp
		}
	})
	return found
}

func mapsanHistory(goid uint64, g *rt.G) {
	n := g.Events()
	if n == 0 {
		return
	}
	mapsanStr("\nSynchronisation of goroutine ")
	mapsanDec(goid)
	mapsanStr(", latest last:\n")
	for i := 0; i < n; i++ {
		e := g.Event(i)
		if e.Kind == rt.EventAcquire {
			mapsanStr("  acquire ")
		} else {
			mapsanStr("  release ")
		}
		mapsanHex(e.Address())
		if e.Kind == rt.EventAcquire && e.Goid != 0 {
			mapsanStr(" learnt goroutine ")
			mapsanDec(e.Goid)
			mapsanStr(" up to time ")
			mapsanDec(e.Name.Time())
		} else if e.Kind == rt.EventRelease {
			mapsanStr(" at time ")
			mapsanDec(e.Time)
		}
		mapsanStr("\n")
		mapsanPlace(e)
	}
}

// mapsanPlace writes the source line of an event: its innermost frame outside
// the packages that implement synchronisation.
func mapsanPlace(e *rt.Event) {
	for _, pc := range e.PC {
		f := findfunc(pc)
		if pc == 0 || !f.valid() {
			return
		}
		u, uf := newInlineUnwinder(f, pc-1)
		for ; uf.valid(); uf = u.next(uf) {
			name := u.srcFunc(uf).name()
			if mapsanPrefix(name, "runtime.") || mapsanPrefix(name, "sync.") || mapsanPrefix(name, "sync/atomic.") ||
				mapsanPrefix(name, "internal/") {
				continue
			}
			file, line := u.fileLine(uf)
			mapsanStr("      ")
			mapsanPath(file)
			mapsanStr(":")
			mapsanDec(uint64(line))
			mapsanStr("\n")
			return
		}
	}
}

func mapsanOp(op rt.Op, first bool) {
	w := "read"
	if op.Write() {
		w = "write"
	}
	if first {
		w = "Read"
		if op.Write() {
			w = "Write"
		}
	}
	mapsanStr(w)
	switch op {
	case rt.OpLookup:
		mapsanStr(" (lookup)")
	case rt.OpLen:
		mapsanStr(" (len)")
	case rt.OpIterate:
		mapsanStr(" (iterate)")
	case rt.OpClone:
		mapsanStr(" (clone)")
	case rt.OpAssign:
		mapsanStr(" (assign)")
	case rt.OpDelete:
		mapsanStr(" (delete)")
	case rt.OpClear:
		mapsanStr(" (clear)")
	}
}

// mapsanStack writes a stack, without the runtime's frames at either end.
func mapsanStack(id uint32) {
	s := rt.StackAt(id)
	if s == nil {
		mapsanStr("  [partial stack]\n")
		return
	}
	inside := true
	for i := 0; i < s.Len(); i++ {
		pc := s.PC(i)
		f := findfunc(pc)
		if !f.valid() {
			continue
		}
		u, uf := newInlineUnwinder(f, pc-1)
		for ; uf.valid(); uf = u.next(uf) {
			sf := u.srcFunc(uf)
			if sf.funcID == abi.FuncIDWrapper || sf.funcID == abi.FuncID_goexit || sf.funcID == abi.FuncID_runtime_main {
				continue
			}
			name := sf.name()
			if inside && (mapsanPrefix(name, "runtime.") || mapsanPrefix(name, "internal/runtime/")) {
				continue
			}
			inside = false
			file, line := u.fileLine(uf)
			mapsanStr("  ")
			mapsanFunc(name)
			mapsanStr("()\n      ")
			mapsanPath(file)
			mapsanStr(":")
			mapsanDec(uint64(line))
			if !u.isInlined(uf) {
				mapsanStr(" +0x")
				mapsanHexDigits(uint64(pc-f.entry()), 1)
			}
			mapsanStr("\n")
		}
	}
	if s.Partial() {
		mapsanStr("  [partial stack]\n")
	}
}

// mapsanFunc writes the name of a function, its type arguments as [...].
func mapsanFunc(name string) {
	i, j := 0, len(name)
	for i < len(name) && name[i] != '[' {
		i++
	}
	for j > i && name[j-1] != ']' {
		j--
	}
	mapsanStr(name[:i])
	if i < j {
		mapsanStr("[...]")
		mapsanStr(name[j:])
	}
}

func mapsanPrefix(s, prefix string) bool {
	return len(s) >= len(prefix) && s[:len(prefix)] == prefix
}

func mapsanPath(file string) {
	if p := mapsanState.strip; p != "" && mapsanPrefix(file, p) {
		file = file[len(p):]
	}
	mapsanStr(file)
}

func mapsanStr(s string) {
	t := &mapsanState
	for len(s) > 0 {
		if t.n == len(t.buf) {
			mapsanFlush()
		}
		n := copy(t.buf[t.n:], s)
		t.n += n
		s = s[n:]
	}
}

func mapsanDec(v uint64) {
	var b [20]byte
	i := len(b)
	for {
		i--
		b[i] = byte('0' + v%10)
		if v /= 10; v == 0 {
			break
		}
	}
	mapsanBytes(&b, i)
}

func mapsanBytes(b *[20]byte, i int) {
	for ; i < len(b); i++ {
		if mapsanState.n == len(mapsanState.buf) {
			mapsanFlush()
		}
		mapsanState.buf[mapsanState.n] = b[i]
		mapsanState.n++
	}
}

func mapsanHex(v uintptr) {
	mapsanStr("0x")
	mapsanHexDigits(uint64(v), 12)
}

func mapsanHexDigits(v uint64, width int) {
	var b [20]byte
	i := len(b)
	for v != 0 || len(b)-i < width {
		i--
		b[i] = "0123456789abcdef"[v&15]
		v >>= 4
	}
	mapsanBytes(&b, i)
}

func mapsanFlush() {
	s := &mapsanState
	if s.path != "" && !s.opened {
		s.opened = true
		s.fd = mapsanOpen(s.path)
	}
	for b := s.buf[:s.n]; len(b) > 0; {
		n := write(uintptr(s.fd), unsafe.Pointer(&b[0]), int32(len(b)))
		if n <= 0 {
			break
		}
		b = b[n:]
	}
	s.n = 0
}
