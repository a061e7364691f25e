// SPDX-License-Identifier: MIT OR GPL-2.0-only
//
// What is read of the kernel's own structure of a map. Only names and types count:
// where the fields are is taken from the running kernel's BTF when the programs
// are loaded, and a kernel without one of them refuses the load.
struct bpf_map {
	enum bpf_map_type map_type;
	__u32 key_size, value_size, max_entries, map_flags, id;
	char name[BPF_OBJ_NAME_LEN];
} __attribute__((preserve_access_index));
