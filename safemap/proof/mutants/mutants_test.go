package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mapsan/mapsan/safemap/proof/mutation"
	"github.com/mapsan/mapsan/safemap/proof/overlay"
)

// TestList: every mutation of the list fits safemap as it is.
func TestList(t *testing.T) {
	list, err := mutation.Read("mutations.txt")
	if err != nil {
		t.Fatal(err)
	}
	pkg, err := overlay.Find(t.Context(), "github.com/mapsan/mapsan/safemap")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range list {
		src, err := os.ReadFile(pkg.Path(m.File))
		if err != nil {
			t.Errorf("mutation %s: %v", m.Name, err)
			continue
		}
		if _, err := m.Apply(src); err != nil {
			t.Error(err)
		}
	}
}

// TestMutants is what CI runs: everything on the list is caught.
func TestMutants(t *testing.T) {
	if os.Getenv("MAPSAN_HEAVY") == "" {
		t.Skip("every mutation is built and run, minutes in all: MAPSAN_HEAVY=1 does it")
	}
	list, err := mutation.Read("mutations.txt")
	if err != nil {
		t.Fatal(err)
	}
	o := options{pkg: "github.com/mapsan/mapsan/safemap", subject: "safemap", histories: 20000, programs: 4000, seed: 1,
		limit: 3 * time.Minute, out: t.Output()}
	if err := run(t.Context(), o, list); err != nil {
		t.Error(err)
	}
}

// planted is the command on the small map of the schedules' tests, which stays
// as it is when safemap changes.
func planted(t *testing.T, list []mutation.Mutation) (string, error) {
	var out strings.Builder
	err := run(t.Context(), options{pkg: "github.com/mapsan/mapsan/safemap/proof/schedules/testdata/planted", subject: "planted",
		programs: 200, seed: 1, limit: time.Minute, out: &out}, list)
	t.Logf("%s", out.String())
	return out.String(), err
}

func TestVerdicts(t *testing.T) {
	all, err := mutation.Read(filepath.Join("..", "schedules", "testdata", "planted.txt"))
	if err != nil {
		t.Fatal(err)
	}
	byName := map[string]mutation.Mutation{}
	for _, m := range all {
		byName[m.Name] = m
	}
	bad, fine := byName["key-before-value"], byName["reader-takes-the-lock"]
	bad.Caught = append(bad.Caught, mutation.By{Harness: "explore"})
	if _, err := planted(t, []mutation.Mutation{bad, fine}); err != nil {
		t.Errorf("all is as the list says: %v", err)
	}
	// Said the other way round, both are missed.
	bad.Caught, bad.Passes = bad.Passes, bad.Caught
	fine.Caught, fine.Passes = fine.Passes, fine.Caught
	out, err := planted(t, []mutation.Mutation{bad, fine})
	if !errors.Is(err, errMissed) || strings.Count(out, "FAIL") != 3 {
		t.Errorf("nothing is as the list says: %v", err)
	}

	missing := mutation.Mutation{Name: "missing", File: "planted.go", Caught: []mutation.By{{Harness: "schedules"}},
		Edits: []mutation.Edit{{Find: "what is not there", Replace: ""}}}
	if _, err := planted(t, []mutation.Mutation{missing}); err == nil || !strings.Contains(err.Error(), "0 times in planted.go") {
		t.Errorf("a text that is not there: %v", err)
	}
	missing.Edits[0].Find, missing.Edits[0].Replace = "package planted", "package planted; what"
	if _, err := planted(t, []mutation.Mutation{missing}); err == nil || errors.Is(err, errMissed) {
		t.Errorf("what does not compile: %v", err)
	}
	missing.Edits[0].Replace, missing.Caught[0].Harness = "package planted;", "linaer"
	if _, err := planted(t, []mutation.Mutation{missing}); err == nil || !strings.Contains(err.Error(), `harness "linaer"`) {
		t.Errorf("a harness that is none: %v", err)
	}
}
