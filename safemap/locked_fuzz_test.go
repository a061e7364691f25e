package safemap

import (
	"maps"
	"testing"
)

// FuzzLocked runs a program of methods on a Locked and on a native map, which
// must return the same and end the same.
func FuzzLocked(f *testing.F) {
	f.Add([]byte{0, 1, 5, 1, 1, 6, 2, 2, 7, 3, 1, 0, 4, 1, 0})
	f.Add([]byte{12, 3, 1, 0, 1, 2, 13, 3, 9, 0, 2, 3, 11, 0, 0, 12, 2, 8})
	f.Add([]byte{0, 1, 1, 13, 4, 0, 5, 1, 2, 6, 1, 2, 7, 1, 5, 8, 1, 0, 9, 1, 4, 10, 1, 4})
	f.Fuzz(func(t *testing.T, program []byte) {
		var m Locked[byte, byte]
		model := map[byte]byte{}
		for i := 0; len(program) >= 3; i++ {
			op, k, v := program[0]%14, program[1]%8, program[2]%4
			program = program[3:]
			wantV, wantOK := model[k]
			var gotV byte
			var gotOK bool
			switch op {
			case 0:
				m.Store(k, v)
				model[k] = v
				gotV, gotOK = wantV, wantOK
			case 1:
				gotV, gotOK = m.Load(k)
			case 2:
				gotV, gotOK = m.LoadOrStore(k, v)
				if !wantOK {
					model[k], wantV = v, v
				}
			case 3:
				gotV, gotOK = m.LoadAndDelete(k)
				delete(model, k)
			case 4:
				gotV, gotOK = m.Swap(k, v)
				model[k] = v
			case 5:
				swapped := wantOK && wantV == v
				if swapped {
					model[k] = v + 1
				}
				gotOK, wantOK = m.CompareAndSwap(k, v, v+1), swapped
				gotV = wantV
			case 6:
				deleted := wantOK && wantV == v
				if deleted {
					delete(model, k)
				}
				gotOK, wantOK = m.CompareAndDelete(k, v), deleted
				gotV = wantV
			case 7, 8, 9:
				do := []Op{Keep, Set, Remove}[op-7]
				gotV, gotOK = m.Compute(k, func(old byte, loaded bool) (byte, Op) {
					if old != wantV || loaded != wantOK {
						t.Fatalf("step %d: Compute is given %d, %t, want %d, %t", i, old, loaded, wantV, wantOK)
					}
					return v, do
				})
				switch do {
				case Set:
					model[k], wantV, wantOK = v, v, true
				case Remove:
					delete(model, k)
					wantV, wantOK = 0, false
				}
			case 10:
				m.Grow(int(v) * 16)
				gotV, gotOK = m.LoadOrCompute(k, func() byte { return v })
				if !wantOK {
					model[k], wantV = v, v
				}
			case 11:
				m.Clear()
				clear(model)
				gotV, gotOK = m.Load(k)
				wantV, wantOK = 0, false
			case 12, 13: // the next v%4*2 steps in one Update, which 13 undoes
				n := min(int(v)*2, len(program)/3)
				steps := program[:3*n]
				program = program[3*n:]
				before := maps.Clone(model)
				panicOf(func() {
					m.Update(func(tx Tx[byte, byte]) {
						fuzzUpdate(t, tx, model, steps)
						if op == 13 {
							panic("undo")
						}
					})
				})
				if op == 13 {
					model = before
				}
				wantV, wantOK = model[k]
				m.View(func(view View[byte, byte]) { gotV, gotOK = view.Load(k) })
			}
			if gotV != wantV || gotOK != wantOK {
				t.Fatalf("step %d: method %d of key %d returned %d, %t, want %d, %t", i, op, k, gotV, gotOK, wantV, wantOK)
			}
			if m.Len() != len(model) {
				t.Fatalf("step %d: method %d: %d entries, want %d", i, op, m.Len(), len(model))
			}
		}
		if got := maps.Collect(m.All()); !maps.Equal(got, model) {
			t.Fatalf("All yields %v, want %v", got, model)
		}
		wantEntries(t, &m, model)
	})
}

func fuzzUpdate(t *testing.T, tx Tx[byte, byte], model map[byte]byte, steps []byte) {
	for ; len(steps) >= 3; steps = steps[3:] {
		k, v := steps[1]%8, steps[2]%4
		switch steps[0] % 8 {
		default:
			tx.Store(k, v)
			model[k] = v
		case 0, 1, 2:
			tx.Delete(k)
			delete(model, k)
		case 3:
			tx.Clear()
			clear(model)
		}
		got, ok := tx.Load(k)
		if want, wantOK := model[k]; got != want || ok != wantOK || tx.Len() != len(model) {
			t.Fatalf("in an Update key %d is %d, %t of %d, want %d, %t of %d", k, got, ok, tx.Len(), want, wantOK, len(model))
		}
	}
}
