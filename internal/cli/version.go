package cli

import (
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/mapsan/mapsan/sanitizer/patches"
)

// versionInfo is what mapsan version says.
type versionInfo struct {
	Version  string   `json:"version"`
	Revision string   `json:"revision,omitempty"`
	Time     string   `json:"time,omitempty"`
	Modified bool     `json:"modified,omitempty"`
	Go       string   `json:"go"`
	Target   string   `json:"target"`
	Patches  string   `json:"patches"`
	Supports []string `json:"supports"` // Go minor versions
}

func newVersion(std Streams) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "version",
		Short:   "print mapsan's version and the Go versions it supports",
		Example: "  mapsan version -json",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			v := readVersion()
			if asJSON {
				return json.NewEncoder(std.Out).Encode(v)
			}
			_, err := fmt.Fprintf(std.Out, "mapsan %s\n", v)
			return err
		},
	}
	jsonFlag(cmd, &asJSON)
	return cmd
}

func readVersion() versionInfo {
	set := patches.Set()
	v := versionInfo{
		Version: "(devel)", Go: runtime.Version(), Target: runtime.GOOS + "/" + runtime.GOARCH,
		Patches: set.Version, Supports: set.Minors(),
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	if info.Main.Version != "" {
		v.Version = info.Main.Version
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			v.Revision = s.Value
		case "vcs.time":
			v.Time = s.Value
		case "vcs.modified":
			v.Modified = s.Value == "true"
		}
	}
	return v
}

func (v versionInfo) String() string {
	s := v.Version
	if v.Revision != "" {
		s += " " + v.Revision[:min(12, len(v.Revision))]
		if v.Modified {
			s += " (modified)"
		}
	}
	s += fmt.Sprintf(" %s %s, patches %s for Go", v.Go, v.Target, v.Patches)
	for i, m := range v.Supports {
		if i > 0 {
			s += ","
		}
		s += " " + m
	}
	return s
}
