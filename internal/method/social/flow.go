package social

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/binding"
	"github.com/stepup-auth/stepup/internal/catalogue"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/limit"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/tenant"
	"github.com/stepup-auth/stepup/internal/who"
)

// FlowLife is how long a social login may take, from the app and back to it.
const FlowLife = 10 * time.Minute

// flowsPerSource bounds how many logins one address may begin.
var flowsPerSource = environment.Rate{Count: 300, Per: environment.Duration(10 * time.Minute)}

var (
	stateRule     = regexp.MustCompile(`^[A-Za-z0-9._~-]{16,256}$`)
	challengeRule = regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`)
	verifierRule  = regexp.MustCompile(`^[A-Za-z0-9._~-]{43,128}$`)
	errorRule     = regexp.MustCompile(`^[a-z_]{1,64}$`)
)

// remembered is what a flow must know again; it is stored sealed.
type remembered struct {
	State        string `json:"state"`                   // the client's
	Redirect     string `json:"redirect,omitempty"`      // where the app wants it back; empty: a popup that polls
	Nonce        string `json:"nonce,omitempty"`         // ours, for the id_token
	Verifier     string `json:"verifier,omitempty"`      // ours, PKCE
	ProviderCode string `json:"provider_code,omitempty"` // what the provider sent back
	Code         string `json:"code,omitempty"`          // ours, what the client gets in its place
	Error        string `json:"error,omitempty"`
	Browser      string `json:"browser,omitempty"`    // client address that came back from the provider
	BindingID    string `json:"binding_id,omitempty"` // the transaction that the login is to confirm
	Prompt       string `json:"prompt,omitempty"`     // the hosted prompt that it belongs to
	Trial        string `json:"trial,omitempty"`      // who tries the provider; such a flow signs nobody in
}

// Request is a step of a flow that a browser or client takes; without a session, to
// sign in.
type Request struct {
	who.Caller
	Provider string

	Trial     string // whose trial it is, see [Try]; empty: a login
	BindingID string // Begin: the transaction that the login is to confirm, which no provider shows; empty: none
}

// Find finds the provider as the environment has it now.
func (r Request) Find() (environment.Provider, catalogue.Provider, error) {
	return find(r.Tenant, r.Provider)
}

func find(t *tenant.Tenant, name string) (environment.Provider, catalogue.Provider, error) {
	if speaks := catalogue.Refused[name]; speaks != "" {
		return environment.Provider{}, catalogue.Provider{}, fault.New(fault.ProviderNotEnabled,
			"Signing in with %s is not supported: it speaks %s, neither OAuth 2 nor OpenID Connect.", name, speaks)
	}
	at := slices.IndexFunc(t.Providers, func(p environment.Provider) bool { return p.Provider == name })
	if at >= 0 {
		if row, ok := catalogue.For(t.Providers[at]); ok {
			return t.Providers[at], row, nil
		}
	}
	return environment.Provider{}, catalogue.Provider{}, fault.New(fault.ProviderNotEnabled,
		"This environment has no login provider %.40q that is ready for use.", name)
}

// Begin stores a flow under the client's state. redirect is where the browser
// is to come back to; empty when the app polls for the result instead. A flow that is
// begun in a hosted prompt comes back to the prompt's page, and is good there alone.
func Begin(tx *store.Tx, r Request, state, redirect string) error {
	if _, _, err := r.Find(); err != nil {
		return err
	}
	if !stateRule.MatchString(state) {
		return fault.New(fault.InvalidRequest, "state must be 16 to 256 random letters, digits or . _ ~ -.")
	}
	if redirect != "" && r.Prompt == "" {
		if err := checkRedirect(redirect, r.Tenant.RedirectOrigins); err != nil {
			return err
		}
	}
	if r.BindingID != "" {
		if _, err := binding.Find(r.Caller, tx, r.BindingID); err != nil {
			return err
		}
	}
	refused, wait, err := limit.TakeAll(tx,
		limit.PerSource(tx, limit.From(r.Source, r.Tenant.Limits), flowsPerSource, "social-source", r.Tenant.ID)...)
	if err != nil {
		return err
	}
	if refused != nil {
		return fault.AtLimit("social_logins", fault.RateLimited,
			"Too many logins were begun from here. Try again in %s.", fault.Spoken(wait)).After(wait)
	}
	f := store.SocialFlowRow{
		StateHash: hashState(tx, r.Tenant.ID, state), EnvironmentID: r.Tenant.ID, Provider: r.Provider, ExpiresAt: tx.Now().Add(FlowLife),
	}
	if r.Session != nil {
		f.SessionID, f.UserID = r.Session.ID, r.Session.UserID
	}
	known := remembered{State: state, Redirect: redirect, BindingID: r.BindingID, Prompt: r.Prompt, Trial: r.Trial}
	if err := seal(tx, &f, known); err != nil {
		return err
	}
	fresh, err := tx.InsertSocialFlow(f)
	if err == nil && !fresh {
		err = fault.New(fault.OtherVerifyFailure, "This state was used before. Begin again with a new random one.")
	}
	if err != nil {
		return err
	}
	return audit.Record(tx, r.By, "social.begun", audit.Detail{"provider": r.Provider})
}

// Begun reports whether a login was begun under the client's state, and may be sent
// to the provider. Ask it before anything is fetched for whoever names the state.
func Begun(tx *store.Tx, r Request, state string) error {
	_, err := begun(tx, r, state)
	return err
}

func begun(tx *store.Tx, r Request, state string) (store.SocialFlowRow, error) {
	return r.own(tx.SocialFlow(r.Tenant.ID, hashState(tx, r.Tenant.ID, state)))
}

// Sent reports whether a browser was sent to the provider with the state, and is
// awaited back; ask it like [Begun].
func Sent(tx *store.Tx, r Request, state string) error {
	p, _, err := r.Find()
	if err == nil {
		_, err = sent(tx, r, p, state)
	}
	return err
}

func sent(tx *store.Tx, r Request, p environment.Provider, state string) (store.SocialFlowRow, error) {
	f, err := tx.SocialFlowUpstream(r.Tenant.ID, hashUpstream(tx, r.Tenant.ID, state))
	if errors.Is(err, store.ErrNotFound) && p.Direct {
		f, err = tx.SocialFlow(r.Tenant.ID, hashState(tx, r.Tenant.ID, state))
	}
	return r.own(f, err)
}

// own is the flow if it is one of this provider's.
func (r Request) own(f store.SocialFlowRow, err error) (store.SocialFlowRow, error) {
	if errors.Is(err, store.ErrNotFound) || err == nil && f.Provider != r.Provider {
		err = unknownFlow()
	}
	return f, err
}

// Send records that the browser goes to the provider and returns the address
// there. challenge is the client's own PKCE challenge, if it has one: whoever
// finishes the flow must then know its verifier. The address is made by the
// caller's endpoint, which it must have looked up before.
func Send(tx *store.Tx, r Request, e Endpoint, state, challenge string) (string, error) {
	if err := r.Tenant.Pin(tx); err != nil {
		return "", err
	}
	p, row, err := r.Find()
	if err != nil {
		return "", err
	}
	if challenge != "" && !challengeRule.MatchString(challenge) {
		return "", fault.New(fault.InvalidRequest, "code_challenge must be a SHA-256 in base64url, and code_challenge_method S256.")
	}
	f, err := begun(tx, r, state)
	if err != nil {
		return "", err
	}
	known, err := open(tx, f)
	if err != nil {
		return "", err
	}
	known.Nonce, known.Verifier = rand.Text(), oauth2.GenerateVerifier()
	upstream := rand.Text() + rand.Text()
	f.UpstreamHash, f.Challenge = hashUpstream(tx, r.Tenant.ID, upstream), challenge
	if err := seal(tx, &f, known); err != nil {
		return "", err
	}
	err = tx.SendSocialFlow(f)
	if errors.Is(err, store.ErrNotFound) {
		return "", unknownFlow()
	}
	if err != nil {
		return "", err
	}
	return address(e, p, row, trip{
		callback: Callback(r.Tenant, r.Provider), state: upstream, known: known, again: f.SessionID != "",
	}), audit.Record(tx, r.By, "social.sent", audit.Detail{"provider": r.Provider})
}

// trip is one way to a provider and back.
type trip struct {
	callback string // where the provider sends the browser back to
	state    string // ours, by which we know it again
	known    remembered
	again    bool // somebody who is signed in is to prove it once more
}

// address is where the browser goes.
func address(e Endpoint, p environment.Provider, row catalogue.Provider, t trip) string {
	u, err := url.Parse(e.Authorization)
	if err != nil {
		return "" // the document and the discovery were checked
	}
	query := u.Query()
	idName, separator := row.ClientIDName, row.ScopeSeparator
	if idName == "" {
		idName = "client_id"
	}
	if separator == "" {
		separator = " "
	}
	for name, value := range map[string]string{
		idName: p.ClientID, "response_type": "code", "redirect_uri": t.callback, "state": t.state,
		"scope": strings.Join(row.Scopes, separator),
	} {
		query.Set(name, value)
	}
	if row.Source == catalogue.FromIDToken {
		query.Set("nonce", t.known.Nonce)
	}
	if !row.NoPKCE {
		query.Set("code_challenge", oauth2.S256ChallengeFromVerifier(t.known.Verifier))
		query.Set("code_challenge_method", "S256")
	}
	if row.FormPost {
		query.Set("response_mode", "form_post")
	}
	for name, value := range row.Always {
		query.Set(name, value)
	}
	if t.again {
		for name, value := range row.Again {
			query.Set(name, value)
		}
	}
	u.RawQuery = query.Encode()
	return u.String()
}

// Returned is what the provider sent the browser back with.
type Returned struct {
	State, Code, Error, Issuer string
}

// Return takes the browser back from the provider, once per flow: it keeps the
// provider's code to itself and hands out one of ours. to is the address in the
// app, empty where the app polls. issuer is the one the provider must name when
// it names itself (RFC 9207); it is empty for plain OAuth 2.
func Return(tx *store.Tx, r Request, e Endpoint, back Returned) (to string, err error) {
	if err := r.Tenant.Pin(tx); err != nil {
		return "", err
	}
	p, _, err := r.Find()
	if err != nil {
		return "", err
	}
	f, err := sent(tx, r, p, back.State)
	if err != nil {
		return "", err
	}
	known, err := open(tx, f)
	if err != nil {
		return "", err
	}
	known.Browser = r.Source
	known.outcome(tx, &f, e, back)
	if err := seal(tx, &f, known); err != nil {
		return "", err
	}
	err = tx.ReturnSocialFlow(f)
	if errors.Is(err, store.ErrNotFound) {
		return "", unknownFlow()
	}
	if err != nil {
		return "", err
	}
	if known.Redirect != "" {
		to = known.address()
	}
	return to, audit.Record(tx, r.By, "social.returned", audit.Detail{"provider": r.Provider, "with_code": back.Error == ""})
}

// outcome judges the way back: a code, or why there is none.
func (k *remembered) outcome(tx *store.Tx, f *store.SocialFlowRow, e Endpoint, back Returned) {
	switch {
	case e.Issuer != "" && back.Issuer != "" && back.Issuer != e.Issuer, e.Issuer != "" && back.Issuer == "" && e.NamesItself:
		k.Error = "issuer_mismatch" // RFC 9207: another provider's answer was let in here
	case back.Error != "" && errorRule.MatchString(back.Error):
		k.Error = back.Error
	case back.Error != "" || back.Code == "" || len(back.Code) > 4096:
		k.Error = "server_error"
	default:
		k.ProviderCode, k.Code = back.Code, rand.Text()+rand.Text()
		f.CodeHash = hashCode(tx, f.EnvironmentID, k.Code)
	}
}

func (k remembered) address() string {
	outcome := url.Values{"dynamicOauthState": {k.State}}
	if k.Error != "" {
		outcome.Set("error", k.Error)
	} else {
		outcome.Set("dynamicOauthCode", k.Code)
	}
	return back(k.Redirect, outcome)
}

// Result is how a flow stands, for an app that polls. Code and err are empty
// while it is pending. Only a flow that goes back to no address is polled: the
// outcome of any other is told there, to the browser that is sent to it, and to
// nobody else. And it is told only at the client address whose browser came back
// from the provider: somebody who begins a login and has another person finish it
// must not receive theirs.
func Result(tx *store.Tx, r Request, state string) (done bool, code, problem string, err error) {
	f, err := begun(tx, r, state)
	if err != nil {
		return false, "", "", err
	}
	known, err := open(tx, f)
	switch {
	case err != nil:
		return false, "", "", err
	case known.Redirect != "" || known.Prompt != "" || known.Trial != "":
		return false, "", "", unknownFlow()
	case f.ReturnedAt.IsZero():
		return false, "", "", nil
	case known.Browser != r.Source:
		return false, "", "", unknownFlow()
	}
	return true, known.Code, known.Error, nil
}

func unknownFlow() *fault.Error {
	return fault.New(fault.OtherVerifyFailure, "This login is unknown, used, over or belongs elsewhere. Begin it again in the app.")
}

func hashState(tx *store.Tx, environmentID, state string) []byte {
	return tx.Hasher().Sum("social-state", environmentID, state)
}

func hashUpstream(tx *store.Tx, environmentID, state string) []byte {
	return tx.Hasher().Sum("social-upstream", environmentID, state)
}

func hashCode(tx *store.Tx, environmentID, code string) []byte {
	return tx.Hasher().Sum("social-code", environmentID, code)
}

func seal(tx *store.Tx, f *store.SocialFlowRow, known remembered) error {
	text, err := json.Marshal(known)
	if err == nil {
		f.Sealed, err = tx.Seal("social_flows", "sealed", hex.EncodeToString(f.StateHash), text)
	}
	if err != nil {
		return fmt.Errorf("sealing a social flow: %w", err)
	}
	return nil
}

func open(tx *store.Tx, f store.SocialFlowRow) (known remembered, err error) {
	text, err := tx.Open("social_flows", "sealed", hex.EncodeToString(f.StateHash), f.Sealed)
	if err == nil {
		err = json.Unmarshal(text, &known)
	}
	if err != nil {
		return known, fmt.Errorf("opening a social flow: %w", err)
	}
	return known, nil
}

// verifies reports whether a client's verifier fits the challenge it sent when
// the flow began. Without a challenge there must be no verifier either: one that
// appears later was stripped on the way (RFC 9700 section 2.1.1).
func verifies(challenge, verifier string) bool {
	if challenge == "" || verifier == "" {
		return challenge == verifier
	}
	sum := sha256.Sum256([]byte(verifier))
	return verifierRule.MatchString(verifier) && base64.RawURLEncoding.EncodeToString(sum[:]) == challenge
}
