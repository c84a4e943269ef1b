package api_test

import (
	"bytes"
	"crypto/ecdh"
	"crypto/hpke"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/api/sdk"
	"github.com/stepup-auth/stepup/internal/method/walletsig/walletsigtest"
	"github.com/stepup-auth/stepup/internal/server/servertest"
	"github.com/stepup-auth/stepup/internal/signin"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/store/storetest"
	"github.com/stepup-auth/stepup/internal/wallet"
)

// exportKey is an X25519 public key: any 32 bytes are one.
func exportKey(n byte) string {
	return base64.RawURLEncoding.EncodeToString(bytes.Repeat([]byte{n}, 32))
}

// walkEmbedded does everything that can be done to an embedded wallet.
func walkEmbedded(w walker) {
	t := w.t
	const waas, one = env + "/waas", env + "/waas/{walletId}"
	w.Apply(t, servertest.Document(w.environment, ""))
	alice := w.SignIn(t, w.environment, "keeper@example.com")
	stepUp := func(scope string) []string { return []string{w.StepUp(t, alice, scope)} }
	w.do("POST "+waas+"/create", alice.Token, nil, m{"chain": "EVM"}).Want(t, 404, "wallet_service_off")
	w.Apply(t, servertest.Document(w.environment, servertest.WalletsOn))
	w.do("POST "+waas+"/create", alice.Token, nil, m{"chain": "BTC"}).Want(t, 422, "chain_not_supported")
	w.do("POST "+waas+"/create", alice.Token, nil, m{"chain": "EVM", "thresholdSignatureScheme": "ONE_OF_ONE"}).
		Want(t, 400, "invalid_request")
	w.do("GET "+waas, alice.Token, nil, nil).Want(t, 200, "")
	id := w.do("POST "+waas+"/create", alice.Token, nil, m{"chain": "EVM"}).Want(t, 200, "").Member("walletId")
	sol := w.do("POST "+waas+"/create", alice.Token, nil, m{"chain": "SOL"}).Want(t, 200, "").Member("walletId")
	w.do("GET "+waas, alice.Token, nil, nil).Want(t, 200, "")
	w.do("GET "+one, alice.Token, nil, nil, "walletId", id).Want(t, 200, "")
	w.do("GET "+one, alice.Token, nil, nil, "walletId", "unknown").Want(t, 404, "wallet_not_found")

	for _, body := range []m{
		{"message": "hello"}, {"action": "export", "exportPublicKey": exportKey(9)}, {"action": "refresh"}, {"action": "restore"},
		{"action": "delete"},
		{"action": "reshare", "oldThresholdSignatureScheme": "TWO_OF_TWO", "newThresholdSignatureScheme": "TWO_OF_THREE"},
	} {
		w.do("POST "+one+"/intents", alice.Token, nil, body, "walletId", id).Want(t, 200, "")
	}
	w.do("POST "+one+"/intents", alice.Token, nil, m{"action": "disable"}, "walletId", id).Want(t, 400, "invalid_request")

	w.do("POST "+one+"/signMessage", alice.Token, nil, m{"message": "hello"}, "walletId", id).Want(t, 403, "elevated_access_token_required")
	w.do("POST "+one+"/signMessage", alice.Token, stepUp("wallet:sign"), m{"message": "hello"}, "walletId", id).Want(t, 200, "")
	w.do("POST "+one+"/signMessage", alice.Token, stepUp("wallet:sign"), m{"message": "hello"}, "walletId", sol).Want(t, 200, "")
	w.do("POST "+one+"/signMessage", alice.Token, stepUp("wallet:sign"), m{"message": "0x" + hash, "isFormatted": true}, "walletId", id).
		Want(t, 422, "blind_signing_refused")
	w.do("POST "+one+"/privateKey/export", alice.Token, stepUp("wallet:export"), m{"exportId": "x"}, "walletId", id).
		Want(t, 422, "export_public_key_required")
	w.do("POST "+one+"/privateKey/export", alice.Token, stepUp("wallet:export"), m{"exportPublicKey": exportKey(9)}, "walletId", id).
		Want(t, 200, "")
	w.do("POST "+one+"/refresh", alice.Token, stepUp("wallet:delegate"), nil, "walletId", id).Want(t, 200, "")
	w.do("POST "+one+"/reshare", alice.Token, stepUp("wallet:reshare"),
		m{"oldThresholdSignatureScheme": "TWO_OF_TWO", "newThresholdSignatureScheme": "TWO_OF_THREE"}, "walletId", id).Want(t, 200, "")
	w.do("POST "+one+"/transactions/broadcast", alice.Token, nil, m{"signedTransaction": "0x02c0"}, "walletId", id).Want(t, 200, "")
	w.do("POST "+one+"/transactions/broadcast", alice.Token, nil, m{"signedTransaction": "02c0"}, "walletId", id).
		Want(t, 400, "invalid_request")
	w.do("POST "+one+"/transactions/broadcast", alice.Token, nil, m{"signedTransaction": "0x02c0", "network": "Mainnet"}, "walletId", id).
		Want(t, 422, "network_not_found")
	w.do("POST "+one+"/disable", alice.Token, nil, nil, "walletId", id).Want(t, 200, "")
	w.do("POST "+one+"/signMessage", alice.Token, stepUp("wallet:sign"), m{"message": "hello"}, "walletId", id).Want(t, 409, "conflict")
	w.do("POST "+one+"/restore", alice.Token, stepUp("wallet:restore"), nil, "walletId", id).Want(t, 200, "")
	w.do("DELETE "+one, alice.Token, stepUp("wallet:delete"), nil, "walletId", id).Want(t, 200, "")
}

const hash = "7f83b1657ff1fc53b92dc18148a1d65dfc2d4b1fa3d677284addd200126d9069"

// withEmbedded starts a server that keeps wallets, with a user who has one.
func withEmbedded(t *testing.T, more string) (c *client, alice *servertest.Session, service *servertest.Wallets, path string) {
	t.Helper()
	service = &servertest.Wallets{}
	c = start(t, servertest.WithWallets(service))
	c.Apply(t, servertest.Document(servertest.A, servertest.WalletsOn+more))
	alice = c.SignIn(t, servertest.A, "alice@example.com")
	id := c.Do(t, "POST", alice.Path("/waas/create"), alice.Header(), m{"chain": "EVM"}).Want(t, 200, "").Member("walletId")
	return c, alice, service, alice.Path("/waas/" + id)
}

// A wallet that is kept here stands in the profile and vouches for nobody, not
// even with its own key after an export. It cannot be unlinked.
func TestEmbeddedWalletVouchesForNobody(t *testing.T) {
	t.Parallel()
	c, alice, _, path := withEmbedded(t, "wallets: {chains: [EVM]}\n")
	var user signin.User
	c.Do(t, "GET", alice.Path("/users"), alice.Header(), nil).Want(t, 200, "").JSON(t, &user)
	i := slices.IndexFunc(user.VerifiedCredentials, func(v account.Credential) bool { return v.EmbeddedWalletID != "" })
	if i < 0 {
		t.Fatalf("not in the profile: %+v", user.VerifiedCredentials)
	}
	kept := user.VerifiedCredentials[i]
	if kept.Format != "blockchain" || kept.WalletProvider != "embeddedWallet" || kept.Chain != "eip155" || kept.SignInEnabled ||
		!strings.HasSuffix(path, kept.EmbeddedWalletID) {
		t.Errorf("%+v", kept)
	}
	c.Do(t, "POST", alice.Path("/verify/unlink"), alice.Header(c.StepUp(t, alice, "credential:unlink")), m{"walletId": kept.ID}).
		Want(t, 422, "invalid_unlink_request")
	var check sdk.CheckResponse
	c.Do(t, "POST", alice.Path("/stepUp/check"), alice.Header(), m{"scope": "wallet:export"}).Want(t, 200, "").JSON(t, &check)
	if slices.ContainsFunc(check.Credentials, func(v sdk.CheckCredential) bool { return v.ID == kept.ID }) {
		t.Error("offered as a means to step up")
	}

	exported := walletsigtest.EVMFrom(t, openExport(t, c, alice, path))
	if exported.Address != kept.Address {
		t.Fatalf("the key is of %s, the wallet %s", exported.Address, kept.Address)
	}
	signed := func(scopes ...string) any {
		nonce := c.Do(t, "GET", alice.Path("/nonce"), nil, nil).Want(t, 200, "").Member("nonce")
		return exported.Body(exported.Published(servertest.Origin(servertest.A), servertest.A, nonce, c.Now()), scopes...)
	}
	c.Do(t, "POST", alice.Path("/wallets/signin"), nil, signed()).Want(t, 422, "credential_not_enabled_for_sign_in")
	c.Do(t, "POST", alice.Path("/wallets/verify"), alice.Header(), signed("wallet:export")).Want(t, 422, "mfa_invalid_request")
	bob := c.SignIn(t, servertest.A, "bob@example.com")
	c.Do(t, "POST", bob.Path("/verify/transfer"), bob.Header(c.StepUp(t, bob, "credential:link")), signed()).
		Want(t, 422, "invalid_verification")
}

// openExport exports the key as a client does, and opens what comes.
func openExport(t *testing.T, c *client, alice *servertest.Session, path string) string {
	t.Helper()
	kem := hpke.DHKEM(ecdh.X25519())
	private, err := kem.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	var answer sdk.ExportResult
	c.Do(t, "POST", path+"/privateKey/export", alice.Header(c.StepUp(t, alice, "wallet:export")),
		m{"exportPublicKey": base64.RawURLEncoding.EncodeToString(private.PublicKey().Bytes())}).Want(t, 200, "").JSON(t, &answer)
	encapsulated, err1 := base64.RawURLEncoding.DecodeString(answer.EncapsulatedKey)
	ciphertext, err2 := base64.RawURLEncoding.DecodeString(answer.Ciphertext)
	if err1 != nil || err2 != nil || answer.ExportedAt == nil {
		t.Fatalf("%+v, %v, %v", answer, err1, err2)
	}
	recipient, err := hpke.NewRecipient(encapsulated, private, hpke.HKDFSHA256(), hpke.AES256GCM(), []byte(answer.Info))
	if err != nil {
		t.Fatal(err)
	}
	plain, err := recipient.Open(nil, ciphertext)
	if err != nil {
		t.Fatal(err)
	}
	return string(plain)
}

// Published clients wait for an event stream, unless they send an idempotency
// key. Their refusals are plain answers.
func TestEmbeddedEventStream(t *testing.T) {
	t.Parallel()
	c, alice, _, path := withEmbedded(t, "")
	stream := func(header http.Header) http.Header {
		header.Set("Accept", "text/event-stream")
		return header
	}
	data := func(r servertest.Response, event string) (answer map[string]any) {
		t.Helper()
		r.Want(t, 200, "")
		text, ok := strings.CutPrefix(string(r.Body), "event: "+event+"\ndata: ")
		text, ended := strings.CutSuffix(text, "\n\n")
		if !ok || !ended || strings.Contains(text, "\n") || r.Header.Get("Content-Type") != "text/event-stream" ||
			json.Unmarshal([]byte(text), &answer) != nil {
			t.Fatalf("%s: %q", r.Header.Get("Content-Type"), r.Body)
		}
		return answer
	}
	made := data(c.Do(t, "POST", alice.Path("/waas/create"), stream(alice.Header()),
		m{"chain": "EVM", "clientKeygenIds": []string{"a", "b"}}), "keygen_complete")
	if made["walletId"] == "" || made["accountAddress"] != made["address"] || made["custodyModel"] != "split" {
		t.Errorf("%v", made)
	}
	c.Do(t, "POST", path+"/signMessage", stream(alice.Header()), m{"message": "hi"}).Want(t, 403, "elevated_access_token_required")
	for _, call := range []struct {
		path, scope string
		body        any
	}{
		{"/signMessage", "wallet:sign", m{"message": "hi", "isFormatted": false, "roomId": "x"}}, {"/refresh", "wallet:delegate", nil},
		{"/reshare", "wallet:delegate",
			m{"clientKeygenIds": []string{}, "oldThresholdSignatureScheme": "TWO_OF_TWO", "newThresholdSignatureScheme": "TWO_OF_THREE"}},
		{"/privateKey/export", "wallet:export", m{"exportPublicKey": exportKey(9)}},
	} {
		answer := data(c.Do(t, "POST", path+call.path, stream(alice.Header(c.StepUp(t, alice, call.scope))), call.body), "room_created")
		for _, member := range []string{"serverKeygenIds", "newServerKeygenIds"} {
			if _, ok := answer[member].([]any); !ok {
				t.Errorf("%s: no list %s", call.path, member)
			}
		}
		if answer["roomId"] == "" || answer["walletId"] == "" {
			t.Errorf("%s: %v", call.path, answer)
		}
	}
	both := stream(alice.Header(c.StepUp(t, alice, "wallet:sign")))
	both.Set("x-idempotency-key", "key")
	if r := c.Do(t, "POST", path+"/signMessage", both, m{"message": "hi"}).
		Want(t, 200, ""); r.Header.Get("Content-Type") != "application/json" {
		t.Errorf("with a key: %s", r.Header.Get("Content-Type"))
	}
}

// Who, session, token, method, wallet, intent, summary, verdicts and result stand
// in the audit log, each step once; no key and no token does.
func TestEmbeddedAudit(t *testing.T) {
	t.Parallel()
	c, alice, _, path := withEmbedded(t, "")
	token := c.StepUp(t, alice, "wallet:sign")
	header := alice.Header(token)
	header.Set("x-idempotency-key", "key")
	for range 3 {
		c.Do(t, "POST", path+"/signMessage", header, m{"message": "hello"}).Want(t, 200, "")
	}
	seen := map[string]int{}
	err := c.DB.Read(t.Context(), func(tx *store.Tx) error {
		rows, err := storetest.AuditLog(tx, servertest.A, "")
		for _, row := range rows {
			if row.UserID != alice.UserID {
				continue
			}
			seen[row.Action+" "+row.Actor]++
			if strings.Contains(row.Detail, token) {
				t.Errorf("%s holds the token", row.Action)
			}
			var d map[string]any
			if row.Action != "wallet.sign.finished" {
				continue
			}
			if json.Unmarshal([]byte(row.Detail), &d) != nil || d["result"] != "done" || d["signer"] != wallet.Allowed ||
				d["guardian"] != wallet.Allowed ||
				d["method"] != "email_otp" || d["summary"] == "" || d["token_id"] == "" || len(d["intent_hash"].(string)) != 64 ||
				d["generation"] != 1.0 || row.SessionID != alice.ID {
				t.Errorf("%s", row.Detail)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	user := "user:" + alice.UserID
	for entry, want := range map[string]int{
		"wallet.create.claimed " + user: 1, "wallet.create.finished " + user: 1, "wallet.sign.claimed " + user: 1,
		"wallet.sign.finished " + user: 1, "wallet.custodian.claimed custodian:signer": 2, "wallet.custodian.claimed custodian:guardian": 2,
		"token.consumed " + user: 1,
	} {
		if seen[entry] != want {
			t.Errorf("%s: %d times, want %d", entry, seen[entry], want)
		}
	}
}

// The operator's switches hold before anything is claimed.
func TestEmbeddedSwitches(t *testing.T) {
	t.Parallel()
	c, alice, service, path := withEmbedded(t, "")
	token := c.StepUp(t, alice, "wallet:export")
	c.Apply(t,
		servertest.Document(servertest.A, "embeddedWallets: {enabled: true, exportDisabled: true, chains: [SOL], schemes: [TWO_OF_TWO]}\n"))
	c.Do(t, "POST", path+"/privateKey/export", alice.Header(token), m{"exportPublicKey": exportKey(9)}).
		Want(t, 403, "wallet_export_disabled")
	c.Do(t, "POST", alice.Path("/waas/create"), alice.Header(), m{"chain": "EVM"}).Want(t, 422, "chain_not_supported")
	c.Do(t, "POST", alice.Path("/waas/create"), alice.Header(), m{"chain": "SOL", "thresholdSignatureScheme": "TWO_OF_THREE"}).
		Want(t, 400, "invalid_request")
	c.Apply(t, servertest.Document(servertest.A, ""))
	c.Do(t, "POST", path+"/privateKey/export", alice.Header(token), m{"exportPublicKey": exportKey(9)}).Want(t, 404, "wallet_service_off")
	c.Apply(t, servertest.Document(servertest.A, servertest.EmbeddedOn))
	c.Do(t, "POST", path+"/privateKey/export", alice.Header(token), m{"exportPublicKey": exportKey(9)}).Want(t, 200, "")
	if n := service.Done(wallet.Export); n != 1 {
		t.Errorf("%d exports", n)
	}
}

// A token that was bound to an intent opens just that: not another message, nor
// the same one for another wallet. Where the policy asks for one, nothing else
// opens it.
func TestEmbeddedBoundToken(t *testing.T) {
	t.Parallel()
	c, alice, service, path := withEmbedded(t, "")
	other := alice.Path("/waas/" + c.Do(t, "POST", alice.Path("/waas/create"), alice.Header(), m{"chain": "EVM"}).
		Want(t, 200, "").Member("walletId"))
	bound := func(scope string, body m) string {
		t.Helper()
		var asked sdk.IntentAnswer
		c.Do(t, "POST", path+"/intents", alice.Header(), body).Want(t, 200, "").JSON(t, &asked)
		if asked.BindingID == "" || asked.ExpiresAt.IsZero() || asked.Scope != scope {
			t.Fatalf("%+v", asked)
		}
		before := len(c.Inbox.To(alice.Email))
		sent := c.Do(t, "POST", alice.Path("/emailVerifications/create"), alice.Header(),
			m{"email": alice.Email, "bindingId": asked.BindingID}).Want(t, 200, "").Member("verificationUUID")
		code := c.Inbox.WaitCode(t, alice.Email, before)
		return c.Do(t, "POST", alice.Path("/emailVerifications/verify"), alice.Header(), m{
			"verificationUUID": sent, "verificationToken": code, "requestedScopes": []string{scope}, "bindingId": asked.BindingID,
		}).Want(t, 200, "").Member("elevatedAccessToken")
	}
	wrong := func(r servertest.Response) {
		t.Helper()
		r.Want(t, 403, "elevated_access_token_required")
		if !strings.Contains(string(r.Body), `"reason":"wrong_binding"`) {
			t.Errorf("%s", r.Body)
		}
	}
	token := bound("wallet:sign", m{"message": "pay Bob"})
	wrong(c.Do(t, "POST", path+"/signMessage", alice.Header(token), m{"message": "pay Mallory"}))
	wrong(c.Do(t, "POST", other+"/signMessage", alice.Header(token), m{"message": "pay Bob"}))
	c.Do(t, "POST", path+"/signMessage", alice.Header(token), m{"message": "pay Bob"}).Want(t, 200, "")
	token = bound("wallet:export", m{"action": "export", "exportPublicKey": exportKey(9)})
	wrong(c.Do(t, "POST", path+"/privateKey/export", alice.Header(token), m{"exportPublicKey": exportKey(8)}))
	c.Do(t, "POST", path+"/privateKey/export", alice.Header(token), m{"exportPublicKey": exportKey(9)}).Want(t, 200, "")

	above := strings.Replace(servertest.Document(servertest.A, servertest.WalletsOn), "scopes:\n", "scopes:\n"+
		"  - {scope: \"wallet:sign\", binding: {require: above, above: [{of: \"eip155:31337/native\", limit: \"1000000000000000\"}]}}\n", 1)
	c.Apply(t, above)
	pay := func(value string) m {
		return m{"transaction": m{"type": "eip1559", "chainId": 31337, "nonce": 0, "gas": "21000", "maxFeePerGas": "1000000000",
			"maxPriorityFeePerGas": "1", "to": "0x70997970C51812dc3A010C7d01b50e0d17dc79C8", "value": value}}
	}
	unbound := c.StepUp(t, alice, "wallet:sign")
	wrong(c.Do(t, "POST", path+"/signMessage", alice.Header(unbound), pay("1000000000000000")))
	c.Do(t, "POST", path+"/signMessage", alice.Header(unbound), pay("1")).Want(t, 200, "")
	c.Do(t, "POST", path+"/signMessage", alice.Header(bound("wallet:sign", pay("1000000000000000"))), pay("1000000000000000")).
		Want(t, 200, "")
	if n := service.Done(wallet.Sign); n != 3 {
		t.Errorf("%d signatures", n)
	}
}
