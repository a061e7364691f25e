package sanitizer

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/mapsan/mapsan/toolchain"
)

// ErrRefused is a build that would not be checked soundly.
var ErrRefused = errors.New("refused")

// Targets that the patched runtime is built and checked for.
var (
	targetOS   = []string{"linux", "darwin", "windows"}
	targetArch = []string{"amd64", "arm64"}
)

// Refused says why nothing can be built soundly with the settings of tc, or
// nil.
func Refused(tc toolchain.Toolchain) error {
	if err := refuseFlags("build", goflags(tc.GOFLAGS)); err != nil {
		return err
	}
	return refuseTarget(tc)
}

// refuseFlags says why a build with these flags would not be sound.
func refuseFlags(verb string, flags []Flag) error {
	for _, name := range []string{"race", "msan", "asan"} {
		if on(flags, name) {
			return fmt.Errorf("%w: -%s: one detector at a time; leave it out (it may stand in GOFLAGS) or use go %s -%s",
				ErrRefused, name, verb, name)
		}
	}
	if c := value(flags, "compiler"); c != "" && c != "gc" {
		return fmt.Errorf("%w: -compiler=%s: the detector is laid into the gc toolchain; leave the flag out", ErrRefused, c)
	}
	return nil
}

// refuseTarget says why what tc builds in this directory would not be sound.
func refuseTarget(tc toolchain.Toolchain) error {
	if !slices.Contains(targetOS, tc.GOOS) || !slices.Contains(targetArch, tc.GOARCH) {
		return fmt.Errorf("%w: target %s/%s: the detector is for %s on %s; set GOOS and GOARCH to one of these",
			ErrRefused, tc.GOOS, tc.GOARCH, strings.Join(targetOS, ", "), strings.Join(targetArch, " and "))
	}
	for x := range strings.SplitSeq(tc.GOEXPERIMENT, ",") {
		if strings.TrimPrefix(x, "no") == "swissmap" && x != "swissmap" {
			return fmt.Errorf("%w: GOEXPERIMENT=%s: its maps are not the ones the detector knows; unset it", ErrRefused, x)
		}
	}
	return nil
}
