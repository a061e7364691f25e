// Package toolchain finds the Go toolchain that the go command would use in a
// directory and lays a patched copy of it in a cache.
//
// A patch is data (Edit, Add, Set): literal text, the Go versions it was
// checked on, and how often it must match. A patch that does not apply exactly
// as stated stops the work; a toolchain is patched whole or not at all.
//
// The copy holds the sources as regular files, because the go command indexes
// only those, and links to what does not change. When a patch touches
// src/cmd the compiler is built again, by the original toolchain, from
// otherwise unpatched sources.
package toolchain
