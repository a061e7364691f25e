// SPDX-License-Identifier: MIT OR GPL-2.0-only
//
// The registers of Go's calls (cmd/compile/abi-internal.md), and the stack at a
// function's entry.

#if defined(__TARGET_ARCH_x86)

#include <linux/ptrace.h>
#include <linux/bpf_perf_event.h>

#define ARGUMENT0(ctx) ((ctx)->rax)
#define ARGUMENT1(ctx) ((ctx)->rbx)
#define ARGUMENT2(ctx) ((ctx)->rcx)
#define GOROUTINE(ctx) ((ctx)->r14)
#define CALLER(ctx) 0 // it is on the stack

#elif defined(__TARGET_ARCH_arm64)

// The registers as the kernel gives them to programs: user_pt_regs of its
// asm/ptrace.h, which the headers of another machine do not have.
struct pt_regs {
	__u64 regs[31], sp, pc, pstate;
};

#define ARGUMENT0(ctx) ((ctx)->regs[0])
#define ARGUMENT1(ctx) ((ctx)->regs[1])
#define ARGUMENT2(ctx) ((ctx)->regs[2])
#define GOROUTINE(ctx) ((ctx)->regs[28])
#define CALLER(ctx) (((struct pt_regs *)(ctx))->regs[30]) // the frame is not pushed yet

// What a program at a perf event gets: its asm-generic/bpf_perf_event.h.
struct bpf_perf_event_data {
	struct pt_regs regs;
	__u64 sample_period, addr;
};

#endif

// user_stack is bpf_get_stack, with the caller where that is only in a register.
// Go keeps frame pointers on both architectures, which is what the kernel walks by.
static __always_inline __s64 user_stack(struct pt_regs *ctx, __u64 *stack, __u32 size)
{
	__u64 caller = CALLER(ctx);
	__s64 bytes;

	if (!caller)
		return bpf_get_stack(ctx, stack, size, BPF_F_USER_STACK);
	bytes = bpf_get_stack(ctx, stack + 1, size - sizeof(*stack), BPF_F_USER_STACK);
	if (bytes <= 0)
		return bytes;
	stack[0] = stack[1];
	stack[1] = caller;
	return bytes + sizeof(*stack);
}
