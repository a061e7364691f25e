//go:build amd64 || arm64

package kmaps

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"
)

// victimEnv makes this binary one of the processes whose use of a map is watched.
const victimEnv = "MAPSAN_KMAPS_VICTIM"

func TestMain(m *testing.M) {
	switch cpu := os.Getenv(victimEnv); cpu {
	case "":
	case "watch": // until it is killed
		_, err := newWatch(time.Second)
		fmt.Println(err)
		io.Copy(io.Discard, os.Stdin)
		os.Exit(1)
	default:
		runtime.LockOSThread() // a read and the update after it are of one thread
		if err := serve(cpu); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	code := m.Run()
	if sharing {
		if w, err := shared(); err == nil {
			if err := w.stop(); err != nil {
				fmt.Println(err)
				code = 1
			}
		}
	}
	os.Exit(code)
}

// serve carries out commands, one a line: OP KEY FLAGS TIMES. It answers each with a
// line: how many of the operations succeeded.
func serve(cpu string) error {
	var set unix.CPUSet
	var n int
	fmt.Sscan(cpu, &n)
	set.Set(n)
	if err := unix.SchedSetaffinity(0, &set); err != nil {
		return err
	}
	m, err := ebpf.NewMapFromFD(3) // that the test opened
	if err != nil {
		return err
	}
	lock := os.NewFile(4, "lock")
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		var op string
		var key uint32
		var flags ebpf.MapUpdateFlags
		var times, done int
		if _, err := fmt.Sscan(lines.Text(), &op, &key, &flags, &times); err != nil {
			return err
		}
		for range times {
			if err := operate(m, lock, op, key, flags); err == nil {
				done++
			}
		}
		fmt.Println(done)
	}
	return nil
}

func operate(m *ebpf.Map, lock *os.File, op string, key uint32, flags ebpf.MapUpdateFlags) error {
	size := int(m.ValueSize())
	if strings.Contains(m.Type().String(), "CPU") {
		size = (size + 7) / 8 * 8 * ebpf.MustPossibleCPU()
	}
	value := make([]byte, size)
	keyBytes := make([]byte, m.KeySize())
	keyBytes[0] = byte(key)
	switch op {
	case "lookup":
		return m.Lookup(keyBytes, &value)
	case "update":
		return m.Update(keyBytes, value, flags)
	case "delete":
		return m.Delete(keyBytes)
	case "add": // reads, and writes what it makes of that
		m.Lookup(keyBytes, &value)
		return m.Update(keyBytes, value, flags)
	case "locked":
		if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX); err != nil {
			return err
		}
		m.Lookup(keyBytes, &value)
		err := m.Update(keyBytes, value, flags)
		return errors.Join(err, unix.Flock(int(lock.Fd()), unix.LOCK_UN))
	}
	return fmt.Errorf("no operation %q", op)
}

// victim is a process that uses a map as it is told.
type victim struct {
	t   *testing.T
	pid int
	in  io.Writer
	out *bufio.Reader
}

// start starts a victim on a processor.
func start(t *testing.T, m *ebpf.Map, cpu int, lockFile string) *victim {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	fd, err := unix.FcntlInt(uintptr(m.FD()), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	file := os.NewFile(uintptr(fd), "map")
	lock, err := os.OpenFile(lockFile, os.O_CREATE|os.O_RDWR, 0o600) // its own: flock is of the opened file
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%d", victimEnv, cpu))
	cmd.ExtraFiles = []*os.File{file, lock}
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	file.Close()
	lock.Close()
	t.Cleanup(func() {
		in.Close()
		cmd.Process.Kill()
		cmd.Wait()
	})
	return &victim{t: t, pid: cmd.Process.Pid, in: in, out: bufio.NewReader(out)}
}

// begin tells the victim what to do, wait waits until that is done.
func (v *victim) begin(op string, key uint32, flags ebpf.MapUpdateFlags, times int) {
	v.t.Helper()
	if _, err := fmt.Fprintln(v.in, op, key, uint64(flags), times); err != nil {
		v.t.Fatal(err)
	}
}

func (v *victim) wait() (done int) {
	v.t.Helper()
	line, err := v.out.ReadString('\n')
	if err != nil {
		v.t.Fatalf("a victim ended: %v: %s", err, line)
	}
	if _, err := fmt.Sscan(line, &done); err != nil {
		v.t.Fatalf("a victim said %s", line)
	}
	return done
}

// do does one operation, and wants it to succeed.
func (v *victim) do(op string, key uint32, flags ebpf.MapUpdateFlags) {
	v.t.Helper()
	v.begin(op, key, flags, 1)
	if v.wait() != 1 {
		v.t.Fatalf("%s of key %d with flags %d failed", op, key, flags)
	}
}

// fail does one operation, and wants it to fail.
func (v *victim) fail(op string, key uint32, flags ebpf.MapUpdateFlags) {
	v.t.Helper()
	v.begin(op, key, flags, 1)
	if v.wait() != 0 {
		v.t.Fatalf("%s of key %d with flags %d succeeded", op, key, flags)
	}
}
