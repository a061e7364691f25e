package safemap_test

import (
	"os"
	"os/exec"
	"testing"
)

// TestOtherModes runs the tests of this package again, on machines with other
// words and weaker memory, under the race detector, with pointers checked, and
// with a collector that never rests and spoils what it frees.
func TestOtherModes(t *testing.T) {
	if os.Getenv("MAPSAN_HEAVY") == "" {
		t.Skip("minutes: set MAPSAN_HEAVY=1")
	}
	const nested = "SAFEMAP_NESTED"
	if os.Getenv(nested) != "" {
		t.Skip("this is one of the other modes")
	}
	// Emulated machines take what is neither long nor a measurement.
	const quick = "AgainstNative|Bucket|Forms|Tags|Keys|Kinds|Zero|Panic|Goexit|Collection|Hostile|Compare|Diff|Batch|Buffered|Locked"
	for _, c := range []struct {
		name, needs string
		env, args   []string
	}{
		{"386", "", []string{"GOARCH=386"}, nil},
		{"arm64", "qemu-aarch64", []string{"GOARCH=arm64"}, []string{"-exec", "qemu-aarch64", "-run", quick}},
		{"s390x", "qemu-s390x", []string{"GOARCH=s390x"}, []string{"-exec", "qemu-s390x", "-run", quick}},
		{"race", "gcc", nil, []string{"-race", "-short"}},
		{"checkptr", "", nil, []string{"-gcflags=all=-d=checkptr", "-short"}},
		{"collector", "", []string{"GOGC=1", "GODEBUG=clobberfree=1,gccheckmark=1"}, []string{"-short", "-run", quick + "|Concurrent|Released"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := exec.LookPath(c.needs); c.needs != "" && err != nil {
				t.Skipf("needs %s: %v", c.needs, err)
			}
			cmd := exec.Command("go", append([]string{"test", "-count=1"}, append(c.args, ".")...)...)
			cmd.Env = append(os.Environ(), append(c.env, nested+"=1", "MAPSAN_HEAVY=")...)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v: %v\n%s", cmd.Args, err, out)
			}
		})
	}
}
