// Package binfo reads Go executables: build information, functions with their
// lines and inlined calls, types, and machine code. It needs neither symbols
// nor DWARF, and takes more from them when they are there.
//
// Its purpose is the call site: given a return address from a crash log, it
// finds the call before it, and says which operation on which map that is.
//
//	f, err := binfo.Open("server")
//	site, err := f.CallIn("main.(*Registry).Get", 0x2b)
//	// site.Op "lookup", site.Type "map[string]*main.Peer", site.Map.Name "main.Registry.peers"
//
// Go 1.20 to 1.27, ELF, amd64 and arm64. Input is not trusted: every table is
// bounded by the file, every walk by a budget.
package binfo
