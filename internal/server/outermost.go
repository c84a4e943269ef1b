package server

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"runtime/debug"
	"strings"

	"github.com/stepup-auth/stepup/internal/door"
	"github.com/stepup-auth/stepup/internal/fault"
)

type requestIDKey struct{}

// requestID is the id that the answer, the log and the audit log share. It is
// always ours: a client's own id could forge a log line.
func requestID(r *http.Request) string {
	id, _ := r.Context().Value(requestIDKey{}).(string)
	return id
}

// outermost gives every request an id and every panic an answer.
func outermost(c Config, next http.Handler) http.Handler {
	secure := strings.HasPrefix(c.PublicURL, "https://")
	connection := &transport{trusted: c.TrustedProxies, log: c.Log, now: c.Now}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := rand.Text()
		w.Header().Set("X-Request-Id", id)
		if secure {
			w.Header().Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
		}
		defer func() {
			if p := recover(); p != nil {
				if p == http.ErrAbortHandler {
					panic(p)
				}
				c.Log.Error("panic", "request_id", id, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
				door.WriteProblem(w, door.Broken(), id)
			}
		}()
		if connection.refused(r) {
			door.WriteProblem(w, fault.New(fault.HTTPSRequired, "Tokens and codes must not travel unencrypted: use https."), id)
			return
		}
		if at := r.URL.EscapedPath(); strings.TrimSuffix(at, "/") != strings.TrimSuffix(path.Clean("/"+at), "/") {
			door.WriteProblem(w,
				fault.New(fault.NotFound, "There is nothing at this path. Write it without empty, . and .. parts."), id)
			return
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), requestIDKey{}, id)))
	})
}

// developmentPages adds the pages of development mode and refuses every Host
// but this machine's own names, so that no website can reach the inbox by
// rebinding its name to loopback.
func developmentPages(publicURL string, pages http.Handler, next http.Handler) http.Handler {
	port := ""
	if u, err := url.Parse(publicURL); err == nil {
		port = u.Port()
	}
	names := map[string]bool{"127.0.0.1:" + port: true, "localhost:" + port: true, "[::1]:" + port: true}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !names[r.Host] {
			door.WriteProblem(w,
				fault.New(fault.UnknownHost, "Development mode answers on 127.0.0.1 and localhost only."), requestID(r))
			return
		}
		if r.URL.Path == "/" || strings.HasPrefix(r.URL.Path, "/demo/") || r.URL.Path == "/demo" || strings.HasPrefix(r.URL.Path, "/dev/") {
			pages.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}
