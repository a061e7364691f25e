package kmaps

// steady says since when a count has not changed.
type steady struct {
	count uint64
	since uint64 // by the kernel's clock, in ns
}

// look is told the count, and a time when it had been read already.
func (s *steady) look(count, now uint64) {
	if count != s.count {
		s.count, s.since = count, now
	}
}
