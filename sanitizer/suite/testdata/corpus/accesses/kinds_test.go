package accesses

// A kind is a map of one key type, and the operations on it, written out so
// that the compiler takes the code that it has for that type.
type kind struct {
	name                                         string
	lookup, lookupOK, assign, opAssign, inc, del func()
	iterate, length, clear                       func()
}

type point struct{ x, y int }

// kinds makes a fresh map of each kind, with size elements.
func kinds(size int) []kind {
	m8, m32, m64 := map[uint8]int{}, map[int32]int{}, map[int64]string{}
	ms, mi, mp := map[string]int{}, map[any]int{}, map[*int]int{}
	mt, ma, mf := map[point]int{}, map[[3]string]int{}, map[float64]int{}
	me, mb := map[string]struct{}{}, map[string][200]byte{}
	p := new(int)
	for i := range size {
		m8[uint8(i)], m32[int32(i)], m64[int64(i)] = i, i, "v"
		ms[string(rune('a'+i))], mi[i], mp[new(int)] = i, i, i
		mt[point{i, i}], ma[[3]string{string(rune('a' + i))}], mf[float64(i)] = i, i, i
		me[string(rune('a'+i))], mb[string(rune('a'+i))] = struct{}{}, [200]byte{}
	}
	return []kind{
		{
			"uint8",
			func() { use(m8[1]) }, func() { _, ok := m8[1]; use(ok) },
			func() { m8[1] = 1 }, func() { m8[1] += 2 }, func() { m8[1]++ }, func() { delete(m8, 1) },
			func() {
				for k := range m8 {
					use(k)
				}
			}, func() { use(len(m8)) }, func() { clear(m8) },
		}, {
			"int32",
			func() { use(m32[1]) }, func() { _, ok := m32[1]; use(ok) },
			func() { m32[1] = 1 }, func() { m32[1] += 2 }, func() { m32[1]++ }, func() { delete(m32, 1) },
			func() {
				for k, v := range m32 {
					use(v + int(k))
				}
			}, func() { use(len(m32)) }, func() { clear(m32) },
		}, {
			"int64",
			func() { use(m64[1]) }, func() { _, ok := m64[1]; use(ok) },
			func() { m64[1] = "w" }, func() { m64[1] += "x" }, func() { m64[1] += "y" }, func() { delete(m64, 1) },
			func() {
				for k := range m64 {
					use(k)
				}
			}, func() { use(len(m64)) }, func() { clear(m64) },
		}, {
			"string",
			func() { use(ms["a"]) }, func() { _, ok := ms["a"]; use(ok) },
			func() { ms["a"] = 1 }, func() { ms["a"] += 2 }, func() { ms["a"]++ }, func() { delete(ms, "a") },
			func() {
				for k := range ms {
					use(k)
				}
			}, func() { use(len(ms)) }, func() { clear(ms) },
		}, {
			"interface",
			func() { use(mi[1]) }, func() { _, ok := mi["1"]; use(ok) },
			func() { mi[1] = 1 }, func() { mi["1"] += 2 }, func() { mi[1]++ }, func() { delete(mi, 1) },
			func() {
				for k := range mi {
					use(k)
				}
			}, func() { use(len(mi)) }, func() { clear(mi) },
		}, {
			"pointer",
			func() { use(mp[p]) }, func() { _, ok := mp[p]; use(ok) },
			func() { mp[p] = 1 }, func() { mp[p] += 2 }, func() { mp[p]++ }, func() { delete(mp, p) },
			func() {
				for k := range mp {
					use(k)
				}
			}, func() { use(len(mp)) }, func() { clear(mp) },
		}, {
			"struct",
			func() { use(mt[point{}]) }, func() { _, ok := mt[point{}]; use(ok) },
			func() { mt[point{}] = 1 }, func() { mt[point{}] += 2 }, func() { mt[point{}]++ }, func() { delete(mt, point{}) },
			func() {
				for k := range mt {
					use(k)
				}
			}, func() { use(len(mt)) }, func() { clear(mt) },
		}, {
			"array",
			func() { use(ma[[3]string{}]) }, func() { _, ok := ma[[3]string{}]; use(ok) },
			func() { ma[[3]string{}] = 1 }, func() { ma[[3]string{}] += 2 }, func() { ma[[3]string{}]++ }, func() { delete(ma, [3]string{}) },
			func() {
				for k := range ma {
					use(k)
				}
			}, func() { use(len(ma)) }, func() { clear(ma) },
		}, {
			"float64",
			func() { use(mf[1]) }, func() { _, ok := mf[1]; use(ok) },
			func() { mf[1] = 1 }, func() { mf[1] += 2 }, func() { mf[1]++ }, func() { delete(mf, 1) },
			func() {
				for k := range mf {
					use(k)
				}
			}, func() { use(len(mf)) }, func() { clear(mf) },
		}, {
			"set",
			func() { use(me["a"]) }, func() { _, ok := me["a"]; use(ok) },
			func() { me["a"] = struct{}{} }, func() { me["b"] = struct{}{} }, func() { me["c"] = struct{}{} }, func() { delete(me, "a") },
			func() {
				for k := range me {
					use(k)
				}
			}, func() { use(len(me)) }, func() { clear(me) },
		}, {
			"large element",
			func() { use(mb["a"]) }, func() { _, ok := mb["a"]; use(ok) },
			func() { mb["a"] = [200]byte{} }, func() { mb["b"] = [200]byte{} }, func() { mb["c"] = [200]byte{} }, func() { delete(mb, "a") },
			func() {
				for k := range mb {
					use(k)
				}
			}, func() { use(len(mb)) }, func() { clear(mb) },
		},
	}
}

// use keeps the compiler from leaving out what makes v.
//
//go:noinline
func use[T any](v T) { _ = v }
