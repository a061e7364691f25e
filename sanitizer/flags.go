package sanitizer

import "strings"

// valueFlags are the go command's flags that take the next argument as their
// value; with the others "-flag value" is a flag and a package.
var valueFlags = set(
	// build
	"C", "p", "o", "asmflags", "buildmode", "compiler", "covermode", "coverpkg", "exec", "gccgoflags", "gcflags",
	"installsuffix", "ldflags", "mod", "modfile", "overlay", "pgo", "pkgdir", "tags", "toolexec", "debug-actiongraph",
	"debug-runtime-trace", "debug-trace",
	// test
	"bench", "benchtime", "blockprofile", "blockprofilerate", "count", "coverprofile", "cpu", "cpuprofile", "fuzz",
	"fuzztime", "fuzzminimizetime", "list", "memprofile", "memprofilerate", "mutexprofile", "mutexprofilefraction",
	"outputdir", "parallel", "run", "shuffle", "skip", "testlogfile", "timeout", "trace", "vet", "vettool", "artifactsdir",
)

func set(names ...string) map[string]bool {
	m := make(map[string]bool, len(names))
	for _, n := range names {
		m[n] = true
	}
	return m
}

// A Flag is one flag of the go command as it stands in the arguments.
type Flag struct {
	Name  string // without dashes
	Value string // "true" where none was given
	At, N int    // its place in the arguments and how many it takes
}

// Flags returns the flags in args that the go command's verb would read, in
// order: up to -args for test, up to the package for run, whose further
// arguments are the program's. extra names flags with a value that the caller
// adds to the go command's.
func Flags(verb string, args []string, extra ...string) []Flag {
	own := set(extra...)
	var flags []Flag
	for i := 0; i < len(args); i++ {
		a := args[i]
		if len(a) < 2 || a[0] != '-' {
			if verb == "run" && !strings.HasSuffix(a, ".go") {
				break
			}
			continue
		}
		name := strings.TrimPrefix(a[1:], "-")
		if name == "" || verb == "test" && name == "args" {
			break
		}
		f := Flag{At: i, N: 1, Value: "true"}
		var has bool
		if f.Name, f.Value, has = strings.Cut(name, "="); !has {
			f.Value = "true"
			// go test knows its flags with the test binary's prefix too.
			if bare := strings.TrimPrefix(f.Name, "test."); own[f.Name] || valueFlags[bare] {
				f.Value = ""
				if i+1 < len(args) {
					i++
					f.N, f.Value = 2, args[i]
				}
			}
		}
		flags = append(flags, f)
	}
	return flags
}

// goflags returns the flags of a GOFLAGS value, whose entries hold no spaces
// but in quotes.
func goflags(value string) []Flag {
	var args []string
	for len(value) > 0 {
		value = strings.TrimLeft(value, " \t\r\n")
		if value == "" {
			break
		}
		if q := value[0]; q == '\'' || q == '"' {
			arg, rest, _ := strings.Cut(value[1:], string(q))
			args, value = append(args, arg), rest
			continue
		}
		end := strings.IndexAny(value, " \t\r\n")
		if end < 0 {
			end = len(value)
		}
		args, value = append(args, value[:end]), value[end:]
	}
	var flags []Flag
	for _, a := range args {
		// Every entry is a flag by itself: "-tags=x", never "-tags x".
		name, v, has := strings.Cut(strings.TrimLeft(a, "-"), "=")
		if !has {
			v = "true"
		}
		flags = append(flags, Flag{Name: name, Value: v})
	}
	return flags
}

// on reports whether the boolean flag name is set, the last one counting.
func on(flags []Flag, name string) bool {
	v := value(flags, name)
	return v != "" && v != "false" && v != "0" && v != "f" && v != "F" && v != "FALSE" && v != "False"
}

// value returns the last value of the flag name, or "".
func value(flags []Flag, name string) string {
	for i := len(flags) - 1; i >= 0; i-- {
		if flags[i].Name == name {
			return flags[i].Value
		}
	}
	return ""
}
