//go:build amd64 || arm64

package agent

import (
	"context"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/mapsan/mapsan/binfo"
)

// idleMachine is one that nothing is watched on.
func idleMachine() (*machine, *[]Process) {
	told := &[]Process{}
	return &machine{
		o:     MachineOptions{AtOnce: 1, Came: func(p Process) { *told = append(*told, p) }},
		purse: newPurse(1), procs: map[int]*proc{}, exes: exes{known: map[exeID]*exe{}},
		ended: make(chan *proc), looked: make(chan *look, maxStuck+1),
	}, told
}

// TestStuckLooks: who does not come back from a look is left, its process is refused,
// and others are looked at until too many are stuck. What comes late is taken.
func TestStuckLooks(t *testing.T) {
	m, told := idleMachine()
	var late []*look
	for i := range maxStuck {
		p := &proc{pid: os.Getpid(), seen: 2}
		m.procs[p.pid] = p
		l := &look{p: p, began: time.Now().Add(-2 * patience), left: newAllowance()}
		m.busy, p.looking = l, true
		m.lookOn()
		if p.State != Refused || p.Why != errStuck.Error() || l.left.Load() > 0 || len(*told) != i+1 {
			t.Fatalf("%+v is told of as %+v", p, *told)
		}
		late = append(late, l)
	}
	p := &proc{pid: os.Getpid()}
	m.procs[p.pid] = p
	m.enqueue(p)
	m.lookOn()
	if m.busy != nil {
		t.Error("one more is looked at although all may be stuck")
	}
	m.procs[late[0].p.pid] = late[0].p
	late[0].id, late[0].exe = exeID{dev: 1}, &exe{id: exeID{dev: 1}, executable: &executable{}}
	m.take(late[0])
	if got := late[0].p; got.State != Waiting || len(m.queue) != 1 || m.stuck != maxStuck-1 {
		t.Errorf("what came late: %+v, %d stuck", got, m.stuck)
	}
	m.procs[p.pid] = p
	m.lookOn()
	if m.busy == nil {
		t.Fatal("none is looked at although one came back")
	}
	if l := <-m.looked; l.err != nil || l.id == (exeID{}) {
		t.Errorf("a look at this process: %+v", l)
	}
}

// TestRefusalsForTheMoment: what a turn or a look lacked for a moment is tried again
// later, and is said once.
func TestRefusalsForTheMoment(t *testing.T) {
	m, told := idleMachine()
	id := exeID{dev: 1}
	p := &proc{pid: 1, id: id, exe: &exe{id: id, executable: &executable{}, users: 1}, seen: 5}
	m.procs[1], m.exes.known[id] = p, p.exe
	for range 2 {
		p.turn, m.active = &turn{id: id, err: syscall.EMFILE, stop: func() {}}, 1
		m.end(p)
		if p.State != Refused {
			t.Fatalf("after a turn that failed: %+v", p)
		}
		m.take(&look{p: p, id: id})
		if p.State != Refused {
			t.Error("it is tried again at once")
		}
		p.seen = p.retry
		if m.take(&look{p: p, id: id}); p.State != Waiting {
			t.Errorf("it is not tried again: %+v", p)
		}
	}
	// Another process's look that the system made fail says nothing of the file.
	q := &proc{pid: 2}
	m.procs[2] = q
	for range 2 {
		m.take(&look{p: q, id: exeID{dev: 2}, exe: &exe{id: exeID{dev: 2}, err: syscall.EMFILE, again: true}})
		if q.State != Refused || q.id == (exeID{dev: 2}) || m.exes.find(exeID{dev: 2}) != nil {
			t.Errorf("%+v is kept", q)
		}
	}
	if len(*told) != 2 {
		t.Errorf("told %+v", *told)
	}
}

// TestExecutablesAreKept: those that were refused, too, but not all of them.
func TestExecutablesAreKept(t *testing.T) {
	x := exes{known: map[exeID]*exe{}}
	used := x.use(&exe{id: exeID{dev: 1}})
	x.use(&exe{id: exeID{dev: 1}})
	for i := range uint64(3 * maxIdle) {
		x.drop(x.use(&exe{id: exeID{inode: i}, err: binfo.ErrNotGo}))
	}
	x.drop(used)
	if used.users != 1 || x.find(used.id) != used {
		t.Errorf("one that is used is forgotten: %+v", used)
	}
	if len(x.known) != maxIdle+1 || len(x.idle) != maxIdle || x.find(exeID{inode: 3*maxIdle - 1}) == nil || x.find(exeID{}) != nil {
		t.Errorf("%d are known, %d that none uses", len(x.known), len(x.idle))
	}
}

// TestLookTellsTheSystemFromTheFile: a file that is made to do harm is refused for
// good.
func TestLookTellsTheSystemFromTheFile(t *testing.T) {
	l := &look{pid: os.Getpid(), left: newAllowance()}
	l.left.end()
	if l.id, l.err = exeIDOf(l.pid); l.err != nil {
		t.Fatal(l.err)
	}
	if e := l.examine(); !errors.Is(e.err, errTooMuch) || e.again {
		t.Errorf("one that may not be read any more: %+v", e)
	}
	l.left = newAllowance()
	if e := l.examine(); e.err != nil || len(e.sites) == 0 || e.info.GoVersion == "" {
		t.Errorf("this program: %+v", e)
	}
	l.id.inode++
	if e := l.examine(); e != nil || l.id != (exeID{}) {
		t.Errorf("another program: %+v", e)
	}
	l.pid = 1 << 30
	if e := l.examine(); e != nil {
		t.Errorf("one that is gone: %+v", e)
	}
}

// TestHostileExecutables: what would take memory or time without end is refused.
func TestHostileExecutables(t *testing.T) {
	path, f := buildFor(t, "amd64", "racy")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		change func(table functionTable)
		why    string
	}{
		"a map function that is there twice": {func(table functionTable) {
			from := table.record(t, "runtime.mapassign_faststr")
			copy(table.record(t, "main.main")[4:8], from[4:8])
		}, "runtime.mapassign_faststr: it is there twice"},
		"an iteration that begins in much code": {func(table functionTable) {
			table.widen(t, iterationStart(t, f), 17<<10)
		}, "are too many for it"},
	} {
		t.Run(name, func(t *testing.T) {
			data := []byte(string(text))
			c.change(tableOf(t, path, data))
			broken := filepath.Join(t.TempDir(), "broken")
			if err := os.WriteFile(broken, data, 0o755); err != nil {
				t.Fatal(err)
			}
			if _, _, err := openExecutable(broken); err == nil || !strings.Contains(err.Error(), c.why) {
				t.Errorf("%v; want an error that says %q", err, c.why)
			}
		})
	}
}

func iterationStart(t *testing.T, f *binfo.File) string {
	t.Helper()
	for _, name := range []string{"runtime.mapIterStart", "runtime.mapiterinit"} {
		if len(f.FuncsNamed(name)) > 0 {
			return name
		}
	}
	t.Fatal("no iteration begins")
	return ""
}

// functionTable is a table of functions in a file that is to be damaged.
type functionTable struct{ names, records []byte }

func tableOf(t *testing.T, path string, data []byte) functionTable {
	t.Helper()
	s := section(t, path, ".gopclntab")
	all := data[s.Offset : s.Offset+s.Size]
	word := func(i int) uint64 { return binary.LittleEndian.Uint64(all[8+8*i:]) }
	return functionTable{all[word(3):word(4)], all[word(7):]}
}

// find is where the function's entry in the index is.
func (f functionTable) find(t *testing.T, name string) int {
	t.Helper()
	for i := 0; ; i += 8 {
		rec := binary.LittleEndian.Uint32(f.records[i+4:])
		at := binary.LittleEndian.Uint32(f.records[rec+4:])
		if strings.HasPrefix(string(f.names[at:min(int(at)+len(name)+1, len(f.names))]), name+"\x00") {
			return i
		}
	}
}

func (f functionTable) record(t *testing.T, name string) []byte {
	t.Helper()
	return f.records[binary.LittleEndian.Uint32(f.records[f.find(t, name)+4:]):]
}

// widen makes a function longer, and those behind it shorter.
func (f functionTable) widen(t *testing.T, name string, size uint32) {
	t.Helper()
	i := f.find(t, name)
	end := binary.LittleEndian.Uint32(f.records[i:]) + size
	for i += 8; binary.LittleEndian.Uint32(f.records[i:]) < end; i += 8 {
		binary.LittleEndian.PutUint32(f.records[i:], end)
	}
}

// TestScansMayFail: for a while.
func TestScansMayFail(t *testing.T) {
	var were syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &were); err != nil {
		t.Fatal(err)
	}
	none := were
	none.Cur = 0
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &none); err != nil {
		t.Skipf("the limit of descriptors cannot be lowered: %v", err)
	}
	defer syscall.Setrlimit(syscall.RLIMIT_NOFILE, &were)
	m, _ := idleMachine()
	for range lookAgain - 1 {
		if err := m.scan(context.Background()); err != nil {
			t.Errorf("the first scans: %v", err)
		}
	}
	if err := m.scan(context.Background()); !errors.Is(err, syscall.EMFILE) {
		t.Errorf("the last scan: %v", err)
	}
	syscall.Setrlimit(syscall.RLIMIT_NOFILE, &were)
	if err := m.scan(context.Background()); err != nil || m.failed != 0 || len(m.procs) == 0 {
		t.Errorf("a scan that succeeds: %v, %d processes", err, len(m.procs))
	}
}

// TestTextsOfTargetsAreCut: however long they are.
func TestTextsOfTargetsAreCut(t *testing.T) {
	if got := brief(strings.Repeat("é", 1<<16) + "x"); len(got) != 1<<10 || !strings.HasSuffix(got, "é") {
		t.Errorf("%d bytes, %q", len(got), got[max(0, len(got)-4):])
	}
	if got := brief("x" + strings.Repeat("é", 1<<16)); len(got) != 1<<10-1 || !strings.HasSuffix(got, "é") {
		t.Errorf("%d bytes, %q", len(got), got[max(0, len(got)-4):])
	}
	if got := len(head("/dev/zero")); got != 1<<20 {
		t.Errorf("%d bytes of a file without an end", got)
	}
}
