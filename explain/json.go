package explain

import (
	"cmp"
	"encoding/json"
	"io"

	"github.com/mapsan/mapsan/finding"
)

// jsonReport is the JSON form of a report: one object on one line for each crash.
type jsonReport struct {
	Schema  int             `json:"schema"`
	Source  string          `json:"source,omitempty"`
	Line    int64           `json:"line"`
	Message string          `json:"message,omitempty"`
	Cause   string          `json:"cause"`
	Total   int             `json:"goroutines"`
	Map     string          `json:"map,omitempty"`
	Graded  finding.Grade   `json:"map_grade,omitempty"`
	Others  []jsonOther     `json:"others"`
	Path    []string        `json:"path"`
	Doubts  []string        `json:"doubts,omitempty"`
	Next    []string        `json:"next,omitempty"`
	Seen    []string        `json:"seen,omitempty"`
	Finding json.RawMessage `json:"finding"`
}

type jsonOther struct {
	Goroutine uint64        `json:"goroutine,omitempty"`
	State     string        `json:"state,omitempty"`
	Like      int           `json:"like,omitempty"`
	Func      string        `json:"func,omitempty"`
	File      string        `json:"file,omitempty"`
	LineNo    int           `json:"line,omitempty"`
	Op        finding.Op    `json:"op"`
	Grade     finding.Grade `json:"grade"`
	Why       string        `json:"why,omitempty"`
	Path      []string      `json:"path,omitempty"`
}

// reportSchema grows when a reader of the older form would misunderstand the newer.
const reportSchema = 1

// JSON writes the report on one line.
func (r *Report) JSON(w io.Writer) error {
	return r.json(w, r.Finding(), nil)
}

// json writes the report with a finding that may know more than it does.
func (r *Report) json(w io.Writer, of *finding.Finding, seen []string) error {
	f, err := finding.Encode(of)
	if err != nil {
		return err
	}
	j := jsonReport{Schema: reportSchema, Source: r.opts.Source, Line: r.Crash.Line, Message: r.Crash.Message,
		Cause: string(r.Crash.Cause), Total: r.Crash.Total, Graded: r.MapGrade, Others: []jsonOther{},
		Path: r.Path(), Doubts: r.Doubts(), Next: r.Next(), Seen: seen, Finding: f}
	if r.Map != nil {
		j.Map = r.Map.Name
	}
	for i := range r.Others {
		c := &r.Others[i]
		o := jsonOther{Func: c.Func(), Op: c.Op, Grade: cmp.Or(c.Grade, finding.Guessed), Why: c.Why, Path: c.Path}
		if c.Site != nil {
			o.File, o.LineNo = c.Site.Pos.Filename, c.Site.Pos.Line
		}
		if g := c.Goroutine; g != nil {
			o.Goroutine, o.State, o.Like = g.ID, g.State, c.Like
		}
		j.Others = append(j.Others, o)
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(j)
}
