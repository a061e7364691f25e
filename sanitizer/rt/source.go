package rt

import "embed"

// Source is the text of this package, from which the runtime's copy is made.
//
//go:embed *.go
var Source embed.FS
