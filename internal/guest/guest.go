// Package guest boots kernels in machines that QEMU emulates, for tests of what
// depends on the kernel. No virtualisation is needed; it is slow.
package guest

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// A Command is run in a guest.
type Command struct {
	Env  []string
	Args []string
}

// What a guest prints before and after each command, by its number.
const (
	Begin = "init: begin %d\n"
	End   = "\ninit: ended %d: %v\n"
)

// A Guest is a machine that is to be.
type Guest struct {
	Arch   string // as GOARCH
	Kernel string // the file
	Root   string // a directory with the files of its root
	Option string // of the kernel's command line
	Limit  time.Duration
}

// Kernels are those for an architecture that scripts/kernels.sh has laid into the
// directory that MAPSAN_KERNELS names, by version. Without them, or where this
// machine cannot emulate theirs, the test is skipped.
func Kernels(t *testing.T, arch string) map[string]string {
	t.Helper()
	if os.Getenv("MAPSAN_HEAVY") == "" {
		t.Skip("boots kernels, for minutes: MAPSAN_HEAVY=1 runs it")
	}
	name, args := emulator(arch)
	if _, err := exec.LookPath(name); err != nil || len(args) == 0 {
		t.Skipf("no %s: apt-get install qemu-system-x86 qemu-system-arm", name)
	}
	found := map[string]string{}
	files, _ := filepath.Glob(filepath.Join(os.Getenv("MAPSAN_KERNELS"), "vmlinuz-*-"+arch))
	for _, f := range files {
		found[strings.TrimPrefix(filepath.Base(f), "vmlinuz-")] = f
	}
	if os.Getenv("MAPSAN_KERNELS") == "" || len(found) == 0 {
		t.Skip("no kernels: scripts/kernels.sh DIR lays some, MAPSAN_KERNELS=DIR names them")
	}
	return found
}

// emulator is the program that emulates an architecture, and how its console is called.
func emulator(arch string) (name string, args []string) {
	switch arch {
	case "amd64":
		// The kernel waits for its first timer's interrupts by counting rounds. Where others
		// use the processors, too, they come too late, and it panics.
		return "qemu-system-x86_64", []string{"-machine", "q35", "-cpu", "max", "no_timer_check console=ttyS0"}
	case "arm64":
		// To emulate pointer authentication as the architecture has it is slow.
		return "qemu-system-aarch64", []string{"-machine", "virt", "-cpu", "max,pauth-impdef=on", "console=ttyAMA0"}
	}
	return "emulator of " + arch, nil
}

// Build builds for a guest, which has no C library, with a Go toolchain or, if that
// is "", with this module's.
func Build(t *testing.T, arch, toolchain string, args ...string) {
	t.Helper()
	cmd := exec.Command("go", args...)
	cmd.Env = append(os.Environ(), "GOOS=linux", "GOARCH="+arch, "CGO_ENABLED=0")
	if toolchain != "" {
		cmd.Env = append(cmd.Env, "GOTOOLCHAIN="+toolchain)
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go %v: %v\n%s", args, err, out)
	}
}

var (
	verdict = regexp.MustCompile(`(?m)^\s*--- (PASS|FAIL|SKIP): (\S+)`)
	// What a kernel says when it has found something wrong with itself.
	fault = regexp.MustCompile(`(?m)^.*(?:WARNING: CPU|BUG:|Oops:|Kernel panic|soft lockup).*$`)
)

// Run boots the guest, whose first program runs the commands, and returns what all
// of it printed. Each command must succeed, of Go tests in it none may be skipped but
// those that match skips, and the kernel must have nothing to complain about.
func (g Guest) Run(t *testing.T, commands []Command, skips string) string {
	t.Helper()
	disk := t.TempDir()
	init := filepath.Join(disk, "init")
	Build(t, g.Arch, "", "build", "-o", init, "github.com/mapsan/mapsan/internal/guest/init")
	list, err := json.Marshal(commands)
	if err != nil {
		t.Fatal(err)
	}
	initrd := filepath.Join(disk, "initrd")
	if err := errors.Join(os.WriteFile(filepath.Join(disk, "commands"), list, 0o644), pack(initrd, g.Root, init, filepath.Join(disk, "commands"))); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(t.Context(), g.Limit)
	defer stop()
	name, args := emulator(g.Arch)
	n := len(args) - 1
	cmd := exec.CommandContext(ctx, name, append(slices.Clone(args[:n]), "-accel", "tcg,thread=multi", "-smp", "2", "-m", "1024",
		"-nodefaults", "-display", "none", "-serial", "stdio", "-no-reboot", "-kernel", g.Kernel, "-initrd", initrd,
		"-append", args[n]+" quiet panic=-1 maxcpus=1 rdinit=/init "+g.Option)...)
	b, err := cmd.CombinedOutput()
	out := strings.ReplaceAll(string(b), "\r", "")
	if err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
	for i, c := range commands {
		_, after, _ := strings.Cut(out, fmt.Sprintf(Begin, i))
		if !strings.Contains(after, fmt.Sprintf(End, i, nil)) {
			t.Errorf("%v did not succeed", c.Args)
		}
	}
	passed, mayskip := 0, regexp.MustCompile(cmp.Or(skips, "^$"))
	for _, m := range verdict.FindAllStringSubmatch(out, -1) {
		switch {
		case m[1] == "PASS":
			passed++
		case m[1] == "SKIP" && mayskip.MatchString(m[2]):
		default:
			t.Errorf("%s in the guest: %s", m[1], m[2])
		}
	}
	if passed == 0 {
		t.Error("no test passed in the guest")
	}
	for _, line := range fault.FindAllString(out, -1) {
		t.Errorf("the kernel says: %s", line)
	}
	t.Logf("%d tests passed in the guest", passed)
	if t.Failed() {
		t.Log(out)
	}
	return out
}

// pack writes an archive of the files below root and of some more.
func pack(path, root string, more ...string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	z, err := gzip.NewWriterLevel(f, gzip.BestSpeed)
	if err != nil {
		return err
	}
	err = fs.WalkDir(os.DirFS(root), ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil || name == ".":
			return err
		case d.IsDir():
			return entry(z, name, 0o040755, nil)
		}
		data, err := os.ReadFile(filepath.Join(root, name))
		return errors.Join(err, entry(z, name, 0o100755, data))
	})
	for _, m := range more {
		data, err1 := os.ReadFile(m)
		err = errors.Join(err, err1, entry(z, filepath.Base(m), 0o100755, data))
	}
	// The first program's output goes there before it has mounted anything.
	err = errors.Join(err, entry(z, "dev", 0o040755, nil), device(z, "dev/console", 5, 1), entry(z, "TRAILER!!!", 0, nil))
	return errors.Join(err, z.Close(), f.Close())
}

func entry(w io.Writer, name string, mode int, data []byte) error {
	return record(w, name, mode, 0, 0, data)
}

func device(w io.Writer, name string, major, minor int) error {
	return record(w, name, 0o020600, major, minor, nil)
}

// record writes one file as the kernel reads it: cpio, in the format that is called
// newc (Documentation/driver-api/early-userspace/buffer-format.rst).
func record(w io.Writer, name string, mode, major, minor int, data []byte) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x",
		0, mode, 0, 0, 1, 0, len(data), 0, 0, major, minor, len(name)+1, 0)
	b.WriteString(name + "\x00")
	b.Write(make([]byte, -b.Len()&3))
	b.Write(data)
	b.Write(make([]byte, -b.Len()&3))
	_, err := w.Write(b.Bytes())
	return err
}
