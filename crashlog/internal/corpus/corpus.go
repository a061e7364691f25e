// Package corpus makes and keeps what programs print when they die, under
// each Go version and GOTRACEBACK level.
package corpus

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Log is the output of one crash.
type Log struct {
	Go    string // "go1.26.8"
	Level string // what GOTRACEBACK was
	Ops   string // the program's argument: "read-write/string"
	Text  string
}

// Name tells the log from all others of the corpus.
func (l Log) Name() string { return l.Go + "/" + l.Level + "/" + l.Ops }

// Pair is the two operations.
func (l Log) Pair() string {
	p, _, _ := strings.Cut(l.Ops, "/")
	return p
}

// Versions are the Go versions of the corpus, the last releases of each.
func Versions() []string {
	return []string{
		"go1.20.14", "go1.21.13", "go1.22.12", "go1.23.12",
		"go1.24.11", "go1.25.5", "go1.26.8", "go1.27.3",
	}
}

// Levels are the values of GOTRACEBACK.
func Levels() []string { return []string{"none", "single", "all", "system", "crash"} }

// Pairs are the conflicts.
func Pairs() []string {
	return []string{"write-write", "read-write", "iterate", "grow", "delete", "clear", "clone"}
}

// Others are deaths of other kinds.
func Others() []string { return []string{"panic", "nilmap", "deadlock", "quit", "nilpointer"} }

// Keys are the types of the maps' keys: the runtime has functions for each.
func Keys() []string { return []string{"string", "int32", "int64", "pointer", "struct", "any"} }

// Runs are the arguments for one level: every pair with half of the types,
// the other half at the next level, and every other death.
func Runs(level int) []string {
	var runs []string
	for i, pair := range Pairs() {
		for j, key := range Keys() {
			if (i+j+level)%2 == 0 {
				runs = append(runs, pair+"/"+key)
			}
		}
	}
	for _, o := range Others() {
		runs = append(runs, o+"/string")
	}
	return runs
}

// Read reads the logs of one version from dir.
func Read(dir, version string) ([]Log, error) {
	f, err := os.Open(filepath.Join(dir, version+".json.gz"))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", f.Name(), err)
	}
	var logs []Log
	if err := json.NewDecoder(z).Decode(&logs); err != nil {
		return nil, fmt.Errorf("read %s: %w", f.Name(), err)
	}
	return logs, nil
}

// Write writes the logs of one version into dir.
func Write(dir, version string, logs []Log) error {
	f, err := os.Create(filepath.Join(dir, version+".json.gz"))
	if err != nil {
		return err
	}
	defer f.Close()
	z, err := gzip.NewWriterLevel(f, gzip.BestCompression)
	if err != nil {
		return err
	}
	if err := json.NewEncoder(z).Encode(logs); err != nil {
		return fmt.Errorf("write %s: %w", f.Name(), err)
	}
	if err := z.Close(); err != nil {
		return fmt.Errorf("write %s: %w", f.Name(), err)
	}
	return f.Close()
}
