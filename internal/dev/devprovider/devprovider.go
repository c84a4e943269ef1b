// Package devprovider is a login provider for development: it signs real
// id_tokens for made-up people, so that a social login can be tried from end to
// end on one machine. It asks nobody for a password, so it must never be part of
// a production route table. It sends browsers back to the server it belongs to
// and nowhere else, and forgets everything when it stops.
package devprovider

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// Path is where it is served, below the server's public URL.
const Path = "/dev/provider"

// ClientID is its only client, which has no secret and must use PKCE.
const ClientID = "stepup-development"

const (
	life     = 10 * time.Minute // of a request, a code and an access token
	maxKept  = 1000
	loggedIn = "stepup_development_login" // cookie
)

// Provider is a running provider.
type Provider struct {
	public string
	issuer string
	now    func() time.Time
	signer jose.Signer
	keys   jose.JSONWebKeySet

	mu       sync.Mutex
	requests map[string]request // by a random id in the page's links
	logins   map[string]login   // by cookie
	codes    map[string]grant
	access   map[string]grant
}

type request struct {
	redirectURI, state, nonce, challenge string
	at                                   time.Time
}

type login struct {
	person Person
	at     time.Time
}

type grant struct {
	request
	login
}

// New makes a provider of the server at the public URL.
func New(publicURL string, now func() time.Time) (*Provider, error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	kid := rand.Text()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: private, KeyID: kid}},
		(&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		return nil, err
	}
	return &Provider{
		public: publicURL, issuer: publicURL + Path, now: now, signer: signer,
		keys:     jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: private.Public(), KeyID: kid, Algorithm: "ES256", Use: "sig"}}},
		requests: map[string]request{}, logins: map[string]login{}, codes: map[string]grant{}, access: map[string]grant{},
	}, nil
}

// Handler serves everything below [Path].
func (p *Provider) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+Path+"/.well-known/openid-configuration", p.discovery)
	mux.HandleFunc("GET "+Path+"/jwks.json", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, p.keys) })
	mux.HandleFunc("GET "+Path+"/authorize", p.authorize)
	mux.HandleFunc("GET "+Path+"/login", p.choose)
	mux.HandleFunc("POST "+Path+"/token", p.token)
	mux.HandleFunc("GET "+Path+"/userinfo", p.userInfo)
	return mux
}

func (p *Provider) discovery(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, map[string]any{
		"issuer": p.issuer, "authorization_endpoint": p.issuer + "/authorize", "token_endpoint": p.issuer + "/token",
		"userinfo_endpoint": p.issuer + "/userinfo", "jwks_uri": p.issuer + "/jwks.json",
		"response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"},
		"id_token_signing_alg_values_supported": []string{"ES256"},
		"token_endpoint_auth_methods_supported": []string{"none"}, "code_challenge_methods_supported": []string{"S256"},
		"authorization_response_iss_parameter_supported": true, "scopes_supported": []string{"openid", "profile", "email"},
	})
}

// authorize shows the people to choose from, or goes straight back for whoever
// has chosen before, unless a new login was asked for.
func (p *Provider) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	asked := request{redirectURI: q.Get("redirect_uri"), state: q.Get("state"), nonce: q.Get("nonce"), challenge: q.Get("code_challenge"),
		at: p.now()}
	switch {
	case q.Get("client_id") != ClientID, !strings.HasPrefix(asked.redirectURI, p.public+"/api/v0/sdk/"),
		!strings.HasSuffix(asked.redirectURI, "/redirect"):
		http.Error(w, "This client or its redirect_uri is not known here.", http.StatusBadRequest)
		return
	case q.Get("response_type") != "code", q.Get("code_challenge_method") != "S256", len(asked.challenge) != 43, asked.state == "":
		p.back(w, r, asked, url.Values{"error": {"invalid_request"}})
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	known, ok := p.session(r)
	if ok && q.Get("prompt") != "login" && !tooOld(known.at, p.now(), q.Get("max_age")) {
		p.back(w, r, asked, url.Values{"code": {p.code(asked, known)}})
		return
	}
	if q.Get("prompt") == "none" {
		p.back(w, r, asked, url.Values{"error": {"login_required"}})
		return
	}
	id := rand.Text()
	keep(p.requests, id, asked)
	showPeople(w, id)
}

// choose logs in the person whose link was followed.
func (p *Provider) choose(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	q := r.URL.Query()
	asked, ok := p.requests[q.Get("request")]
	delete(p.requests, q.Get("request"))
	if !ok || p.now().Sub(asked.at) > life {
		http.Error(w, "This page is too old. Begin again in the app.", http.StatusBadRequest)
		return
	}
	if q.Get("person") == "" {
		p.back(w, r, asked, url.Values{"error": {"access_denied"}})
		return
	}
	chosen := login{person: personNamed(q.Get("person")), at: p.now()}
	cookie := rand.Text()
	keep(p.logins, cookie, chosen)
	http.SetCookie(w, &http.Cookie{Name: loggedIn, Value: cookie, Path: Path, HttpOnly: true, SameSite: http.SameSiteLaxMode})
	p.back(w, r, asked, url.Values{"code": {p.code(asked, chosen)}})
}

func (p *Provider) back(w http.ResponseWriter, r *http.Request, asked request, outcome url.Values) {
	outcome.Set("state", asked.state)
	outcome.Set("iss", p.issuer)
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, asked.redirectURI+"?"+outcome.Encode(), http.StatusFound)
}

func (p *Provider) session(r *http.Request) (login, bool) {
	cookie, err := r.Cookie(loggedIn)
	if err != nil {
		return login{}, false
	}
	known, ok := p.logins[cookie.Value]
	return known, ok
}

func (p *Provider) code(asked request, who login) string {
	code := rand.Text()
	asked.at = p.now()
	keep(p.codes, code, grant{asked, who})
	return code
}

func (p *Provider) token(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	code := r.PostFormValue("code")
	g, ok := p.codes[code]
	delete(p.codes, code)
	sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	if !ok || p.now().Sub(g.request.at) > life || r.PostFormValue("grant_type") != "authorization_code" ||
		r.PostFormValue("client_id") != ClientID ||
		r.PostFormValue("redirect_uri") != g.redirectURI || base64.RawURLEncoding.EncodeToString(sum[:]) != g.challenge {
		answer(w, http.StatusBadRequest, map[string]string{"error": "invalid_grant"})
		return
	}
	access := rand.Text()
	keep(p.access, access, g)
	claims := g.person.claims()
	hash := sha256.Sum256([]byte(access))
	for name, value := range map[string]any{
		"iss": p.issuer, "aud": ClientID, "iat": p.now().Unix(), "exp": p.now().Add(life).Unix(), "auth_time": g.login.at.Unix(),
		"at_hash": base64.RawURLEncoding.EncodeToString(hash[:16]),
	} {
		claims[name] = value
	}
	if g.nonce != "" {
		claims["nonce"] = g.nonce
	}
	idToken, err := p.sign(claims)
	if err != nil {
		answer(w, http.StatusInternalServerError, map[string]string{"error": "server_error"})
		return
	}
	answer(w, http.StatusOK,
		map[string]any{"access_token": access, "token_type": "Bearer", "expires_in": int(life / time.Second), "id_token": idToken})
}

func (p *Provider) sign(claims map[string]any) (string, error) {
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	signed, err := p.signer.Sign(payload)
	if err != nil {
		return "", err
	}
	return signed.CompactSerialize()
}

func (p *Provider) userInfo(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	g, ok := p.access[strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")]
	if !ok || p.now().Sub(g.request.at) > life {
		w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
		answer(w, http.StatusUnauthorized, map[string]string{"error": "invalid_token"})
		return
	}
	answer(w, http.StatusOK, g.person.claims())
}

// tooOld reports whether a login is older than max_age allows.
func tooOld(at, now time.Time, maxAge string) bool {
	if maxAge == "" {
		return false
	}
	age, err := time.ParseDuration(maxAge + "s")
	return err != nil || now.Sub(at) >= age
}

// keep adds to a map that nobody can make large.
func keep[V any](all map[string]V, key string, value V) {
	if len(all) >= maxKept {
		clear(all)
	}
	all[key] = value
}

func answer(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	// The status is out; a client that went away is nobody's error.
	_ = json.NewEncoder(w).Encode(value)
}
