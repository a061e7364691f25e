// SPDX-License-Identifier: MIT OR GPL-2.0-only
//
// All state is in plain arrays that the programs index themselves. A hash map of the
// kernel's would be simpler to write, but its functions are what is watched here:
// each use would enter these programs again.

// The lengths of the arrays: powers of two, since a hash is cut to an index.
#define MAPS 1024
#define TOUCHES 8192
#define KEYS 8192
#define READS 32768
#define STACKS 16384
#define FLIGHTS 4096

#define PROBES 8     // places that an entry of maps or touches may be at
#define FRAMES 12    // of a kernel stack: enough to reach past the map's functions to the caller
#define KEY_BYTES 64 // longer keys are counted, but not told apart
#define CPUS 256     // processors told apart
#define SENT 64      // conflicts of a kind that are sent of one map in SENT_NS
#define SENT_NS 250000000

// Set when the programs are loaded.
const volatile __u64 seed;      // of the hashes of keys
const volatile __u32 window_us; // how old a read may be to count, at most 2^31 µs

enum kind { LOOKUP = 1, UPDATE, DELETE };

// party is one operation and who made it.
struct party {
	__u64 begin, end; // by the kernel's clock, in ns; a lookup has no begin
	__u64 flags;      // BPF_NOEXIST and so on
	__u32 kind;
	__u32 tgid, tid, cpu;
	__s32 stack; // in stacks, negative if there is none
	__u32 pad;
	char comm[16];
};

// described is what is told of a map once.
struct described {
	__u32 id, type, key_size, value_size, max_entries, flags;
	char name[BPF_OBJ_NAME_LEN];
};

// sent bounds what is sent. Processors that count at once may send a few more.
struct sent {
	__u64 since, count;
};

struct map {
	__u64 claim; // 0 while the place is free, else 1 << 32 and the map's id
	__u64 ready; // 1 once it is described
	struct described is;
	__u64 overlaps;      // updates of one key that began while another was under way
	struct sent torn, lost;
};

// touch counts what one process did to one map by one way through the kernel.
struct touch {
	__u64 id; // 0 while it is free
	__u64 ready;
	__u32 map, tgid, kind;
	__s32 stack;
	__u64 count;
	__u64 cpus[CPUS / 64];
	char comm[16];
};

// key is what is known of a key's updates. Several keys may fall on one: the last
// one stays, and a conflict of the other is not seen.
struct key {
	__u64 token; // of the update under way, 0 for none
	__u64 id;    // and its key; set after token, so it may be another's for a moment
	__u64 met_token; // 1 while met is written or sent; then the token of the update that it met
	__u64 met_id;    // key of met
	struct party met;

	__u64 lock; // of what follows; who does not get it does without
	__u64 last_id;
	struct party last; // the last update that succeeded
};

// flight is an update between its entry and its return. One that finds its place
// taken is not followed.
struct flight {
	__u64 id; // of key and thread, 0 while it is free; BUSY while the rest is written or used
	__u64 token; // 0 where another update of the key was under way
	struct party self;
	__u64 read_at; // when self's thread had read the key, 0 unless over was made since
	__s64 read_stack;
	struct party over;
};

// conflict is what is sent.
struct conflict {
	__u32 lost; // 1: an update between a read and the update after it; 0: two at once
	__u32 index; // of an array's element
	struct described map;
	__u64 key; // its hash
	struct party self, other;
	__u64 read_at;
	__s64 read_stack;
};

// Puts types among those that bpf2go finds.
struct conflict *in_ring __attribute__((unused));

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 18);
} conflicts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_STACK_TRACE);
	__uint(max_entries, STACKS);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, FRAMES * sizeof(__u64));
} stacks SEC(".maps");

struct map maps[MAPS];
struct touch touches[TOUCHES];
struct key keys[KEYS];
__u64 reads[READS];       // when a thread read a key, see read.h
__u64 read_stacks[READS]; // and by which way
struct flight flights[FLIGHTS];

// Set by the reader: stacks whose innermost caller is a program. What runs it does
// not matter then, and is not told apart.
__u8 by_program[STACKS];

// The maps of these programs, which are not watched.
__u32 own[8];

// Nothing is lost without being counted.
struct counts {
	__u64 operations;
	__u64 uncounted; // operations that found no room in touches
	__u64 unmapped;  // operations on a map that found no room in maps
	__u64 long_keys;
	__u64 no_stack;
	__u64 contended; // updates that could not be remembered: another one was being
	__u64 untracked; // updates that found no room in flights
	__u64 dropped;
	__u64 unsent; // beyond SENT
};

struct counts totals;

#define COUNT(what) __sync_fetch_and_add(&totals.what, 1)
