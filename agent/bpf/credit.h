// SPDX-License-Identifier: MIT OR GPL-2.0-only
//
// What the target pays while probes are set, counted here, so that nobody needs to
// look again and again whether it is enough: the ring says so when it is.

const volatile __u64 hit_ns;   // the price of an access that comes by a probe
const volatile __u64 stack_ns; // more, if its stack is kept

// A processor counts by itself up to this much. What is spent is thus known to
// within so much for each processor.
#define STEP_NS 100000

struct credit {
	__u64 spent, limit; // ns; user space sets both when it sets the probes
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct credit);
} credits SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 12);
} used_up SEC(".maps");

// pay adds to what this processor has not handed in yet. It says once that the
// limit is passed.
static __always_inline void pay(__u64 *own, __u64 ns)
{
	__u32 zero = 0;
	__u64 before;
	struct credit *c;

	*own += ns;
	if (*own < STEP_NS)
		return;
	c = bpf_map_lookup_elem(&credits, &zero);
	if (!c)
		return;
	ns = *own;
	*own = 0;
	before = __sync_fetch_and_add(&c->spent, ns);
	if (before < c->limit && before + ns >= c->limit)
		bpf_ringbuf_output(&used_up, &ns, sizeof(ns), 0);
}
