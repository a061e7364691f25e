package binfo

// Condition returns what the branch at instruction i depends on: the values
// that are compared, and the instruction that compares them.
func (c *Code) Condition(i int) (val, cmp *Value, at int, ok bool) {
	in := c.Insts[i]
	if in.Flow != Branch || in.Cond == Other {
		return nil, nil, 0, false
	}
	b := c.block(i)
	for j := i; j >= c.starts[b]; j-- {
		if c.Insts[j].Flow == Call {
			break // flags do not live through it
		}
		for _, e := range c.Insts[j].Effects {
			if e.Kind != Test {
				continue
			}
			if in.carry != (e.Val.Kind == BitTest) && c.f.arch == AMD64 {
				return nil, nil, 0, false // an order, not equality
			}
			return c.Expr(j, e.Val), c.Expr(j, e.Cmp), j, true
		}
	}
	return nil, nil, 0, false
}

// Successors returns the instructions that may follow instruction i, in this
// function: the next one first.
func (c *Code) Successors(i int) []int {
	in := c.Insts[i]
	var out []int
	if (in.Flow == Next || in.Flow == Branch || in.Flow == Call && !c.noReturn(i)) && i+1 < len(c.Insts) {
		out = append(out, i+1)
	}
	if in.Flow == Jump || in.Flow == Branch {
		if t, ok := c.within(in.Target); ok && in.Target != 0 {
			out = append(out, t)
		}
		if in.table {
			out = append(out, c.jumpTable(i)...)
		}
	}
	return out
}

// Callee names the function that the call at instruction i goes to, "" when it
// goes through a register.
func (c *Code) Callee(i int) string { return c.calleeName(i) }

// TypeOf is the type of a value, nil when neither DWARF nor descriptors tell.
func (c *Code) TypeOf(v *Value) *Type { return c.place(v, 0).typ }

// A MemAccess is one place in memory that an instruction reads or writes.
type MemAccess struct {
	Mem   Mem
	Size  uint8
	Write bool
}

// Accesses returns the places in memory that the instruction refers to.
func (in Inst) Accesses() []MemAccess {
	var out []MemAccess
	var walk func(e *Expr)
	walk = func(e *Expr) {
		if e == nil {
			return
		}
		if e.Kind == MemIs {
			a := MemAccess{e.Mem, e.Size, false}
			for _, o := range out {
				if o == a {
					return
				}
			}
			out = append(out, a)
		}
		walk(e.X)
		walk(e.Y)
	}
	for i := range in.Effects {
		e := &in.Effects[i]
		walk(&e.Val)
		walk(&e.Cmp)
		if e.Kind == Store {
			out = append(out, MemAccess{e.Mem, e.Size, true})
		}
	}
	return out
}
