package attack_test

import (
	"maps"
	"net/url"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/stepup-auth/stepup/internal/method/passkey"
	"github.com/stepup-auth/stepup/internal/method/passkey/passkeytest"
	"github.com/stepup-auth/stepup/internal/method/walletsig/walletsigtest"
	"github.com/stepup-auth/stepup/internal/server/servertest"
	"github.com/stepup-auth/stepup/internal/store"
)

// Whoever holds a stolen session begins a login in a prompt that they opened themselves and
// has its owner, behind the same network address, finish it in another browser. The page is
// where the login comes back to: nobody polls for it.
func TestPromptSocialLoginIsNotPolled(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.logins(t)
	header, userID := s.socially(t)
	user := &servertest.Session{Environment: servertest.A, UserID: userID, Token: strings.TrimPrefix(header.Get("Authorization"),
		"Bearer ")}
	thief := s.prompt(t, user, nil) // with the stolen session
	view := thief.open(t)           // in the thief's browser
	var challenge struct {
		Social struct{ URL string }
	}
	id := view.of(t, "oauth")
	thief.page(t, "POST", "/challenge", m{"credentialId": id}).Want(t, 200, "").JSON(t, &challenge)
	u, err := url.Parse(challenge.Social.URL)
	if err != nil {
		t.Fatal(err)
	}
	state := u.Query().Get("state")
	poll := func() servertest.Response {
		return s.Do(t, "POST", sdk("/providers/acme/oauthResult"), nil, m{"state": state})
	}
	poll().Want(t, 422, "other_verify_failure")
	follow(t, challenge.Social.URL, promptOrigin) // by the owner, in a browser of their own: what it comes back with is theirs
	r := poll()
	if r.Code == "other_verify_failure" {
		return
	}
	t.Errorf("oauthResult of a prompt's login: %d %s", r.Status, r.Body)
	verified := thief.page(t, "POST", "/verify", m{"social": m{"provider": "acme", "code": r.Member("code"), "state": state}})
	minted := thief.redeem(t, user, thief.back(t, verified).Get("code"), promptVerifier)
	t.Errorf("the stolen session has a token: %d, elevated %v", minted.Status, minted.Member("elevatedAccessToken") != "")
}

// What a wallet signs in a prompt is good there: neither in another prompt nor in the app,
// and what it signs in the app is nothing in a prompt.
func TestPromptWalletTextOutside(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.withPrompts(t, "wallets: {chains: [EVM, SOL]}\n")
	wallet := walletsigtest.NewEVM(t)
	ada := s.SignIn(t, servertest.A, "ada@example.com")
	message := func(change m) string {
		body := m{"address": wallet.Address, "chain": "EVM", "origin": servertest.Origin(servertest.A)}
		maps.Copy(body, change)
		return s.Do(t, "POST", sdk("/wallets/message"), ada.Header(), body).Want(t, 200, "").Member("message")
	}
	s.Do(t, "POST", sdk("/verify/link"), ada.Header(s.StepUp(t, ada, "credential:link")), wallet.Body(message(nil))).Want(t, 200, "")
	p, other := s.prompt(t, ada, nil), s.prompt(t, ada, nil)
	id := p.open(t).of(t, "blockchain")
	other.open(t)
	text := func() string {
		var challenge struct{ Wallet struct{ Message string } }
		p.page(t, "POST", "/challenge", m{"credentialId": id}).Want(t, 200, "").JSON(t, &challenge)
		return challenge.Wallet.Message
	}
	signed := func(text string) m {
		return m{"wallet": m{"credentialId": id, "message": text, "signature": wallet.Sign(text)}}
	}
	s.Do(t, "POST", sdk("/wallets/verify"), ada.Header(), wallet.Body(text(), "wallet:export")).Want(t, 422, "invalid_verification")
	other.page(t, "POST", "/verify", signed(text())).Want(t, 422, "invalid_verification")
	p.page(t, "POST", "/verify", signed(message(m{"requestedScopes": []string{"wallet:export"}}))).
		Want(t, 422, "invalid_verification")
	published := wallet.Published(servertest.Origin(servertest.A), servertest.A,
		s.Do(t, "GET", sdk("/nonce"), nil, nil).Want(t, 200, "").Member("nonce"), s.Now())
	p.page(t, "POST", "/verify", signed(published)).Want(t, 422, "invalid_verification")
	p.verify(t, signed(text()))
}

// The same of passkeys: the challenge is the prompt's, and so is the page.
func TestPromptPasskeyOutside(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s scene) {
		s.withPrompts(t, "")
		ada, key := s.withPasskey(t, "ada@example.com")
		p, other := s.prompt(t, ada, nil), s.prompt(t, ada, nil)
		id := p.open(t).of(t, "passkey")
		other.open(t)
		inPrompt := func() passkey.RequestOptions {
			var challenge struct{ Passkey passkey.RequestOptions }
			p.page(t, "POST", "/challenge", m{"credentialId": id}).Want(t, 200, "").JSON(t, &challenge)
			return challenge.Passkey
		}
		on := func(origin string, o passkey.RequestOptions) passkey.AssertionResponse {
			key.Origin = origin
			return key.Get(o)
		}
		outside := func(answer passkey.AssertionResponse) servertest.Response {
			return s.Do(t, "POST", sdk("/users/mfa/auth/passkey"), ada.Header(), stepUpBody(answer, "wallet:export"))
		}
		for name, r := range map[string]servertest.Response{
			"a prompt's challenge in the app":           outside(on(passkeytest.Origin, inPrompt())),
			"a prompt's answer in the app":              outside(on(promptOrigin, inPrompt())),
			"an answer on the prompt's page in the app": outside(on(promptOrigin, s.request(t, ada))),
			"a prompt's answer in another":              other.page(t, "POST", "/verify", m{"passkey": on(promptOrigin, inPrompt())}),
			"an answer on the app's page in a prompt":   p.page(t, "POST", "/verify", m{"passkey": on(passkeytest.Origin, inPrompt())}),
			"the app's challenge in a prompt":           p.page(t, "POST", "/verify", m{"passkey": on(promptOrigin, s.request(t, ada))}),
		} {
			if r.Status != 422 || r.Code != "invalid_passkey" {
				t.Errorf("%s: %d %s", name, r.Status, r.Body)
			}
		}
		p.verify(t, m{"passkey": on(promptOrigin, inPrompt())})
		outside(on(passkeytest.Origin, s.request(t, ada))).Want(t, 200, "")
	})
}

// Whoever guesses the secret of a prompt's address is refused by a look: while one of
// SQLite's writers works, others wait.
func TestPromptGuessesWriteNothing(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.WithEngine(store.SQLite))
	s.withPrompts(t, "")
	p := s.prompt(t, s.SignIn(t, servertest.A, "ada@example.com"), nil)
	err := s.DB.Write(t.Context(), func(*store.Tx) error {
		p.page(t, "POST", "/open", m{"secret": strings.Repeat("x", 52)}).Want(t, 403, "prompt_not_open")
		unknown := prompted{scene: s, id: uuid.NewString()}
		unknown.page(t, "POST", "/open", m{"secret": p.secret}).Want(t, 403, "prompt_not_open")
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	p.open(t)
}
