//go:build !linux

package inspect

import "errors"

type live struct{ source }

var errNotLinux = errors.New("a live process can only be inspected on Linux")

func openLive(int) (*live, error) { return nil, errNotLinux }

func (*live) executable() (path, name string, err error) { return "", "", errNotLinux }

// PtraceScope is a setting of Linux.
func PtraceScope() string { return "" }
