package main

import (
	"encoding/json"
	"net/http"
	"strings"
)

// An API serves the store over HTTP.
type API struct {
	Store   *Store
	Limits  *Limits
	Metrics *Metrics
}

// Handler returns the routes of the service.
func (a *API) Handler() http.Handler {
	mux := http.NewServeMux()
	for route, h := range map[string]http.HandlerFunc{
		"POST /login":        a.login,
		"POST /logout":       a.logout,
		"GET /whoami":        a.whoami,
		"GET /sessions":      a.sessions,
		"PUT /limits/{user}": a.setLimit,
		"GET /metrics":       a.metrics,
	} {
		mux.HandleFunc(route, a.Metrics.Count(route, h))
	}
	return mux
}

func (a *API) login(w http.ResponseWriter, r *http.Request) {
	var in struct{ User string }
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil || in.User == "" {
		fail(w, http.StatusBadRequest, "a user is wanted")
		return
	}
	if len(a.Store.Of(in.User)) >= a.Limits.Of(in.User) {
		fail(w, http.StatusTooManyRequests, "too many sessions")
		return
	}
	sess := a.Store.Create(in.User)
	reply(w, map[string]any{"token": sess.ID, "user": sess.User})
}

// session returns the session that the request's bearer token names, or answers 401.
func (a *API) session(w http.ResponseWriter, r *http.Request) (*Session, bool) {
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	sess, ok := a.Store.Get(token)
	if !ok {
		fail(w, http.StatusUnauthorized, "no such session")
	}
	return sess, ok
}

func (a *API) logout(w http.ResponseWriter, r *http.Request) {
	if sess, ok := a.session(w, r); ok {
		a.Store.Drop(sess.ID)
		reply(w, map[string]any{"user": sess.User})
	}
}

func (a *API) whoami(w http.ResponseWriter, r *http.Request) {
	if sess, ok := a.session(w, r); ok {
		reply(w, map[string]any{"user": sess.User, "since": sess.Created})
	}
}

func (a *API) sessions(w http.ResponseWriter, r *http.Request) {
	if sess, ok := a.session(w, r); ok {
		reply(w, map[string]any{"user": sess.User, "open": len(a.Store.Of(sess.User))})
	}
}

func (a *API) setLimit(w http.ResponseWriter, r *http.Request) {
	var n int
	if err := json.NewDecoder(r.Body).Decode(&n); err != nil || n < 0 {
		fail(w, http.StatusBadRequest, "a number is wanted")
		return
	}
	a.Limits.Set(r.PathValue("user"), n)
	reply(w, map[string]any{"limit": n})
}

func (a *API) metrics(w http.ResponseWriter, r *http.Request) {
	reply(w, map[string]any{
		"sessions": a.Store.Len(),
		"expired":  a.Metrics.expired.Load(),
		"requests": a.Metrics.Requests(),
	})
}

func reply(w http.ResponseWriter, body map[string]any) {
	w.Header().Set("Content-Type", "application/json")
	// The status line is sent: the client sees a broken body, nobody else can help.
	_ = json.NewEncoder(w).Encode(body)
}

func fail(w http.ResponseWriter, status int, why string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"error": why})
}
