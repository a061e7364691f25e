package kmaps

import (
	"slices"

	"github.com/mapsan/mapsan/finding"
)

// frame is one function of a kernel stack.
type frame struct {
	name    string
	program uint32 // id of the eBPF program whose code it is, 0 for the kernel's own
	own     bool   // of this package's programs, or what calls them
}

// Functions of the kernel's by which the bpf system call gets to a map.
var bySyscall = map[string]bool{
	"__sys_bpf": true, "__do_sys_bpf": true, "__se_sys_bpf": true, "__x64_sys_bpf": true, "__arm64_sys_bpf": true,
	"map_lookup_elem": true, "map_update_elem": true, "map_delete_elem": true, "map_lookup_and_delete_elem": true,
	"bpf_map_do_batch": true, "generic_map_lookup_batch": true, "generic_map_update_batch": true, "generic_map_delete_batch": true,
}

// actorOf tells who made an access by the stack, innermost frame first: what comes
// first behind the function that is watched, an eBPF program or the system call. A system
// call may run a program, and a program may run while a system call does: the inner one
// touches the map. What stands before that function calls our programs, and may lie
// where a program was; whoever has no name behind it may be anybody.
func actorOf(stack []frame) (kind finding.ActorKind, program frame, ok bool) {
	behind := false
	for _, f := range stack {
		switch {
		case f.own:
		case f.program == 0 && f.name != "":
			if bySyscall[f.name] {
				return finding.Process, frame{}, true
			}
			behind = true
		case behind && f.program != 0:
			return finding.Program, f, true
		case behind:
			return "", frame{}, false
		}
	}
	return "", frame{}, false
}

// countedOutside reports whether a lookup's stack is that of the inner of two functions
// that are watched: the outer one counts it.
func countedOutside(stack []frame) bool {
	isOuter := func(f frame) bool { return f.name == "bpf_map_copy_value" }
	inner := slices.IndexFunc(stack, func(f frame) bool { return f.name != "" && f.program == 0 })
	if inner < 0 || isOuter(stack[inner]) {
		return false
	}
	outside := stack[inner:]
	if i := slices.IndexFunc(outside, func(f frame) bool { return f.program != 0 }); i >= 0 {
		outside = outside[:i] // a program's own, while somebody looks
	}
	return slices.ContainsFunc(outside, isOuter)
}

// shown are the frames of a stack that a person is shown.
func shown(stack []frame) []finding.Frame {
	var out []finding.Frame
	for _, f := range stack {
		if !f.own && f.name != "" {
			out = append(out, finding.Frame{Func: f.name})
		}
	}
	return out
}
