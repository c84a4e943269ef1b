package attack_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stepup-auth/stepup/internal/method/passkey"
	"github.com/stepup-auth/stepup/internal/method/passkey/passkeytest"
	"github.com/stepup-auth/stepup/internal/operate"
	"github.com/stepup-auth/stepup/internal/server/servertest"
	"github.com/stepup-auth/stepup/internal/serviceauth"
	"github.com/stepup-auth/stepup/internal/shadow"
	"github.com/stepup-auth/stepup/internal/store"
)

// old is an environment on action-based MFA.
const old = "sessions: {lifetime: 10d, idle: 10d}\nmfa: {methods: [{type: totp, enabled: true, allowBackupCodes: true}], actions: " +
	"[{action: user.update, required: true}]}\n"

const legacyAdmin = "/api/v0/admin/environments/" + servertest.Legacy

// operator is the header of a service token that may do everything.
func operator(t *testing.T, s scene) http.Header {
	t.Helper()
	return servertest.Bearer(s.ServiceToken(t, servertest.Legacy,
		[]string{serviceauth.EnvironmentsRead, serviceauth.EnvironmentsWrite, serviceauth.EnvironmentsWeaken}))
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
	return s.Do(t, "POST", user.Path("/users/mfa/auth/totp"), user.Header(),
		m{"id": app.ID, "code": app.Next(), "createMfaToken": options}).Want(t, 200, "").Member("mfaToken")
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
		confirmed := s.Do(t, "POST", user.Path("/users/mfa/auth/totp"), user.Header(),
			m{"id": begun.ID, "code": begun.Code(), "createMfaToken": true}).Want(t, 200, "")
		update(user.Header()).Want(t, 403, "elevated_access_token_required")
		update(withMFAToken(user, confirmed.Member("mfaToken"))).Want(t, 200, "") // the call that confirms an enrolment earns one too
		update(withMFAToken(user, confirmed.Member("mfaToken"))).Want(t, 403, "elevated_access_token_required")
		app := begun
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
		both := s.Do(t, "POST", user.Path("/users/mfa/auth/totp"), user.Header(),
			m{"code": app.Next(), "createMfaToken": true, "requestedScopes": []string{"user:update"}}).Want(t, 200, "")
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
		if r := s.Do(t, "POST", user.Path("/emailVerifications/verify"), user.Header(),
			m{"verificationUUID": id, "verificationToken": code, "createMfaToken": true}); r.Member("mfaToken") != "" {
			t.Error("an email code mints an MFA token")
		}
		again := s.SignIn(t, servertest.Legacy, user.Email)
		if r := s.Do(t, "PUT", again.Path("/users"), withMFAToken(again, lasting), m{"alias": "Eve"}); r.Status != 403 ||
			reason(r) != "wrong_subject" {
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
		s.EnrolApp(t, user)
		if r := update(withMFAToken(user, lasting)); r.Status != 403 || reason(r) != "superseded" {
			t.Errorf("the token outlives its factor: %d %s", r.Status, reason(r))
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
	s.Do(t, "POST", user.Path("/verify/unlink"), withMFAToken(user, lasting), m{"verifiedCredentialId": user.CredentialID}).
		Want(t, 403, "elevated_access_token_required")
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
		{"/reshare", "wallet:reshare",
			m{"oldThresholdSignatureScheme": "TWO_OF_TWO", "newThresholdSignatureScheme": "TWO_OF_THREE"}, "reshare"},
	}
	kinds := map[string]bool{"for a single use": true, "of the session": false}
	newWallet := func() string { // one is exported once a day, and reshared once from two of two
		return user.Path("/waas/" + s.Do(t, "POST", user.Path("/waas/create"), user.Header(), m{"chain": "EVM"}).
			Want(t, 200, "").Member("walletId"))
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

// caller is a user, whose app may be nil.
type caller struct {
	*servertest.Session
	app *servertest.App
}

// traffic is what apps do, each with a user of its own.
var traffic = []struct {
	call    shadow.Call
	scope   string
	enrol   bool // the user has an authenticator app
	request func(t *testing.T, s scene, user caller, header http.Header) servertest.Response
}{
	{shadow.RegisterTOTP, "credential:link", false, func(t *testing.T, s scene, user caller, header http.Header) servertest.Response {
		return s.Do(t, "GET", user.Path("/users/mfa/register/totp"), header, nil)
	}},
	{shadow.LinkEmail, "credential:link", false, func(t *testing.T, s scene, user caller, header http.Header) servertest.Response {
		id, code := s.SendCode(t, servertest.Legacy, "second-"+user.Email, user.Header())
		return s.Do(t, "POST", user.Path("/emailVerifications/verify"), header, typed(id, code))
	}},
	{shadow.UpdateUser, "user:update", true, func(t *testing.T, s scene, user caller, header http.Header) servertest.Response {
		return s.Do(t, "PUT", user.Path("/users"), header, m{"alias": "Ada"})
	}},
	{shadow.DeleteDevice, "credential:unlink", true, func(t *testing.T, s scene, user caller, header http.Header) servertest.Response {
		return s.Do(t, "DELETE", user.Path("/users/mfa/"+user.app.ID), header, nil)
	}},
	{shadow.DeleteUser, "user:delete", false, func(t *testing.T, s scene, user caller, header http.Header) servertest.Response {
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
			switch r := step.request(t, s, caller{user, totp}, header); {
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

// Law 5: "not required" is never followed by a refusal, under either version, with
// entries or without, for whoever has nothing, an app that was linked with nothing
// or a proven one. What a call does not allow for other reasons is no refusal.
func TestCheckIsNeverFollowedByARefusal(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.WithWallets(&servertest.Wallets{}))
	actions := "[{action: user.update, required: true}, {action: wallet.waas.export, required: true}, {action: " +
		"wallet.waas.sign, required: true}, " +
		"{action: wallet.waas.refresh, required: true}, {action: wallet.waas.reshare, required: true}]"
	all := "compatibility: [link-wallet, link-email, link-phone, unlink-wallet, update-user, delete-user, refresh, reshare, " +
		"delete-device, refresh-without-mfa, reshare-without-mfa]\n"
	calls := []struct {
		method, path, scope string
		body                m
	}{
		{"GET", "/users/mfa/register/totp", "credential:link", nil},
		{"GET", "/users/mfa/recovery", "credential:link", nil},
		{"POST", "/users/mfa/recovery", "credential:link", nil},
		{"POST", "/verify/link", "credential:link", m{}},
		{"POST", "/verify/transfer", "credential:link", m{}},
		{"POST", "/users/passkeys/register", "credential:link", m{}},
		{"POST", "/users/mfa/register/passkey", "credential:link", m{"id": "x"}},
		{"POST", "/credentials/{app}/confirm", "credential:link", nil},
		{"DELETE", "/users/mfa/{app}", "credential:unlink", nil},
		{"DELETE", "/users/passkeys", "credential:unlink", m{"passkeyId": "{app}"}},
		{"POST", "/verify/unlink", "credential:unlink", m{"verifiedCredentialId": "{app}"}},
		{"POST", "/verify/unlink", "credential:unlink", m{"verifiedCredentialId": "{codes}"}},
		{"POST", "/verify/unlink", "credential:unlink", m{"verifiedCredentialId": "{address}"}},
		{"PUT", "/users", "user:update", m{"alias": "Ada"}},
		{"PUT", "/users", "credential:update", m{"email": "new-law5@example.com"}},
		{"POST", "/waas/{wallet}/privateKey/export", "wallet:export", m{"exportPublicKey": exportKey(9)}},
		{"POST", "/waas/{wallet}/signMessage", "wallet:sign", m{"message": "hi"}},
		{"POST", "/waas/{wallet}/refresh", "wallet:refresh", m{}},
		{"POST", "/waas/{wallet}/reshare", "wallet:reshare",
			m{"oldThresholdSignatureScheme": "TWO_OF_TWO", "newThresholdSignatureScheme": "TWO_OF_THREE"}},
		{"POST", "/waas/{wallet}/restore", "wallet:restore", nil},
		{"DELETE", "/waas/{wallet}", "wallet:delete", nil},
		{"DELETE", "/users", "user:delete", nil},
	}
	refused, free, people := 0, 0, 0
	for _, version := range []string{"2026_01_01", "2026_04_01"} {
		for _, entries := range []string{"", all} {
			for _, who := range []string{"nothing", "an app linked with nothing", "a proven app"} {
				name := fmt.Sprintf("%s, entries %v, %s", version, entries != "", who)
				document := servertest.Document(servertest.Legacy, servertest.EmbeddedOn+"sessions: {lifetime: 10d, idle: 10d}\n"+
					"mfa: {methods: [{type: totp, enabled: true, allowBackupCodes: true}], actions: "+actions+"}\n")
				s.Apply(t, document)
				people++
				user := s.SignIn(t, servertest.Legacy, fmt.Sprintf("law5-%d@example.com", people))
				wallet := s.Do(t, "POST", user.Path("/waas/create"), user.Header(), m{"chain": "EVM"}).Want(t, 200, "").Member("walletId")
				names := []string{"{wallet}", wallet, "{address}", user.CredentialID}
				if who != "nothing" {
					link := ""
					if who == "a proven app" {
						link = s.StepUp(t, user, "credential:link")
					}
					app := s.BeginApp(t, user, link)
					s.Do(t, "POST", user.Path("/users/mfa/auth/totp"), user.Header(), m{"id": app.ID, "code": app.Code()}).Want(t, 200, "")
					s.recoveryCodes(t, user)
					names = append(names, "{app}", app.ID, "{codes}", s.recoverySet(t, user))
				}
				user = s.SignIn(t, servertest.Legacy, user.Email) // which shows no recovery codes
				s.Apply(t, strings.Replace(document+entries, `minApiVersion: "2026_01_01"`, `minApiVersion: "`+version+`"`, 1))
				fill := strings.NewReplacer(names...)
				for _, call := range calls {
					var check struct{ IsRequired bool }
					s.Do(t, "POST", user.Path("/stepUp/check"), user.Header(), m{"scope": call.scope}).Want(t, 200, "").JSON(t, &check)
					var body any
					if call.body != nil {
						text, err := json.Marshal(call.body)
						if err != nil {
							t.Fatal(err)
						}
						body = json.RawMessage(fill.Replace(string(text)))
					}
					r := s.Do(t, call.method, user.Path(fill.Replace(call.path)), user.Header(), body)
					switch stopped := r.Code == "elevated_access_token_required"; {
					case stopped && !check.IsRequired:
						t.Errorf("%s: %s %s is refused although the check of %s says not required", name, call.method,
							call.path, call.scope)
					case r.Status == 401 || r.Status >= 500:
						t.Errorf("%s: %s %s answers %d %s", name, call.method, call.path, r.Status, r.Code)
					case stopped:
						refused++
					default:
						free++
					}
				}
			}
		}
	}
	if refused < 50 || free < 50 {
		t.Errorf("%d calls were refused and %d were not: this tests nothing", refused, free)
	}
}

// recoverySet is the id of the credential that the user's recovery codes are.
func (s scene) recoverySet(t *testing.T, user *servertest.Session) (id string) {
	t.Helper()
	err := s.DB.Read(t.Context(), func(tx *store.Tx) error {
		return tx.Row(`SELECT id FROM credentials WHERE user_id = $1 AND format = 'recoveryCode'`, user.UserID).Scan(&id)
	})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// After a plain acceptance, clients that cannot attach a token refresh and reshare
// as before for users without a second factor, and for nobody else: not for one
// whose factor is not confirmed, and not where everybody must have one.
func TestRefreshWithoutMFA(t *testing.T) {
	withWalletsOnBothEngines(t, func(t *testing.T, s scene) {
		s.Apply(t, servertest.Document(servertest.Legacy, oldWallets))
		calls := map[string]m{"/refresh": {},
			"/reshare": {"oldThresholdSignatureScheme": "TWO_OF_TWO", "newThresholdSignatureScheme": "TWO_OF_THREE"}}
		call := func(user *servertest.Session, wallet, path string) servertest.Response {
			header := user.Header()
			header.Set("x-dyn-version", "ClientSDK/1.27.1")
			return s.Do(t, "POST", wallet+path, header, calls[path])
		}
		plain, plainWallet := s.withEmbedded(t, servertest.Legacy, "without-mfa@example.com")
		planted, plantedWallet := s.withEmbedded(t, servertest.Legacy, "planted-mfa@example.com")
		app := s.BeginApp(t, planted, "")
		s.Do(t, "POST", planted.Path("/users/mfa/auth/totp"), planted.Header(), m{"id": app.ID, "code": app.Code()}).Want(t, 200, "")
		call(plain, plainWallet, "/refresh").Want(t, 200, "")

		var accepted operate.Accepted
		s.Do(t, "POST", legacyAdmin+"/version", operator(t, s), m{"minApiVersion": "2026_04_01"}).Want(t, 200, "").JSON(t, &accepted)
		for _, entry := range []string{"refresh-without-mfa", "reshare-without-mfa"} {
			if !slices.Contains(accepted.TurnedOn, entry) {
				t.Errorf("%s is not turned on: %v", entry, accepted.TurnedOn)
			}
		}
		planted = s.SignIn(t, servertest.Legacy, planted.Email)
		for path := range calls {
			call(plain, plainWallet, path).Want(t, 200, "")
			wantRefused(t, call(planted, plantedWallet, path), "missing")
		}
		s.Do(t, "POST", plainWallet+"/signMessage", plain.Header(), m{"message": "hi"}).Want(t, 403, "elevated_access_token_required")
		var report operate.Readiness
		s.Do(t, "GET", legacyAdmin+"/readiness", operator(t, s), nil).Want(t, 200, "").JSON(t, &report)
		for _, use := range report.Compatibility {
			if strings.HasSuffix(use.Entry, "-without-mfa") && (use.Count != 1 || use.Removable) {
				t.Errorf("uses counted: %+v", use)
			}
		}
		// Where everybody must have a second factor, nobody without is let through.
		s.Apply(t,
			strings.Replace(servertest.Document(servertest.Legacy, strings.Replace(oldWallets, "mfa:\n", "mfa:\n  required: true\n", 1)+
				"compatibility: [refresh-without-mfa, reshare-without-mfa]\n"), `minApiVersion: "2026_01_01"`,
				`minApiVersion: "2026_04_01"`, 1))
		for path := range calls {
			call(plain, plainWallet, path).Want(t, 403, "additional_auth_required")
		}
	})
}

// An MFA token under the newest version is told that there are none any more.
func TestMFATokenIsToldThatItEnded(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.Apply(t, servertest.Document(servertest.Legacy, old))
	user := s.SignIn(t, servertest.Legacy, "ended@example.com")
	lasting := mfaToken(t, s, user, s.EnrolApp(t, user), m{"singleUse": false})
	s.Do(t, "POST", legacyAdmin+"/version", operator(t, s), m{"minApiVersion": "2026_04_01", "strict": true}).Want(t, 200, "")
	r := s.Do(t, "PUT", user.Path("/users"), withMFAToken(user, lasting), m{"alias": "Ada"})
	wantRefused(t, r, "missing")
	if !strings.Contains(r.Member("error"), "tokens of action-based MFA have ended here") {
		t.Errorf("it says %s", r.Body)
	}
	if r := s.Do(t, "PUT", user.Path("/users"), user.Header(), m{"alias": "Ada"}); strings.Contains(r.Member("error"), "action-based") {
		t.Errorf("without one it says %s", r.Body)
	}
}

// A factor that a proof let in shows its recovery codes right after it was
// confirmed, so that doing this under the old version, where published clients
// enrol with nothing, is not reported as a refusal to come.
func TestReadinessOfRecoveryCodes(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.Apply(t, servertest.Document(servertest.Legacy, old))
	user := s.SignIn(t, servertest.Legacy, "codes@example.com")
	header := user.Header()
	header.Set("x-dyn-version", "WalletKit/5.3.2")
	app := s.BeginApp(t, user, "")
	s.Do(t, "POST", user.Path("/users/mfa/auth/totp"), header, m{"id": app.ID, "code": app.Code()}).Want(t, 200, "")
	s.Do(t, "GET", user.Path("/users/mfa/recovery"), header, nil).Want(t, 200, "")
	refusals := func() (n int64) {
		var report operate.Readiness
		s.Do(t, "GET", legacyAdmin+"/readiness", operator(t, s), nil).Want(t, 200, "").JSON(t, &report)
		for _, r := range report.Refusals {
			if r.Client == "WalletKit/5.3.2" {
				n += r.Count
			}
		}
		return n
	}
	if n := refusals(); n != 0 {
		t.Errorf("%d calls are reported as refused", n)
	}
	s.Clock.Advance(10 * time.Minute)
	s.Do(t, "GET", user.Path("/users/mfa/recovery"), header, nil).Want(t, 200, "")
	if n := refusals(); n != 1 {
		t.Errorf("long after the factor: %d", n)
	}
}

// A call that confirms an enrolment earns an MFA token under the old version, the
// passkey's too, and never under the new one.
func TestMFATokenOfAnEnrolment(t *testing.T) {
	t.Parallel()
	s := start(t)
	document := strings.Replace(passkeytest.On, "methods: [",
		"actions: [{action: user.update, required: true}], methods: [{type: totp, enabled: true}, ", 1)
	s.Apply(t, servertest.Document(servertest.Legacy, document))
	register := func(user *servertest.Session, header http.Header) servertest.Response {
		var options passkey.CreationOptions
		s.Do(t, "GET", user.Path("/users/passkeys/register"), user.Header(), nil).Want(t, 200, "").JSON(t, &options)
		text, err := json.Marshal(passkeytest.New(passkeytest.Origin).Create(options))
		if err != nil {
			t.Fatal(err)
		}
		return s.Do(t, "POST", user.Path("/users/passkeys/register"), header,
			json.RawMessage(strings.Replace(string(text), "{", `{"createMfaToken":{"singleUse":false},`, 1))).Want(t, 200, "")
	}
	user := s.SignIn(t, servertest.Legacy, "confirming@example.com")
	token := register(user, user.Header()).Member("mfaToken")
	s.Do(t, "PUT", user.Path("/users"), user.Header(), m{"alias": "Ada"}).Want(t, 403, "elevated_access_token_required")
	s.Do(t, "PUT", user.Path("/users"), withMFAToken(user, token), m{"alias": "Ada"}).Want(t, 200, "")
	app := s.BeginApp(t, user, "")
	both := s.Do(t, "POST", user.Path("/users/mfa/auth/totp"), user.Header(),
		m{"id": app.ID, "code": app.Code(), "createMfaToken": true, "requestedScopes": []string{"user:update"}}).Want(t, 200, "")
	if both.Member("mfaToken") != "" || both.Member("elevatedAccessToken") != "" {
		t.Errorf("scopes asked for when confirming: %s", both.Body)
	}

	s.Do(t, "POST", legacyAdmin+"/version", operator(t, s), m{"minApiVersion": "2026_04_01", "strict": true}).Want(t, 200, "")
	fresh := s.SignIn(t, servertest.Legacy, "confirming-later@example.com")
	link := s.StepUp(t, fresh, "credential:link")
	app = s.BeginApp(t, fresh, link)
	if r := s.Do(t, "POST", fresh.Path("/users/mfa/auth/totp"), fresh.Header(),
		m{"id": app.ID, "code": app.Code(), "createMfaToken": true}).Want(t, 200, ""); r.Member("mfaToken") != "" {
		t.Error("confirming an app mints under the new version")
	}
	if r := register(fresh, fresh.Header(s.StepUpByApp(t, fresh, app, "credential:link"))); r.Member("mfaToken") != "" {
		t.Error("confirming a passkey mints under the new version")
	}
}
