package alias

type Store struct {
	byUser map[string]map[string]bool
	shards []map[string]int
}

func (s *Store) Add(user, id string) {
	ids := s.byUser[user]
	if ids == nil {
		ids = make(map[string]bool)
		s.byUser[user] = ids
	}
	ids[id] = true // @add
}

func (s *Store) Either(user, other, id string) {
	ids := s.byUser[user]
	if other != "" {
		ids = s.byUser[other+id]
	}
	ids[id] = true // @either
}

func (s *Store) Bump(key string) {
	for _, shard := range s.shards {
		shard[key]++ // @bump
	}
}

func (s *Store) View() map[string]map[string]bool { return s.byUser }

func (s *Store) Own(key string) {
	fresh := make(map[string]int)
	fresh[key]++ // @fresh
}
