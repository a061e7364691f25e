package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/mapsan/mapsan/anatomy"
	"github.com/mapsan/mapsan/binfo"
	"github.com/mapsan/mapsan/toolchain"
)

func newAnatomy(std Streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "anatomy",
		Short: "show the map header, the runtime's checks, and what they cannot see",
		Long: `show the map header, the runtime's checks, and what they cannot see.

Reads a binary, or builds a small program with the Go versions asked for, which
the go command fetches if need be: -go 1.24 -go 1.26.8, -go 1.22,1.27, -go all.`,
		Example: `  mapsan anatomy layout -go all
  mapsan anatomy checks ./server
  mapsan anatomy window mapassign_fast64 -svg window.svg`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newLayout(std), newChecks(std), newWindow(std))
	return cmd
}

// targets are the flags that say what to look at.
type targets struct {
	versions []string
	arch     string
	json     bool
}

func (t *targets) flags(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&t.versions, "go", nil, "Go `version` to build with: 1.20 to 1.27, local, all (default local)")
	cmd.Flags().StringVar(&t.arch, "arch", "", "architecture to build for: amd64 or arm64 (default that of the go command)")
	jsonFlag(cmd, &t.json)
}

// look opens the binaries named, else builds for the versions asked for.
func (t *targets) look(ctx context.Context, std Streams, binaries []string) ([]*anatomy.Subject, error) {
	switch {
	case len(binaries) > 0 && (len(t.versions) > 0 || t.arch != ""):
		return nil, errors.New("a binary has its own version and architecture: leave out -go and -arch, or the binary")
	case t.arch != "" && t.arch != string(binfo.AMD64) && t.arch != string(binfo.ARM64):
		return nil, fmt.Errorf("-arch %s: it must be amd64 or arm64", t.arch)
	}
	var out []*anatomy.Subject
	for _, path := range binaries {
		f, err := binfo.Open(path)
		if err != nil {
			return nil, err
		}
		s, err := anatomy.Look(filepath.Base(path), f)
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	if len(binaries) > 0 {
		return out, nil
	}
	versions, err := anatomy.ParseVersions(t.versions)
	if err != nil {
		return nil, err
	}
	if len(versions) == 0 {
		versions = []string{"local"}
	}
	cache, err := toolchain.CacheDir(os.Environ())
	if err != nil {
		cache = "" // it only saves time
	}
	for _, v := range versions {
		f, err := building(std.Err, v, func() (*binfo.File, error) {
			return anatomy.Build(ctx, anatomy.Target{Go: v, Arch: binfo.Arch(t.arch)}, cache)
		})
		if err != nil {
			return nil, err
		}
		name := v
		if v == "local" && f.Info().GoVersion != "" {
			name = f.Info().GoVersion
		}
		s, err := anatomy.Look(name, f)
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, nil
}

// building says what is being built when it takes long: a toolchain may have
// to be fetched.
func building(w io.Writer, version string, build func() (*binfo.File, error)) (*binfo.File, error) {
	late := time.AfterFunc(time.Second, func() {
		fmt.Fprintf(w, "mapsan: building a program with the %s toolchain, which is fetched if it is not here\n", version)
	})
	defer late.Stop()
	return build()
}

func newLayout(std Streams) *cobra.Command {
	var t targets
	cmd := &cobra.Command{
		Use:   "layout [BINARY...]",
		Short: "the fields of the map header, side by side, and how often code uses each",
		Long: `the fields of the map header, side by side, and how often code uses each.

Offsets are read from DWARF, or from the type descriptors of a stripped binary, and
held to the instructions of the map functions: those that use a field at its offset
and size are counted, those that fit no field too.`,
		Example: "  mapsan anatomy layout -go 1.23 -go 1.24\n  mapsan anatomy layout ./server",
		RunE: func(cmd *cobra.Command, args []string) error {
			list, err := t.look(cmd.Context(), std, args)
			if err != nil {
				return err
			}
			if t.json {
				return writeJSON(std.Out, list)
			}
			return anatomy.WriteLayouts(std.Out, list)
		},
	}
	t.flags(cmd)
	return cmd
}

// checksOf is the JSON form of one binary's check sites.
type checksOf struct {
	Name      string            `json:"name"`
	Go        string            `json:"go,omitempty"`
	Arch      binfo.Arch        `json:"arch"`
	Functions []anatomy.Anatomy `json:"functions"`
}

func newChecks(std Streams) *cobra.Command {
	var t targets
	cmd := &cobra.Command{
		Use:   "checks [BINARY...]",
		Short: "every instruction that tests or changes the writing flag",
		Long: `every instruction that tests or changes the writing flag.

For each map function: the address and offset, the instruction, what it tests, and
the message of the fatal error that follows.`,
		Example: "  mapsan anatomy checks -go 1.26 -arch arm64\n  mapsan anatomy checks -json ./server",
		RunE: func(cmd *cobra.Command, args []string) error {
			list, err := t.look(cmd.Context(), std, args)
			if err != nil {
				return err
			}
			var out []checksOf
			for i, s := range list {
				fns, err := s.Checks()
				if err != nil {
					return err
				}
				out = append(out, checksOf{s.Name, s.Go, s.Arch, fns})
				if t.json {
					continue
				}
				if i > 0 {
					fmt.Fprintln(std.Out)
				}
				if err := anatomy.WriteChecks(std.Out, s, fns); err != nil {
					return err
				}
			}
			if t.json {
				return writeJSON(std.Out, out)
			}
			return nil
		},
	}
	t.flags(cmd)
	return cmd
}

func newWindow(std Streams) *cobra.Command {
	var t targets
	var svg string
	var all bool
	cmd := &cobra.Command{
		Use:   "window FUNCTION [BINARY]",
		Short: "the code of a map function, with the stretches that no check protects",
		Long: `the code of a map function, with the stretches that no check protects.

` + anatomy.Legend() + `

open: a writer has looked at the flag and not yet set it. blind: a reader has looked
for the last time. seen: the flag is set. closing: it was found set and is not yet
cleared. Instructions between those that matter are left out; -all prints them.`,
		Example: "  mapsan anatomy window mapassign_fast64\n  mapsan anatomy window '(*Map).Delete' -go 1.25 -svg delete.svg",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) < 1 || len(args) > 2 {
				return errors.New("window takes a function, as mapassign_fast64, and perhaps a binary; see 'mapsan anatomy window -h'")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			list, err := t.look(cmd.Context(), std, args[1:])
			if err != nil {
				return err
			}
			if svg != "" && len(list) > 1 {
				return errors.New("-svg draws one window: give one version")
			}
			var out []*anatomy.Window
			for _, s := range list {
				w, err := s.Window(args[0])
				if err != nil {
					return err
				}
				out = append(out, w)
			}
			if svg != "" {
				if err := writeWhole(svg, out[0].WriteSVG); err != nil {
					return fmt.Errorf("writing -svg %s: %w", svg, err)
				}
			}
			if t.json {
				return writeJSON(std.Out, out)
			}
			for i, w := range out {
				if i > 0 {
					fmt.Fprintln(std.Out)
				}
				if err := w.WriteText(std.Out, all); err != nil {
					return err
				}
			}
			return nil
		},
	}
	t.flags(cmd)
	cmd.Flags().StringVar(&svg, "svg", "", "draw it to `file` too")
	cmd.Flags().BoolVar(&all, "all", false, "print every instruction")
	return cmd
}

func writeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}
