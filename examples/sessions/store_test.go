package main

import (
	"slices"
	"sync"
	"testing"
	"time"
)

// TestStoreUsers creates and lists sessions from many goroutines, always under the lock.
func TestStoreUsers(t *testing.T) {
	s := NewStore(time.Hour)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			sess := s.Create("ada")
			if !slices.Contains(s.Of("ada"), sess.ID) {
				t.Errorf("session %s is not listed", sess.ID)
			}
			if !s.Drop(sess.ID) {
				t.Errorf("session %s is not there to drop", sess.ID)
			}
		})
	}
	wg.Wait()
	if n := s.Len(); n != 0 {
		t.Errorf("%d sessions are left, want none", n)
	}
}

func TestSweep(t *testing.T) {
	s := NewStore(time.Minute)
	now := time.Now()
	s.Create("ada").Touch(now.Add(-2 * time.Minute))
	kept := s.Create("ada")
	if n := s.Sweep(now); n != 1 {
		t.Errorf("Sweep = %d, want 1", n)
	}
	if got := s.Of("ada"); !slices.Equal(got, []string{kept.ID}) {
		t.Errorf("sessions = %v, want %v", got, kept.ID)
	}
	if _, ok := s.Get(kept.ID); !ok {
		t.Error("the live session is gone")
	}
}
