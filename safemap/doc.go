// Package safemap has maps that goroutines share, for every case in which a
// native map would end in "concurrent map read and map write". It imports
// nothing but the standard library.
//
//   - [Map] is the one to take: reads without locks, stores or allocations,
//     writes that lock one bucket, no pause while it grows, and [Snapshot], a
//     consistent view of the whole that costs a fraction of a microsecond.
//   - [Locked] is a native map behind a lock: several keys in one atomic step,
//     and the least memory.
//   - [Buffered] collects writes to a Map and makes them later, many at once;
//     others see them late.
//   - [Sync] has the methods of [sync.Map].
//
// # Guarantees
//
// Every method of Map, Locked and Sync is linearizable unless its comment says
// otherwise, which names the point; the comments of the others say what they
// promise. A write happens before, in the sense of the Go memory model, each
// read that sees it.
//
// Keys behave as in a native map: 0 and -0 are one key, a NaN is never found
// again, and an interface that holds what cannot be hashed panics, before
// anything is locked. A panic in a function that is passed in, a hasher or a
// comparison leaves the map unlocked and as it was.
//
// # How a Map works
//
// A bucket is two lines of the cache: six slots of one word for the key and one
// for the value, a word with a tag of each slot's hash, and a word with a lock
// and a version. Of a key that is a string the slot has the pointer, and a byte
// beside the version the length. Any other key or value that is larger than a
// word, or part pointer, is an immutable copy that the word points to. A reader
// compares tags, then one key, and looks again at the version, which only
// removals raise. A writer takes the lock, and stores the words one by one.
//
// A table doubles at 4.5 entries a bucket, and shrinks at an eighth of that.
// Each writer that comes by moves 64 buckets; those that were moved send
// readers on. Tables beyond 512 KiB are made in chunks of that size, so that
// no writer waits for more.
//
// Snapshots are numbered. The first write to a bucket after a snapshot saves the
// bucket for it, so a snapshot costs nothing but what is changed, and only
// while somebody holds it. To find an instant at which no write is half done,
// writers count themselves in and out, each goroutine on a line of its own:
// that starts with the first snapshot, or [Options].Snapshots.
package safemap
