package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"
)

// A client talks to a service that runs for one test.
type client struct {
	t   *testing.T
	url string
}

// serve starts a service whose sessions live for ttl, with its janitor.
func serve(t *testing.T, ttl time.Duration) *client {
	api := &API{Store: NewStore(ttl), Limits: NewLimits(3), Metrics: NewMetrics()}
	srv := httptest.NewServer(api.Handler())
	ctx, cancel := context.WithCancel(context.Background())
	var janitor sync.WaitGroup
	janitor.Go(func() { RunJanitor(ctx, api.Store, ttl/4, api.Metrics) })
	t.Cleanup(func() {
		cancel()
		janitor.Wait()
		srv.Close()
	})
	return &client{t, srv.URL}
}

// do sends one request and returns the status and the decoded answer.
func (c *client) do(method, path, token string, body any) (int, map[string]any) {
	c.t.Helper()
	data, err := json.Marshal(body)
	if err != nil {
		c.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(c.t.Context(), method, c.url+path, bytes.NewReader(data))
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close()
	var out map[string]any
	if err := json.NewDecoder(resp.Body).Decode(&out); err != nil {
		c.t.Fatal(err)
	}
	return resp.StatusCode, out
}

// login opens a session and returns its token.
func (c *client) login(user string) string {
	c.t.Helper()
	status, out := c.do("POST", "/login", "", map[string]string{"User": user})
	if status != http.StatusOK {
		c.t.Fatalf("login of %s: status %d: %v", user, status, out)
	}
	return out["token"].(string)
}
