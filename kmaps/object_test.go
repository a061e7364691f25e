package kmaps

import (
	"testing"

	"github.com/mapsan/mapsan/internal/objects"
)

// TestObjectIsCurrent compiles the eBPF programs anew and compares them with what is
// in the repository.
func TestObjectIsCurrent(t *testing.T) { objects.Current(t, "kmaps") }
