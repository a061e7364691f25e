package patches

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/mapsan/mapsan/sanitizer/rt"
	"github.com/mapsan/mapsan/toolchain"
)

// versions are the Go minor versions that the set was checked on.
const versions = "1.25 1.26 1.27"

//go:embed all:_goroot
var goroot embed.FS

// Set returns everything that makes a sanitizing toolchain.
func Set() toolchain.Set {
	s := toolchain.Set{Version: "1", Go: versions}
	s.Adds = append(s.Adds, laid()...)
	s.Adds = append(s.Adds, engine()...)
	s.Adds = append(s.Adds, atomicFunctions(), atomicLoads(), noAssembly(), toolchain.Add{
		Name: "the map type's later name", Go: "1.25", File: "src/internal/abi/mapsan.go",
		Content: "package abi\n\n// MapType is what Go 1.26 calls SwissMapType.\ntype MapType = SwissMapType\n",
	})
	for _, edits := range [][]toolchain.Edit{
		runtimeEdits(), mapEdits(), syncEdits(), atomicEdits(), compilerEdits(),
	} {
		s.Edits = append(s.Edits, edits...)
	}
	return s
}

// laid returns the files below _goroot.
func laid() []toolchain.Add {
	var adds []toolchain.Add
	must(fs.WalkDir(goroot, "_goroot", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := goroot.ReadFile(name)
		adds = append(adds, toolchain.Add{
			Name: "detector", File: strings.TrimPrefix(name, "_goroot/"), Content: string(text),
		})
		return err
	}))
	return adds
}

// engine returns the files of package rt for the runtime.
func engine() []toolchain.Add {
	var adds []toolchain.Add
	must(fs.WalkDir(rt.Source, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(name, "_test.go") || name == "port_host.go" || name == "source.go" {
			return err
		}
		text, err := rt.Source.ReadFile(name)
		adds = append(adds, toolchain.Add{
			Name:    "engine",
			File:    path.Join("src/internal/runtime/mapsan", name),
			Content: strings.Replace(string(text), "//go:build mapsanrt\n\n", "", 1),
		})
		return err
	}))
	return adds
}

// must stops on an error that only a broken build of MapSan can have.
func must(err error) {
	if err != nil {
		panic(fmt.Sprintf("patches: embedded files: %v", err))
	}
}

// everywhere returns an edit for each of the Go versions in times, which says
// how often old occurs in file.
func everywhere(name, file, old, new string, times map[string]int) []toolchain.Edit {
	var edits []toolchain.Edit
	for _, v := range strings.Fields(versions) {
		if n := times[v]; n > 0 {
			edits = append(edits, toolchain.Edit{Name: name, File: file, Go: v, Old: old, New: new, Times: n})
		}
	}
	return edits
}

// all is a count for everywhere that is the same in all versions.
func all(n int) map[string]int {
	times := map[string]int{}
	for _, v := range strings.Fields(versions) {
		times[v] = n
	}
	return times
}
