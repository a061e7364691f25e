package maplayout

import "io"

// randomSeed is what nearly all random words are above, and few numbers.
const randomSeed = 1 << 40

// Fits reports whether what lies at addr fits together as a map's header does: the
// depth with the directory's length, the flag with its values. It tells headers
// from other objects when nothing else says what addr is; it proves nothing.
func (l Layout) Fits(mem io.ReaderAt, addr uint64) bool {
	head, err := memory{mem}.bytes(addr, l.Header.Size)
	if err != nil {
		return false
	}
	field := func(name string) uint64 { return get(head, l.Header, name) }
	flag := field(l.Flag.Name)
	if l.Design == Buckets {
		b, buckets := field("B"), field("buckets")
		return flag < 16 && b < 48 && field("count") <= 13<<b && buckets != 0 && buckets%8 == 0
	}
	dir, dirLen, depth := field("dirPtr"), field("dirLen"), field("globalDepth")
	switch {
	case flag > 1 || dir == 0 || dir%8 != 0 || depth > 40 || field("seed") < randomSeed:
		return false
	case dirLen == 0: // one group, and no directory yet
		return depth == 0 && field("used") <= 8
	}
	return dirLen == 1<<depth && field("globalShift") == 64-depth && field("used") > 0
}
