package safemap

import "unsafe"

// stripeOf picks the stripe of this goroutine, by where its stack is: the
// same one each time, until the stack moves.
func stripeOf(s []stripe) *stripe {
	var here byte
	x := uint32(uintptr(unsafe.Pointer(&here)) >> 10)
	x *= 0x9e3779b1
	return &s[x>>16&uint32(len(s)-1)]
}
