package finding

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
)

// MaxSize bounds the JSON form of one finding.
const MaxSize = 4 << 20

// ErrNewer is what Decode's error wraps when the finding was written by a
// newer version.
var ErrNewer = errors.New("newer schema")

// Encode writes the JSON form on one line, without the newline.
func Encode(f *Finding) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false) // function and type names are full of < and &
	if err := enc.Encode(f); err != nil {
		return nil, fmt.Errorf("encode finding: %w", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// Decode reads one finding. Unknown fields, trailing data, a newer schema and
// a finding that does not validate are errors.
func Decode(data []byte) (*Finding, error) {
	if len(data) > MaxSize {
		return nil, fmt.Errorf("decode finding: %d bytes are more than the %d allowed", len(data), MaxSize)
	}
	var head struct {
		Schema *int `json:"schema"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return nil, fmt.Errorf("decode finding: %w", err)
	}
	switch {
	case head.Schema == nil:
		return nil, errors.New("decode finding: no \"schema\": not a finding")
	case *head.Schema > Schema:
		return nil, fmt.Errorf("decode finding: %w: it has %d and this mapsan reads up to %d; update mapsan", ErrNewer, *head.Schema, Schema)
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	f := new(Finding)
	if err := dec.Decode(f); err != nil {
		return nil, fmt.Errorf("decode finding: %w", err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, errors.New("decode finding: data after the finding")
	}
	if err := f.Validate(); err != nil {
		return nil, fmt.Errorf("decode finding: %w", err)
	}
	return f, nil
}

// Lines reads findings, one JSON value a line; empty lines are skipped. A bad
// line is yielded as an error that names it, and reading goes on.
func Lines(r io.Reader) iter.Seq2[*Finding, error] {
	return func(yield func(*Finding, error) bool) {
		sc := bufio.NewScanner(r)
		sc.Buffer(nil, MaxSize+2)
		n := 0
		for sc.Scan() {
			n++
			line := bytes.TrimSpace(sc.Bytes())
			if len(line) == 0 {
				continue
			}
			f, err := Decode(line)
			if err != nil {
				err = fmt.Errorf("line %d: %w", n, err)
			}
			if !yield(f, err) {
				return
			}
		}
		if err := sc.Err(); err != nil {
			yield(nil, fmt.Errorf("line %d: read findings: %w", n+1, err))
		}
	}
}
