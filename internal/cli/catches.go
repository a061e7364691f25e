package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/mapsan/mapsan/finding"
	"github.com/mapsan/mapsan/finding/otlp"
	"github.com/mapsan/mapsan/finding/render"
)

// sinks are where the findings of a running process go, by flag.
type sinks struct {
	json  bool
	otlp  string
	src   string // the directory of source to show; "" for none
	named map[string]*string
}

func (s *sinks) add(cmd *cobra.Command) {
	f := cmd.Flags()
	f.BoolVar(&s.json, "json", false, "print findings as JSON lines")
	f.StringVar(&s.otlp, "otlp", "", "send findings as OpenTelemetry logs to `URL`, as http://127.0.0.1:4318")
	s.named = addOutputFlags(cmd)
}

// maxKept bounds what is kept for the files that are written at the end.
const maxKept = 10_000

// catches takes findings as they come, shows each kind of each process once and
// keeps them for the files.
type catches struct {
	std    Streams
	what   [2]string // that is caught: one, and several
	json   bool
	opts   render.Options
	files  outputs
	send   *otlp.Exporter // nil unless asked for
	above  func()         // makes room on the terminal
	enough func()         // called once where something cannot be shown any more

	mu       sync.Mutex // guards what is below; held while something is written
	total    int
	distinct int
	kept     []*finding.Finding
	unkept   int   // findings beyond maxKept
	failed   error // the first of them

	counting sync.Mutex // guards times; never held for long
	times    map[caught]int
}

var mapRaces = [2]string{"map race", "map races"}

// caught is what makes a finding another one.
type caught struct {
	pid         int
	kernelMap   uint32 // its number: others may have its name
	fingerprint string
}

func newCatches(std Streams, s sinks, what [2]string) (*catches, error) {
	c := &catches{std: std, what: what, json: s.json, opts: renderOptions(""), times: map[caught]int{}, above: func() {}, enough: func() {}}
	var err error
	if c.opts.Source = nil; s.src != "" {
		if c.opts.Source, err = sourceBelow(s.src); err != nil {
			return nil, fmt.Errorf("-src: %w", err)
		}
	}
	c.files = named(s.named)
	if err := c.files.check(); err != nil {
		return nil, err
	}
	if s.otlp != "" {
		forgetOwnResource()
		if c.send, err = otlp.New(s.otlp, readVersion().Version, func(err error) { c.say("%s", oneLine(err)) }); err != nil {
			return nil, fmt.Errorf("-otlp %s: %w", withoutUser(s.otlp), err)
		}
	}
	return c, nil
}

// say writes a line above what lives on the terminal. Whatever a process calls itself,
// it steers no terminal and makes no lines of its own.
func (c *catches) say(format string, a ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sayLocked(format, a...)
}

func (c *catches) sayLocked(format string, a ...any) {
	c.above()
	fmt.Fprintf(c.std.Err, "mapsan: %s\n", render.OneLine(fmt.Sprintf(format, a...)))
}

// endBlock ends what lives on the terminal.
func (c *catches) endBlock() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.above()
	c.above = func() {}
}

// withoutUser is a URL, or what was meant to be one, without user and password.
func withoutUser(url string) string {
	if i := strings.LastIndexByte(url, '@'); i >= 0 {
		return "..." + url[i:]
	}
	return url
}

// forgetOwnResource takes out of the environment who this process is: OpenTelemetry's
// SDK would say it of every process that findings are of.
func forgetOwnResource() {
	os.Unsetenv("OTEL_RESOURCE_ATTRIBUTES")
	os.Unsetenv("OTEL_SERVICE_NAME")
}

// found shows and sends a finding the first time.
func (c *catches) found(f *finding.Finding) {
	// Sending may call back with an error, which is shown too.
	if c.show(f) && c.send != nil {
		c.send.Send(f, time.Now())
	}
}

// show shows a finding in full the first time, and reports whether this is it.
func (c *catches) show(f *finding.Finding) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	id := caught{pid: f.Resource.PID, fingerprint: f.Fingerprint()}
	if f.Map.Kernel != nil {
		id.kernelMap = f.Map.Kernel.ID
	}
	c.total++
	if !c.isFirst(id) {
		return false
	}
	c.distinct++
	c.keep(f)
	c.above()
	var err error
	if c.json {
		err = render.JSON(c.std.Out, f)
	} else {
		err = render.Text(c.std.Out, f, forTerminal(c.opts, c.std.Out))
	}
	if err != nil {
		c.failLocked(fmt.Errorf("show a finding: %w", err))
	}
	return true
}

// keep keeps a finding for the files.
func (c *catches) keep(f *finding.Finding) {
	switch {
	case len(c.files) == 0:
	case len(c.kept) < maxKept:
		c.kept = append(c.kept, f)
	default:
		c.unkept++
	}
}

func (c *catches) isFirst(id caught) bool {
	c.counting.Lock()
	defer c.counting.Unlock()
	c.times[id]++
	return c.times[id] == 1
}

// forget is called when a process has left: the next one of its number has findings of
// its own. It does not wait for what is written.
func (c *catches) forget(pid int) {
	c.counting.Lock()
	defer c.counting.Unlock()
	maps.DeleteFunc(c.times, func(id caught, _ int) bool { return id.pid == pid })
}

// failLocked keeps and says that something cannot be shown, the first time: others will
// have the same reason.
func (c *catches) failLocked(err error) {
	if c.failed == nil {
		c.failed = err
		c.sayLocked("%s", oneLine(err))
		c.enough()
	}
}

// close writes the files, sends what is not sent yet, and says what it came to. err
// is how watching ended; the result is the command's.
func (c *catches) close(verb string, err error) error {
	sent := c.sent()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.total > 0 {
		c.sayLocked("%s caught (%d distinct)", count(c.total, c.what[0], c.what[1]), c.distinct)
	} else {
		c.sayLocked("no %s was caught, which does not show that there is none", c.what[0])
	}
	if c.unkept > 0 {
		c.sayLocked("%s not in the files, which have the first %d", count(c.unkept, "finding is", "findings are"), maxKept)
	}
	switch err := errors.Join(err, sent, c.failed, c.files.write(c.kept, c.opts)); {
	case err != nil:
		return fmt.Errorf("%s: %w", verb, err)
	case c.total > 0:
		return exitError(exitFindings)
	}
	return nil
}

// sent sends what is not sent yet.
func (c *catches) sent() error {
	if c.send == nil {
		return nil
	}
	ctx, stop := context.WithTimeout(context.Background(), 5*time.Second)
	defer stop()
	err := c.send.Close(ctx)
	if n := c.send.Dropped(); n > 0 {
		c.say("%s not sent: the collector took them too slowly", count(n, "finding was", "findings were"))
	}
	if err != nil {
		return fmt.Errorf("-otlp: %w", err)
	}
	return nil
}
