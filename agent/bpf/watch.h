// SPDX-License-Identifier: MIT OR GPL-2.0-only
//
// One program, run where an instruction of the target has touched the hash seed of
// a watched map. What touches a seed before the operation sets the writing flag is
// known beforehand, as its next instruction's address: such a goroutine is inside
// that operation on that map, whatever the map at this address is by now.
//
// It runs in the trap's handler, with interrupts off on this processor: so it does not
// hold who comes, but where the agent knows no call to hold at. Where it
// returns 1, it uses up the event's limit of one overflow (Linux 6.10): the kernel
// disarms the watchpoint of this thread at once. That is for what uses a seed while the
// flag is set, as growth does for each entry. It is not for the others, since the
// interrupt by which the kernel disarms would come when the flag is set.

#define WATCHES 4 // as many debug registers as there are

// Where the program counter and g are. On arm64 this compiles, but is not used: there a
// watchpoint traps before its instruction.
#if defined(__TARGET_ARCH_arm64)
#define TRAP_PC(ctx) ((ctx)->regs.pc)
#define TRAP_G(ctx) ((ctx)->regs.regs[28])
#else
#define TRAP_PC(ctx) ((ctx)->regs.rip)
#define TRAP_G(ctx) ((ctx)->regs.r14)
#endif

const volatile __u64 seed_offset; // in the header
const volatile __u64 trap_ns;     // the price of a trap

// What touches holds for an instruction that uses a seed while the flag is set.
#define INSIDE (~0ULL)

// How often that was, by the attach cookie, which numbers the maps.
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, WATCHES);
	__type(key, __u32);
	__type(value, __u64);
} inside SEC(".maps");

// The instructions after those that touch a seed, with the operation's cookie.
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 512);
	__type(key, __u64);
	__type(value, __u64);
} touches SEC(".maps");

SEC("perf_event")
int trap(struct bpf_perf_event_data *ctx)
{
	__u32 zero = 0, number = bpf_get_attach_cookie(ctx);
	__u64 pc = TRAP_PC(ctx), *cookie, *times;
	struct counts *n = bpf_map_lookup_elem(&totals, &zero);
	__u32 *ending = is_over();

	if (!n || !ending)
		return 0;
	n->traps++;
	pay(&n->unpaid, trap_ns);
	if (*ending)
		return 0;
	cookie = bpf_map_lookup_elem(&touches, &pc);
	if (!cookie) {
		n->strange++;
		return 0;
	}
	if (*cookie == INSIDE) {
		times = bpf_map_lookup_elem(&inside, &number);
		if (times)
			__sync_fetch_and_add(times, 1);
		return 1;
	}
	came(ctx, TRAP_G(ctx), n, ctx->addr - seed_offset, *cookie);
	return 0;
}
