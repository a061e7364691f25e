package imported

import (
	"net/http"
	"net/url"

	"example.com/shop/inventory"
)

type Shop struct{ shelf *inventory.Shelf }

func (s *Shop) Take(name string) {
	s.shelf.Items[name]-- // @take
}

func Price(name string) int {
	return inventory.Prices[name] // @price
}

func Local(name string) int {
	shelf := inventory.New()
	return shelf.Items[name] // @local
}

func Tag(w http.ResponseWriter) {
	w.Header().Set("X-A", "b") // @header
}

func Form(r *http.Request, v url.Values) {
	r.Form["a"] = v["b"] // @form
}

func Convert(m map[string][]string) {
	url.Values(m).Set("a", "b") // @convert
	for range m {               // @plain
	}
}
