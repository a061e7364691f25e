// Package arch holds the rule of which package may import which; its test
// walks the module and fails on an arrow that the table does not have.
package arch

import (
	"slices"
	"strings"
)

const module = "github.com/mapsan/mapsan"

// A row says what the packages of one folder may import of ours. A folder
// holds its subfolders, but for those that have a row of their own.
type row struct {
	folder string
	may    []string
	std    bool // nothing outside the standard library either
}

// table is ARCHITECTURE.md's, row by row. A package in no row fails the test.
var table = []row{
	{folder: "cmd/mapsan", may: []string{"internal/cli", "toolchain"}},
	{folder: "internal/cli", may: []string{"finding", "finding/render", "finding/otlp", "sanitizer", "sanitizer/patches", "sanitizer/report", "toolchain", "access", "crashlog", "racelog", "corefile", "explain", "binfo", "anatomy", "inspect", "agent", "kmaps"}},
	{folder: "finding", std: true},
	{folder: "finding/render", may: []string{"finding"}},
	{folder: "finding/otlp", may: []string{"finding", "finding/render"}},
	{folder: "toolchain"},
	{folder: "sanitizer", may: []string{"sanitizer/patches", "sanitizer/report", "toolchain", "finding"}},
	{folder: "sanitizer/rt", std: true},
	{folder: "sanitizer/patches", may: []string{"sanitizer/rt", "toolchain"}},
	{folder: "sanitizer/report", may: []string{"finding"}},
	{folder: "sanitizer/suite", may: []string{"sanitizer", "sanitizer/rt", "sanitizer/patches", "sanitizer/report", "toolchain", "finding", "internal/cli"}},
	{folder: "sanitizer/bench", may: []string{"sanitizer", "sanitizer/patches", "sanitizer/suite", "toolchain"}},
	{folder: "crashlog", may: []string{"internal/logline"}, std: true},
	{folder: "racelog", may: []string{"internal/logline"}, std: true},
	{folder: "internal/logline", std: true},
	{folder: "corefile", may: []string{"binfo", "maplayout", "internal/layouts"}},
	{folder: "inspect", may: []string{"binfo", "maplayout", "internal/layouts", "finding"}},
	{folder: "internal/layouts", may: []string{"binfo", "maplayout"}},
	{folder: "internal/coredump", std: true},
	{folder: "binfo"},
	{folder: "maplayout", std: true},
	{folder: "safemap", std: true},
	{folder: "anatomy", may: []string{"binfo", "maplayout", "internal/layouts"}},
	{folder: "access"},
	{folder: "agent", may: []string{"binfo", "finding"}},
	{folder: "kmaps", may: []string{"finding"}},
	{folder: "agent/bench"},
	{folder: "explain", may: []string{"crashlog", "racelog", "corefile", "access", "binfo", "finding"}},
	{folder: "explain/eval", may: []string{"explain", "crashlog", "racelog", "corefile", "access", "binfo", "finding", "internal/coredump"}},
	{folder: "internal/objects", std: true},
	{folder: "internal/arch", std: true},
	{folder: "internal/guest", std: true},
	{folder: "internal/tally", std: true},
}

// rowOf returns the row of a package by its path below the module: that of the
// deepest folder that holds it.
func rowOf(pkg string) *row {
	var best *row
	for i := range table {
		r := &table[i]
		if within(pkg, r.folder) && (best == nil || len(r.folder) > len(best.folder)) {
			best = r
		}
	}
	return best
}

func within(pkg, folder string) bool {
	return pkg == folder || strings.HasPrefix(pkg, folder+"/")
}

// judge says why pkg, a path below the module, may not import the import path,
// or "".
func judge(pkg, path string) string {
	r := rowOf(pkg)
	if r == nil {
		return "the package is in no row of the table: add one here and in ARCHITECTURE.md"
	}
	if ours, ok := strings.CutPrefix(path, module+"/"); ok {
		to := rowOf(ours)
		if to == nil || to == r || slices.Contains(r.may, to.folder) {
			return ""
		}
		return r.folder + " may not import " + to.folder
	}
	if first, _, _ := strings.Cut(path, "/"); r.std && strings.Contains(first, ".") {
		return r.folder + " may import nothing outside the standard library"
	}
	return ""
}
