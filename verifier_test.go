package stepup_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/stepuptest"
)

const transfer stepup.Scope = "transfer:create"

var plain = stepuptest.Token{Scopes: []stepup.Scope{transfer}}

// with is a plain token with some claims replaced.
func with(claims map[string]any) stepuptest.Token {
	token := plain
	token.Claims = claims
	return token
}

func headed(header map[string]any) stepuptest.Token {
	token := plain
	token.Header = header
	return token
}

func base64url(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

// part decodes one part of a token.
func part(t testing.TB, token string, n int) map[string]any {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[n])
	if err != nil {
		t.Fatal(err)
	}
	var members map[string]any
	if err := json.Unmarshal(b, &members); err != nil {
		t.Fatal(err)
	}
	return members
}

func text(t testing.TB, members map[string]any) string {
	t.Helper()
	b, err := json.Marshal(members)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func refuse(t *testing.T, v *stepup.Verifier, name, token string, want error) {
	t.Helper()
	claims, err := v.Elevated(t.Context(), token)
	if !errors.Is(err, want) || !errors.Is(err, stepup.ErrDenied) {
		t.Errorf("%s: error %v, want %v", name, err, want)
	}
	if claims.Subject != "" || claims.Scopes != nil {
		t.Errorf("%s: refused, but claims are filled in", name)
	}
}

func TestElevated(t *testing.T) {
	for _, algorithm := range []stepup.Algorithm{stepup.ES256, stepup.EdDSA, stepup.RS256} {
		t.Run(string(algorithm), func(t *testing.T) {
			issuer := stepuptest.NewIssuer(t)
			issuer.RotateKey(t, algorithm)
			claims, err := issuer.Verifier(t, "https://bank.example").Elevated(t.Context(), issuer.Token(t, stepuptest.Token{
				Scopes: []stepup.Scope{transfer}, Audience: "https://bank.example", ACR: stepup.ACRMFA, AMR: []string{"otp", "mfa"},
				User: stepuptest.User{Subject: "ada", Session: "s-9", ExternalIssuer: "https://login.example", ExternalSubject: "42"},
			}))
			if err != nil {
				t.Fatal(err)
			}
			got := fmt.Sprintln(claims.Issuer == issuer.URL(), claims.Audience, claims.Subject, claims.Session, claims.EnvironmentID,
				claims.Scopes, claims.SingleUse, claims.Expires.Sub(claims.IssuedAt), claims.ACR, claims.AMR, claims.CredentialID,
				claims.ExternalIssuer, claims.ExternalSubject, claims.ID != "")
			want := "true [https://bank.example] ada s-9 " + stepuptest.EnvironmentID +
				" [transfer:create] true 5m0s urn:stepup:mfa [otp mfa] credential-1 https://login.example 42 true\n"
			if got != want {
				t.Errorf("claims\n got %s\nwant %s", got, want)
			}
		})
	}
}

// TestClaims is J5-J7, J10 and D3: each claim altered in turn, always well signed.
func TestClaims(t *testing.T) {
	issuer := stepuptest.NewIssuer(t)
	const bank = "https://bank.example"
	verifier := issuer.Verifier(t, bank)
	now := issuer.Now().Unix()
	far := now + 10*365*24*3600
	for name, claims := range map[string]map[string]any{
		"iss missing": {"iss": nil}, "iss of another": {"iss": "https://evil.example"}, "iss with slash": {"iss": issuer.URL() + "/"},
		"iss prefix": {"iss": issuer.URL()[:len(issuer.URL())-1]}, "iss list": {"iss": []string{issuer.URL()}},
		"iss in upper case": {"iss": strings.ToUpper(issuer.URL())}, "iss empty": {"iss": ""},
		"aud missing": {"aud": nil}, "aud empty": {"aud": ""}, "aud empty list": {"aud": []string{}},
		"aud list of empty":     {"aud": []string{""}},
		"aud with an empty one": {"aud": []string{bank, ""}}, "aud prefix": {"aud": bank[:len(bank)-1]}, "aud longer": {"aud": bank + "/"},
		"aud in upper case": {"aud": strings.ToUpper(bank)}, "aud joined": {"aud": "https://x.example " + bank},
		"aud the issuer": {"aud": issuer.URL()}, "aud nested": {"aud": [][]string{{bank}}},
		"aud object": {"aud": map[string]any{bank: bank}},
		"aud number": {"aud": 1}, "aud with null": {"aud": []any{bank, nil}}, "aud list of another": {"aud": []string{"https://x.example"}},
		"sub missing": {"sub": nil}, "sub empty": {"sub": ""}, "sub number": {"sub": 1}, "sid missing": {"sid": nil},
		"sid empty": {"sid": ""}, "environment missing": {"environment_id": nil}, "jti missing": {"jti": nil}, "jti empty": {"jti": ""},
		"scope missing": {"scope": nil}, "acr missing": {"acr": nil}, "amr string": {"amr": "otp"}, "amr of numbers": {"amr": []int{1}},
		"singleUse missing": {"singleUse": nil},
		"singleUse string":  {"singleUse": "false"}, "singleUse number": {"singleUse": 0}, "auth_time missing": {"auth_time": nil},
		"auth_time ahead": {"auth_time": now + 60}, "auth_time string": {"auth_time": "1"},
		"exp missing": {"exp": nil}, "exp string": {"exp": fmt.Sprint(now + 60)}, "exp fraction": {"exp": float64(now) + 60.5},
		"exp in exponents": {"exp": json.RawMessage(`2e9`)},
		"exp in ten years": {"exp": far}, "exp a second too far": {"exp": now + 302}, "exp of 2^60": {"exp": int64(1) << 60},
		"exp negative": {"exp": -1}, "exp before iat": {"exp": now - 1}, "iat missing": {"iat": nil},
		"iat ahead":        {"iat": now + 60, "exp": now + 120},
		"iat ahead of nbf": {"iat": now + 60, "exp": now + 120, "nbf": now}, "iat long ago": {"iat": now - 3600, "exp": now + 60},
		"nbf ahead": {"nbf": now + 60}, "nbf string": {"nbf": "0"},
		"life in ten years": {"iat": far - 60, "exp": far}, "cnf of another kind": {"cnf": map[string]any{"x5t#S256": "x"}},
		"cnf empty": {"cnf": map[string]any{}}, "cnf string": {"cnf": "x"}, "jkt empty": {"cnf": map[string]any{"jkt": ""}},
		"jkt and more": {"cnf": map[string]any{"jkt": "x", "jwk": "y"}}, "ext_sub null": {"ext_sub": json.RawMessage("null")},
		"details without a hash":    {"authorization_details": pay},
		"hash without details":      {"authorization_details_hash": strings.Repeat("0", 64)},
		"displayed without details": {"displayed": true}, "details empty": bound([]any{}, nil), "details an object": bound(pay[0], nil),
		"details without a type": bound([]any{map[string]any{"amount": "1"}}, nil), "details null": bound(json.RawMessage("null"), nil),
		"hash of other details":       bound(pay, map[string]any{"authorization_details_hash": strings.Repeat("0", 64)}),
		"hash missing":                bound(pay, map[string]any{"authorization_details_hash": nil}),
		"displayed missing":           bound(pay, map[string]any{"displayed": nil}),
		"displayed a string":          bound(pay, map[string]any{"displayed": "true"}),
		"bound, but time-bound":       bound(pay, map[string]any{"singleUse": false}),
		"details with a member twice": bound(json.RawMessage(`[{"type":"transfer","amount":"25.00","amount":"9","payee":"bob"}]`), nil),
		"Aud beside":                  {"Aud": bank}, "SCOPE beside": {"SCOPE": "wallet:export"}, "singleuse beside": {"singleuse": false},
		"Kelvin sign": {"\u017fcope": "wallet:export"}, "lone surrogate": {"sub": json.RawMessage(`"\ud800"`)},
	} {
		token := with(claims)
		token.Audience = bank
		refuse(t, verifier, name, issuer.Token(t, token), stepup.ErrInvalid)
	}
	for name, aud := range map[string]any{"string": bank, "list": []string{"https://x.example", bank}} {
		if _, err := verifier.Elevated(t.Context(), issuer.Token(t, with(map[string]any{"aud": aud}))); err != nil {
			t.Errorf("aud %s: %v", name, err)
		}
	}
	long := stepuptest.Token{Scopes: []stepup.Scope{transfer}, Audience: bank, TimeBound: true, Life: 601 * time.Second}
	refuse(t, verifier, "time-bound for 601 s", issuer.Token(t, long), stepup.ErrInvalid)
	long.Life = 600 * time.Second
	if _, err := verifier.Elevated(t.Context(), issuer.Token(t, long)); err != nil {
		t.Errorf("time-bound for 600 s: %v", err)
	}

	good := issuer.Token(t, plain)
	header, payload := text(t, part(t, good, 0)), text(t, part(t, good, 1))
	for name, payload := range map[string]string{
		"sub twice":    `{"sub":"root",` + payload[1:],
		"escaped":      `{"\u0073ub":"root",` + payload[1:],
		"deep twice":   `{"x":[{"y":1,"y":2}],` + payload[1:],
		"too deep":     `{"x":` + strings.Repeat("[", 20) + strings.Repeat("]", 20) + "," + payload[1:],
		"not UTF-8":    "{\"x\":\"\xff\"," + payload[1:],
		"trailing":     payload + "x",
		"not JSON":     "sub=root",
		"array":        "[" + payload + "]",
		"byte order":   "\ufeff" + payload,
		"many members": "{" + strings.Repeat(`"a":0,`, 3) + payload[1:],
	} {
		refuse(t, issuer.Verifier(t), "payload "+name, issuer.Sign(t, header, payload), stepup.ErrInvalid)
	}
}

// bound is the claims of a token that is bound to details, hashed as far as they
// can be, with some replaced.
func bound(details any, replaced map[string]any) map[string]any {
	text, err := json.Marshal(details)
	if err != nil {
		panic(err)
	}
	hash, err := stepup.HashDetails(text)
	if err != nil {
		hash = strings.Repeat("0", 64)
	}
	claims := map[string]any{"authorization_details": details, "authorization_details_hash": hash, "displayed": true}
	maps.Copy(claims, replaced)
	return claims
}

// TestBoundClaims: what a token is bound to arrives as it was written.
func TestBoundClaims(t *testing.T) {
	issuer := stepuptest.NewIssuer(t)
	token := plain
	token.AuthorizationDetails, token.Displayed = pay, true
	claims, err := issuer.Verifier(t).Elevated(t.Context(), issuer.Token(t, token))
	if err != nil || !claims.Bound() || !claims.Displayed {
		t.Fatalf("%+v, %v", claims, err)
	}
	if hash, err := stepup.HashDetails(claims.AuthorizationDetails); err != nil || hash != claims.AuthorizationDetailsHash {
		t.Errorf("hash %s, %v, want %s", hash, err, claims.AuthorizationDetailsHash)
	}
	if claims, err := issuer.Verifier(t).Elevated(t.Context(), issuer.Token(t, plain)); err != nil || claims.Bound() || claims.Displayed ||
		claims.AuthorizationDetailsHash != "" {
		t.Errorf("unbound: %+v, %v", claims, err)
	}
}

// TestExpiry pins the seconds: alive until exp, dead in exp, no leeway.
func TestExpiry(t *testing.T) {
	issuer := stepuptest.NewIssuer(t)
	issued := issuer.Now().Truncate(time.Second)
	now := issued
	verifier, err := stepup.NewVerifier(stepup.Config{Issuer: issuer.URL(), Keys: issuer, Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	token := issuer.Token(t, with(map[string]any{"iat": issued.Unix(), "exp": issued.Unix() + 300, "auth_time": issued.Unix()}))
	for after, want := range map[time.Duration]error{
		-31 * time.Second:                  stepup.ErrInvalid,
		-30 * time.Second:                  nil,
		0:                                  nil,
		300*time.Second - time.Nanosecond:  nil,
		300 * time.Second:                  stepup.ErrExpired,
		300*time.Second + time.Millisecond: stepup.ErrExpired,
		10 * 365 * 24 * time.Hour:          stepup.ErrExpired,
	} {
		now = issued.Add(after)
		if _, err := verifier.Elevated(t.Context(), token); !errors.Is(err, want) {
			t.Errorf("%s after iat: %v, want %v", after, err, want)
		}
	}
	if got := stepup.ReasonOf(stepup.ErrExpired); got != stepup.ReasonExpired {
		t.Errorf("reason %q", got)
	}
}

// TestKinds is J9: each kind of token at each reader.
func TestKinds(t *testing.T) {
	issuer := stepuptest.NewIssuer(t)
	verifier := issuer.Verifier(t)
	elevated, session := issuer.Token(t, plain), issuer.Session(t, stepuptest.Session{})
	id := issuer.Session(t, stepuptest.Session{Header: map[string]any{"typ": "id+jwt"}})
	service := string(issuer.ServiceToken())
	// The worst case: a session with all claims of an elevated token.
	both := issuer.Session(t, stepuptest.Session{Claims: part(t, elevated, 1)})
	for name, token := range map[string]string{"session": session, "full session": id, "service": service, "session with claims": both} {
		refuse(t, verifier, name+" as elevated", token, stepup.ErrInvalid)
	}
	for name, token := range map[string]string{"elevated": elevated, "full session": id, "service": service} {
		if _, err := verifier.Session(t.Context(), token); !errors.Is(err, stepup.ErrInvalid) {
			t.Errorf("%s as session: %v", name, err)
		}
	}
	if _, err := verifier.Session(t.Context(), session); err != nil {
		t.Errorf("session: %v", err)
	}
}

func TestSession(t *testing.T) {
	issuer := stepuptest.NewIssuer(t)
	verifier, err := stepup.NewVerifier(stepup.Config{Issuer: issuer.URL(), SessionAudiences: []string{"https://app.example"}})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now().Unix()
	for name, test := range map[string]struct {
		session stepuptest.Session
		want    error
	}{
		"good":         {stepuptest.Session{Origin: "https://app.example"}, nil},
		"other origin": {stepuptest.Session{Origin: "https://app.example.evil"}, stepup.ErrInvalid},
		"no aud":       {stepuptest.Session{Claims: map[string]any{"aud": nil}}, stepup.ErrInvalid},
		"other kid":    {stepuptest.Session{Origin: "https://app.example", Claims: map[string]any{"kid": "key-9"}}, stepup.ErrInvalid},
		"ten years":    {stepuptest.Session{Origin: "https://app.example", Life: 10 * 365 * 24 * time.Hour}, stepup.ErrInvalid},
		"other issuer": {stepuptest.Session{Origin: "https://app.example", Claims: map[string]any{"iss": "x"}}, stepup.ErrInvalid},
		"without sid":  {stepuptest.Session{Origin: "https://app.example", Claims: map[string]any{"sid": nil}}, stepup.ErrInvalid},
		"expired": {stepuptest.Session{Origin: "https://app.example", Claims: map[string]any{"iat": now - 60, "exp": now - 1}},
			stepup.ErrExpired},
		"scope a number": {stepuptest.Session{Origin: "https://app.example", Claims: map[string]any{"scope": 1}}, stepup.ErrInvalid},
	} {
		claims, err := verifier.Session(t.Context(), issuer.Session(t, test.session))
		if !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", name, err, test.want)
		}
		if err == nil && (claims.Subject != "user-1" || claims.Session != "session-1" || !claims.Complete()) {
			t.Errorf("%s: %+v", name, claims)
		}
	}
}

// TestVerdictIsNotShared is D7: the same token at verifiers that want different things.
func TestVerdictIsNotShared(t *testing.T) {
	issuer := stepuptest.NewIssuer(t)
	keys := &stepup.RemoteKeySet{URL: issuer.URL() + "/.well-known/jwks.json"}
	verifier := func(issuerURL, audience string) *stepup.Verifier {
		v, err := stepup.NewVerifier(stepup.Config{Issuer: issuerURL, Audiences: []string{audience}, Keys: keys})
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	a, b, c := verifier(issuer.URL(), "https://a.example"), verifier(issuer.URL(), "https://b.example"),
		verifier("https://other.example", "https://a.example")
	token := issuer.Token(t, stepuptest.Token{Scopes: []stepup.Scope{transfer}, Audience: "https://a.example"})
	for range 3 {
		if _, err := a.Elevated(t.Context(), token); err != nil {
			t.Fatal(err)
		}
		refuse(t, b, "other audience", token, stepup.ErrInvalid)
		refuse(t, c, "other issuer", token, stepup.ErrInvalid)
	}
}

func TestUnavailableKeys(t *testing.T) {
	issuer := stepuptest.NewIssuer(t)
	for name, keys := range map[string]stepup.KeySet{
		"error": failing{}, "nobody there": &stepup.RemoteKeySet{URL: "http://127.0.0.1:1/"},
	} {
		v, err := stepup.NewVerifier(stepup.Config{Issuer: issuer.URL(), Keys: keys})
		if err != nil {
			t.Fatal(err)
		}
		refuse(t, v, name, issuer.Token(t, plain), stepup.ErrUnavailable)
	}
	wrong, err := stepup.NewVerifier(stepup.Config{Issuer: issuer.URL(), Keys: empty{}})
	if err != nil {
		t.Fatal(err)
	}
	refuse(t, wrong, "a zero key", issuer.Token(t, plain), stepup.ErrInvalid)
}

type failing struct{}

func (failing) Key(context.Context, string) (stepup.Key, error) {
	return stepup.Key{}, errors.New("disk on fire")
}

type empty struct{}

func (empty) Key(context.Context, string) (stepup.Key, error) { return stepup.Key{}, nil }

func TestNewVerifier(t *testing.T) {
	for _, config := range []stepup.Config{
		{}, {Issuer: "bank.example"}, {Issuer: "ftp://bank.example"}, {Issuer: "https://bank.example/?a=b"},
		{Issuer: "https://bank.example/"}, {Issuer: "https://u:p@bank.example"}, {Issuer: "https://bank.example#x"},
		{Issuer: "https://bank.example", Audiences: []string{""}}, {Issuer: "https://bank.example", SessionAudiences: []string{""}},
	} {
		if _, err := stepup.NewVerifier(config); err == nil {
			t.Errorf("NewVerifier(%+v) succeeds", config)
		}
	}
}
