package kmaps

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
)

const allCaps = 1<<capSysAdmin | 1<<capPerfmon | 1<<capBPF

// TestBefore: each facility that is missing is named, and nothing where all are there.
func TestBefore(t *testing.T) {
	whole := func() *facts { return &facts{btf: true, caps: allCaps, jit: "1", lockdown: "none"} }
	for _, test := range []struct {
		want   string
		change func(*facts)
	}{
		{"", func(*facts) {}},
		{"", func(f *facts) { f.caps = 1<<capPerfmon | 1<<capBPF }},
		{"", func(f *facts) { f.caps = 1 << capSysAdmin }},
		{"", func(f *facts) { f.jit = "" }},
		{"", func(f *facts) { f.config = map[string]string{"CONFIG_BPF_SYSCALL": "y", "CONFIG_BPF_JIT": "y"} }},
		{"CONFIG_DEBUG_INFO_BTF", func(f *facts) { f.btf = false }},
		{"lacks CAP_BPF and CAP_PERFMON", func(f *facts) { f.caps = 0 }},
		{"lacks CAP_PERFMON", func(f *facts) { f.caps = 1 << capBPF }},
		{"lacks CAP_BPF", func(f *facts) { f.caps = 1 << capPerfmon }},
		{"bpf_jit_enable is 0", func(f *facts) { f.jit = "0" }},
		{"CONFIG_BPF_SYSCALL is off", func(f *facts) { f.config = map[string]string{"CONFIG_NET": "y"} }},
		{"CONFIG_BPF_SYSCALL is off", func(f *facts) { f.config = map[string]string{"CONFIG_BPF_SYSCALL": "n"} }},
	} {
		f := whole()
		test.change(f)
		lack := f.before()
		switch {
		case lack == nil && test.want != "":
			t.Errorf("%s: nothing is missing", test.want)
		case lack != nil && (test.want == "" || !strings.Contains(lack.Error(), test.want) || lack.Do == ""):
			t.Errorf("want %q, got %q", test.want, lack)
		}
	}
}

func TestAfter(t *testing.T) {
	refused := fmt.Errorf("load program: %w", syscall.EPERM)
	for _, test := range []struct {
		f    facts
		err  error
		want string
	}{
		{facts{lockdown: "confidentiality"}, refused, "lockdown mode is confidentiality"},
		{facts{lockdown: "confidentiality"}, fmt.Errorf("load program: %w", syscall.EINVAL), "lockdown mode is confidentiality"},
		{facts{lockdown: "integrity"}, refused, "lockdown mode is integrity, which alone"},
		{facts{}, refused, "a lockdown or another policy"},
		{facts{}, fmt.Errorf("set: %w", syscall.Errno(524)), "CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS"},
		{facts{}, errNoFunctions, "none of the functions"},
	} {
		err := test.f.after(test.err)
		var lack *Lack
		if !errors.As(err, &lack) || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("want %q, got %v", test.want, err)
		}
	}
	// Another error is not a facility's.
	var lack *Lack
	if err := (&facts{lockdown: "integrity"}).after(syscall.EINVAL); errors.As(err, &lack) {
		t.Errorf("an argument that is not valid became %v", err)
	}
	if err := (&facts{}).after(os.ErrClosed); errors.As(err, &lack) || !errors.Is(err, os.ErrClosed) {
		t.Errorf("another error became %v", err)
	}
	if err := (&facts{}).after(nil); err != nil {
		t.Errorf("no error became %v", err)
	}
}

func TestFacts(t *testing.T) {
	if got := lockdownMode("none [integrity] confidentiality\n"); got != "integrity" {
		t.Errorf("mode %q", got)
	}
	if got := lockdownMode(""); got != "" {
		t.Errorf("mode %q of nothing", got)
	}
	if got := effective("Name:\tx\nCapInh:\t00\nCapEff:\t000000c000000000\n"); got != 1<<capPerfmon|1<<capBPF {
		t.Errorf("capabilities %x", got)
	}
	o := options("# CONFIG_A is not set\nCONFIG_B=y\nCONFIG_C=\"x=y\"\n")
	if len(o) != 2 || o["CONFIG_B"] != "y" || o["CONFIG_C"] != "\"x=y\"" {
		t.Errorf("options %v", o)
	}
}
