package binfo_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/mapsan/mapsan/binfo"
)

// A build is one way of building a program of testdata.
type build struct {
	toolchain string // "" for the local one
	arch      string
	flags     string
	env       string
}

func (b build) String() string {
	s := b.arch
	for _, x := range []string{b.toolchain, b.flags, b.env} {
		if x != "" {
			s += " " + x
		}
	}
	return s
}

var (
	buildMu  sync.Mutex
	buildDir string
	built    = map[string]string{}
)

func TestMain(m *testing.M) {
	var err error
	if buildDir, err = os.MkdirTemp("", "binfo"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	os.RemoveAll(buildDir)
	os.Exit(code)
}

// program builds a program of testdata, once per way.
func program(t testing.TB, name string, b build) string {
	t.Helper()
	buildMu.Lock()
	defer buildMu.Unlock()
	key := name + " " + b.String()
	if p := built[key]; p != "" {
		return p
	}
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("no go command: nothing to build programs with")
	}
	out := filepath.Join(buildDir, fmt.Sprintf("%s%d", name, len(built)))
	args := append([]string{"build", "-o", out}, strings.Fields(b.flags)...)
	cmd := exec.Command("go", append(args, ".")...)
	cmd.Dir = filepath.Join("testdata", name)
	cmd.Env = append(os.Environ(), "GOARCH="+b.arch, "GOWORK=off", "GOFLAGS=", "CGO_ENABLED=0", "GOTOOLCHAIN=local")
	if b.toolchain != "" {
		cmd.Env = append(cmd.Env, "GOTOOLCHAIN="+b.toolchain)
	}
	cmd.Env = append(cmd.Env, strings.Fields(b.env)...)
	if msg, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build (%s): %v\n%s", b, err, msg)
	}
	built[key] = out
	return out
}

func open(t testing.TB, path string) *binfo.File {
	t.Helper()
	f, err := binfo.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// toolchains are those that the package claims to read; the local one comes as
// "" in tests that are not heavy.
var toolchains = []string{"go1.20.14", "go1.21.13", "go1.22.12", "go1.23.12", "go1.24.11", "go1.25.5", "go1.26.8", "go1.27.3"}

// builds are the ways of building that a test covers: all of them when heavy.
func builds(t *testing.T) []build {
	if os.Getenv("MAPSAN_HEAVY") == "" {
		t.Log("only the local toolchain: MAPSAN_HEAVY=1 builds with Go 1.20 to 1.27")
		return []build{{arch: "amd64"}, {arch: "arm64"}}
	}
	var out []build
	for _, tc := range toolchains {
		out = append(out, build{toolchain: tc, arch: "amd64"}, build{toolchain: tc, arch: "arm64"})
	}
	return out
}

// A want is the truth about one call, from a comment of the source.
type want struct {
	op, typ, kind, name string
}

func (w want) String() string { return w.op + " " + w.typ + " " + w.kind + " " + w.name }

// wants reads the comments of a program, by "file:line".
func wants(t testing.TB, dir string) map[string][]want {
	t.Helper()
	out := map[string][]want{}
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		sc := bufio.NewScanner(f)
		for n := 1; sc.Scan(); n++ {
			for _, c := range strings.Split(sc.Text(), "// want ")[1:] {
				w := strings.Fields(c)
				key := fmt.Sprintf("%s:%d", filepath.Base(name), n)
				out[key] = append(out[key], want{w[0], w[1], w[2], w[3]})
			}
		}
	}
	return out
}
