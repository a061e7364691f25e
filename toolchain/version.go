package toolchain

import (
	"go/version"
	"strings"
)

// Minor returns the minor version of a Go version, "1.26" for "go1.26.8", or
// "" for a version that names no release, such as a development tree's.
func Minor(goVersion string) string {
	// A toolchain with experiments calls itself "go1.26.8 X:...", a
	// distribution's "go1.26.8 (Red Hat ...)".
	v, _, _ := strings.Cut(goVersion, " ")
	return strings.TrimPrefix(version.Lang(v), "go")
}
