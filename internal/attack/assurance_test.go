package attack_test

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stepup-auth/stepup/internal/server/servertest"
)

// A4: a session is refreshed many times at once. Nothing rotates that could be
// raced: every answer is the same session, and its end ends them all.
func TestA4RefreshInParallel(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s scene) {
		user := s.SignIn(t, servertest.A, "a4@example.com")
		tokens := make([]string, 30)
		var done sync.WaitGroup
		for i := range tokens {
			done.Go(func() {
				if answer, err := s.Try(t, "POST", sdk("/refresh"), user.Header(), nil); err == nil && answer.Status == 200 {
					tokens[i] = answer.Member("minifiedJwt")
				}
			})
		}
		done.Wait()
		for _, token := range tokens {
			if claims := payload(t, token); claims["sid"] != user.ID || claims["sub"] != user.UserID {
				t.Errorf("a refresh made another session: %v", claims["sid"])
			}
		}
		s.Do(t, "POST", sdk("/revoke"), servertest.Bearer(tokens[0]), nil).Want(t, 204, "")
		for _, token := range append(tokens, user.Token) {
			s.Do(t, "GET", sdk("/users"), servertest.Bearer(token), nil).Want(t, 401, "invalid_session")
		}
	})
}

// payload reads the claims of a token without judging them.
func payload(t *testing.T, token string) (claims map[string]any) {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("not a token: %q", token)
	}
	text, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err == nil {
		err = json.Unmarshal(text, &claims)
	}
	if err != nil {
		t.Fatal(err)
	}
	return claims
}

// C4: one factor does not count twice. Signing in by a code and then stepping
// up by another code to the same address is one factor, and where a scope asks
// for a second one it is not enough; with one enrolled it never is.
func TestC4SameFactorTwice(t *testing.T) {
	t.Parallel()
	s := start(t)
	const two = `  - {scope: "vault:open", audience: "https://bank.example", floor: {withoutMfa: "urn:stepup:mfa"}}` + "\n"
	s.Apply(t, servertest.Document(servertest.A, two+factorsOn))
	user := s.SignIn(t, servertest.A, "c4@example.com")
	mailed := func(scope string) servertest.Response {
		id, code := s.SendCode(t, servertest.A, user.Email, user.Header())
		return s.Do(t, "POST", sdk("/emailVerifications/verify"), user.Header(), typed(id, code, scope))
	}
	mailed("vault:open").Want(t, 422, "mfa_invalid_request")
	mailed(transfer).Want(t, 200, "")
	app := s.EnrolApp(t, user)
	mailed("vault:open").Want(t, 422, "mfa_invalid_request")
	mailed(transfer).Want(t, 422, "mfa_invalid_request")
	claims := payload(t, s.StepUpByApp(t, user, app, "vault:open"))
	if claims["acr"] != "urn:stepup:mfa" || !slices.Contains(claims["amr"].([]any), any("mfa")) {
		t.Errorf("acr %v, amr %v", claims["acr"], claims["amr"])
	}
}

// C6: a factor belongs to the person, not to a spelling of their address.
func TestC6FactorKeyedOnAlias(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.Apply(t, servertest.Document(servertest.A, factorsOn))
	s.EnrolApp(t, s.SignIn(t, servertest.A, "c6@example.com"))
	for _, spelling := range []string{"C6@example.com", " c6@EXAMPLE.com ", "C6@EXAMPLE.COM"} {
		answer := s.Do(t, "POST", sdk("/emailVerifications/create"), nil, m{"email": spelling}).Want(t, 200, "")
		to, sent := answer.Member("email"), 0
		for _, mail := range s.Inbox.To(to) {
			if strings.Contains(mail.Subject, "sign-in code") {
				sent++
			}
		}
		code := s.Inbox.WaitCode(t, to, max(0, sent-1))
		id := answer.Member("verificationUUID")
		var signed struct{ MinifiedJWT string }
		s.Do(t, "POST", sdk("/emailVerifications/signin"), nil, typed(id, code)).Want(t, 200, "").JSON(t, &signed)
		header := servertest.Bearer(signed.MinifiedJWT)
		var methods struct{ UserHasVerifiedMFAMethods bool }
		s.Do(t, "GET", sdk("/users/mfa/methods"), header, nil).Want(t, 200, "").JSON(t, &methods)
		var check struct{ Credentials []struct{ Type string } }
		s.Do(t, "POST", sdk("/stepUp/check"), header, m{"scope": "wallet:export"}).Want(t, 200, "").JSON(t, &check)
		if !methods.UserHasVerifiedMFAMethods || len(check.Credentials) != 1 || check.Credentials[0].Type != "totp" {
			t.Errorf("signed in as %q, the factor is gone: %+v", spelling, check)
		}
	}
}
