package sanitizer

import (
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mapsan/mapsan/finding"
	"github.com/mapsan/mapsan/sanitizer/report"
	"github.com/mapsan/mapsan/toolchain"
)

// maxDistinct bounds how many findings of one run are kept and told apart.
const maxDistinct = 10_000

// A filter passes a stream on and takes the reports out of it.
type filter interface {
	io.WriteCloser
	broken() int
}

type textFilter struct{ *report.Filter }

func (f textFilter) broken() int { return f.Broken }

type jsonFilter struct{ *report.JSONFilter }

func (f jsonFilter) broken() int { return f.Broken() }

// watched runs what prints reports. go test prints everything of its tests on
// stdout; go run hands stdout to the program untouched, which may want a
// terminal there.
func watched(laid toolchain.Laid, verb string, args []string, opts Options, json bool) (Result, error) {
	s := &sightings{found: opts.Found, number: map[string]int{}, goVersion: laid.Version}
	namer := report.NewNamer(report.NamerOptions{Dir: opts.Dir, Goroot: laid.Root})
	s.name = namer.Name
	cmd := command(laid, verb, args, opts)
	var streams []*stream
	add := func(w io.Writer, json bool) (*os.File, error) {
		st, child, err := newStream(w, json, s)
		if err == nil {
			streams = append(streams, st)
		}
		return child, err
	}

	child, err := add(opts.Stderr, false)
	if err != nil {
		return Result{}, err
	}
	defer child.Close()
	cmd.Stderr = child
	cmd.Stdout = opts.Stdout
	if verb == "test" {
		child, err := add(opts.Stdout, json)
		if err != nil {
			return Result{}, err
		}
		defer child.Close()
		cmd.Stdout = child
	}

	var copying sync.WaitGroup
	sig, err := runForwarding(cmd, func() error {
		// Ours to close: else the streams never end.
		for _, st := range streams {
			st.child.Close()
			copying.Go(st.copy)
		}
		err := cmd.Wait()
		for _, st := range streams {
			st.drain()
		}
		copying.Wait()
		return err
	})
	status, err := exitStatus(cmd, err)
	res := Result{Status: status, Findings: s.distinct, Total: s.total, Signal: sig}
	for _, st := range streams {
		res.Broken += st.filter.broken()
		if err == nil && st.err != nil {
			err = st.err
		}
	}
	return res, err
}

// A stream is one of the go command's outputs on its way to ours.
type stream struct {
	r, child *os.File
	filter   filter
	err      error        // of the writer, after copy
	waiting  atomic.Int64 // since when the reader waits, Unix nanoseconds; 0 when it does not
	done     atomic.Bool
}

func newStream(w io.Writer, json bool, s *sightings) (*stream, *os.File, error) {
	r, child, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	st := &stream{r: r, child: child}
	if json {
		st.filter = jsonFilter{report.NewJSONFilter(w, func(f *finding.Finding) { s.take(nil, f) })}
	} else {
		st.filter = textFilter{report.NewFilter(w, func(f *finding.Finding) { s.take(w, f) })}
	}
	return st, child, nil
}

// copy moves the stream to its end. Where our own output is gone it ends the
// reading, so that the go command meets the broken pipe that it would have met.
func (st *stream) copy() {
	defer st.done.Store(true)
	defer st.r.Close()
	buf := make([]byte, 64<<10)
	for {
		st.waiting.Store(time.Now().UnixNano())
		n, err := st.r.Read(buf)
		st.waiting.Store(0)
		if n > 0 {
			if _, st.err = st.filter.Write(buf[:n]); st.err != nil {
				return
			}
		}
		if err != nil {
			st.err = st.filter.Close()
			return
		}
	}
}

// lingering is how long a stream may be silent after the go command's end while
// some process that it left behind still holds it.
const lingering = 2 * time.Second

// drain returns when the stream has ended, or nothing comes any more.
func (st *stream) drain() {
	for !st.done.Load() {
		if since := st.waiting.Load(); since != 0 && time.Since(time.Unix(0, since)) > lingering {
			st.r.SetReadDeadline(time.Now())
			return
		}
		time.Sleep(time.Millisecond)
	}
}

// sightings counts findings and keeps the distinct ones.
type sightings struct {
	mu     sync.Mutex // guards all, and is held while found runs
	found  func(io.Writer, *finding.Finding, Seen)
	number map[string]int // by fingerprint

	goVersion string
	name      func(*finding.Finding) // looks at the source; may be nil

	times    []int
	distinct []*finding.Finding
	total    int
}

func (s *sightings) take(w io.Writer, f *finding.Finding) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.total++
	f.Resource.GoVersion = s.goVersion
	if s.name != nil {
		s.name(f)
	}
	seen := Seen{Times: 1}
	fp := f.Fingerprint()
	if n, ok := s.number[fp]; ok {
		s.times[n-1]++
		seen = Seen{Number: n, Times: s.times[n-1]}
	} else if len(s.distinct) < maxDistinct {
		s.distinct = append(s.distinct, f)
		s.times = append(s.times, 1)
		seen.Number = len(s.distinct)
		s.number[fp] = seen.Number
	}
	if s.found != nil {
		s.found(w, f, seen)
	}
}
