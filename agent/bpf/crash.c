//go:build ignore

// SPDX-License-Identifier: MIT OR GPL-2.0-only
//
// One program, run when the target's runtime is about to end it: at the entry of
// runtime.fatal. It costs nothing before.

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "latest.h"
#include "over.h"
#include "regs.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

#define FRAMES 64
#define MESSAGE 64 // a power of two

const volatile __u64 goid_offset; // in runtime.g, in bytes
const volatile __u64 gopc_offset;

struct crash {
	__u64 goid, go_pc, at;
	struct latest latest; // in this goroutine's place
	__s64 bytes; // of stack, negative if it could not be walked
	__u64 stack[FRAMES];
	__u32 length; // of the message; only its beginning is kept
	char message[MESSAGE];
};

// Puts the type among those that bpf2go finds.
struct crash *in_ring __attribute__((unused));

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 14);
} crashes SEC(".maps");

static __always_inline int on_fatal(struct pt_regs *ctx)
{
	struct crash *c = bpf_ringbuf_reserve(&crashes, sizeof(*c), 0);
	__u64 text = ARGUMENT0(ctx), length = ARGUMENT1(ctx), g = GOROUTINE(ctx);
	__u32 *ending = is_over();
	struct latest *l;

	if (ending)
		*ending = 1;
	if (!c)
		return 0;
	c->at = bpf_ktime_get_ns();
	c->goid = c->go_pc = 0;
	bpf_probe_read_user(&c->goid, sizeof(c->goid), (void *)(g + goid_offset));
	bpf_probe_read_user(&c->go_pc, sizeof(c->go_pc), (void *)(g + gopc_offset));
	l = latest_of(c->goid);
	c->latest = l ? *l : (struct latest){};
	c->length = length < MESSAGE ? length : MESSAGE - 1;
	if (bpf_probe_read_user(c->message, c->length & (MESSAGE - 1), (void *)text))
		c->length = 0;
	c->bytes = user_stack(ctx, c->stack, sizeof(c->stack));
	bpf_ringbuf_submit(c, 0);
	return 0;
}

SEC("uprobe.multi")
int fatal_multi(struct pt_regs *ctx)
{
	return on_fatal(ctx);
}

SEC("uprobe")
int fatal_single(struct pt_regs *ctx)
{
	return on_fatal(ctx);
}
