package main

import (
	"crypto/sha256"
	"os"
	"strconv"
	"time"
)

// sink keeps results from being optimised away.
var sink int

// rest is what a writer does between two writes.
func rest() {
	switch os.Args[1] {
	case "busy":
		digest(200)
	case "sleep":
		time.Sleep(200 * time.Microsecond)
	}
}

func digest(n int) {
	var sum [32]byte
	for range n {
		sum = sha256.Sum256(sum[:])
	}
	if sum[0] == 1 && sum[1] == 2 && sum[2] == 3 && sum[3] == 4 {
		println(sum[0])
	}
}

// key is one of a thousand.
func key(i int) string { return "k" + strconv.Itoa(i%1000) }

// fresh is a key that did not occur yet.
func fresh(i int) string { return "k" + strconv.Itoa(i) }
