// Package cgo has racing and race-free programs whose Go code is called from
// C. Names and comments of the tests are as in package edges.
package cgo

/*
#cgo LDFLAGS: -lpthread
#include <pthread.h>

extern void called(int);

static void call(int n) { called(n); }

static void *thread(void *n) {
	called((int)(long)n);
	return 0;
}

static pthread_t start(int n) {
	pthread_t t;
	pthread_create(&t, 0, thread, (void *)(long)n);
	return t;
}

static void join(pthread_t t) { pthread_join(t, 0); }
static void nothing(void) {}
*/
import "C"

import "sync"

// callbacks are what C calls, by number.
var callbacks sync.Map

//export called
func called(n C.int) {
	f, _ := callbacks.Load(int(n))
	f.(func())()
}

// call calls callback n through C.
func call(n int) { C.call(C.int(n)) }

// start calls callback n in a thread that C starts, and returns what waits for its end.
func start(n int) (join func()) {
	t := C.start(C.int(n))
	return func() { C.join(t) }
}

// nothing is a call of C that does nothing.
func nothing() { C.nothing() }
