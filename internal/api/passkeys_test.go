package api_test

import (
	"testing"

	"github.com/stepup-auth/stepup/internal/method/passkey"
	"github.com/stepup-auth/stepup/internal/method/passkey/passkeytest"
	"github.com/stepup-auth/stepup/internal/server/servertest"
)

// passkeyOptions asks for options and decodes them.
func passkeyOptions[T any](w walker, path, token string) (options T) {
	w.t.Helper()
	w.do("GET "+env+path, token, nil, nil).Want(w.t, 200, "").JSON(w.t, &options)
	return options
}

func walkPasskeys(w walker) {
	t := w.t
	w.Apply(t, servertest.Document(w.environment, passkeytest.On))
	defer w.Apply(t, servertest.Document(w.environment, ""))
	alice := w.SignIn(t, w.environment, "passkeys@example.com")
	a := passkeytest.New(passkeytest.Origin)

	if none := passkeyOptions[passkey.RequestOptions](w, "/users/passkeys/authenticate", alice.Token); none.AllowCredentials == nil ||
		len(none.AllowCredentials) > 0 {
		t.Errorf("options of a user without a passkey: %+v", none)
	}

	made := a.Create(passkeyOptions[passkey.CreationOptions](w, "/users/passkeys/register", alice.Token))
	w.do("POST "+env+"/users/passkeys/register", alice.Token, nil, made).Want(t, 403, "elevated_access_token_required")
	link := w.StepUp(t, alice, "credential:link")
	w.do("POST "+env+"/users/passkeys/register", alice.Token, []string{link}, made).Want(t, 200, "") // the refusal cost nothing
	w.do("POST "+env+"/users/passkeys/register", alice.Token, []string{link}, made).Want(t, 403, "elevated_access_token_required")

	var list struct {
		Count    int
		Passkeys []struct{ ID, CredentialID, Alias string }
	}
	w.do("GET "+env+"/users/passkeys", alice.Token, nil, nil).Want(t, 200, "").JSON(t, &list)
	if list.Count != 1 || len(list.Passkeys) != 1 || list.Passkeys[0].CredentialID != a.WebAuthnID() {
		t.Fatalf("the list: %+v", list)
	}
	id := list.Passkeys[0].ID
	if got := w.do("PUT "+env+"/users/passkeys", alice.Token, nil, m{"id": id, "alias": " Work laptop "}).
		Want(t, 200, "").Member("alias"); got != "Work laptop" {
		t.Errorf("renamed to %q", got)
	}
	w.do("PUT "+env+"/users/passkeys", alice.Token, nil, m{"id": id}).Want(t, 200, "")
	w.do("PUT "+env+"/users/passkeys", alice.Token, nil, m{"id": id, "alias": " "}).Want(t, 400, "invalid_request")
	w.do("PUT "+env+"/users/passkeys", alice.Token, nil, m{"id": a.WebAuthnID(), "alias": "x"}).Want(t, 422, "passkey_not_found")

	older := passkeyOptions[struct {
		ID, Type     string
		Registration passkey.CreationOptions
	}](w, "/users/mfa/register/passkey", alice.Token)
	second := passkeytest.New(passkeytest.Origin).Create(older.Registration)
	w.do("POST "+env+"/users/mfa/register/passkey", alice.Token, nil, m{"id": older.ID, "attestation": second}).
		Want(t, 403, "elevated_access_token_required")
	link = w.passkeyStepUp(a, alice.Token, "credential:link")
	w.do("POST "+env+"/users/mfa/register/passkey", alice.Token, []string{link}, m{"id": older.ID, "attestation": second}).Want(t, 200, "")

	w.do("GET "+env+"/users/passkeys/signin?relatedOriginRpId=evil.example", "", nil, nil).Want(t, 400, "invalid_request")
	signin := passkeyOptions[passkey.RequestOptions](w, "/users/passkeys/signin?relatedOriginRpId="+passkeytest.RPID, "")
	answer := a.Get(signin)
	w.do("POST "+env+"/users/passkeys/signin", "", nil, answer).Want(t, 200, "")
	w.do("POST "+env+"/users/passkeys/signin", "", nil, answer).Want(t, 422, "invalid_passkey")
	w.do("POST "+env+"/users/passkeys/signin", "", nil, m{"id": "x"}).Want(t, 422, "invalid_passkey")

	unlink := w.passkeyStepUp(a, alice.Token, "credential:unlink")
	w.do("DELETE "+env+"/users/passkeys", alice.Token, nil, m{"passkeyId": id}).Want(t, 403, "elevated_access_token_required")
	w.do("DELETE "+env+"/users/passkeys", alice.Token, []string{unlink}, m{"passkeyId": alice.CredentialID}).
		Want(t, 422, "passkey_not_found")
	w.do("DELETE "+env+"/users/passkeys", alice.Token, []string{unlink}, m{"passkeyId": id}).Want(t, 204, "")
	// it came from what is gone
	w.do("DELETE "+env+"/users/passkeys", alice.Token, []string{unlink}, m{"passkeyId": id}).Want(t, 403, "elevated_access_token_required")
	w.do("GET "+env+"/.well-known/webauthn", "", nil, nil).Want(t, 200, "")
}

// passkeyStepUp steps up and returns the token.
func (w walker) passkeyStepUp(a *passkeytest.Authenticator, token string, scopes ...string) string {
	w.t.Helper()
	answer := a.Get(passkeyOptions[passkey.RequestOptions](w, "/users/passkeys/authenticate", token))
	return w.do("POST "+env+"/users/mfa/auth/passkey", token, nil, m{
		"id": answer.ID, "rawId": answer.RawID, "type": answer.Type, "response": answer.Response, "requestedScopes": scopes,
		"createMfaToken": m{"singleUse": true},
	}).Want(w.t, 200, "").Member("elevatedAccessToken")
}

// startWithPasskeys is a server on whose environment A passkeys are on.
func startWithPasskeys(t *testing.T, more string) (walker, *servertest.Session) {
	t.Helper()
	c := start(t)
	c.Apply(t, servertest.Document(servertest.A, passkeytest.On+more))
	w := walker{c, t, servertest.A}
	return w, c.SignIn(t, servertest.A, "ada@example.com")
}

// register adds a passkey with an elevated token made by the given step-up.
func (w walker) register(a *passkeytest.Authenticator, session *servertest.Session, elevated string) servertest.Response {
	w.t.Helper()
	made := a.Create(passkeyOptions[passkey.CreationOptions](w, "/users/passkeys/register", session.Token))
	return w.do("POST "+env+"/users/passkeys/register", session.Token, []string{elevated}, made)
}

// Ten passkeys are as many as an account takes: at the options, so that no
// device makes one in vain, and at the registration.
func TestTooManyPasskeys(t *testing.T) {
	t.Parallel()
	w, ada := startWithPasskeys(t, "")
	first := passkeytest.New(passkeytest.Origin)
	w.register(first, ada, w.StepUp(t, ada, "credential:link")).Want(t, 200, "")
	link := w.passkeyStepUp(first, ada.Token, "credential:link")
	for range passkey.MaxPerUser - 2 {
		w.register(passkeytest.New(passkeytest.Origin), ada, link).Want(t, 200, "")
	}
	options := passkeyOptions[passkey.CreationOptions](w, "/users/passkeys/register", ada.Token)
	if n := len(options.ExcludeCredentials); n != passkey.MaxPerUser-1 {
		t.Errorf("%d passkeys are excluded, want all of the user's", n)
	}
	w.do("POST "+env+"/users/passkeys/register", ada.Token, []string{link}, passkeytest.New(passkeytest.Origin).Create(options)).
		Want(t, 200, "")
	w.do("GET "+env+"/users/passkeys/register", ada.Token, nil, nil).Want(t, 422, "max_passkeys_per_user")
	w.do("GET "+env+"/users/mfa/register/passkey", ada.Token, nil, nil).Want(t, 422, "max_passkeys_per_user")
}

// The options say nothing about who is behind them: no address in the user's id,
// another id in another environment, the same one each time.
func TestOptionsNameNobody(t *testing.T) {
	t.Parallel()
	w, ada := startWithPasskeys(t, "")
	w.Apply(t, servertest.Document(servertest.B, passkeytest.On))
	first, again := passkeyOptions[passkey.CreationOptions](w, "/users/passkeys/register", ada.Token),
		passkeyOptions[passkey.CreationOptions](w, "/users/passkeys/register", ada.Token)
	if first.User.ID != again.User.ID || len(first.User.ID) != 43 || first.Challenge == again.Challenge {
		t.Errorf("%+v, then %+v", first, again)
	}
	there := w.SignIn(t, servertest.B, ada.Email)
	elsewhere := walker{w.client, t, servertest.B}
	if other := passkeyOptions[passkey.CreationOptions](elsewhere, "/users/passkeys/register",
		there.Token); other.User.ID == first.User.ID {
		t.Error("one id in two environments")
	}
	if o := passkeyOptions[passkey.RequestOptions](w, "/users/passkeys/signin", ""); len(o.AllowCredentials) != 0 ||
		o.UserVerification != "required" || o.RPID != passkeytest.RPID {
		t.Errorf("%+v", o)
	}
}
