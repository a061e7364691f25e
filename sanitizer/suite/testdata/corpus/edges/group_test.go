package edges

import (
	"context"
	"errors"
	"iter"
	"maps"
	"os/exec"
	"runtime"
	"sync"
	"testing"

	"corpus/order"
)

// A group is what golang.org/x/sync/errgroup does, with a limit.
type group struct {
	wg     sync.WaitGroup
	once   sync.Once
	limit  chan struct{}
	err    error
	cancel context.CancelFunc
}

func (g *group) Go(f func() error) {
	if g.limit != nil {
		g.limit <- struct{}{}
	}
	g.wg.Go(func() {
		if err := f(); err != nil {
			g.once.Do(func() {
				g.err = err
				g.cancel()
			})
		}
		if g.limit != nil {
			<-g.limit
		}
	})
}

func (g *group) Wait() error {
	g.wg.Wait()
	return g.err
}

func TestOK_Group(t *testing.T) {
	m := map[int]int{}
	ctx, cancel := context.WithCancel(context.Background())
	g := group{cancel: cancel}
	g.Go(func() error { m[1] = 1; return errors.New("failed") })
	g.Go(func() error { <-ctx.Done(); m[1] = 2; return nil })
	if g.Wait() == nil {
		t.Error("no error")
	}
	m[1] = 3
}

// A limit of one makes them take turns, and each learns of the one before.
func TestOK_Group_Limit(t *testing.T) {
	m := map[int]int{}
	g := group{limit: make(chan struct{}, 1)}
	for range 10 {
		g.Go(func() error { m[1]++; return nil })
	}
	g.Wait()
}

// want: assign/assign
func TestRace_Group(t *testing.T) {
	m := map[int]int{}
	var g group
	var turn order.Turn
	g.Go(func() error { m[1]++; turn.Set(1); return nil })
	g.Go(func() error { turn.Wait(1); m[1]++; return nil })
	g.Wait()
}

func TestOK_Group_ResultsByChannel(t *testing.T) {
	m, c := map[int]int{}, make(chan int)
	var wg sync.WaitGroup
	for i := range 10 {
		wg.Go(func() { c <- i })
	}
	go func() { wg.Wait(); close(c) }()
	for i := range c {
		m[i]++
	}
}

func TestOK_Iter_Pull(t *testing.T) {
	m := map[int]int{}
	next, stop := iter.Pull(func(yield func(int) bool) {
		for i := range 3 {
			m[i]++
			if !yield(i) {
				break
			}
			m[i]++
		}
		m[9]++
	})
	m[0]++
	next()
	m[1]++
	next()
	m[2]++
	stop()
	m[3]++
}

func TestOK_Iter_PullHandedOn(t *testing.T) {
	m := map[int]int{1: 1, 2: 2}
	next, stop := iter.Pull2(maps.All(m))
	c := make(chan bool, 1)
	order.Sequence(func() { next(); c <- true }, func() { <-c; next(); c <- true }, func() { <-c; stop(); m[3] = 3 })
}

// want: assign/iterate
func TestRace_Iter_Pull(t *testing.T) {
	m := map[int]int{1: 1, 2: 2}
	next, stop := iter.Pull2(maps.All(m))
	order.Sequence(func() { next() }, func() { m[3] = 3 })
	stop()
}

func TestOK_Exec(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("there is no true command on windows")
	}
	w := mapWriter{}
	cmd := exec.Command("echo", "a")
	cmd.Stdout = w
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	w["done"]++
}

type mapWriter map[string]int

func (w mapWriter) Write(p []byte) (int, error) {
	w[string(p)]++
	return len(p), nil
}

func TestOK_Testing_Parallel(t *testing.T) {
	m := map[string]int{}
	t.Run("group", func(t *testing.T) {
		for _, name := range []string{"a", "b"} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				_ = m[name]
				t.Cleanup(func() { _ = m[name] })
			})
		}
	})
	m["after"]++
}

// want: assign/assign
func TestRace_Testing_Parallel(t *testing.T) {
	m := map[string]int{}
	var turn order.Turn
	t.Run("group", func(t *testing.T) {
		t.Run("a", func(t *testing.T) { t.Parallel(); turn.Wait(1); m["a"]++; turn.Set(2) })
		t.Run("b", func(t *testing.T) { t.Parallel(); turn.Set(1); turn.Wait(2); m["b"]++ })
	})
}
