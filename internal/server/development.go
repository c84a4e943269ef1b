package server

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/deliver"
	"github.com/stepup-auth/stepup/internal/dev"
	"github.com/stepup-auth/stepup/internal/dev/devprovider"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/operate"
	"github.com/stepup-auth/stepup/internal/secret"
	"github.com/stepup-auth/stepup/internal/serviceauth"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/who"
)

// The two environments of development mode, one per API version.
const (
	DevelopmentEnvironment       = "11111111-2222-4333-8444-555555555555"
	DevelopmentLegacyEnvironment = "11111111-2222-4333-8444-666666666666"
)

// Development is what development mode adds.
type Development struct {
	BankURL      string // where the example service answers
	ChainURL     string // where a node for development answers, with the chain id 31337; empty: at anvil's own port
	TokenFile    string // receives the example service's token; empty: none is made
	OperatorFile string // receives the token with which the demo moves its older environment; empty: none is made
	Inbox        *deliver.Inbox
}

const developmentDocument = `
id: %[1]s
name: %[2]s
origins: [%[5]s]
redirectOrigins: [%[5]s]
minApiVersion: "%[4]s"
createdAtVersion: "%[4]s"
limits:
  codesPerAddress: {count: 100, per: 10m}
  codesPerSession: {count: 100, per: 10m}
  codesPerAccount: {count: 100, per: 10m}
  codesPerAccountHour: 1000
  codesPerIP: {count: 1000, per: 10m}
sms: {enabled: true, countries: [US, CA, GB, DE, FR, NL, CH, AT, ES, IT, IN, AU, JP], perPrefix: {count: 1000, per: 1h}}
mfa:
  methods:
    - {type: totp, enabled: true, allowBackupCodes: true}
    - {type: passkey, enabled: true, allowBackupCodes: true}
  actions:
    - {action: wallet.waas.export, required: true}
    - {action: wallet.waas.sign, required: true}
    - {action: wallet.waas.refresh, required: true}
    - {action: wallet.waas.reshare, required: true}
    - {action: user.update, required: true}
passkeys: {rpId: localhost, origins: [%[6]s]}
prompt: {origin: "%[6]s", redirectUris: ["http://localhost/demo/", "http://localhost/back", "http://127.0.0.1/back"]}
wallets: {chains: [EVM, SOL]}
embeddedWallets:
  enabled: true
  networks:
    - {name: Local chain, chain: EVM, chainId: 31337, rpc: "%[7]s"}
providers:
  - {provider: dev, name: Development login, issuer: "%[3]s` + devprovider.Path + `", clientId: ` + devprovider.ClientID + `}
scopes:
  - {scope: "transfer:create", audience: "https://bank.example", allows: send money at the example service, ` +
	`summary: "Send {amount} {currency} to {payee}"}
`

// anvilURL is where anvil and other nodes for development answer when they are not told otherwise.
const anvilURL = "http://127.0.0.1:8545"

// DemoURL is where the demo app is opened: the development server under the
// name localhost. Browsers make no passkeys for an IP address.
func DemoURL(publicURL string) string {
	u, err := url.Parse(publicURL)
	if err != nil || u.Port() == "" {
		return publicURL
	}
	return "http://localhost:" + u.Port()
}

// origins lists both names of the server, each once, for the document.
func origins(publicURL string) string {
	if demo := DemoURL(publicURL); demo != publicURL {
		return publicURL + ", " + demo
	}
	return publicURL
}

// New makes a development server: its environments are created when absent and
// left alone when present, so that an operator can play with them.
func (d Development) New(ctx context.Context, c Config) (*Server, error) {
	if d.Inbox == nil {
		d.Inbox = &deliver.Inbox{Now: c.Now}
	}
	chain := dev.Chain{Name: "the local chain", ChainID: 31337, RPC: cmp.Or(d.ChainURL, anvilURL)}
	by := who.Caller{By: audit.By{Actor: "system", RequestID: "development"}}
	for _, e := range []struct {
		id, name string
		version  environment.Version
	}{
		{DevelopmentEnvironment, "Demo", environment.Version20260401},
		{DevelopmentLegacyEnvironment, "Demo (action-based MFA)", environment.Version20260101},
	} {
		document := fmt.Sprintf(developmentDocument, e.id, e.name, c.PublicURL, e.version, origins(c.PublicURL),
			DemoURL(c.PublicURL), chain.RPC)
		err := c.DB.Write(ctx, func(tx *store.Tx) error {
			row, err := tx.Environment(e.id)
			if err == nil {
				d.warnStale(c, row)
			}
			if !errors.Is(err, store.ErrNotFound) {
				return err
			}
			_, err = operate.Apply(by, tx, []byte(document), operate.ApplyOptions{MayWeaken: true})
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("making environment %s: %w", e.name, err)
		}
	}
	if _, err := keptToken(ctx, c.DB, by, d.TokenFile, serviceauth.New{
		Name: "example service", EnvironmentID: DevelopmentEnvironment, Scopes: []string{serviceauth.TokensConsume},
		TokenScopes: []stepup.Scope{"transfer:create"},
	}); err != nil {
		return nil, err
	}
	operator, err := keptToken(ctx, c.DB, by, d.OperatorFile, serviceauth.New{
		Name: "demo app", EnvironmentID: DevelopmentLegacyEnvironment,
		Scopes: []string{serviceauth.EnvironmentsRead, serviceauth.EnvironmentsWrite, serviceauth.EnvironmentsWeaken},
	})
	if err != nil {
		return nil, err
	}
	c.Mailer, c.Texter = d.Inbox, d.Inbox
	c.ConsoleURL = DemoURL(c.PublicURL)
	// the development provider
	c.OutboundAllow = append(c.OutboundAllow, netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128"))
	now := c.Now
	if now == nil {
		now = time.Now
	}
	provider, err := devprovider.New(c.PublicURL, now)
	if err != nil {
		return nil, fmt.Errorf("making the development login: %w", err)
	}
	c.Development = dev.Handler(dev.Config{
		Inbox: d.Inbox, Provider: provider.Handler(), BankURL: d.BankURL, DemoURL: DemoURL(c.PublicURL),
		KeptWallets: c.Wallets != nil, Chain: &chain,
		Environments: []dev.Environment{
			{ID: DevelopmentEnvironment, Name: "Step-up (2026_04_01)", MinAPIVersion: string(environment.Version20260401)},
			{ID: DevelopmentLegacyEnvironment, Name: "Moving from action-based MFA", MinAPIVersion: string(environment.Version20260101),
				Migrating: true},
		},
		Operator: operator,
	})
	if err := c.DB.Write(ctx, func(tx *store.Tx) error { return PrepareConsole(c, tx) }); err != nil {
		return nil, fmt.Errorf("preparing the console: %w", err)
	}
	return New(c), nil
}

// unsent says in the log for whom no code was mailed or texted; whoever asked is not
// told, and in production nobody is.
func unsent(c Config) func(to string) {
	if c.Development == nil {
		return nil
	}
	return func(to string) { c.Log.Warn("not sent to " + to + ": limits.codesPerAddress") }
}

// warnStale says when a kept environment does not know the demo by the address
// it is served at now: the page would be refused everything.
func (d Development) warnStale(c Config, row store.EnvironmentRow) {
	kept, err := environment.Parse([]byte(row.Document))
	if err != nil || slices.Contains(kept.Origins, DemoURL(c.PublicURL)) {
		return // what cannot be read is refused where it is used
	}
	c.Log.Warn("an environment was kept that does not list the demo app's address: add it to origins, or delete the "+
		"development folder to begin anew",
		"environment", row.Name, "origin", DemoURL(c.PublicURL))
}

// keptToken reads the service token in a file, or makes one and writes it there.
// Without a file there is none.
func keptToken(ctx context.Context, db *store.DB, by who.Caller, path string, n serviceauth.New) (secret.Text, error) {
	if path == "" {
		return "", nil
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		kept, err := os.ReadFile(path)
		return secret.Text(strings.TrimSpace(string(kept))), err
	}
	if err != nil {
		return "", fmt.Errorf("writing the token of the %s: %w", n.Name, err)
	}
	var text secret.Text
	err = db.Write(ctx, func(tx *store.Tx) (err error) {
		text, _, err = serviceauth.Create(by, tx, n)
		return err
	})
	if err == nil {
		_, err = file.WriteString(text.Reveal() + "\n")
	}
	return text, errors.Join(err, file.Close())
}
