// Package crashlog reads the text that a Go program prints when it dies of
// concurrent misuse of a map: that of Go 1.20 to 1.27, at every GOTRACEBACK
// level, as it stands in real logs: behind prefixes, inside JSON, cut off,
// with other output in between.
//
//	r := crashlog.NewReader(os.Stdin, crashlog.Options{Rest: os.Stdout})
//	for {
//		crash, err := r.Next()
//		if err == io.EOF {
//			break
//		}
//		...
//		for _, g := range crash.Goroutines {
//			op := crash.Operation(g)
//			...
//		}
//	}
//
// The log is read once, and memory stays bounded whatever its size: of many
// goroutines the Crash keeps those that matter, and one for each stack that
// others share. What could not be read is said in Crash.Notes; nothing is
// invented for it.
package crashlog
