package bench_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/stepup-auth/stepup/internal/method/totp"
	"github.com/stepup-auth/stepup/internal/server/servertest"
)

// measureEngine measures every row on one database.
func measureEngine(t *testing.T, s *subject) (all []measured) {
	signIn := s.signIn(t)
	for _, row := range []struct {
		name string
		op   operation
	}{
		{"session check", s.sessionCheck},
		{"stepUp/check", s.stepUpCheck},
		{"step-up by authenticator app", s.stepUp},
		{"consume", s.consume},
		{"sign-in by mail", signIn},
	} {
		if !strings.Contains(row.name, *only) {
			continue
		}
		progress("%s: %s", s.engine, row.name)
		warm := *each
		*each = min(warm, time.Second)
		measure(t, s, row.name, 4, row.op)
		*each = warm
		for text := range strings.SplitSeq(*workers, ",") {
			all = append(all, measure(t, s, row.name, number(text), row.op))
		}
	}
	if *over > 0 && strings.Contains("mixed, purge running", *only) {
		all = append(all, s.mixed(t, []operation{
			s.sessionCheck, s.stepUpCheck, s.stepUp, s.sessionCheck, s.consume, s.stepUp, signIn, s.stepUpCheck,
		}))
	}
	return all
}

// mixed measures 64 callers who do different things, while rows whose time is over are removed.
func (s *subject) mixed(t *testing.T, ops []operation) measured {
	const gone = `stepup_purged_rows_total{table="spent_nonces"}`
	counters := func() figure { return scrape("http://" + s.metrics + "/metrics")(gone) }
	progress("%s: waiting for the purge, which comes once a minute", s.engine)
	for start := time.Now(); !(counters() > 0); {
		if time.Since(start) > 3*time.Minute {
			t.Fatal("nothing is purged")
		}
		time.Sleep(100 * time.Millisecond)
	}
	before := counters()
	m := measure(t, s, "mixed, purge running", 64, func(worker int, n int64) error {
		err := ops[worker%len(ops)](worker, n)
		if errors.Is(err, errSpent) {
			err = s.sessionCheck(worker, n)
		}
		return err
	})
	t.Logf("%s: %.0f rows were purged meanwhile", s.engine, counters()-before)
	return m
}

// sdk is an address at one of the nodes, in turns.
func (s *subject) sdk(path string) string {
	at := s.urls[int(s.turn.Add(1))%len(s.urls)]
	return at + servertest.SDK(servertest.A) + path
}

func (s *subject) person(n int64) person { return s.people[n%int64(len(s.people))] }

func (s *subject) sessionCheck(_ int, n int64) error {
	var user struct{ ID string }
	err := call("GET", s.sdk("/users"), s.person(n).header, nil, &user)
	if err == nil && user.ID == "" {
		err = errors.New("no user")
	}
	return err
}

func (s *subject) stepUpCheck(_ int, n int64) error {
	var answer struct{ IsRequired bool }
	err := call("POST", s.sdk("/stepUp/check"), s.person(n).header, map[string]string{"scope": "transfer:create"}, &answer)
	if err == nil && !answer.IsRequired {
		err = errors.New("it is not required")
	}
	return err
}

// stepUp types the code that the user's app shows now, and keeps the token.
func (s *subject) stepUp(_ int, n int64) error {
	p := s.person(n)
	var answer struct{ ElevatedAccessToken string }
	err := call("POST", s.sdk("/users/mfa/auth/totp"), p.header, map[string]any{
		"code": totp.Code(p.secret, totp.StepAt(time.Now())), "requestedScopes": []string{"transfer:create"},
	}, &answer)
	if err == nil && answer.ElevatedAccessToken == "" {
		err = errors.New("no token")
	}
	return err
}

// consume spends one of the tokens that wait.
func (s *subject) consume(int, int64) error {
	s.mu.Lock()
	if len(s.tokens) == 0 {
		s.mu.Unlock()
		return errSpent
	}
	token := s.tokens[len(s.tokens)-1]
	s.tokens = s.tokens[:len(s.tokens)-1]
	s.mu.Unlock()
	var answer struct{ Result string }
	err := call("POST", s.sdk("/tokens/consume"), http.Header{"Authorization": {"Bearer " + s.guard}}, map[string]string{
		"token": token, "scope": "transfer:create", "operationId": uuid.NewString(), "requestDigest": "digest",
	}, &answer)
	if err == nil && answer.Result != "first" {
		err = fmt.Errorf("it is %s", answer.Result)
	}
	return err
}

// signIn asks for a code, reads the mail and signs a user in with it.
func (s *subject) signIn(t *testing.T) operation {
	return func(_ int, n int64) error {
		address := fmt.Sprintf("user%d@example.com", n%int64(len(s.people)))
		var asked struct {
			ID string `json:"verificationUUID"`
		}
		if err := call("POST", s.sdk("/emailVerifications/create"), nil, map[string]string{"email": address}, &asked); err != nil {
			return err
		}
		var answer struct{ MinifiedJWT string }
		err := call("POST", s.sdk("/emailVerifications/signin"), nil,
			map[string]string{"verificationUUID": asked.ID, "verificationToken": s.mail.Wait(t, address).Code()}, &answer)
		if err == nil && answer.MinifiedJWT == "" {
			err = errors.New("no session")
		}
		return err
	}
}
