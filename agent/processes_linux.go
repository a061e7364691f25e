//go:build amd64 || arm64

package agent

import (
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// exeID says which executable a process runs: the same file, unchanged.
type exeID struct {
	dev, inode uint64
	changed    unix.Timespec
}

// exeIDOf is zero for what has no executable, as the kernel's own threads.
func exeIDOf(pid int) (exeID, error) {
	var st unix.Stat_t
	switch err := unix.Stat(exePath(pid), &st); err {
	case nil:
		return idOf(&st), nil
	case unix.ENOENT, unix.ESRCH:
		return exeID{}, nil
	default:
		return exeID{}, fmt.Errorf("process %d: look at its executable: %w", pid, err)
	}
}

func idOf(st *unix.Stat_t) exeID { return exeID{uint64(st.Dev), st.Ino, st.Ctim} }

// is reports whether an open executable is that one.
func (b *opened) is(id exeID) bool {
	var st unix.Stat_t
	return unix.Fstat(int(b.file.Fd()), &st) == nil && idOf(&st) == id
}

// processes lists the numbers of all processes that can be seen.
func processes() ([]int, error) {
	dir, err := os.Open("/proc")
	if err != nil {
		return nil, fmt.Errorf("list the processes: %w", err)
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return nil, fmt.Errorf("list the processes: %w", err)
	}
	pids := make([]int, 0, len(names))
	for _, name := range names {
		if pid, err := strconv.Atoi(name); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids, nil
}
