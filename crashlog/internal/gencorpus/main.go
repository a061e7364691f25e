// Command gencorpus makes crashlog/testdata/corpus anew: it builds the program
// of testdata/crashers with each toolchain and lets it die at each level.
//
//	go run ./crashlog/internal/gencorpus [VERSION...]
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/mapsan/mapsan/crashlog/internal/corpus"
)

func main() {
	versions := os.Args[1:]
	if len(versions) == 0 {
		versions = corpus.Versions()
	}
	for _, v := range versions {
		if err := generate(v); err != nil {
			fmt.Fprintf(os.Stderr, "gencorpus: %v\n", err)
			os.Exit(1)
		}
	}
}

func generate(version string) error {
	testdata := filepath.Join("crashlog", "testdata")
	tmp, err := os.MkdirTemp("", "gencorpus")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	ctx := context.Background()
	c, err := corpus.Build(ctx, version, filepath.Join(testdata, "crashers"), tmp)
	if err != nil {
		return err
	}
	var logs []corpus.Log
	for i, level := range corpus.Levels() {
		for _, ops := range corpus.Runs(i) {
			log, err := c.Run(ctx, level, ops)
			if err != nil {
				return err
			}
			logs = append(logs, log)
		}
	}
	dir := filepath.Join(testdata, "corpus")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	fmt.Printf("%s: %d logs\n", version, len(logs))
	return corpus.Write(dir, version, logs)
}
