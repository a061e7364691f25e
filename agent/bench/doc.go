// Command bench measures what mapsan attach costs a server: an MQTT broker from
// the module proxy, at a pinned version, whose every message walks a tree of maps,
// builds four and copies some. It is loaded over loopback.
//
//	go run ./agent/bench                     # 20 blocks, 13 minutes
//	go run ./agent/bench -blocks 3 -time 2s  # a look, two minutes
//	go run ./agent/bench -json rounds.json -check
//
// A block is one server's life: a second of load, then three rounds in random order: alone,
// once more alone, and with mapsan attached. Two servers differ by more than a server
// does from itself. A round begins with the start, two seconds, at whose beginning mapsan
// attaches if it does; then comes the time in which it has settled down. What the two
// rounds alone differ by is what the machine does by itself. The table shows medians over the
// blocks, and of the ratios within each of them; the intervals hold the true median
// in 95 of 100 cases. A goal is missed where all of the interval does.
//
// The load is of two kinds. Closed: each connection sends its next message when
// the last one came back, and the server does as much as it can. Open: messages
// are sent at random moments, half as many as that, whatever came back; a message
// is as late as it arrives after the moment at which it was to be sent, so that none
// of those that a slow server keeps waiting are left out.
//
// Server, load and mapsan share the processors, and none is bound to one: a server on
// a processor of its own cannot race on a machine with two, since an operation is
// held by keeping its processor busy. All that mapsan uses is thus taken from the
// server, which is what a full machine is like. Throughput has the machine's mood in
// it; the processor time of a message, the server's own, has less of it.
package main
