// Package socialtest is a login provider that gets things wrong on demand: it
// speaks OpenID Connect and plain OAuth 2 as the standards have it, and each
// [Fault] breaks one rule of them. Nothing it says is verified by code of ours.
package socialtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// ClientID and ClientSecret are those of the only client.
const (
	ClientID     = "stepup-test"
	ClientSecret = "the-secret-of-the-test-client"
)

// Person is who logs in next.
type Person struct {
	Subject, Name, Email string
	Verified             bool
}

// Provider is a running provider.
type Provider struct {
	URL string // issuer, without trailing slash

	mu       sync.Mutex
	now      func() time.Time
	fault    Fault
	person   Person
	grants   map[string]grant
	access   map[string]grant
	keys     []key
	late     bool
	profile  json.RawMessage // answer of the profile endpoint; nil: that of person
	emails   json.RawMessage
	released chan struct{}
	asked    []url.Values // authorization requests
	fetches  int          // of the keys
}

type grant struct {
	person   Person
	query    url.Values
	authTime time.Time
}

type key struct {
	id      string
	private *ecdsa.PrivateKey
}

// Start runs a provider until the test ends.
func Start(t testing.TB, now func() time.Time) *Provider {
	t.Helper()
	p := &Provider{now: now, grants: map[string]grant{}, access: map[string]grant{}, released: make(chan struct{}),
		person: Person{Subject: "ada-1", Name: "Ada", Email: "ada@example.com", Verified: true}}
	p.Rotate(t)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", p.discovery)
	mux.HandleFunc("GET /authorize", p.authorize)
	mux.HandleFunc("POST /token", p.token)
	mux.HandleFunc("GET /keys", p.jwks)
	mux.HandleFunc("GET /userinfo", p.userInfo)
	mux.HandleFunc("GET /userinfo/emails", p.emailList)
	server := httptest.NewServer(mux)
	t.Cleanup(func() { close(p.released); server.Close() })
	p.URL = server.URL
	return p
}

// Set chooses the fault.
func (p *Provider) Set(f Fault) { p.locked(func() { p.fault = f }) }

// LogIn chooses who logs in next.
func (p *Provider) LogIn(person Person) { p.locked(func() { p.person = person }) }

// Answer makes the profile endpoints answer with these texts.
func (p *Provider) Answer(profile, emails string) {
	p.locked(func() { p.profile, p.emails = json.RawMessage(profile), json.RawMessage(emails) })
}

// Asked are the authorization requests so far.
func (p *Provider) Asked() (list []url.Values) {
	p.locked(func() { list = append(list, p.asked...) })
	return list
}

// Fetches is how often the keys were fetched.
func (p *Provider) Fetches() (n int) {
	p.locked(func() { n = p.fetches })
	return n
}

// Rotate makes a new signing key; the one before stays published.
func (p *Provider) Rotate(t testing.TB) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p.locked(func() { p.keys = append(p.keys, key{id: fmt.Sprintf("key-%d", len(p.keys)+1), private: private}) })
}

func (p *Provider) locked(do func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	do()
}

func (p *Provider) discovery(w http.ResponseWriter, _ *http.Request) {
	answer(w, map[string]any{
		"issuer": p.URL, "authorization_endpoint": p.URL + "/authorize", "token_endpoint": p.URL + "/token", "jwks_uri": p.URL + "/keys",
		"userinfo_endpoint":                     p.URL + "/userinfo",
		"id_token_signing_alg_values_supported": []string{"ES256"}, "response_types_supported": []string{"code"},
		"subject_types_supported":                        []string{"public"},
		"authorization_response_iss_parameter_supported": true, "token_endpoint_auth_methods_supported": []string{"client_secret_post"},
	})
}

func (p *Provider) authorize(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	query := r.URL.Query()
	p.asked = append(p.asked, query)
	to, err := url.Parse(query.Get("redirect_uri"))
	if err != nil || query.Get("response_type") != "code" || query.Get("client_id") != ClientID && query.Get("client_key") != ClientID {
		http.Error(w, "invalid_request", http.StatusBadRequest)
		return
	}
	code := rand.Text()
	p.grants[code] = grant{person: p.person, query: query, authTime: p.now()}
	back := url.Values{"code": {code}, "state": {query.Get("state")}, "iss": {p.URL}}
	switch p.fault {
	case MixUp:
		back.Set("iss", "https://honest.example")
	case NoIssuerBack:
		back.Del("iss")
	case MissingState:
		back.Del("state")
	case WrongState:
		back.Set("state", rand.Text()+rand.Text())
	case ErrorBack:
		back.Del("code")
		back.Set("error", "access_denied")
	}
	to.RawQuery = back.Encode()
	http.Redirect(w, r, to.String(), http.StatusFound)
}

func (p *Provider) token(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch p.fault {
	case JunkToken:
		fmt.Fprint(w, `{"access_token":["`)
		return
	case HugeToken:
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"access_token":"%s"}`, strings.Repeat("a", 8<<20))
		return
	case Redirecting:
		http.Redirect(w, r, p.URL+"/token", http.StatusTemporaryRedirect)
		return
	case Slow:
		p.mu.Unlock()
		select {
		case <-r.Context().Done():
		case <-p.released:
		}
		p.mu.Lock()
		return
	case ServerError:
		http.Error(w, "down", http.StatusInternalServerError)
		return
	}
	g, ok := p.grants[r.PostFormValue("code")]
	if p.fault != ReusesCodes {
		delete(p.grants, r.PostFormValue("code"))
	}
	challenge, verifier := g.query.Get("code_challenge"), r.PostFormValue("code_verifier")
	id, secret, basic := r.BasicAuth()
	if !basic {
		id, secret = r.PostFormValue("client_id"), r.PostFormValue("client_secret")
	}
	if sum := sha256.Sum256([]byte(verifier)); !ok || id != ClientID || secret != ClientSecret ||
		r.PostFormValue("redirect_uri") != g.query.Get("redirect_uri") ||
		challenge != "" && challenge != encode(sum[:]) && p.fault != IgnoresPKCE {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, `{"error":"invalid_grant"}`)
		return
	}
	access := rand.Text()
	p.access[access] = g
	tokens := map[string]any{"access_token": access, "token_type": "Bearer", "expires_in": 300}
	if p.fault != NoIDToken {
		tokens["id_token"] = p.idToken(g, access)
	}
	answer(w, tokens)
}

func (p *Provider) idToken(g grant, access string) string {
	now := p.now()
	sum := sha256.Sum256([]byte(access))
	claims := map[string]any{
		"iss": p.URL, "sub": g.person.Subject, "aud": ClientID, "exp": now.Add(5 * time.Minute).Unix(), "iat": now.Unix(),
		"nonce": g.query.Get("nonce"), "at_hash": encode(sum[:16]),
	}
	if g.query.Get("nonce") == "" {
		delete(claims, "nonce")
	}
	if g.query.Get("max_age") != "" {
		claims["auth_time"] = json.RawMessage(fmt.Sprintf("%d.5", g.authTime.Unix())) // a NumericDate may be fractional
	}
	switch p.fault {
	case WrongNonce:
		claims["nonce"] = rand.Text()
	case MissingNonce:
		delete(claims, "nonce")
	case WrongAudience:
		claims["aud"] = "another-client"
	case SecondAudience:
		claims["aud"] = []string{ClientID, "another-client"}
	case WrongParty:
		claims["azp"] = "another-client"
	case WrongIssuer:
		claims["iss"] = "https://honest.example"
	case MissingSubject:
		delete(claims, "sub")
	case Expired:
		claims["exp"] = now.Add(-time.Second).Unix()
	case MissingExpiry:
		delete(claims, "exp")
	case FromTheFuture:
		claims["iat"] = now.Add(10 * time.Minute).Unix()
	case WrongAtHash:
		claims["at_hash"] = encode(sum[16:])
	case StaleAuthTime:
		claims["auth_time"] = now.Add(-time.Hour).Unix()
	case MissingAuthTime:
		delete(claims, "auth_time")
	}
	return p.sign(claims)
}

// sign makes a JWS by hand, so that wrong ones can be made too.
func (p *Provider) sign(claims map[string]any) string {
	signer := p.keys[len(p.keys)-1]
	header := map[string]any{"alg": "ES256", "kid": signer.id, "typ": "JWT"}
	var mac []byte
	switch p.fault {
	case AlgNone:
		header["alg"] = "none"
	case AlgHS256:
		header["alg"], mac = "HS256", []byte(ClientSecret)
	case AlgPublicHS256:
		header["alg"] = "HS256"
		mac, _ = x509.MarshalPKIXPublicKey(signer.private.Public())
	}
	payload, _ := json.Marshal(claims)
	if p.fault == DoubleClaim {
		payload = append([]byte(`{"sub":"somebody-else",`), payload[1:]...)
	}
	head, _ := json.Marshal(header)
	text := encode(head) + "." + encode(payload)
	switch {
	case p.fault == AlgNone:
		return text + "."
	case mac != nil:
		h := hmac.New(sha256.New, mac)
		h.Write([]byte(text))
		return text + "." + encode(h.Sum(nil))
	}
	digest := sha256.Sum256([]byte(text))
	r, s, _ := ecdsa.Sign(rand.Reader, signer.private, digest[:])
	signature := make([]byte, 64)
	r.FillBytes(signature[:32])
	s.FillBytes(signature[32:])
	if p.fault == BadSignature {
		signature[40] ^= 1
	}
	return text + "." + encode(signature)
}

func (p *Provider) jwks(w http.ResponseWriter, _ *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fetches++
	published := p.keys
	if p.fault == KeysAway {
		http.Error(w, "down", http.StatusServiceUnavailable)
		return
	}
	if p.fault == RemovedKey || p.fault == LateKeys && !p.late {
		published, p.late = p.keys[:len(p.keys)-1], p.fault == LateKeys
	}
	list := []map[string]any{}
	for _, k := range published {
		point, err := k.private.PublicKey.Bytes()
		if err == nil {
			list = append(list, map[string]any{"kty": "EC", "crv": "P-256", "kid": k.id, "use": "sig", "alg": "ES256",
				"x": encode(point[1:33]), "y": encode(point[33:])})
		}
	}
	answer(w, map[string]any{"keys": list})
}

func (p *Provider) userInfo(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	g, ok := p.access[strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")]
	switch {
	case !ok:
		http.Error(w, "invalid_token", http.StatusUnauthorized)
	case p.fault == JunkProfile:
		fmt.Fprint(w, `{"sub":"`+g.person.Subject+`","sub":"x"`)
	case p.fault == HugeProfile:
		fmt.Fprintf(w, `{"sub":%q,"more":%q}`, g.person.Subject, strings.Repeat("a", 8<<20))
	case p.profile != nil:
		_, _ = w.Write(p.profile)
	case p.fault == OtherSubject:
		answer(w, map[string]any{"sub": "somebody-else", "id": "somebody-else"})
	default:
		answer(w, map[string]any{
			"sub": g.person.Subject, "id": g.person.Subject, "name": g.person.Name, "preferred_username": g.person.Name,
			"login": g.person.Name, "email": g.person.Email, "email_verified": g.person.Verified,
		})
	}
}

func (p *Provider) emailList(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	g, ok := p.access[strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")]
	switch {
	case !ok:
		http.Error(w, "invalid_token", http.StatusUnauthorized)
	case p.emails != nil:
		_, _ = w.Write(p.emails)
	default:
		answer(w, []map[string]any{{"email": g.person.Email, "verified": g.person.Verified, "primary": true}})
	}
}

func answer(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(value)
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
