package main

import (
	"fmt"
	"math"
	"os"
	"runtime"
	"strings"
	"time"
)

// markdown returns the tables.
func markdown(all []*series, people *series, machine, command string, rounds int) string {
	var b strings.Builder
	s := summarize(all, people)
	fmt.Fprintf(&b, "%s. %s. Medians of %d rounds, interleaved.\n\n    %s\n\n", machine, time.Now().Format("2006-01-02"), rounds, command)

	b.WriteString("### Goals\n\n| what | measured | goal | |\n| --- | ---: | ---: | --- |\n")
	for _, g := range s.goals {
		word := "met"
		if !g.met() {
			word = "**missed**"
		}
		fmt.Fprintf(&b, "| %s | %v | %s | %s |\n", g.what, g, g.bound(), word)
	}

	b.WriteString("\n### Suites\n\nGeometric means of the ratios to plain.\n\n")
	b.WriteString("| suite | benchmarks | mapsan time | -race time | mapsan memory | -race memory | worst benchmark under mapsan |\n")
	b.WriteString("| --- | ---: | ---: | ---: | ---: | ---: | --- |\n")
	for _, r := range s.suites {
		fmt.Fprintf(&b, "| %s | %d | %s | %s | %s | %s | %s %s |\n", r.name, r.benchmarks, times(r.time[sanitized]), times(r.time[raced]),
			times(r.memory[sanitized]), times(r.memory[raced]), strings.TrimPrefix(r.worst, "Benchmark"), times(r.worstTimeRatio))
	}
	if people != nil {
		fmt.Fprintf(&b, "| %s | | %s | %s | %s | %s | |\n", people.name, times(ratio(people.ns, sanitized)), times(ratio(people.ns, raced)),
			times(ratio(people.bytes, sanitized)), times(ratio(people.bytes, raced)))
	}

	b.WriteString("\n### Benchmarks\n\n| suite | benchmark | plain | mapsan | | -race | |\n| --- | --- | ---: | ---: | ---: | ---: | ---: |\n")
	for _, x := range all {
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | %s |\n", x.suite, strings.TrimPrefix(x.name, "Benchmark"),
			duration(median(x.ns[plain])), duration(median(x.ns[sanitized])), times(ratio(x.ns, sanitized)),
			duration(median(x.ns[raced])), times(ratio(x.ns, raced)))
	}
	return b.String()
}

func times(f float64) string {
	if math.IsNaN(f) {
		return "-"
	}
	return fmt.Sprintf("%.2fx", f)
}

func duration(ns float64) string {
	switch {
	case math.IsNaN(ns):
		return "-"
	case ns < 1000:
		return fmt.Sprintf("%.1f ns", ns)
	case ns < 1e6:
		return fmt.Sprintf("%.2f µs", ns/1e3)
	case ns < 1e9:
		return fmt.Sprintf("%.2f ms", ns/1e6)
	}
	return fmt.Sprintf("%.2f s", ns/1e9)
}

// machine describes where the numbers come from.
func machine(goVersion string) string {
	cpu := runtime.GOARCH
	if data, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(data)) {
			if k, v, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(k) == "model name" {
				cpu = strings.TrimSpace(v)
				break
			}
		}
	}
	return fmt.Sprintf("%s, %d cores, %s/%s, %s", cpu, runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, goVersion)
}

// marks are the lines between which a document has a generated part.
func marks(name string) (begin, end string) {
	return "<!-- begin: " + name + " of sanitizer/bench -->\n", "<!-- end: " + name + " of sanitizer/bench -->\n"
}

// replace puts text between the marks of a document.
func replace(doc, name, text string) (string, error) {
	begin, end := marks(name)
	before, rest, ok := strings.Cut(doc, begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		return "", fmt.Errorf("the lines %q and %q are not there", strings.TrimSpace(begin), strings.TrimSpace(end))
	}
	return before + begin + "\n" + text + "\n" + end + after, nil
}
