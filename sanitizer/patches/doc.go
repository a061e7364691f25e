// Package patches is the data that turns a Go toolchain into MapSan's: edits
// of the runtime, of sync and sync/atomic, and of the compiler, and the files
// of the detector that are laid beside them.
//
// Each edit says on which Go versions it was checked and how often its text
// must occur; the test applies all of them to every GOROOT that is at hand.
// The files below _goroot are laid as they stand.
package patches
