//go:build linux

package main

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync/atomic"
	"time"
)

// A client is one connection that speaks as much of MQTT 3.1.1 as is needed to
// send itself messages by way of the broker. A message says when it was to be sent
// and its number.
type client struct {
	conn    net.Conn
	in      *bufio.Reader
	packet  []byte        // of a message, up to what it says
	arrived atomic.Uint64 // the number of the last message that came back
}

const messageBody = 16

// Kinds of packets, with their flags (section 2.2 of the standard).
const (
	connect    = 0x10
	connected  = 0x20
	publish    = 0x30
	subscribe  = 0x82
	subscribed = 0x90
)

// newClient connects and subscribes: to its own topic by its name, and to those of
// all clients of another room, which nobody sends to.
func newClient(addr string, n int) (*client, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	c := &client{conn: conn, in: bufio.NewReader(conn)}
	if err := c.greet(n); err != nil {
		return nil, errors.Join(fmt.Errorf("client %d: %w", n, err), conn.Close())
	}
	return c, nil
}

func (c *client) greet(n int) error {
	const clean, keepAlive = 2, 0
	hello := append(text("MQTT"), 4, clean, 0, keepAlive)
	hello = append(hello, text(fmt.Sprintf("client-%d", n))...)
	if err := c.ask(connect, hello, connected); err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	topic := fmt.Sprintf("site/1/room/%d/light", n)
	want := []byte{0, 1}
	for _, filter := range []string{topic, fmt.Sprintf("site/2/+/%d/#", n)} {
		want = append(append(want, text(filter)...), 0)
	}
	if err := c.ask(subscribe, want, subscribed); err != nil {
		return fmt.Errorf("subscribe: %w", err)
	}
	name := text(topic)
	c.packet = append([]byte{publish, byte(len(name) + messageBody)}, name...)
	return nil
}

func text(s string) []byte {
	return append(binary.BigEndian.AppendUint16(nil, uint16(len(s))), s...)
}

// ask sends a packet and waits for the one that acknowledges it.
func (c *client) ask(kind byte, body []byte, want byte) error {
	if len(body) > 127 {
		return fmt.Errorf("a packet of %d bytes is too long", len(body))
	}
	c.conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	if _, err := c.conn.Write(append([]byte{kind, byte(len(body))}, body...)); err != nil {
		return err
	}
	got, answer, err := c.read()
	if err != nil {
		return err
	}
	if got != want || len(answer) < 2 || answer[1] >= 0x80 || got == connected && answer[1] != 0 {
		return fmt.Errorf("the answer is % x % x", got, answer)
	}
	return nil
}

// read reads a packet. Those of this protocol that come here have one byte of length.
func (c *client) read() (kind byte, body []byte, err error) {
	head, err := c.in.Peek(2)
	if err != nil {
		return 0, nil, err
	}
	kind, n := head[0], int(head[1])
	if n > 127 {
		return 0, nil, errors.New("a packet longer than any that was sent")
	}
	whole, err := c.in.Peek(2 + n)
	if err != nil {
		return 0, nil, err
	}
	_, err = c.in.Discard(2 + n)
	return kind, whole[2:], err
}

// send sends message number n.
func (c *client) send(at time.Duration, n uint64) error {
	b := binary.BigEndian.AppendUint64(c.packet, uint64(at))
	_, err := c.conn.Write(binary.BigEndian.AppendUint64(b, n))
	return err
}

// receive waits for the next message, and returns when it was to be sent.
func (c *client) receive() (at time.Duration, err error) {
	kind, body, err := c.read()
	if err != nil {
		return 0, err
	}
	topic := len(c.packet) - 2
	if kind != publish || len(body) != topic+messageBody {
		return 0, fmt.Errorf("a packet that is no message: % x % x", kind, body)
	}
	n := binary.BigEndian.Uint64(body[topic+8:])
	if last := c.arrived.Load(); n != last+1 {
		return 0, fmt.Errorf("message %d came after message %d", n, last)
	}
	c.arrived.Store(n)
	return time.Duration(binary.BigEndian.Uint64(body[topic:])), nil
}

func (c *client) close() error {
	if err := c.conn.Close(); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}
