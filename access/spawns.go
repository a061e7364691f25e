package access

// A spawner is a function or interface of the standard library, or of a module
// that everybody uses, that runs what it is handed on another goroutine.
type spawner struct {
	// many says that what is handed over may run on several goroutines at once.
	many bool
	// creators are the functions that a traceback names behind "created by" for
	// such a goroutine.
	creators []string
}

// spawners are called with a function: by the name that calleeName gives.
var spawners = map[string]spawner{
	"(*sync.WaitGroup).Go":                           {creators: []string{"sync.(*WaitGroup).Go"}},
	"(*golang.org/x/sync/errgroup.Group).Go":         {creators: []string{"golang.org/x/sync/errgroup.(*Group).Go", "golang.org/x/sync/errgroup.(*Group).add"}},
	"(*golang.org/x/sync/errgroup.Group).TryGo":      {creators: []string{"golang.org/x/sync/errgroup.(*Group).TryGo", "golang.org/x/sync/errgroup.(*Group).add"}},
	"(*golang.org/x/sync/singleflight.Group).DoChan": {creators: []string{"golang.org/x/sync/singleflight.(*Group).DoChan"}},
	"(*github.com/sourcegraph/conc.WaitGroup).Go":    {creators: []string{"github.com/sourcegraph/conc.(*WaitGroup).Go"}},
	"(*github.com/sourcegraph/conc/pool.Pool).Go":    {creators: []string{"github.com/sourcegraph/conc/pool.(*Pool).Go", "github.com/sourcegraph/conc.(*WaitGroup).Go"}},
	"(*github.com/panjf2000/ants/v2.Pool).Submit":    {creators: []string{"github.com/panjf2000/ants/v2.(*goWorker).run"}},
	"github.com/panjf2000/ants/v2.Submit":            {creators: []string{"github.com/panjf2000/ants/v2.(*goWorker).run"}},
	"time.AfterFunc":                                 {creators: []string{"time.goFunc"}},
	"context.AfterFunc":                              {creators: []string{"context.(*afterFuncCtx).cancel"}},
	"net/http.HandleFunc":                            httpHandler,
	"(*net/http.ServeMux).HandleFunc":                httpHandler,
	"net/http.HandlerFunc":                           httpHandler,
	"(*testing.T).Run":                               {creators: []string{"testing.(*T).Run"}},
	"(*testing.B).RunParallel":                       {many: true, creators: []string{"testing.(*B).RunParallel"}},
	"(*testing.F).Fuzz":                              {many: true, creators: []string{"testing.(*F).Fuzz.func1"}},
	"(*github.com/gin-gonic/gin.RouterGroup).GET":    httpHandler,
	"(*github.com/gin-gonic/gin.RouterGroup).POST":   httpHandler,
	"(*github.com/gin-gonic/gin.RouterGroup).PUT":    httpHandler,
	"(*github.com/gin-gonic/gin.RouterGroup).DELETE": httpHandler,
	"(*github.com/gin-gonic/gin.RouterGroup).PATCH":  httpHandler,
	"(*github.com/gin-gonic/gin.RouterGroup).Any":    httpHandler,
	"(*github.com/gin-gonic/gin.RouterGroup).Handle": httpHandler,
	"(*github.com/gin-gonic/gin.RouterGroup).Use":    httpHandler,
	"(*github.com/labstack/echo/v4.Echo).GET":        httpHandler,
	"(*github.com/labstack/echo/v4.Echo).POST":       httpHandler,
	"(*github.com/labstack/echo/v4.Echo).PUT":        httpHandler,
	"(*github.com/labstack/echo/v4.Echo).DELETE":     httpHandler,
	"(*github.com/labstack/echo/v4.Echo).Use":        httpHandler,
	"(github.com/go-chi/chi/v5.Router).Get":          httpHandler,
	"(github.com/go-chi/chi/v5.Router).Post":         httpHandler,
	"(github.com/go-chi/chi/v5.Router).Put":          httpHandler,
	"(github.com/go-chi/chi/v5.Router).Delete":       httpHandler,
	"(github.com/go-chi/chi/v5.Router).HandleFunc":   httpHandler,
	"(*github.com/gorilla/mux.Router).HandleFunc":    httpHandler,
	"(*github.com/nats-io/nats.go.Conn).Subscribe":   {creators: []string{"github.com/nats-io/nats%2ego.(*Conn).subscribe", "github.com/nats-io/nats%2ego.(*Conn).subscribeLocked"}},
	"runtime.AddCleanup":                             {creators: []string{"runtime.(*cleanupQueue).createGs"}},
	"runtime.SetFinalizer":                           {creators: []string{"runtime.createfing"}},
	"expvar.Publish":                                 httpHandler,
}

var httpHandler = spawner{many: true, creators: []string{
	"net/http.(*Server).Serve", "net/http.(*conn).serve", "net/http.(*http2serverConn).processHeaders",
	"golang.org/x/net/http2.(*serverConn).processHeaders", "net/http.(*timeoutHandler).ServeHTTP",
}}

// spawnerTypes are interfaces of which each method is called on goroutines of the
// library's own.
var spawnerTypes = map[string]spawner{
	"net/http.Handler":     httpHandler,
	"net/http.HandlerFunc": httpHandler,
	"expvar.Var":           httpHandler,
	"github.com/prometheus/client_golang/prometheus.Collector": {many: true, creators: []string{
		"github.com/prometheus/client_golang/prometheus.(*Registry).Gather"}},
}
