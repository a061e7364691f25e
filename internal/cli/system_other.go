//go:build !linux

package cli

// kernelRelease is not asked for on this system.
func kernelRelease() string { return "" }

// freeSpace is not known on this system.
func freeSpace(string) (bytes uint64, ok bool) { return 0, false }
