package stepup_test

import (
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/stepuptest"
)

func byKey(c *stepup.GuardConfig) {
	c.Operation = func(r *http.Request) string { return r.Header.Get("Idempotency-Key") }
}

// together runs n calls at once and counts the answers by status and code.
func together(t *testing.T, n int, call func(int) answer) map[string]int {
	t.Helper()
	start := make(chan struct{})
	answers := make(chan answer, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			<-start
			answers <- call(i)
		})
	}
	close(start)
	all.Wait()
	close(answers)
	counts := map[string]int{}
	for a := range answers {
		counts[a.Status+" "+a.Code+" "+a.Payload.Reason]++
	}
	return counts
}

// TestOneOperationRunsOnce: 100 parallel requests with one key, whatever tokens they carry.
func TestOneOperationRunsOnce(t *testing.T) {
	for name, token := range map[string]func(g *guarded) func() string{
		"one single-use token": func(g *guarded) func() string {
			token := g.Token(t, plain)
			return func() string { return token }
		},
		"a token each": func(g *guarded) func() string {
			return func() string { return g.Token(t, plain) }
		},
		"one time-bound token": func(g *guarded) func() string {
			token := g.Token(t, stepuptest.Token{Scopes: plain.Scopes, TimeBound: true})
			return func() string { return token }
		},
	} {
		t.Run(name, func(t *testing.T) {
			g := guard(t, byKey)
			next := token(g)
			counts := together(t, 100, func(int) answer {
				return g.call(t, append(g.as(t, next()), "Idempotency-Key", "rent-may")...)
			})
			if g.runs.Load() != 1 || counts["201 Created  "] != 1 || counts["409 Conflict operation_replayed "] != 99 {
				t.Errorf("the handler ran %d times; answers %v", g.runs.Load(), counts)
			}
		})
	}
}

// TestOneTokenPassesOnce: 200 parallel requests with one single-use token.
func TestOneTokenPassesOnce(t *testing.T) {
	g := guard(t, nil)
	headers := g.as(t, g.Token(t, plain))
	counts := together(t, 200, func(int) answer { return g.call(t, headers...) })
	if g.runs.Load() != 1 || counts["201 Created  "] != 1 || counts["403 Forbidden elevated_access_token_required spent"] != 199 {
		t.Errorf("the handler ran %d times; answers %v", g.runs.Load(), counts)
	}
}

func TestOperationKeys(t *testing.T) {
	g := guard(t, byKey)
	fresh := func() []string { return g.as(t, g.Token(t, plain)) }
	check(t, "first", g.call(t, append(fresh(), "Idempotency-Key", "k")...), 201, "", "")
	check(t, "again, with a new token", g.call(t, append(fresh(), "Idempotency-Key", "k")...), 409, stepup.CodeOperationReplayed, "")
	check(t, "other key", g.call(t, append(fresh(), "Idempotency-Key", "k2")...), 201, "", "")
	check(t, "no key", g.call(t, fresh()...), 201, "", "")
	check(t, "no key again", g.call(t, fresh()...), 201, "", "")

	bob := stepuptest.User{Subject: "bob", Session: "b"}
	check(t, "same key of another user", g.call(t, "Authorization", "Bearer "+g.Session(t, stepuptest.Session{User: bob}),
		"Elevated-Access-Token", g.Token(t, stepuptest.Token{Scopes: plain.Scopes, User: bob}), "Idempotency-Key", "k"), 201, "", "")

	g.server.URL += "/elsewhere"
	check(t, "same key for another request", g.call(t, append(fresh(), "Idempotency-Key", "k")...), 409, stepup.CodeOperationConflict, "")

	// The key is the client's to write; whatever it writes, it stays a key.
	for _, key := range []string{"../../etc", "\"; DROP TABLE", "ключ", "a b", "op-AAAA"} {
		a := g.call(t, append(fresh(), "Idempotency-Key", key)...)
		check(t, key, a, 201, "", "")
	}
}

// TestOperationKeyPerScope: one key for two kinds of operation is two operations.
func TestOperationKeyPerScope(t *testing.T) {
	issuer := stepuptest.NewIssuer(t)
	config := stepup.GuardConfig{Verifier: issuer.Verifier(t), Client: issuer.Client(t)}
	byKey(&config)
	config.Digest = func(*http.Request) (string, error) { return "the-same", nil }
	guard, err := stepup.NewGuard(config)
	if err != nil {
		t.Fatal(err)
	}
	for _, scope := range []stepup.Scope{transfer, "card:show"} {
		request := httptest.NewRequest(http.MethodPost, "/", nil)
		request.Header.Set("Authorization", "Bearer "+issuer.Session(t, stepuptest.Session{}))
		request.Header.Set("Elevated-Access-Token", issuer.Token(t, stepuptest.Token{Scopes: []stepup.Scope{scope}}))
		request.Header.Set("Idempotency-Key", "k")
		recorder := httptest.NewRecorder()
		guard.Require(scope)(http.NotFoundHandler()).ServeHTTP(recorder, request)
		if recorder.Code != http.StatusNotFound {
			t.Errorf("%s: %d %s", scope, recorder.Code, recorder.Body)
		}
	}
}

func TestOnReplay(t *testing.T) {
	replays := make(chan string, 1)
	g := guard(t, func(c *stepup.GuardConfig) {
		byKey(c)
		c.OnReplay = func(w http.ResponseWriter, r *http.Request) {
			if _, ok := stepup.FromContext(r.Context()); ok {
				t.Error("a replay is handed claims, as if it were permitted")
			}
			if caller, ok := stepup.CallerFromContext(r.Context()); !ok || caller.Subject != "user-1" {
				t.Errorf("caller of a replay: %+v", caller)
			}
			replays <- stepup.OperationFromContext(r.Context())
			w.WriteHeader(http.StatusAccepted)
		}
	})
	for _, status := range []int{201, 202} {
		check(t, "try", g.call(t, append(g.as(t, g.Token(t, plain)), "Idempotency-Key", "k")...), status, "", "")
	}
	if id := <-replays; len(id) < 20 {
		t.Errorf("operation id %q", id)
	}
	if g.runs.Load() != 1 {
		t.Errorf("the handler ran %d times, want 1", g.runs.Load())
	}

	// Without a key a replay can only mean that an answer was lost: nothing ran,
	// so it is not shown as the outcome of something.
	g.LoseAnswers(1)
	check(t, "lost answer", g.call(t, g.as(t, g.Token(t, plain))...), 403, required, stepup.ReasonSpent)
	g.LoseAnswers(1)
	check(t, "lost answer with a key", g.call(t, append(g.as(t, g.Token(t, plain)), "Idempotency-Key", "k9")...), 202, "", "")
}
