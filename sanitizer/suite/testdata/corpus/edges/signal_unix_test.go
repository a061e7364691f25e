//go:build unix

package edges

import (
	"os"
	"os/signal"
	"sync"
	"syscall"
	"testing"

	"corpus/order"
)

func TestOK_Signal_Mutex(t *testing.T) {
	m := map[int]int{}
	var mu sync.Mutex
	c, done := make(chan os.Signal, 1), make(chan bool)
	signal.Notify(c, syscall.SIGUSR1)
	defer signal.Stop(c)
	go func() {
		<-c
		mu.Lock()
		clear(m)
		mu.Unlock()
		close(done)
	}()
	mu.Lock()
	m[1] = 1
	mu.Unlock()
	syscall.Kill(os.Getpid(), syscall.SIGUSR1)
	<-done
	m[1] = 2
}

// A signal is no message from whoever sent it: the reload that it begins runs
// beside all others.
//
// want: clear/assign
func TestRace_Signal(t *testing.T) {
	m := map[int]int{}
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGUSR1)
	defer signal.Stop(c)
	var turn order.Turn
	go func() {
		<-c
		turn.Wait(1)
		clear(m)
		turn.Set(2)
	}()
	syscall.Kill(os.Getpid(), syscall.SIGUSR1)
	m[1] = 1
	turn.Set(1)
	turn.Wait(2)
}

func TestOK_Signal_NotifyContext(t *testing.T) {
	m := map[int]int{}
	m[1] = 1
	ctx, stop := signal.NotifyContext(t.Context(), syscall.SIGUSR2)
	defer stop()
	done := make(chan bool)
	go func() {
		<-ctx.Done()
		m[1] = 2
		close(done)
	}()
	syscall.Kill(os.Getpid(), syscall.SIGUSR2)
	<-done
	m[1] = 3
}
