// SPDX-License-Identifier: MIT OR GPL-2.0-only
//
// The latest access of each goroutine: when the runtime ends the target, it ends it in
// this one, whatever others did meanwhile, and wherever the goroutine ran.
//
// Goroutines whose numbers differ by a multiple of PLACES share a place. Who came last
// is in it, by number, so that the other's operation is not known.
#define PLACES 4096 // a power of two

struct latest {
	__u64 goid, map, cookie, at;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, PLACES);
	__type(key, __u32);
	__type(value, struct latest);
} latest SEC(".maps");

static __always_inline struct latest *latest_of(__u64 goid)
{
	__u32 place = goid & (PLACES - 1);

	return bpf_map_lookup_elem(&latest, &place);
}
