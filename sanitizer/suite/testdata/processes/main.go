// Command processes races, or does not, and ends in one way or another.
package main

import (
	"fmt"
	"os"
	"runtime"
)

var programs = map[string]func(){
	"quiet":    quiet,
	"race":     race,
	"again":    again,
	"distinct": distinct,
	"exit3":    func() { race(); os.Exit(3) },
	"panic":    func() { race(); panic("after the race") },
	"deadlock": func() { race(); select {} },
	"sleeper":  sleeper,
	"crash":    crash,
	"after":    func() { race(); fmt.Println("went on") },
	"deep":     deep,
	"init":     func() {},
	"writes":   writes,
	"churn":    churn,
	"million":  million,
}

func main() {
	f := programs[os.Args[1]]
	f()
}

// wait returns when the other goroutine has set the plain variable.
//
//go:noinline
func wait(set *bool) {
	for !*set {
		runtime.Gosched()
	}
}

//go:noinline
func set(b *bool) { *b = true }

var inInit = map[string]int{}

func init() {
	if len(os.Args) < 2 || os.Args[1] != "init" {
		return
	}
	var done bool
	go func() { inInit["a"]++; set(&done) }()
	wait(&done)
	inInit["b"]++
}
