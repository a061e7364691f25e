package agent

import (
	"errors"
	"sync"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/features"
	"github.com/cilium/ebpf/link"
	"golang.org/x/sys/unix"
)

// haveMulti reports whether one link sets the probes of all sites: Linux 6.6. At first
// such a link worked in the main thread of a process alone; since that was mended, the
// kernel refuses a process of this number as no number, and not as one that is not there
// (Linux commit 46ba0e49b642).
var haveMulti = sync.OnceValue(func() bool {
	if features.HaveBPFLinkUprobeMulti() != nil {
		return false
	}
	p, err := ebpf.NewProgram(&ebpf.ProgramSpec{
		Type: ebpf.Kprobe, AttachType: ebpf.AttachTraceUprobeMulti, License: "MIT",
		Instructions: asm.Instructions{asm.Mov.Imm(asm.R0, 0), asm.Return()},
	})
	if err != nil {
		return true // which is told where the real ones are loaded
	}
	defer p.Close()
	self, err := link.OpenExecutable("/proc/self/exe")
	if err != nil {
		return true
	}
	const none = ^uint32(0)
	l, err := self.UprobeMulti(nil, p, &link.UprobeMultiOptions{Addresses: []uint64{1}, PID: none})
	if err == nil {
		l.Close()
	}
	return errors.Is(err, unix.EINVAL)
})
