package crashlog

import (
	"fmt"
	"slices"
	"strings"
)

// printCrash writes a crash as the runtime of version does. What it writes is
// compared with what the runtime wrote: so nothing was lost or changed.
func printCrash(c *Crash, labels map[uint64]string) string {
	var b strings.Builder
	if c.Cause == CauseOther {
		b.WriteString("panic: " + c.Message + "\n")
	} else {
		b.WriteString("fatal error: " + c.Message + "\n")
	}
	for _, g := range c.Goroutines {
		b.WriteString("\n")
		printGoroutine(&b, g, labels[g.ID])
	}
	return b.String()
}

func printGoroutine(b *strings.Builder, g *Goroutine, labels string) {
	fmt.Fprintf(b, "goroutine %d", g.ID)
	if g.G != 0 {
		fmt.Fprintf(b, " gp=%#x", g.G)
		if g.MID < 0 {
			b.WriteString(" m=nil")
		} else {
			fmt.Fprintf(b, " m=%d mp=%#x", g.MID, g.M)
		}
	}
	fmt.Fprintf(b, " [%s", g.State)
	if g.Scan {
		b.WriteString(" (scan)")
	}
	if g.WaitMinutes > 0 {
		fmt.Fprintf(b, ", %d minutes", g.WaitMinutes)
	}
	if g.LockedToThread {
		b.WriteString(", locked to thread")
	}
	if g.Bubble != 0 {
		fmt.Fprintf(b, ", synctest bubble %d", g.Bubble)
	}
	if strings.HasPrefix(labels, " labels:") {
		b.WriteString(labels + "]:\n")
	} else {
		b.WriteString("]" + labels + ":\n")
	}
	if g.StackUnavailable {
		b.WriteString("\tgoroutine running on other thread; stack unavailable\n")
	}
	for i := range g.Frames {
		printElided(b, g, i)
		printFrame(b, &g.Frames[i])
	}
	printElided(b, g, len(g.Frames))
	if g.CreatedBy != nil {
		b.WriteString("created by " + g.CreatedBy.Func)
		if g.Parent != 0 {
			fmt.Fprintf(b, " in goroutine %d", g.Parent)
		}
		b.WriteString("\n")
		printPlace(b, g.CreatedBy)
	}
}

func printElided(b *strings.Builder, g *Goroutine, i int) {
	switch {
	case g.Elided == 0 || g.ElidedAt != i:
	case g.Elided < 0:
		b.WriteString("...additional frames elided...\n")
	default:
		fmt.Fprintf(b, "...%d frames elided...\n", g.Elided)
	}
}

func printFrame(b *strings.Builder, f *Frame) {
	b.WriteString(f.Func + "(")
	if f.Inlined {
		b.WriteString("...")
	}
	start := true
	for _, a := range f.Args {
		if !start && a.Kind != ArgClose {
			b.WriteString(", ")
		}
		start = a.Kind == ArgOpen
		switch a.Kind {
		case ArgWord:
			fmt.Fprintf(b, "%#x", a.Word)
		case ArgStale:
			fmt.Fprintf(b, "%#x?", a.Word)
		case ArgMore:
			b.WriteString("...")
		case ArgTooFar:
			b.WriteString("_")
		case ArgOpen:
			b.WriteString("{")
		case ArgClose:
			b.WriteString("}")
		}
	}
	b.WriteString(")\n")
	printPlace(b, f)
}

func printPlace(b *strings.Builder, f *Frame) {
	fmt.Fprintf(b, "\t%s:%d", f.File, f.Line)
	if f.Offset != 0 {
		fmt.Fprintf(b, " +%#x", f.Offset)
	}
	if f.FP != 0 {
		fmt.Fprintf(b, " fp=%#x sp=%#x pc=%#x", f.FP, f.SP, f.PC)
	}
	b.WriteString("\n")
}

// sortedLabels is for comparing labels that were read with those that were set.
func sortedLabels(m map[string]string) string {
	var out []string
	for k, v := range m {
		out = append(out, fmt.Sprintf("%q=%q", k, v))
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}
