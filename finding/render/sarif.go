package render

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"path"
	"strings"

	"github.com/mapsan/mapsan/finding"
)

// sarifSchema is what SARIF's own documents name their schema by.
const sarifSchema = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

// The bases that relative names of files refer to.
const (
	rootBase   = "SRCROOT"
	gorootBase = "GOROOT"
)

// SARIF writes one log of all findings, version 2.1.0. The later access is the
// result's location; both parties are thread flows of one code flow, each from
// where its goroutine began to its access.
func SARIF(w io.Writer, all []*finding.Finding, o Options) error {
	log := sarifLog{Schema: sarifSchema, Version: "2.1.0", Runs: []sarifRun{{
		Tool:       sarifTool{Driver: sarifDriver(o)},
		ColumnKind: "utf16CodeUnits",
		Results:    []sarifResult{},
	}}}
	run := &log.Runs[0]
	s := &sarifWriter{bases: map[string]sarifArtifact{}}
	for _, f := range all {
		s.o = o.withGoroot(f)
		run.Results = append(run.Results, s.result(f))
	}
	run.Bases = s.bases
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(log); err != nil {
		return fmt.Errorf("write SARIF: %w", err)
	}
	_, err := w.Write(b.Bytes())
	return err
}

func sarifDriver(o Options) sarifComponent {
	d := sarifComponent{
		Name:           "MapSan",
		FullName:       "MapSan, a sanitizer for Go maps",
		InformationURI: "https://github.com/mapsan/mapsan",
		Version:        o.Version,
	}
	for _, r := range finding.Rules {
		rule := sarifRule{
			ID:    r.Code,
			Name:  r.Name,
			Short: sarifText{Text: upper(r.Title) + "."},
			Full:  sarifText{Text: strings.ReplaceAll(r.Text, "`", "")},
		}
		rule.Help.Text = rule.Full.Text
		rule.Help.Markdown = r.Text
		rule.Config.Level = sarifLevel(r.Severity)
		rule.Properties = map[string]any{"tags": []string{"concurrency", "correctness"}, "since": r.Since, "precision": "very-high"}
		d.Rules = append(d.Rules, rule)
	}
	return d
}

func sarifLevel(s finding.Severity) string {
	switch s {
	case finding.Warning:
		return "warning"
	case finding.Note:
		return "note"
	}
	return "error"
}

type sarifWriter struct {
	o     Options
	bases map[string]sarifArtifact
}

func (s *sarifWriter) result(f *finding.Finding) sarifResult {
	r := sarifResult{RuleID: f.Rule, Level: "error", Message: sarifText{Text: Summary(f, s.o)}}
	for i, rule := range finding.Rules {
		if rule.Code == f.Rule {
			r.RuleIndex, r.Level = i, sarifLevel(rule.Severity)
		}
	}
	r.Fingerprints = map[string]string{"mapsan/v1": f.Fingerprint()}
	cur, prev := &f.Parties[0], &f.Parties[1]
	if pos := cur.Place(); !pos.IsZero() {
		r.Locations = []sarifLocation{s.location(pos, siteFunc(cur), f.Map.Expr, "")}
	}
	related := func(pos finding.Position, fn, message string) {
		if !pos.IsZero() {
			l := s.location(pos, fn, "", message)
			id := len(r.Related)
			l.ID = &id
			r.Related = append(r.Related, l)
		}
	}
	related(prev.Place(), siteFunc(prev), fmt.Sprintf("The other access: %s by %s.", prev.Access.Op, party(prev)))
	related(f.Map.Decl, "", fmt.Sprintf("%s is declared here.", upper(mapName(f))))
	for i := range f.Parties {
		g := &f.Parties[i].Goroutine
		if len(g.Origin) > 0 {
			related(g.Origin[0].Position(), g.Origin[0].Func, upper(goroutine(g))+" was started here.")
		}
	}
	flow := sarifFlow{Message: sarifText{Text: strings.Join(why(f, s.o), " ")}}
	for i := range f.Parties {
		if tf := s.threadFlow(f, i); len(tf.Locations) > 0 {
			flow.Threads = append(flow.Threads, tf)
		}
	}
	if len(flow.Threads) > 0 {
		r.Flows = []sarifFlow{flow}
	}
	r.Properties = map[string]any{"engine": f.Engine, "grade": f.Grade}
	for name, v := range map[string]string{"mapType": f.Map.Type, "mapName": f.Map.Name, "test": f.Resource.Test} {
		if v != "" {
			r.Properties[name] = v
		}
	}
	return r
}

// Summary is a finding in one line.
func Summary(f *finding.Finding, o Options) string {
	a, b := &f.Parties[0], &f.Parties[1]
	if f.Map.Kernel != nil {
		return clean(fmt.Sprintf("%s of the kernel BPF map %s: %s", upper(strings.ToLower(heading(f))), mapName(f), strings.Join(why(f, o), " ")))
	}
	text := fmt.Sprintf("Map race on %s: the %s at %s by %s and the %s at %s by %s are not ordered.", mapName(f),
		a.Access.Op, o.place(a.Place()), party(a),
		b.Access.Op, o.place(b.Place()), party(b))
	if len(f.Fixes) > 0 {
		text += " To fix it, " + f.Fixes[0].Title + "."
	}
	return clean(text)
}

// threadFlow tells one goroutine's way to its access, the outermost frame first.
func (s *sarifWriter) threadFlow(f *finding.Finding, i int) sarifThread {
	p := &f.Parties[i]
	tf := sarifThread{ID: clean(party(p))}
	add := func(fr finding.Frame, level int, importance, message string) {
		if fr.File == "" {
			return
		}
		step := sarifStep{Location: s.location(fr.Position(), fr.Func, "", message), Nesting: level, Importance: importance}
		if importance == "essential" && f.Evidence.Clocks != nil {
			step.Order = 2 - i // the later access is the first party
		}
		tf.Locations = append(tf.Locations, step)
	}
	for j := len(p.Goroutine.Origin) - 1; j >= 0; j-- {
		message, importance := "", "unimportant"
		if j == 0 {
			message, importance = upper(party(p))+" is started.", "important"
		}
		add(p.Goroutine.Origin[j], 0, importance, message)
	}
	for j := len(p.Stack) - 1; j >= 0; j-- {
		message, importance := "", "unimportant"
		if j == 0 {
			message = fmt.Sprintf("%s %s %s.", upper(party(p)), p.Access.Op.Verb(), expr(f, p))
			importance = "essential"
		}
		add(p.Stack[j], len(p.Stack)-j, importance, message)
	}
	return tf
}

func siteFunc(p *finding.Party) string {
	fr, _ := p.Site()
	return fr.Func
}

func (s *sarifWriter) location(pos finding.Position, fn, kind, message string) sarifLocation {
	l := sarifLocation{Physical: &sarifPhysical{Artifact: s.artifact(pos.File)}}
	if pos.Line > 0 {
		l.Physical.Region = &sarifRegion{StartLine: pos.Line, StartColumn: pos.Column}
	}
	if fn != "" {
		l.Logical = []sarifLogical{{Name: clean(finding.ShortFunc(fn)), Full: clean(fn), Kind: "function"}}
	}
	if kind != "" {
		l.Logical = append(l.Logical, sarifLogical{Name: clean(kind), Kind: "variable"})
	}
	if message != "" {
		l.Message = &sarifText{Text: clean(message)}
	}
	return l
}

// artifact names a file, relative to a base where it lies below one.
func (s *sarifWriter) artifact(file string) sarifArtifact {
	bases := []struct{ id, dir, description string }{
		{rootBase, s.o.Root, "The directory that MapSan ran in."},
		{gorootBase, s.o.Goroot, "The Go toolchain."},
		{gorootBase, s.o.learnt, "The Go toolchain."},
	}
	for _, b := range bases {
		rel, ok := below(file, b.dir)
		if !ok {
			continue
		}
		if _, ok := s.bases[b.id]; !ok {
			s.bases[b.id] = sarifArtifact{URI: fileURI(strings.TrimSuffix(b.dir, "/") + "/"), Description: &sarifText{Text: b.description}}
		}
		return sarifArtifact{URI: relativeURI(rel), Base: b.id}
	}
	if strings.HasPrefix(file, "/") || isDrive(file) {
		return sarifArtifact{URI: fileURI(file)}
	}
	return sarifArtifact{URI: relativeURI(file)}
}

func isDrive(file string) bool {
	return len(file) > 2 && file[1] == ':' && (file[2] == '/' || file[2] == '\\')
}

func fileURI(file string) string {
	file = strings.ReplaceAll(file, `\`, "/")
	if !strings.HasPrefix(file, "/") {
		file = "/" + file
	}
	return (&url.URL{Scheme: "file", Path: strings.ToValidUTF8(file, "?")}).String()
}

func relativeURI(file string) string {
	file = strings.ToValidUTF8(strings.ReplaceAll(file, `\`, "/"), "?")
	return (&url.URL{Path: path.Clean(file)}).String()
}
