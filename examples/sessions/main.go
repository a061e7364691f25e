// Command sessions is a login service that keeps its sessions in memory.
package main

import (
	"context"
	"errors"
	"flag"
	"log"
	"net/http"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	addr := flag.String("addr", "localhost:8080", "address to listen on")
	ttl := flag.Duration("ttl", 15*time.Minute, "how long an unused session lives")
	perUser := flag.Int("per-user", 5, "how many sessions a user may hold")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()

	api := &API{Store: NewStore(*ttl), Limits: NewLimits(*perUser), Metrics: NewMetrics()}
	go RunJanitor(ctx, api.Store, *ttl/4, api.Metrics)

	srv := &http.Server{Addr: *addr, Handler: api.Handler(), ReadHeaderTimeout: 5 * time.Second}
	context.AfterFunc(ctx, func() { _ = srv.Shutdown(context.Background()) })
	if err := srv.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		log.Fatal(err)
	}
}
