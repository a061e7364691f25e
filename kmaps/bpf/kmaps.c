//go:build ignore

// SPDX-License-Identifier: MIT OR GPL-2.0-only
//
// Programs at the entry and the return of the kernel's functions that work on BPF
// maps. Each is a pattern: it is loaded once for each function that hooks.go names.
// Nothing is delayed and nothing is changed.

#include <linux/bpf.h>
#include <linux/errno.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "kernel.h"
#include "state.h"
#include "touch.h"
#include "read.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

// An update whose return was not seen keeps its key's place for so long.
#define FORGOTTEN_NS 1000000000

static __always_inline struct key *key_of(struct use *u)
{
	return &keys[u->key >> 1 & (KEYS - 1)];
}

// A flight that a program is at work on. No other one touches it, were it only one
// that has interrupted that program.
#define BUSY 2

// flight_id is odd: neither 0 nor BUSY.
static __always_inline __u64 flight_id(struct use *u)
{
	return mix(u->key, u->actor) | 1;
}

static __always_inline struct flight *flight_of(struct use *u)
{
	return &flights[flight_id(u) >> 1 & (FLIGHTS - 1)];
}

// A token says when an update began, whether it takes the element's lock, and where:
// all in one word, so that nobody sees a part that is another update's.
#define TOKEN_LOCK 256
#define TOKEN_BITS 9 // below the time

static __always_inline __u64 token_of(const struct party *p)
{
	return p->begin << TOKEN_BITS | (p->flags & BPF_F_LOCK ? TOKEN_LOCK : 0) | (p->cpu & (CPUS - 1));
}

static __always_inline int forgotten(__u64 begin, __u64 now)
{
	// What began on another processor may be a bit later. A token has not all bits of the time.
	return (__s64)((now << TOKEN_BITS) - (begin << TOKEN_BITS)) > (__s64)FORGOTTEN_NS << TOKEN_BITS;
}

// can_tear reports whether two updates at once can leave half of each: an array's
// element is copied in place, in steps of a word, and without BPF_F_LOCK nothing
// keeps two copies apart. Other maps put a new element in the place of the old one.
static __always_inline int can_tear(struct use *u)
{
	__u32 index = 0;

	if (u->map->map_type != BPF_MAP_TYPE_ARRAY || u->map->value_size <= 8)
		return 0;
	bpf_probe_read_kernel(&index, sizeof(index), u->key_at);
	return index < u->map->max_entries;
}

// leave frees the key's place, and reports whether the update with this token had it.
static __always_inline int leave(struct key *k, __u64 token)
{
	if (*(volatile __u64 *)&k->token != token)
		return 0;
	k->id = 0;
	return __sync_val_compare_and_swap(&k->token, token, 0) == token;
}

// forget frees the place of an update whose return was not seen.
static __always_inline void forget(struct key *k, __u64 token)
{
	leave(k, token);
	__sync_val_compare_and_swap(&k->met_token, token, 0);
}

// meet leaves word for the update under way. That one sends it, at its return: so it
// is certain that it was under way.
static __always_inline void meet(struct use *u, struct key *k, __u64 token)
{
	if (__sync_val_compare_and_swap(&k->met_token, 0, 1) != 0)
		return;
	k->met = u->by;
	k->met_id = u->key;
	__sync_lock_test_and_set(&k->met_token, token);
	if (*(volatile __u64 *)&k->token != token) // it has returned, and may have looked before
		__sync_val_compare_and_swap(&k->met_token, token, 0);
}

// hold takes the key's place for this update, or meets the one that has it.
static __always_inline __u64 hold(struct use *u)
{
	struct key *k = key_of(u);
	__u64 token = token_of(&u->by), old;

	old = __sync_val_compare_and_swap(&k->token, 0, token);
	if (!old) {
		__sync_lock_test_and_set(&k->id, u->key);
		return token;
	}
	if (forgotten(old >> TOKEN_BITS, u->by.begin)) {
		forget(k, old);
		return 0;
	}
	// On one processor the other is interrupted by this, or has called it.
	if (*(volatile __u64 *)&k->id != u->key || (old & (CPUS - 1)) == (u->by.cpu & (CPUS - 1)))
		return 0;
	__sync_fetch_and_add(&u->known->overlaps, 1);
	if (can_tear(u) && !(u->by.flags & BPF_F_LOCK && old & TOKEN_LOCK))
		meet(u, k, old);
	return 0;
}

// take_flight returns a place for an update that begins, or NULL if it is taken: by
// another's, or by this thread's own of the same key. Then a return was not seen, or a
// program has interrupted the thread; since the next return may be of either,
// neither is followed.
static __always_inline struct flight *take_flight(struct use *u)
{
	struct flight *f = flight_of(u);
	__u64 id = flight_id(u), old;

	old = __sync_val_compare_and_swap(&f->id, 0, BUSY);
	if (!old)
		return f;
	COUNT(untracked);
	if (old == BUSY || (old != id && !forgotten(f->self.begin, u->by.begin)))
		return NULL;
	if (__sync_val_compare_and_swap(&f->id, old, BUSY) != old)
		return NULL;
	if (old == id && f->token)
		forget(key_of(u), f->token);
	__sync_lock_test_and_set(&f->id, 0);
	return NULL;
}

// overwrites reports whether another thread's update of the key both began after this
// one had read it, and has returned.
static __always_inline int overwrites(struct use *u, struct flight *f, struct key *k)
{
	int found;

	if (__sync_val_compare_and_swap(&k->lock, 0, 1) != 0) {
		COUNT(contended);
		return 0;
	}
	f->over = k->last;
	found = k->last_id == u->key;
	__sync_lock_test_and_set(&k->lock, 0);
	return found && actor(&f->over) != u->actor && f->over.begin > f->read_at && f->over.end < u->by.begin;
}

static __always_inline int change_begins(void *ctx, struct bpf_map *map, const void *key, __u64 flags, __u32 kind)
{
	struct use u;

	if (!begin(ctx, &u, map, key, flags, kind) || !tell_keys(&u))
		return 0;
	struct flight *f = take_flight(&u);

	if (!f) {
		forget_read(&u); // what was read is used up, too, where nobody sees it succeed
		return 0;
	}
	f->self = u.by;
	f->read_at = kind == UPDATE ? was_read(&u, &f->read_stack) : 0;
	if (f->read_at && !overwrites(&u, f, key_of(&u)))
		f->read_at = 0;
	f->token = hold(&u);
	__sync_lock_test_and_set(&f->id, flight_id(&u));
	return 0;
}

static __always_inline void send(struct use *u, struct flight *f, struct party *other, __u32 lost, struct sent *sent)
{
	struct conflict *c;

	if (f->self.end - sent->since > SENT_NS) {
		sent->since = f->self.end;
		sent->count = 0;
	}
	if (sent->count >= SENT || !u->known->ready) {
		COUNT(unsent);
		return;
	}
	c = bpf_ringbuf_reserve(&conflicts, sizeof(*c), 0);
	if (!c) {
		COUNT(dropped);
		return;
	}
	c->lost = lost;
	c->index = 0;
	if (u->map->map_type == BPF_MAP_TYPE_ARRAY)
		bpf_probe_read_kernel(&c->index, sizeof(c->index), u->key_at);
	c->map = u->known->is;
	c->key = u->key;
	c->self = f->self;
	c->other = *other;
	c->read_at = lost ? f->read_at : 0;
	c->read_stack = lost ? f->read_stack : -1;
	__sync_fetch_and_add(&sent->count, 1);
	bpf_ringbuf_submit(c, 0);
}

// succeeded remembers an update that is over, for threads that read the key before.
static __always_inline void succeeded(struct use *u, struct flight *f, struct key *k)
{
	if (f->read_at)
		send(u, f, &f->over, 1, &u->known->lost);
	forget_read(u);
	if (__sync_val_compare_and_swap(&k->lock, 0, 1) == 0) {
		k->last_id = u->key;
		k->last = f->self;
		__sync_lock_test_and_set(&k->lock, 0);
	} else {
		COUNT(contended);
	}
}

// landed is called when the update of a flight has returned.
static __always_inline void landed(void *ctx, struct use *u, struct flight *f)
{
	struct key *k = key_of(u);
	__u64 ret = 0;

	f->self.end = bpf_ktime_get_ns();
	bpf_get_func_ret(ctx, &ret);
	// The place first: who meets it from now on sees that nobody will send it.
	if (f->token && leave(k, f->token) && __sync_val_compare_and_swap(&k->met_token, f->token, 1) == f->token) {
		if ((int)ret == 0 && k->met_id == u->key)
			send(u, f, &k->met, 0, &u->known->torn);
		__sync_lock_test_and_set(&k->met_token, 0);
	}
	if ((int)ret == 0)
		succeeded(u, f, k);
}

static __always_inline int change_ends(void *ctx, struct bpf_map *map, const void *key)
{
	__u64 pid_tgid = bpf_get_current_pid_tgid(), id;
	struct use u = {.map = map, .key_at = key};

	if (is_own(map->id) || per_cpu(map->map_type))
		return 0;
	u.by.tid = pid_tgid;
	u.by.cpu = bpf_get_smp_processor_id();
	u.actor = actor(&u.by);
	u.known = find_map(map);
	if (!u.known)
		return 0;
	u.key = hash_key(map, key);
	if (!u.key)
		return 0;
	struct flight *f = flight_of(&u);

	id = flight_id(&u);
	if (__sync_val_compare_and_swap(&f->id, id, BUSY) != id) {
		forget_read(&u);
		return 0;
	}
	if (actor(&f->self) == u.actor) // else two ids are the same by chance
		landed(ctx, &u, f);
	__sync_lock_test_and_set(&f->id, 0);
	return 0;
}

SEC("fentry/htab_map_update_elem")
int BPF_PROG(update_begins, struct bpf_map *map, void *key, void *value, __u64 flags)
{
	return change_begins(ctx, map, key, flags, UPDATE);
}

SEC("fentry/htab_map_delete_elem")
int BPF_PROG(delete_begins, struct bpf_map *map, void *key)
{
	return change_begins(ctx, map, key, 0, DELETE);
}

SEC("fexit/htab_map_update_elem")
int BPF_PROG(ends, struct bpf_map *map, void *key)
{
	return change_ends(ctx, map, key);
}

// A lookup counts when it is over: what was updated after that, it has not seen.
SEC("fexit/__htab_map_lookup_elem")
int BPF_PROG(hash_looked_up, struct bpf_map *map, void *key)
{
	struct use u;

	if (begin(ctx, &u, map, key, 0, LOOKUP) && tell_keys(&u))
		note_read(&u);
	return 0;
}

// The function by which the system call reads any map. The one above it may reach or
// not, as the compiler chose; where it does, the reader counts one of the two. A
// program's lookup in an array is part of its code, and not seen.
SEC("fexit/bpf_map_copy_value")
int BPF_PROG(copied, struct bpf_map *map, void *key)
{
	struct use u;

	if (begin(ctx, &u, map, key, 0, LOOKUP) && tell_keys(&u))
		note_read(&u);
	return 0;
}

// Maps whose conflicts are not looked for are counted.
static __always_inline int only_count(void *ctx, struct bpf_map *map, const void *key, __u32 kind)
{
	struct use u;

	begin(ctx, &u, map, key, 0, kind);
	return 0;
}

SEC("fentry/trie_lookup_elem")
int BPF_PROG(count_lookup, struct bpf_map *map, void *key)
{
	return only_count(ctx, map, key, LOOKUP);
}

SEC("fentry/trie_update_elem")
int BPF_PROG(count_update, struct bpf_map *map, void *key)
{
	return only_count(ctx, map, key, UPDATE);
}

SEC("fentry/trie_delete_elem")
int BPF_PROG(count_delete, struct bpf_map *map, void *key)
{
	return only_count(ctx, map, key, DELETE);
}
