package attack_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"testing"

	"github.com/stepup-auth/stepup/internal/operate"
	"github.com/stepup-auth/stepup/internal/server/servertest"
	"github.com/stepup-auth/stepup/internal/serviceauth"
	"github.com/stepup-auth/stepup/internal/shadow"
)

// old is an environment on action-based MFA.
const old = "sessions: {lifetime: 10d, idle: 10d}\nmfa: {methods: [{type: totp, enabled: true, allowBackupCodes: true}], actions: [{action: user.update, required: true}]}\n"

const legacyAdmin = "/api/v0/admin/environments/" + servertest.Legacy

// operator is the header of a service token that may do everything.
func operator(t *testing.T, s scene) http.Header {
	t.Helper()
	return servertest.Bearer(s.ServiceToken(t, servertest.Legacy, []string{serviceauth.EnvironmentsRead, serviceauth.EnvironmentsWrite, serviceauth.EnvironmentsWeaken}))
}

// withMFAToken is the header of a request that carries the token of action-based MFA.
func withMFAToken(user *servertest.Session, token string) http.Header {
	header := user.Header()
	header.Set("x-mfa-auth-token", token)
	return header
}

// mfaToken gives the second factor and asks for an MFA token.
func mfaToken(t *testing.T, s scene, user *servertest.Session, app *servertest.App, options any) string {
	t.Helper()
	return s.Do(t, "POST", user.Path("/users/mfa/auth/totp"), user.Header(), m{"id": app.ID, "code": app.Next(), "createMfaToken": options}).Want(t, 200, "").Member("mfaToken")
}

// C1, C5: what createMfaToken earns, what it opens, and what it never does.
func TestC5MFATokens(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s scene) {
		s.Apply(t, servertest.Document(servertest.Legacy, old))
		user := s.SignIn(t, servertest.Legacy, "legacy-tokens@example.com")
		update := func(header http.Header) servertest.Response {
			return s.Do(t, "PUT", user.Path("/users"), header, m{"alias": "Ada"})
		}
		update(user.Header()).Want(t, 200, "") // nothing enrolled: nothing asked
		begun := s.BeginApp(t, user, s.StepUp(t, user, "credential:link"))
		confirmed := s.Do(t, "POST", user.Path("/users/mfa/auth/totp"), user.Header(), m{"id": begun.ID, "code": begun.Code(), "createMfaToken": true}).Want(t, 200, "")
		if confirmed.Member("mfaToken") != "" {
			t.Error("confirming an enrolment mints an MFA token")
		}
		app := begun
		update(user.Header()).Want(t, 403, "elevated_access_token_required")
		update(withMFAToken(user, "")).Want(t, 403, "elevated_access_token_required")
		update(withMFAToken(user, user.Token)).Want(t, 403, "elevated_access_token_required")
		for name, options := range map[string]any{"true": true, "an object": m{"singleUse": true}} {
			token := mfaToken(t, s, user, app, options)
			update(withMFAToken(user, token)).Want(t, 200, "")
			if r := update(withMFAToken(user, token)); r.Status != 403 || reason(r) != "spent" {
				t.Errorf("%s: the second use: %d %s", name, r.Status, reason(r))
			}
		}
		lasting := mfaToken(t, s, user, app, m{"singleUse": false})
		for range 3 {
			update(withMFAToken(user, lasting)).Want(t, 200, "")
		}
		if mfaToken(t, s, user, app, false) != "" {
			t.Error("plain false mints a token")
		}
		both := s.Do(t, "POST", user.Path("/users/mfa/auth/totp"), user.Header(), m{"code": app.Next(), "createMfaToken": true, "requestedScopes": []string{"user:update"}}).Want(t, 200, "")
		if both.Member("mfaToken") != "" || both.Member("elevatedAccessToken") == "" {
			t.Errorf("both asked for: %s", both.Body)
		}
		// The elevated token comes first and leaves the legacy one alone.
		single := mfaToken(t, s, user, app, true)
		header := user.Header(both.Member("elevatedAccessToken"))
		header.Set("x-mfa-auth-token", single)
		update(header).Want(t, 200, "")
		update(withMFAToken(user, single)).Want(t, 200, "")

		// A code by mail is no second factor, and a token is its session's alone.
		id, code := s.SendCode(t, servertest.Legacy, user.Email, user.Header())
		if r := s.Do(t, "POST", user.Path("/emailVerifications/verify"), user.Header(), m{"verificationUUID": id, "verificationToken": code, "createMfaToken": true}); r.Member("mfaToken") != "" {
			t.Error("an email code mints an MFA token")
		}
		again := s.SignIn(t, servertest.Legacy, user.Email)
		if r := s.Do(t, "PUT", again.Path("/users"), withMFAToken(again, lasting), m{"alias": "Eve"}); r.Status != 403 || reason(r) != "wrong_subject" {
			t.Errorf("in another session: %d %s", r.Status, reason(r))
		}
		// It is no session, no elevated token and no service token.
		s.Do(t, "GET", user.Path("/users"), servertest.Bearer(lasting), nil).Want(t, 401, "invalid_session")
		update(user.Header(lasting)).Want(t, 403, "elevated_access_token_required")
		s.Do(t, "GET", legacyAdmin, servertest.Bearer(lasting), nil).Want(t, 401, "invalid_service_token")

		// Removing a factor takes one under the old version, and removes the token with it.
		remove := user.Path("/users/mfa/" + app.ID)
		s.Do(t, "DELETE", remove, user.Header(), nil).Want(t, 403, "elevated_access_token_required")
		s.Do(t, "DELETE", remove, withMFAToken(user, lasting), nil).Want(t, 204, "")
		if r := s.Do(t, "DELETE", remove, withMFAToken(user, lasting), nil); r.Status != 403 {
			t.Errorf("the token outlives its factor: %d", r.Status)
		}
	})
}

// C1: after the newest version is accepted with --strict no MFA token opens
// anything; with entries only what they name.
func TestC1MFATokensAfterAccepting(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.Apply(t, servertest.Document(servertest.Legacy, old))
	admin := operator(t, s)
	user := s.SignIn(t, servertest.Legacy, "legacy-accept@example.com")
	app := s.EnrolApp(t, user)
	lasting := mfaToken(t, s, user, app, m{"singleUse": false})
	update := func() servertest.Response {
		return s.Do(t, "PUT", user.Path("/users"), withMFAToken(user, lasting), m{"alias": "Ada"})
	}
	update().Want(t, 200, "")
	s.Do(t, "POST", legacyAdmin+"/version", admin, m{"minApiVersion": "2026_04_01", "strict": true}).Want(t, 200, "")
	update().Want(t, 403, "elevated_access_token_required")
	remove := user.Path("/users/mfa/" + app.ID)
	s.Do(t, "DELETE", remove, withMFAToken(user, lasting), nil).Want(t, 403, "elevated_access_token_required")
	s.Do(t, "GET", user.Path("/users/mfa/register/totp"), withMFAToken(user, lasting), nil).Want(t, 403, "elevated_access_token_required")

	s.Apply(t, servertest.Document(servertest.Legacy, old+"compatibility: [delete-device]\n")) // goes back
	update().Want(t, 200, "")
	s.Do(t, "POST", legacyAdmin+"/version", admin, m{"minApiVersion": "2026_04_01", "strict": true}).Want(t, 200, "")
	update().Want(t, 403, "elevated_access_token_required")
	s.Do(t, "POST", user.Path("/verify/unlink"), withMFAToken(user, lasting), m{"verifiedCredentialId": user.CredentialID}).Want(t, 403, "elevated_access_token_required")
	s.Do(t, "DELETE", remove, withMFAToken(user, lasting), nil).Want(t, 204, "")
}

// C1, C5: with the real wallet service, both kinds of MFA token open export, sign,
// refresh and reshare under the old version; after accepting the newest with
// --strict neither opens any of them, and without it just refresh and reshare, whose
// entries were turned on because a client was seen that needs them. What is refused spends nothing.
func TestC1MFATokensAtWallets(t *testing.T) {
	t.Parallel()
	t.Run("strict", func(t *testing.T) { t.Parallel(); mfaTokensAtWallets(t, true) })
	t.Run("with entries", func(t *testing.T) { t.Parallel(); mfaTokensAtWallets(t, false) })
}

func mfaTokensAtWallets(t *testing.T, strict bool) {
	s := start(t, servertest.WithCustodians(t.TempDir()))
	s.Apply(t, servertest.Document(servertest.Legacy, oldWallets))
	admin := operator(t, s)
	user := s.SignIn(t, servertest.Legacy, "legacy-wallets@example.com")
	app := s.EnrolApp(t, user)
	actions := []struct {
		route, scope string
		body         m
		entry        string // lets an MFA token in under the newest version
	}{
		{"/privateKey/export", "wallet:export", m{"exportPublicKey": exportKey(9)}, ""},
		{"/signMessage", "wallet:sign", m{"message": "hi"}, ""},
		{"/refresh", "wallet:refresh", m{}, "refresh"},
		{"/reshare", "wallet:reshare", m{"oldThresholdSignatureScheme": "TWO_OF_TWO", "newThresholdSignatureScheme": "TWO_OF_THREE"}, "reshare"},
	}
	kinds := map[string]bool{"for a single use": true, "of the session": false}
	newWallet := func() string { // one is exported once a day, and reshared once from two of two
		return user.Path("/waas/" + s.Do(t, "POST", user.Path("/waas/create"), user.Header(), m{"chain": "EVM"}).Want(t, 200, "").Member("walletId"))
	}
	lasting := mfaToken(t, s, user, app, m{"singleUse": false})
	do := func(wallet string, i int, header http.Header) servertest.Response {
		header.Set("x-dyn-version", "ClientSDK/1.27.1") // attaches an elevated token to no refresh and no reshare
		return s.Do(t, "POST", wallet+actions[i].route, header, actions[i].body)
	}
	token := func(single bool) string {
		if single {
			return mfaToken(t, s, user, app, true)
		}
		return lasting
	}
	unspent := make([]string, len(actions)) // one for each action, earned under the old version
	for kind, single := range kinds {
		wallet := newWallet()
		for i, a := range actions {
			do(wallet, i, user.Header()).Want(t, 403, "elevated_access_token_required")
			text := token(single)
			if r := do(wallet, i, withMFAToken(user, text)); r.Status != 200 {
				t.Errorf("%s with a token %s under the old version: %d %s", a.route, kind, r.Status, r.Body)
			}
			if r := do(wallet, i, withMFAToken(user, text)); single && (r.Status != 403 || reason(r) != "spent") {
				t.Errorf("%s a second time with a token %s: %d %s", a.route, kind, r.Status, reason(r))
			}
		}
	}
	for i := range actions {
		unspent[i] = token(true)
	}

	var accepted operate.Accepted
	s.Do(t, "POST", legacyAdmin+"/version", admin, m{"minApiVersion": "2026_04_01", "strict": strict}).Want(t, 200, "").JSON(t, &accepted)
	for _, a := range actions {
		if a.entry != "" && slices.Contains(accepted.TurnedOn, a.entry) == strict {
			t.Fatalf("turned on %v, strict %v", accepted.TurnedOn, strict)
		}
	}
	for kind, single := range kinds {
		wallet := newWallet()
		for i, a := range actions {
			text := lasting
			if single {
				text = unspent[i]
			}
			r := do(wallet, i, withMFAToken(user, text))
			switch opens := !strict && a.entry != ""; {
			case opens && r.Status != 200:
				t.Errorf("%s with a token %s and the entry %s: %d %s", a.route, kind, a.entry, r.Status, r.Body)
			case !opens && (r.Status != 403 || r.Code != "elevated_access_token_required"):
				t.Errorf("%s with a token %s after accepting: %d %s", a.route, kind, r.Status, r.Body)
			}
		}
	}

	// Back under the old version: what was refused is good for one use still.
	s.Apply(t, servertest.Document(servertest.Legacy, oldWallets))
	wallet := newWallet()
	for i, a := range actions {
		used := !strict && a.entry != ""
		r := do(wallet, i, withMFAToken(user, unspent[i]))
		switch {
		case used && (r.Status != 403 || reason(r) != "spent"):
			t.Errorf("%s with a token that the entry had let in: %d %s", a.route, r.Status, reason(r))
		case !used && r.Status != 200:
			t.Errorf("%s with a token that was refused and not used: %d %s", a.route, r.Status, r.Body)
		}
	}
}

// Rehearsal: the new rules hold for the named user alone.
func TestRehearsal(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s scene) {
		tester := s.SignIn(t, servertest.Legacy, "tester@example.com")
		byID := s.SignIn(t, servertest.Legacy, "named-by-id@example.com")
		other := s.SignIn(t, servertest.Legacy, "other@example.com")
		s.Apply(t, servertest.Document(servertest.Legacy, old+"rehearsal: {users: [Tester@Example.com, "+byID.UserID+"]}\n"))
		required := func(user *servertest.Session) bool {
			var check struct{ IsRequired bool }
			s.Do(t, "POST", user.Path("/stepUp/check"), user.Header(), m{"scope": "credential:link"}).Want(t, 200, "").JSON(t, &check)
			return check.IsRequired
		}
		for user, want := range map[*servertest.Session]int{tester: 403, byID: 403, other: 200} {
			if required(user) != (want == 403) {
				t.Errorf("%s: the check says %v", user.Email, required(user))
			}
			if r := s.Do(t, "GET", user.Path("/users/mfa/register/totp"), user.Header(), nil); r.Status != want {
				t.Errorf("%s: %d %s, want %d", user.Email, r.Status, r.Code, want)
			}
		}
		s.Do(t, "GET", tester.Path("/users/mfa/register/totp"), tester.Header(s.StepUp(t, tester, "credential:link")), nil).Want(t, 200, "")
	})
}

// app is a client as its users have it.
type app struct {
	version string
	steps   bool // it asks stepUp/check and proves
}

var apps = []app{{"ClientSDK/0.20.0", false}, {"ClientSDK/1.27.1", true}, {"WalletKit/5.3.2", true}, {"WalletKit/4.1.0", false}}

// traffic is what apps do, each with a user of its own.
var traffic = []struct {
	call    shadow.Call
	scope   string
	enrol   bool // the user has an authenticator app
	request func(t *testing.T, s scene, user *servertest.Session, app *servertest.App, header http.Header) servertest.Response
}{
	{shadow.RegisterTOTP, "credential:link", false, func(t *testing.T, s scene, user *servertest.Session, _ *servertest.App, header http.Header) servertest.Response {
		return s.Do(t, "GET", user.Path("/users/mfa/register/totp"), header, nil)
	}},
	{shadow.LinkEmail, "credential:link", false, func(t *testing.T, s scene, user *servertest.Session, _ *servertest.App, header http.Header) servertest.Response {
		id, code := s.SendCode(t, servertest.Legacy, "second-"+user.Email, user.Header())
		return s.Do(t, "POST", user.Path("/emailVerifications/verify"), header, typed(id, code))
	}},
	{shadow.UpdateUser, "user:update", true, func(t *testing.T, s scene, user *servertest.Session, _ *servertest.App, header http.Header) servertest.Response {
		return s.Do(t, "PUT", user.Path("/users"), header, m{"alias": "Ada"})
	}},
	{shadow.DeleteDevice, "credential:unlink", true, func(t *testing.T, s scene, user *servertest.Session, app *servertest.App, header http.Header) servertest.Response {
		return s.Do(t, "DELETE", user.Path("/users/mfa/"+app.ID), header, nil)
	}},
	{shadow.DeleteUser, "user:delete", false, func(t *testing.T, s scene, user *servertest.Session, _ *servertest.App, header http.Header) servertest.Response {
		return s.Do(t, "DELETE", user.Path("/users"), header, nil)
	}},
}

// replay runs all traffic once and returns how many calls were refused, by client
// and call.
func replay(t *testing.T, s scene, phase string) map[string]int64 {
	refused := map[string]int64{}
	for i, client := range apps {
		sdk, _ := shadow.ParseClient(client.version)
		for j, step := range traffic {
			user := s.SignIn(t, servertest.Legacy, fmt.Sprintf("replay-%s-%d-%d@example.com", phase, i, j))
			var totp *servertest.App
			header := user.Header()
			if step.enrol {
				totp = s.EnrolApp(t, user)
			}
			prove := func(scope string) string {
				if totp != nil {
					return s.StepUpByApp(t, user, totp, scope)
				}
				return s.StepUp(t, user, scope)
			}
			switch {
			case client.steps:
				var check struct{ IsRequired bool }
				s.Do(t, "POST", user.Path("/stepUp/check"), user.Header(), m{"scope": step.scope}).Want(t, 200, "").JSON(t, &check)
				switch {
				case check.IsRequired && sdk.Attaches(step.call):
					header = user.Header(prove(step.scope))
				case totp != nil: // they still send an MFA token where they always did
					header = withMFAToken(user, mfaToken(t, s, user, totp, true))
				}
			case totp != nil:
				header = withMFAToken(user, mfaToken(t, s, user, totp, true))
			}
			header.Set("x-dyn-version", client.version)
			switch r := step.request(t, s, user, totp, header); {
			case r.Status == 403 && r.Code == "elevated_access_token_required":
				refused[client.version+" "+string(step.call)]++
			case r.Status/100 != 2:
				t.Errorf("%s: %s by %s: %d %s", phase, step.call, client.version, r.Status, r.Body)
			}
		}
	}
	return refused
}

// What shadow mode predicts under the old version is exactly what is refused once
// the newest version was accepted with --strict.
func TestShadowModePredictsTheRefusals(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s scene) {
		s.Apply(t, servertest.Document(servertest.Legacy, old))
		admin := operator(t, s)
		if refused := replay(t, s, "before"); len(refused) != 0 {
			t.Fatalf("refused under the old version: %v", refused)
		}
		var report operate.Readiness
		s.Do(t, "GET", legacyAdmin+"/readiness", admin, nil).Want(t, 200, "").JSON(t, &report)
		predicted := map[string]int64{}
		for _, call := range report.Refusals {
			predicted[call.Client+" "+call.Call] += call.Count
		}
		if len(predicted) == 0 || report.Calls.Prompt == 0 {
			t.Fatalf("nothing is predicted: %+v", report)
		}
		s.Do(t, "POST", legacyAdmin+"/version", admin, m{"minApiVersion": "2026-04-01", "strict": true}).Want(t, 200, "")
		if refused := replay(t, s, "after"); !maps.Equal(refused, predicted) {
			t.Errorf("predicted\n%v\nrefused\n%v", sortedCounts(predicted), sortedCounts(refused))
		}
	})
}

func sortedCounts(counts map[string]int64) (lines []string) {
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		lines = append(lines, fmt.Sprintf("%s: %d", name, counts[name]))
	}
	return lines
}

// Without --strict no call fails that passed before: acceptance turns on what the
// clients seen need.
func TestAcceptingBreaksNobody(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.Apply(t, servertest.Document(servertest.Legacy, old))
	admin := operator(t, s)
	replay(t, s, "before")
	var accepted operate.Accepted
	s.Do(t, "POST", legacyAdmin+"/version", admin, m{"minApiVersion": "2026_04_01"}).Want(t, 200, "").JSON(t, &accepted)
	refused := replay(t, s, "after")
	for call := range refused { // the first factor cannot be let in free, and has no entry
		if call != "ClientSDK/0.20.0 "+string(shadow.RegisterTOTP) && call != "WalletKit/4.1.0 "+string(shadow.RegisterTOTP) {
			t.Errorf("refused although %v was turned on: %s", accepted.TurnedOn, call)
		}
	}
	var report operate.Readiness
	s.Do(t, "GET", legacyAdmin+"/readiness", admin, nil).Want(t, 200, "").JSON(t, &report)
	uses := map[string]int64{}
	for _, use := range report.Compatibility {
		uses[use.Entry] = use.Count
	}
	if uses["update-user"] == 0 || uses["link-email"] == 0 || uses["delete-user"] == 0 || uses["delete-device"] == 0 {
		t.Errorf("uses of entries are counted as %v", uses)
	}
}
