// Package rand stands in for math/rand/v2 in code that is run by schedules: what
// the functions of the package draw follows from the seed.
package rand

import (
	"math/rand/v2"

	"github.com/mapsan/mapsan/safemap/proof/sched"
)

type (
	PCG    = rand.PCG
	Rand   = rand.Rand
	Source = rand.Source
)

type source struct{}

func (source) Uint64() uint64 { return sched.Uint64() }

var global = rand.New(source{})

func New(s Source) *Rand              { return rand.New(s) }
func NewPCG(seed1, seed2 uint64) *PCG { return rand.NewPCG(seed1, seed2) }

func Float64() float64                   { return global.Float64() }
func Int() int                           { return global.Int() }
func IntN(n int) int                     { return global.IntN(n) }
func Int32() int32                       { return global.Int32() }
func Int32N(n int32) int32               { return global.Int32N(n) }
func Int64() int64                       { return global.Int64() }
func Int64N(n int64) int64               { return global.Int64N(n) }
func Perm(n int) []int                   { return global.Perm(n) }
func Shuffle(n int, swap func(i, j int)) { global.Shuffle(n, swap) }
func Uint32() uint32                     { return global.Uint32() }
func Uint32N(n uint32) uint32            { return global.Uint32N(n) }
func Uint64() uint64                     { return global.Uint64() }
func Uint64N(n uint64) uint64            { return global.Uint64N(n) }
