// Package social proves control of an account at a login provider (OAuth 2,
// OpenID Connect). Who proved is (issuer or provider, account id) and nothing
// else: an email address is something to show, never a key. A login belongs to
// the app's state, the browser that began it (PKCE), the provider, and the
// session or none; its parts are good together, once, within minutes.
package social

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/coreos/go-oidc/v3/oidc"

	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/assurance"
	"github.com/stepup-auth/stepup/internal/catalogue"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/method"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/strictjson"
)

// Method implements [method.Method] for one attempt: the way back from a
// provider, whose code is the attempt's response.
type Method struct {
	Client       *Client
	Provider     string
	State        string
	CodeVerifier string // the client's own PKCE verifier, if it sent a challenge
}

// Kind implements [method.Method].
func (Method) Kind() assurance.Kind { return assurance.Social }

// Count implements [method.Method]: it claims the flow, which is good for one
// attempt, whatever comes of it.
func (m Method) Count(tx *store.Tx, a method.Attempt) (method.Candidate, error) {
	p, row, err := find(a.Tenant, m.Provider) // as it is now: it may have been switched off meanwhile
	if err != nil {
		return nil, err
	}
	sessionID, purpose := "", method.SignIn
	if a.Session != nil {
		sessionID, purpose = a.Session.ID, method.InSession
	}
	if err := m.about(tx, a); err != nil {
		return nil, err
	}
	f, err := tx.ClaimSocialFlow(a.Tenant.ID, hashState(tx, a.Tenant.ID, m.State), m.Provider, sessionID,
		hashCode(tx, a.Tenant.ID, a.Response.Reveal()))
	if errors.Is(err, store.ErrNotFound) {
		return nil, unknownFlow()
	}
	if err != nil {
		return nil, err
	}
	known, err := open(tx, f)
	if err != nil {
		return nil, err
	}
	if known.Trial != "" || known.Prompt != a.Prompt { // whoever has both the state and the code got them where they do not belong
		return nil, unknownFlow()
	}
	return &candidate{method: m, environmentID: a.Tenant.ID, callback: Callback(a.Tenant, m.Provider), provider: p, row: row, flow: f,
		known: known, purpose: purpose}, nil
}

// about refuses a login begun for another transaction before it is claimed.
func (m Method) about(tx *store.Tx, a method.Attempt) error {
	if a.BindingID == "" {
		return nil
	}
	f, err := tx.SocialFlow(a.Tenant.ID, hashState(tx, a.Tenant.ID, m.State))
	if errors.Is(err, store.ErrNotFound) {
		return unknownFlow()
	}
	if err != nil {
		return err
	}
	known, err := open(tx, f)
	if err != nil {
		return err
	}
	return a.About(known.BindingID)
}

type candidate struct {
	method        Method
	environmentID string
	callback      string
	provider      environment.Provider
	row           catalogue.Provider
	flow          store.SocialFlowRow
	known         remembered
	purpose       method.Purpose
	identity      Identity
	away          bool // the provider could not be asked

	did []string // what went well so far, for who tries the provider
}

// Compare implements [method.Candidate]: it asks the provider.
func (c *candidate) Compare(ctx context.Context) error {
	verifier := c.known.Verifier
	if c.flow.SentAt.IsZero() { // the client sent the browser there itself
		if !c.provider.Direct {
			return unknownFlow()
		}
		verifier = c.method.CodeVerifier
	} else if !verifies(c.flow.Challenge, c.method.CodeVerifier) {
		return refuse("the client's verifier does not fit its challenge")
	}
	if c.row.NoPKCE {
		verifier = ""
	}
	endpoint, err := c.method.Client.Endpoint(ctx, c.provider, c.row)
	if err != nil {
		err = Undiscovered(c.provider.Provider, err)
	} else {
		c.identity, err = c.ask(ctx, endpoint, verifier)
	}
	c.away = fault.Has(err, fault.Unavailable)
	return err
}

func (c *candidate) ask(ctx context.Context, e Endpoint, verifier string) (Identity, error) {
	tokens, answer, err := c.exchange(ctx, e, verifier)
	if err != nil {
		return Identity{}, err
	}
	c.did = append(c.did, "the token endpoint took the client, its secret and the code")
	about := profile{}
	fresh := c.row.Fresh && c.purpose == method.InSession && !c.flow.SentAt.IsZero()
	if c.row.Source == catalogue.FromIDToken {
		about, err = c.method.Client.idToken(ctx, e, tokens,
			expected{clientID: c.provider.ClientID, reads: c.row.Reads(), nonce: c.known.Nonce, sent: c.flow.SentAt, fresh: fresh})
		if err != nil {
			return Identity{}, err
		}
		c.did = append(c.did, "the id_token is signed by the issuer, for this client and this login")
	}
	if c.row.Source == catalogue.FromToken {
		about, err = parseProfile(answer, c.row.Reads()...)
		if err != nil {
			return Identity{}, err
		}
	}
	if e.UserInfo != "" &&
		(c.row.Source != catalogue.FromIDToken || about.at(c.row.Username).Absent() && about.at(c.row.Display).Absent()) {
		if err := c.readUserInfo(ctx, e, tokens.AccessToken, about); err != nil {
			return Identity{}, err
		}
		c.did = append(c.did, "the profile was read")
	}
	var emails []strictjson.Value
	if c.row.Emails != "" {
		emails = c.readEmails(ctx, tokens.AccessToken)
	}
	id, err := identify(c.row, about, emails)
	id.Fresh = fresh
	return id, err
}

// readUserInfo adds the profile endpoint's answer to what the id_token said,
// which it may not contradict: it is not signed.
func (c *candidate) readUserInfo(ctx context.Context, e Endpoint, accessToken string, about profile) error {
	answer, err := c.method.Client.get(ctx, e.UserInfo, accessToken)
	if err != nil {
		return err
	}
	more, err := parseProfile(answer, append(c.row.Reads(), "sub")...)
	if err != nil {
		return err
	}
	if c.row.Source == catalogue.FromIDToken && subjectOf(more["sub"]) != subjectOf(about["sub"]) {
		return refuse("the profile endpoint speaks of another account than the id_token")
	}
	if email := shown(about.at(c.row.Email)); email != "" && email != shown(more.at(c.row.Email)) {
		delete(more, c.row.Verified) // it is said of another address
	}
	for name, value := range more {
		if _, signed := about[name]; !signed {
			about[name] = value
		}
	}
	return nil
}

// readEmails reads the list of addresses. They are for showing only, so an
// account without the permission to read them is an account all the same.
func (c *candidate) readEmails(ctx context.Context, accessToken string) []strictjson.Value {
	answer, err := c.method.Client.get(ctx, c.row.Emails, accessToken)
	if err != nil {
		return nil
	}
	paged := c.row.Name == "bitbucket"
	read := []string{"email", "verified"}
	if paged {
		read = []string{"values.email", "values.is_confirmed"}
	}
	value, err := parseAnswer(answer, read...)
	if err != nil {
		return nil
	}
	if paged {
		page, _ := value.Object()
		value = page.Get("values")
	}
	list, _ := value.List()
	return list
}

// Spend implements [method.Candidate].
func (c *candidate) Spend(tx *store.Tx) (method.Evidence, error) {
	err := tx.ConsumeSocialFlow(c.flow.EnvironmentID, c.flow.StateHash)
	if errors.Is(err, store.ErrNotFound) {
		return method.Evidence{}, unknownFlow()
	}
	if err != nil {
		return method.Evidence{}, err
	}
	acr := assurance.Federated
	if c.identity.Fresh {
		acr = assurance.Reauth
	}
	return method.Evidence{
		Format: store.FormatOAuth, Identifier: c.identity.Key(), Recipient: c.title(), ACR: acr, Purpose: c.purpose,
		Detail: c.detail().JSON(), BindingID: c.known.BindingID,
	}, nil
}

// Forgive implements [method.Candidate]. A flow whose provider was away may be tried
// again; otherwise the provider's code is spent, and there is nothing to give back.
func (c *candidate) Forgive(tx *store.Tx) error {
	if !c.away {
		return nil
	}
	return tx.UnclaimSocialFlow(c.flow.EnvironmentID, c.flow.StateHash)
}

// Key is the identifier of the credential: issuer and account id, so that two
// issuers' accounts of one number are two.
func (id Identity) Key() string {
	text, _ := json.Marshal([]string{id.Namespace, id.Subject}) // strings always encode
	return string(text)
}

// title is what people read: the provider and the name of the account there.
func (c *candidate) title() string {
	for _, name := range []string{c.identity.Username, c.identity.Display} {
		if name != "" {
			return c.row.Title + " (" + name + ")"
		}
	}
	return c.row.Title
}

func (c *candidate) detail() account.Detail {
	d := account.Detail{
		OAuthProvider: c.method.Provider, OAuthAccountID: c.identity.Subject, OAuthUsername: c.identity.Username,
		OAuthDisplayName: c.identity.Display, OAuthEmails: c.identity.Emails,
	}
	if c.identity.Photo != "" {
		d.OAuthAccountPhotos = []string{c.identity.Photo}
	}
	return d
}

// Undiscovered is what is said when it is not known where a provider answers: that
// it is away, unless its issuer is written wrong, which no waiting mends.
func Undiscovered(provider string, err error) *fault.Error {
	var other *oidc.IssuerMismatchError
	if errors.As(err, &other) {
		return fault.New(fault.ProviderNotEnabled,
			"The login provider %.40q is not ready for use: it is not the issuer that this environment names. On the server, stepup "+
				"doctor says what to write.", provider).Because(err)
	}
	return away("%w", err)
}

// away is what is said when the provider could not be asked: no word about the login.
func away(reason string, args ...any) *fault.Error {
	return fault.New(fault.Unavailable, "The login provider cannot be reached right now. Try again, or use another way to sign in.").
		Because(fmt.Errorf(reason, args...))
}

// refuse is every no of this package: one sentence for people, the reason for
// the log.
func refuse(reason string, args ...any) *fault.Error {
	return fault.New(fault.OtherVerifyFailure, "The login at the provider could not be confirmed. Begin it again in the app.").
		Because(fmt.Errorf(reason, args...))
}
