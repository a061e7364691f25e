// Package sanitizer is the happens-before engine's driver: it runs the go
// command on a patched toolchain, reads the reports of the programs that were
// built with it, and returns them as findings.
//
// The detector is in package rt, the patches that lay it into the Go runtime in
// package patches, and the reader of its reports in package report.
package sanitizer
