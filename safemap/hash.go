package safemap

import (
	"hash/maphash"
	"math/bits"
	"runtime"
	"unsafe"
)

// Odd constants with about as many ones as zeros, from the digits of pi.
const (
	mulWord = 0x243f6a8885a308d3
	mulText = 0x13198a2e03707345
)

// fold multiplies to 128 bits and folds the halves: each bit of the result
// depends on all of a and b.
func fold(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo
}

func hashWord(w, seed uint64) uint64 { return fold(w^seed, mulWord) }

// unaligned reports whether this machine loads words from any address.
const unaligned = runtime.GOARCH == "amd64" || runtime.GOARCH == "arm64" || runtime.GOARCH == "386" ||
	runtime.GOARCH == "ppc64le" || runtime.GOARCH == "s390x"

func load64(p unsafe.Pointer, off int) uint64 { return *(*uint64)(unsafe.Add(p, off)) }
func load32(p unsafe.Pointer, off int) uint64 { return uint64(*(*uint32)(unsafe.Add(p, off))) }

// hashText hashes a string: up to 32 bytes here, longer ones as the runtime
// does.
func hashText(s string, l *layout) uint64 {
	n := len(s)
	p := unsafe.Pointer(unsafe.StringData(s))
	switch {
	case !unaligned || n > 32:
		return maphash.String(l.big, s)
	case n > 16:
		return fold(load64(p, 0)^l.seed, load64(p, 8)^(l.seed2+uint64(n))) ^
			fold(load64(p, n-16)^l.seed2, load64(p, n-8)^(l.seed+mulText))
	case n >= 8:
		return fold(load64(p, 0)^l.seed, load64(p, n-8)^(l.seed2+uint64(n)))
	case n >= 4:
		return fold(load32(p, 0)^l.seed, load32(p, n-4)^(l.seed2+uint64(n)))
	case n > 0:
		return fold((uint64(s[0])|uint64(s[n>>1])<<8|uint64(s[n-1])<<16)^l.seed, l.seed2+uint64(n))
	}
	return l.seed
}

// hashKey hashes a key of any form. It panics where Go's own map would: for an
// interface that holds what cannot be compared.
func hashKey[K comparable](l *layout, key K, custom func(K) uint64) uint64 {
	switch l.key {
	case formScalar:
		return hashWord(scalar(key), l.seed)
	case formPointer:
		return hashWord(uint64(uintptr(asPointer(key))), l.seed)
	case formString:
		return hashText(asText(key), l)
	}
	switch l.hash {
	case hashMemory:
		return maphash.Bytes(l.big, unsafe.Slice((*byte)(unsafe.Pointer(&key)), unsafe.Sizeof(key)))
	case hashCustom:
		// Whatever the user's hash is weak in, the index and the tag are not.
		return hashWord(custom(key), l.seed)
	}
	return maphash.Comparable(l.big, key)
}

// hashStored hashes a key that stands in a slot, without code of the user's.
func hashStored(l *layout, w word) uint64 {
	switch l.key {
	case formScalar:
		return hashWord(w.u, l.seed)
	case formPointer:
		return hashWord(uint64(uintptr(w.p)), l.seed)
	case formString:
		return hashText(textOf(w), l)
	}
	return boxHash(w.p)
}

// sameKey reports whether the key of word w is key.
func sameKey[K comparable](l *layout, w word, key K) bool {
	switch l.key {
	case formScalar:
		return w.u == scalar(key)
	case formPointer:
		return w.p == asPointer(key)
	case formString:
		s := asText(key)
		return w.u == uint64(min(len(s), longText)) && textOf(w) == s
	}
	b := (*box[K])(w.p)
	return b != nil && b.key == key
}
