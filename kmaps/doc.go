// Package kmaps watches the BPF maps of the kernel: which processes and eBPF programs
// touch which map from which processors, and what goes wrong when several do. Its
// eBPF programs stand at the entry and the return of the kernel's functions that
// update, delete from and look into maps; they delay and change nothing.
//
// Two conflicts are told. Two updates of one element of an array that are under way
// at once may leave a part of each (proved). An update by who had read the key before
// another one updated it loses that other update, if the value was made from what
// had been read (shown: values are not looked at).
//
// SAFETY.md says what is done to the machine, and what cannot be seen.
package kmaps

//go:generate go tool bpf2go -cc clang -target bpfel -type conflict -type party -type described kmaps bpf/kmaps.c -- -O2 -g -mcpu=v3 -Wall -Werror -idirafter /usr/include/x86_64-linux-gnu
