package main

// ticks reads the time stamp counter, when all before it is done and before
// anything after it begins: else the processor would still wait for memory
// while the clock is read, and a cache miss would take no time.
func ticks() int64
