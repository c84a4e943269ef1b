package crashtest

import (
	"bytes"
	"net/http"
	"os"
	"sync"
	"syscall"
)

// edges are the places where a role may die: before and after each durable step,
// and before and after it answers a call. At an edge the process is killed as
// kill -9 would: nothing of Go runs after it.
type edges struct {
	mu     sync.Mutex
	on     bool
	passed []string
	killAt int // the process dies at this one of the edges passed, from 1 on; 0: it lives
}

// arm begins to count.
func (e *edges) arm(killAt int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.on, e.passed, e.killAt = true, nil, killAt
}

// disarm tells what was passed.
func (e *edges) disarm() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.on = false
	return e.passed
}

func (e *edges) pass(name string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.on {
		return
	}
	e.passed = append(e.passed, name)
	if len(e.passed) == e.killAt {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {} // it takes a moment
	}
}

// commits is a store's TestOnlyFault that makes edges of commits.
func (e *edges) commits(op string) error {
	switch op {
	case "commit":
		e.pass("before a commit")
	case "committed":
		e.pass("after a commit")
	}
	return nil
}

// calls makes edges of the calls that a handler answers.
func (e *edges) calls(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e.pass("before " + r.URL.Path)
		answer := &answer{header: w.Header(), status: http.StatusOK}
		next.ServeHTTP(answer, r)
		e.pass("after " + r.URL.Path)
		w.WriteHeader(answer.status)
		_, _ = w.Write(answer.body.Bytes())
	})
}

// answer is held back until the edge behind it is passed.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *answer) Header() http.Header            { return a.header }
func (a *answer) WriteHeader(status int)         { a.status = status }
func (a *answer) Write(text []byte) (int, error) { return a.body.Write(text) }
