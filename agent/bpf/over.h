// SPDX-License-Identifier: MIT OR GPL-2.0-only
//
// What the two programs share: 1 once the runtime has begun to end the target.
// Other goroutines go on for a while; what they do must not cover what led there.
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} over SEC(".maps");

static __always_inline __u32 *is_over(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&over, &zero);
}
