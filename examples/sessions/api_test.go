package main

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"
)

func TestLogin(t *testing.T) {
	c := serve(t, time.Hour)
	token := c.login("ada")
	if status, out := c.do("GET", "/whoami", token, nil); status != http.StatusOK || out["user"] != "ada" {
		t.Errorf("whoami = %d %v, want 200 and ada", status, out)
	}
	if status, _ := c.do("GET", "/whoami", "forged", nil); status != http.StatusUnauthorized {
		t.Errorf("whoami with a forged token = %d, want 401", status)
	}
	if status, _ := c.do("POST", "/login", "", nil); status != http.StatusBadRequest {
		t.Errorf("login without a user = %d, want 400", status)
	}
}

// TestExpiry leaves a session unused until the janitor has closed it.
func TestExpiry(t *testing.T) {
	const ttl = 50 * time.Millisecond
	c := serve(t, ttl)
	token := c.login("ada")
	if status, _ := c.do("GET", "/whoami", token, nil); status != http.StatusOK {
		t.Fatalf("whoami = %d, want 200", status)
	}
	time.Sleep(4 * ttl)
	if status, _ := c.do("GET", "/whoami", token, nil); status != http.StatusUnauthorized {
		t.Errorf("whoami after expiry = %d, want 401", status)
	}
	if _, out := c.do("GET", "/metrics", "", nil); out["expired"] != 1.0 || out["sessions"] != 0.0 {
		t.Errorf("metrics = %v, want the session expired", out)
	}
}

// TestLimits changes a limit while users log in.
func TestLimits(t *testing.T) {
	c := serve(t, time.Hour)
	var users sync.WaitGroup
	for i := range 4 {
		users.Go(func() {
			for range 3 {
				c.login(fmt.Sprint("user", i))
			}
		})
	}
	if status, _ := c.do("PUT", "/limits/ada", "", 1); status != http.StatusOK {
		t.Errorf("set limit = %d, want 200", status)
	}
	users.Wait()
	c.login("ada")
	if status, _ := c.do("POST", "/login", "", map[string]string{"User": "ada"}); status != http.StatusTooManyRequests {
		t.Errorf("second login = %d, want 429", status)
	}
	if _, out := c.do("GET", "/metrics", "", nil); out["sessions"] != 13.0 {
		t.Errorf("metrics = %v, want 13 sessions", out)
	}
}
