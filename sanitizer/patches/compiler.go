package patches

import "github.com/mapsan/mapsan/toolchain"

// compilerEdits make the compiler call sync/atomic instead of writing its
// instructions in place, and tell the detector of len(m).
func compilerEdits() []toolchain.Edit {
	edits := []toolchain.Edit{{
		Name: "calls of sync/atomic", File: "src/cmd/compile/internal/ssagen/intrinsics.go",
		Old: `if base.Flag.Race && pkg == "sync/atomic" {`,
		New: `if pkg == "sync/atomic" {`,
	}, {
		Name: "runtime packages", File: "src/cmd/internal/objabi/pkgspecial.go",
		Old: "\t\"internal/runtime/maps\",\n\t\"internal/runtime/math\",\n",
		New: "\t\"internal/runtime/maps\",\n\t\"internal/runtime/mapsan\",\n\t\"internal/runtime/math\",\n",
	}, {
		// Each lock and each atomic operation asks the engine; the answers
		// that are a few loads are worth having in place.
		Name: "inlining", File: "src/cmd/compile/internal/inline/inl.go",
		Old: "\tif fn.ClosureParent != nil {\n\t\t// be very liberal here",
		New: "\tbudget = mapsanBudget(fn, budget)\n\tif fn.ClosureParent != nil {\n\t\t// be very liberal here",
	}, {
		Name: "inlining", File: "src/cmd/compile/internal/inline/inl.go",
		Old: "\tmaxCost := int32(inlineMaxBudget)\n\n\tif bigCaller {\n",
		New: "\tmaxCost := mapsanBudget(callee, inlineMaxBudget)\n\n\tif bigCaller {\n",
	}, {
		Name: "the goroutine's clock", File: "src/cmd/compile/internal/typecheck/func.go",
		Old: "types.RuntimeSymName(sym) == \"getg\" {",
		New: "types.RuntimeSymName(sym) == \"getg\" || sym.Name == \"getg\" && sym.Pkg.Path == \"internal/runtime/mapsan\" {",
	}, {
		Name: "len of a map", File: "src/cmd/compile/internal/walk/builtin.go",
		Old: `	n.X = walkExpr(n.X, init)

	// replace len(*[10]int) with 10.
`,
		New: `	n.X = walkExpr(n.X, init)

	if n.Op() == ir.OLEN && n.X.Type().IsMap() && !base.Flag.CompilingRuntime {
		n.X = cheapExpr(n.X, init)
		toUintptr := func(x ir.Node) ir.Node {
			x = ir.NewConvExpr(base.Pos, ir.OCONVNOP, types.Types[types.TUNSAFEPTR], x)
			x = ir.NewConvExpr(base.Pos, ir.OCONVNOP, types.Types[types.TUINTPTR], x)
			return typecheck.Expr(x)
		}
		init.Append(mkcall("mapsanlen", nil, init, toUintptr(reflectdata.TypePtrAt(base.Pos, n.X.Type())), toUintptr(n.X)))
	}

	// replace len(*[10]int) with 10.
`,
	}}
	for v, i := range signature {
		edits = append(edits, toolchain.Edit{
			Name: "len of a map", Go: v, File: "src/cmd/compile/internal/typecheck/builtin.go",
			Old: "\t{\"racereadrange\", funcTag, " + i + "},\n",
			New: "\t{\"racereadrange\", funcTag, " + i + "},\n\t{\"mapsanlen\", funcTag, " + i + "},\n",
		})
	}
	return edits
}

// signature is the index of func(uintptr, uintptr) among the compiler's
// runtime signatures.
var signature = map[string]string{"1.25": "149", "1.26": "154", "1.27": "152"}
