// SPDX-License-Identifier: MIT OR GPL-2.0-only
//
// Who touches which map.

static __always_inline __u64 mix(__u64 h, __u64 word)
{
	h = (h ^ word) * 0x9e3779b97f4a7c15ULL;
	return h ^ h >> 29;
}

// use is one operation as it begins.
struct use {
	struct bpf_map *map;
	const void *key_at;
	struct map *known; // NULL if there is no room for the map
	__u64 key;         // hash of map and key; 0 if keys are not told apart
	__u64 actor;       // what goes on by itself: a thread, or a processor that has none
	struct party by;
};

static __always_inline __u64 actor(const struct party *p)
{
	return p->tid ? p->tid : 1ULL << 32 | p->cpu;
}

static __always_inline int is_own(__u32 id)
{
#pragma unroll
	for (int i = 0; i < 8; i++)
		if (own[i] == id)
			return 1;
	return 0;
}

static __always_inline int per_cpu(__u32 type)
{
	return type == BPF_MAP_TYPE_PERCPU_HASH || type == BPF_MAP_TYPE_PERCPU_ARRAY || type == BPF_MAP_TYPE_LRU_PERCPU_HASH;
}

static __always_inline struct map *find_map(struct bpf_map *map)
{
	__u32 id = map->id;
	__u64 h = mix(seed, id), claim = 1ULL << 32 | id;

#pragma unroll
	for (int i = 0; i < PROBES; i++) {
		struct map *m = &maps[(h + i) & (MAPS - 1)];

		if (m->claim == claim)
			return m;
		if (m->claim)
			continue;
		__u64 old = __sync_val_compare_and_swap(&m->claim, 0, claim);

		if (old == claim)
			return m;
		if (!old) {
			m->is.id = id;
			m->is.type = map->map_type;
			m->is.key_size = map->key_size;
			m->is.value_size = map->value_size;
			m->is.max_entries = map->max_entries;
			m->is.flags = map->map_flags;
			bpf_probe_read_kernel_str(m->is.name, sizeof(m->is.name), map->name);
			__sync_lock_test_and_set(&m->ready, 1);
			return m;
		}
	}
	return 0;
}

// hash_key reads at most KEY_BYTES of the key, nothing of the value.
static __always_inline __u64 hash_key(struct bpf_map *map, const void *key)
{
	__u64 words[KEY_BYTES / 8] = {};
	__u32 size = map->key_size;
	__u64 h = mix(seed, map->id);

	if (size == 0 || size > KEY_BYTES || bpf_probe_read_kernel(words, size, key))
		return 0;
#pragma unroll
	for (int i = 0; i < KEY_BYTES / 8; i++)
		h = mix(h, words[i]);
	return h | 1;
}

static __always_inline void count_touch(struct use *u)
{
	__u32 tgid = u->by.tgid;

	if (u->by.stack >= 0 && by_program[u->by.stack & (STACKS - 1)])
		tgid = 0;
	__u64 id = mix(mix(mix(mix(seed, u->map->id), tgid), (__u32)u->by.stack), u->by.kind) | 1;

	for (int i = 0; i < PROBES; i++) {
		struct touch *t = &touches[(id / 2 + i) & (TOUCHES - 1)];

		// Whoever is first claims it; what is counted of the same id meanwhile is right.
		if (t->id == 0 && __sync_val_compare_and_swap(&t->id, 0, id) == 0) {
			t->map = u->map->id;
			t->tgid = tgid;
			t->kind = u->by.kind;
			t->stack = u->by.stack;
			__builtin_memcpy(t->comm, u->by.comm, sizeof(t->comm));
			__sync_lock_test_and_set(&t->ready, 1);
		}
		if (t->id == id) {
			__u32 cpu = u->by.cpu & (CPUS - 1);

			__sync_fetch_and_add(&t->count, 1);
			if (!(t->cpus[cpu / 64] & 1ULL << cpu % 64))
				__sync_fetch_and_or(&t->cpus[cpu / 64], 1ULL << cpu % 64);
			return;
		}
	}
	COUNT(uncounted);
}

// begin says what an operation is, and counts it. It returns 0 for our own.
static __always_inline int begin(void *ctx, struct use *u, struct bpf_map *map, const void *key, __u64 flags, __u32 kind)
{
	__u64 pid_tgid = bpf_get_current_pid_tgid();

	if (is_own(map->id))
		return 0;
	COUNT(operations);
	u->map = map;
	u->key_at = key;
	u->key = 0;
	u->by.begin = bpf_ktime_get_ns();
	u->by.end = 0;
	u->by.flags = flags;
	u->by.kind = kind;
	u->by.tgid = pid_tgid >> 32;
	u->by.tid = pid_tgid;
	u->by.cpu = bpf_get_smp_processor_id();
	u->by.pad = 0;
	u->actor = actor(&u->by);
	bpf_get_current_comm(u->by.comm, sizeof(u->by.comm));
	u->by.stack = bpf_get_stackid(ctx, &stacks, 0);
	if (u->by.stack == -EEXIST) // another one has its place: without our own frame it has another place
		u->by.stack = bpf_get_stackid(ctx, &stacks, 1);
	if (u->by.stack < 0)
		COUNT(no_stack);
	u->known = find_map(map);
	if (u->known)
		count_touch(u);
	else
		COUNT(unmapped);
	return 1;
}

// tell_keys adds the key, where conflicts can be: in a per-CPU map each processor
// has a value of its own.
static __always_inline int tell_keys(struct use *u)
{
	if (!u->known || per_cpu(u->map->map_type))
		return 0;
	u->key = hash_key(u->map, u->key_at);
	if (!u->key)
		COUNT(long_keys);
	return u->key != 0;
}
