package rt

import "unsafe"

const (
	fanBits = 4
	fan     = 1 << fanBits
)

// A node is part of a goroutine's knowledge: a radix tree from slot to time.
// A node that several refer to is immutable; refs counts them.
type node struct {
	_     notInHeap
	refs  uint32
	level uint32 // 0: v holds times; else addresses of nodes of level-1
	v     [fan]uint64
	// below is a node that this one is known to know all of, nil if none is
	// remembered. A record that many release to meets the same old nodes
	// again and again. It is set only by a sole holder.
	below *node
}

var nodePool = pool{size: unsafe.Sizeof(node{})}

func newNode(level uint32) *node {
	n := (*node)(nodePool.get())
	n.refs = 1
	n.level = level
	return n
}

func child(n *node, i uint32) *node { return (*node)(at(uintptr(n.v[i]))) }

func setChild(n *node, i uint32, c *node) { n.v[i] = uint64(uintptr(unsafe.Pointer(c))) }

func retain(n *node) *node {
	if n != nil {
		add32(&n.refs, 1)
	}
	return n
}

func release(n *node) {
	if n == nil || add32(&n.refs, -1) != 0 {
		return
	}
	if n.level > 0 {
		for i := uint32(0); i < fan; i++ {
			release(child(n, i))
		}
	}
	release(n.below)
	nodePool.put(unsafe.Pointer(n))
}

// unique reports whether the caller, who holds a reference, is the only holder.
func unique(n *node) bool { return ld32(&n.refs) == 1 }

// timeOf returns the time that n knows of slot, 0 if none.
func timeOf(n *node, slot uint32) uint64 {
	if n == nil || slot>>(fanBits*(n.level+1)) != 0 {
		return 0
	}
	for n.level > 0 {
		n = child(n, slot>>(fanBits*n.level)&(fan-1))
		if n == nil {
			return 0
		}
	}
	return n.v[slot&(fan-1)]
}

// owned turns the caller's reference to n into one to a node with the same
// content that the caller may change.
func owned(n *node) *node {
	if unique(n) {
		return n
	}
	c := newNode(n.level)
	c.v = n.v
	if n.level > 0 {
		for i := uint32(0); i < fan; i++ {
			retain(child(n, i))
		}
	}
	release(n)
	return c
}

// withTime consumes the caller's reference to n and returns one to a tree that
// also knows slot at time.
func withTime(n *node, slot uint32, time uint64) *node {
	if timeOf(n, slot) >= time {
		return n
	}
	if n == nil {
		n = newNode(0)
	}
	for slot>>(fanBits*(n.level+1)) != 0 {
		up := newNode(n.level + 1)
		setChild(up, 0, n)
		n = up
	}
	return insert(n, slot, time)
}

func insert(n *node, slot uint32, time uint64) *node {
	n = owned(n)
	i := slot >> (fanBits * n.level) & (fan - 1)
	if n.level == 0 {
		if n.v[i] < time {
			n.v[i] = time
		}
		return n
	}
	c := child(n, i)
	if c == nil {
		c = newNode(n.level - 1)
	}
	setChild(n, i, insert(c, slot, time))
	return n
}

// join consumes the caller's reference to a, borrows b, and returns a
// reference to a tree that knows what either knows. It returns a or b itself
// where that one knows all, so that equal knowledge tends to be one pointer
// and later joins end at once.
func join(a, b *node) *node {
	switch {
	case b == nil || a == b || a != nil && a.below == b:
		return a
	case a == nil:
		return retain(b)
	case a.level < b.level:
		up := newNode(a.level + 1)
		setChild(up, 0, a)
		return join(up, b)
	case a.level > b.level:
		return joinChild(a, 0, b)
	case a.level == 0:
		return joinLeaf(a, b)
	}
	return joinInner(a, b)
}

func joinLeaf(a, b *node) *node {
	aKnows, bKnows := true, true
	for i := range a.v {
		if a.v[i] < b.v[i] {
			aKnows = false
		} else if a.v[i] > b.v[i] {
			bKnows = false
		}
	}
	switch {
	case bKnows: // also when equal: b is what others share
		release(a)
		return retain(b)
	case aKnows:
		remember(a, b)
		return a
	}
	a = owned(a)
	for i := range a.v {
		a.v[i] = max(a.v[i], b.v[i])
	}
	return a
}

func joinInner(a, b *node) *node {
	same := true
	for i := uint32(0); i < fan; i++ {
		if b.v[i] != 0 && a.v[i] != b.v[i] {
			a = joinChild(a, i, child(b, i))
		}
		same = same && a.v[i] == b.v[i]
	}
	if same {
		release(a)
		return retain(b)
	}
	remember(a, b)
	return a
}

// remember notes that a knows all of b.
func remember(a, b *node) {
	if unique(a) {
		old := a.below
		a.below = retain(b)
		release(old)
	}
}

// joinChild consumes the caller's reference to a and returns one to a tree
// whose i-th child knows b too. It copies a only if that child changes.
func joinChild(a *node, i uint32, b *node) *node {
	c := child(a, i)
	if unique(a) {
		setChild(a, i, join(c, b))
		return a
	}
	d := join(retain(c), b)
	if d == c {
		release(d)
		return a
	}
	a = owned(a)
	release(child(a, i))
	setChild(a, i, d)
	return a
}
