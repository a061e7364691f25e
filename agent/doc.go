// Package agent watches Go programs that run, as they are, for concurrent misuse
// of maps, by eBPF programs at the entries of the runtime's map functions.
//
// An access that is sampled is held there for some microseconds. Another
// goroutine that comes to a conflicting access of the same map meanwhile proves
// that nothing orders the two: the idea is that of TSVD (Li, Lu, Musuvathi and
// others, "Efficient Scalable Thread-Safety-Violation Detection", SOSP 2019).
// Where to hold is learnt from near misses, which are never reported.
//
// SAFETY.md says what is done to a target, and what bounds it.
package agent

//go:generate go tool bpf2go -cc clang -target amd64,arm64 -type crash -output-stem crash crash bpf/crash.c -- -O2 -g -mcpu=v3 -Wall -Werror -idirafter /usr/include/x86_64-linux-gnu
//go:generate go tool bpf2go -cc clang -target amd64,arm64 -type conflict -type access -type counts -type credit access bpf/access.c -- -O2 -g -mcpu=v3 -Wall -Werror -idirafter /usr/include/x86_64-linux-gnu
