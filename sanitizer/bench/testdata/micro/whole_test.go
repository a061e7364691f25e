package micro

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"text/template"
)

type order struct {
	ID    int
	Who   string
	Items []item
	Tags  map[string]string
}

type item struct {
	Name  string
	Price float64
}

var sample = order{
	ID: 1, Who: "ada",
	Items: []item{{"a", 1.5}, {"b", 2.5}, {"c", 3.5}},
	Tags:  map[string]string{"x": "1", "y": "2", "z": "3"},
}

func BenchmarkJSONRoundTrip(b *testing.B) {
	for range b.N {
		data, err := json.Marshal(sample)
		if err != nil {
			b.Fatal(err)
		}
		var o order
		if err := json.Unmarshal(data, &o); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkHTTPRoundTrip(b *testing.B) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "hello %s", r.URL.Query().Get("name"))
	}))
	defer srv.Close()
	for range b.N {
		resp, err := http.Get(srv.URL + "/?name=ada")
		if err != nil {
			b.Fatal(err)
		}
		io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
	}
}

func BenchmarkTemplate(b *testing.B) {
	t := template.Must(template.New("t").Parse(`{{range .Items}}{{.Name}} {{printf "%.2f" .Price}}{{end}}{{range $k, $v := .Tags}}{{$k}}{{$v}}{{end}}`))
	for range b.N {
		if err := t.Execute(io.Discard, sample); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkTypeCheck(b *testing.B) {
	var src strings.Builder
	src.WriteString("package p\n")
	for i := range 20 {
		fmt.Fprintf(&src, "type T%d struct { a, b int }\nfunc (t T%d) F(x int) int { if x > 0 { return t.a + x }; return t.b }\n", i, i)
	}
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, "p.go", src.String(), 0)
	if err != nil {
		b.Fatal(err)
	}
	conf := types.Config{Importer: importer.Default()}
	b.ResetTimer()
	for range b.N {
		info := types.Info{Types: map[ast.Expr]types.TypeAndValue{}, Defs: map[*ast.Ident]types.Object{}, Uses: map[*ast.Ident]types.Object{}}
		if _, err := conf.Check("p", fset, []*ast.File{f}, &info); err != nil {
			b.Fatal(err)
		}
	}
}
