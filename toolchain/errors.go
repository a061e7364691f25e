package toolchain

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"
)

// Errors that callers tell apart. Every error of this package is one line that
// says what failed, on what, and what to do.
var (
	ErrNoGo          = errors.New("no go command found")
	ErrUnsupportedGo = errors.New("unsupported Go version")
	ErrCache         = errors.New("cache not usable")
	ErrPatch         = errors.New("patch does not apply")
)

func unsupportedGo(goVersion string, minors []string) error {
	if len(minors) == 0 {
		return fmt.Errorf("%w %s: the patches support none", ErrUnsupportedGo, goVersion)
	}
	return fmt.Errorf("%w %s: the patches were checked on Go %s; select one of these, for example with GOTOOLCHAIN=go%s.0 or newer",
		ErrUnsupportedGo, goVersion, strings.Join(minors, ", "), minors[len(minors)-1])
}

// A PatchError is a patch that does not apply as it says it must.
type PatchError struct {
	GoVersion string
	Patch     string
	File      string
	Want, Got int   // matches
	Err       error // set when the file could not be read
}

func (e *PatchError) Error() string {
	const todo = "use another patch release of this Go version or a newer mapsan"
	if e.Err != nil {
		return fmt.Sprintf("%s: patch %q does not apply: %s: %v; %s", e.GoVersion, e.Patch, e.File, reason(e.Err), todo)
	}
	return fmt.Sprintf("%s: patch %q does not apply: %s: its text occurs %d times where %d are required; %s",
		e.GoVersion, e.Patch, e.File, e.Got, e.Want, todo)
}

// Unwrap makes a PatchError match ErrPatch.
func (e *PatchError) Unwrap() []error {
	if e.Err != nil {
		return []error{ErrPatch, e.Err}
	}
	return []error{ErrPatch}
}

// cacheError says why the cache cannot be used and what would help.
func cacheError(dir string, err error) error {
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return fmt.Errorf("%w: %s: no space left; a patched toolchain needs about 400 MB while it is made: free some or set MAPSAN_CACHE to a directory with room", ErrCache, dir)
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS), errors.Is(err, syscall.ENOTDIR):
		return fmt.Errorf("%w: %s: %v; set MAPSAN_CACHE to a directory that can be written", ErrCache, dir, reason(err))
	}
	return fmt.Errorf("%w: %s: %w", ErrCache, dir, err)
}

// reason strips the operation and the path from an error of package os: the
// message around it names them already.
func reason(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}
