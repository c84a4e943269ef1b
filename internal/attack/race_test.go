package attack_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/method/walletsig/walletsigtest"
	"github.com/stepup-auth/stepup/internal/server/servertest"
	"github.com/stepup-auth/stepup/internal/store"
)

const tries = 200

// onClusters runs an attack on two processes over one PostgreSQL, and on one
// process over SQLite.
func onClusters(t *testing.T, attack func(t *testing.T, c *cluster)) {
	t.Parallel()
	for engine, nodes := range map[string]int{store.Postgres: 2, store.SQLite: 1} {
		t.Run(fmt.Sprintf("%s, %d processes", engine, nodes), func(t *testing.T) {
			t.Parallel()
			attack(t, startCluster(t, engine, nodes))
		})
	}
}

// A1: everything that works once is used 200 times at the same moment, half at
// each process.
func TestA1SingleUseUnderRace(t *testing.T) {
	onClusters(t, func(t *testing.T, c *cluster) {
		race := func(name, wins string, send func(i int) (servertest.Response, error)) {
			t.Helper()
			var answers tally
			together(tries, func(i int) {
				r, err := send(i)
				if r.Status == 200 && r.Member("result") == "replayed" {
					answers.add("replayed")
					return
				}
				answers.addAnswer(r, err)
			})
			if answers.of(wins) != 1 {
				t.Errorf("%s: %s, want exactly one %q", name, &answers, wins)
			}
			if n := answers.of("no answer") + answers.of("500 internal_error"); n > 0 {
				t.Errorf("%s: %s, want an answer for everybody", name, &answers)
			}
		}
		guard := servertest.Bearer(c.guard)
		alice := c.signIn(t, "alice@example.com")

		token := c.stepUp(t, alice, transfer)
		race("consuming a token for 200 operations", "200 ", func(i int) (servertest.Response, error) {
			return c.do(t, i, "POST", sdk("/tokens/consume"), guard, question(token, transfer, fmt.Sprint("operation-", i)))
		})
		token = c.stepUp(t, alice, transfer)
		race("consuming a token 200 times for one operation", "200 ", func(i int) (servertest.Response, error) {
			return c.do(t, i, "POST", sdk("/tokens/consume"), guard, question(token, transfer, "the-operation"))
		})
		token = c.stepUp(t, alice, "credential:update", "user:delete")
		race("one token at two gates", "200 ", func(i int) (servertest.Response, error) {
			return c.do(t, i, "PUT", sdk("/users"), alice.Header(token), m{"email": fmt.Sprintf("alice-%d@example.com", i)})
		})
		leaving := c.signIn(t, "leaving@example.com")
		token = c.stepUp(t, leaving, "user:delete")
		race("deleting the account", "204 ", func(i int) (servertest.Response, error) {
			return c.do(t, i, "DELETE", sdk("/users"), leaving.Header(token), nil)
		})

		id, code := c.sendCode(t, alice)
		race("stepping up with a code", "200 ", func(i int) (servertest.Response, error) {
			return c.do(t, i, "POST", sdk("/emailVerifications/verify"), alice.Header(), typed(id, code, transfer))
		})
		id = c.must(t, 0, "POST", sdk("/emailVerifications/create"), nil, m{"email": "new@example.com"}).
			Want(t, 200, "").Member("verificationUUID")
		code = c.mail.Wait(t, "new@example.com").Code()
		race("signing up with a code", "200 ", func(i int) (servertest.Response, error) {
			return c.do(t, i, "POST", sdk("/emailVerifications/signin"), nil, typed(id, code))
		})

		c.run(t, servertest.Document(servertest.A, walletsOn), "env", "apply", "-")
		wallet := walletsigtest.NewEVM(t)
		body := wallet.Body(wallet.Published(servertest.Origin(servertest.A), servertest.A,
			c.must(t, 0, "GET", sdk("/nonce"), nil, nil).Want(t, 200, "").Member("nonce"), time.Now()))
		race("signing in with one signed text", "200 ", func(i int) (servertest.Response, error) {
			return c.do(t, i, "POST", sdk("/wallets/signin"), nil, body)
		})

		nonce := c.must(t, 0, "GET", sdk("/nonce"), nil, nil).Want(t, 200, "").Member("nonce")
		signed := newDevice(t).sign(t, nonce, alice.Header())
		race("refreshing with one nonce", "200 ", func(i int) (servertest.Response, error) {
			return c.do(t, i, "POST", sdk("/refresh"), signed, nil)
		})

	})
}

// A1, A9: a hundred copies of one guarded request run once, whichever guard and
// server they reach.
func TestA1GuardedOperationRunsOnce(t *testing.T) {
	onClusters(t, func(t *testing.T, c *cluster) {
		alice := c.signIn(t, "alice@example.com")
		token := c.stepUp(t, alice, transfer)
		var runs atomic.Int64
		handler := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { runs.Add(1) })
		var guarded []http.Handler
		for i := range c.nodes {
			guarded = append(guarded, c.guardAt(t, i).Require(transfer)(handler))
		}
		var answers tally
		together(100, func(i int) {
			r := httptest.NewRequestWithContext(t.Context(), "POST", "/transfers", strings.NewReader("{}"))
			r.Header = alice.Header(token)
			r.Header.Set("Idempotency-Key", "order-1")
			w := httptest.NewRecorder()
			guarded[i%len(guarded)].ServeHTTP(w, r)
			answers.add(fmt.Sprint(w.Code))
		})
		if runs.Load() != 1 || answers.of("200") != 1 || answers.of("409") != 99 {
			t.Errorf("the handler ran %d times; answers %s", runs.Load(), &answers)
		}
	})
}

// guardAt is a guard whose issuer is one of the nodes.
func (c *cluster) guardAt(t *testing.T, i int) *stepup.Guard {
	t.Helper()
	issuer := publicURL + servertest.SDK(servertest.A)
	client := c.clientOf(t, i)
	verifier, err := stepup.NewVerifier(stepup.Config{
		Issuer: issuer, Audiences: []string{"https://bank.example"},
		Keys: &stepup.RemoteKeySet{URL: issuer + "/.well-known/jwks.json", HTTP: client},
	})
	if err != nil {
		t.Fatal(err)
	}
	consumer, err := stepup.NewClient(stepup.ClientConfig{Issuer: issuer, ServiceToken: stepup.ServiceToken(c.guard), HTTP: client})
	if err != nil {
		t.Fatal(err)
	}
	guard, err := stepup.NewGuard(stepup.GuardConfig{
		Verifier: verifier, Client: consumer, Operation: func(r *http.Request) string { return r.Header.Get("Idempotency-Key") },
	})
	if err != nil {
		t.Fatal(err)
	}
	return guard
}

// clientOf reaches one node under the public name of them all.
func (c *cluster) clientOf(t *testing.T, i int) *http.Client {
	node, err := url.Parse(c.nodes[i].URL)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Client{Transport: transportFunc(func(r *http.Request) (*http.Response, error) {
		there := r.Clone(r.Context())
		there.URL.Scheme, there.URL.Host = node.Scheme, node.Host
		return c.client.Transport.RoundTrip(there)
	})}
}
