package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/mapsan/mapsan/finding"
	"github.com/mapsan/mapsan/finding/render"
	"github.com/mapsan/mapsan/sanitizer"
)

// outputs are the files that findings are written to besides the terminal, by
// flag.
type outputs map[string]string

// formats are the flags that name such files.
var formats = map[string]func(io.Writer, []*finding.Finding, render.Options) error{
	"findings": writeLines,
	"sarif":    render.SARIF,
	"html":     render.HTML,
}

// takeOutputs takes mapsan's own flags out of the go command's arguments.
func takeOutputs(verb string, args []string) (outputs, []string, error) {
	files := outputs{}
	rest := slices.Clone(args)
	flags := sanitizer.Flags(verb, args, "findings", "sarif", "html")
	for _, f := range slices.Backward(flags) {
		if formats[f.Name] == nil {
			continue
		}
		if f.Value == "" || f.N == 1 && f.Value == "true" && args[f.At][len(args[f.At])-5:] != "=true" {
			return nil, nil, fmt.Errorf("%s -%s: the flag needs a file name", verb, f.Name)
		}
		if files[f.Name] == "" {
			files[f.Name] = f.Value // the last one counts
		}
		rest = slices.Delete(rest, f.At, f.At+f.N)
	}
	if err := files.check(); err != nil {
		return nil, nil, fmt.Errorf("%s %w", verb, err)
	}
	return files, rest, nil
}

// check says now what would only be seen at the end of a run, which may take an
// hour.
func (o outputs) check() error {
	for flag, name := range o {
		if fi, err := os.Stat(filepath.Dir(name)); err != nil || !fi.IsDir() {
			return fmt.Errorf("-%s %s: no directory %s", flag, name, filepath.Dir(name))
		}
	}
	return nil
}

// addOutputFlags gives a command the flags that name such files.
func addOutputFlags(cmd *cobra.Command) map[string]*string {
	flags := map[string]*string{}
	for name, what := range map[string]string{"findings": "JSON lines", "sarif": "SARIF 2.1.0", "html": "one HTML page"} {
		flags[name] = cmd.Flags().String(name, "", "write the findings as "+what+" to `FILE`")
	}
	return flags
}

// named takes the files that flags name.
func named(flags map[string]*string) outputs {
	o := outputs{}
	for flag, file := range flags {
		if *file != "" {
			o[flag] = *file
		}
	}
	return o
}

// write writes every file, whole or not at all.
func (o outputs) write(found []*finding.Finding, opts render.Options) error {
	var errs []error
	for flag, name := range o {
		if err := writeWhole(name, func(w io.Writer) error { return formats[flag](w, found, opts) }); err != nil {
			errs = append(errs, fmt.Errorf("writing -%s %s: %w", flag, name, err))
		}
	}
	return errors.Join(errs...)
}

// writeWhole replaces the file name when its content is complete, so that a
// reader never meets half of it. What is no regular file, such as /dev/stdout,
// is written to.
func writeWhole(name string, write func(io.Writer) error) error {
	mode := os.FileMode(0o644)
	if fi, err := os.Stat(name); err == nil {
		if !fi.Mode().IsRegular() {
			f, err := os.OpenFile(name, os.O_WRONLY, 0)
			if err != nil {
				return err
			}
			return errors.Join(write(f), f.Close())
		}
		mode = fi.Mode().Perm()
	}
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	err = errors.Join(write(f), f.Chmod(mode), f.Close())
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}
