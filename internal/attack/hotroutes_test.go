package attack_test

import (
	"encoding/base32"
	"fmt"
	"math"
	"net/http"
	"runtime"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/stepup-auth/stepup/internal/method/totp"
	"github.com/stepup-auth/stepup/internal/server"
	"github.com/stepup-auth/stepup/internal/server/servertest"
	"github.com/stepup-auth/stepup/internal/store"
)

// most is what a request may ask of the store. Round trips are PostgreSQL's, and commits
// are flushes where nobody else writes.
type most struct{ transactions, statements, roundTrips, commits int64 }

// hot is a request that users of the server wait for.
type hot struct {
	name    string
	prepare func() (request func() servertest.Response)
	most    most
	// allocations on SQLite and on PostgreSQL, the driver's among them, from the request to the
	// written answer. They leave a fifth for what differs from one run to the next.
	allocations [2]float64
}

var bothEngines = []string{store.SQLite, store.Postgres}

// What requests cost at the store, counted and not timed, so that it is the same on every
// machine. A figure may fall; whoever lets one rise has to say here what it buys.
//
// Each transaction with entries of the audit log has one statement for the row beside
// them, which says where the request came from. It travels with the entries.
func TestStatementsPerRequest(t *testing.T) {
	t.Parallel()
	for _, engine := range bothEngines {
		t.Run(engine, func(t *testing.T) {
			s, user, routes := startHot(t, engine)
			for _, route := range routes {
				request := route.prepare()
				if engine == store.Postgres {
					s.do("GET", sdk("/users"), user, nil) // a connection that knows the statements is not what is counted
				}
				before := s.db.Counts()
				answer := request()
				n := s.db.Counts().Sub(before)
				if answer.Status/100 != 2 {
					t.Fatalf("%s: %d %s", route.name, answer.Status, answer.Body)
				}
				spent := most{n.Transactions, n.Statements, n.RoundTrips, n.Commits}
				t.Logf("%s: %+v", route.name, spent)
				if spent.transactions > route.most.transactions || spent.statements > route.most.statements ||
					spent.roundTrips > route.most.roundTrips || spent.commits > route.most.commits {
					t.Errorf("%s: %+v, at most %+v", route.name, spent, route.most)
				}
			}
		})
	}
}

// What requests allocate, in this process.
func TestAllocationsPerRequest(t *testing.T) { // not parallel: whatever runs beside it would count
	for i, engine := range bothEngines {
		t.Run(engine, func(t *testing.T) {
			_, _, routes := startHot(t, engine)
			for _, route := range routes {
				least := math.Inf(1)
				for range 5 {
					request := route.prepare()
					if request == nil {
						break
					}
					var before, after runtime.MemStats
					runtime.ReadMemStats(&before)
					answer := request()
					runtime.ReadMemStats(&after)
					if answer.Status/100 != 2 {
						t.Fatalf("%s: %d %s", route.name, answer.Status, answer.Body)
					}
					least = min(least, float64(after.Mallocs-before.Mallocs))
				}
				t.Logf("%s: %.0f", route.name, least)
				if least > route.allocations[i] {
					t.Errorf("%s: %.0f allocations, at most %.0f", route.name, least, route.allocations[i])
				}
			}
		})
	}
}

// startHot is a server with a user who is signed in and has a wallet, and the hot routes
// in the order in which they may be prepared.
func startHot(t *testing.T, engine string) (*still, http.Header, []hot) {
	wallets := &servertest.Wallets{}
	s := startStill(t, engine, func(c *server.Config) { c.Wallets = wallets })
	wallets.Open(time.Now, s.server.Custody())
	s.apply(servertest.Document(servertest.A, servertest.WalletsOn))
	email := "frugal@example.com"
	user := s.signIn(email)
	with := func(header http.Header, token string) http.Header {
		header = header.Clone()
		header.Set("Elevated-Access-Token", token)
		return header
	}
	wallet := s.do("POST", sdk("/waas/create"), user, m{"chain": "EVM"}).Want(t, 200, "").Member("walletId")
	enrolled := false
	return s, user, []hot{
		{"GET /users", func() func() servertest.Response {
			return func() servertest.Response { return s.do("GET", sdk("/users"), user, nil) }
		}, most{1, 1, 1, 0}, [2]float64{620, 480}},
		{"stepUp/check", func() func() servertest.Response {
			return func() servertest.Response {
				return s.do("POST", sdk("/stepUp/check"), user, m{"scope": transfer})
			}
		}, most{1, 1, 1, 0}, [2]float64{560, 420}},
		{"PUT /users", func() func() servertest.Response {
			updating := with(user, s.stepUp(email, user, "user:update"))
			return func() servertest.Response { return s.do("PUT", sdk("/users"), updating, m{"alias": "Ada"}) }
		}, most{2, 11, 9, 1}, [2]float64{2150, 1800}},
		{"step-up by code", func() func() servertest.Response {
			id, code := s.code(email, user)
			return func() servertest.Response {
				return s.do("POST", sdk("/emailVerifications/verify"), user, typed(id, code, transfer))
			}
		}, most{3, 20, 15, 2}, [2]float64{3100, 2450}},
		{"consume", func() func() servertest.Response {
			token := s.stepUp(email, user, transfer)
			return func() servertest.Response {
				return s.do("POST", sdk("/tokens/consume"), servertest.Bearer(s.guard), question(token, transfer, uuid.NewString()))
			}
		}, most{2, 8, 8, 1}, [2]float64{1250, 1030}},
		{"signMessage", func() func() servertest.Response {
			signing := with(user, s.stepUp(email, user, "wallet:sign"))
			return func() servertest.Response {
				return s.do("POST", sdk("/waas/"+wallet+"/signMessage"), signing, m{"message": "hello"})
			}
		}, most{7, 26, 24, 4}, [2]float64{4300, 3750}},
		{"sign-in by mail, the request", func() func() servertest.Response {
			return func() servertest.Response {
				return s.do("POST", sdk("/emailVerifications/create"), nil, m{"email": "other@example.com"})
			}
		}, most{2, 8, 7, 1}, [2]float64{970, 950}},
		{"sign-in by mail, the code", func() func() servertest.Response {
			id, code := s.code(email, nil)
			return func() servertest.Response {
				return s.do("POST", sdk("/emailVerifications/signin"), nil, typed(id, code))
			}
		}, most{4, 24, 18, 2}, [2]float64{2650, 2250}},
		{"step-up by authenticator app", func() func() servertest.Response {
			if enrolled {
				return nil // its next code is minutes away
			}
			enrolled = true
			s.apply(servertest.Document(servertest.A, bothFactors))
			code := s.enrolApp(email, user)
			return func() servertest.Response {
				return s.do("POST", sdk("/users/mfa/auth/totp"), user, m{"code": code(), "requestedScopes": []string{transfer}})
			}
		}, most{3, 12, 9, 2}, [2]float64{2550, 2200}},
	}
}

// enrolApp gives the session's user an authenticator app and returns what shows a code that
// was not used.
func (s *still) enrolApp(email string, user http.Header) func() string {
	s.t.Helper()
	header := user.Clone()
	header.Set("Elevated-Access-Token", s.stepUp(email, user, "credential:link"))
	begun := s.do("GET", sdk("/users/mfa/register/totp"), header, nil).Want(s.t, 200, "")
	secret, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(begun.Member("secret"))
	if err != nil {
		s.t.Fatal(fmt.Errorf("reading the secret: %w", err))
	}
	step := totp.StepAt(time.Now())
	s.do("POST", sdk("/users/mfa/auth/totp"), user, m{"id": begun.Member("id"), "code": totp.Code(secret, step)}).Want(s.t, 200, "")
	return func() string { return totp.Code(secret, step+1) }
}
