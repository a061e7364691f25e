//go:build safemap_debug && !race

package safemap

func raceIgnore() {}
func raceHeed()   {}
