package kmaps

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
)

var errNoFunctions = errors.New("the kernel's type information has none of the functions that work on maps")

// Lack is a facility of the kernel that watching needs and that is not there.
type Lack struct {
	What string // is missing, and how that is known
	Do   string // what would help
	Err  error  // of the kernel; nil if it was not asked
}

func (l *Lack) Error() string {
	s := "kernel maps cannot be watched: " + l.What
	if l.Err != nil {
		s += fmt.Sprintf(" (%v)", l.Err)
	}
	if l.Do != "" {
		s += "; " + l.Do
	}
	return s
}

func (l *Lack) Unwrap() error { return l.Err }

// facts are what the machine says of the facilities.
type facts struct {
	btf      bool              // /sys/kernel/btf/vmlinux is there
	caps     uint64            // effective capabilities
	jit      string            // net.core.bpf_jit_enable, "" if not known
	lockdown string            // the mode that is on, "" if not known
	config   map[string]string // of the kernel, nil if not known
}

// Capabilities by number (include/uapi/linux/capability.h).
const (
	capSysAdmin = 21
	capPerfmon  = 38
	capBPF      = 39
)

func (f *facts) has(capability int) bool { return f.caps>>capability&1 != 0 }

// off says that the kernel was built without an option, where that is known.
func (f *facts) off(option string) bool {
	v, ok := f.config[option]
	return f.config != nil && (!ok || v == "n")
}

// before says what is missing before anything was tried, or nil.
func (f *facts) before() *Lack {
	var caps []string
	if !f.has(capSysAdmin) {
		for name, n := range map[string]int{"CAP_BPF": capBPF, "CAP_PERFMON": capPerfmon} {
			if !f.has(n) {
				caps = append(caps, name)
			}
		}
	}
	switch {
	case f.off("CONFIG_BPF_SYSCALL"):
		return &Lack{What: "the kernel has no eBPF: CONFIG_BPF_SYSCALL is off", Do: "boot a kernel that has it"}
	case !f.btf:
		return &Lack{What: "the kernel has no type information: no /sys/kernel/btf/vmlinux, which CONFIG_DEBUG_INFO_BTF makes", Do: "boot a kernel built with it, as distributions' are"}
	case len(caps) == 2:
		return &Lack{What: "the process lacks CAP_BPF and CAP_PERFMON", Do: "run as root, or give it both"}
	case len(caps) == 1:
		return &Lack{What: "the process lacks " + caps[0], Do: "run as root, or give it CAP_BPF and CAP_PERFMON"}
	case f.jit == "0" || f.off("CONFIG_BPF_JIT"):
		return &Lack{What: "eBPF programs are not compiled: net.core.bpf_jit_enable is 0, or CONFIG_BPF_JIT is off", Do: "sysctl net.core.bpf_jit_enable=1"}
	}
	return nil
}

// after says what is missing by the error with which the kernel refused.
func (f *facts) after(err error) error {
	var lack *Lack
	const option = "CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS"
	switch {
	case err == nil:
		return nil
	case errors.Is(err, errNoFunctions):
		lack = &Lack{What: errNoFunctions.Error(), Do: "mapsan was tried on Linux 6.1 and 6.12; report the version of this kernel"}
	case f.lockdown == "confidentiality" && (errors.Is(err, os.ErrPermission) || errors.Is(err, syscall.EINVAL)): // it has not the helper that reads
		lack = &Lack{What: "the kernel's lockdown mode is confidentiality, in which programs may not read its memory", Do: "boot with lockdown=integrity or none"}
	case errors.Is(err, os.ErrPermission):
		lack = &Lack{
			What: "the kernel refuses tracing programs on its functions (fentry) although the capabilities are there: " + f.mode(),
			Do:   "boot a kernel without that policy, as a virtual machine can",
		}
	case f.off(option), errors.Is(err, syscall.Errno(524)), errors.Is(err, syscall.ENOTSUP): // 524: ENOTSUPP
		lack = &Lack{What: "the kernel cannot set programs at its functions' entries (fentry): " + option + " is off, or not there for this architecture", Do: "boot a kernel that has it: Linux 5.17 on amd64, 6.4 on arm64"}
	default:
		return fmt.Errorf("kernel maps cannot be watched: %w", err)
	}
	lack.Err = first(err)
	return lack
}

func (f *facts) mode() string {
	if f.lockdown == "" {
		return "a lockdown or another policy, which it does not tell (/sys/kernel/security/lockdown cannot be read)"
	}
	return "its lockdown mode is " + f.lockdown + ", which alone does not do that; another policy does, as a security module's or a container's"
}

// first is the innermost error: the kernel's own word.
func first(err error) error {
	var no syscall.Errno
	if errors.As(err, &no) {
		return no
	}
	return err
}

// lockdownMode is the mode in brackets: "none [integrity] confidentiality".
func lockdownMode(text string) string {
	_, rest, _ := strings.Cut(text, "[")
	mode, _, _ := strings.Cut(rest, "]")
	return mode
}

// effective reads the capabilities out of /proc/self/status.
func effective(status string) (caps uint64) {
	for line := range strings.Lines(status) {
		if v, ok := strings.CutPrefix(line, "CapEff:"); ok {
			fmt.Sscanf(strings.TrimSpace(v), "%x", &caps)
		}
	}
	return caps
}

// options reads a kernel's configuration.
func options(text string) map[string]string {
	out := map[string]string{}
	for line := range strings.Lines(text) {
		if name, v, ok := strings.Cut(strings.TrimSpace(line), "="); ok && strings.HasPrefix(name, "CONFIG_") {
			out[name] = v
		}
	}
	return out
}
