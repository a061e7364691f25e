//go:build amd64 || arm64

package agent

import (
	"bufio"
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"

	"github.com/mapsan/mapsan/binfo"
	"github.com/mapsan/mapsan/finding"
)

// executable is what probes need to know of one; processes share it.
type executable struct {
	info  binfo.Info
	sites []Site
	fatal Site // where the runtime ends the process
	goid, goPC,
	iterMap uint64 // offsets in runtime.g and the iterator
	moves bool   // it may be loaded anywhere
	shift uint64 // what a place in its segment of code has more in the file than in its addresses
}

// opened is an executable that is open.
type opened struct {
	file *os.File    // stays what it is, whatever a process runs later
	bin  *binfo.File // nil until it is read
}

// target is a process that runs.
type target struct {
	*executable
	*opened
	pid      int
	bias     uint64 // what is added to the file's addresses
	resource finding.Resource
}

// openTarget reads a process's executable. What is not as expected is an error.
func openTarget(pid int) (*target, error) {
	e, b, err := openExecutable(exePath(pid))
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil, fmt.Errorf("process %d: there is none", pid)
	case errors.Is(err, os.ErrPermission):
		return nil, fmt.Errorf("process %d: not permitted: it is another user's; attach as root, or with CAP_SYS_PTRACE, and CAP_DAC_READ_SEARCH if none but its owner may read its executable", pid)
	case errors.Is(err, binfo.ErrNotGo):
		return nil, fmt.Errorf("process %d: not a Go program", pid)
	case err != nil:
		return nil, fmt.Errorf("process %d: %w", pid, err)
	}
	t, err := newTarget(pid, e, b)
	if err != nil {
		b.close()
		return nil, err
	}
	return t, nil
}

func exePath(pid int) string { return fmt.Sprintf("/proc/%d/exe", pid) }

// newTarget finds where an executable lies in a process.
func newTarget(pid int, e *executable, b *opened) (*target, error) {
	t := &target{executable: e, opened: b, pid: pid}
	if e.moves {
		start, offset, err := codeMapping(pid, b.file)
		if err != nil {
			return nil, fmt.Errorf("process %d: %w", pid, err)
		}
		t.bias = start - offset + e.shift
	}
	t.resource = resourceOf(pid, e.info)
	return t, nil
}

// resourceOf reads what a process says of itself. Of its environment nothing is kept
// but OpenTelemetry's resource. What cannot be read is as if it said nothing.
func resourceOf(pid int, info binfo.Info) finding.Resource {
	dir := fmt.Sprintf("/proc/%d/", pid)
	exe, _ := os.Readlink(dir + "exe")
	r := service(head(dir+"environ"), head(dir+"cgroup"), exe, info)
	r.PID = pid
	if r.HostName == "" {
		r.HostName, _ = os.Hostname()
	}
	for _, s := range []*string{&r.ServiceName, &r.Namespace, &r.PodUID, &r.ContainerID, &r.HostName} {
		*s = brief(*s)
	}
	return r
}

// head is the beginning of a file whose size is the target's choice.
func head(path string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	text, _ := io.ReadAll(io.LimitReader(f, 1<<20))
	return string(text)
}

// brief cuts a text that may be a target's choice, and is a part of a longer one.
func brief(s string) string {
	return strings.Clone(strings.ToValidUTF8(s[:min(len(s), 1<<10)], ""))
}

// openExecutable finds where probes go and what they need to know.
func openExecutable(path string) (*executable, *opened, error) {
	b, err := openExe(path)
	if err != nil {
		return nil, nil, err
	}
	e, err := b.examine(newAllowance())
	if err != nil {
		b.close()
		return nil, nil, err
	}
	return e, b, nil
}

func openExe(path string) (*opened, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read its executable: %w", err)
	}
	return &opened{file: f}, nil
}

// path leads to the file, be it deleted or in another mount namespace.
func (b *opened) path() string { return fmt.Sprintf("/proc/self/fd/%d", b.file.Fd()) }

func (b *opened) close() error { return b.file.Close() }

// load reads it, for who describes what happened in it.
func (b *opened) load() error {
	if b.bin != nil {
		return nil
	}
	return b.loadFrom(b.file)
}

func (b *opened) loadFrom(r io.ReaderAt) error {
	st, err := b.file.Stat()
	if err == nil {
		b.bin, err = binfo.NewStrangers(r, st.Size())
	}
	if err != nil {
		return fmt.Errorf("read its executable: %w", err)
	}
	return nil
}

// allowance is how many bytes of a file may still be read, by who does not know it yet.
type allowance struct{ atomic.Int64 }

func newAllowance() *allowance {
	a := &allowance{}
	a.Store(1 << 30)
	return a
}

// end lets nothing be read any more, all of it once more.
func (a *allowance) end()  { a.Store(math.MinInt64 / 2) }
func (a *allowance) lift() { a.Store(math.MaxInt64) }

var errTooMuch = errors.New("it takes too much to read its executable")

// sparing reads as much as is allowed.
type sparing struct {
	io.ReaderAt
	left *allowance
}

func (s sparing) ReadAt(p []byte, at int64) (int, error) {
	if s.left.Add(-int64(len(p))) < 0 {
		return 0, errTooMuch
	}
	return s.ReaderAt.ReadAt(p, at)
}

// examine finds what probes need to know. The file may be made to do harm.
func (b *opened) examine(left *allowance) (e *executable, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("damaged: %v", p)
		}
		switch {
		case left.Load() < 0:
			err = errTooMuch
		case err == nil:
			left.lift()
		}
	}()
	r := sparing{b.file, left}
	if err := b.loadFrom(r); err != nil {
		return nil, err
	}
	e = &executable{info: own(b.bin.Info())}
	if e.sites, err = Sites(b.bin); err != nil {
		return nil, err
	}
	if e.fatal, err = fatalSite(b.bin); err != nil {
		return nil, err
	}
	var ok bool
	if e.goid, ok = fieldOffset(b.bin, "runtime.g", "goid"); !ok {
		return nil, errors.New("the executable does not say where a goroutine's number is")
	}
	if e.goPC, ok = fieldOffset(b.bin, "runtime.g", "gopc"); !ok {
		return nil, errors.New("the executable does not say where a goroutine's go statement is")
	}
	if slices.ContainsFunc(e.sites, func(s Site) bool { return s.Iterator }) {
		if e.iterMap, err = iteratorsMap(b.bin); err != nil {
			return nil, err
		}
	}
	return e, e.place(r)
}

// own is what findings have of a build, and keeps nothing else.
func own(i binfo.Info) binfo.Info {
	const revision = "vcs.revision"
	return binfo.Info{
		GoVersion: brief(i.GoVersion), Path: brief(i.Path), GoBuildID: brief(i.GoBuildID),
		Settings: map[string]string{revision: brief(i.Settings[revision])},
	}
}

// fieldOffset is where a field of a struct is: by the one descriptor of that name that has
// it, since to read DWARF takes ten times as long as all else, or else by that.
func fieldOffset(f *binfo.File, typ, field string) (at uint64, ok bool) {
	offset := func(t *binfo.Type) (uint64, bool) {
		for _, f := range t.Fields() {
			if f.Name == field {
				return uint64(f.Offset), true
			}
		}
		return 0, false
	}
	found := 0
	for _, t := range f.TypesNamed(typ) {
		if n, has := offset(t); has {
			at = n
			found++
		}
	}
	if found == 1 {
		return at, true
	}
	if t := f.StructWith(typ, field); t != nil {
		return offset(t)
	}
	return 0, false
}

// iteratorsMap is where an iterator keeps its map: where the function that begins
// an iteration stores it. Such functions have some hundred bytes and twenty stores.
func iteratorsMap(f *binfo.File) (uint64, error) {
	const maxCode, maxStores = 16 << 10, 200
	var found []int64
	stores := 0
	for fn := range f.Funcs() {
		op, _, header, iterator, ok := binfo.OpOf(fn.Name)
		if !ok || op != binfo.Iterate || header < 0 || strings.HasPrefix(fn.Name, "reflect.") {
			continue
		}
		if fn.End-fn.Entry > maxCode {
			return 0, fmt.Errorf("function %s: %d bytes are too many for it", fn.Name, fn.End-fn.Entry)
		}
		code, err := f.Code(fn)
		if err != nil {
			return 0, fmt.Errorf("function %s: %w", fn.Name, err)
		}
		for i, in := range code.Insts {
			for _, e := range in.Effects {
				if e.Kind != binfo.Store {
					continue
				}
				if stores++; stores > maxStores {
					return 0, fmt.Errorf("function %s: it stores too much", fn.Name)
				}
				at, v := code.Address(i, e.Mem), code.Expr(i, e.Val)
				if at.Kind == binfo.Added && at.X.Kind == binfo.Param && at.X.N == int64(iterator) && v.Kind == binfo.Param && v.N == int64(header) {
					found = append(found, at.N)
				}
			}
		}
	}
	slices.Sort(found)
	if found = slices.Compact(found); len(found) != 1 {
		return 0, fmt.Errorf("the code that begins an iteration does not say where the iterator keeps its map: %d candidates", len(found))
	}
	return uint64(found[0]), nil
}

// place finds where the sites are in the file.
func (e *executable) place(r io.ReaderAt) error {
	exe, err := elf.NewFile(r)
	if err != nil {
		return err
	}
	fatal := []Site{e.fatal}
	if err := errors.Join(place(e.sites, exe), place(fatal, exe)); err != nil {
		return err
	}
	e.fatal = fatal[0]
	if e.moves = exe.Type == elf.ET_DYN; !e.moves {
		return nil
	}
	for _, p := range exe.Progs {
		if p.Type == elf.PT_LOAD && p.Flags&elf.PF_X != 0 {
			e.shift = p.Off - p.Vaddr
			return nil
		}
	}
	return errors.New("the executable has no code")
}

// touch reads the code at the sites once: the kernel is not to read a page of it
// from the disk while it sets a probe.
func (t *target) touch() error { return t.read(append([]Site{t.fatal}, t.sites...)) }

// place finds where more sites lie in the file, and reads these places, too.
func (t *target) place(sites []Site) error {
	exe, err := elf.NewFile(t.file)
	if err != nil {
		return err
	}
	if err := place(sites, exe); err != nil {
		return err
	}
	return t.read(sites)
}

func (t *target) read(sites []Site) error {
	for _, s := range sites {
		if _, err := t.file.ReadAt(make([]byte, 16), int64(s.Offset)); err != nil && err != io.EOF {
			return fmt.Errorf("read the executable: %w", err)
		}
	}
	return nil
}

// codeMapping returns where the code of a process's executable begins in its
// memory, and in the file.
func codeMapping(pid int, exe *os.File) (start, offset uint64, err error) {
	want, err := exe.Stat()
	if err != nil {
		return 0, 0, err
	}
	f, err := os.Open(fmt.Sprintf("/proc/%d/maps", pid))
	if err != nil {
		return 0, 0, err
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		// 55d0c8a00000-55d0c8b00000 r-xp 00001000 fe:00 123 /path
		fields := strings.Fields(lines.Text())
		if len(fields) < 6 || !strings.Contains(fields[1], "x") || !sameInode(want, fields[4]) {
			continue
		}
		from, _, _ := strings.Cut(fields[0], "-")
		start, err1 := strconv.ParseUint(from, 16, 64)
		offset, err2 := strconv.ParseUint(fields[2], 16, 64)
		return start, offset, errors.Join(err1, err2)
	}
	return 0, 0, errors.New("its executable is not mapped: it may be about to end")
}

// sameInode reports whether the inode of a line of maps is the file's. The path
// there says nothing in another mount namespace.
func sameInode(fi os.FileInfo, inode string) bool {
	st, ok := fi.Sys().(*syscall.Stat_t)
	return ok && strconv.FormatUint(st.Ino, 10) == inode
}
