package toolchain

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// layout changes whenever this package lays the same set differently.
const layout = 2

// key names a laid toolchain by everything it is made of, or a compiler when
// part is the part of the set below src/cmd. The original is identified by its
// place, its VERSION file and its go command's size and time, so that one that
// was updated in place is another.
func key(tc Toolchain, part Set) (string, error) {
	h := sha256.New()
	version, err := os.ReadFile(filepath.Join(tc.GOROOT, "VERSION"))
	if err != nil {
		return "", fmt.Errorf("reading the toolchain %s: %s: VERSION: %w; reinstall it", tc.Version, tc.GOROOT, reason(err))
	}
	gocmd, err := os.Stat(tc.Go())
	if err != nil {
		return "", fmt.Errorf("reading the toolchain %s: %s: bin/go: %w; reinstall it", tc.Version, tc.GOROOT, reason(err))
	}
	fmt.Fprintf(h, "layout %d host %s/%s\n", layout, tc.HostOS, tc.HostArch)
	fmt.Fprintf(h, "base %q %q %d %d\n", tc.GOROOT, version, gocmd.Size(), gocmd.ModTime().UnixNano())
	for _, e := range part.Edits {
		fmt.Fprintf(h, "edit %q %q %q %d\n", e.File, e.Old, e.New, e.Times)
	}
	for _, a := range part.Adds {
		fmt.Fprintf(h, "add %q %q\n", a.File, a.Content)
	}
	return Minor(tc.Version) + "-" + hex.EncodeToString(h.Sum(nil))[:16], nil
}

// markerName is the file that makes a laid toolchain complete; it is written
// last.
const markerName = "mapsan.json"

type marker struct {
	Key      string `json:"key"`
	Set      string `json:"set"`
	Version  string `json:"goVersion"`
	Base     string `json:"base"`
	Compiler int64  `json:"compilerSize"` // 0 when the original's is used
}

func readMarker(root string) (marker, error) {
	var m marker
	b, err := os.ReadFile(filepath.Join(root, markerName))
	if err != nil {
		return m, err
	}
	err = json.Unmarshal(b, &m)
	return m, err
}

// complete reports whether root holds the whole toolchain named key. The
// compiler's size tells a file that lost its content in a power cut.
func complete(root, key string, tc Toolchain) bool {
	m, err := readMarker(root)
	if err != nil || m.Key != key {
		return false
	}
	if m.Compiler == 0 {
		return true
	}
	fi, err := os.Stat(compilerPath(root, tc))
	return err == nil && fi.Size() == m.Compiler
}
