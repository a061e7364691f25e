package render

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/mapsan/mapsan/finding"
)

func htmlOf(t *testing.T, o Options, all ...*finding.Finding) string {
	t.Helper()
	var b bytes.Buffer
	if err := HTML(&b, all, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// elements walks the page, which must close what it opens.
func elements(t *testing.T, page string, visit func(xml.StartElement)) (text string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(page))
	d.Strict = false
	d.AutoClose = []string{"meta"}
	d.Entity = xml.HTMLEntity
	var b strings.Builder
	var open []string
	for {
		tok, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatalf("the page is not well-formed: %v", err)
		}
		switch x := tok.(type) {
		case xml.StartElement:
			open = append(open, x.Name.Local)
			visit(x)
		case xml.EndElement:
			if len(open) == 0 || open[len(open)-1] != x.Name.Local {
				t.Fatalf("</%s> closes %v", x.Name.Local, open)
			}
			open = open[:len(open)-1]
		case xml.CharData:
			if len(open) == 0 || open[len(open)-1] != "style" {
				b.Write(x)
			}
		}
	}
	if len(open) > 0 {
		t.Errorf("%v are not closed", open)
	}
	return b.String()
}

// The page asks for nothing, runs nothing, and says so in its policy.
func TestHTMLIsSelfContained(t *testing.T) {
	for name, page := range map[string]string{
		"none":    htmlOf(t, Options{}),
		"one":     htmlOf(t, options(), sample()),
		"several": htmlOf(t, options(), sample(), bare(), other()),
		"hostile": htmlOf(t, options(), hostile(), hostile()),
	} {
		ids := map[string]bool{}
		var links []string
		elements(t, page, func(e xml.StartElement) {
			switch e.Name.Local {
			case "script", "link", "img", "iframe", "object", "embed", "base", "form", "image", "use", "foreignObject":
				t.Errorf("%s: the page has a <%s>", name, e.Name.Local)
			}
			for _, a := range e.Attr {
				switch key := a.Name.Local; {
				case key == "style" || strings.HasPrefix(key, "on") || key == "src" || key == "srcset":
					t.Errorf("%s: <%s> has %s=%q", name, e.Name.Local, key, a.Value)
				case key == "href":
					links = append(links, a.Value)
				case key == "id":
					if ids[a.Value] {
						t.Errorf("%s: two elements have the id %q", name, a.Value)
					}
					ids[a.Value] = true
				case strings.Contains(a.Value, "url(") && !regexp.MustCompile(`^url\(#arrow\d+\)$`).MatchString(a.Value):
					t.Errorf("%s: <%s> has %s=%q", name, e.Name.Local, key, a.Value)
				}
			}
		})
		for _, l := range links {
			if !strings.HasPrefix(l, "#") || !ids[l[1:]] {
				t.Errorf("%s: a link to %q, which is not in the page", name, l)
			}
		}
		style := page[strings.Index(page, "<style>")+len("<style>") : strings.Index(page, "</style>")]
		sum := sha256.Sum256([]byte(style))
		hash := base64.StdEncoding.EncodeToString(sum[:])
		policy := regexp.MustCompile(`content="([^"]*)"`).FindStringSubmatch(page)[1]
		policy = strings.ReplaceAll(strings.ReplaceAll(policy, "&#39;", "'"), "&#43;", "+")
		if want := "default-src 'none'; style-src 'sha256-" + hash + "'; base-uri 'none'; form-action 'none'"; policy != want {
			t.Errorf("%s: policy %q, want %q", name, policy, want)
		}
		if strings.Contains(style, "url(") || strings.Contains(style, "@import") {
			t.Errorf("%s: the style sheet asks for something", name)
		}
	}
}

func TestHTMLShows(t *testing.T) {
	text := strings.Join(strings.Fields(elements(t, htmlOf(t, options(), sample(), bare(), other()), func(xml.StartElement) {})), " ")
	for _, want := range []string{
		"3 map races",
		"s.sessions map[string]*Sessionfield sessions of shop.Store, declared at store.go:8",
		"Read (lookup) the main goroutine running",
		"Previous write (assign) goroutine 8 finished",
		"18 x, ok := s.sessions[id] 19 return x, ok",
		"By the source, it held s.mu (taken at store.go:12).",
		"goroutine 8 was started at cmd/main.go:5",
		"5go fill(st) // <script>alert(1)</script>",
		"no path",
		"The green band is all that happens before the lookup. The write (assign) on the left is outside it",
		"acquire A, learnt of goroutine 8 up to time 3 store.go:12s.mu.Lock()",
		"hold s.mu at store.go:18 too",
		"fingerprint" + sample().Fingerprint(),
		"fatal error: concurrent map writes",
		"not knownstack of a goroutine: stack unavailable",
		"MapSan 1.2.3",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not say %q:\n%s", want, text)
			break
		}
	}
	if text := elements(t, htmlOf(t, Options{Title: "Shop"}), func(xml.StartElement) {}); !strings.Contains(text, "Shop - MapSan") || !strings.Contains(text, "Nothing was found.") {
		t.Errorf("an empty page says %q", text)
	}
}

func TestHTMLHostile(t *testing.T) {
	page := htmlOf(t, options(), valid(t, hostile()))
	for _, bad := range []string{"<script", "\x1b", "\u202e", "<!--"} {
		if strings.Contains(page, bad) {
			t.Errorf("%q came through", bad)
		}
	}
}

func TestTokens(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{`x := m["a"] // get`, `x := m[|s:"a"|] |c:// get`},
		{"for i := 0; i < 10; i++ {", "k:for| i := |u:0|; i < |u:10|; i++ {"},
		{"return", "k:return"},
		{"", ""},
		{"x = `unfinished", "x = |s:`unfinished"},
		{"'", "s:'"},
		{"日本 := \"ü\"", "日本 := |s:\"ü\""},
		{"/* open", "c:/* open"},
		{"a\x00b", "a\x00b"},
	} {
		var out []string
		all := ""
		for _, tok := range tokens(c.in) {
			all += tok.Text
			if tok.Class != "" {
				tok.Text = tok.Class + ":" + tok.Text
			} else if n := len(out); n > 0 && !regexp.MustCompile(`^[kscu]:`).MatchString(out[n-1]) {
				out[n-1] += tok.Text
				continue
			}
			out = append(out, tok.Text)
		}
		if all != c.in {
			t.Errorf("tokens(%q) give %q", c.in, all)
		}
		if got := strings.Join(out, "|"); got != c.want {
			t.Errorf("tokens(%q) = %q, want %q", c.in, got, c.want)
		}
	}
}

// node finds the picture's node with a number; 0 finds accesses by their kind.
func node(t *testing.T, p *picture, number int, kind string) pictureNode {
	t.Helper()
	for _, n := range p.Nodes {
		if n.Number == number && n.Kind == kind {
			return n
		}
	}
	t.Fatalf("the picture has no %s with number %d: %+v", kind, number, p.Nodes)
	return pictureNode{}
}

func TestPicture(t *testing.T) {
	f := sample()
	o := options()
	p := newPicture(1, f, o, newSources(o))
	if len(p.Lanes) != 3 || p.Lanes[0].Name != "goroutine 8" || p.Lanes[1].Name != "goroutine 3" || p.Lanes[2].Name != "the main goroutine" {
		t.Fatalf("lanes %+v, want the earlier party, goroutine 3, the later party", p.Lanes)
	}
	read, write := node(t, p, 0, "read"), node(t, p, 0, "write")
	taught, learnt, after := node(t, p, 1, "release"), node(t, p, 4, "acquire"), node(t, p, 2, "release")
	if read.X != p.Lanes[2].X || write.X != p.Lanes[0].X {
		t.Error("an access is not in its lane")
	}
	if !(taught.Y < write.Y && write.Y < after.Y) {
		t.Errorf("the earlier access at %d is not between the releases of time 3 and 6 at %d and %d", write.Y, taught.Y, after.Y)
	}
	if !(taught.Y < learnt.Y && learnt.Y < read.Y && write.Y < read.Y) {
		t.Errorf("time does not run down: release %d, acquire %d, accesses %d and %d", taught.Y, learnt.Y, write.Y, read.Y)
	}
	if known := p.Lanes[0].Known; known != taught.Y || known >= write.Y {
		t.Errorf("the band of what is known ends at %d, want at the release at %d, above the access at %d", known, taught.Y, write.Y)
	}
	if p.Lanes[2].Known != read.Y {
		t.Errorf("the later party's own band ends at %d, want at its access at %d", p.Lanes[2].Known, read.Y)
	}
	if len(p.Edges) != 2 || len(p.Legend) != 5 || p.Gap == nil {
		t.Errorf("%d edges, %d entries, gap %v; want 2, 5 and one", len(p.Edges), len(p.Legend), p.Gap)
	}
	if e := p.Legend[3]; e.Kind != "acquire" || e.Code != "s.mu.Lock()" || e.Place != "store.go:12" {
		t.Errorf("entry 4 is %+v, want the lock with its source", e)
	}
}

func TestPictureKnowsNothing(t *testing.T) {
	f := sample()
	f.Evidence.Clocks.Known.Time = 0
	f.Evidence.Sync = nil
	p := newPicture(1, f, Options{}, newSources(Options{}))
	if len(p.Lanes) != 2 || p.Lanes[0].Known != 0 {
		t.Errorf("lanes %+v, want two, and nothing known of the first", p.Lanes)
	}
	if p.Lanes[1].Start != "func main" || p.Lanes[0].Start != "go at main.go:5" {
		t.Errorf("starts %q and %q", p.Lanes[0].Start, p.Lanes[1].Start)
	}
}

// Histories that contradict themselves still give a finite picture.
func TestPictureBounds(t *testing.T) {
	cyclic := sample()
	cyclic.Evidence.Sync = nil
	for i := range uint64(40) {
		g, other := 1+7*(i%2), 8-7*(i%2)
		cyclic.Evidence.Sync = append(cyclic.Evidence.Sync,
			finding.Sync{Goroutine: g, Kind: "acquire", Object: finding.Addr(i), Learnt: &finding.Epoch{Goroutine: other, Time: 1000 - i}},
			finding.Sync{Goroutine: g, Kind: "release", Object: finding.Addr(i), Time: 1000 - i},
			finding.Sync{Goroutine: g, Kind: "other-thing", Learnt: &finding.Epoch{Goroutine: 100 + i, Time: i}})
	}
	same := sample()
	for i := range same.Parties {
		same.Parties[i].Goroutine.ID = 5
	}
	for name, f := range map[string]*finding.Finding{"cyclic": cyclic, "one goroutine": same, "bare": bare(), "hostile": hostile()} {
		page := htmlOf(t, options(), f)
		box := regexp.MustCompile(`viewBox="0 0 (\d+) (\d+)"`).FindStringSubmatch(page)
		width, err := strconv.Atoi(box[1])
		if err != nil {
			t.Fatal(err)
		}
		height, err := strconv.Atoi(box[2])
		if err != nil {
			t.Fatal(err)
		}
		if width > 2*laneMargin+3*wideGap || height > 200*rowHeight {
			t.Errorf("%s: the picture is %d by %d", name, width, height)
		}
		elements(t, page, func(e xml.StartElement) {
			for _, a := range e.Attr {
				limit := map[string]int{"cx": width, "cy": height, "x1": width, "x2": width, "y1": height, "y2": height}[a.Name.Local]
				if v, err := strconv.Atoi(a.Value); limit > 0 && (err != nil || v < 0 || v > limit) {
					t.Errorf("%s: <%s %s=%q> is outside", name, e.Name.Local, a.Name.Local, a.Value)
				}
			}
		})
	}
}

func ExampleHTML() {
	if err := HTML(io.Discard, nil, Options{Title: "Map races of shop"}); err != nil {
		fmt.Println(err)
	}
	// Output:
}

// TestWindow: a crash's page draws the time in which the runtime notices; others' do
// not. Only of a crash by itself the first party is known to have noticed.
func TestWindow(t *testing.T) {
	f := sample()
	f.Engine, f.Evidence.Path = finding.Explain, []string{"mapassign -> fatal -> exit(2)"}
	noticed := fmt.Sprintf("goroutine %d, %s", f.Parties[0].Goroutine.ID, f.Parties[0].Access.Op)
	window := func() string {
		_, after, _ := strings.Cut(htmlOf(t, Options{}, f), `class="window"`)
		svg, _, _ := strings.Cut(after, "</svg>")
		return svg
	}
	if svg := window(); !strings.Contains(svg, noticed) {
		t.Errorf("the side that noticed is not called %q", noticed)
	}
	f.Evidence.Seen = []string{"one", "another"}
	if svg := window(); strings.Contains(svg, "goroutine") || !strings.Contains(svg, "the side that noticed") {
		t.Error("of two sources' finding, a goroutine is said to have noticed")
	}
	for _, path := range [][]string{nil, {"mapassign -> fatal -> exit(2)", "a step"}} {
		f := sample()
		f.Evidence.Path = path
		if got := strings.Contains(htmlOf(t, Options{}, f), `class="window"`); got != (path != nil) {
			t.Errorf("path %q: the window is drawn: %v", path, got)
		}
	}
}
