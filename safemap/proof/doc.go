// Package proof holds no code: the module of its folder tries to refute
// safemap. It is a module of its own, so that what it imports (porcupine, and
// the maps it compares with) never reaches users of safemap.
//
//   - linear: random histories of a map, checked for linearizability
//   - peers: the same histories made by other maps, as a table
//   - schedules: small programs under thousands of chosen interleavings
//   - mutants: runs all of that on copies of safemap that are broken on purpose;
//     what finds nothing in them proves nothing about the original
//
// Each is a command, run in this folder as go run ./linear, with its usage in
// its doc comment; go test ./... runs all of them at short length, and with
// MAPSAN_HEAVY=1 at the length of CI.
//
// How it is built: model says what a map must do, subject gives every map one
// form, drive makes histories of a subject, history keeps and checks them.
// overlay builds a command with files of safemap replaced, and sched is what
// replaces sync, sync/atomic and runtime there.
package proof
