//go:build linux

// Init is the first program of a guest: it runs the commands of /commands, one
// after the other, and switches the machine off.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"unsafe"

	"github.com/mapsan/mapsan/internal/guest"
)

func main() {
	fmt.Println() // after what the firmware left on the line
	if err := run(); err != nil {
		fmt.Println("init:", err)
	}
	syscall.Sync()
	fmt.Println("init:", syscall.Reboot(syscall.LINUX_REBOOT_CMD_POWER_OFF))
}

func run() error {
	for _, m := range [][2]string{
		{"proc", "/proc"}, {"sysfs", "/sys"}, {"devtmpfs", "/dev"}, {"tmpfs", "/tmp"}, {"securityfs", "/sys/kernel/security"},
	} {
		if err := errors.Join(os.MkdirAll(m[1], 0o755), syscall.Mount(m[0], m[1], m[0], 0, "")); err != nil {
			return fmt.Errorf("mount %s: %w", m[1], err)
		}
	}
	// When the first event of a task comes and when the last one is gone, the kernel changes
	// its scheduler's code, at which an emulated processor stumbles now and then while
	// another one runs it. This one stays, and comes before there is another processor.
	// The oldest form of struct perf_event_attr, 64 bytes: a software event that counts nothing.
	attr := [8]uint64{64<<32 | 1, 9}
	none := ^uintptr(0)
	if _, _, errno := syscall.Syscall6(syscall.SYS_PERF_EVENT_OPEN, uintptr(unsafe.Pointer(&attr)), 0, none, none, 0, 0); errno != 0 {
		return fmt.Errorf("open an event: %w", errno)
	}
	if err := os.WriteFile("/sys/devices/system/cpu/cpu1/online", []byte("1"), 0); err != nil {
		return fmt.Errorf("start the second processor: %w", err)
	}
	// The kernel's messages are part of what is judged.
	if err := os.WriteFile("/proc/sys/kernel/printk", []byte("5"), 0); err != nil {
		return err
	}
	b, err := os.ReadFile("/commands")
	if err != nil {
		return err
	}
	var all []guest.Command
	if err := json.Unmarshal(b, &all); err != nil {
		return err
	}
	for i, c := range all {
		cmd := exec.Command(c.Args[0], c.Args[1:]...)
		cmd.Env = append([]string{"PATH=/", "HOME=/", "TMPDIR=/tmp"}, c.Env...)
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stdout
		fmt.Printf(guest.Begin, i)
		fmt.Printf(guest.End, i, cmd.Run())
	}
	return nil
}
