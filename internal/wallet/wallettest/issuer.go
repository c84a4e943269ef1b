// Package wallettest runs the custodians of the wallet service for tests: the
// real signer and guardian over real mutual TLS on loopback, with an issuer that
// signs tickets and tokens as the real one does and remembers claims.
package wallettest

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/uuid"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/store/storetest"
	"github.com/stepup-auth/stepup/internal/wallet"
	"github.com/stepup-auth/stepup/internal/wallet/authz"
	"github.com/stepup-auth/stepup/internal/wallet/peer"
)

// Clock is a clock that tests move.
//
// The databases of [Start] follow it; their own clocks run on besides.
type Clock struct {
	mu    sync.Mutex
	at    time.Time
	store storetest.Clock
}

// NewClock starts at the present, in whole seconds.
func NewClock() *Clock { return &Clock{at: time.Now().Truncate(time.Second)} }

// Now is the clock's time.
func (c *Clock) Now() time.Time { c.mu.Lock(); defer c.mu.Unlock(); return c.at }

// Advance moves it on.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
	c.store.Advance(d)
}

// Issuer is an issuer of one environment that authorises what a test asks it to.
type Issuer struct {
	EnvironmentID string
	Name          string // iss
	Clock         *Clock

	key *ecdsa.PrivateKey
	kid string

	mu      sync.Mutex
	claims  map[string]claim  // by operation
	spent   map[string]string // single-use token → operation
	single  map[string]bool   // single-use tokens that were minted
	expires map[string]int64  // of tokens that were minted
	calls   int
	yes     bool
	down    bool
}

type claim struct {
	wallet.Claim
	at int64
}

// NewIssuer makes an issuer with a key of its own.
func NewIssuer(tb testing.TB, clock *Clock) *Issuer {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	id := uuid.NewString()
	return &Issuer{
		EnvironmentID: id, Name: "https://auth.example/api/v0/sdk/" + id, Clock: clock, key: key, kid: uuid.NewString(),
		claims: map[string]claim{}, spent: map[string]string{}, single: map[string]bool{}, expires: map[string]int64{},
	}
}

// SayYes makes the issuer agree to every claim, so that only the custodians' own
// records stand between a token and its second use.
func (i *Issuer) SayYes(yes bool) { i.mu.Lock(); defer i.mu.Unlock(); i.yes = yes }

// Down makes the issuer answer claims with an error that is no verdict.
func (i *Issuer) Down(down bool) { i.mu.Lock(); defer i.mu.Unlock(); i.down = down }

// Claims is how often a custodian asked for a claim.
func (i *Issuer) Claims() int { i.mu.Lock(); defer i.mu.Unlock(); return i.calls }

// Operation is an operation of the issuer's environment.
func (i *Issuer) Operation(walletID string, action wallet.Action, request any) wallet.Operation {
	raw, err := json.Marshal(request)
	if err != nil {
		panic(err)
	}
	return wallet.Operation{
		ID: uuid.NewString(), EnvironmentID: i.EnvironmentID, UserID: "user-1", SessionID: "session-1",
		WalletID: walletID, Action: action, Request: raw, RequestID: uuid.NewString(),
	}
}

// Sign makes a JWT of the environment.
func (i *Issuer) Sign(typ string, claims any) string { return sign(i.key, i.kid, typ, claims) }

// Forge makes one with the issuer's kid and a key that is not its.
func (i *Issuer) Forge(typ string, claims any) string {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	return sign(key, i.kid, typ, claims)
}

func sign(key *ecdsa.PrivateKey, kid, typ string, claims any) string {
	signer, err := jose.NewSigner(
		jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: key, KeyID: kid}},
		(&jose.SignerOptions{}).WithType(jose.ContentType(typ)))
	if err != nil {
		panic(err)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		panic(err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		panic(err)
	}
	text, err := signed.CompactSerialize()
	if err != nil {
		panic(err)
	}
	return text
}

// TicketFor are the claims of a ticket for op. Without tokenID it rests on policy.
func (i *Issuer) TicketFor(op wallet.Operation, intentHash, tokenID string) wallet.Ticket {
	now := i.Clock.Now().Unix()
	t := wallet.Ticket{
		Issuer: i.Name, Audience: wallet.TicketAudience, Subject: op.UserID, Session: op.SessionID, EnvironmentID: op.EnvironmentID,
		ID: uuid.NewString(), IssuedAt: now, Expires: now + 60, OperationID: op.ID, WalletID: op.WalletID, Action: op.Action,
		IntentHash: intentHash, AuthorizedBy: wallet.ByPolicy,
	}
	if tokenID != "" {
		t.AuthorizedBy, t.TokenID, t.Scope = wallet.ByElevatedToken, tokenID, string(scopes[op.Action])
	}
	return t
}

var scopes = map[wallet.Action]stepup.Scope{
	wallet.Sign: stepup.WalletSign, wallet.Export: stepup.WalletExport, wallet.Refresh: stepup.WalletRefresh,
	wallet.Reshare: stepup.WalletReshare, wallet.Restore: stepup.WalletRestore, wallet.Delete: stepup.WalletDelete,
}

// TokenFor are the claims of an elevated token that opens op; single-use but for
// signing.
func (i *Issuer) TokenFor(op wallet.Operation) map[string]any {
	now := i.Clock.Now().Unix()
	single, life := op.Action != wallet.Sign, int64(300)
	if !single {
		life = 600
	}
	return map[string]any{
		"iss": i.Name, "aud": []string{i.Name}, "sub": op.UserID, "sid": op.SessionID, "environment_id": op.EnvironmentID,
		"scope": string(scopes[op.Action]), "singleUse": single, "jti": uuid.NewString(), "iat": now, "exp": now + life,
		"auth_time": now, "acr": stepup.ACRMFA, "amr": []string{"otp", "mfa"},
	}
}

// Bind is the authorization_details that bind a token to op and its intent.
func Bind(op wallet.Operation, intentHash string) []map[string]any {
	return []map[string]any{{"type": authz.DetailType, "walletId": op.WalletID, "action": op.Action, "intentHash": intentHash}}
}

// TokenID is the jti of a token.
func TokenID(token string) string {
	var claims struct {
		ID string `json:"jti"`
	}
	parts := strings.Split(token, ".")
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err == nil {
		err = json.Unmarshal(payload, &claims)
	}
	if err != nil {
		panic(err)
	}
	return claims.ID
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// Mint signs an elevated token and remembers it, as the real issuer does. A token
// that is bound gets what one has besides: the hash of the details, displayed,
// and a single use, in 300 seconds.
func (i *Issuer) Mint(claims map[string]any) string {
	claims = maps.Clone(claims)
	if details, bound := claims["authorization_details"]; bound {
		text, err := json.Marshal(details)
		if err != nil {
			panic(err)
		}
		// Details that have no hash are a test's own fault of the token.
		claims["authorization_details_hash"], _ = stepup.HashDetails(text)
		claims["displayed"], claims["singleUse"] = true, true
		if issued, ok := claims["iat"].(int64); ok {
			claims["exp"] = issued + 300
		}
	}
	i.mu.Lock()
	id, _ := claims["jti"].(string)
	i.single[id], _ = claims["singleUse"].(bool)
	i.expires[id], _ = claims["exp"].(int64)
	i.mu.Unlock()
	return i.Sign(stepup.TypeElevated, claims)
}

// Allow makes what allows op: a ticket, and a token of its own where the action
// has a scope. The edits change the token's claims before it is signed.
func (i *Issuer) Allow(op wallet.Operation, intentHash string, edits ...func(map[string]any)) wallet.Credentials {
	if scopes[op.Action] == "" {
		return wallet.Credentials{Ticket: i.Sign(wallet.TicketType, i.TicketFor(op, intentHash, ""))}
	}
	claims := i.TokenFor(op)
	for _, edit := range edits {
		edit(claims)
	}
	id, _ := claims["jti"].(string)
	return wallet.Credentials{
		Ticket:        i.Sign(wallet.TicketType, i.TicketFor(op, intentHash, id)),
		ElevatedToken: i.Mint(claims),
	}
}

// Environment implements [authz.Environments].
func (i *Issuer) Environment(_ context.Context, id string) (authz.Environment, error) {
	if id != i.EnvironmentID {
		return authz.Environment{}, fault.New(fault.EnvironmentNotFound, "There is no such environment.")
	}
	key, err := stepup.NewKey(i.kid, crypto.PublicKey(&i.key.PublicKey))
	return authz.Environment{Issuer: i.Name, Keys: stepup.StaticKeySet{key}}, err
}

// Claim implements [authz.Claimer]: the first operation to ask for a token gets
// it, again and again, and for a single-use token no other one does.
func (i *Issuer) Claim(_ context.Context, c wallet.Claim) (wallet.Claimed, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.calls++
	now := i.Clock.Now().Unix()
	if i.down {
		return wallet.Claimed{}, fault.New(fault.Unavailable, "The issuer is out of reach. Try again.")
	}
	if i.yes {
		return wallet.Claimed{ClaimedAt: now}, nil
	}
	if known, ok := i.claims[c.OperationID]; ok {
		if known.Claim != c {
			return wallet.Claimed{}, fault.New(fault.OperationConflict, "This operation was claimed for something else.")
		}
		return wallet.Claimed{ClaimedAt: known.at}, nil
	}
	if c.TokenID != "" {
		expires, minted := i.expires[c.TokenID]
		if other := i.spent[c.TokenID]; !minted || now >= expires || other != "" {
			return wallet.Claimed{}, fault.New(fault.ElevatedTokenRequired, "The token is spent or over.")
		}
		if i.single[c.TokenID] {
			i.spent[c.TokenID] = c.OperationID
		}
	}
	i.claims[c.OperationID] = claim{c, now}
	return wallet.Claimed{ClaimedAt: now}, nil
}

// Endpoints are the issuer's side of the listener for custodians.
func (i *Issuer) Endpoints() []peer.Endpoint {
	custodians := []wallet.Role{wallet.Signer, wallet.Guardian}
	return []peer.Endpoint{
		peer.Handle(authz.ClaimPath, custodians, i.Claim),
		peer.Query(authz.KeysPath, custodians, func(r *http.Request) (authz.KeysDocument, error) {
			if r.PathValue("id") != i.EnvironmentID {
				return authz.KeysDocument{}, fault.New(fault.EnvironmentNotFound, "There is no such environment.")
			}
			key, err := stepup.NewKey(i.kid, crypto.PublicKey(&i.key.PublicKey))
			if err != nil {
				return authz.KeysDocument{}, err
			}
			set, err := stepup.MarshalJWKS(key)
			document := authz.KeysDocument{Issuer: i.Name}
			if err == nil {
				err = json.Unmarshal(set, &document)
			}
			return document, err
		}),
	}
}
