package render

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"go/scanner"
	"go/token"
	"html/template"
	"io"
	"strings"

	"github.com/mapsan/mapsan/finding"
)

//go:embed page.tmpl
var pageText string

//go:embed page.css
var pageStyle string

var page = template.Must(template.New("page").Parse(pageText))

// HTML writes one page that shows all findings. It needs nothing but itself:
// no script, no request; its policy allows its own style sheet alone.
func HTML(w io.Writer, all []*finding.Finding, o Options) error {
	sum := sha256.Sum256([]byte(pageStyle))
	v := pageView{
		Title:     o.Title,
		Version:   o.Version,
		Style:     template.CSS(pageStyle),
		StyleHash: base64.StdEncoding.EncodeToString(sum[:]),
	}
	if v.Title == "" {
		v.Title = countOf(len(all))
	}
	src := newSources(o)
	for i, f := range all {
		v.Findings = append(v.Findings, viewOf(i+1, f, o.withGoroot(f), src))
	}
	var b bytes.Buffer
	if err := page.Execute(&b, v); err != nil {
		return fmt.Errorf("write HTML: %w", err)
	}
	_, err := w.Write(b.Bytes())
	return err
}

func countOf(n int) string {
	switch n {
	case 0:
		return "No map races"
	case 1:
		return "1 map race"
	}
	return fmt.Sprintf("%d map races", n)
}

type pageView struct {
	Title, Version string
	Style          template.CSS
	StyleHash      string
	Findings       []findingView
}

type findingView struct {
	Number            int
	Name, Type, Where string
	Rule, RuleTitle   string
	Grade             string
	Parties           []partyView // the later access first
	WhyHeading        string
	Why               []string
	Picture           *picture
	Fixes             []fixView
	Log               []string
	Path              []string
	Window            windowView // of a crash, with Path
	Facts             []factView
	Missing           []string
}

// windowView tells of the time in which the runtime notices: who marks the map, who
// looks, and what is seen.
type windowView struct{ Other, Here, Sees string }

func windowOf(f *finding.Finding) windowView {
	v := windowView{Other: "the other side", Here: "the side that noticed", Sees: "its look at the flag fails: fatal error"}
	// Of several sources' finding, the first party is not the one that noticed.
	if f.Engine != finding.Explain || len(f.Evidence.Seen) > 0 {
		return v
	}
	for who, p := range map[*string]*finding.Party{&v.Other: &f.Parties[1], &v.Here: &f.Parties[0]} {
		if p.Goroutine.ID != 0 {
			*who = fmt.Sprintf("goroutine %d", p.Goroutine.ID)
		}
		*who = clean(fmt.Sprintf("%s, %s", *who, p.Access.Op))
	}
	v.Sees = "sees the flag: fatal error"
	if f.Parties[0].Access.Op.IsWrite() {
		v.Sees = "sees the flag, or its own mark gone: fatal error"
	}
	return v
}

type partyView struct {
	Op, Head, Class string
	Who, State      string
	Expr            string
	Place           string
	Excerpt         []codeLine
	Stack           []frameView
	Partial         bool
	Start           string
	StartExcerpt    []codeLine
	Origin          []frameView
	OriginPartial   bool
	Locks           string
}

type frameView struct {
	Func, Place, Offset string
	Std                 bool
	Here                bool
}

type codeLine struct {
	Number int
	Here   bool
	Tokens []codeToken
}

type codeToken struct{ Class, Text string }

type fixView struct{ Title, Text, Code string }

type factView struct{ Name, Value string }

func viewOf(number int, f *finding.Finding, o Options, src *sources) findingView {
	rule, _ := finding.RuleByCode(f.Rule)
	v := findingView{
		Number:     number,
		Name:       clean(mapName(f)),
		Rule:       f.Rule,
		RuleTitle:  rule.Title,
		Grade:      string(f.Grade),
		WhyHeading: whyHeading(f),
		Picture:    newPicture(number, f, o, src),
	}
	for _, s := range missing(f) {
		v.Missing = append(v.Missing, clean(s))
	}
	v.Type = clean(f.Map.Type)
	if f.Map.Declared != "" {
		v.Type = clean(f.Map.Declared)
	}
	if f.Map.Expr == "" && f.Map.Name == "" {
		v.Type = ""
	}
	v.Where = clean(what(f))
	if !f.Map.Decl.IsZero() {
		if v.Where != "" {
			v.Where += ", "
		}
		v.Where += "declared at " + o.place(f.Map.Decl)
	}
	for _, s := range why(f, o) {
		v.Why = append(v.Why, clean(s))
	}
	for i := range f.Parties {
		v.Parties = append(v.Parties, partyOf(f, i, o, src))
	}
	for _, x := range f.Fixes {
		v.Fixes = append(v.Fixes, fixView{clean(x.Title), clean(x.Text), strings.ReplaceAll(clean(x.Code), "\t", "    ")})
	}
	if l := f.Evidence.Log; l != nil {
		for _, s := range l.Lines {
			v.Log = append(v.Log, clean(s))
		}
	}
	v.Window = windowOf(f)
	for _, s := range f.Evidence.Path {
		v.Path = append(v.Path, clean(s))
	}
	fact := func(name, value string) {
		if value != "" {
			v.Facts = append(v.Facts, factView{name, clean(value)})
		}
	}
	r := &f.Resource
	fact("fingerprint", f.Fingerprint())
	fact("found by", string(f.Engine))
	fact("seen by", strings.Join(f.Evidence.Seen, "; "))
	if f.Map.Addr != 0 {
		fact("map header", f.Map.Addr.String())
	}
	fact("test", strings.Trim(r.Package+" "+r.Test, " "))
	if r.PID != 0 {
		fact("process", fmt.Sprint(r.PID))
	}
	fact("service", r.ServiceName)
	fact("pod", r.PodUID)
	fact("container", r.ContainerID)
	fact("host", r.HostName)
	fact("build", r.BuildID)
	fact("revision", r.Revision)
	fact("Go", r.GoVersion)
	fact("trace", f.Trace.TraceID)
	fact("span", f.Trace.SpanID)
	return v
}

func partyOf(f *finding.Finding, i int, o Options, src *sources) partyView {
	p := &f.Parties[i]
	g := &p.Goroutine
	v := partyView{
		Op:            upper(p.Access.Op.String()),
		Head:          upper(p.Access.Op.String()),
		Class:         string(p.Access.Op.Class()),
		Who:           party(p),
		State:         clean(g.State),
		Expr:          clean(p.Access.Expr),
		Partial:       p.Partial,
		OriginPartial: g.OriginPartial,
	}
	if i == 1 && f.Evidence.Clocks != nil {
		v.Head = "Previous " + p.Access.Op.String()
	}
	at := p.Place()
	v.Place = o.place(at)
	v.Excerpt = highlight(src.excerpt(at, 3))
	for _, fr := range p.Stack {
		fv := frameOf(fr, o)
		fv.Here = fr.File == at.File && fr.Line == at.Line
		v.Stack = append(v.Stack, fv)
	}
	if len(p.Locks) > 0 {
		v.Locks = clean(upper(bySource(p) + "it held " + locks(p, o)))
	}
	switch {
	case p.Actor != nil:
		v.Start = "" // not a goroutine
	case g.Main:
		v.Start = "began with the program"
	case g.Runtime:
		v.Start = "was started by the runtime"
	case len(g.Origin) == 0:
		v.Start = "was started at a place that is not known"
	default:
		start := startOf(g.Origin)
		v.Start = "was started at " + o.place(start.Position())
		v.StartExcerpt = highlight(src.excerpt(start.Position(), 0))
		for _, fr := range g.Origin {
			v.Origin = append(v.Origin, frameOf(fr, o))
		}
	}
	return v
}

func frameOf(fr finding.Frame, o Options) frameView {
	v := frameView{Func: clean(fr.Func), Place: o.place(fr.Position()), Std: finding.InStd(fr.Func)}
	if fr.Offset != 0 {
		v.Offset = fmt.Sprintf("+0x%x", fr.Offset)
	}
	return v
}

// highlight tells keywords, texts, numbers and comments apart, each line by itself.
func highlight(lines []sourceLine) []codeLine {
	var out []codeLine
	for _, l := range lines {
		out = append(out, codeLine{Number: l.Number, Here: l.Here, Tokens: tokens(l.Text)})
	}
	return out
}

func tokens(line string) []codeToken {
	var out []codeToken
	var sc scanner.Scanner
	file := token.NewFileSet().AddFile("", -1, len(line))
	sc.Init(file, []byte(line), nil, scanner.ScanComments)
	done := 0
	emit := func(class string, to int) {
		if to > done && to <= len(line) {
			out = append(out, codeToken{class, line[done:to]})
			done = to
		}
	}
	for {
		pos, tok, lit := sc.Scan()
		if tok == token.EOF {
			break
		}
		if tok == token.SEMICOLON && lit != ";" {
			continue // the scanner's own
		}
		at := file.Offset(pos)
		emit("", at)
		if lit == "" {
			lit = tok.String()
		}
		class := ""
		switch {
		case tok.IsKeyword():
			class = "k"
		case tok == token.STRING || tok == token.CHAR:
			class = "s"
		case tok == token.COMMENT:
			class = "c"
		case tok == token.INT || tok == token.FLOAT || tok == token.IMAG:
			class = "u"
		}
		emit(class, at+len(lit))
	}
	emit("", len(line))
	return out
}
