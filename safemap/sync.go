package safemap

// Sync has the methods of [sync.Map], for programs that change over one
// variable at a time. Keys that no native map takes panic, as there.
type Sync struct{ m Map[any, any] }

// Load is [Map.Load].
func (s *Sync) Load(key any) (value any, ok bool) { return s.m.Load(key) }

// Store is [Map.Store].
func (s *Sync) Store(key, value any) { s.m.Store(key, value) }

// Clear is [Map.Clear].
func (s *Sync) Clear() { s.m.Clear() }

// LoadOrStore is [Map.LoadOrStore].
func (s *Sync) LoadOrStore(key, value any) (actual any, loaded bool) {
	return s.m.LoadOrStore(key, value)
}

// LoadAndDelete is [Map.LoadAndDelete].
func (s *Sync) LoadAndDelete(key any) (value any, loaded bool) { return s.m.LoadAndDelete(key) }

// Delete is [Map.Delete].
func (s *Sync) Delete(key any) { s.m.Delete(key) }

// Swap is [Map.Swap].
func (s *Sync) Swap(key, value any) (previous any, loaded bool) { return s.m.Swap(key, value) }

// CompareAndSwap is [Map.CompareAndSwap].
func (s *Sync) CompareAndSwap(key, old, new any) (swapped bool) {
	return s.m.CompareAndSwap(key, old, new)
}

// CompareAndDelete is [Map.CompareAndDelete].
func (s *Sync) CompareAndDelete(key, old any) (deleted bool) { return s.m.CompareAndDelete(key, old) }

// Range calls f for each entry until it returns false; see [Map.All].
func (s *Sync) Range(f func(key, value any) bool) { s.m.All()(f) }
