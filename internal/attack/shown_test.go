package attack_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stepup-auth/stepup/internal/server/servertest"
	"github.com/stepup-auth/stepup/internal/wallet"
)

// limitedSigning asks for a bound token above 1 ETH, and perhaps that people are
// shown what they sign; more are further scopes.
func limitedSigning(displayed bool, more string) string {
	return servertest.Document(servertest.A, fmt.Sprintf(
		"  - {scope: \"wallet:sign\", required: true, binding: {require: above, displayed: %t, above: [{of: \"eip155:1/native\", limit: "+
			"\"1000000000000000000\"}]}}\n",
		displayed)+more+servertest.EmbeddedOn)
}

// confirmed registers an intent and confirms it by a mailed code.
func (s scene) confirmed(t *testing.T, user *servertest.Session, path, scope string, body m) (token string, mail string) {
	t.Helper()
	id := s.Do(t, "POST", path+"/intents", user.Header(), body).Want(t, 200, "").Member("bindingId")
	before := len(s.Inbox.To(user.Email))
	challenge := s.Do(t, "POST", user.Path("/emailVerifications/create"), user.Header(), m{"email": user.Email, "bindingId": id}).
		Want(t, 200, "").Member("verificationUUID")
	code := s.Inbox.WaitCode(t, user.Email, before)
	messages := s.Inbox.To(user.Email)
	token = s.Do(t, "POST", user.Path("/emailVerifications/verify"), user.Header(), m{
		"verificationUUID": challenge, "verificationToken": code, "requestedScopes": []string{scope}, "bindingId": id,
	}).Want(t, 200, "").Member("elevatedAccessToken")
	return token, messages[len(messages)-1].Text
}

func pay(members m) m {
	t := m{"chainId": 1, "nonce": 7, "gas": "50000", "maxFeePerGas": "1000000000", "maxPriorityFeePerGas": "1",
		"to": "0x3535353535353535353535353535353535353535"}
	for name, value := range members {
		t[name] = value
	}
	return m{"transaction": t}
}

// L10: a token says that its transaction was displayed only where the summary tells
// every payee, amount and call; and where people must be shown it, nothing else can
// even be registered.
func TestL10DisplayedIsWhatTheSummaryTells(t *testing.T) {
	withWalletService(t, func(t *testing.T, s scene, _ *servertest.Wallets) {
		user, path := s.withEmbedded(t, servertest.A, "shown@example.com")
		for name, c := range map[string]struct {
			body  m
			shown bool
			mail  string // what the mail must say
		}{
			"a payment": {pay(m{"value": "500000000000000000"}), true,
				"Send 0.5 ETH to 0x3535353535353535353535353535353535353535"},
			"its fee":         {pay(m{"maxFeePerGas": "1000000000000000"}), true, "with a gas fee of at most 50 ETH"},
			"an unknown call": {pay(m{"data": "0xdeadbeef"}), false, ""},
			"a new contract":  {pay(m{"to": nil, "data": "0x6000"}), false, ""},
			"a message":       {m{"message": "I agree."}, true, `Sign the message "I agree`},
			"a long message":  {m{"message": strings.Repeat("I agree. ", 40) + "Pay eve."}, false, ""},
			"a hash":          {m{"message": strings.Repeat("ab", 32)}, false, ""},
			"an unknown order": {m{"typedData": m{"types": m{"Order": []m{{"name": "to", "type": "address"}}}, "primaryType": "Order",
				"domain": m{"name": "Shop"}, "message": m{"to": "0x3535353535353535353535353535353535353535"}}}, false, ""},
			"more than a text":  {m{"message": strings.Repeat("é", 150) + strings.Repeat("\t", 10)}, true, ""},
			"more than a mail":  {m{"message": strings.Repeat("\t", 160)}, false, ""}, // escaped it is too long, so its hash stands for it
			"variation of text": {m{"message": "pay bob\ufe0f"}, false, ""},
		} {
			token, mail := s.confirmed(t, user, path, "wallet:sign", c.body)
			mail = strings.ReplaceAll(mail, "\u2060", "")
			if got := payload(t, token)["displayed"]; got != c.shown || !strings.Contains(mail, c.mail) {
				t.Errorf("%s: displayed %v, want %t, in the mail\n%s", name, got, c.shown, mail)
			}
		}

		s.Apply(t, limitedSigning(true, ""))
		for name, body := range map[string]m{
			"an unknown call": pay(m{"data": "0xdeadbeef"}), "a new contract": pay(m{"to": nil, "data": "0x6000"}),
			"a long message": {"message": strings.Repeat("I agree. ", 40) + "Pay eve."},
		} {
			refused := s.Do(t, "POST", path+"/intents", user.Header(), body).Want(t, 422, "invalid_authorization_details")
			if !strings.Contains(string(refused.Body), "nobody can be shown") {
				t.Errorf("%s: %s", name, refused.Body)
			}
		}
		// Below the limit and in full nothing changes.
		s.Do(t, "POST", path+"/signMessage", user.Header(s.StepUp(t, user, "wallet:sign")), pay(m{"value": "5"})).Want(t, 200, "")
		token, _ := s.confirmed(t, user, path, "wallet:sign", pay(m{"value": "2000000000000000000"}))
		s.Do(t, "POST", path+"/signMessage", user.Header(token), pay(m{"value": "2000000000000000000"})).Want(t, 200, "")
	})
}

// L11: a limit on what may be signed without a bound token is not passed by signing
// a text, or by exporting the key.
func TestL11NothingPassesALimitUnvalued(t *testing.T) {
	withWalletService(t, func(t *testing.T, s scene, service *servertest.Wallets) {
		s.Apply(t, limitedSigning(false, ""))
		user, path := s.withEmbedded(t, servertest.A, "limited@example.com")
		address := s.Do(t, "GET", path, user.Header(), nil).Want(t, 200, "").Member("address")
		signIn := "app.example wants you to sign in with your Ethereum account:\n" + address +
			"\n\nWelcome.\n\nURI: https://app.example/\nVersion: 1\nChain ID: 1\nNonce: 12345678\nIssued At: 2026-01-01T00:00:00Z"
		for name, body := range map[string]m{
			"an order":               {"message": `{"type":"withdraw","to":"0x3535353535353535353535353535353535353535"}`},
			"a word":                 {"message": "yes"},
			"rights under a sign-in": {"message": signIn + "\nResources:\n- urn:recap:eyJhdHQiOnt9fQ"},
			"a permit": {"typedData": m{"types": m{"Permit": []m{{"name": "spender", "type": "address"}}},
				"primaryType": "Permit", "domain": m{"name": "Coin"},
				"message": m{"spender": "0x3535353535353535353535353535353535353535"}}},
			"more than the limit":       pay(m{"value": "1000000000000000001"}),
			"a fee more than the limit": pay(m{"maxFeePerGas": "1000000000000000"}),
		} {
			refused := s.Do(t, "POST", path+"/signMessage", user.Header(s.StepUp(t, user, "wallet:sign")), body)
			if !strings.Contains(string(refused.Body), "wrong_binding") {
				t.Errorf("%s: %d %s", name, refused.Status, refused.Body)
			}
		}
		s.Do(t, "POST", path+"/signMessage", user.Header(s.StepUp(t, user, "wallet:sign")), m{"message": signIn}).Want(t, 200, "")
		order := m{"message": "yes"}
		token, _ := s.confirmed(t, user, path, "wallet:sign", order)
		s.Do(t, "POST", path+"/signMessage", user.Header(token), order).Want(t, 200, "")

		// No token for just any export is minted, and the check says so.
		check := s.Do(t, "POST", user.Path("/stepUp/check"), user.Header(), m{"scope": "wallet:export"}).Want(t, 200, "")
		if !strings.Contains(string(check.Body), `"require":"always"`) {
			t.Errorf("the check says %s", check.Body)
		}
		id, code := s.SendCode(t, servertest.A, user.Email, user.Header())
		s.Do(t, "POST", user.Path("/emailVerifications/verify"), user.Header(), m{
			"verificationUUID": id, "verificationToken": code, "requestedScopes": []string{"wallet:export"},
		}).Want(t, 422, "invalid_binding")
		export := m{"exportPublicKey": exportKey(9)}
		token, mail := s.confirmed(t, user, path, "wallet:export", m{"action": "export", "exportPublicKey": exportKey(9)})
		if !strings.Contains(mail, exportKey(9)) {
			t.Errorf("whom the key goes to is not in the mail\n%s", mail)
		}
		wantRefused(t, s.Do(t, "POST", path+"/privateKey/export", user.Header(token), m{"exportPublicKey": exportKey(8)}), "wrong_binding")
		s.Do(t, "POST", path+"/privateKey/export", user.Header(token), export).Want(t, 200, "")

		// A word of the operator's own about exports is the one that holds.
		s.Apply(t, limitedSigning(false, "  - {scope: \"wallet:export\", binding: {require: never}}\n"))
		s.Do(t, "POST", path+"/privateKey/export", user.Header(s.StepUp(t, user, "wallet:export")), export).Want(t, 200, "")
		if n := service.Done(wallet.Export); n != 2 {
			t.Errorf("%d exports", n)
		}
	})
}
