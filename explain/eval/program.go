package main

import (
	"embed"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"golang.org/x/tools/txtar"
)

//go:embed testdata
var testdata embed.FS

// program is one program of testdata/programs, with the truth about it. Each
// comes in two forms: two writers (build tag ww), and a reader with a writer.
type program struct {
	name string
	// what is said to race: the map, and for each form the two functions. In the
	// second form the first one reads.
	mapName string
	sides   map[string][2]string
	files   []txtar.File
}

// programs reads them all; only those whose name holds a part, when it is given.
func programs(part string) ([]*program, error) {
	names, err := fs.Glob(testdata, "testdata/programs/*.txtar")
	if err != nil {
		return nil, err
	}
	var out []*program
	for _, file := range names {
		name := strings.TrimSuffix(path.Base(file), ".txtar")
		if !strings.Contains(name, part) {
			continue
		}
		b, err := testdata.ReadFile(file)
		if err != nil {
			return nil, err
		}
		p, err := parse(name, b)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		out = append(out, p)
	}
	return out, nil
}

func parse(name string, b []byte) (*program, error) {
	a := txtar.Parse(b)
	p := &program{name: name, sides: map[string][2]string{}, files: a.Files}
	for line := range strings.Lines(string(a.Comment)) {
		head, rest, _ := strings.Cut(strings.TrimSpace(line), ": ")
		switch head {
		case "map":
			p.mapName = rest
		case "ww", "rw":
			f := strings.Fields(rest)
			if len(f) != 2 {
				return nil, fmt.Errorf("%s names %d functions, want 2", head, len(f))
			}
			p.sides[head] = [2]string{f[0], f[1]}
		}
	}
	if p.mapName == "" || len(p.sides) != 2 {
		return nil, fmt.Errorf("the truth is not whole: map %q, sides %v", p.mapName, p.sides)
	}
	return p, nil
}

// lay writes the program to a directory of its own.
func (p *program) lay(dir string) error {
	pace, err := testdata.ReadFile("testdata/pace.go")
	if err != nil {
		return err
	}
	files := append([]txtar.File{
		{Name: "go.mod", Data: []byte("module example.com/program\n\ngo 1.25\n")},
		{Name: "pace.go", Data: pace},
	}, p.files...)
	for _, f := range files {
		name := filepath.Join(dir, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(name, f.Data, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// variant is one way to run a program.
type variant struct {
	form string // ww, rw
	rest string // what the writers do between writes: tight, busy, sleep
	// level is GOTRACEBACK's: all, or the default; core is a core, and not a log.
	level string
}

func variants(cores bool) []variant {
	var out []variant
	levels := []string{"all", "default"}
	if cores {
		levels = append(levels, "core")
	}
	for _, level := range levels {
		out = append(out, variant{"ww", "tight", level}, variant{"ww", "busy", level}, variant{"rw", "busy", level}, variant{"rw", "sleep", level})
	}
	return out
}
