// Package maplayout knows how Go's maps lie in memory, and reads them.
//
// Two designs are told apart by the names of the header's fields, never by
// the Go version when names are there: tables of groups (Go 1.24 and later,
// internal/runtime/maps.Map) and buckets (up to 1.23, runtime.hmap).
//
// Memory is any io.ReaderAt whose offsets are addresses: a process, a core, a
// file. It may be damaged, or a map half written: what cannot be read is
// reported with its reason, and the rest is read.
package maplayout
