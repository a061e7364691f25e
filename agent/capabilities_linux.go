package agent

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// capabilities are a set, by their numbers (capabilities(7)).
type capabilities uint64

var capabilityNames = map[int]string{
	unix.CAP_BPF: "CAP_BPF", unix.CAP_PERFMON: "CAP_PERFMON", unix.CAP_SYS_PTRACE: "CAP_SYS_PTRACE", unix.CAP_SYS_ADMIN: "CAP_SYS_ADMIN",
	unix.CAP_DAC_READ_SEARCH: "CAP_DAC_READ_SEARCH",
}

// needed are those that watching uses: to load programs, to set probes, and to read
// the executable of another user's process. One probe for each site, as before
// Linux 6.6, takes CAP_SYS_ADMIN too.
func needed(multi bool) capabilities {
	c := capabilities(1<<unix.CAP_BPF | 1<<unix.CAP_PERFMON | 1<<unix.CAP_SYS_PTRACE)
	if !multi {
		c |= 1 << unix.CAP_SYS_ADMIN
	}
	return c
}

func (c capabilities) String() string {
	var all []string
	for n := range 64 {
		if c>>n&1 != 0 {
			all = append(all, capabilityNames[n])
		}
	}
	return strings.Join(all, ", ")
}

// held are those of this thread: in effect, and those it could put into effect or
// hand on.
func held() (effective, permitted, inheritable capabilities, err error) {
	h := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var d [2]unix.CapUserData
	if err := unix.Capget(&h, &d[0]); err != nil {
		return 0, 0, 0, fmt.Errorf("read the capabilities of this process: %w", err)
	}
	both := func(lo, hi uint32) capabilities { return capabilities(lo) | capabilities(hi)<<32 }
	return both(d[0].Effective, d[1].Effective), both(d[0].Permitted, d[1].Permitted), both(d[0].Inheritable, d[1].Inheritable), nil
}

// confinedEnv tells the program that Confine starts that it need not do it again.
const confinedEnv = "MAPSAN_CONFINED"

// Confine gives up, for good, every capability that watching does not need. Threads
// have their own, so this starts the program anew with what is left, and does not
// return then. It returns nil where there is nothing to give up, or no way: that
// takes CAP_SETPCAP.
func Confine() error {
	_, permitted, inheritable, err := held()
	if err != nil {
		return err
	}
	keep := needed(haveMulti())
	if os.Geteuid() == 0 {
		keep |= permitted & (1 << unix.CAP_DAC_READ_SEARCH) // an executable may be readable to its owner alone
	}
	if os.Getenv(confinedEnv) != "" || permitted&^keep == 0 || permitted>>unix.CAP_SETPCAP&1 == 0 {
		return nil
	}
	exe, err := os.Executable()
	if err != nil {
		exe = "/proc/self/exe"
	}
	runtime.LockOSThread() // what follows is this thread's, which becomes the only one
	defer runtime.UnlockOSThread()
	if err := limit(keep, inheritable); err != nil {
		return fmt.Errorf("give up capabilities: %w", err)
	}
	err = unix.Exec(exe, os.Args, append(os.Environ(), confinedEnv+"=1"))
	return fmt.Errorf("start %s with fewer capabilities: %w", exe, err)
}

// limit bounds what this thread may have after its next exec.
func limit(keep, inheritable capabilities) error {
	b, err := os.ReadFile("/proc/sys/kernel/cap_last_cap")
	if err != nil {
		return err
	}
	last, err := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil {
		return err
	}
	for c := range last + 1 {
		if keep>>c&1 == 0 {
			if err := unix.Prctl(unix.PR_CAPBSET_DROP, uintptr(c), 0, 0, 0); err != nil {
				return err
			}
		}
	}
	if err := unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0); err != nil {
		return err
	}
	h := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var d [2]unix.CapUserData
	if err := unix.Capget(&h, &d[0]); err != nil {
		return err
	}
	inheritable &= keep
	d[0].Inheritable, d[1].Inheritable = uint32(inheritable), uint32(inheritable>>32)
	if err := unix.Capset(&h, &d[0]); err != nil {
		return err
	}
	if os.Geteuid() != 0 {
		return nil // a file's capabilities would not count
	}
	return unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
}

// permission says what is needed where the kernel says that it is not permitted.
func permission(what string, err error) error {
	if !errors.Is(err, os.ErrPermission) {
		return fmt.Errorf("%s: %w", what, err)
	}
	effective, _, _, capErr := held()
	lacks := needed(true) &^ effective
	if lacks == 0 { // or else the kernel would not say what it has
		lacks = needed(haveMulti()) &^ effective
	}
	switch {
	case capErr != nil:
		return fmt.Errorf("%s: not permitted: %w (%w)", what, capErr, err)
	case lacks != 0:
		return fmt.Errorf("%s: not permitted without %s: run mapsan as root, or give it these (%w)", what, lacks, err)
	}
	return fmt.Errorf("%s: not permitted, although mapsan has the capabilities: something else forbids it, as kernel lockdown or a container's seccomp profile (%w)", what, err)
}
