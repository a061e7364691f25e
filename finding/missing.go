package finding

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// Missing says why facts are absent: JSON name of the field -> reason.
type Missing map[string]string

// Miss notes why the field is absent. The first reason given stays, because
// it is the one nearest to the cause.
func (m *Missing) Miss(field, format string, args ...any) {
	if *m == nil {
		*m = Missing{}
	}
	if _, ok := (*m)[field]; !ok {
		(*m)[field] = fmt.Sprintf(format, args...)
	}
}

// Found takes the reason back, once the fact is there after all.
func (m *Missing) Found(fields ...string) {
	for _, f := range fields {
		delete(*m, f)
	}
	if len(*m) == 0 {
		*m = nil
	}
}

// Addr is a machine address. Its text form is hexadecimal, so that it
// survives JSON readers whose numbers are floating point.
type Addr uint64

func (a Addr) String() string { return fmt.Sprintf("0x%012x", uint64(a)) }

// MarshalText implements encoding.TextMarshaler.
func (a Addr) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (a *Addr) UnmarshalText(text []byte) error {
	digits, ok := strings.CutPrefix(string(text), "0x")
	n, err := strconv.ParseUint(digits, 16, 64)
	if !ok || err != nil {
		return fmt.Errorf("address %.40q is not of the form 0x1f", text)
	}
	*a = Addr(n)
	return nil
}

// checkMissing holds a struct with a Missing field against it: a reason needs
// an absent field, and an absent field marked `absent:"reason"` needs a reason.
func checkMissing(v any) error {
	rv := reflect.ValueOf(v)
	rt := rv.Type()
	missing := rv.FieldByName("Missing").Interface().(Missing)
	known := map[string]bool{}
	for i := range rt.NumField() {
		name, _, _ := strings.Cut(rt.Field(i).Tag.Get("json"), ",")
		if name == "missing" {
			continue
		}
		known[name] = true
		fv := rv.Field(i)
		absent := fv.IsZero() || fv.Kind() == reflect.Slice && fv.Len() == 0
		reason, has := missing[name]
		switch {
		case has && reason == "":
			return fmt.Errorf("%q is missing for an empty reason", name)
		case has && !absent:
			return fmt.Errorf("%q is there and said to be missing (%.80s)", name, reason)
		case !has && absent && rt.Field(i).Tag.Get("absent") == "reason":
			return fmt.Errorf("%q is absent without a reason in \"missing\"", name)
		}
	}
	for name := range missing {
		if !known[name] {
			return fmt.Errorf("\"missing\" names %.40q, which is no field here", name)
		}
	}
	return nil
}
