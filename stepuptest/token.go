package stepuptest

import (
	"cmp"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stepup-auth/stepup"
)

// A User is somebody in a session. The zero value is "user-1" in "session-1".
type User struct {
	Subject         string // sub; default "user-1"
	Session         string // sid; default "session-1"
	ExternalIssuer  string // ext_iss; empty for users of stepup's own sign-in
	ExternalSubject string // ext_sub
}

// Token describes an elevated access token. Only Scopes is required.
type Token struct {
	Scopes       []stepup.Scope
	User         User
	Audience     string        // default: the issuer, which is right for built-in scopes only
	TimeBound    bool          // default: single-use
	Life         time.Duration // default: the ceiling, 300 s for single-use and 600 s for time-bound
	ACR          string        // default: stepup.ACRReauth
	AMR          []string      // default: otp
	CredentialID string        // default "credential-1"
	// AuthorizationDetails binds the token to one transaction: a list of objects,
	// each with a "type". Nil binds it to nothing. Displayed says that the user was
	// shown it.
	AuthorizationDetails any
	Displayed            bool
	// Claims and Header replace single members, for tokens no real issuer would
	// mint. A nil value removes one.
	Claims, Header map[string]any
}

// Session describes a session token. The zero value is a signed-in user-1.
type Session struct {
	User           User
	Origin         string         // aud; default: the issuer
	Life           time.Duration  // default: 1 hour
	Scope          string         // default "user:basic"
	Claims, Header map[string]any // as in Token
}

// Token mints an elevated access token.
func (i *Issuer) Token(t testing.TB, token Token) string {
	t.Helper()
	if len(token.Scopes) == 0 {
		t.Fatal("stepuptest: a token needs Scopes")
	}
	words := make([]string, len(token.Scopes))
	for n, scope := range token.Scopes {
		words[n] = string(scope)
	}
	life := stepup.MaxSingleUseLife
	if token.TimeBound {
		life = stepup.MaxTimeBoundLife
	}
	amr := token.AMR
	if amr == nil {
		amr = []string{"otp"}
	}
	audience := cmp.Or(token.Audience, i.url)
	now := i.Now()

	i.mu.Lock()
	i.minted++
	id := "token-" + strconv.Itoa(i.minted)
	i.audiences = append(i.audiences, audience)
	i.mu.Unlock()

	claims := i.common(token.User, audience, now, cmp.Or(token.Life, life))
	claims["scope"] = strings.Join(words, " ")
	claims["singleUse"] = !token.TimeBound
	claims["jti"] = id
	claims["auth_time"] = now.Unix()
	claims["acr"] = cmp.Or(token.ACR, stepup.ACRReauth)
	claims["amr"] = amr
	claims["credential_id"] = cmp.Or(token.CredentialID, "credential-1")
	if token.AuthorizationDetails != nil {
		details, err := json.Marshal(token.AuthorizationDetails)
		if err != nil {
			t.Fatal(err)
		}
		hash, err := stepup.HashDetails(details)
		if err != nil {
			t.Fatal(err)
		}
		claims["authorization_details"], claims["authorization_details_hash"], claims["displayed"] = json.RawMessage(details), hash,
			token.Displayed
	}
	return i.mint(t, stepup.TypeElevated, claims, token.Claims, token.Header)
}

// Session mints a session token.
func (i *Issuer) Session(t testing.TB, session Session) string {
	t.Helper()
	claims := i.common(session.User, cmp.Or(session.Origin, i.url), i.Now(), cmp.Or(session.Life, time.Hour))
	claims["scope"] = cmp.Or(session.Scope, "user:basic")
	claims["kid"] = i.signer(t).ID
	claims["last_verified_credential_id"] = "credential-1"
	claims["signin_credential_id"] = "credential-1"
	return i.mint(t, stepup.TypeSession, claims, session.Claims, session.Header)
}

func (i *Issuer) common(user User, audience string, now time.Time, life time.Duration) map[string]any {
	claims := map[string]any{
		"iss":            i.url,
		"aud":            audience,
		"sub":            cmp.Or(user.Subject, "user-1"),
		"sid":            cmp.Or(user.Session, "session-1"),
		"environment_id": EnvironmentID,
		"iat":            now.Unix(),
		"exp":            now.Unix() + int64(life/time.Second),
	}
	if user.ExternalSubject != "" {
		claims["ext_iss"], claims["ext_sub"] = user.ExternalIssuer, user.ExternalSubject
	}
	return claims
}

func (i *Issuer) mint(t testing.TB, typ string, claims, replacedClaims, replacedHeader map[string]any) string {
	t.Helper()
	key := i.signer(t)
	header := map[string]any{"alg": key.Algorithm, "kid": key.ID, "typ": typ}
	replace(header, replacedHeader)
	replace(claims, replacedClaims)
	return i.Sign(t, encode(t, header), encode(t, claims))
}

func replace(members, with map[string]any) {
	for name, value := range with {
		if value == nil {
			delete(members, name)
		} else {
			members[name] = value
		}
	}
}

func encode(t testing.TB, members map[string]any) string {
	t.Helper()
	b, err := json.Marshal(members)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func (i *Issuer) signer(t testing.TB) signingKey {
	t.Helper()
	i.mu.Lock()
	defer i.mu.Unlock()
	if len(i.keys) == 0 {
		t.Fatal("stepuptest: the issuer has no key left; use RotateKey")
	}
	return i.keys[len(i.keys)-1]
}

// Sign makes a compact JWS of any header and payload, letter for letter as
// given, with the key that signs now: for tests of readers.
func (i *Issuer) Sign(t testing.TB, header, payload string) string {
	t.Helper()
	base64url := base64.RawURLEncoding.EncodeToString
	signed := base64url([]byte(header)) + "." + base64url([]byte(payload))
	signature, err := sign(i.signer(t).private, []byte(signed))
	if err != nil {
		t.Fatal(err)
	}
	return signed + "." + base64url(signature)
}

// sign makes the JWS form of a signature (RFC 7518 section 3, RFC 8037 section 3.1).
func sign(private crypto.Signer, message []byte) ([]byte, error) {
	if _, ok := private.(ed25519.PrivateKey); ok {
		return private.Sign(rand.Reader, message, crypto.Hash(0))
	}
	digest := sha256.Sum256(message)
	signature, err := private.Sign(rand.Reader, digest[:], crypto.SHA256)
	if _, ok := private.(*ecdsa.PrivateKey); !ok || err != nil {
		return signature, err
	}
	var point struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(signature, &point); err != nil {
		return nil, fmt.Errorf("reading signature: %w", err)
	}
	return append(point.R.FillBytes(make([]byte, 32)), point.S.FillBytes(make([]byte, 32))...), nil
}
