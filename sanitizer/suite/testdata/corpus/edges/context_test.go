package edges

import (
	"context"
	"errors"
	"testing"
	"time"

	"corpus/order"
)

func TestOK_Context_Cancel(t *testing.T) {
	m := map[int]int{}
	ctx, cancel := context.WithCancel(context.Background())
	order.Sequence(func() { m[1] = 1; cancel() }, func() { <-ctx.Done(); m[1] = 2 })
}

// want: assign/assign
func TestRace_Context_WriteAfterCancel(t *testing.T) {
	m := map[int]int{}
	ctx, cancel := context.WithCancel(context.Background())
	order.Sequence(func() { cancel(); m[1] = 1 }, func() { <-ctx.Done(); m[1] = 2 })
}

// want: assign/assign
func TestRace_Context_OtherContext(t *testing.T) {
	m := map[int]int{}
	a, cancelA := context.WithCancel(context.Background())
	b, cancelB := context.WithCancel(context.Background())
	cancelB()
	order.Sequence(func() { m[1] = 1; cancelA() }, func() { <-b.Done(); m[1] = 2 })
	<-a.Done()
}

func TestOK_Context_Err(t *testing.T) {
	m := map[int]int{}
	ctx, cancel := context.WithCancelCause(context.Background())
	order.Sequence(
		func() { m[1] = 1; cancel(errors.New("enough")) },
		func() {
			if ctx.Err() != nil && context.Cause(ctx) != nil {
				m[1] = 2
			}
		},
	)
}

func TestOK_Context_Child(t *testing.T) {
	m := map[int]int{}
	ctx, cancel := context.WithCancel(context.Background())
	child, cancelChild := context.WithTimeout(context.WithValue(ctx, "k", m), time.Hour)
	defer cancelChild()
	order.Sequence(
		func() { m[1] = 1; cancel() },
		func() { <-child.Done(); child.Value("k").(map[int]int)[1] = 2 },
	)
}

// The child is cancelled alone, its parent is not.
//
// want: assign/assign
func TestRace_Context_Value(t *testing.T) {
	ctx := context.WithValue(context.Background(), "k", map[int]int{})
	use := func() {
		child, cancel := context.WithCancel(ctx)
		cancel()
		child.Value("k").(map[int]int)[1]++
	}
	order.Sequence(use, use)
}

func TestOK_Context_Timeout(t *testing.T) {
	m := map[int]int{}
	m[1] = 1
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	order.Sequence(func() { <-ctx.Done(); _ = m[1] }, func() { <-ctx.Done(); _ = m[1] })
}

// Both wait for the deadline, and neither for the other.
//
// want: assign/assign
func TestRace_Context_Timeout(t *testing.T) {
	m := map[int]int{}
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	order.Sequence(func() { <-ctx.Done(); m[1] = 1 }, func() { <-ctx.Done(); m[1] = 2 })
}

func TestOK_Context_AfterFunc(t *testing.T) {
	m := map[int]int{}
	ctx, cancel := context.WithCancel(context.Background())
	var turn order.Turn
	context.AfterFunc(ctx, func() { m[1] = 2; turn.Set(1) })
	order.Sequence(func() { m[1] = 1; cancel() })
	turn.Wait(1)
}

// want: assign/assign
func TestRace_Context_AfterFunc(t *testing.T) {
	m := map[int]int{}
	ctx, cancel := context.WithCancel(context.Background())
	var turn order.Turn
	context.AfterFunc(ctx, func() { m[1] = 1; turn.Set(1) })
	cancel()
	turn.Wait(1)
	m[1] = 2
}
