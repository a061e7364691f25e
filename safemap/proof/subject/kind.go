package subject

import (
	"math"
	"strconv"
	"strings"

	"github.com/mapsan/mapsan/safemap/proof/model"
)

// A Kind turns the numbers of histories into keys and values of some types, and
// back. Number is 0 of the zero value, and model.Torn of what no Value returns.
type Kind[K comparable, V any] struct {
	Name      string
	Key       func(n int32) K
	KeyNumber func(K) int32
	// Twin is another form of the key that is equal to it, where there is one.
	Twin   func(n int32) K
	Value  func(n int32) V
	Number func(V) int32
}

func intKey(n int32) int          { return int(n) }
func intKeyNumber(k int) int32    { return int32(k) }
func intValue(n int32) int        { return int(n) }
func intNumber(v int) int32       { return number(int64(v)) }
func stringKey(n int32) string    { return "key " + strconv.Itoa(int(n)) }
func floatKey(n int32) float64    { return float64(n) / 4 }
func floatNumber(k float64) int32 { return int32(k * 4) }

func stringKeyNumber(k string) int32 {
	if len(k) < 5 {
		return model.Torn
	}
	n, err := strconv.Atoi(strings.TrimRight(k[4:], "."))
	if err != nil {
		return model.Torn
	}
	return int32(n)
}

// number guards against values that are no number of ours, such as two halves.
func number(v int64) int32 {
	if v < 0 || v > math.MaxInt32 {
		return model.Torn
	}
	return int32(v)
}

// Ints has one word for the key and one for the value.
func Ints() Kind[int, int] {
	return Kind[int, int]{Name: "int", Key: intKey, KeyNumber: intKeyNumber, Value: intValue, Number: intNumber}
}

// Strings has keys of two words, the text never of the same memory.
func Strings() Kind[string, int] {
	return Kind[string, int]{Name: "string", Key: stringKey, KeyNumber: stringKeyNumber, Value: intValue, Number: intNumber}
}

// Fenced has strings of many lengths, each of which ends where memory does: who
// takes the pointer of one and the length of another crashes.
func Fenced() Kind[string, int] {
	k := Strings()
	k.Name = "fenced"
	k.Key = func(n int32) string {
		s := stringKey(n)
		return fenced(s + strings.Repeat(".", max(0, 8+int(n)*7%24-len(s))))
	}
	return k
}

// Padded is a key with unused bytes between its fields: equal keys may differ there.
type Padded struct {
	A int8
	B int64
	C string
}

// Structs has keys of several words, with padding.
func Structs() Kind[Padded, int] {
	return Kind[Padded, int]{
		Name:      "struct",
		Key:       func(n int32) Padded { return Padded{int8(n), int64(n), stringKey(n % 7)} },
		KeyNumber: func(k Padded) int32 { return number(k.B) },
		Value:     intValue, Number: intNumber,
	}
}

// Floats has keys where equal is not the same bits: 0 and -0.
func Floats() Kind[float64, int] {
	return Kind[float64, int]{
		Name: "float", Key: floatKey, KeyNumber: floatNumber,
		Twin: func(n int32) float64 {
			if n == 0 {
				return math.Copysign(0, -1)
			}
			return floatKey(n)
		},
		Value: intValue, Number: intNumber,
	}
}

// Anys has keys of several types behind an interface.
func Anys() Kind[any, int] {
	return Kind[any, int]{
		Name: "any",
		Key: func(n int32) any {
			switch n % 3 {
			case 0:
				return int(n)
			case 1:
				return stringKey(n)
			}
			return floatKey(n)
		},
		KeyNumber: func(k any) int32 {
			switch k := k.(type) {
			case int:
				return int32(k)
			case string:
				return stringKeyNumber(k)
			case float64:
				return floatNumber(k)
			}
			return model.Torn
		},
		Value: intValue, Number: intNumber,
	}
}

// Box is a value of three words, all made of one number.
type Box struct{ A, B, C uint64 }

func box(n int32) Box {
	a := uint64(n)
	return Box{a, a * 0x9e3779b97f4a7c15, a<<32 | a}
}

func (b Box) number() int32 {
	n := number(int64(b.A))
	if n == model.Torn || b != box(n) {
		return model.Torn
	}
	return n
}

// Boxes has values of three words: half of one and half of another is Torn.
func Boxes() Kind[int, Box] {
	return Kind[int, Box]{Name: "box", Key: intKey, KeyNumber: intKeyNumber, Value: box, Number: Box.number}
}

// Pointers has values that point to a Box; one that was freed is no Box any more.
func Pointers() Kind[int, *Box] {
	return Kind[int, *Box]{
		Name: "pointer", Key: intKey, KeyNumber: intKeyNumber,
		Value: func(n int32) *Box { b := box(n); return &b },
		Number: func(b *Box) int32 {
			if b == nil {
				return 0
			}
			return b.number()
		},
	}
}

// Texts has values of two words, a pointer and a length.
func Texts() Kind[int, string] {
	return Kind[int, string]{
		Name: "text", Key: intKey, KeyNumber: intKeyNumber,
		Value: func(n int32) string { return strconv.Itoa(int(n)) },
		Number: func(v string) int32 {
			if v == "" {
				return 0
			}
			n, err := strconv.ParseInt(v, 10, 32)
			if err != nil {
				return model.Torn
			}
			return number(n)
		},
	}
}
