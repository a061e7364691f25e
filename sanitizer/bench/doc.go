// Command bench measures what the sanitizer costs, against the same programs
// built plainly and built with -race.
//
//	go run ./sanitizer/bench                      # all, about an hour
//	go run ./sanitizer/bench -quick               # a look, a minute
//	go run ./sanitizer/bench -profile             # where the time goes, two minutes
//	go run ./sanitizer/bench -write BENCHMARKS.md # put the tables into the file
//
// Every program is built once per mode. Then come rounds: in each, every
// benchmark runs once in every mode, all in a new random order, so that what
// else the machine does falls on all modes alike. A benchmark runs for the same
// time in all modes and rounds. The tables show medians over the rounds, and
// ratios of medians.
package main
