package finding

// Side identifies one side of the conflict, as the fingerprint does: reading or
// writing, and the function.
func (f *Finding) Side(i int) string { return f.party(i) }

// MapName is the map's name with the import path of package main, where that is
// known; "" if the map has none.
func (f *Finding) MapName() string { return f.pathed(f.Map.Name) }
