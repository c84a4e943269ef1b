package social

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/stepup-auth/stepup/internal/catalogue"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/keyset"
	"github.com/stepup-auth/stepup/internal/strictjson"
)

const (
	maxAnswer     = 256 << 10 // of any answer of a provider
	discoveryLife = 10 * time.Minute
	failureLife   = 5 * time.Second
	maxDiscovered = 1000
)

// Endpoint is where a provider answers.
type Endpoint struct {
	Issuer                               string // empty: plain OAuth 2
	Authorization, Token, UserInfo, JWKS string
	NamesItself                          bool // promises iss in its answers (RFC 9207)
	authStyle                            oauth2.AuthStyle
}

// Client talks to login providers, by an HTTP client that reaches no inner
// address, follows no redirect and reads no endless answer.
type Client struct {
	http    *http.Client
	keys    *keyset.Cache
	secrets environment.Secrets
	now     func() time.Time

	mu         sync.Mutex
	discovered map[string]discovery
}

type discovery struct {
	endpoint Endpoint
	err      error // why there is none
	at       time.Time
}

// fresh reports whether what was found holds at now. That a provider does not answer
// is remembered for seconds, so that nobody makes us ask it again and again.
func (d discovery) fresh(now time.Time) bool {
	life := discoveryLife
	if d.err != nil {
		life = failureLife
	}
	age := now.Sub(d.at)
	return !d.at.IsZero() && age >= 0 && age < life
}

// NewClient makes a Client that goes out by outbound and finds its own secrets in
// secrets.
func NewClient(outbound *http.Client, keys *keyset.Cache, secrets environment.Secrets, now func() time.Time) *Client {
	own := *outbound
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	own.Transport = bounded{own.Transport}
	return &Client{http: &own, keys: keys, secrets: secrets, now: now, discovered: map[string]discovery{}}
}

// bounded cuts answers off.
type bounded struct{ next http.RoundTripper }

func (b bounded) RoundTrip(request *http.Request) (*http.Response, error) {
	next := b.next
	if next == nil {
		next = http.DefaultTransport
	}
	response, err := next.RoundTrip(request)
	if err == nil {
		response.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(response.Body, maxAnswer+1), response.Body}
	}
	return response, err
}

// Endpoint finds out where a provider answers: from the document and the
// catalogue, and where those leave it open from the issuer itself.
func (c *Client) Endpoint(ctx context.Context, p environment.Provider, row catalogue.Provider) (Endpoint, error) {
	e := Endpoint{
		Issuer: row.Issuer, Authorization: row.Authorization, Token: row.Token, UserInfo: row.UserInfo, JWKS: p.Endpoints.JWKS,
		authStyle: oauth2.AuthStyleInParams,
	}
	switch {
	case row.BasicAuth:
		e.authStyle = oauth2.AuthStyleInHeader
	case row.Source == catalogue.FromIDToken:
		e.authStyle = oauth2.AuthStyleAutoDetect // until the provider says
	}
	if row.Source != catalogue.FromIDToken || e.Authorization != "" && e.Token != "" && e.JWKS != "" {
		return e, nil
	}
	found, err := c.discover(ctx, row.Issuer)
	if err != nil {
		return e, err
	}
	for _, member := range []struct{ at, with *string }{
		{&e.Authorization, &found.Authorization}, {&e.Token, &found.Token}, {&e.UserInfo, &found.UserInfo}, {&e.JWKS, &found.JWKS},
	} {
		if *member.at == "" {
			*member.at = *member.with
		}
	}
	e.NamesItself, e.authStyle = found.NamesItself, found.authStyle
	return e, nil
}

func (c *Client) discover(ctx context.Context, issuer string) (Endpoint, error) {
	c.mu.Lock()
	known := c.discovered[issuer]
	c.mu.Unlock()
	if known.fresh(c.now()) {
		return known.endpoint, known.err
	}
	e, err := c.askIssuer(ctx, issuer)
	if err != nil && ctx.Err() != nil {
		return Endpoint{}, err // the caller left, which says nothing about the provider
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.discovered) >= maxDiscovered {
		c.discovered = map[string]discovery{}
	}
	c.discovered[issuer] = discovery{endpoint: e, err: err, at: c.now()}
	return e, err
}

// askIssuer fetches the issuer's discovery document.
func (c *Client) askIssuer(ctx context.Context, issuer string) (Endpoint, error) {
	provider, err := oidc.NewProvider(oidc.ClientContext(ctx, c.http), issuer) // compares the issuer exactly
	if err != nil {
		return Endpoint{}, fmt.Errorf("discovering %s: %w", issuer, err)
	}
	var more struct {
		JWKS        string   `json:"jwks_uri"`
		NamesItself bool     `json:"authorization_response_iss_parameter_supported"`
		AuthMethods []string `json:"token_endpoint_auth_methods_supported"`
	}
	if err := provider.Claims(&more); err != nil {
		return Endpoint{}, fmt.Errorf("discovering %s: %w", issuer, err)
	}
	e := Endpoint{
		Issuer: issuer, Authorization: provider.Endpoint().AuthURL, Token: provider.Endpoint().TokenURL,
		UserInfo: provider.UserInfoEndpoint(), JWKS: more.JWKS, NamesItself: more.NamesItself, authStyle: authStyle(more.AuthMethods),
	}
	for _, address := range []string{e.Authorization, e.Token, e.JWKS} {
		if problem := environment.AddressProblem(address); problem != "" {
			return Endpoint{}, fmt.Errorf("discovering %s: %q: %s", issuer, address, problem)
		}
	}
	return e, nil
}

// IssuerProblems asks the issuers that a document names what they call themselves,
// and says what to write where the document says otherwise. Whoever does not answer
// is left out.
func (c *Client) IssuerProblems(ctx context.Context, e *environment.Environment) (problems []string) {
	ask := func(key, issuer string) {
		_, err := c.askIssuer(ctx, issuer)
		if other := (*oidc.IssuerMismatchError)(nil); errors.As(err, &other) {
			problems = append(problems,
				fmt.Sprintf("%s: the issuer at %.200q calls itself %.200q, and is known by that name alone, letter by letter: write %.200q",
					key, issuer, other.Discovered, other.Discovered))
		}
	}
	for _, p := range e.Providers {
		if p.Issuer != "" {
			ask("providers["+p.Provider+"].issuer", p.Issuer)
		}
	}
	if x := e.ExternalAuth; x.Enabled && environment.AddressProblem(x.Issuer) == "" {
		ask("externalAuth.iss", x.Issuer)
	}
	return problems
}

// authStyle is how a client authenticates: what the provider says it takes, by
// default Authorization (OpenID Connect Discovery section 3). A provider that takes
// both may take just one of this client, so both are tried.
func authStyle(methods []string) oauth2.AuthStyle {
	basic, post := slices.Contains(methods, "client_secret_basic") || len(methods) == 0, slices.Contains(methods, "client_secret_post")
	switch {
	case basic && post:
		return oauth2.AuthStyleAutoDetect
	case basic:
		return oauth2.AuthStyleInHeader
	}
	return oauth2.AuthStyleInParams
}

// exchange trades the provider's code for its tokens.
func (c *candidate) exchange(ctx context.Context, e Endpoint, verifier string) (*oauth2.Token, []byte, error) {
	p, row, client := c.provider, c.row, *c.method.Client.http
	config := oauth2.Config{ClientID: p.ClientID, RedirectURL: c.callback,
		Endpoint: oauth2.Endpoint{TokenURL: e.Token, AuthStyle: oauth2.AuthStyleInParams}}
	if !p.ClientSecret.IsZero() {
		secret, err := c.method.Client.secrets.Resolve(c.environmentID, p.ClientSecret)
		if err != nil { // whatever the reason: who may write documents must not learn what there is
			return nil, nil, fault.New(fault.ProviderNotEnabled,
				"The login provider %.40q is not ready for use: its client secret cannot be read. On the server, stepup doctor says why.",
				p.Provider).Because(err)
		}
		config.ClientSecret = secret.Reveal()
		config.Endpoint.AuthStyle = e.authStyle
	}
	var options []oauth2.AuthCodeOption
	if verifier != "" {
		options = append(options, oauth2.VerifierOption(verifier))
	}
	if row.ClientIDName != "" {
		options = append(options, oauth2.SetAuthURLParam(row.ClientIDName, p.ClientID))
	}
	kept := &keeping{next: client.Transport}
	client.Transport = kept
	token, err := config.Exchange(context.WithValue(ctx, oauth2.HTTPClient, &client), c.known.ProviderCode, options...)
	var refused *oauth2.RetrieveError
	switch {
	case errors.As(err, &refused) && refused.Response != nil && !troubled(refused.Response.StatusCode): // its text may repeat what was sent
		return nil, nil, refuse("the token endpoint answered %d %.60q", refused.Response.StatusCode, refused.ErrorCode)
	case errors.As(err, &refused) && refused.Response != nil:
		return nil, nil, away("the token endpoint answered %d", refused.Response.StatusCode)
	case err != nil && !kept.whole:
		return nil, nil, away("asking the token endpoint: %w", err)
	case err != nil:
		return nil, nil, refuse("asking the token endpoint: %w", err)
	}
	return token, kept.answer.Bytes(), nil
}

// keeping remembers the last answer as it was, for providers that put the
// account into it.
type keeping struct {
	next   http.RoundTripper
	answer bytes.Buffer
	whole  bool // it was read to its end
}

func (k *keeping) RoundTrip(request *http.Request) (*http.Response, error) {
	request.Header.Set("Accept", "application/json")
	response, err := k.next.RoundTrip(request)
	if err == nil {
		k.answer.Reset()
		k.whole = false
		response.Body = struct {
			io.Reader
			io.Closer
		}{io.TeeReader(&noting{response.Body, &k.whole}, &k.answer), response.Body}
	}
	return response, err
}

// noting notes that a body was read to its end.
type noting struct {
	io.Reader
	end *bool
}

func (n *noting) Read(p []byte) (int, error) {
	count, err := n.Reader.Read(p)
	*n.end = err == io.EOF
	return count, err
}

// troubled reports whether a status says that a server is in trouble or too busy,
// which is no word about what it was asked.
func troubled(status int) bool {
	return status >= http.StatusInternalServerError || status == http.StatusTooManyRequests || status == http.StatusRequestTimeout
}

// get asks a provider with the access token and returns its answer.
func (c *Client) get(ctx context.Context, address, accessToken string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, refuse("reading the profile: %w", err)
	}
	request.Header.Set("Accept", "application/json")
	request.Header.Set("Authorization", "Bearer "+accessToken)
	request.Header.Set("User-Agent", "stepup")
	response, err := c.http.Do(request)
	if err != nil {
		return nil, away("reading the profile: %w", err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	switch {
	case err != nil:
		return nil, away("reading the profile: %w", err)
	case troubled(response.StatusCode):
		return nil, away("the profile endpoint answered %d", response.StatusCode)
	case response.StatusCode != http.StatusOK:
		return nil, refuse("the profile endpoint answered %d", response.StatusCode)
	case len(body) > maxAnswer:
		return nil, refuse("the profile is longer than %d bytes", maxAnswer)
	}
	return body, nil
}

// parseAnswer reads JSON in which no member that the caller looks at stands a second
// time in another case; the members are told by paths, see
// [strictjson.Value.SpelledOnce].
func parseAnswer(body []byte, read ...string) (strictjson.Value, error) {
	v, err := strictjson.Parse(body, strictjson.Depth)
	if err == nil {
		err = v.SpelledOnce(read...)
	}
	if err != nil {
		return strictjson.Value{}, refuse("reading the profile: %w", err)
	}
	return v, nil
}
