package inline

import (
	"cmd/compile/internal/base"
	"cmd/compile/internal/ir"
	"cmd/compile/internal/types"
	"strings"
)

// mapsanBudget is how much fn may cost and still be inlined; usual is the rule.
// The paths of the detector on which nothing is to be done may cost more.
func mapsanBudget(fn *ir.Func, usual int32) int32 {
	if fn == nil || fn.Nname == nil || fn.Sym() == nil || fn.Sym().Pkg == nil {
		return usual
	}
	path := fn.Sym().Pkg.Path
	if fn.Sym().Pkg == types.LocalPkg {
		path = base.Ctxt.Pkgpath
	}
	switch path {
	case "internal/runtime/mapsan":
		return 400
	case "internal/sync", "sync", "sync/atomic":
		return max(usual, 200)
	case "runtime", "internal/runtime/maps":
		if strings.HasPrefix(fn.Sym().Name, "mapsan") {
			return max(usual, 200)
		}
	}
	return usual
}
