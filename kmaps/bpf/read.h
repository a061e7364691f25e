// SPDX-License-Identifier: MIT OR GPL-2.0-only
//
// When a thread read a key last, in one word, and by which way, in another. Each word
// holds a part of the hash that tells whose it is, and not the same part: words of two
// reads, or of another reader, are no read. They would be a false alarm.

#define MICRO 10   // bits of the clock that are left out: the unit is 1.024 µs
#define TIME 40    // bits of such a time: 13 days
#define TIMES ((1ULL << TIME) - 1)

static __always_inline __u64 reader(struct use *u)
{
	return mix(mix(u->key, u->actor), 1);
}

static __always_inline __u64 time_word(__u64 who, __u64 time)
{
	return (who & ~TIMES) | (time & TIMES);
}

static __always_inline __u64 stack_word(__u64 who, __s32 stack)
{
	return who >> 8 << 32 | (__u32)stack;
}

// is_by reports whether a word with a time is of that reader.
static __always_inline int is_by(__u64 word, __u64 who)
{
	return word && word >> TIME == who >> TIME;
}

// note_read remembers a read that is over now. The time is rounded up: an update that
// began in the same unit is not taken for a later one.
static __always_inline void note_read(struct use *u)
{
	__u64 who = reader(u);

	read_stacks[who & (READS - 1)] = stack_word(who, u->by.stack);
	*(volatile __u64 *)&reads[who & (READS - 1)] = time_word(who, (bpf_ktime_get_ns() >> MICRO) + 1);
}

static __always_inline void forget_read(struct use *u)
{
	__u64 who = reader(u);
	__u64 *r = &reads[who & (READS - 1)];

	if (is_by(*r, who))
		*(volatile __u64 *)r = 0;
}

// was_read returns when the thread that begins this update read the key, in ns, or 0
// if it did not within the window.
static __always_inline __u64 was_read(struct use *u, __s64 *stack)
{
	__u64 who = reader(u), now = u->by.begin >> MICRO;
	__u64 r = *(volatile __u64 *)&reads[who & (READS - 1)];
	__u64 s = read_stacks[who & (READS - 1)];

	if (!is_by(r, who) || s != stack_word(who, s) || (r & TIMES) > now || now - (r & TIMES) > window_us)
		return 0;
	*stack = (__s32)s;
	return (r & TIMES) << MICRO;
}
