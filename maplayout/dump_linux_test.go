package maplayout_test

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mapsan/mapsan/binfo"
	"github.com/mapsan/mapsan/maplayout"
)

// structs offers a binary's own types to Recognise.
func structs(f *binfo.File) func(string) (maplayout.Struct, bool) {
	return func(name string) (maplayout.Struct, bool) {
		t, err := f.Type(name)
		if err != nil {
			return maplayout.Struct{}, false
		}
		s := maplayout.Struct{Name: name, Size: t.Size, From: "test"}
		for _, x := range t.Fields() {
			s.Fields = append(s.Fields, maplayout.Field{Name: x.Name, Offset: x.Offset, Size: x.Type.Size})
		}
		return s, true
	}
}

// TestDump reads the maps of another process, built by each Go version, with
// the layout from DWARF and with that from the table.
func TestDump(t *testing.T) {
	toolchains := []string{"local"}
	if os.Getenv("MAPSAN_HEAVY") != "" {
		toolchains = []string{"go1.20.14", "go1.21.13", "go1.22.12", "go1.23.12", "go1.24.11", "go1.25.5", "go1.26.8", "go1.27.3"}
	} else {
		t.Log("only the local toolchain: MAPSAN_HEAVY=1 runs Go 1.20 to 1.27")
	}
	for _, tc := range toolchains {
		t.Run(tc, func(t *testing.T) { testDump(t, tc, "") })
		switch tc {
		case "go1.24.11", "go1.25.5":
			t.Run(tc+"/noswissmap", func(t *testing.T) { testDump(t, tc, "noswissmap") })
		case "go1.27.3":
			t.Run(tc+"/nomapsplitgroup", func(t *testing.T) { testDump(t, tc, "nomapsplitgroup") })
		}
	}
}

func testDump(t *testing.T, tc, experiment string) {
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("no go command: nothing to build the program with")
	}
	bin := filepath.Join(t.TempDir(), "dump")
	build := exec.Command("go", "build", "-o", bin, ".")
	build.Dir = filepath.Join("testdata", "dump")
	build.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=", "CGO_ENABLED=0", "GOTOOLCHAIN="+tc, "GOEXPERIMENT="+experiment)
	if msg, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, msg)
	}
	cmd := exec.Command(bin)
	cmd.Env = append(os.Environ(), "GOGC=off") // what is printed stays
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	outPipe, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { in.Close(); cmd.Wait() }()
	mem, err := os.Open(fmt.Sprintf("/proc/%d/mem", cmd.Process.Pid))
	if err != nil {
		t.Skipf("the program's memory cannot be opened: %v", err)
	}
	defer mem.Close()
	maps := parseDump(t, bufio.NewScanner(outPipe))

	f, err := binfo.Open(bin)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	byNames, err := maplayout.Recognise(structs(f), "")
	if err != nil {
		t.Fatal(err)
	}
	if byNames.Header.From != "test" || byNames.Type.From != "test" {
		t.Errorf("the layout is from %s and %s, not from the binary", byNames.Header.From, byNames.Type.From)
	}
	layouts := map[string]maplayout.Layout{"names": byNames}
	if experiment == "" {
		if layouts["table"], err = maplayout.Known(f.Info().GoVersion); err != nil {
			t.Fatal(err)
		}
	}
	for name, l := range layouts {
		growing, tombs, tables := 0, 0, 0
		for _, d := range maps {
			s, err := l.SlotsAt(mem, d.typ)
			if err != nil {
				t.Fatalf("%s: %s: %v", name, d.name, err)
			}
			m := l.Read(mem, d.addr, s, maplayout.Options{})
			if len(m.Problems) > 0 || m.Cut || m.Writing || m.Used != uint64(d.n) {
				t.Errorf("%s: %s: used %d (want %d), writing %v, cut %v, %v", name, d.name, m.Used, d.n, m.Writing, m.Cut, m.Problems)
			}
			if len(m.Entries) != d.n {
				t.Errorf("%s: %s: %d entries, want %d", name, d.name, len(m.Entries), d.n)
			}
			for _, e := range m.Entries {
				if v, ok := d.entries[string(e.Key)]; !ok || v != string(e.Elem) {
					t.Errorf("%s: %s: entry %x %x is not in the map", name, d.name, e.Key, e.Elem)
					break
				}
			}
			if m.Growing() {
				growing++
			}
			tombs += m.Tombstones
			tables = max(tables, len(m.Tables))
		}
		t.Logf("%s: %s, %d maps, %d growing, %d tombstones, up to %d tables", name, l.Design, len(maps), growing, tombs, tables)
		if tombs == 0 || (l.Design == maplayout.Buckets && growing == 0) || (l.Design == maplayout.Tables && tables < 4) {
			t.Errorf("%s: the maps do not cover tombstones, growth and several tables", name)
		}
	}
}

type dumped struct {
	name      string
	typ, addr uint64
	n         int
	entries   map[string]string
}

func parseDump(t *testing.T, sc *bufio.Scanner) []dumped {
	sc.Buffer(nil, 1<<20)
	var out []dumped
	for sc.Scan() {
		f := strings.Fields(sc.Text())
		switch {
		case f[0] == "ready":
			if len(out) < 200 {
				t.Errorf("only %d maps", len(out))
			}
			return out
		case f[0] == "map":
			d := dumped{name: f[1], entries: map[string]string{}}
			fmt.Sscan(f[2]+" "+f[3]+" "+f[4], &d.typ, &d.addr, &d.n)
			out = append(out, d)
		default:
			k, err := hex.DecodeString(f[0])
			if err != nil {
				t.Fatal(err)
			}
			var v []byte
			if len(f) > 1 {
				v, _ = hex.DecodeString(f[1])
			}
			out[len(out)-1].entries[string(k)] = string(v)
		}
	}
	t.Fatalf("the program ended early: %v", sc.Err())
	return nil
}
