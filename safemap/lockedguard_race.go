//go:build race

package safemap

import "runtime"

func raceIgnore() { runtime.RaceDisable() }
func raceHeed()   { runtime.RaceEnable() }
