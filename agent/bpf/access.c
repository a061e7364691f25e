//go:build ignore

// SPDX-License-Identifier: MIT OR GPL-2.0-only
//
// One program, run at the entry of each map operation of the target, about where the
// function pushes its frame: the registers still hold the arguments, the writing
// flag is not set yet, and the kernel emulates the instruction. In focus the same
// program runs at the calls of the operations on suspected maps, and watch.h has one
// more for hardware watchpoints.
//
// A sampled access is held there for some microseconds. Another goroutine that
// comes to a conflicting access of the same map meanwhile proves that nothing
// orders the two.

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "credit.h"
#include "latest.h"
#include "over.h"
#include "regs.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

#define FRAMES 64

// After so many delays in vain a map gets half as many, three times.
#define FRUITLESS 16

// What a site's cookie says; sites.go has the same bits.
#define COOKIE_WRITE (1ULL << 0)    // the operation modifies the map
#define COOKIE_ITERATOR (1ULL << 1) // the argument is the iterator
#define COOKIE_ARGUMENT 2           // from this bit on, four: which argument register
#define COOKIE_WATCHED (1ULL << 6)  // only for maps in watched: others come by, too
#define COOKIE_MEETS (1ULL << 7)    // is not held, only met: watchpoints, but where nothing else is
#define COOKIE_SITE 8               // from this bit on: the site's number

// Set when the program is loaded: offsets in bytes, from the target itself, and times.
const volatile __u64 goid_offset;     // in runtime.g
const volatile __u64 gopc_offset;     // in runtime.g
const volatile __u64 iter_map_offset; // in the iterator
const volatile __u64 delay_ns;
const volatile __u64 gap_ns; // between two delays, of whatever map
const volatile __u64 focused; // 1 where a few maps are watched only

#define NEAR_NS 20000000 // how long an access counts as near
#define REPEATS 3        // conflicts shown of one map

// The scheduler asks a goroutine to stop by this value of g.stackguard0, which
// follows g.stack, two words (runtime/stack.go: stackPreempt).
#define STACK_GUARD 16
#define STACK_PREEMPT 0xfffffffffffffadeULL

struct access {
	__u64 map, goid, go_pc, start, cookie;
	__s64 bytes; // of stack, negative if it could not be walked
	__u64 stack[FRAMES];
};

struct conflict {
	struct access held, other;
};

// Puts the type among those that bpf2go finds.
struct conflict *in_ring __attribute__((unused));

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 18);
} conflicts SEC(".maps");

#define SITES 64 // a power of two; further ones share a count

// Nothing of a conflict is lost to a full ring without being counted.
struct counts {
	__u64 hits, near, kept, delays, delayed_ns, cut, conflicts, dropped;
	__u64 unpaid; // ns, of this processor
	__u64 traps, strange; // of watchpoints; of these, by code that is no map operation's
	__u32 at[SITES]; // hits of each site: where probes are removed one by one, the most hit goes first
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct counts);
} totals SEC(".maps");

// What is remembered of a map, to know where a delay may pay. Several processors
// write it at once; what goes wrong there costs a delay, not a false alarm.
//
// Where the runtime ends the target, the last two writers are how the other side
// is found: their stacks are kept while others are near.
struct write {
	__u64 goid, go_pc, at, cookie;
	__u64 caller; // 0 where the stack has it
	__s64 stack;  // in stacks, negative if it was not kept
};

struct memory {
	__u64 reader, read_at;
	struct write last, before; // of two goroutines
	__u64 cookie; // of the latest access, whoever's
	__u32 fruitless, shown;
	__u32 busy; // 1 while a processor writes the two; another one leaves its own out
};

struct {
	__uint(type, BPF_MAP_TYPE_STACK_TRACE);
	__uint(max_entries, 4096);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, FRAMES * sizeof(__u64));
} stacks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, __u64);
	__type(value, struct memory);
} maps SEC(".maps");

// The maps that COOKIE_WATCHED asks for, by the header's address.
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__type(key, __u64);
	__type(value, __u8);
} watched SEC(".maps");

// The one access that is held. taken is 1 from before it is written until after
// it is over; held.map is set only while it is held.
static struct access held;
static __u32 taken;
static __u32 met; // another goroutine came
static __u64 next_delay;

static __u32 fenced;

// fence has what was read before it read before what follows: arm64 does not keep
// that order by itself. An exchange is the one full barrier that programs have.
static __always_inline void fence(void)
{
	__sync_lock_test_and_set(&fenced, 0);
}

// How long one is held on when another came, so that the other is gone by then: let go
// at one time, the two would be where the runtime ends the target for it.
#define APART_NS 20000

struct wait {
	__u64 end, guard, met, cut;
};

// spin is one round of the delay, about 30 ns; bpf_loop allows 1<<23 of them.
static long spin(__u64 round, struct wait *w)
{
	__u64 guard = 0;

	if (!w->met && *(volatile __u32 *)&met) {
		w->met = 1;
		w->end = bpf_ktime_get_ns() + APART_NS;
	}
	if (bpf_ktime_get_ns() >= w->end)
		return 1;
	// The world may be about to stop, and would wait for this goroutine.
	if (bpf_probe_read_user(&guard, sizeof(guard), (void *)w->guard))
		return 1;
	w->cut = guard == STACK_PREEMPT;
	return w->cut;
}

// argument is argument register n of Go's calls. All are read, since the verifier
// wants each offset into the context to be a constant.
static __always_inline __u64 argument(struct pt_regs *ctx, __u32 n)
{
	__u64 a = *(volatile __u64 *)&ARGUMENT0(ctx);
	__u64 b = *(volatile __u64 *)&ARGUMENT1(ctx);
	__u64 c = *(volatile __u64 *)&ARGUMENT2(ctx);

	return n == 0 ? a : n == 1 ? b : c;
}

static __always_inline void describe(void *ctx, __u64 g, struct access *a, __u64 map, __u64 goid, __u64 cookie)
{
	a->map = map;
	a->goid = goid;
	a->cookie = cookie;
	a->go_pc = 0;
	bpf_probe_read_user(&a->go_pc, sizeof(a->go_pc), (void *)(g + gopc_offset));
	a->start = bpf_ktime_get_ns();
	a->bytes = user_stack(ctx, a->stack, sizeof(a->stack));
}

// meet reports both sides, if the other one is still held when all is copied: another
// one may be held by then, and the copy be of both. Times of two are never the same, and
// held.map is written last.
static __always_inline void meet(void *ctx, __u64 g, struct counts *n, __u64 map, __u64 goid, __u64 cookie)
{
	struct conflict *c = bpf_ringbuf_reserve(&conflicts, sizeof(*c), 0);
	__u64 start, still;

	if (!c) {
		n->dropped++;
		return;
	}
	start = *(volatile __u64 *)&held.start;
	fence();
	still = *(volatile __u64 *)&held.map;
	fence();
	__builtin_memcpy(&c->held, &held, sizeof(held));
	describe(ctx, g, &c->other, map, goid, cookie);
	fence();
	if (still != map || *(volatile __u64 *)&held.map != map)
		goto gone;
	fence();
	if (*(volatile __u64 *)&held.start != start || c->held.goid == goid || !((c->held.cookie | cookie) & COOKIE_WRITE))
		goto gone;
	__sync_lock_test_and_set(&met, 1);
	n->conflicts++;
	bpf_ringbuf_submit(c, 0);
	return;
gone:
	bpf_ringbuf_discard(c, 0);
}

// hold keeps this goroutine at its entry for a while, unless another one is held.
static __always_inline void hold(void *ctx, __u64 g, struct counts *n, struct memory *m, __u64 map, __u64 goid, __u64 cookie)
{
	struct wait w = {.guard = g + STACK_GUARD};
	__u64 began;

	if (__sync_val_compare_and_swap(&taken, 0, 1) != 0)
		return;
	met = 0;
	describe(ctx, g, &held, 0, goid, cookie);
	began = held.start;
	w.end = began + delay_ns;
	__sync_lock_test_and_set(&held.map, map);
	bpf_loop(1 << 23, spin, &w, 0);
	__sync_lock_test_and_set(&held.map, 0);

	__u64 now = bpf_ktime_get_ns();
	n->delays++;
	n->delayed_ns += now - began;
	pay(&n->unpaid, now - began);
	if (met) {
		m->shown++;
		m->fruitless = 0;
	} else if (w.cut) {
		n->cut++;
	} else if (m->fruitless < 3 * FRUITLESS) {
		m->fruitless++;
	}
	next_delay = now + gap_ns;
	__sync_lock_test_and_set(&taken, 0);
}

// note remembers the access and reports whether it comes near to one of another
// goroutine that conflicts with it.
static __always_inline int note(void *ctx, __u64 g, struct counts *n, struct memory *m, __u64 goid, __u64 cookie, __u64 now)
{
	struct write *other = m->last.goid != goid ? &m->last : &m->before;
	int near = other->goid && now - other->at < NEAR_NS;

	m->cookie = cookie;
	if (cookie & COOKIE_WRITE) {
		near |= m->reader && m->reader != goid && now - m->read_at < NEAR_NS;
		struct write w = {.goid = goid, .at = now, .cookie = cookie, .caller = CALLER(ctx), .stack = -1};

		if (near) {
			w.stack = bpf_get_stackid(ctx, &stacks, BPF_F_USER_STACK | BPF_F_FAST_STACK_CMP);
			bpf_probe_read_user(&w.go_pc, sizeof(w.go_pc), (void *)(g + gopc_offset));
			n->kept++;
			pay(&n->unpaid, stack_ns);
		}
		if (__sync_val_compare_and_swap(&m->busy, 0, 1) == 0) {
			if (m->last.goid != goid)
				m->before = m->last;
			m->last = w;
			__sync_lock_test_and_set(&m->busy, 0);
		}
	} else {
		m->reader = goid;
		m->read_at = now;
	}
	return near;
}

// came is what happens at an access: whoever is held on the same map is met; else
// this one may be held.
static __always_inline void came(void *ctx, __u64 g, struct counts *n, __u64 map, __u64 cookie)
{
	__u64 goid = 0, now;
	struct latest *l;
	struct memory *m;

	if (!map || bpf_probe_read_user(&goid, sizeof(goid), (void *)(g + goid_offset)) || !goid)
		return;

	now = bpf_ktime_get_ns();
	if (!focused && (l = latest_of(goid)))
		*l = (struct latest){goid, map, cookie, now};
	if (*(volatile __u64 *)&held.map == map) {
		fence();
		if (held.goid != goid && (held.cookie | cookie) & COOKIE_WRITE)
			meet(ctx, g, n, map, goid, cookie);
		return;
	}

	m = bpf_map_lookup_elem(&maps, &map);
	if (!m) {
		struct memory fresh = {};

		note(ctx, g, n, &fresh, goid, cookie, now);
		bpf_map_update_elem(&maps, &map, &fresh, BPF_NOEXIST);
		return;
	}
	if (!note(ctx, g, n, m, goid, cookie, now))
		return;
	n->near++;
	if (cookie & COOKIE_MEETS)
		return;
	if (now < next_delay || m->shown >= REPEATS)
		return;
	// Where delays met nobody, a lock is likely: other maps come first, where there are.
	if (!focused && bpf_get_prandom_u32() & ((1 << (m->fruitless / FRUITLESS & 3)) - 1))
		return;
	hold(ctx, g, n, m, map, goid, cookie);
}

static __always_inline int on_access(struct pt_regs *ctx)
{
	__u32 zero = 0;
	__u64 cookie = bpf_get_attach_cookie(ctx);
	__u64 map = argument(ctx, cookie >> COOKIE_ARGUMENT & 15);
	struct counts *n = bpf_map_lookup_elem(&totals, &zero);
	__u32 *ending = is_over();

	if (!n || !ending || *ending)
		return 0;
	n->hits++;
	n->at[cookie >> COOKIE_SITE & (SITES - 1)]++;
	pay(&n->unpaid, hit_ns);
	if (cookie & COOKIE_ITERATOR && map && bpf_probe_read_user(&map, sizeof(map), (void *)(map + iter_map_offset)))
		return 0;
	if (cookie & COOKIE_WATCHED && !bpf_map_lookup_elem(&watched, &map))
		return 0;
	came(ctx, GOROUTINE(ctx), n, map, cookie);
	return 0;
}

SEC("uprobe.multi")
int access_multi(struct pt_regs *ctx)
{
	return on_access(ctx);
}

SEC("uprobe")
int access_single(struct pt_regs *ctx)
{
	return on_access(ctx);
}

#include "watch.h"
