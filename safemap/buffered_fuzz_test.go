package safemap

import (
	"maps"
	"testing"
)

// FuzzBuffered runs a program on a Buffered and its Map, and on a native map
// with a list of the writes that are not in it yet.
func FuzzBuffered(f *testing.F) {
	f.Add([]byte{4, 0, 1, 2, 1, 1, 0, 2, 1, 0, 3, 0, 0})
	f.Add([]byte{40, 0, 1, 2, 4, 1, 9, 0, 2, 3, 5, 1, 0, 6, 0, 0, 0, 1, 1, 0, 2, 2})
	f.Add([]byte{9, 0, 0, 0, 0, 1, 1, 0, 2, 2, 0, 3, 3, 0, 4, 4, 0, 5, 5, 0, 6, 6, 0, 7, 7, 0, 8, 8, 0, 9, 9})
	f.Fuzz(func(t *testing.T, program []byte) {
		if len(program) == 0 {
			return
		}
		type write struct {
			key    byte
			value  int
			remove bool
		}
		size := int(program[0])%50 + 1
		m, b := newBuffered[byte](BufferedOptions{MaxDelay: never, MaxSize: size})
		defer b.Close()
		model := map[byte]int{}
		var pending []write
		closed := false
		do := func(w write) {
			if w.remove {
				delete(model, w.key)
			} else {
				model[w.key] = w.value
			}
		}
		flush := func() {
			for _, w := range pending {
				do(w)
			}
			pending = nil
		}
		for i, program := 0, program[1:]; len(program) >= 3; i, program = i+1, program[3:] {
			k, v := program[1]%32, int(program[2])
			switch op := program[0] % 8; op {
			case 0, 1:
				b.Store(k, v)
				pending = append(pending, write{k, v, false})
			case 2:
				b.Delete(k)
				pending = append(pending, write{k, 0, true})
			case 3:
				b.Flush()
				flush()
			case 4:
				m.Store(k, v)
				do(write{k, v, false})
			case 5:
				m.Delete(k)
				do(write{k, 0, true})
			case 6:
				if v%8 == 0 {
					b.Close()
					closed = true
					flush()
				}
			}
			if closed || len(pending) >= size {
				flush()
			}
			want, wantOK := model[k]
			for _, w := range pending {
				if w.key == k {
					want, wantOK = w.value, !w.remove
				}
			}
			if got, ok := b.Load(k); got != want || ok != wantOK {
				t.Fatalf("step %d: Load of %d is %d, %t, want %d, %t", i, k, got, ok, want, wantOK)
			}
			if b.Pending() != len(pending) {
				t.Fatalf("step %d: %d writes are pending, want %d", i, b.Pending(), len(pending))
			}
			if got := maps.Collect(m.All()); !maps.Equal(got, model) {
				t.Fatalf("step %d: the Map has %v, want %v", i, got, model)
			}
		}
	})
}
