package toolchain

import (
	"context"
	"io"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"
)

// layTree makes root a copy of the toolchain at base that patches can be
// written to without touching base.
//
// Below src every file is a regular one: the go command neither indexes a
// package nor embeds a file that is a link. Test data is linked, and
// everything that no build writes is linked at the top. The go command itself
// is copied, because a linked one would find base through /proc/self/exe where
// a child process lost GOROOT.
func layTree(ctx context.Context, base, root string) error {
	entries, err := os.ReadDir(base)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(root, 0o755); err != nil {
		return err
	}
	var c copier
	c.start(ctx)
	for _, e := range entries {
		switch e.Name() {
		case "src", "bin", "pkg":
			err = c.dir(base, root, e.Name())
		case markerName:
		default:
			err = os.Symlink(filepath.Join(base, e.Name()), filepath.Join(root, e.Name()))
		}
		if err != nil {
			break
		}
	}
	if err2 := c.wait(); err == nil {
		err = err2
	}
	return err
}

// A copier copies files with a few workers: small files cost system calls,
// not bandwidth.
type copier struct {
	ctx  context.Context
	jobs chan [2]string
	wg   sync.WaitGroup

	mu  sync.Mutex
	err error // first
}

func (c *copier) start(ctx context.Context) {
	c.ctx = ctx
	c.jobs = make(chan [2]string, 64)
	for range max(2, runtime.GOMAXPROCS(0)) {
		c.wg.Go(func() {
			for j := range c.jobs {
				if err := copyFile(j[0], j[1]); err != nil {
					c.fail(err)
				}
			}
		})
	}
}

func (c *copier) fail(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err == nil {
		c.err = err
	}
}

func (c *copier) failed() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err == nil {
		return c.ctx.Err()
	}
	return c.err
}

func (c *copier) wait() error {
	close(c.jobs)
	c.wg.Wait()
	return c.failed()
}

// dir lays the directory rel, a slash path below both roots.
func (c *copier) dir(base, root, rel string) error {
	if err := c.failed(); err != nil {
		return err
	}
	from, to := filepath.Join(base, rel), filepath.Join(root, rel)
	entries, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	if err := os.Mkdir(to, 0o755); err != nil {
		return err
	}
	for _, e := range entries {
		name := path.Join(rel, e.Name())
		src, dst := filepath.Join(from, e.Name()), filepath.Join(to, e.Name())
		isDir := e.IsDir()
		if e.Type()&os.ModeSymlink != 0 {
			fi, err := os.Stat(src)
			if err != nil {
				continue // a link to nowhere is no part of a toolchain
			}
			isDir = fi.IsDir()
		}
		switch {
		case isDir && linkedDir(name):
			err = os.Symlink(src, dst)
		case isDir:
			err = c.dir(base, root, name)
		case linkedFile(name):
			err = os.Symlink(src, dst)
		default:
			c.jobs <- [2]string{src, dst}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func linkedDir(name string) bool {
	return name == "pkg/include" || inCmd(name) && path.Base(name) == "testdata"
}

func linkedFile(name string) bool {
	return strings.HasPrefix(name, "pkg/") || strings.Contains(name, "/testdata/")
}

// copyFile keeps the time, by which the go command's index knows a file, and
// makes the copy writable by its owner.
func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	fi, err := in.Stat()
	if err != nil {
		return err
	}
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, fi.Mode().Perm()|0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	if err2 := out.Close(); err == nil {
		err = err2
	}
	if err == nil {
		err = os.Chtimes(to, time.Time{}, fi.ModTime())
	}
	return err
}
