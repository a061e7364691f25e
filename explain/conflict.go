package explain

import (
	"encoding/json"
	"io"
	"slices"

	"github.com/mapsan/mapsan/finding"
)

// Text writes what the finding itself has no room for, as Report.Text does; nothing
// when no crash was seen.
func (c *Conflict) Text(w io.Writer) error {
	if len(c.Crashes) == 0 {
		return nil
	}
	return c.Crashes[0].Text(w)
}

// JSON writes the conflict on one line: the report of its first crash, if any, with
// the merged finding.
func (c *Conflict) JSON(w io.Writer) error {
	if len(c.Crashes) > 0 {
		return c.Crashes[0].json(w, c.Finding, c.Seen)
	}
	f, err := finding.Encode(c.Finding)
	if err != nil {
		return err
	}
	j := jsonReport{Schema: reportSchema, Cause: "race", Map: c.Finding.Map.Name, Others: []jsonOther{}, Path: []string{},
		Seen: slices.Clone(c.Seen), Finding: f}
	if l := c.Finding.Evidence.Log; l != nil {
		j.Source, j.Line = l.Source, int64(l.Line)
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(j)
}
