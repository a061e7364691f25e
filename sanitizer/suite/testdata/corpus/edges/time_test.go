package edges

import (
	"testing"
	"time"

	"corpus/order"
)

func TestOK_Time_AfterFunc(t *testing.T) {
	m, done := map[int]int{}, make(chan bool)
	m[1] = 1
	time.AfterFunc(time.Microsecond, func() { m[1] = 2; close(done) })
	<-done
	m[1] = 3
}

// want: assign/assign
func TestRace_Time_AfterFunc(t *testing.T) {
	m := map[int]int{}
	var turn order.Turn
	time.AfterFunc(time.Microsecond, func() { turn.Wait(1); m[1] = 2; turn.Set(2) })
	m[1] = 1
	turn.Set(1)
	turn.Wait(2)
}

// Who armed the timer learns nothing from its having fired.
//
// want: assign/assign
func TestRace_Time_AfterFuncDone(t *testing.T) {
	m := map[int]int{}
	var turn order.Turn
	time.AfterFunc(time.Microsecond, func() { m[1] = 1; turn.Set(1) })
	turn.Wait(1)
	m[1] = 2
}

// What was before the timer was made is before its value is received.
func TestOK_Time_Timer(t *testing.T) {
	m := map[int]int{}
	var timer *time.Timer
	order.Sequence(func() { m[1] = 1; timer = time.NewTimer(time.Microsecond) }, func() { <-timer.C; m[1] = 2 })
}

func TestOK_Time_Reset(t *testing.T) {
	m := map[int]int{}
	timer := time.NewTimer(time.Hour)
	order.Sequence(func() { m[1] = 1; timer.Reset(time.Microsecond) }, func() { <-timer.C; m[1] = 2 })
}

func TestOK_Time_ResetFunc(t *testing.T) {
	m := map[int]int{}
	var turn order.Turn
	timer := time.AfterFunc(time.Hour, func() { m[1] = 2; turn.Set(1) })
	order.Sequence(func() { m[1] = 1; timer.Reset(time.Microsecond) })
	turn.Wait(1)
}

// want: assign/assign
func TestRace_Time_WriteAfterReset(t *testing.T) {
	m := map[int]int{}
	timer := time.NewTimer(time.Hour)
	order.Sequence(func() { timer.Reset(time.Microsecond); m[1] = 1 }, func() { <-timer.C; m[1] = 2 })
}

func TestOK_Time_Ticker(t *testing.T) {
	m := map[int]int{}
	var tick *time.Ticker
	order.Sequence(
		func() { m[1] = 1; tick = time.NewTicker(time.Microsecond) },
		func() { <-tick.C; <-tick.C; tick.Stop(); m[1] = 2 },
	)
}

// want: assign/assign
func TestRace_Time_Ticker(t *testing.T) {
	m := map[int]int{}
	tick := time.NewTicker(time.Microsecond)
	defer tick.Stop()
	order.Sequence(func() { <-tick.C; m[1] = 1 }, func() { <-tick.C; m[1] = 2 })
}

// want: assign/assign
func TestRace_Time_SleepBoth(t *testing.T) {
	m := map[int]int{}
	order.Sequence(
		func() { m[1] = 1; time.Sleep(time.Microsecond) },
		func() { time.Sleep(time.Microsecond); m[1] = 2 },
	)
}

// want: assign/assign
func TestRace_Time_After(t *testing.T) {
	m := map[int]int{}
	order.Sequence(func() { m[1] = 1 }, func() { <-time.After(time.Microsecond); m[1] = 2 })
}

// Two timers that have nothing to do with each other.
//
// want: assign/assign
func TestRace_Time_Unrelated(t *testing.T) {
	m := map[int]int{}
	order.Sequence(
		func() { m[1] = 1; <-time.After(time.Microsecond) },
		func() {
			var turn order.Turn
			time.AfterFunc(time.Microsecond, func() { m[1] = 2; turn.Set(1) })
			turn.Wait(1)
		},
	)
}

// A timer that is stopped in time has told nobody anything.
//
// want: assign/assign
func TestRace_Time_Stop(t *testing.T) {
	m := map[int]int{}
	timer := time.NewTimer(time.Hour)
	order.Sequence(
		func() { m[1] = 1; timer.Reset(time.Hour) },
		func() { timer.Stop(); m[1] = 2 },
	)
}
