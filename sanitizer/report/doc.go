// Package report reads what the sanitizer's runtime prints.
//
// A [Filter] stands between a program and its reader: it takes whole report
// blocks out of the stream, turns them into findings, and passes everything
// else on unchanged. A [JSONFilter] does the same for the events of
// go test -json, whose stream it leaves byte for byte as it is.
//
// A [Namer] then looks at the source and names the map as the two parties do.
package report
