package safemap

import (
	"hash/maphash"
	"math/rand/v2"
	"reflect"
	"unsafe"
)

// A slot holds its key and its value in one word each, so that every access of
// a slot is one atomic instruction: nothing tears, and the race detector and
// weakly ordered machines see the same code. form says what stands in a word.
type form uint8

const (
	formScalar  form = iota // the value itself, no pointer in it
	formPointer             // the value itself, one pointer
	formString              // keys only: the pointer of the string; its length stands elsewhere in the bucket
	formBox                 // a pointer to an immutable copy
)

// hashing says how a key that is kept in a box is hashed.
type hashing uint8

const (
	hashMemory     hashing = iota // equal keys have equal bytes
	hashComparable                // as the runtime hashes it; panics for what cannot be
	hashCustom                    // Options.Hasher
)

// layout says how the keys and values of one map are kept and hashed.
type layout struct {
	seed  uint64
	seed2 uint64
	key   form
	val   form
	hash  hashing
	big   maphash.Seed // of keys that are not words or short strings
}

func layoutOf[K comparable, V any](custom bool) layout {
	l := layout{seed: rand.Uint64(), seed2: rand.Uint64(), big: maphash.MakeSeed()}
	k, v := reflect.TypeFor[K](), reflect.TypeFor[V]()
	switch {
	case custom:
		l.key, l.hash = formBox, hashCustom
	case k.Size() <= 8 && equalByBytes(k) && !hasPointers(k):
		l.key = formScalar
	case isPointer(k):
		l.key = formPointer
	case k.Kind() == reflect.String:
		l.key = formString
	case equalByBytes(k):
		l.key, l.hash = formBox, hashMemory
	default:
		l.key, l.hash = formBox, hashComparable
	}
	switch {
	case isPointer(v):
		l.val = formPointer
	case v.Size() <= 8 && !hasPointers(v):
		l.val = formScalar
	default:
		l.val = formBox
	}
	return l
}

// keyIsPointer reports whether the collector must see the word of a key.
func (l *layout) keyIsPointer() bool { return l.key != formScalar }

func (l *layout) valIsPointer() bool { return l.val != formScalar }

// equalByBytes reports whether two values of t are equal exactly when their
// bytes are: there is no padding, float, string or interface in it.
func equalByBytes(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Bool, reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr,
		reflect.Pointer, reflect.UnsafePointer, reflect.Chan:
		return true
	case reflect.Array:
		return equalByBytes(t.Elem())
	case reflect.Struct:
		var end uintptr
		for i := range t.NumField() {
			f := t.Field(i)
			// == does not look at blank fields.
			if f.Name == "_" || f.Offset != end || !equalByBytes(f.Type) {
				return false
			}
			end += f.Type.Size()
		}
		return end == t.Size()
	}
	return false
}

// hasPointers reports whether the collector must see values of t.
func hasPointers(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Bool, reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr,
		reflect.Float32, reflect.Float64, reflect.Complex64, reflect.Complex128:
		return false
	case reflect.Array:
		return t.Len() > 0 && hasPointers(t.Elem())
	case reflect.Struct:
		for i := range t.NumField() {
			if hasPointers(t.Field(i).Type) {
				return true
			}
		}
		return false
	}
	return true
}

// isPointer reports whether a value of t is one pointer and nothing else.
func isPointer(t reflect.Type) bool {
	if t.Size() != unsafe.Sizeof(uintptr(0)) {
		return false
	}
	switch t.Kind() {
	case reflect.Pointer, reflect.UnsafePointer, reflect.Chan, reflect.Map, reflect.Func:
		return true
	case reflect.Array:
		return t.Len() == 1 && isPointer(t.Elem())
	case reflect.Struct:
		for i := range t.NumField() {
			if f := t.Field(i).Type; f.Size() > 0 {
				return isPointer(f)
			}
		}
	}
	return false
}

// scalar is the word of a value of at most 8 bytes.
func scalar[T any](v T) uint64 {
	switch unsafe.Sizeof(v) {
	case 8:
		return *(*uint64)(unsafe.Pointer(&v))
	case 4:
		return uint64(*(*uint32)(unsafe.Pointer(&v)))
	case 2:
		return uint64(*(*uint16)(unsafe.Pointer(&v)))
	case 1:
		return uint64(*(*uint8)(unsafe.Pointer(&v)))
	}
	return oddScalar(unsafe.Pointer(&v), unsafe.Sizeof(v))
}

func oddScalar(p unsafe.Pointer, size uintptr) (w uint64) {
	copy((*[8]byte)(unsafe.Pointer(&w))[:], unsafe.Slice((*byte)(p), size))
	return w
}

// unscalar is the value whose word is w.
func unscalar[T any](w uint64) (v T) {
	switch unsafe.Sizeof(v) {
	case 8:
		return *(*T)(unsafe.Pointer(&w))
	case 4:
		x := uint32(w)
		return *(*T)(unsafe.Pointer(&x))
	case 2:
		x := uint16(w)
		return *(*T)(unsafe.Pointer(&x))
	case 1:
		x := uint8(w)
		return *(*T)(unsafe.Pointer(&x))
	}
	oddUnscalar(unsafe.Pointer(&v), unsafe.Sizeof(v), w)
	return v
}

func oddUnscalar(p unsafe.Pointer, size uintptr, w uint64) {
	copy(unsafe.Slice((*byte)(p), size), (*[8]byte)(unsafe.Pointer(&w))[:])
}

// word is the content of one word of a slot: u for scalars, p for the rest, and
// for a key that is a string both.
type word struct {
	u uint64
	p unsafe.Pointer
}

// box is the immutable copy of a key in formBox. The hash is kept, so that no
// code of the user's runs while a table grows and a NaN stays where it was put.
type box[K comparable] struct {
	hash uint64 // first: boxHash reads it without knowing K
	key  K
}

func boxHash(p unsafe.Pointer) uint64 { return *(*uint64)(p) }

// newKey is the word of a key that is about to be inserted.
func newKey[K comparable](l *layout, key K, h uint64) word {
	switch l.key {
	case formScalar:
		return word{u: scalar(key)}
	case formPointer:
		return word{p: asPointer(key)}
	case formString:
		return textWord(asText(key))
	}
	return word{p: unsafe.Pointer(&box[K]{h, key})}
}

func keyOf[K comparable](l *layout, w word) (key K) {
	switch l.key {
	case formScalar:
		return unscalar[K](w.u)
	case formPointer:
		*(*unsafe.Pointer)(unsafe.Pointer(&key)) = w.p
	case formString:
		*(*string)(unsafe.Pointer(&key)) = textOf(w)
	default:
		key = (*box[K])(w.p).key
	}
	return key
}

// newValue is the word of a value; it allocates for formBox.
func newValue[V any](l *layout, v V) word {
	switch l.val {
	case formScalar:
		return word{u: scalar(v)}
	case formPointer:
		return word{p: asPointer(v)}
	}
	c := new(V)
	*c = v
	return word{p: unsafe.Pointer(c)}
}

func valueOf[V any](l *layout, w word) V {
	if l.val == formScalar {
		return unscalar[V](w.u)
	}
	return pointerValue[V](l, w.p)
}

// pointerValue is valueOf for the forms that are pointers.
func pointerValue[V any](l *layout, p unsafe.Pointer) (v V) {
	if unsafe.Sizeof(v) == pointerSize && l.val == formPointer {
		return *(*V)(unsafe.Pointer(&p))
	}
	return *(*V)(p)
}

// longText stands for all lengths from it on: there the pointer leads to the
// string's own pointer and length.
const longText = 0xff

// textWord is the word of a key that is a string. It allocates for long ones.
func textWord(s string) word {
	if len(s) < longText {
		return word{u: uint64(len(s)), p: unsafe.Pointer(unsafe.StringData(s))}
	}
	c := s // not s itself, which would be on the heap for all lengths
	return word{u: longText, p: unsafe.Pointer(&c)}
}

func textOf(w word) string {
	switch w.u {
	case 0:
		return ""
	case longText:
		return *(*string)(w.p)
	}
	return unsafe.String((*byte)(w.p), int(w.u))
}

// asText is a key that is a string.
func asText[K comparable](key K) string { return *(*string)(unsafe.Pointer(&key)) }

// asPointer is a key or a value that is one pointer.
func asPointer[T any](v T) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&v)) }
