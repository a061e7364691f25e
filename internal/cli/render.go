package cli

import (
	"io"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/term"

	"github.com/mapsan/mapsan/finding"
	"github.com/mapsan/mapsan/finding/render"
)

// maxSource bounds a source file that is shown lines of.
const maxSource = 8 << 20

// renderOptions are what all renderings of one run share.
func renderOptions(goroot string) render.Options {
	root, err := os.Getwd()
	if err != nil {
		root = "" // files are then named in full
	}
	return render.Options{Source: readSource, Root: root, Goroot: goroot, Version: readVersion().Version}
}

// forTerminal adds what depends on where text goes.
func forTerminal(o render.Options, w io.Writer) render.Options {
	if !isTerminal(w) || os.Getenv("TERM") == "dumb" {
		return o
	}
	o.Color = os.Getenv("NO_COLOR") == ""
	if width, _, err := term.GetSize(int(w.(*os.File).Fd())); err == nil {
		o.Width = min(width, 120) // prose is not read in longer lines
	}
	return o
}

// readSource reads a file that a finding names; a program may print any name.
func readSource(name string) ([]byte, error) {
	fi, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if !fi.Mode().IsRegular() || fi.Size() > maxSource {
		return nil, os.ErrInvalid
	}
	return os.ReadFile(name)
}

// sourceBelow gives what reads a file that a finding names, if it is below dir. A process
// that is watched names files as it likes, and mapsan may read more of them than who
// looks at its findings.
func sourceBelow(dir string) (func(name string) ([]byte, error), error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir) // nothing leads out of it
	if err != nil {
		return nil, err
	}
	return func(name string) ([]byte, error) {
		name, err := filepath.Rel(dir, name)
		if err != nil {
			return nil, err
		}
		return readRegular(root, name)
	}, nil
}

// readRegular reads a file that is no link, and does not wait for one that is a pipe.
func readRegular(root *os.Root, name string) ([]byte, error) {
	named, err := root.Lstat(name)
	if err != nil {
		return nil, err
	}
	f, err := root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	fi, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !os.SameFile(named, fi) || !fi.Mode().IsRegular() || fi.Size() > maxSource {
		return nil, os.ErrInvalid
	}
	return io.ReadAll(io.LimitReader(f, maxSource))
}

func writeLines(w io.Writer, found []*finding.Finding, _ render.Options) error {
	for _, f := range found {
		if err := render.JSON(w, f); err != nil {
			return err
		}
	}
	return nil
}
