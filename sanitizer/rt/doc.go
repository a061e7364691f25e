// Package rt is MapSan's happens-before engine: the half of the sanitizer that
// is laid into the Go runtime as internal/runtime/mapsan.
//
// It knows goroutines, synchronisation objects and maps only as a *[G], a key
// (an address) and a shadow [Cell], so that it runs unchanged inside the
// runtime and, for its tests, in an ordinary program. What it needs from below
// (memory, atomics) is in port_*.go; the runtime uses port_runtime.go.
//
// # Clocks
//
// Few events are map accesses and nearly all are synchronisations, most of
// which teach nobody anything. So an answer of "nothing to learn" must come
// from a few bytes:
//
//   - A goroutine that touches maps owns a slot with a time. (slot, time) is an
//     [Epoch], and once released it names exactly what the goroutine knew and
//     did until then. Knowing a name implies knowing all that it stands for.
//   - What a goroutine knows of others is an immutable tree of times, shared by
//     reference; to hand it over is to copy a pointer.
//   - A synchronisation object's record holds the name and the tree of its last
//     releaser. Acquiring a known name, and releasing a name that the record
//     already holds, changes nothing.
//   - A goroutine's time moves only at its first access, or its first lesson,
//     after its name went out.
//
// The ideas of epochs are FastTrack's (Flanagan and Freund, PLDI 2009), those
// of freshness and of immutable shared clocks come from the work on sampling
// race detectors; see ARCHITECTURE.md.
//
// # Locking
//
// Every function here must be called where the goroutine cannot be preempted.
// A G is used by its goroutine alone, or by others while that one is parked
// and the object that parks it is locked. Records and cells have a lock bit of
// their own, held for a bounded time, never two at once. A [Stripe] is taken
// before any of them.
package rt
