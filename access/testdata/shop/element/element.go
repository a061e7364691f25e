// Package element: maps of maps, slices of maps, channels of maps.
package element

type Index struct {
	users  map[string]map[int]bool
	shards []map[string]int
	in     chan map[string]int
}

func (x *Index) Put(u string, n int) {
	x.users[u][n] = true            //> lookup element.Index.users; assign element.Index.users[]
	ids := x.users[u]               //> lookup element.Index.users
	ids[n] = false                  //> assign element.Index.users[]
	x.shards[n]["a"]++              //> lookup element.Index.shards[]; assign element.Index.shards[]
	for _, inner := range x.users { //> iterate element.Index.users
		delete(inner, n) //> delete element.Index.users[]
	}
	for _, s := range x.shards {
		_ = len(s) //> len element.Index.shards[]
	}
	m := <-x.in
	m["b"] = 1                        //> assign element.Index.in[]
	if inner, ok := x.users[u]; !ok { //> lookup element.Index.users
		inner = make(map[int]bool)
		x.users[u] = inner //> assign element.Index.users
		inner[1] = true    //> assign element.Index.users[]
	}
}
