package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/method/walletsig/walletsigtest"
	"github.com/stepup-auth/stepup/internal/server/servertest"
	"github.com/stepup-auth/stepup/internal/signin"
	"github.com/stepup-auth/stepup/internal/store"
)

// verified is what the wallet routes answer.
type verified struct {
	User     signin.User `json:"user"`
	Token    string      `json:"minifiedJwt"`
	Elevated string      `json:"elevatedAccessToken"`
}

func (v verified) wallet(address string) account.Credential {
	for _, c := range v.User.VerifiedCredentials {
		if c.Address == address {
			return c
		}
	}
	return account.Credential{}
}

const walletsOn = "wallets: {chains: [EVM, SOL]}\n"

// text is the published text with a fresh nonce.
func (w walker) text(wallet *walletsigtest.Wallet) string {
	w.t.Helper()
	nonce := w.Do(w.t, "GET", servertest.SDK(w.environment)+"/nonce", nil, nil).Want(w.t, 200, "").Member("nonce")
	return wallet.Published(servertest.Origin(w.environment), w.environment, nonce, w.Now())
}

// signInWith signs in with a wallet and returns the answer.
func (w walker) signInWith(wallet *walletsigtest.Wallet) verified {
	w.t.Helper()
	var v verified
	w.do("POST "+env+"/wallets/signin", "", nil, wallet.Body(w.text(wallet))).Want(w.t, 200, "").JSON(w.t, &v)
	return v
}

func walkWallets(w walker) {
	t := w.t
	evm, solana := walletsigtest.NewEVM(t), walletsigtest.NewSolana(t)
	w.do("POST "+env+"/wallets/signin", "", nil, evm.Body(w.text(evm))).Want(t, 422, "chain_not_supported")
	w.Apply(t, servertest.Document(w.environment, walletsOn))

	w.do("POST "+env+"/connect", "", nil, m{"address": evm.Address, "chain": "EVM", "provider": "browserExtension",
		"walletName": "testwalletevm", "authMode": "connect-and-sign"}).Want(t, 204, "")
	w.do("POST "+env+"/connect", "", nil, m{"address": evm.Address, "chain": "PAPER"}).Want(t, 400, "invalid_request")
	w.do("POST "+env+"/prefetch", "", nil, m{"publicWalletAddress": "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "chain": "BTC"}).Want(t, 204, "")

	ada := w.signInWith(evm)
	mine := ada.wallet(evm.Address)
	if mine.Chain != "eip155" || mine.WalletName != "testwalletevm" || mine.WalletProvider != "browserExtension" ||
		mine.Format != "blockchain" || !mine.Confirmed || !ada.User.NewUser {
		t.Errorf("signed in as %+v", ada.User)
	}
	var again verified
	renamed := evm.Body(w.text(evm))
	renamed["walletName"] = "otherwalletevm"
	w.do("POST "+env+"/verify", "", nil, renamed).Want(t, 200, "").JSON(t, &again)
	if again.User.ID != ada.User.ID || again.wallet(evm.Address).WalletName != "otherwalletevm" || again.User.NewUser {
		t.Errorf("signed in again as %+v", again.User)
	}

	body := evm.Body(w.text(evm), "wallet:export", "credential:link", "credential:unlink")
	var up verified
	w.do("POST "+env+"/wallets/verify", ada.Token, nil, body).Want(t, 200, "").JSON(t, &up)
	if up.Elevated == "" {
		t.Error("no elevated token")
	}
	w.do("POST "+env+"/wallets/verify", ada.Token, nil, body).Want(t, 422, "invalid_verification")

	bob := w.signInWith(solana)
	if bob.wallet(solana.Address).Chain != "solana" {
		t.Errorf("signed in as %+v", bob.User)
	}
	w.do("POST "+env+"/wallets/verify", bob.Token, nil, evm.Body(w.text(evm), "wallet:export")).Want(t, 422, "mfa_invalid_request")
	w.do("POST "+env+"/verify/link", bob.Token, nil, evm.Body(w.text(evm))).Want(t, 403, "elevated_access_token_required")
	token := w.stepUpWith(bob, solana, "credential:link")
	w.do("POST "+env+"/verify/link", bob.Token, []string{token}, evm.Body(w.text(evm))).Want(t, 422, "reassign_wallet_confirm")
	var moved verified
	w.do("POST "+env+"/verify/transfer", bob.Token, []string{token}, evm.Body(w.text(evm))).Want(t, 200, "").JSON(t, &moved)
	if len(moved.User.VerifiedCredentials) != 2 || !moved.wallet(evm.Address).Confirmed {
		t.Errorf("after the transfer: %+v", moved.User.VerifiedCredentials)
	}
	w.do("POST "+env+"/wallets/verify", ada.Token, nil, evm.Body(w.text(evm), "wallet:export")).Want(t, 422, "mfa_invalid_request")

	third := walletsigtest.NewEVM(t)
	var three verified
	w.do("POST "+env+"/verify/link", bob.Token, []string{w.stepUpWith(bob, solana, "credential:link")}, third.Body(w.text(third))).
		Want(t, 200, "").JSON(t, &three)
	var chosen verified
	w.do("PUT "+env+"/users/wallets/selection", bob.Token, nil, m{"walletId": three.wallet(third.Address).ID}).
		Want(t, 200, "").JSON(t, &chosen)
	if chosen.wallet(third.Address).LastSelectedAt == nil || chosen.wallet(evm.Address).LastSelectedAt != nil {
		t.Errorf("after the selection: %+v", chosen.User.VerifiedCredentials)
	}
	w.do("PUT "+env+"/users/wallets/selection", bob.Token, nil, m{"walletId": mine.ID}).Want(t, 404, "not_found")

	unlink := m{"walletId": three.wallet(third.Address).ID, "primaryWalletId": moved.wallet(evm.Address).ID}
	w.do("POST "+env+"/verify/unlink", bob.Token, nil, unlink).Want(t, 403, "elevated_access_token_required")
	var two verified
	w.do("POST "+env+"/verify/unlink", bob.Token, []string{w.stepUpWith(bob, solana, "credential:unlink")}, unlink).
		Want(t, 200, "").JSON(t, &two)
	if two.wallet(third.Address).ID != "" || two.wallet(evm.Address).LastSelectedAt == nil {
		t.Errorf("after unlinking: %+v", two.User.VerifiedCredentials)
	}
	walkWalletMessages(w, bob, solana)
}

func (w walker) stepUpWith(v verified, wallet *walletsigtest.Wallet, scopes ...string) string {
	w.t.Helper()
	return w.do("POST "+env+"/wallets/verify", v.Token, nil, wallet.Body(w.text(wallet), scopes...)).
		Want(w.t, 200, "").Member("elevatedAccessToken")
}

// walkWalletMessages signs the texts that we build.
func walkWalletMessages(w walker, bob verified, solana *walletsigtest.Wallet) {
	t := w.t
	ask := func(token string, body m) servertest.Response {
		t.Helper()
		header := http.Header{"Origin": {servertest.Origin(w.environment)}}
		if token != "" {
			header["Authorization"] = []string{"Bearer " + token}
		}
		return w.send(t, route(t, "POST", env+"/wallets/message"), servertest.SDK(w.environment)+"/wallets/message", header, body)
	}
	fresh := walletsigtest.NewEVM(t)
	text := ask("", m{"address": fresh.Address, "chain": "EVM", "network": "137"}).Want(t, 200, "").Member("message")
	if !strings.Contains(text, "\nChain ID: 137\n") || !strings.HasPrefix(text, "app.") {
		t.Errorf("the text is\n%s", text)
	}
	w.do("POST "+env+"/wallets/signin", "", nil, fresh.Body(text)).Want(t, 200, "")

	text = ask(bob.Token, m{"address": solana.Address, "chain": "SOL", "requestedScopes": []string{"wallet:export"}}).
		Want(t, 200, "").Member("message")
	w.do("POST "+env+"/wallets/verify", bob.Token, nil, solana.Body(text, "wallet:sign")).Want(t, 422, "invalid_verification")
	text = ask(bob.Token, m{"address": solana.Address, "chain": "SOL", "requestedScopes": []string{"wallet:export"}}).
		Want(t, 200, "").Member("message")
	w.do("POST "+env+"/wallets/verify", bob.Token, nil, solana.Body(text, "wallet:export")).Want(t, 200, "")
	ask(bob.Token, m{"address": solana.Address, "chain": "SOL", "action": "transfer"}).Want(t, 200, "")

	for name, test := range map[string]struct {
		body m
		code string
	}{
		"no session":    {m{"address": fresh.Address, "chain": "EVM", "requestedScopes": []string{"wallet:export"}}, "sign_in_required"},
		"no such scope": {m{"address": fresh.Address, "chain": "EVM", "action": "steal"}, "invalid_request"},
		"mistyped":      {m{"address": mistyped(fresh.Address), "chain": "EVM"}, "invalid_wallet_address"},
		"no network":    {m{"address": fresh.Address, "chain": "EVM", "network": "main\nnet"}, "invalid_request"},
		"no chain":      {m{"address": fresh.Address, "chain": "BTC"}, "chain_not_supported"},
		"foreign":       {m{"address": fresh.Address, "chain": "EVM", "origin": "https://evil.example"}, "origin_not_allowed"},
	} {
		if answer := ask("", test.body); answer.Code != test.code {
			t.Errorf("%s: %d %s, want %s", name, answer.Status, answer.Code, test.code)
		}
	}
	w.do("POST "+env+"/wallets/message", "", nil, m{"address": fresh.Address, "chain": "EVM"}).Want(t, 403, "origin_not_allowed")
}

// TestWalletsThatDoNotCount: other chains are refused by name, embedded wallets
// never vouch, and what is no wallet is none.
func TestWalletsThatDoNotCount(t *testing.T) {
	t.Parallel()
	c := start(t)
	c.Apply(t, servertest.Document(servertest.A, walletsOn))
	w := walker{c, t, servertest.A}
	evm := walletsigtest.NewEVM(t)
	for name, test := range map[string]struct {
		member string
		value  any
		code   string
		says   string
	}{
		"BTC": {"chain", "BTC", "chain_not_supported", "BTC"}, "ALGO": {"chain", "ALGO", "chain_not_supported", "ALGO"},
		"STARK": {"chain", "STARK", "chain_not_supported", "STARK"},
		"TON":   {"chain", "TON", "chain_not_supported", "TON"}, "no chain at all": {"chain", "evm", "chain_not_supported", "evm"},
		"embedded":       {"walletProvider", "embeddedWallet", "invalid_verification", "embedded"},
		"no provider":    {"walletProvider", "pocket", "invalid_request", "walletProvider"},
		"no name":        {"walletName", "<script>", "invalid_request", "walletName"},
		"mistyped":       {"publicWalletAddress", mistyped(evm.Address), "invalid_wallet_address", "EIP-55"},
		"Solana's chain": {"chain", "SOL", "invalid_wallet_address", "address"},
		"many addresses": {"additionalWalletAddresses", make([]m, 11), "invalid_request", "additionalWalletAddresses"},
		"an odd address": {"additionalWalletAddresses", []m{{"address": "a b", "type": "x"}}, "invalid_request",
			"additionalWalletAddresses"},
		"an odd hex": {"signedMessage", "0xzz", "invalid_verification", "signature"},
	} {
		body := evm.Body(w.text(evm))
		body[test.member] = test.value
		answer := w.do("POST "+env+"/wallets/signin", "", nil, body)
		if answer.Status/100 != 4 || answer.Code != test.code || !strings.Contains(answer.Member("error"), test.says) {
			t.Errorf("%s: %d %s", name, answer.Status, answer.Body)
		}
	}
	body := evm.Body(w.text(evm))
	body["additionalWalletAddresses"] = []m{{"address": "bc1qxyz", "type": "payment", "publicKey": "02ab"}}
	body["chain"] = "ETH" // what older clients call it
	var ada verified
	w.do("POST "+env+"/wallets/signin", "", nil, body).Want(t, 200, "").JSON(t, &ada)
	if got := ada.wallet(evm.Address).WalletAdditionalAddresses; len(got) != 1 || got[0].Address != "bc1qxyz" {
		t.Errorf("further addresses: %v", got)
	}
	hardware := evm.Body(w.text(evm))
	hardware["signedMessage"] = `{"signedTransaction":{"data":"` + hardware["signedMessage"].(string) + `"}}`
	w.do("POST "+env+"/wallets/signin", "", nil, hardware).Want(t, 200, "")
}

// mistyped is an EVM address with one letter in the wrong case.
func mistyped(address string) string {
	i := strings.IndexAny(address[2:], "abcdefABCDEF") + 2
	letter := strings.ToUpper(address[i : i+1])
	if letter == address[i:i+1] {
		letter = strings.ToLower(letter)
	}
	return address[:i] + letter + address[i+1:]
}

// TestWalletCompatibility: published clients link, move and unlink wallets
// without a token; what comes in that way counts for nothing until confirmed.
func TestWalletCompatibility(t *testing.T) {
	t.Parallel()
	c := start(t)
	c.Apply(t, servertest.Document(servertest.A, walletsOn+"compatibility: [link-wallet, unlink-wallet]\n"))
	w := walker{c, t, servertest.A}
	alice := c.SignIn(t, servertest.A, "alice@example.com")
	evm := walletsigtest.NewEVM(t)
	owner := w.signInWith(evm)
	w.do("POST "+env+"/verify/link", alice.Token, nil, evm.Body(w.text(evm))).Want(t, 422, "reassign_wallet_confirm")
	var moved verified
	w.do("POST "+env+"/verify/transfer", alice.Token, nil, evm.Body(w.text(evm))).Want(t, 200, "").JSON(t, &moved)
	wallet := moved.wallet(evm.Address)
	if wallet.Confirmed || wallet.Provenance != "nothing" {
		t.Errorf("moved as %+v", wallet)
	}
	w.do("POST "+env+"/wallets/verify", alice.Token, nil, evm.Body(w.text(evm), "wallet:export")).Want(t, 422, "mfa_invalid_request")
	w.do("POST "+env+"/wallets/signin", "", nil, evm.Body(w.text(evm))).Want(t, 422, "credential_not_enabled_for_sign_in")
	w.do("GET "+env+"/users", owner.Token, nil, nil).Want(t, 200, "") // the last credential went, the session stays until it ends

	// Confirmed by an older credential, it counts. Other kinds still need a token.
	w.do("POST "+env+"/verify/link", alice.Token, []string{c.StepUp(t, alice, "credential:link")}, evm.Body(w.text(evm))).
		Want(t, 200, "").JSON(t, &moved)
	if !moved.wallet(evm.Address).Confirmed {
		t.Error("not confirmed by a token")
	}
	w.do("POST "+env+"/wallets/signin", "", nil, evm.Body(w.text(evm))).Want(t, 200, "")
	w.do("POST "+env+"/verify/unlink", alice.Token, nil, m{"verifiedCredentialId": alice.CredentialID, "walletId": wallet.ID}).
		Want(t, 403, "elevated_access_token_required")
	w.do("POST "+env+"/verify/unlink", alice.Token, nil, m{"verifiedCredentialId": "unknown"}).
		Want(t, 403, "elevated_access_token_required")
	w.do("POST "+env+"/verify/unlink", alice.Token, nil, m{"walletId": wallet.ID}).Want(t, 200, "")
}

// TestTransferTellsBoth: whoever loses a wallet hears of it and can end all
// sessions; the tokens that came from it are dead.
func TestTransferTellsBoth(t *testing.T) {
	t.Parallel()
	c := start(t)
	c.Apply(t, servertest.Document(servertest.A, walletsOn))
	w := walker{c, t, servertest.A}
	alice, bob := c.SignIn(t, servertest.A, "alice@example.com"), c.SignIn(t, servertest.A, "bob@example.com")
	evm := walletsigtest.NewEVM(t)
	w.do("POST "+env+"/verify/link", alice.Token, []string{c.StepUp(t, alice, "credential:link")}, evm.Body(w.text(evm))).Want(t, 200, "")
	old := w.do("POST "+env+"/wallets/verify", alice.Token, nil, evm.Body(w.text(evm), "credential:update")).
		Want(t, 200, "").Member("elevatedAccessToken")
	toAlice, toBob := len(c.Inbox.To(alice.Email)), len(c.Inbox.To(bob.Email))
	token := c.StepUp(t, bob, "credential:link")
	w.do("POST "+env+"/verify/transfer", bob.Token, []string{token}, evm.Body(w.text(evm))).Want(t, 200, "")

	refused := w.do("PUT "+env+"/users", alice.Token, []string{old}, m{"email": "new@example.com"}).
		Want(t, 403, "elevated_access_token_required")
	if !strings.Contains(string(refused.Body), "superseded") {
		t.Errorf("the old token: %s", refused.Body)
	}
	if mail := c.Inbox.Wait(t, alice.Email, toAlice); !strings.Contains(mail.Text, "moved to another account") ||
		!strings.Contains(mail.Text, "/notMe#") {
		t.Errorf("whoever lost it was told\n%s", mail.Text)
	}
	if mail := c.Inbox.Wait(t, bob.Email, toBob+1); !strings.Contains(mail.Text, evm.Address) {
		t.Errorf("whoever got it was told\n%s", mail.Text)
	}
	var count int
	if err := c.DB.Read(t.Context(), countAudit("credential.transferred", alice.UserID, &count)); err != nil || count != 1 {
		t.Errorf("%d entries about %s, %v", count, alice.UserID, err)
	}
}

func countAudit(action, userID string, count *int) func(*store.Tx) error {
	return func(tx *store.Tx) error {
		return tx.Row(`SELECT COUNT(*) FROM audit_events WHERE action = $1 AND user_id = $2`, action, userID).Scan(count)
	}
}
