package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mapsan/mapsan/safemap/proof/model"
)

func optionsFor(t *testing.T, subject string, histories int) options {
	return options{ctx: t.Context(), subject: subject, histories: histories, seed: 1, clock: "counter", limit: 5 * time.Second, stop: 1,
		page: filepath.Join(t.TempDir(), "illegal.html"), out: t.Output()}
}

// TestHistories is what CI runs of the harness: no history of safemap is illegal.
func TestHistories(t *testing.T) {
	n := 2000
	if os.Getenv("MAPSAN_HEAVY") != "" {
		n = 20000
	}
	o := optionsFor(t, "safemap", n)
	r, err := run(o)
	if err != nil {
		t.Fatal(err)
	}
	r.print(o)
	if r.illegal > 0 || r.problems > 0 {
		t.Error("histories are wrong: see above")
	}
	if why := r.useless(); why != "" {
		t.Error(why)
	}
	if r.checked != n {
		t.Errorf("%d histories were checked, want %d", r.checked, n)
	}
}

// TestRangeIsNoSnapshot: the harness sees what xsync documents, that a Range is
// no snapshot, and draws it.
func TestRangeIsNoSnapshot(t *testing.T) {
	o := optionsFor(t, "xsync", 100000)
	o.only = "grown"
	r, err := run(o)
	if err != nil {
		t.Fatal(err)
	}
	r.print(o)
	if r.illegal == 0 {
		t.Errorf("in %d histories no Range shows what never was", r.checked)
	}
	page, err := os.ReadFile(o.page)
	if err != nil || !strings.Contains(string(page), "Snapshot()") {
		t.Errorf("the page does not show the snapshot (%v)", err)
	}
}

func TestWithout(t *testing.T) {
	o := optionsFor(t, "safemap", 50)
	o.only = "whole"
	o.without = []model.Op{model.Len, model.Clear, model.Compute}
	r, err := run(o)
	if err != nil {
		t.Fatal(err)
	}
	if r.illegal+r.problems > 0 || r.checked != 50 {
		t.Errorf("%+v", r.count)
	}
	o.only = "nothing of this name"
	if _, err := run(o); err == nil {
		t.Error("no case is called so, and there is no error")
	}
}
