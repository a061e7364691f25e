package edges

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"

	"corpus/order"
)

// ends makes the two ends of a connection.
type ends func(t *testing.T) (io.WriteCloser, io.ReadCloser)

func osPipe(t *testing.T) (io.WriteCloser, io.ReadCloser) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	return w, r
}

func listened(network, addr string) ends {
	return func(t *testing.T) (io.WriteCloser, io.ReadCloser) {
		l, err := net.Listen(network, addr)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		w, err := net.Dial(network, l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		r, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		return w, r
	}
}

func eachConnection(t *testing.T, test func(t *testing.T, w io.Writer, r io.Reader)) {
	for name, f := range map[string]ends{
		"os.Pipe": osPipe,
		"tcp":     listened("tcp", "127.0.0.1:0"),
		"unix":    listened("unix", t.TempDir()+"/s"),
	} {
		t.Run(name, func(t *testing.T) {
			w, r := f(t)
			defer w.Close()
			defer r.Close()
			test(t, w, r)
		})
	}
}

func TestOK_IO(t *testing.T) {
	eachConnection(t, func(t *testing.T, w io.Writer, r io.Reader) {
		m := map[int]int{}
		order.Sequence(func() { m[1] = 1; w.Write([]byte("x")) }, func() { r.Read(make([]byte, 1)); m[1] = 2 })
	})
}

// each: assign/assign
func TestRace_IO_WriteAfter(t *testing.T) {
	eachConnection(t, func(t *testing.T, w io.Writer, r io.Reader) {
		m := map[int]int{}
		order.Sequence(func() { w.Write([]byte("x")); m[1] = 1 }, func() { r.Read(make([]byte, 1)); m[1] = 2 })
	})
}

func TestOK_IO_WaitingReader(t *testing.T) {
	eachConnection(t, func(t *testing.T, w io.Writer, r io.Reader) {
		m := map[int]int{}
		var turn order.Turn
		go func() {
			turn.Set(1)
			r.Read(make([]byte, 1))
			m[1] = 2
			turn.Set(2)
		}()
		turn.Wait(1)
		order.Blocked()
		m[1] = 1
		w.Write([]byte("x"))
		turn.Wait(2)
	})
}

func TestOK_IO_NetPipe(t *testing.T) {
	m := map[int]int{}
	a, b := net.Pipe()
	done := make(chan bool)
	go func() {
		b.Read(make([]byte, 1))
		m[1] = 2
		close(done)
	}()
	m[1] = 1
	a.Write([]byte("x"))
	<-done
	m[1] = 3
}

// The pipe takes the byte before the reader goes on.
//
// want: assign/assign
func TestRace_IO_NetPipe(t *testing.T) {
	m := map[int]int{}
	a, b := net.Pipe()
	var turn order.Turn
	go func() {
		b.Read(make([]byte, 1))
		m[1] = 1
		turn.Set(1)
	}()
	a.Write([]byte("x"))
	turn.Wait(1)
	m[1] = 2
}

func TestOK_IO_Pipe(t *testing.T) {
	m := map[int]int{}
	r, w := io.Pipe()
	done := make(chan bool)
	go func() {
		r.Read(make([]byte, 1))
		m[1] = 2
		close(done)
	}()
	m[1] = 1
	w.Write([]byte("x"))
	<-done
}

func TestOK_IO_HTTP(t *testing.T) {
	m := map[string]int{}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { m[r.URL.Path]++ }))
	defer srv.Close()
	for range 3 {
		resp, err := http.Get(srv.URL + "/a")
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		m["/a"]++
	}
}

// Two connections have a handler's goroutine each.
//
// want: assign/assign
func TestRace_IO_HTTP(t *testing.T) {
	m := map[string]int{}
	var turn order.Turn
	entered := make(chan bool, 2)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		entered <- true
		if r.URL.Path == "/b" {
			turn.Wait(1)
		}
		m[r.URL.Path]++
		turn.Set(1)
	}))
	defer srv.Close()
	done := make(chan bool)
	get := func(path string) {
		if resp, err := http.Get(srv.URL + path); err == nil {
			resp.Body.Close()
		}
		done <- true
	}
	go get("/b")
	<-entered
	go get("/a")
	<-done
	<-done
}

// What the runtime knows of files, pipes and connections is one object for
// all of them, as with -race: any read is after any write that came before.
func TestBlind_IO_Unrelated(t *testing.T) {
	m := map[int]int{}
	w1, r1 := osPipe(t)
	w2, r2 := osPipe(t)
	w2.Write([]byte("x"))
	order.Sequence(func() { m[1] = 1; w1.Write([]byte("x")) }, func() { r2.Read(make([]byte, 1)); m[1] = 2 })
	for _, c := range []io.Closer{w1, r1, w2, r2} {
		c.Close()
	}
}
