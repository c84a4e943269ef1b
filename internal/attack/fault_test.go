package attack_test

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/config"
	"github.com/stepup-auth/stepup/internal/deliver"
	"github.com/stepup-auth/stepup/internal/operate"
	"github.com/stepup-auth/stepup/internal/server"
	"github.com/stepup-auth/stepup/internal/server/servertest"
	"github.com/stepup-auth/stepup/internal/serviceauth"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/store/storetest"
	"github.com/stepup-auth/stepup/internal/who"
)

// saboteur makes one store call fail: call number n of its kind, from 0. The
// kind "" is any.
type saboteur struct {
	mu    sync.Mutex
	armed bool
	kind  string
	n     int
	hit   string // the call that failed
}

var errSabotage = fmt.Errorf("the disk is on fire: %w", store.ErrUnavailable)

func (s *saboteur) fault(op string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.armed || s.kind != "" && s.kind != op {
		return nil
	}
	s.n--
	if s.n >= 0 {
		return nil
	}
	s.armed, s.hit = false, op
	return errSabotage
}

func (s *saboteur) arm(kind string, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.armed, s.kind, s.n, s.hit = true, kind, n, ""
}

// disarm says which call failed, if any did.
func (s *saboteur) disarm() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.armed = false
	return s.hit
}

// still is a server without its background work, so that every call to the
// store is one of the request's.
type still struct {
	*saboteur
	t      *testing.T
	db     *store.DB
	server *server.Server
	inbox  *deliver.Inbox
	guard  string
}

var stillBy = who.Caller{By: audit.By{Actor: "system", RequestID: "test"}}

func startStill(t *testing.T, engine string, changes ...func(*server.Config)) *still {
	t.Helper()
	s := &still{saboteur: &saboteur{}, t: t, inbox: &deliver.Inbox{}}
	s.db = storetest.Open(t, storetest.URL(t, engine), storetest.WithFault(s.fault))
	s.apply(servertest.Document(servertest.A, ""))
	err := s.db.Write(t.Context(), func(tx *store.Tx) error {
		text, _, err := serviceauth.Create(stillBy, tx,
			serviceauth.New{Name: "guard", EnvironmentID: servertest.A, Scopes: []string{serviceauth.TokensConsume}})
		s.guard = text.Reveal()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	c := server.Config{
		Production: config.Production{PublicURL: publicURL}, DB: s.db, Mailer: s.inbox,
		Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
	}
	for _, change := range changes {
		change(&c)
	}
	s.server = server.New(c)
	return s
}

func (s *still) apply(document string) {
	s.t.Helper()
	err := s.db.Write(s.t.Context(), func(tx *store.Tx) error {
		_, err := operate.Apply(stillBy, tx, []byte(document), operate.ApplyOptions{MayWeaken: true})
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *still) do(method, path string, header http.Header, body any) servertest.Response {
	s.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		s.t.Fatal(err)
	}
	r := httptest.NewRequestWithContext(s.t.Context(), method, path, bytes.NewReader(text))
	r.TLS = &tls.ConnectionState{}
	if header != nil {
		r.Header = header.Clone()
	}
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	s.server.Handler().ServeHTTP(w, r)
	answer := servertest.Response{Status: w.Code, Body: w.Body.Bytes(), Header: w.Header()}
	answer.Code = answer.Member("code")
	return answer
}

// code asks for a code and carries the mail.
func (s *still) code(email string, header http.Header) (id, code string) {
	s.t.Helper()
	id = s.do("POST", sdk("/emailVerifications/create"), header, m{"email": email}).Want(s.t, 200, "").Member("verificationUUID")
	if _, err := s.server.Worker().Once(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	for _, mail := range s.inbox.List() { // newest first
		if mail.To == email {
			return id, servertest.Code(s.t, mail.Message)
		}
	}
	s.t.Fatalf("no mail to %s", email)
	return "", ""
}

func (s *still) signIn(email string) http.Header {
	s.t.Helper()
	id, code := s.code(email, nil)
	return servertest.Bearer(s.do("POST", sdk("/emailVerifications/signin"), nil, typed(id, code)).Want(s.t, 200, "").Member("minifiedJwt"))
}

func (s *still) stepUp(email string, user http.Header, scopes ...string) string {
	s.t.Helper()
	id, code := s.code(email, user)
	return s.do("POST", sdk("/emailVerifications/verify"), user, typed(id, code, scopes...)).
		Want(s.t, 200, "").Member("elevatedAccessToken")
}

// breakEach lets each store call of a request fail once, until a request
// gets through without any. named says whether the request has an operation id.
// attempt makes what it needs and returns it; after checks what is left behind a failure at op.
func (s *still) breakEach(named bool, attempt func() (send func() servertest.Response, after func(op string))) (broken int) {
	s.t.Helper()
	for n := range 200 {
		send, after := attempt()
		s.arm("", n)
		r := send()
		op := s.disarm()
		if op == "" {
			if r.Status/100 != 2 {
				s.t.Fatalf("nothing failed, and yet: %d %s", r.Status, r.Body)
			}
			return n
		}
		switch {
		case r.Status != 503 || r.Member("elevatedAccessToken") != "" || r.Member("minifiedJwt") != "" || r.Member("result") != "":
			s.t.Errorf("store call %d (%s) failed, and the answer was %d %s", n, op, r.Status, r.Body)
		case (r.Code == "outcome_unknown") != (op == "commit" || op == "committed"):
			s.t.Errorf("store call %d (%s) failed, and the answer was %d %s", n, op, r.Status, r.Body)
		case (r.Header.Get("Retry-After") == "") != (r.Code == "outcome_unknown" && !named):
			s.t.Errorf("store call %d (%s) failed, and Retry-After is %q under %s", n, op, r.Header.Get("Retry-After"), r.Code)
		}
		after(op)
	}
	s.t.Fatal("the request makes more than 200 store calls")
	return 0
}

// A7: every store call behind a verification, an action and a consume fails
// once; the answer is never yes, and afterwards the proof is whole or spent.
func TestA7StoreErrorIsNeverSuccess(t *testing.T) {
	t.Parallel()
	for _, engine := range []string{store.SQLite, store.Postgres} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			s := startStill(t, engine)
			s.t = t
			email := "a7@example.com"
			user := s.signIn(email)
			n := s.breakEach(false, func() (func() servertest.Response, func(string)) {
				id, code := s.code(email, user)
				verify := func() servertest.Response {
					return s.do("POST", sdk("/emailVerifications/verify"), user, typed(id, code, transfer))
				}
				return verify, func(op string) {
					// Stored and not said: the code is spent, or one try at it is.
					r := verify()
					if r.Status != 200 && (op != "committed" || r.Code != "invalid_email_verification") {
						t.Errorf("after a failed %s the code is good for %d %s", op, r.Status, r.Body)
					}
				}
			})
			t.Logf("verify: %d calls", n)

			n = s.breakEach(true, func() (func() servertest.Response, func(string)) {
				token := s.stepUp(email, user, transfer)
				consume := func(operation string) servertest.Response {
					return s.do("POST", sdk("/tokens/consume"), servertest.Bearer(s.guard), question(token, transfer, operation))
				}
				operation := "operation-" + token[len(token)-20:]
				return func() servertest.Response { return consume(operation) }, func(op string) {
					r := consume(operation)
					switch {
					case op == "committed" && r.Member("result") == "replayed": // A9: the same verdict
						if other := consume("x" + operation); !spent(other) {
							t.Errorf("a token that was spent without an answer is good for %d %s", other.Status, other.Body)
						}
					case op == "committed" || r.Status != 200 || r.Member("result") != "first":
						t.Errorf("after a failed %s consume answers %d %s", op, r.Status, r.Body)
					}
				}
			})
			t.Logf("consume: %d calls", n)

			leavers := 0
			n = s.breakEach(false, func() (func() servertest.Response, func(string)) {
				leavers++
				email := fmt.Sprintf("leaving-%d@example.com", leavers)
				leaving := s.signIn(email)
				leaving.Set("Elevated-Access-Token", s.stepUp(email, leaving, "user:delete"))
				remove := func() servertest.Response { return s.do("DELETE", sdk("/users"), leaving, nil) }
				return remove, func(op string) {
					r := remove()
					if r.Status != 204 && (op != "committed" || r.Status != 401) {
						t.Errorf("after a failed %s deleting answers %d %s", op, r.Status, r.Body)
					}
				}
			})
			t.Logf("delete: %d calls", n)
		})
	}
}

// B2: the guess is counted even if everything after the count fails.
func TestB2CountSurvivesAFailedRequest(t *testing.T) {
	t.Parallel()
	for _, engine := range []string{store.SQLite, store.Postgres} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			s := startStill(t, engine)
			user := s.signIn("b2@example.com") // what a stranger does wrong is not written down at once
			id, code := s.code("b2@example.com", user)
			verify := func(code string) servertest.Response {
				return s.do("POST", sdk("/emailVerifications/verify"), user, typed(id, code, transfer))
			}
			for i := range 5 {
				s.arm("commit", 1) // 0 is the count
				r := verify(wrong(code, i))
				if op := s.disarm(); op != "commit" || r.Status != 503 {
					t.Fatalf("guess %d: failed %q, answered %d %s", i, op, r.Status, r.Body)
				}
			}
			verify(code).Want(t, 422, "too_many_email_verification_attempts")
		})
	}
}

// A9: the answer to a consume is lost; its retry learns the verdict, and no
// other operation gets one.
func TestA9RetryAfterALostAnswer(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s scene) {
		token := s.StepUp(t, s.SignIn(t, servertest.A, "a9@example.com"), transfer)
		if r := s.consume(t, token, transfer, "first-try").Want(t, 200, ""); r.Member("result") != "first" { // and nobody hears it
			t.Fatalf("%s", r.Body)
		}
		for range 2 {
			if r := s.consume(t, token, transfer, "first-try").Want(t, 200, ""); r.Member("result") != "replayed" {
				t.Errorf("the retry is answered %s", r.Body)
			}
		}
		wantRefused(t, s.consume(t, token, transfer, "second-operation"), "spent")
		other := question(token, transfer, "first-try")
		other["requestDigest"] = "another"
		s.Do(t, "POST", sdk("/tokens/consume"), servertest.Bearer(s.guard), other).Want(t, 409, "operation_conflict")
		elsewhere := s.ServiceToken(t, servertest.A, []string{serviceauth.TokensConsume})
		s.Do(t, "POST", sdk("/tokens/consume"), servertest.Bearer(elsewhere), question(token, transfer, "first-try")).
			Want(t, 409, "operation_conflict")

		// A refused operation leaves its id free: nothing was let through under it.
		next := s.StepUp(t, s.SignIn(t, servertest.A, "a9@example.com"), transfer)
		if r := s.consume(t, next, transfer, "second-operation").Want(t, 200, ""); r.Member("result") != "first" {
			t.Errorf("the refused operation with a new token is answered %s", r.Body)
		}
	})
}
