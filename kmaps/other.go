//go:build !linux || (!amd64 && !arm64)

package kmaps

import (
	"context"
	"errors"
)

var errOther = &Lack{What: "the kernel's maps are watched by eBPF, on Linux on amd64 and arm64", Err: errors.ErrUnsupported}

// Watcher watches the maps of the kernel.
type Watcher struct{}

// Try fails: there is no eBPF.
func Try() (functions int, absent []string, err error) { return 0, nil, errOther }

// Load fails: there is no eBPF.
func Load(Options) (*Watcher, error) { return nil, errOther }

// Watch does nothing.
func (*Watcher) Watch(context.Context) error { return errOther }

// Status is empty.
func (*Watcher) Status() Status { return Status{} }

// Close does nothing.
func (*Watcher) Close() error { return nil }
