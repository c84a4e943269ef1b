package walletsig_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/assurance"
	"github.com/stepup-auth/stepup/internal/chain"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/method"
	"github.com/stepup-auth/stepup/internal/method/methodtest"
	"github.com/stepup-auth/stepup/internal/method/walletsig"
	"github.com/stepup-auth/stepup/internal/method/walletsig/walletsigtest"
	"github.com/stepup-auth/stepup/internal/nonce"
	"github.com/stepup-auth/stepup/internal/secret"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/tenant/tenanttest"
)

const (
	app   = "https://app.example.com"
	other = "https://other.example.com"
)

var document = tenanttest.Document("origins: ["+app+", "+other+"]", "wallets: {chains: [EVM, SOL]}")

// fresh is a nonce of the environment.
func fresh(t testing.TB, w *tenanttest.World) string {
	t.Helper()
	var text string
	w.Read(t, func(tx *store.Tx) error {
		epoch, err := tx.Epoch()
		text = nonce.New(tx.Hasher(), tenanttest.ID, epoch, w.Now())
		return err
	})
	return text
}

// use is what a text is signed for: an action, in a session or in none, for scopes.
type use struct {
	action  walletsig.Action
	session *store.SessionRow
	scopes  []string
}

func to(action walletsig.Action, s *store.SessionRow, scopes ...string) use {
	return use{action, s, scopes}
}

// ours is a text that we build.
func ours(t testing.TB, w *tenanttest.World, wallet *walletsigtest.Wallet, u use) string {
	t.Helper()
	return oursAbout(t, w, wallet, u, nil)
}

// oursAbout is ours for a registered transaction.
func oursAbout(t testing.TB, w *tenanttest.World, wallet *walletsigtest.Wallet, u use, x *store.BindingRow) string {
	t.Helper()
	r := walletsig.Text{Caller: w.As(u.session), Action: u.action, Chain: chain.Kind(wallet.Chain), Address: wallet.Address,
		Origin: app, Scopes: u.scopes, About: x}
	if wallet.Chain == "EVM" {
		r.ChainID = "1"
	}
	var text string
	w.Read(t, func(tx *store.Tx) (err error) {
		text, err = walletsig.Compose(tx, r)
		return err
	})
	return text
}

func published(t testing.TB, w *tenanttest.World, wallet *walletsigtest.Wallet) string {
	t.Helper()
	return wallet.Published(app, tenanttest.ID, fresh(t, w), w.Now())
}

// signed is an attempt with a text that the wallet signs now.
func signed(w *tenanttest.World, wallet *walletsigtest.Wallet, u use, text string) methodtest.Try {
	return methodtest.Try{
		Method: walletsig.Method{
			Action: u.action, Chain: chain.Kind(wallet.Chain), Address: wallet.Address, Message: text, Scopes: u.scopes,
			Detail: account.Detail{Address: wallet.Address, Chain: chain.Kind(wallet.Chain).Namespace(), WalletName: "test",
				WalletProvider: "browserExtension"}.JSON(),
		},
		Attempt: method.Attempt{Caller: w.As(u.session), Response: secret.Text(wallet.Sign(text))},
	}
}

func check(t testing.TB, w *tenanttest.World, try methodtest.Try, then func(*store.Tx, method.Proof) error) error {
	t.Helper()
	return method.Check(t.Context(), w.DB, try.Method, try.Attempt, then)
}

func accept(*store.Tx, method.Proof) error { return nil }

// signIn opens a session with the wallet, signing up where it is new.
func signIn(t testing.TB, w *tenanttest.World, wallet *walletsigtest.Wallet) store.SessionRow {
	t.Helper()
	var row store.SessionRow
	try := signed(w, wallet, to(walletsig.SignIn, nil), published(t, w, wallet))
	err := check(t, w, try, func(tx *store.Tx, p method.Proof) (err error) {
		row, err = tenanttest.Enter(tx, w.Tenant, p)
		return err
	})
	if err != nil {
		t.Fatalf("signing in with a wallet: %v", err)
	}
	return row
}

// linkTo gives the wallet to the session's user, as an elevated token would.
func linkTo(t testing.TB, w *tenanttest.World, wallet *walletsigtest.Wallet, s store.SessionRow) {
	t.Helper()
	if err := check(t, w, signed(w, wallet, to(walletsig.Link, &s), published(t, w, wallet)), func(tx *store.Tx, p method.Proof) error {
		e := p.Evidence()
		_, err := account.Link(w.About(s.UserID), tx, account.Address{Format: e.Format, Identifier: e.Identifier,
			Written: e.Recipient, Detail: e.Detail}, account.Authority{Provenance: store.ProvenanceElevatedToken})
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

// G1: a text that was signed for another site, or that does not agree with
// itself about which, is refused.
func TestG1ForeignSites(t *testing.T) {
	t.Parallel()
	w := tenanttest.SQLite(t, document)
	wallet := walletsigtest.NewEVM(t)
	replace := func(pairs ...string) func(string) string {
		return func(text string) string { return change(text, pairs...) }
	}
	const domain, uri = "app.example.com wants", "URI: https://app.example.com/"
	for name, test := range map[string]struct {
		change func(string) string
		ok     bool
	}{
		"as it is":                      {func(s string) string { return s }, true},
		"another origin of ours":        {replace(domain, "other.example.com wants", uri, "URI: https://other.example.com/"), true},
		"a path in the URI":             {replace(uri, uri+"login?next=1"), true},
		"no slash after the origin":     {replace(uri, "URI: https://app.example.com"), true},
		"another domain":                {replace(domain, "evil.example wants"), false},
		"another URI":                   {replace(uri, "URI: https://evil.example/"), false},
		"another site altogether":       {replace(domain, "evil.example wants", uri, "URI: https://evil.example/"), false},
		"domain and URI of two origins": {replace(domain, "other.example.com wants"), false},
		"http":                          {replace(uri, "URI: http://app.example.com/"), false},
		"another port": {replace(domain, "app.example.com:8443 wants", uri, "URI: https://app.example.com:8443/"),
			false},
		"the usual port, spelt out": {replace(domain, "app.example.com:443 wants", uri, "URI: https://app.example.com:443/"), false},
		"port in the domain only":   {replace(domain, "app.example.com:8443 wants"), false},
		"a subdomain":               {replace(domain, "x.app.example.com wants", uri, "URI: https://x.app.example.com/"), false},
		"a longer name": {replace(domain, "app.example.com.evil.example wants", uri,
			"URI: https://app.example.com.evil.example/"), false},
		"capitals":                 {replace(domain, "App.example.com wants", uri, "URI: https://App.example.com/"), false},
		"a user before the domain": {replace(domain, "app.example.com@evil.example wants"), false},
		"a user before the host":   {replace(uri, "URI: https://app.example.com@evil.example/"), false},
		"a user of ours":           {replace(uri, "URI: https://evil@app.example.com/"), false},
		"a fragment that looks like host": {replace(domain, "evil.example wants", uri, "URI: https://evil.example#app.example.com/"),
			false},
		"a dot at the end":           {replace(domain, "app.example.com. wants", uri, "URI: https://app.example.com./"), false},
		"an encoded host":            {replace(uri, "URI: https://app%2eexample.com/"), false},
		"a URN":                      {replace(uri, "URI: urn:app.example.com"), false},
		"a scheme before the domain": {replace(domain, "http://app.example.com wants"), false},
	} {
		text := test.change(published(t, w, wallet))
		err := check(t, w, signed(w, wallet, to(walletsig.SignIn, nil), text), accept)
		if test.ok != (err == nil) || !test.ok && !fault.Has(err, fault.InvalidVerification) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// G2: a text needs a nonce of ours that nobody has shown before; one that was
// shown is gone, whatever the text was worth. Text and request agree on the
// rest, and the text is fresh.
func TestG2NonceAndFacts(t *testing.T) {
	t.Parallel()
	w := tenanttest.SQLite(t, document)
	wallet, friend := walletsigtest.NewEVM(t), walletsigtest.NewEVM(t)
	solana := walletsigtest.NewSolana(t)
	at := func(d time.Duration) func(string) string {
		return func(string) string {
			return wallet.Published(app, tenanttest.ID, fresh(t, w), w.Now().Add(d))
		}
	}
	for name, test := range map[string]struct {
		change func(string) string
		want   fault.Code
	}{
		"a minute ahead":              {at(50 * time.Second), ""},
		"nearly five minutes old":     {at(-290 * time.Second), ""},
		"five minutes old":            {at(-5*time.Minute - time.Second), fault.InvalidVerification},
		"two minutes ahead":           {at(2 * time.Minute), fault.InvalidVerification},
		"a nonce of the client's own": {func(s string) string { return change(s, nonceOf(s), "12345678") }, fault.InvalidVerification},
		"a nonce in capitals": {func(s string) string { return change(s, nonceOf(s), strings.ToUpper(nonceOf(s))) },
			fault.InvalidVerification},
		"of another environment": {func(s string) string { return change(s, "Request ID: 1", "Request ID: 2") },
			fault.InvalidVerification},
		"of no environment": {func(s string) string { return change(s, "\nRequest ID: "+tenanttest.ID, "") },
			fault.InvalidVerification},
		"of another wallet": {func(s string) string { return change(s, wallet.Address, friend.Address) }, fault.InvalidChain},
		"of another kind of wallet": {func(s string) string { return change(s, "Ethereum", "Solana", "\nChain ID: 1", "") },
			fault.InvalidChain},
		"in small letters": {func(s string) string { return change(s, wallet.Address, strings.ToLower(wallet.Address)) },
			fault.InvalidVerification},
		"version 2":               {func(s string) string { return change(s, "Version: 1", "Version: 2") }, fault.InvalidVerification},
		"with something after it": {func(s string) string { return s + "\n" }, fault.InvalidVerification},
		"with a statement of its own": {func(s string) string { return change(s, "Welcome to Demo.", "Transfer everything.") },
			fault.InvalidVerification},
		"with two names of the app": {func(s string) string { return change(s, "Welcome to Demo.", "Welcome to Bank.") },
			fault.InvalidVerification},
		"with an expiration": {func(s string) string {
			return change(s, "\nRequest", "\nExpiration Time: 2100-01-01T00:00:00Z\nRequest")
		}, fault.InvalidVerification},
		"with a resource": {func(s string) string { return s + "\nResources:\n- urn:stepup:action:sign-in" }, fault.InvalidVerification},
	} {
		text := test.change(published(t, w, wallet))
		err := check(t, w, signed(w, wallet, to(walletsig.SignIn, nil), text), accept)
		if test.want == "" && err != nil || test.want != "" && !fault.Has(err, test.want) {
			t.Errorf("%s: got %v, want %q", name, err, test.want)
		}
		if test.want == "" || !strings.Contains(name, "nonce") {
			good := wallet.Published(app, tenanttest.ID, nonceOf(text), w.Now())
			if err := check(t, w, signed(w, wallet, to(walletsig.SignIn, nil), good), accept); !fault.Has(err, fault.InvalidVerification) {
				t.Errorf("%s: its nonce worked again: %v", name, err)
			}
		}
	}
	with := change(published(t, w, solana), "\nNonce", "\nChain ID: 1\nNonce")
	if err := check(t, w, signed(w, solana, to(walletsig.SignIn, nil), with), accept); !fault.Has(err, fault.InvalidChain) {
		t.Errorf("a chain id for Solana: %v", err)
	}
	mixed := signed(w, wallet, to(walletsig.SignIn, nil), published(t, w, wallet))
	m := mixed.Method.(walletsig.Method)
	m.Chain = chain.Solana
	mixed.Method = m
	if err := check(t, w, mixed, accept); !fault.Has(err, fault.InvalidWalletAddress) {
		t.Errorf("an EVM address for Solana: %v", err)
	}
}

func nonceOf(text string) string {
	_, rest, _ := strings.Cut(text, "\nNonce: ")
	value, _, _ := strings.Cut(rest, "\n")
	return value
}

// G3: a text of ours is good for the action and the scopes that it names, in
// the session it was built for, and byte for byte.
func TestG3TextForSomethingElse(t *testing.T) {
	t.Parallel()
	w := tenanttest.SQLite(t, document)
	wallet := walletsigtest.NewEVM(t)
	ada := signIn(t, w, wallet)
	again := signIn(t, w, wallet)
	export, sign := string(stepup.WalletExport), string(stepup.WalletSign)
	for name, test := range map[string]struct {
		built, used        walletsig.Action
		builtFor, usedIn   *store.SessionRow
		scopes, wanted     []string
		change             func(string) string
		ok                 bool
		publishedOldAsThis time.Duration
	}{
		"step-up": {built: walletsig.StepUp, used: walletsig.StepUp, builtFor: &ada, usedIn: &ada,
			scopes: []string{export}, wanted: []string{export}, ok: true},
		"two scopes, in any order": {built: walletsig.StepUp, used: walletsig.StepUp, builtFor: &ada, usedIn: &ada,
			scopes: []string{sign, export}, wanted: []string{export, sign, export}, ok: true},
		"sign-in":                 {built: walletsig.SignIn, used: walletsig.SignIn, ok: true},
		"link":                    {built: walletsig.Link, used: walletsig.Link, builtFor: &ada, usedIn: &ada, ok: true},
		"sign-in text as step-up": {built: walletsig.SignIn, used: walletsig.StepUp, usedIn: &ada, wanted: []string{export}},
		"step-up text to sign in": {built: walletsig.StepUp, used: walletsig.SignIn, builtFor: &ada, scopes: []string{export}},
		"link text as step-up": {built: walletsig.Link, used: walletsig.StepUp, builtFor: &ada, usedIn: &ada,
			wanted: []string{export}},
		"link text as transfer": {built: walletsig.Link, used: walletsig.Transfer, builtFor: &ada, usedIn: &ada},
		"transfer text as link": {built: walletsig.Transfer, used: walletsig.Link, builtFor: &ada, usedIn: &ada},
		"other scope": {built: walletsig.StepUp, used: walletsig.StepUp, builtFor: &ada, usedIn: &ada,
			scopes: []string{sign}, wanted: []string{export}},
		"one scope more": {built: walletsig.StepUp, used: walletsig.StepUp, builtFor: &ada, usedIn: &ada,
			scopes: []string{sign}, wanted: []string{sign, export}},
		"one scope fewer": {built: walletsig.StepUp, used: walletsig.StepUp, builtFor: &ada, usedIn: &ada,
			scopes: []string{sign, export}, wanted: []string{sign}},
		"step-up without scopes": {built: walletsig.StepUp, used: walletsig.StepUp, builtFor: &ada, usedIn: &ada,
			scopes: []string{sign}},
		"another session of the same": {built: walletsig.StepUp, used: walletsig.StepUp, builtFor: &ada, usedIn: &again,
			scopes: []string{export}, wanted: []string{export}},
		"a scope added to the text": {built: walletsig.StepUp, used: walletsig.StepUp, builtFor: &ada, usedIn: &ada,
			scopes: []string{export}, wanted: []string{export, sign},
			change: func(s string) string {
				return change(s, "\n- urn:stepup:scope:wallet:export", "\n- urn:stepup:scope:wallet:export\n- urn:stepup:scope:wallet:sign")
			}},
		"another sentence": {built: walletsig.StepUp, used: walletsig.StepUp, builtFor: &ada, usedIn: &ada, scopes: []string{export},
			wanted: []string{export}, change: func(s string) string { return change(s, "Confirm in", "Ignore in") }},
		"a later expiration": {built: walletsig.StepUp, used: walletsig.StepUp, builtFor: &ada, usedIn: &ada, scopes: []string{export},
			wanted: []string{export}, change: func(s string) string { return change(s, "Expiration Time: 2", "Expiration Time: 3") }},
		"another origin": {built: walletsig.StepUp, used: walletsig.StepUp, builtFor: &ada, usedIn: &ada, scopes: []string{export},
			wanted: []string{export},
			change: func(s string) string {
				return change(s, "app.example.com wants", "other.example.com wants", app, other)
			}},
		"another nonce": {built: walletsig.StepUp, used: walletsig.StepUp, builtFor: &ada, usedIn: &ada, scopes: []string{export},
			wanted: []string{export}, change: func(s string) string { return change(s, nonceOf(s), fresh(t, w)) }},
		"no challenge": {built: walletsig.StepUp, used: walletsig.StepUp, builtFor: &ada, usedIn: &ada, scopes: []string{export},
			wanted: []string{export}, change: func(s string) string { return s[:strings.Index(s, "\n- urn:stepup:challenge:")] }},
	} {
		text := ours(t, w, wallet, to(test.built, test.builtFor, test.scopes...))
		if test.change != nil {
			text = test.change(text)
		}
		err := check(t, w, signed(w, wallet, to(test.used, test.usedIn, test.wanted...), text), accept)
		if test.ok != (err == nil) || !test.ok && !fault.Has(err, fault.InvalidVerification) {
			t.Errorf("%s: %v", name, err)
		}
	}

	// The published text cannot name what it is for. One that is older than the
	// session is not for a step-up in it.
	old := published(t, w, wallet)
	w.Clock.Advance(90 * time.Second)
	late := signIn(t, w, wallet)
	if err := check(t, w, signed(w, wallet, to(walletsig.StepUp, &late, export), old), accept); !fault.Has(err, fault.InvalidVerification) {
		t.Errorf("a text from before the session: %v", err)
	}
}

// G7: the text says what it allows, in the words of the grammar that every wallet
// can read, and a wallet's word is never phishing-resistant.
func TestG7TextSaysWhatItAllows(t *testing.T) {
	t.Parallel()
	w := tenanttest.SQLite(t,
		tenanttest.Document("origins: ["+app+"]", "wallets: {chains: [EVM, SOL]}", `mail: {appName: "Bänk <b>\"1\"</b>"}`))
	for _, wallet := range []*walletsigtest.Wallet{walletsigtest.NewEVM(t), walletsigtest.NewSolana(t)} {
		ada := signIn(t, w, wallet)
		text := ours(t, w, wallet, to(walletsig.StepUp, &ada, "wallet:export", "transfer:create"))
		m, err := walletsig.ParseMessage(text)
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		if !strings.Contains(m.Statement, "wallet:export") || !strings.Contains(m.Statement, "transfer:create") ||
			!strings.HasPrefix(m.Statement, "Confirm in Bnk b1/b that") {
			t.Errorf("the statement is %q", m.Statement)
		}
		if m.RequestID != tenanttest.ID || m.ExpirationTime == "" || len(m.Resources) != 4 {
			t.Errorf("the text is %+v", m)
		}
		var proof method.Proof
		try := signed(w, wallet, to(walletsig.StepUp, &ada, "transfer:create", "wallet:export"), text)
		if err := check(t, w, try, func(_ *store.Tx, p method.Proof) error {
			proof = p
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if proof.ACR() != assurance.Reauth {
			t.Errorf("worth %s", proof.ACR())
		}
	}
}

// G8: what a wallet signed before it left an account is void, even if it comes
// back.
func TestG8TextOutlivesNoUnlink(t *testing.T) {
	t.Parallel()
	w := tenanttest.SQLite(t, document)
	wallet := walletsigtest.NewEVM(t)
	ada := w.SignIn(t, "ada@example.com")
	link := func(s store.SessionRow) {
		t.Helper()
		w.Clock.Advance(time.Second)
		linkTo(t, w, wallet, s)
	}
	unlink := func(s store.SessionRow) {
		t.Helper()
		w.Clock.Advance(time.Second)
		w.Write(t, func(tx *store.Tx) error {
			row, err := tx.CredentialByIdentifier(tenanttest.ID, store.FormatBlockchain, chain.EVM.Identifier(wallet.Address))
			if err != nil {
				return err
			}
			return account.Unlink(w.About(s.UserID), tx, row.ID,
				account.Authority{Provenance: store.ProvenanceElevatedToken})
		})
	}
	link(ada)
	export := string(stepup.WalletExport)
	stepUp := to(walletsig.StepUp, &ada, export)
	tries := map[string]methodtest.Try{
		"our step-up text":       signed(w, wallet, stepUp, ours(t, w, wallet, stepUp)),
		"our sign-in text":       signed(w, wallet, to(walletsig.SignIn, nil), ours(t, w, wallet, to(walletsig.SignIn, nil))),
		"our link text":          signed(w, wallet, to(walletsig.Link, &ada), ours(t, w, wallet, to(walletsig.Link, &ada))),
		"published, to step up":  signed(w, wallet, to(walletsig.StepUp, &ada, export), published(t, w, wallet)),
		"published, to sign in":  signed(w, wallet, to(walletsig.SignIn, nil), published(t, w, wallet)),
		"published, to transfer": signed(w, wallet, to(walletsig.Transfer, &ada), published(t, w, wallet)),
	}
	unlink(ada)
	link(ada) // it may even come back
	for name, try := range tries {
		if err := check(t, w, try, accept); !fault.Has(err, fault.InvalidVerification) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := check(t, w, signed(w, wallet, to(walletsig.StepUp, &ada, export), published(t, w, wallet)), accept); err != nil {
		t.Errorf("control: %v", err)
	}
	bob := signed(w, wallet, to(walletsig.SignIn, nil), published(t, w, wallet))
	w.Clock.Advance(time.Second)
	w.Write(t, func(tx *store.Tx) error { return tx.DeleteUser(tenanttest.ID, ada.UserID) })
	if err := check(t, w, bob, accept); !fault.Has(err, fault.InvalidVerification) {
		t.Errorf("after the account was deleted: %v", err)
	}
}
