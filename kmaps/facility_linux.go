//go:build amd64 || arm64

package kmaps

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

func lookAround() *facts {
	f := &facts{config: kernelConfig()}
	_, err := os.Stat("/sys/kernel/btf/vmlinux")
	f.btf = err == nil
	f.caps = effective(text("/proc/self/status"))
	f.jit = strings.TrimSpace(text("/proc/sys/net/core/bpf_jit_enable"))
	f.lockdown = lockdownMode(text("/sys/kernel/security/lockdown"))
	return f
}

func text(file string) string {
	b, _ := os.ReadFile(file)
	return string(b)
}

// kernelConfig reads the kernel's configuration from where it may be.
func kernelConfig() map[string]string {
	if b, err := os.ReadFile("/proc/config.gz"); err == nil {
		if z, err := gzip.NewReader(bytes.NewReader(b)); err == nil {
			if b, err := io.ReadAll(z); err == nil {
				return options(string(b))
			}
		}
	}
	var u unix.Utsname
	if unix.Uname(&u) != nil {
		return nil
	}
	if b, err := os.ReadFile("/boot/config-" + unix.ByteSliceToString(u.Release[:])); err == nil {
		return options(string(b))
	}
	return nil
}
