package anatomy

import (
	"fmt"
	"slices"
	"strings"
)

// Versions are the Go releases that are known, the latest of each minor one.
func Versions() []string {
	return []string{"go1.20.14", "go1.21.13", "go1.22.12", "go1.23.12", "go1.24.11", "go1.25.5", "go1.26.8", "go1.27.3"}
}

// ParseVersions reads versions as a user writes them, each a list: "1.24",
// "go1.26.8", "local", "all".
func ParseVersions(args []string) ([]string, error) {
	var out []string
	for _, a := range args {
		for _, v := range strings.FieldsFunc(a, func(r rune) bool { return r == ',' || r == ' ' }) {
			list, err := parseVersion(v)
			if err != nil {
				return nil, err
			}
			for _, x := range list {
				if !slices.Contains(out, x) {
					out = append(out, x)
				}
			}
		}
	}
	return out, nil
}

func parseVersion(v string) ([]string, error) {
	switch v {
	case "all":
		return Versions(), nil
	case "local":
		return []string{v}, nil
	}
	full := "go" + strings.TrimPrefix(v, "go")
	for _, k := range Versions() {
		minor := k[:strings.LastIndexByte(k, '.')]
		switch {
		case full == minor:
			return []string{k}, nil
		case strings.HasPrefix(full, minor+".") || strings.HasPrefix(full, minor+"rc"):
			return []string{full}, nil
		}
	}
	return nil, fmt.Errorf("version %q of Go: not one of 1.20 to 1.27; write it as 1.26 or go1.26.8, or write all or local", v)
}
