package authz_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/wallet"
	"github.com/stepup-auth/stepup/internal/wallet/authz"
	"github.com/stepup-auth/stepup/internal/wallet/peer"
	"github.com/stepup-auth/stepup/internal/wallet/wallettest"
)

// alien is an id of nothing here.
const alien = "00000000-0000-4000-8000-000000000000"

const intentHash = "1f1e1d1c1b1a191817161514131211100f0e0d0c0b0a09080706050403020100"

// attempt is an operation with everything that would allow it.
type attempt struct {
	issuer *wallettest.Issuer
	op     wallet.Operation
	hash   string
	ticket wallet.Ticket
	token  map[string]any
	creds  wallet.Credentials // made of the above unless a test sets it
}

func newAttempt(i *wallettest.Issuer, action wallet.Action) *attempt {
	a := &attempt{issuer: i, op: i.Operation(uuid.NewString(), action, struct{}{}), hash: intentHash}
	a.token = i.TokenFor(a.op)
	a.ticket = i.TicketFor(a.op, a.hash, a.token["jti"].(string))
	return a
}

// sign makes the credentials of what the attempt says now.
func (a *attempt) sign() {
	a.creds = wallet.Credentials{Ticket: a.issuer.Sign(wallet.TicketType, a.ticket), ElevatedToken: a.issuer.Mint(a.token)}
}

func (a *attempt) check(ctx context.Context) (authz.Authorized, error) {
	if a.creds.Ticket == "" {
		a.sign()
	}
	c := authz.Checker{Environments: a.issuer, Claimer: a.issuer, Now: a.issuer.Clock.Now}
	return c.Check(ctx, a.op, a.creds, a.hash)
}

func newIssuer(t *testing.T) *wallettest.Issuer {
	t.Helper()
	return wallettest.NewIssuer(t, wallettest.NewClock())
}

func TestAllowed(t *testing.T) {
	t.Parallel()
	for action, scopes := range map[wallet.Action][]stepup.Scope{
		wallet.Sign: {stepup.WalletSign}, wallet.Export: {stepup.WalletExport}, wallet.Restore: {stepup.WalletRestore},
		wallet.Delete: {stepup.WalletDelete}, wallet.Refresh: {stepup.WalletRefresh, stepup.WalletDelegate},
		wallet.Reshare: {stepup.WalletReshare, stepup.WalletDelegate},
	} {
		for _, scope := range scopes {
			i := newIssuer(t)
			a := newAttempt(i, action)
			a.token["scope"] = "transfer:create " + string(scope)
			got, err := a.check(t.Context())
			if err != nil || got.TokenID != a.token["jti"] || got.SingleUse != (action != wallet.Sign) ||
				!got.ClaimedAt.Equal(i.Clock.Now()) || got.By != wallet.ByElevatedToken || got.TicketID != a.ticket.ID {
				t.Errorf("%s with %s: %+v, %v", action, scope, got, err)
			}
		}
	}
	for _, by := range []wallet.AuthorizedBy{wallet.ByPolicy, wallet.ByMFAToken} {
		a := newAttempt(newIssuer(t), wallet.Create)
		a.ticket.AuthorizedBy, a.ticket.TokenID = by, ""
		a.sign()
		a.creds.ElevatedToken = ""
		if got, err := a.check(t.Context()); err != nil || got.By != by || got.TokenID != "" {
			t.Errorf("%s: %+v, %v", by, got, err)
		}
	}
	a := newAttempt(newIssuer(t), wallet.Sign)
	a.token["authorization_details"] = wallettest.Bind(a.op, a.hash)
	if _, err := a.check(t.Context()); err != nil {
		t.Errorf("a bound token: %v", err)
	}
}

// Each row is one thing that is wrong, with everything else right. None of them
// reaches the issuer's claim, but those that are for the issuer to find.
func TestRefused(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name    string
		want    fault.Code
		claimed bool // the issuer finds it
		edit    func(*attempt)
	}{
		// The ticket.
		{"no ticket", fault.WalletNotAuthorized, false, func(a *attempt) { a.sign(); a.creds.Ticket = "" }},
		{"ticket forged", fault.WalletNotAuthorized, false,
			func(a *attempt) { a.sign(); a.creds.Ticket = a.issuer.Forge(wallet.TicketType, a.ticket) }},
		{"ticket cut", fault.WalletNotAuthorized, false,
			func(a *attempt) { a.sign(); a.creds.Ticket = a.creds.Ticket[:len(a.creds.Ticket)-4] }},
		{"ticket of alg none", fault.WalletNotAuthorized, false,
			func(a *attempt) { a.sign(); a.creds.Ticket = unsigned(a.creds.Ticket, wallet.TicketType, "none", "") }},
		{"ticket of alg HS256", fault.WalletNotAuthorized, false, func(a *attempt) {
			a.sign()
			a.creds.Ticket = unsigned(a.creds.Ticket, wallet.TicketType, "HS256", "c2ln")
		}},
		{"ticket of alg RS256", fault.WalletNotAuthorized, false, func(a *attempt) {
			a.sign()
			a.creds.Ticket = unsigned(a.creds.Ticket, wallet.TicketType, "RS256", "c2ln")
		}},
		{"ticket claims as an elevated token", fault.WalletNotAuthorized, false,
			func(a *attempt) { a.sign(); a.creds.Ticket = a.issuer.Sign(stepup.TypeElevated, a.ticket) }},
		{"ticket claims as a session token", fault.WalletNotAuthorized, false,
			func(a *attempt) { a.sign(); a.creds.Ticket = a.issuer.Sign(stepup.TypeSession, a.ticket) }},
		{"ticket claims as a plain JWT", fault.WalletNotAuthorized, false,
			func(a *attempt) { a.sign(); a.creds.Ticket = a.issuer.Sign("JWT", a.ticket) }},
		{"elevated token as the ticket", fault.WalletNotAuthorized, false,
			func(a *attempt) { a.sign(); a.creds.Ticket = a.creds.ElevatedToken }},
		{"ticket with a claim nobody knows", fault.WalletNotAuthorized, false, func(a *attempt) {
			a.sign()
			text, _ := json.Marshal(a.ticket)
			var claims map[string]any
			_ = json.Unmarshal(text, &claims)
			claims["more"] = true
			a.creds.Ticket = a.issuer.Sign(wallet.TicketType, claims)
		}},
		{"ticket of another issuer", fault.WalletNotAuthorized, false, func(a *attempt) { a.ticket.Issuer = "https://elsewhere.example" }},
		{"ticket for another audience", fault.WalletNotAuthorized, false, func(a *attempt) { a.ticket.Audience = a.issuer.Name }},
		{"ticket for another environment", fault.WalletNotAuthorized, false, func(a *attempt) { a.ticket.EnvironmentID = alien }},
		{"operation of another environment", fault.EnvironmentNotFound, false, func(a *attempt) { a.op.EnvironmentID = alien }},
		{"ticket for another user", fault.WalletNotAuthorized, false, func(a *attempt) { a.ticket.Subject = "user-2" }},
		{"ticket for another session", fault.WalletNotAuthorized, false, func(a *attempt) { a.ticket.Session = "session-2" }},
		{"ticket for another operation", fault.WalletNotAuthorized, false, func(a *attempt) { a.ticket.OperationID = alien }},
		{"ticket for another wallet", fault.WalletNotAuthorized, false, func(a *attempt) { a.ticket.WalletID = alien }},
		{"ticket for another action", fault.WalletNotAuthorized, false, func(a *attempt) { a.ticket.Action = wallet.Export }},
		{"ticket for another intent", fault.WalletNotAuthorized, false, func(a *attempt) { a.ticket.IntentHash = strings.Repeat("0", 64) }},
		{"ticket without an id", fault.WalletNotAuthorized, false, func(a *attempt) { a.ticket.ID = "" }},
		{"ticket expired", fault.WalletNotAuthorized, false, func(a *attempt) { a.ticket.IssuedAt -= 60; a.ticket.Expires -= 60 }},
		{"ticket too long-lived", fault.WalletNotAuthorized, false, func(a *attempt) { a.ticket.Expires++ }},
		{"ticket from the future", fault.WalletNotAuthorized, false, func(a *attempt) { a.ticket.IssuedAt += 31; a.ticket.Expires += 31 }},
		{"ticket that ends before it begins", fault.WalletNotAuthorized, false,
			func(a *attempt) { a.ticket.IssuedAt, a.ticket.Expires = a.ticket.IssuedAt+20, a.ticket.IssuedAt+10 }},
		{"ticket that rests on nothing", fault.WalletNotAuthorized, false, func(a *attempt) { a.ticket.AuthorizedBy = "" }},
		{"ticket on policy, with a token", fault.WalletNotAuthorized, false,
			func(a *attempt) { a.ticket.AuthorizedBy, a.ticket.TokenID = wallet.ByPolicy, "" }},
		{"ticket on policy, naming a token", fault.WalletNotAuthorized, false,
			func(a *attempt) { a.ticket.AuthorizedBy = wallet.ByPolicy; a.sign(); a.creds.ElevatedToken = "" }},
		{"operation without a session", fault.WalletNotAuthorized, false, func(a *attempt) { a.op.SessionID, a.ticket.Session = "", "" }},
		{"operation without an intent", fault.WalletNotAuthorized, false, func(a *attempt) { a.hash, a.ticket.IntentHash = "", "" }},

		// The elevated token.
		{"no token", fault.ElevatedTokenRequired, false, func(a *attempt) { a.sign(); a.creds.ElevatedToken = "" }},
		{"token forged", fault.ElevatedTokenRequired, false,
			func(a *attempt) { a.sign(); a.creds.ElevatedToken = a.issuer.Forge(stepup.TypeElevated, a.token) }},
		{"token forged and expired", fault.ElevatedTokenRequired, false, func(a *attempt) {
			a.sign()
			a.token["exp"], a.token["iat"] = a.issuer.Clock.Now().Unix()-1, a.issuer.Clock.Now().Unix()-100
			a.creds.ElevatedToken = a.issuer.Forge(stepup.TypeElevated, a.token)
		}},
		{"token of alg none", fault.ElevatedTokenRequired, false, func(a *attempt) {
			a.sign()
			a.creds.ElevatedToken = unsigned(a.creds.ElevatedToken, stepup.TypeElevated, "none", "")
		}},
		{"token claims as a session token", fault.ElevatedTokenRequired, false,
			func(a *attempt) { a.sign(); a.creds.ElevatedToken = a.issuer.Sign(stepup.TypeSession, a.token) }},
		{"token claims as a ticket", fault.ElevatedTokenRequired, false,
			func(a *attempt) { a.sign(); a.creds.ElevatedToken = a.issuer.Sign(wallet.TicketType, a.token) }},
		{"ticket as the token", fault.ElevatedTokenRequired, false, func(a *attempt) { a.sign(); a.creds.ElevatedToken = a.creds.Ticket }},
		{"another token than the ticket's", fault.ElevatedTokenRequired, false, func(a *attempt) { a.token["jti"] = alien }},
		{"token of another issuer", fault.ElevatedTokenRequired, false, func(a *attempt) { a.token["iss"] = "https://elsewhere.example" }},
		{"token for another audience", fault.ElevatedTokenRequired, false,
			func(a *attempt) { a.token["aud"] = []string{"https://elsewhere.example"} }},
		{"token of another environment", fault.ElevatedTokenRequired, false, func(a *attempt) { a.token["environment_id"] = alien }},
		{"token of another user", fault.ElevatedTokenRequired, false, func(a *attempt) { a.token["sub"] = "user-2" }},
		{"token of another session", fault.ElevatedTokenRequired, false, func(a *attempt) { a.token["sid"] = "session-2" }},
		{"token with another scope", fault.ElevatedTokenRequired, false,
			func(a *attempt) { a.token["scope"] = "wallet:export wallet:delegate wallet:refresh" }},
		{"token that lives too long", fault.ElevatedTokenRequired, false,
			func(a *attempt) { a.token["exp"] = a.token["iat"].(int64) + 601 }},
		{"token expired, never claimed", fault.ElevatedTokenRequired, true, func(a *attempt) {
			a.token["exp"], a.token["iat"] = a.issuer.Clock.Now().Unix(), a.issuer.Clock.Now().Unix()-100
		}},
		{"token expired before it was claimed", fault.ElevatedTokenRequired, true, func(a *attempt) {
			a.issuer.SayYes(true)
			a.token["exp"], a.token["iat"] = a.issuer.Clock.Now().Unix(), a.issuer.Clock.Now().Unix()-100
		}},
		{"token expired, with another scope", fault.ElevatedTokenRequired, false, func(a *attempt) {
			a.token["exp"], a.token["iat"] = a.issuer.Clock.Now().Unix(), a.issuer.Clock.Now().Unix()-100
			a.token["scope"] = "wallet:export"
		}},
		{"token spent by another operation", fault.ElevatedTokenRequired, true, func(a *attempt) {
			a.token["singleUse"], a.token["exp"] = true, a.token["iat"].(int64)+300
			a.sign()
			if _, err := a.issuer.Claim(context.Background(),
				wallet.Claim{OperationID: alien, TokenID: a.token["jti"].(string)}); err != nil {
				panic(err)
			}
		}},
		{"operation claimed for another intent", fault.OperationConflict, true, func(a *attempt) {
			if _, err := a.issuer.Claim(context.Background(),
				wallet.Claim{EnvironmentID: a.op.EnvironmentID, OperationID: a.op.ID, IntentHash: strings.Repeat("0", 64)}); err != nil {
				panic(err)
			}
		}},
		{"issuer out of reach", fault.Unavailable, true, func(a *attempt) { a.issuer.Down(true) }},
		{"token with an empty binding", fault.ElevatedTokenRequired, false,
			func(a *attempt) { a.token["authorization_details"] = []any{} }},
		{"token bound in no list", fault.ElevatedTokenRequired, false,
			func(a *attempt) { a.token["authorization_details"] = wallettest.Bind(a.op, a.hash)[0] }},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			a := newAttempt(newIssuer(t), wallet.Sign)
			row.edit(a)
			before := a.issuer.Claims()
			if a.creds == (wallet.Credentials{}) {
				a.sign()
			}
			c := authz.Checker{Environments: a.issuer, Claimer: a.issuer, Now: a.issuer.Clock.Now}
			got, err := c.Check(t.Context(), a.op, a.creds, a.hash)
			if !fault.Has(err, row.want) || got != (authz.Authorized{}) {
				t.Errorf("%+v, %v; want %s", got, err, row.want)
			}
			if claimed := a.issuer.Claims() > before; claimed != row.claimed {
				t.Errorf("the issuer was asked for the claim: %t", claimed)
			}
		})
	}
}

// A token bound to anything but this operation is refused for that reason, and
// nothing is claimed with it.
func TestBoundElsewhere(t *testing.T) {
	t.Parallel()
	detail := func(a *attempt) map[string]any { return wallettest.Bind(a.op, a.hash)[0] }
	for _, row := range []struct {
		to   string
		edit func(*attempt)
	}{
		{"another wallet", func(a *attempt) { d := detail(a); d["walletId"] = alien; a.token["authorization_details"] = []any{d} }},
		{"another action", func(a *attempt) { d := detail(a); d["action"] = "export"; a.token["authorization_details"] = []any{d} }},
		{"another intent", func(a *attempt) {
			d := detail(a)
			d["intentHash"] = strings.Repeat("0", 64)
			a.token["authorization_details"] = []any{d}
		}},
		{"no wallet", func(a *attempt) { d := detail(a); d["type"] = "transfer"; a.token["authorization_details"] = []any{d} }},
		{"this and more", func(a *attempt) { d := detail(a); d["amount"] = "1"; a.token["authorization_details"] = []any{d} }},
		{"two things", func(a *attempt) { a.token["authorization_details"] = []any{detail(a), detail(a)} }},
	} {
		t.Run(row.to, func(t *testing.T) {
			t.Parallel()
			a := newAttempt(newIssuer(t), wallet.Sign)
			row.edit(a)
			got, err := a.check(t.Context())
			if reason := reasonOf(t, err); !fault.Has(err, fault.ElevatedTokenRequired) || reason != stepup.ReasonWrongBinding ||
				got != (authz.Authorized{}) {
				t.Errorf("%+v, %q, %v", got, reason, err)
			}
			if n := a.issuer.Claims(); n != 0 {
				t.Errorf("the issuer was asked for %d claims", n)
			}
		})
	}
}

// reasonOf reads the reason that a refusal gives.
func reasonOf(t *testing.T, err error) stepup.Reason {
	t.Helper()
	var f *fault.Error
	if !errors.As(err, &f) {
		t.Fatalf("no refusal: %v", err)
	}
	text, err := json.Marshal(f.Payload)
	var payload struct {
		Reason stepup.Reason `json:"reason"`
	}
	if err == nil {
		err = json.Unmarshal(text, &payload)
	}
	if err != nil {
		t.Fatal(err)
	}
	return payload.Reason
}

// unsigned gives a token another header, and a signature that is none.
func unsigned(token, typ, alg, signature string) string {
	parts := strings.Split(token, ".")
	head, err := base64.RawURLEncoding.DecodeString(parts[0])
	var header map[string]any
	if err == nil {
		err = json.Unmarshal(head, &header)
	}
	if err != nil {
		panic(err)
	}
	header["alg"], header["typ"] = alg, typ
	head, _ = json.Marshal(header)
	return base64.RawURLEncoding.EncodeToString(head) + "." + parts[1] + "." + signature
}

// No action is opened by a scope that is not its, and an action without a scope by none.
func TestScopes(t *testing.T) {
	t.Parallel()
	opens := map[wallet.Action]string{
		wallet.Sign: "wallet:sign", wallet.Export: "wallet:export", wallet.Refresh: "wallet:refresh wallet:delegate",
		wallet.Reshare: "wallet:reshare wallet:delegate", wallet.Restore: "wallet:restore", wallet.Delete: "wallet:delete",
	}
	for _, action := range []wallet.Action{wallet.Create, wallet.Sign, wallet.Export, wallet.Refresh, wallet.Reshare, wallet.Disable,
		wallet.Restore, wallet.Delete} {
		for _, scope := range stepup.BuiltInScopes() {
			a := newAttempt(newIssuer(t), action)
			a.token["scope"] = string(scope)
			want := strings.Contains(" "+opens[action]+" ", " "+string(scope)+" ")
			if _, err := a.check(t.Context()); (err == nil) != want {
				t.Errorf("%s with %s: %v", action, scope, err)
			}
		}
	}
}

// An operation that was claimed in time can be resumed when its token is over,
// with a new ticket; another one cannot begin.
func TestResume(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	a := newAttempt(i, wallet.Export)
	first, err := a.check(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	i.Clock.Advance(time.Hour)
	if _, err := a.check(t.Context()); !fault.Has(err, fault.WalletNotAuthorized) {
		t.Errorf("the old ticket: %v", err)
	}
	a.ticket = i.TicketFor(a.op, a.hash, a.token["jti"].(string))
	a.creds.Ticket = i.Sign(wallet.TicketType, a.ticket)
	again, err := a.check(t.Context())
	if err != nil || !again.ClaimedAt.Equal(first.ClaimedAt) {
		t.Errorf("%+v, %v", again, err)
	}
	other := newAttempt(i, wallet.Export)
	other.token = a.token
	other.ticket.TokenID = a.token["jti"].(string)
	if _, err := other.check(t.Context()); !fault.Has(err, fault.ElevatedTokenRequired) {
		t.Errorf("another operation with the old token: %v", err)
	}
}

// Of a hundred operations on one single-use token the issuer lets one through.
func TestConcurrent(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	first := newAttempt(i, wallet.Export)
	var allowed sync.Map
	var wait sync.WaitGroup
	for range 100 {
		a := newAttempt(i, wallet.Export)
		a.token, a.ticket.TokenID = first.token, first.token["jti"].(string)
		a.sign()
		wait.Go(func() {
			if _, err := a.check(t.Context()); err == nil {
				allowed.Store(a.op.ID, true)
			}
		})
	}
	wait.Wait()
	n := 0
	allowed.Range(func(any, any) bool { n++; return true })
	if n != 1 {
		t.Errorf("%d operations were allowed", n)
	}
}

// Over the wire: keys and claims come from the issuer's listener, keys once for
// many, and an issuer out of reach is no yes.
func TestIssuer(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	dir := t.TempDir()
	if err := peer.Init(dir); err != nil {
		t.Fatal(err)
	}
	load := func(role wallet.Role) *peer.Identity {
		id, err := peer.Load(dir, role)
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	server := peer.NewServer(load(wallet.Issuer), slog.New(slog.DiscardHandler), i.Endpoints()...)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { defer close(done); _ = server.ServeTLS(listener, "", "") }()
	stop := sync.OnceFunc(func() { _ = server.Close(); <-done })
	t.Cleanup(stop)
	client, err := peer.NewClient(load(wallet.Signer), wallet.Issuer, listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	remote := authz.NewIssuer(client, i.Clock.Now)
	c := authz.Checker{Environments: remote, Claimer: remote, Now: i.Clock.Now}

	a := newAttempt(i, wallet.Export)
	a.sign()
	if got, err := c.Check(t.Context(), a.op, a.creds, a.hash); err != nil || got.TokenID != a.token["jti"] {
		t.Fatalf("%+v, %v", got, err)
	}
	b := newAttempt(i, wallet.Export)
	b.token, b.ticket.TokenID = a.token, a.token["jti"].(string)
	b.sign()
	if _, err := c.Check(t.Context(), b.op, b.creds, b.hash); !fault.Has(err, fault.ElevatedTokenRequired) {
		t.Errorf("spent: %v", err)
	}
	b.op.EnvironmentID = "../" + i.EnvironmentID
	if _, err := c.Check(t.Context(), b.op, b.creds, b.hash); err == nil {
		t.Error("an environment nobody has")
	}
	stop()
	if _, err := c.Check(t.Context(), a.op, a.creds, a.hash); !fault.Has(err, fault.Unavailable) {
		t.Errorf("without the issuer: %v", err)
	}
	i.Clock.Advance(time.Hour)
	if _, err := c.Check(t.Context(), a.op, a.creds, a.hash); !fault.Has(err, fault.Unavailable) {
		t.Errorf("without the issuer's keys: %v", err)
	}
}
