package attack_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/server/servertest"
	"github.com/stepup-auth/stepup/internal/serviceauth"
)

// C1: a fresh sign-in, or a code by mail, stands in for the stronger proof that a scope asks for.
func TestC1RecentSignInIsNoStepUp(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.Apply(t, servertest.Document(servertest.A, `
  - {scope: "vault:open", audience: "https://bank.example", floor: {withoutMfa: "urn:stepup:mfa"}}
  - {scope: "vault:phr", audience: "https://bank.example", floor: {withoutMfa: "urn:stepup:phr"}}
  - {scope: "vault:l3", audience: "https://bank.example", floor: {preset: asvs-l3}}
  - {scope: "wallet:export", floor: {preset: asvs-l3}}
`))
	id, code := s.SendCode(t, servertest.A, "c1@example.com", nil)
	r := s.Do(t, "POST", sdk("/emailVerifications/signin"), nil, typed(id, code, transfer, "vault:open", "wallet:export")).Want(t, 200, "")
	if token := r.Member("elevatedAccessToken"); token != "" {
		t.Error("signing in minted a token")
	}
	// Seconds after that sign-in:
	user := s.SignIn(t, servertest.A, "c1@example.com")
	wantRefused(t, s.Do(t, "DELETE", sdk("/users"), user.Header(), nil), "missing")
	wantRefused(t, s.Do(t, "DELETE", sdk("/users"), user.Header(user.Token), nil), "missing")
	for _, scopes := range [][]string{{"vault:open"}, {"vault:phr"}, {"vault:l3"}, {"wallet:export"}, {transfer, "vault:open"},
		{"vault:open", transfer}, {"user:delete", "wallet:export"}} {
		id, code := s.SendCode(t, servertest.A, user.Email, user.Header())
		r := s.Do(t, "POST", sdk("/emailVerifications/verify"), user.Header(), typed(id, code, scopes...))
		if r.Status != 422 || r.Code != "mfa_invalid_request" || r.Member("elevatedAccessToken") != "" {
			t.Errorf("a code by mail for %v: %d %s", scopes, r.Status, r.Body)
		}
	}
	// The scope may be raised while a token is out.
	token := s.StepUp(t, user, transfer)
	s.Apply(t, strings.Replace(servertest.Document(servertest.A, ""), `{scope: "transfer:create",`,
		`{scope: "transfer:create", floor: {preset: asvs-l3},`, 1))
	wantRefused(t, s.consume(t, token, transfer, "raised"), "superseded")
	if s.active(t, token) {
		t.Error("a token from a proof that is too weak now is active")
	}
}

// C10: scopes are whole words out of a closed set.
func TestC10ScopeSmuggling(t *testing.T) {
	t.Parallel()
	s := start(t)
	user := s.SignIn(t, servertest.A, "c10@example.com")
	id, code := s.SendCode(t, servertest.A, user.Email, user.Header())
	for _, scope := range []string{
		"", " ", "wallet", "wallet:", ":export", "wallet:*", "*", "wallet:export:all", "Wallet:Export", "WALLET:EXPORT", "wallet:export ",
		" wallet:export", "wallet:export wallet:sign",
		"wallet:export,wallet:sign", "wallet:export\twallet:sign", "wallet:export\nwallet:sign", "wallet:expor", "wallet:exportx",
		"wallet:ex\u200bport", "wаllet:export", "wallet%3Aexport",
		"wallet:export\u0000", "user:basic", "console:user:delete", "console:mfa:reset", "business_account:member:add",
		"transfer:create transfer:create", "transfer:*", "transfer", "unknown:scope",
	} {
		r := s.Do(t, "POST", sdk("/emailVerifications/verify"), user.Header(), typed(id, code, scope))
		if r.Status/100 != 4 || r.Member("elevatedAccessToken") != "" || r.Code != "invalid_scopes" && r.Code != "invalid_json" {
			t.Errorf("scope %q: %d %s", scope, r.Status, r.Body)
		}
	}
	// two audiences
	s.Do(t, "POST", sdk("/emailVerifications/verify"), user.Header(), typed(id, code, transfer, "wallet:export")).
		Want(t, 422, "invalid_scopes")
	s.Do(t, "POST", sdk("/emailVerifications/verify"), user.Header(), typed(id, code, report)).Want(t, 200, "") // none of that cost a try

	token := s.StepUp(t, user, report)
	for _, scope := range []string{"report", "report:", "report:*", "report:rea", "report:readx", "Report:read",
		"report:read transfer:create", "report:read ", "transfer:create"} {
		if r := s.consume(t, token, scope, "c10"); r.Status/100 != 4 {
			t.Errorf("consuming as %q: %d %s", scope, r.Status, r.Body)
		}
	}
	s.consume(t, token, report, "c10").Want(t, 200, "")
}

// C12, C3: a token outlives what it came from. It is refused at once at our own
// gate, at consume and at introspection; whoever only checks the signature
// believes it until it expires, ten minutes later at most.
func TestC12TokenOutlivesRevocation(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s scene) {
		admin := s.ServiceToken(t, servertest.A, []string{serviceauth.UsersWrite})
		operate := func(user *servertest.Session, what string, status int) {
			t.Helper()
			s.Do(t, "POST", servertest.Admin(servertest.A)+"/users/"+user.UserID+"/"+what, servertest.Bearer(admin), nil).
				Want(t, status, "")
		}
		for name, end := range map[string]func(user *servertest.Session){
			"signed out":       func(u *servertest.Session) { s.Do(t, "POST", sdk("/revoke"), u.Header(), nil).Want(t, 204, "") },
			"sessions revoked": func(u *servertest.Session) { operate(u, "revoke-sessions", 200) },
			"user disabled":    func(u *servertest.Session) { operate(u, "disable", 204) },
			"disabled and enabled again": func(u *servertest.Session) {
				operate(u, "disable", 204)
				operate(u, "enable", 204)
			},
			"credential unlinked": func(u *servertest.Session) { s.replaceCredential(t, u) },
			"user deleted": func(u *servertest.Session) {
				s.Do(t, "DELETE", sdk("/users"), u.Header(s.StepUp(t, u, "user:delete")), nil).Want(t, 204, "")
			},
		} {
			user := s.SignIn(t, servertest.A, strings.ReplaceAll(name, " ", "-")+"@example.com")
			timeBound, single, own := s.StepUp(t, user, report), s.StepUp(t, user, transfer),
				s.StepUp(t, user, "credential:unlink", "user:delete")
			s.consume(t, timeBound, report, "before-"+user.UserID).Want(t, 200, "")
			if !s.active(t, timeBound) || !s.active(t, single) || !s.active(t, own) {
				t.Fatalf("%s: a fresh token is not active", name)
			}
			end(user)
			for i, token := range []string{timeBound, single, own} {
				if s.active(t, token) {
					t.Errorf("%s: token %d is active", name, i)
				}
			}
			wantRefused(t, s.consume(t, timeBound, report, "after-1-"+user.UserID), "superseded")
			wantRefused(t, s.consume(t, single, transfer, "after-2-"+user.UserID), "superseded")
			if r := s.consume(t, timeBound, report, "before-"+user.UserID); r.Member("result") == "first" {
				t.Errorf("%s: an earlier operation was let through again", name)
			}
			switch r := s.Do(t, "DELETE", sdk("/users"), user.Header(own), nil); {
			case name == "credential unlinked":
				wantRefused(t, r, "superseded") // the session lives
			default:
				r.Want(t, 401, "invalid_session")
				if s.active(t, user.Token) {
					t.Errorf("%s: the session is active", name)
				}
			}
		}
		s.offlineBound(t)
	})
}

// offlineBound states what offline verifiers miss, and until when.
func (s scene) offlineBound(t *testing.T) {
	t.Helper()
	user := s.SignIn(t, servertest.A, "offline@example.com")
	token := s.StepUp(t, user, report)
	s.Do(t, "POST", sdk("/revoke"), user.Header(), nil).Want(t, 204, "")
	offline, err := stepup.NewVerifier(stepup.Config{Issuer: s.Issuer(servertest.A), Audiences: []string{"https://bank.example"},
		Now: s.Now})
	if err != nil {
		t.Fatal(err)
	}
	claims, err := offline.Elevated(t.Context(), token)
	if err != nil {
		t.Errorf("a revoked token offline: %v, want it to be believed", err)
	}
	if life := claims.Expires.Sub(s.Now()); life > stepup.MaxTimeBoundLife {
		t.Errorf("it would be believed for %s", life)
	}
	s.Clock.Advance(stepup.MaxTimeBoundLife)
	if _, err := offline.Elevated(t.Context(), token); stepup.ReasonOf(err) != stepup.ReasonExpired {
		t.Errorf("a revoked token offline after its life: %v", err)
	}
}

// replaceCredential links a second address and unlinks the first, which the
// session's tokens came from.
func (s scene) replaceCredential(t *testing.T, user *servertest.Session) {
	t.Helper()
	token := s.StepUp(t, user, "credential:link", "credential:unlink")
	second := "second-" + user.Email
	id, code := s.SendCode(t, servertest.A, second, user.Header())
	s.Do(t, "POST", sdk("/emailVerifications/verify"), user.Header(token), typed(id, code)).Want(t, 200, "")
	s.Do(t, "POST", sdk("/verify/unlink"), user.Header(token), m{"verifiedCredentialId": user.CredentialID}).Want(t, 200, "")
	// One proof opened both doors, and went with the credential it came from.
	wantRefused(t, s.Do(t, "POST", sdk("/verify/unlink"), user.Header(token), m{"verifiedCredentialId": user.CredentialID}), "superseded")
}

// C13: opaque tokens are taken whole or not at all.
func TestC13CutPaddedOrFlippedToken(t *testing.T) {
	t.Parallel()
	s := start(t)
	user := s.SignIn(t, servertest.A, "c13@example.com")
	ask := func(guard string) servertest.Response {
		return s.Do(t, "POST", sdk("/tokens/introspect"), servertest.Bearer(guard), m{"token": user.Token})
	}
	ask(s.guard).Want(t, 200, "")
	for _, bad := range mangled(s.guard) {
		if r := ask(bad); r.Status != 401 {
			t.Errorf("service token %q for %q: %d", bad, s.guard, r.Status)
		}
	}
	id, code := s.changeAddress(t, user, "c13-new@example.com")
	before := len(s.Inbox.To(user.Email))
	s.Do(t, "POST", sdk("/emailVerifications/verify"), user.Header(), typed(id, code)).Want(t, 200, "")
	link := linkSecret(t, s.Inbox.Wait(t, user.Email, before).Text)
	for _, bad := range mangled(link) {
		if r := s.Do(t, "POST", sdk("/notMe"), nil, m{"token": bad}); r.Status/100 != 4 {
			t.Errorf("link %q for %q: %d", bad, link, r.Status)
		}
	}
	s.Do(t, "POST", sdk("/notMe"), nil, m{"token": link}).Want(t, 204, "")

	id, code = s.SendCode(t, servertest.A, "c13-code@example.com", nil)
	for _, bad := range []string{code + ".", "_" + code, code + "0", "0" + code, code[:5], "+" + code,
		code[:3] + "," + code[3:], "٠١٢٣٤٥"} {
		if r := s.Do(t, "POST", sdk("/emailVerifications/signin"), nil, typed(id, bad)); r.Status != 422 && r.Status != 429 {
			t.Errorf("code %q for %q: %d", bad, code, r.Status)
		}
	}
	for _, bad := range mangled(id) {
		if r := s.Do(t, "POST", sdk("/emailVerifications/signin"), nil, typed(bad, code)); r.Status/100 != 4 {
			t.Errorf("verification %q for %q: %d", bad, id, r.Status)
		}
	}
}

// mangled is every prefix of a token, it with something on either side, and it
// with each character changed.
func mangled(token string) []string {
	list := []string{token + token, token + "=", token + "a", token + "\u00a0", "a" + token, strings.ToLower(token) + "A", "0" + token}
	if upper := strings.ToUpper(token); upper != token {
		list = append(list, upper)
	}
	if lower := strings.ToLower(token); lower != token {
		list = append(list, lower)
	}
	for i := range token {
		list = append(list, token[:i], flip(token, i))
	}
	return list
}

// F6: the id of a session is new at each sign-in, the same after, and nobody
// else's choice.
func TestF6SessionFixation(t *testing.T) {
	t.Parallel()
	s := start(t)
	seen := map[string]bool{}
	var last *servertest.Session
	for range 3 {
		chosen := "00000000-0000-4000-8000-000000000000"
		if last != nil {
			chosen = last.ID
		}
		id, code := s.SendCode(t, servertest.A, "f6@example.com", nil)
		body := typed(id, code)
		header := servertest.Bearer("not a session")
		if last != nil {
			header = last.Header() // signing in while signed in
		}
		for _, name := range []string{"sessionId", "sid", "id", "session"} {
			body[name] = chosen
			header.Set("x-dyn-"+name, chosen)
		}
		header.Set("x-dyn-session-id", chosen)
		header.Set("Cookie", "sid="+chosen+"; DYNAMIC_JWT_TOKEN="+chosen)
		var answer struct {
			MinifiedJWT string
			User        struct{ SessionID string }
		}
		s.Do(t, "POST", sdk("/emailVerifications/signin"), header, body).Want(t, 200, "").JSON(t, &answer)
		if seen[answer.User.SessionID] || answer.User.SessionID == chosen || len(answer.User.SessionID) < 32 {
			t.Errorf("session id %q at a sign-in that followed %v", answer.User.SessionID, seen)
		}
		seen[answer.User.SessionID] = true
		last = &servertest.Session{Environment: servertest.A, Email: "f6@example.com", ID: answer.User.SessionID, Token: answer.MinifiedJWT}
		s.Clock.Advance(time.Second)
		for range 2 {
			s.Do(t, "POST", sdk("/refresh"), last.Header(), nil).Want(t, 200, "").JSON(t, &answer)
			if answer.User.SessionID != last.ID {
				t.Errorf("session id %q became %q on refresh", last.ID, answer.User.SessionID)
			}
		}
	}
}
