// Package edges has racing and race-free programs around every
// synchronisation. A test says by its name what the sanitizer must say of it:
//
//	TestRace_...   a race; the doc comment's "want: op/op" lines give the later
//	               and the earlier access; "each:" says so of every subtest
//	TestOK_...     no race
//	TestBlind_...  a race that cannot be seen, and why; printed, not judged
package edges
