package toolchain

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Options of Lay.
type Options struct {
	CacheDir string // see CacheDir
	// Progress is told when a step begins and when it ends; it may be nil.
	Progress func(Step)

	_ struct{}
}

// A Step is a piece of the preparation that takes noticeable time.
type Step struct {
	Name string
	Done bool
	Took time.Duration // when done
}

// A Laid is a patched toolchain, ready to use.
type Laid struct {
	Toolchain        // the original
	Root      string // GOROOT of the patched one
	Cache     string // its own build cache
	Key       string // names its content
	Fresh     bool   // it was made now, not found
}

// CacheDir returns where env says patched toolchains live: MAPSAN_CACHE, or
// mapsan below the user's cache directory.
func CacheDir(env []string) (string, error) {
	if dir := Getenv(env, "MAPSAN_CACHE"); dir != "" {
		return filepath.Abs(dir)
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("%w: %w; set MAPSAN_CACHE to a directory that can be written", ErrCache, err)
	}
	return filepath.Join(dir, "mapsan"), nil
}

// Lay returns the toolchain tc patched by set, making it first if the cache
// does not hold it. Of several processes at once one makes it and the others
// wait. What a killed preparation left is removed, never used.
func Lay(ctx context.Context, tc Toolchain, set Set, opts Options) (Laid, error) {
	part, err := set.For(tc.Version)
	if err != nil {
		return Laid{}, err
	}
	laid, err := place(tc, part, opts.CacheDir)
	if err != nil {
		return Laid{}, err
	}
	name, dir := laid.Key, filepath.Dir(laid.Root)
	if complete(laid.Root, name, tc) {
		touch(laid.Root)
		return laid, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return Laid{}, cacheError(opts.CacheDir, err)
	}
	l, err := acquire(ctx, laid.Root+".lock", opts)
	if err != nil {
		if ctx.Err() != nil {
			return Laid{}, err
		}
		return Laid{}, cacheError(opts.CacheDir, err)
	}
	defer l.unlock()
	if complete(laid.Root, name, tc) {
		return laid, nil // another process made it while we waited
	}
	err = build(ctx, laid, part, opts)
	var patch *PatchError
	switch {
	case err == nil:
		laid.Fresh = true
		prune(dir, laid.Root)
		return laid, nil
	case errors.As(err, &patch), ctx.Err() != nil, !isFS(err):
		return Laid{}, err
	}
	return Laid{}, cacheError(opts.CacheDir, err)
}

// Find returns the toolchain tc patched by set if the cache holds it, else a
// Laid without Root.
func Find(tc Toolchain, set Set, cacheDir string) (Laid, error) {
	part, err := set.For(tc.Version)
	if err != nil {
		return Laid{}, err
	}
	laid, err := place(tc, part, cacheDir)
	if err != nil || !complete(laid.Root, laid.Key, tc) {
		return Laid{}, err
	}
	return laid, nil
}

// place says where the cache has tc patched by part.
func place(tc Toolchain, part Set, cacheDir string) (Laid, error) {
	name, err := key(tc, part)
	if err != nil {
		return Laid{}, err
	}
	return Laid{
		Toolchain: tc,
		Root:      filepath.Join(cacheDir, "goroot", name),
		Cache:     filepath.Join(cacheDir, "build"),
		Key:       name,
	}, nil
}

// isFS reports whether err is the file system's.
func isFS(err error) bool {
	var pe *fs.PathError
	var le *os.LinkError
	return errors.As(err, &pe) || errors.As(err, &le) || errors.Is(err, errNoSpace)
}

// acquire waits for the lock at path.
func acquire(ctx context.Context, path string, opts Options) (*lock, error) {
	var began time.Time
	const waiting = "waiting for another mapsan that prepares it"
	for {
		l, err := tryLock(path)
		if err != nil {
			return nil, err
		}
		if l != nil {
			if !began.IsZero() {
				opts.tell(Step{Name: waiting, Done: true, Took: time.Since(began)})
			}
			return l, nil
		}
		if began.IsZero() {
			began = time.Now()
			opts.tell(Step{Name: waiting})
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// build makes the toolchain in a directory of its own beside its place and
// renames it there when it is whole. The lock of laid.Key is held.
func build(ctx context.Context, laid Laid, part Set, opts Options) (err error) {
	removeLeftovers(laid.Root)
	tmp, err := os.MkdirTemp(filepath.Dir(laid.Root), laid.Key+".tmp-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp) // what is left after the rename, or all of it
	root, scratch := filepath.Join(tmp, "goroot"), filepath.Join(tmp, "scratch")
	if err := os.Mkdir(scratch, 0o755); err != nil {
		return err
	}

	tc := laid.Toolchain
	cmdPart, rest := part.split()
	rebuild := len(cmdPart.Edits)+len(cmdPart.Adds) > 0
	var compiler string
	if rebuild {
		if compiler, err = key(tc, cmdPart); err != nil {
			return err
		}
		cmdPart.Edits = append(cmdPart.Edits, identityOf(compiler))
	}
	// Both before the slow steps: a patch that does not apply says so at once.
	cmdFiles, err := cmdPart.apply(tc.GOROOT, tc.Version)
	if err != nil {
		return err
	}
	restFiles, err := rest.apply(tc.GOROOT, tc.Version)
	if err != nil {
		return err
	}

	err = opts.step("laying out its files", func() error { return layTree(ctx, tc.GOROOT, root) })
	if err != nil {
		return err
	}
	m := marker{Key: laid.Key, Set: part.Version, Version: tc.Version, Base: tc.GOROOT}
	if rebuild {
		if err := write(root, cmdFiles); err != nil {
			return err
		}
		kept := filepath.Join(filepath.Dir(laid.Root), compilerPrefix+compiler)
		if err := putCompiler(ctx, tc, root, scratch, kept, compiler, opts); err != nil {
			return err
		}
		fi, err := os.Stat(compilerPath(root, tc))
		if err != nil {
			return err
		}
		m.Compiler = fi.Size()
	}
	if err := write(root, restFiles); err != nil {
		return err
	}
	b, err := json.MarshalIndent(m, "", "\t")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(root, markerName), b, 0o644); err != nil {
		return err
	}
	// A damaged one may stand there: it failed complete.
	if err := os.RemoveAll(laid.Root); err != nil {
		return err
	}
	return os.Rename(root, laid.Root)
}

func (o Options) tell(s Step) {
	if o.Progress != nil {
		o.Progress(s)
	}
}

func (o Options) step(name string, do func() error) error {
	began := time.Now()
	o.tell(Step{Name: name})
	err := do()
	if err == nil {
		o.tell(Step{Name: name, Done: true, Took: time.Since(began)})
	}
	return err
}

// Env returns env with the laid toolchain selected.
func (l Laid) Env(env []string) []string {
	out := make([]string, 0, len(env)+4)
	for _, kv := range env {
		switch k, _, _ := strings.Cut(kv, "="); k {
		case "GOROOT", "GOTOOLCHAIN", "GOCACHE", "PATH":
		default:
			out = append(out, kv)
		}
	}
	path := filepath.Join(l.Root, "bin")
	if old := Getenv(env, "PATH"); old != "" {
		path += string(filepath.ListSeparator) + old
	}
	return append(out, "GOROOT="+l.Root, "GOTOOLCHAIN=local", "GOCACHE="+l.Cache, "PATH="+path)
}

// Go returns the path of the laid toolchain's go command.
func (l Laid) Go() string {
	return filepath.Join(l.Root, "bin", "go"+exeSuffix(l.HostOS))
}
