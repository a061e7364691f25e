//go:build amd64 || arm64

package agent

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/cilium/ebpf/ringbuf"
)

// records hands on what is in a ring, until its reader is flushed.
func records[T any](r *ringbuf.Reader, what string, take func(*T) error) error {
	for {
		rec, err := r.Read()
		switch {
		case errors.Is(err, ringbuf.ErrFlushed):
			return nil
		case err != nil:
			return fmt.Errorf("read the ring of %s: %w", what, err)
		}
		var raw T
		if _, err := binary.Decode(rec.RawSample, binary.LittleEndian, &raw); err != nil {
			return fmt.Errorf("read %d bytes from the ring of %s: %w", len(rec.RawSample), what, err)
		}
		if err := take(&raw); err != nil {
			return err
		}
	}
}
