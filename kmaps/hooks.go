package kmaps

// hook is a function of the kernel's, and the programs that run at its entry and
// its return.
type hook struct {
	function string
	programs []string
}

// hooks are the functions that work on maps. Those of a kernel that has not all of
// them are watched; which are not is told.
var hooks = []hook{
	{"array_map_update_elem", []string{"update_begins", "ends"}},
	{"htab_map_update_elem", []string{"update_begins", "ends"}},
	{"htab_lru_map_update_elem", []string{"update_begins", "ends"}},
	{"htab_map_delete_elem", []string{"delete_begins", "ends"}},
	{"htab_lru_map_delete_elem", []string{"delete_begins", "ends"}},
	{"htab_map_lookup_and_delete_elem", []string{"delete_begins", "ends"}},
	{"htab_lru_map_lookup_and_delete_elem", []string{"delete_begins", "ends"}},

	{"__htab_map_lookup_elem", []string{"hash_looked_up"}},
	{"bpf_map_copy_value", []string{"copied"}},

	{"htab_percpu_map_update_elem", []string{"count_update"}},
	{"htab_lru_percpu_map_update_elem", []string{"count_update"}},
	{"bpf_percpu_hash_update", []string{"count_update"}},
	{"bpf_percpu_array_update", []string{"count_update"}},
	{"htab_percpu_map_lookup_and_delete_elem", []string{"count_delete"}},
	{"htab_lru_percpu_map_lookup_and_delete_elem", []string{"count_delete"}},
	{"trie_lookup_elem", []string{"count_lookup"}},
	{"trie_update_elem", []string{"count_update"}},
	{"trie_delete_elem", []string{"count_delete"}},
}
