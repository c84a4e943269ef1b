package attack_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stepup-auth/stepup/internal/server/servertest"
	"github.com/stepup-auth/stepup/internal/serviceauth"
	"github.com/stepup-auth/stepup/internal/store"
)

const (
	transfer = "transfer:create" // single-use, of somebody else's audience
	report   = "report:read"     // time-bound, of the same
)

type m = map[string]any

// long reports whether the long versions are wanted.
func long() bool { return os.Getenv("LONG_TESTS") != "" }

// scene is a server under attack, and the guard that protects transfers.
type scene struct {
	*servertest.Server
	guard string // service token
}

func start(t *testing.T, options ...servertest.Option) scene {
	t.Helper()
	s := servertest.Start(t, options...)
	return scene{s, s.ServiceToken(t, servertest.A, []string{serviceauth.TokensConsume})}
}

// onBothEngines runs an attack once per engine.
func onBothEngines(t *testing.T, attack func(t *testing.T, s scene), options ...servertest.Option) {
	t.Parallel()
	for _, engine := range []string{store.SQLite, store.Postgres} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			attack(t, start(t, append(options, servertest.WithEngine(engine))...))
		})
	}
}

// sdk is a path of environment A.
func sdk(path string) string { return servertest.SDK(servertest.A) + path }

// question is what a guard asks at consume.
func question(token, scope, operation string) m {
	return m{"token": token, "scope": scope, "operationId": operation, "requestDigest": "digest"}
}

func (s scene) consume(t testing.TB, token, scope, operation string) servertest.Response {
	t.Helper()
	return s.Do(t, "POST", sdk("/tokens/consume"), servertest.Bearer(s.guard), question(token, scope, operation))
}

func (s scene) active(t testing.TB, token string) bool {
	t.Helper()
	var answer struct{ Active bool }
	s.Do(t, "POST", sdk("/tokens/introspect"), servertest.Bearer(s.guard), m{"token": token}).Want(t, 200, "").JSON(t, &answer)
	return answer.Active
}

// reason is why a gate refused.
func reason(r servertest.Response) string {
	var problem struct{ Payload struct{ Reason string } }
	_ = json.Unmarshal(r.Body, &problem)
	return problem.Payload.Reason
}

// wantRefused fails the test unless a gate asked for another token, for this reason.
func wantRefused(t testing.TB, r servertest.Response, why string) {
	t.Helper()
	r.Want(t, 403, "elevated_access_token_required")
	if got := reason(r); got != why {
		t.Errorf("refused as %s, want %s", got, why)
	}
}

// typed is a code typed back.
func typed(id, code string, scopes ...string) m {
	body := m{"verificationUUID": id, "verificationToken": code}
	if len(scopes) > 0 {
		body["requestedScopes"] = scopes
	}
	return body
}

// wrong is a code of the same length that is not this one.
func wrong(code string, i int) string {
	n, _ := strconv.Atoi(code)
	all := int(math.Pow10(len(code)))
	return fmt.Sprintf("%0*d", len(code), (n+1+i%(all-1))%all)
}

// together runs n functions that start at the same moment, and waits for all.
func together(n int, run func(i int)) {
	var ready, done sync.WaitGroup
	begin := make(chan struct{})
	for i := range n {
		ready.Add(1)
		done.Go(func() {
			ready.Done()
			<-begin
			run(i)
		})
	}
	ready.Wait()
	close(begin)
	done.Wait()
}

// tally counts answers by what they said.
type tally struct {
	mu     sync.Mutex
	counts map[string]int
}

func (c *tally) add(what string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.counts == nil {
		c.counts = map[string]int{}
	}
	c.counts[what]++
}

// addAnswer counts one answer, or the failure to get one.
func (c *tally) addAnswer(r servertest.Response, err error) {
	if err != nil {
		c.add("no answer")
		return
	}
	c.add(fmt.Sprint(r.Status, " ", r.Code))
}

func (c *tally) of(what string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.counts[what]
}

func (c *tally) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return fmt.Sprint(c.counts)
}

// call sends one request to any server; body becomes JSON unless it is nil.
func call(ctx context.Context, client *http.Client, what string, header http.Header, body any) (servertest.Response, error) {
	method, url, _ := strings.Cut(what, " ")
	var reader io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return servertest.Response{}, err
		}
		reader = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(ctx, method, url, reader)
	if err != nil {
		return servertest.Response{}, err
	}
	if header != nil {
		request.Header = header.Clone()
		request.Host = header.Get("Host") // "": that of the address
	}
	request.Header.Set("Content-Type", "application/json")
	answer, err := client.Do(request)
	if err != nil {
		return servertest.Response{}, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	r := servertest.Response{Status: answer.StatusCode, Body: text, Header: answer.Header}
	r.Code = r.Member("code")
	return r, err
}
