package render

import (
	"fmt"
	"time"

	"github.com/mapsan/mapsan/finding"
)

// kernelMap says which BPF map it is: "BPF array map 12: keys of 4 bytes, values of 64".
func kernelMap(k *finding.KernelMap) string {
	s := fmt.Sprintf("BPF %s map, id %d: %d entries at most, keys of %d bytes, values of %d", k.Type, k.ID, k.MaxEntries, k.KeySize, k.ValueSize)
	if k.Key != "" {
		s += "; " + k.Key
	}
	return s
}

// heading is what a finding is, in capitals.
func heading(f *finding.Finding) string {
	if f.Rule == finding.LostUpdate {
		return "LOST UPDATE"
	}
	return "MAP RACE"
}

// whyHeading stands above the argument. A lost update is shown, not proved.
func whyHeading(f *finding.Finding) string {
	if f.Rule == finding.LostUpdate {
		return "Why it is reported"
	}
	return "Why it is a race"
}

// whyKernel argues that two updates of a kernel map are in conflict.
func whyKernel(f *finding.Finding) []string {
	a, b := party(&f.Parties[0]), party(&f.Parties[1])
	if s := f.Evidence.Stale; s != nil {
		read, update := time.Duration(s.ReadBefore), time.Duration(s.UpdateBefore)
		return []string{
			fmt.Sprintf("%s had read the key %s before it updated it. %s after the read, %s began to update the key too; that was over when the first one's update began.",
				upper(a), read, read-update, b),
			"If the first one made its value from what it had read, the other one's update is lost. Values are not looked at, so that this is not proved.",
		}
	}
	out := []string{fmt.Sprintf("%s began to update the key while %s was in its update of the same key, on another processor.", upper(a), b)}
	if o := f.Evidence.Overlap; o != nil {
		out = append(out, fmt.Sprintf("Both updates were under way at once, for %s.", time.Duration(o.Nanoseconds)))
	}
	return append(out, "An array's element is copied in place, and nothing keeps two copies apart: of a value of more than one word, a part of each may stay.")
}
