// Package runtime stands in for the standard library's in code that is run by
// schedules. Who runs is the scheduler's choice; the rest passes through.
package runtime

import (
	"runtime"

	"github.com/mapsan/mapsan/safemap/proof/sched"
)

const (
	Compiler = runtime.Compiler
	GOARCH   = runtime.GOARCH
	GOOS     = runtime.GOOS
)

type (
	Cleanup  = runtime.Cleanup
	Error    = runtime.Error
	Frame    = runtime.Frame
	Frames   = runtime.Frames
	Func     = runtime.Func
	MemStats = runtime.MemStats
	Pinner   = runtime.Pinner
)

// Gosched is asked for by who waits for others.
func Gosched() {
	sched.Lower()
	sched.Step(sched.Gosched)
}

// Processors is how many there seem to be. What is run by schedules has one, and
// code would see that there is no point in waiting actively.
const Processors = 4

func GOMAXPROCS(int) int { return Processors }
func NumCPU() int        { return Processors }

// AddCleanup does nothing: when the collector comes is not decided by a seed.
func AddCleanup[T, S any](*T, func(S), S) Cleanup { return Cleanup{} }

// SetFinalizer does nothing, like AddCleanup.
func SetFinalizer(any, any) {}

func KeepAlive(x any) { runtime.KeepAlive(x) }

func Caller(skip int) (uintptr, string, int, bool) { return runtime.Caller(skip + 1) }
func Callers(skip int, pc []uintptr) int           { return runtime.Callers(skip+1, pc) }
func CallersFrames(callers []uintptr) *Frames      { return runtime.CallersFrames(callers) }
func FuncForPC(pc uintptr) *Func                   { return runtime.FuncForPC(pc) }
func GC()                                          { runtime.GC() }
func NumGoroutine() int                            { return runtime.NumGoroutine() }
func ReadMemStats(m *MemStats)                     { runtime.ReadMemStats(m) }
func Stack(buf []byte, all bool) int               { return runtime.Stack(buf, all) }
func Version() string                              { return runtime.Version() }
