//go:build !amd64

package main

import "time"

var start = time.Now()

func ticks() int64 { return int64(time.Since(start)) }
