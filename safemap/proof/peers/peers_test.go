package main

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mapsan/mapsan/safemap/proof/child"
	"github.com/mapsan/mapsan/safemap/proof/drive"
)

// TestPeers: safemap has nothing illegal, and the harness sees in its peers what
// they document: that Range is no snapshot.
func TestPeers(t *testing.T) {
	o := options{maps: drive.Maps, histories: 1000, spell: 2 * time.Minute, limit: time.Minute, seed: 1, out: t.Output()}
	if os.Getenv("MAPSAN_HEAVY") != "" {
		o.histories = 8000
	} else {
		o.maps = []string{"safemap", "xsync"}
	}
	rows, err := run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	seen := 0 // Ranges that show what never was
	for _, r := range rows {
		switch r.name {
		case "safemap":
			if r.perKey.outcome != child.Clean || r.snapshot.outcome != child.Clean {
				t.Errorf("%s: %v, %v", r.name, r.perKey, r.snapshot)
			}
		case "sync.Map", "xsync", "concurrent-map":
			if r.perKey.outcome != child.Clean {
				t.Errorf("%s is wrong per key: %v", r.name, r.perKey)
			}
			seen += r.snapshot.illegal
		}
	}
	if seen == 0 {
		t.Error("of none of its peers a Range shows what never was")
	}
}

// TestHung: a map that never comes back is a row like others.
func TestHung(t *testing.T) {
	var table strings.Builder
	rows, err := run(t.Context(), options{maps: []string{"safemap"}, spell: time.Hour, limit: time.Second - time.Hour, seed: 1, out: &table})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(rows, func(r row) bool { return r.perKey.outcome == child.Hang }) || !strings.Contains(table.String(), "did not end") {
		t.Errorf("%s", table.String())
	}
}
