//go:build go1.21

package main

import "maps"

func clearMap[K comparable](m map[K]int) { clear(m) }

func clone[K comparable](m map[K]int) map[K]int { return maps.Clone(m) }
