package finding

import "strings"

// stdRoots are the first elements of the standard library's import paths; the
// value says whether the element is a package by itself.
var stdRoots = map[string]bool{
	"archive": false, "arena": true, "bufio": true, "bytes": true, "cmp": true, "compress": false,
	"container": false, "context": true, "crypto": true, "database": false, "debug": false,
	"embed": true, "encoding": true, "errors": true, "expvar": true, "flag": true, "fmt": true,
	"go": false, "hash": true, "html": true, "image": true, "index": false, "internal": false,
	"io": true, "iter": true, "log": true, "maps": true, "math": true, "mime": true, "net": true,
	"os": true, "path": true, "plugin": true, "reflect": true, "regexp": true, "runtime": true,
	"simd": true, "slices": true, "sort": true, "strconv": true, "strings": true, "structs": true, "sync": true,
	"syscall": true, "testing": true, "text": false, "time": true, "unicode": true,
	"unique": true, "unsafe": true, "uuid": true, "vendor": false, "weak": true,
}

// readers are the packages that work on any map they are handed, so that the
// map's name stands with their caller. A value ends with "/" to take in what
// lies below it.
var readers = []string{
	"encoding/", "expvar", "fmt", "html/template", "internal/", "iter", "log", "log/slog", "log/slog/",
	"maps", "reflect", "runtime", "slices", "sort", "text/template", "text/template/",
	"github.com/bytedance/sonic", "github.com/bytedance/sonic/",
	"github.com/davecgh/go-spew/spew",
	"github.com/fxamacker/cbor/v2",
	"github.com/go-viper/mapstructure/v2",
	"github.com/goccy/go-json", "github.com/goccy/go-json/",
	"github.com/goccy/go-yaml", "github.com/goccy/go-yaml/",
	"github.com/google/go-cmp/",
	"github.com/json-iterator/go",
	"github.com/mitchellh/copystructure",
	"github.com/mitchellh/mapstructure",
	"github.com/mitchellh/reflectwalk",
	"github.com/modern-go/reflect2",
	"github.com/ugorji/go/codec",
	"github.com/vmihailenco/msgpack/v5",
	"go.yaml.in/yaml/v3", "go.yaml.in/yaml/v4",
	"gopkg.in/yaml.v2", "gopkg.in/yaml.v3",
	"sigs.k8s.io/yaml", "sigs.k8s.io/yaml/",
}

// InStd reports whether a function belongs to the standard library, judged by
// its name.
func InStd(fn string) bool {
	path := PackagePath(fn)
	root, _, sub := strings.Cut(path, "/")
	single, ok := stdRoots[root]
	return ok && (sub || single)
}

// InReader reports whether a function belongs to a package that reads or
// writes any map it is handed: reflect, maps, encoding/json, fmt and their like.
func InReader(fn string) bool {
	path := PackagePath(fn)
	for _, r := range readers {
		if path == r || strings.HasSuffix(r, "/") && strings.HasPrefix(path, r) {
			return true
		}
	}
	return false
}
