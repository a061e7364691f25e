package crashlog

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// stream is a crash of many goroutines that nobody has to store: each of them
// has another id, other arguments, and one of many stacks.
type stream struct {
	goroutines int
	frames     int // of each
	next       int
	buf        []byte
	off        int
}

func (s *stream) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		if s.off == len(s.buf) {
			if s.next > s.goroutines {
				if n > 0 {
					return n, nil
				}
				return 0, io.EOF
			}
			s.fill()
		}
		c := copy(p[n:], s.buf[s.off:])
		n, s.off = n+c, s.off+c
	}
	return n, nil
}

func (s *stream) fill() {
	b := s.buf[:0]
	i := s.next
	s.next++
	s.off = 0
	switch {
	case i == 0:
		b = append(b, "listening\nfatal error: concurrent map writes\n\ngoroutine 7 [running]:\ninternal/runtime/maps.fatal({0x4bfde8?, 0x0?})\n\t/usr/local/go/src/runtime/panic.go:1195 +0x18\nmain.put(0xc000012345)\n\t/src/shop/main.go:17 +0x5f\ncreated by main.main in goroutine 1\n\t/src/shop/main.go:31 +0x2a\n"...)
	case i%100_000 == 50_000:
		b = fmt.Appendf(b, "\ngoroutine %d [running]:\n\tgoroutine running on other thread; stack unavailable\ncreated by main.main in goroutine 1\n\t/src/shop/main.go:31 +0x2a\n", i+100)
	case i%100_000 == 70_000:
		b = fmt.Appendf(b, "\ngoroutine %d [runnable]:\ninternal/runtime/maps.(*table).grow(0xc000012345?)\n\t/usr/local/go/src/internal/runtime/maps/table.go:1195 +0x18\nmain.put(0xc000012345)\n\t/src/shop/main.go:17 +0x5f\ncreated by main.main in goroutine 1\n\t/src/shop/main.go:31 +0x2a\n", i+100)
	default:
		b = append(b, "\ngoroutine "...)
		b = strconv.AppendInt(b, int64(i+100), 10)
		b = append(b, " [select, "...)
		b = strconv.AppendInt(b, int64(i%7+1), 10)
		b = append(b, " minutes]:\n"...)
		for f := range s.frames {
			// As many stacks as a large program has, and some more.
			b = append(b, "github.com/example/shop/internal/server.(*Conn).step"...)
			b = strconv.AppendInt(b, int64((i%20_000)/(f+1)), 10)
			b = append(b, "(0xc"...)
			b = strconv.AppendUint(b, uint64(i)*4096+uint64(f), 16)
			b = append(b, ", {0x9a2c40?, 0xc0000140a8}, 0x1f)\n\t/src/github.com/example/shop/internal/server/conn.go:"...)
			b = strconv.AppendInt(b, int64(100+f*17+i%20_000%3), 10)
			b = append(b, " +0x1d5\n"...)
		}
		b = append(b, "created by github.com/example/shop/internal/server.(*Server).Serve in goroutine 1\n\t/src/github.com/example/shop/internal/server/server.go:210 +0x2ac\n"...)
	}
	s.buf = b
}

// cpuTime is what the process has used of its processors so far. Beside other
// tests it says more of a program's speed than the clock on the wall.
func cpuTime(t testing.TB) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// readStream reads a stream in one pass and gives its size, the processor time
// that reading it took beyond making it, and the peak of the memory in use.
func readStream(t testing.TB, goroutines, frames int) (bytes int64, took time.Duration, peak uint64) {
	t.Helper()
	start := cpuTime(t)
	for made := (&stream{goroutines: goroutines, frames: frames}); ; {
		n, err := made.Read(make([]byte, 64<<10))
		bytes += int64(n)
		if err != nil {
			break
		}
	}
	making := cpuTime(t) - start
	debug.FreeOSMemory()
	var top atomic.Uint64
	stop := make(chan bool)
	sampled := make(chan bool)
	go func() {
		defer close(sampled)
		for {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			if v := m.Sys - m.HeapReleased; v > top.Load() {
				top.Store(v)
			}
			select {
			case <-stop:
				return
			case <-time.After(100 * time.Millisecond):
			}
		}
	}()
	seen, running := 0, 0
	start = cpuTime(t)
	all, err := ReadAll(&stream{goroutines: goroutines, frames: frames}, Options{
		Rest: io.Discard,
		Goroutine: func(_ *Crash, g *Goroutine) {
			seen++
			if g.State == "running" {
				running++
			}
		},
	})
	took = cpuTime(t) - start - making
	close(stop)
	<-sampled
	if err != nil || len(all) != 1 {
		t.Fatalf("%d crashes, %v", len(all), err)
	}
	c := all[0]
	if c.Total != goroutines+1 || seen != c.Total {
		t.Errorf("%d goroutines, %d seen, want %d", c.Total, seen, goroutines+1)
	}
	kept := len(c.Goroutines) + c.Dropped
	for _, g := range c.Goroutines {
		kept += g.Same
	}
	if kept != c.Total {
		t.Errorf("%d goroutines accounted for, want %d", kept, c.Total)
	}
	if got := len(c.Unavailable()); got != running-1 {
		t.Errorf("%d running goroutines kept, want %d", got, running-1)
	}
	if got, want := len(c.InMap()), (goroutines+30_000)/100_000; got != want {
		t.Errorf("%d goroutines in the map kept, want %d", got, want)
	}
	if d := c.Detecting(); len(d) != 1 || d[0].ID != 7 || c.Truncated {
		t.Errorf("detecting %v, truncated %v", d, c.Truncated)
	}
	t.Logf("%d goroutines, %.2f GB in %.1f s of processor time: %.0f MB/s; peak memory %.0f MiB; %d kept, %d dropped", goroutines, float64(bytes)/1e9,
		took.Seconds(), float64(bytes)/1e6/took.Seconds(), float64(top.Load())/(1<<20), len(c.Goroutines), c.Dropped)
	return bytes, took, top.Load()
}

const maxMemory = 200 << 20

func TestStream(t *testing.T) {
	if _, _, peak := readStream(t, 40_000, 15); peak > maxMemory {
		t.Errorf("peak memory %d MiB, want %d", peak>>20, maxMemory>>20)
	}
}

// TestLargeStream is the size of a log that was seen: 3 GB, a million
// goroutines.
func TestLargeStream(t *testing.T) {
	needHeavy(t, "reads 3 GB")
	bytes, took, peak := readStream(t, 1_000_000, 17)
	if bytes < 3e9 {
		t.Errorf("the log has only %d bytes", bytes)
	}
	if took > time.Minute {
		t.Errorf("took %v of processor time, want a minute", took)
	}
	if peak > maxMemory {
		t.Errorf("peak memory %d MiB, want %d", peak>>20, maxMemory>>20)
	}
}

// BenchmarkStream reads a crash, BenchmarkRest a log without one.
func BenchmarkStream(b *testing.B) {
	var size int64
	for b.Loop() {
		s := &stream{goroutines: 2000, frames: 15}
		n := &counter{r: s}
		if _, err := ReadAll(n, Options{}); err != nil {
			b.Fatal(err)
		}
		size = n.n
	}
	b.SetBytes(size)
}

func BenchmarkRest(b *testing.B) {
	line := []byte(`{"level":"info","ts":1714979289.1,"msg":"request","path":"/api/v1/items","status":200}` + "\n")
	var text []byte
	for range 20_000 {
		text = append(text, line...)
	}
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if _, err := ReadAll(&counter{r: &repeat{text}}, Options{Rest: io.Discard}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkDocker reads the crash out of docker's JSON lines.
func BenchmarkDocker(b *testing.B) {
	plain, err := io.ReadAll(&stream{goroutines: 2000, frames: 15})
	if err != nil {
		b.Fatal(err)
	}
	var text []byte
	for line := range strings.Lines(string(plain)) {
		text = append(text, `{"log":`+quote(line)+`,"stream":"stderr","time":"2024-05-06T07:08:09.123456789Z"}`+"\n"...)
	}
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		all, err := ReadAll(&repeat{text}, Options{})
		if err != nil || len(all) != 1 || all[0].Total != 2001 {
			b.Fatal(len(all), err)
		}
	}
}

type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

type repeat struct{ b []byte }

func (r *repeat) Read(p []byte) (int, error) {
	if len(r.b) == 0 {
		return 0, io.EOF
	}
	n := copy(p, r.b)
	r.b = r.b[n:]
	return n, nil
}
