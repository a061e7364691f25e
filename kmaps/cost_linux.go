//go:build amd64 || arm64

package kmaps

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/cilium/ebpf"
)

// An update is measured so often, in rounds. The fastest round counts: the others
// shared the processor.
const (
	trialRounds  = 8
	trialUpdates = 64
)

// leastCost is for where the measurement is lost in noise: no program costs less.
const leastCost = 50 * time.Nanosecond

// trial is a map of our own, to measure what an operation costs here.
type trial struct {
	m     *ebpf.Map
	id    uint32
	alone time.Duration // of an update while no program is set
}

func newTrial() (*trial, error) {
	m, err := ebpf.NewMap(&ebpf.MapSpec{Name: "mapsan_cost", Type: ebpf.Hash, KeySize: 8, ValueSize: 8, MaxEntries: 1})
	if err != nil {
		return nil, fmt.Errorf("make a map to measure with: %w", err)
	}
	t := &trial{m: m}
	if t.id, err = mapID(m); err == nil {
		t.alone, err = t.update()
	}
	if err != nil {
		m.Close()
		return nil, err
	}
	return t, nil
}

// cost is how much longer an update takes now, when programs are set.
func (t *trial) cost() (time.Duration, error) {
	watched, err := t.update()
	return max(watched-t.alone, leastCost), err
}

func (t *trial) update() (time.Duration, error) {
	b := binary.LittleEndian.AppendUint64(nil, 1)
	var best time.Duration
	for range trialRounds {
		began := time.Now()
		for range trialUpdates {
			if err := t.m.Put(b, b); err != nil {
				return 0, fmt.Errorf("measure what an update costs: %w", err)
			}
		}
		if took := time.Since(began) / trialUpdates; best == 0 || took < best {
			best = took
		}
	}
	return best, nil
}
