package crashlog

import (
	"os"
	"strings"
	"testing"
)

// TestNearMisses reads testdata/near.txt: texts that speak of crashes and are
// none. Each, and all of them together, must pass through unchanged.
func TestNearMisses(t *testing.T) {
	b, err := os.ReadFile("testdata/near.txt")
	if err != nil {
		t.Fatal(err)
	}
	texts := strings.Split(string(b), "\n-- next --\n")
	if len(texts) < 15 {
		t.Fatalf("only %d texts", len(texts))
	}
	for _, text := range append(texts, strings.Join(texts, "\n")) {
		var rest strings.Builder
		all, err := ReadAll(strings.NewReader(text), Options{Rest: &rest})
		if err != nil {
			t.Fatal(err)
		}
		if rest.String() != text {
			t.Errorf("changed on its way:\n%s\ninto:\n%s", text, rest.String())
		}
		for _, c := range all {
			if c.Cause != CauseOther {
				t.Errorf("a crash %q in:\n%s", c.Message, text)
			}
		}
	}
}
