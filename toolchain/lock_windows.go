package toolchain

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// A lock is an exclusive lock of a file, which ends with the process that
// holds it.
type lock struct{ f *os.File }

// tryLock locks the file at path. It returns nil and no error when another
// holder has it.
func tryLock(path string) (*lock, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	err = windows.LockFileEx(windows.Handle(f.Fd()),
		windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, new(windows.Overlapped))
	if err == nil {
		return &lock{f}, nil
	}
	f.Close()
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		return nil, nil
	}
	return nil, &os.PathError{Op: "lock", Path: path, Err: err}
}

func (l *lock) unlock() { l.f.Close() }
