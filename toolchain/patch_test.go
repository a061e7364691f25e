package toolchain

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestMinor(t *testing.T) {
	for version, want := range map[string]string{
		"go1.26.8":                     "1.26",
		"go1.27rc1":                    "1.27",
		"go1.26":                       "1.26",
		"go1.26.8 X:nodwarf5":          "1.26",
		"go1.25.5 (Red Hat 1.25.5-1)":  "1.25",
		"go1.26.8-custom":              "1.26",
		"devel go1.28-7a2f 2026-11-01": "",
		"":                             "",
	} {
		if got := Minor(version); got != want {
			t.Errorf("Minor(%q) = %q, want %q", version, got, want)
		}
	}
}

func TestForVersion(t *testing.T) {
	set := Set{
		Edits: []Edit{
			{Name: "old", Go: "1.25", File: "src/a.go"},
			{Name: "both", Go: "1.25 1.26", File: "src/b.go"},
			{Name: "every", File: "src/c.go"},
		},
		Adds: []Add{{Name: "new", Go: "1.26", File: "src/d.go"}},
	}
	if got, want := set.Minors(), []string{"1.25", "1.26"}; !slices.Equal(got, want) {
		t.Errorf("Minors() = %v, want %v", got, want)
	}
	part, err := set.For("go1.26.8")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range part.Edits {
		names = append(names, e.Name)
	}
	for _, a := range part.Adds {
		names = append(names, a.Name)
	}
	if want := []string{"both", "every", "new"}; !slices.Equal(names, want) {
		t.Errorf("the set for go1.26.8 has %v, want %v", names, want)
	}
}

func TestUnsupported(t *testing.T) {
	set := Set{Go: "1.25 1.26"}
	for _, version := range []string{"go1.24.9", "go1.28.0", "devel go1.28-7a2f"} {
		_, err := set.For(version)
		if !errors.Is(err, ErrUnsupportedGo) {
			t.Errorf("For(%q) = %v, want ErrUnsupportedGo", version, err)
			continue
		}
		for _, part := range []string{version, "1.25, 1.26", "GOTOOLCHAIN"} {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("For(%q) says %q, want it to name %q", version, err, part)
			}
		}
	}
}

func TestPatched(t *testing.T) {
	tc := fakeGo(t, map[string]string{"src/runtime/twice.go": "x()\nx()\n"})
	set := Set{
		Go: "1.26",
		Adds: []Add{
			{Name: "add", File: "src/runtime/added.go", Content: "package runtime // ADDED\n"},
		},
		Edits: []Edit{
			{Name: "first", File: "src/runtime/twice.go", Old: "x()", New: "y()", Times: 2},
			{Name: "second", File: "src/runtime/twice.go", Old: "y()\ny()", New: "z()"},
			{Name: "edit of an added file", File: "src/runtime/added.go", Old: "ADDED", New: "edited"},
		},
	}
	files, err := Patched(tc.GOROOT, tc.Version, set)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := files["src/runtime/twice.go"], "z()\n"; got != want {
		t.Errorf("two edits of one file gave %q, want %q", got, want)
	}
	if got, want := files["src/runtime/added.go"], "package runtime // edited\n"; got != want {
		t.Errorf("the added file is %q, want %q", got, want)
	}
	if len(files) != 2 {
		t.Errorf("%d files changed, want 2", len(files))
	}
}

func TestPatchMismatch(t *testing.T) {
	tc := fakeGo(t, map[string]string{"src/runtime/twice.go": "x()\nx()\n"})
	for _, test := range []struct {
		name string
		edit Edit
		says []string
	}{
		{"too many", Edit{Name: "p", File: "src/runtime/twice.go", Old: "x()"}, []string{`"p"`, "occurs 2 times where 1"}},
		{"too few", Edit{Name: "p", File: "src/runtime/twice.go", Old: "x()", Times: 3}, []string{"occurs 2 times where 3"}},
		{"none", Edit{Name: "p", File: "src/runtime/twice.go", Old: "q()"}, []string{"occurs 0 times"}},
		{"empty text", Edit{Name: "p", File: "src/runtime/twice.go"}, []string{"occurs 0 times"}},
		{"no file", Edit{Name: "p", File: "src/runtime/gone.go", Old: "x"}, []string{"gone.go", "no such file"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Patched(tc.GOROOT, tc.Version, Set{Go: "1.26", Edits: []Edit{test.edit}})
			var pe *PatchError
			if !errors.Is(err, ErrPatch) || !errors.As(err, &pe) {
				t.Fatalf("got %v, want a PatchError", err)
			}
			for _, s := range append(test.says, "go1.26.8", test.edit.File, "newer mapsan") {
				if !strings.Contains(err.Error(), s) {
					t.Errorf("the error %q does not say %q", err, s)
				}
			}
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("the error has more than one line: %q", err)
			}
		})
	}
}

func TestAddOutside(t *testing.T) {
	tc := fakeGo(t, nil)
	_, err := Patched(tc.GOROOT, tc.Version, Set{Go: "1.26", Adds: []Add{{Name: "evil", File: "../x", Content: "x"}}})
	if err == nil || !strings.Contains(err.Error(), "not below GOROOT") {
		t.Errorf("an added file outside GOROOT: %v, want an error that says so", err)
	}
}

// TestPatchedWritesNothing: a dry run leaves the toolchain as it is.
func TestPatchedWritesNothing(t *testing.T) {
	tc := fakeGo(t, nil)
	if _, err := Patched(tc.GOROOT, tc.Version, hooked); err != nil {
		t.Fatal(err)
	}
	if got := read(t, tc.GOROOT, "src/runtime/map.go"); strings.Contains(got, "race()") {
		t.Errorf("the original was changed: %q", got)
	}
	if _, err := os.Stat(filepath.Join(tc.GOROOT, "src/runtime/race")); err == nil {
		t.Error("a file was added to the original")
	}
}
