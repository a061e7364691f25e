// Package suite shows what the sanitizer finds, and what it leaves alone.
//
//   - corpus: racing programs and near misses, in pairs, around every
//     synchronisation and every access (testdata/corpus, testdata/linkname)
//   - processes: what a program that raced prints and how it ends (testdata/processes)
//   - oracle: random programs compared with a naive detector (package oracle, testdata/live)
//   - gorace: Go's own race suite, read from the toolchain
//   - world: suites of the standard library and of modules in wide use, unmodified
//
// The tests run the mapsan command as a user would: the one in MAPSAN_BIN, or
// one built from the source. They use the Go toolchain that the go command
// selects, or each of those that MAPSAN_SUITE_TOOLCHAINS names (as
// go1.25.5,go1.27.3), at length on the first. With MAPSAN_HEAVY=1 they run
// 100,000 programs of the oracle and the suites of the world, half an hour in all.
package suite
