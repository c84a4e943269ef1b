package attack_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/server/servertest"
	"github.com/stepup-auth/stepup/internal/serviceauth"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/token"
	"github.com/stepup-auth/stepup/stepuptest"
)

func b64(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

func toJSON(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// part decodes header (0) or claims (1) of a token.
func part(t *testing.T, token string, i int) m {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[i])
	if err != nil {
		t.Fatal(err)
	}
	var members m
	if err := json.Unmarshal(raw, &members); err != nil {
		t.Fatal(err)
	}
	return members
}

func with(members m, name string, value any) m {
	changed := maps.Clone(members)
	changed[name] = value
	if value == nil {
		delete(changed, name)
	}
	return changed
}

// forgery is a user, with a good token of each kind, whom forged ones are compared to.
type forgery struct {
	scene
	user              *servertest.Session
	elevated, foreign string // for user:delete, for report:read
}

func startForgery(t *testing.T) forgery {
	t.Helper()
	s := start(t)
	user := s.SignIn(t, servertest.A, "forged@example.com")
	return forgery{s, user, s.StepUp(t, user, "user:delete"), s.StepUp(t, user, report)}
}

// noSession fails the test if the token opens anything as a session.
func (f forgery) noSession(t *testing.T, what, token string) {
	t.Helper()
	if strings.ContainsAny(token, "\r\n\x00") || len(token) > 16<<10 {
		return // cannot be a header
	}
	for _, path := range []string{"/users", "/session"} {
		if r := f.Do(t, "GET", sdk(path), servertest.Bearer(token), nil); r.Status != 401 ||
			r.Code != "invalid_session" && r.Code != "sign_in_required" {
			t.Errorf("%s at %s: %d %s", what, path, r.Status, r.Body)
		}
	}
	if f.active(t, token) {
		t.Errorf("%s: active", what)
	}
}

// noToken fails the test if the token counts for anything as an elevated one.
func (f forgery) noToken(t *testing.T, what, token string) {
	t.Helper()
	if !strings.ContainsAny(token, "\r\n\x00") && len(token) <= 16<<10 {
		if r := f.Do(t, "DELETE", sdk("/users"), f.user.Header(token), nil); r.Status != 403 || r.Code != "elevated_access_token_required" {
			t.Errorf("%s at the gate: %d %s", what, r.Status, r.Body)
		}
	}
	f.notConsumed(t, what, token, "user:delete")
}

// noForeignToken is the same for a token of somebody else's audience.
func (f forgery) noForeignToken(t *testing.T, what, token string) {
	t.Helper()
	f.notConsumed(t, what, token, report)
}

func (f forgery) notConsumed(t *testing.T, what, token, scope string) {
	t.Helper()
	if r := f.consume(t, token, scope, "forged"); r.Status != 403 || r.Code != "elevated_access_token_required" {
		t.Errorf("%s at consume for %s: %d %s", what, scope, r.Status, r.Body)
	}
	if f.active(t, token) {
		t.Errorf("%s: active", what)
	}
}

// D1: the token chooses its own algorithm or key.
func TestD1AlgorithmAndKeyConfusion(t *testing.T) {
	t.Parallel()
	f := startForgery(t)
	jwks := f.Do(t, "GET", sdk("/.well-known/jwks"), nil, nil).Want(t, 200, "")
	keys, err := stepup.ParseJWKS(jwks.Body)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(keys[0].Public)
	if err != nil {
		t.Fatal(err)
	}
	thief := stepuptest.NewIssuer(t)
	own := thief.RotateKey(t, stepup.ES256)
	jwk, err := stepup.MarshalJWKS(own)
	if err != nil {
		t.Fatal(err)
	}
	var set struct{ Keys []m }
	if err := json.Unmarshal(jwk, &set); err != nil {
		t.Fatal(err)
	}
	for good, refuse := range map[string]func(*testing.T, string, string){f.user.Token: f.noSession, f.elevated: f.noToken} {
		header, claims, dots := part(t, good, 0), part(t, good, 1), strings.Split(good, ".")
		for _, alg := range []any{"none", "None", "NONE", "nOnE", "", nil, "HS256", "ES384", "es256", "RS256", "EdDSA", 256} {
			signed := b64(toJSON(t, with(header, "alg", alg))) + "." + dots[1]
			for _, signature := range []string{"", dots[2], b64(strings.Repeat("\x00", 64))} {
				refuse(t, fmt.Sprintf("alg %v", alg), signed+"."+signature)
			}
		}
		signed := b64(toJSON(t, with(header, "alg", "HS256"))) + "." + dots[1]
		for name, key := range map[string][]byte{"JWKS": jwks.Body, "DER": der,
			"PEM": pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), "nothing": nil} {
			mac := hmac.New(sha256.New, key)
			mac.Write([]byte(signed))
			refuse(t, "HS256 with the public key as "+name, signed+"."+b64(string(mac.Sum(nil))))
		}
		for name, h := range map[string]m{
			"foreign key": header, "its own kid": with(header, "kid", own.ID),
			"embedded key":          with(with(header, "jwk", set.Keys[0]), "kid", own.ID),
			"embedded key, our kid": with(header, "jwk", set.Keys[0]),
			"jku":                   with(header, "jku", "https://evil.example/jwks.json"),
			"x5u":                   with(header, "x5u", "https://evil.example/cert"), "no kid": with(header, "kid", nil),
			"empty kid": with(header, "kid", ""), "kid of a file": with(header, "kid", "../../../../dev/null"),
			"kid of SQL": with(header, "kid", "' OR 1=1 --"), "kid of NUL": with(header, "kid", "\x00"),
			"kid list": with(header, "kid", []string{"a"}),
		} {
			refuse(t, name, thief.Sign(t, toJSON(t, h), toJSON(t, claims)))
		}
		// D4: unsigned or differently shaped containers around what is signed.
		refuse(t, "JWE", b64(`{"alg":"dir","enc":"A256GCM","typ":"elevated+jwt"}`)+".."+b64("iviviviviviv")+"."+dots[1]+"."+
			b64("tagtagtagtagtagt"))
		refuse(t, "JWS as JSON", toJSON(t, m{"protected": dots[0], "payload": dots[1], "signature": dots[2]}))
		for _, name := range []string{"zip", "enc", "crit", "b64"} {
			refuse(t, "header "+name, b64(toJSON(t, with(header, name, []string{"exp"})))+"."+dots[1]+"."+dots[2])
		}
		for _, bad := range []string{good + "=", good + ".", "." + good, good[:len(good)-1], good + "A", dots[0] + "." + dots[1] + ".",
			dots[0] + "." + dots[1], strings.Repeat(".", 3000), good + strings.Repeat("A", 9000), strings.ReplaceAll(good, ".", " "),
			strings.ToLower(good), "{}", "null"} {
			refuse(t, fmt.Sprintf("text %.20q of %d bytes", bad, len(bad)), bad)
		}
		refuse(t, "a dots bomb", strings.Repeat(".", 60_000)) // D5
	}
	f.Do(t, "DELETE", sdk("/users"), f.user.Header(f.elevated), nil).Want(t, 204, "") // and the good one was good
}

// D3: each claim is dropped or altered; even under our own key only the whole is accepted.
func TestD3EachClaimAltered(t *testing.T) {
	t.Parallel()
	f := startForgery(t)
	bob := f.SignIn(t, servertest.A, "bob@example.com")
	var keys, elsewhere *token.Keys
	err := f.DB.Read(t.Context(), func(tx *store.Tx) (err error) {
		if keys, err = token.Load(tx, servertest.A); err == nil {
			elsewhere, err = token.Load(tx, servertest.B)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	sign := func(k *token.Keys, typ token.Type, claims m) string {
		t.Helper()
		text, err := k.Sign(f.Now(), typ, claims)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	thief := stepuptest.NewIssuer(t)
	now := f.Now().Unix()
	altered := map[string][]any{
		"iss": {nil, "", "https://evil.example", f.Issuer(servertest.B), f.Issuer(servertest.A) + "/",
			strings.ToUpper(f.Issuer(servertest.A)), []string{f.Issuer(servertest.A)}},
		"sub": {nil, "", bob.UserID, 1}, "sid": {nil, "", bob.ID, "unknown"}, "environment_id": {nil, "", servertest.B},
		"exp": {nil, 0, now - 1, now, now + 10*365*86400, -1, "9999999999", 1e300, fmt.Sprint(now + 60)},
		"iat": {nil, now + 3600, now - 40*86400, "now"}, "nbf": {now + 3600, "soon"},
	}
	elevated := maps.Clone(altered)
	maps.Copy(elevated, map[string][]any{
		"aud": {nil, "", []string{}, "https://evil.example", f.Issuer(servertest.A)[:10], f.Issuer(servertest.B), []any{1}, m{}},
		"jti": {nil, "", "unknown"}, "scope": {nil, "", "transfer:create", "USER:DELETE", []string{"user:delete"}, "user:*"},
		"singleUse": {nil, "true", 1}, "auth_time": {nil, now + 3600},
		"cnf": {m{"jkt": strings.Repeat("a", 43)}, m{}, m{"x5t#S256": "a"}}, "authorization_details": {[]any{m{"type": "payment"}}},
	})
	for _, kind := range []struct {
		good    string
		typ     token.Type
		altered map[string][]any
		refuse  func(*testing.T, string, string)
	}{{f.user.Token, token.Session, altered, f.noSession}, {f.elevated, token.Elevated, elevated, f.noToken},
		{f.foreign, token.Elevated, elevated, f.noForeignToken}} {
		header, claims := part(t, kind.good, 0), part(t, kind.good, 1)
		for name, values := range kind.altered {
			for i, value := range values {
				what := fmt.Sprintf("%s %s = %v", kind.typ, name, value)
				kind.refuse(t, what, sign(keys, kind.typ, with(claims, name, value)))
				if i > 0 {
					continue
				}
				kind.refuse(t, what+" by a stranger", thief.Sign(t, toJSON(t, header), toJSON(t, with(claims, name, value))))
			}
		}
		// J9
		for _, typ := range []token.Type{"", "JWT", "jwt", token.ID, token.Elevated, "AT+JWT", "application/at+jwt", "elevated+jwt "} {
			if typ != kind.typ {
				kind.refuse(t, fmt.Sprintf("%s as %q", kind.typ, typ), sign(keys, typ, claims))
			}
		}
		kind.refuse(t, "signed by another environment", sign(elsewhere, kind.typ, claims))
	}
	f.noSession(t, "the full JWT", f.user.FullToken)
	f.Do(t, "DELETE", sdk("/users"), f.user.Header(f.elevated), nil).Want(t, 204, "")
}

// D6: a removed key is still trusted; made-up kids make verifiers a flood.
func TestD6RemovedKeyAndKidStorm(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.Apply(t, strings.Replace(servertest.Document(servertest.A, ""), "scopes:\n", "tokens: {rotationGrace: 24h}\nscopes:\n", 1))
	admin := servertest.Bearer(s.ServiceToken(t, servertest.A, []string{serviceauth.EnvironmentsWrite}))
	rotate := func(body any) {
		t.Helper()
		s.Do(t, "POST", servertest.Admin(servertest.A)+"/keys/rotate", admin, body).Want(t, 200, "")
	}
	live := func(token string) bool { return s.active(t, token) }

	user := s.SignIn(t, servertest.A, "d6@example.com")
	rotate(nil)
	if !live(user.Token) {
		t.Error("a planned rotation ends sessions")
	}
	s.Clock.Advance(11 * time.Minute) // the new key signs
	next := s.SignIn(t, servertest.A, "d6@example.com")
	if part(t, next.Token, 0)["kid"] == part(t, user.Token, 0)["kid"] {
		t.Error("the old key signs on")
	}
	elevated := s.StepUp(t, next, report)
	rotate(m{"atOnce": true})
	if live(next.Token) || live(user.Token) || live(elevated) {
		t.Error("a key that was thrown away is trusted")
	}
	s.Do(t, "GET", sdk("/users"), next.Header(), nil).Want(t, 401, "invalid_session")
	wantRefused(t, s.consume(t, elevated, report, "d6"), "missing")
	if jwks := s.Do(t, "GET", sdk("/.well-known/jwks"), nil, nil); strings.Contains(string(jwks.Body),
		fmt.Sprint(part(t, next.Token, 0)["kid"])) {
		t.Error("a key that was thrown away is published")
	}

	var fetches atomic.Int64
	counting := &http.Client{Transport: transportFunc(func(r *http.Request) (*http.Response, error) {
		fetches.Add(1)
		return http.DefaultTransport.RoundTrip(r)
	})}
	verifier, err := stepup.NewVerifier(stepup.Config{
		Issuer: s.Issuer(servertest.A), Audiences: []string{"https://bank.example"}, Now: s.Now,
		Keys: &stepup.RemoteKeySet{URL: s.Issuer(servertest.A) + "/.well-known/jwks", HTTP: counting, Now: s.Now},
	})
	if err != nil {
		t.Fatal(err)
	}
	good := s.StepUp(t, s.SignIn(t, servertest.A, "d6@example.com"), report)
	header, rest := part(t, good, 0), good[strings.Index(good, "."):]
	together(100, func(i int) {
		for j := range 100 {
			if _, err := verifier.Elevated(t.Context(), b64(toJSON(t, with(header, "kid", fmt.Sprint(i, "-", j))))+rest); err == nil {
				t.Error("a made-up kid is trusted")
			}
		}
	})
	if _, err := verifier.Elevated(t.Context(), good); err != nil || fetches.Load() > 2 {
		t.Errorf("10,000 made-up kids caused %d fetches; a good token after them: %v", fetches.Load(), err)
	}
}

type transportFunc func(*http.Request) (*http.Response, error)

func (f transportFunc) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
