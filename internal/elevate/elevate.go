// Package elevate mints elevated access tokens. [Grant] alone does, and only
// from a proof, admitted by policy for every scope asked for, inside the
// transaction that spends the proof. A token is bound to environment, user,
// session, scopes and audience and lives five or ten minutes at most; one from a
// proof that confirmed a transaction is bound to that too, and works once.
package elevate

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/binding"
	"github.com/stepup-auth/stepup/internal/enforce"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/method"
	"github.com/stepup-auth/stepup/internal/policy"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/tenant"
	"github.com/stepup-auth/stepup/internal/token"
	"github.com/stepup-auth/stepup/internal/who"
)

// MaxScopes is how many scopes one request may ask for.
const MaxScopes = 16

// Minted is a token that the store knows and nobody has signed yet.
type Minted struct {
	claims claims
	known  account.Known
}

// Known is what is known of the user, who was locked for it.
func (m *Minted) Known() account.Known { return m.known }

// claims in the order and spelling of the wire.
type claims struct {
	Issuer           string   `json:"iss"`
	Audience         string   `json:"aud"`
	Subject          string   `json:"sub"`
	Session          string   `json:"sid"`
	EnvironmentID    string   `json:"environment_id"`
	Scope            string   `json:"scope"`
	SingleUse        bool     `json:"singleUse"`
	ID               string   `json:"jti"`
	IssuedAt         int64    `json:"iat"`
	Expires          int64    `json:"exp"`
	AuthTime         int64    `json:"auth_time"`
	ACR              string   `json:"acr"`
	AMR              []string `json:"amr"`
	CredentialID     string   `json:"credential_id"`
	SessionPublicKey string   `json:"session_public_key,omitempty"`
	ExternalIssuer   string   `json:"ext_iss,omitempty"`
	ExternalSubject  string   `json:"ext_sub,omitempty"`

	AuthorizationDetails     json.RawMessage `json:"authorization_details,omitempty"`
	AuthorizationDetailsHash string          `json:"authorization_details_hash,omitempty"`
	Displayed                *bool           `json:"displayed,omitempty"` // nil: not bound
}

// Sign signs what was minted. Call it after the transaction has committed: a
// token whose row is not durable must never leave the server.
func (m *Minted) Sign(t *tenant.Tenant, now time.Time) (string, error) {
	return t.Keys.Sign(now, token.Elevated, m.claims)
}

// ParseScopes reads requestedScopes and refuses, before anything is counted or
// spent, what no proof could mint here: too many, unknown, reserved, twice, or
// scopes of two audiences.
func ParseScopes(t *tenant.Tenant, requested []string) ([]stepup.Scope, error) {
	if len(requested) == 0 {
		return nil, nil
	}
	if len(requested) > MaxScopes {
		return nil, fault.New(fault.InvalidScopes, "Ask for at most %d scopes at once.", MaxScopes)
	}
	var scopes []stepup.Scope
	var rules []policy.Rule
	seen := map[stepup.Scope]bool{}
	for _, text := range requested {
		scope := stepup.Scope(text)
		rule, err := policy.RuleFor(t.Environment, scope)
		if err != nil || rule.Operator || !scope.Valid() {
			return nil, fault.New(fault.InvalidScopes, "%s", policy.NoScope(t.Environment, text))
		}
		if seen[scope] {
			continue
		}
		seen[scope] = true
		scopes, rules = append(scopes, scope), append(rules, rule)
	}
	if _, ok := policy.Combine(rules); !ok {
		return nil, fault.New(fault.InvalidScopes, "These scopes belong to different audiences. Ask for one token per audience.")
	}
	return scopes, nil
}

// Grant mints a token for the caller's session from a proof given in it. A refusal is a
// *fault.Error and mints nothing.
func Grant(c who.Caller, tx *store.Tx, proof method.Proof, scopes []stepup.Scope) (*Minted, error) {
	if err := fits(c, proof, scopes); err != nil {
		return nil, err
	}
	known, err := account.Hold(c, tx)
	if err != nil {
		return nil, fmt.Errorf("locking user: %w", err)
	}
	return grant(c, tx, known, proof, scopes)
}

// Admits judges as [Grant] does, and mints nothing: whether it would, of a proof that is
// to wait.
func Admits(c who.Caller, tx *store.Tx, proof method.Proof, scopes []stepup.Scope) error {
	if err := fits(c, proof, scopes); err != nil {
		return err
	}
	known, err := account.Hold(c, tx)
	if err == nil {
		_, err = admit(c, tx, request{known, proof, scopes, binding.Find})
	}
	return err
}

// fits refuses a proof that is not one of the caller's session, or not for the scopes.
func fits(c who.Caller, proof method.Proof, scopes []stepup.Scope) error {
	switch {
	case !proof.Valid():
		return errors.New("granting: no proof")
	case c.Session == nil:
		return errors.New("granting: no session")
	case proof.EnvironmentID() != c.Tenant.ID || c.Session.EnvironmentID != c.Tenant.ID:
		return errors.New("granting: proof of another environment")
	case proof.SessionID() != c.Session.ID:
		return errors.New("granting: proof of another session")
	case proof.Evidence().Purpose != method.InSession:
		return fault.New(fault.MFAInvalidRequest, "This proof was asked for something else. Start the step-up again.")
	}
	return asked(proof.Evidence().Scopes, scopes)
}

// asked refuses scopes that the challenge did not name, if it named any: those are what
// whoever gave the proof was told that it is good for.
func asked(named string, scopes []stepup.Scope) error {
	all := strings.Fields(named)
	for _, scope := range scopes {
		if len(all) > 0 && !slices.Contains(all, string(scope)) {
			return fault.New(fault.InvalidScopes,
				"This code was asked for another purpose: it is good for %s and nothing else. Ask for a new one that names %s.",
				strings.Join(all, ", "), scope)
		}
	}
	return nil
}

// GrantAtSignIn is the one exception to "sign-in mints nothing": credential:link
// for a user without any MFA method who has just signed in to the caller's session by
// an email or SMS code, so that a first factor can be enrolled without a second code. It
// returns nil without an error when the exception does not apply.
func GrantAtSignIn(c who.Caller, tx *store.Tx, proof method.Proof) (*Minted, error) {
	if !proof.Valid() || proof.EnvironmentID() != c.Tenant.ID || proof.Evidence().Purpose != method.SignIn {
		return nil, errors.New("granting: no proof of this sign-in")
	}
	if !proof.Kind().Sent() || c.Tenant.MFA.Required {
		return nil, nil
	}
	known, err := account.Hold(c, tx)
	if err != nil {
		return nil, fmt.Errorf("locking user: %w", err)
	}
	person, err := known.Person(c.Tenant.Environment)
	if err != nil || person.Enrolled() || person.Disputed {
		return nil, err
	}
	minted, err := grant(c, tx, known, proof, []stepup.Scope{stepup.CredentialLink})
	if fault.Has(err, fault.MFAInvalidRequest) || fault.Has(err, fault.CoolingDown) {
		return nil, nil // nothing is minted, and the sign-in goes on
	}
	return minted, err
}

func grant(c who.Caller, tx *store.Tx, known account.Known, proof method.Proof, scopes []stepup.Scope) (*Minted, error) {
	o, err := admit(c, tx, request{known, proof, scopes, binding.Confirm})
	if err != nil {
		return nil, err
	}
	return mint(c, tx, o)
}

// request is what a token is asked for with.
type request struct {
	known  account.Known // of the user, who is locked
	proof  method.Proof
	scopes []stepup.Scope
	// confirm takes the transaction that the proof confirmed, or only looks at it
	confirm func(c who.Caller, tx *store.Tx, bindingID string) (store.BindingRow, error)
}

// admit asks all that could refuse a token.
func admit(c who.Caller, tx *store.Tx, r request) (order, error) {
	t, session, proof := c.Tenant, *c.Session, r.proof
	if r.known.Unregistered() {
		return order{}, account.Registering()
	}
	credential, held := proof.Credential()
	if !held || credential.UserID != session.UserID {
		return order{}, fault.New(fault.MFAInvalidRequest, "This is not one of your own credentials, so it cannot confirm that it is you.")
	}
	if !account.Counts(t.Environment, credential) {
		return order{}, fault.New(fault.MFAInvalidRequest,
			"This credential was linked without a proof and does not count yet. Confirm it with an older one first.")
	}
	if usable, err := account.Usable(t.Environment, credential); err != nil || !usable {
		if err == nil {
			err = fault.New(fault.MFAInvalidRequest, "This way to prove it is you is switched off here. Use one that stepUp/check lists.")
		}
		return order{}, err
	}
	person, err := r.known.Person(t.Environment)
	if err != nil {
		return order{}, err
	}
	var rules []policy.Rule
	for _, scope := range r.scopes {
		decision, err := policy.Decide(t.Environment, person, scope)
		if err != nil {
			return order{}, fault.New(fault.InvalidScopes, "%s", policy.NoScope(t.Environment, string(scope)))
		}
		if decision.Withholds(credential.ID) {
			return order{}, enforce.Disputed(decision, c.By.RequestID)
		}
		if decision.CoolDown > 0 {
			return order{}, fault.New(fault.CoolingDown,
				"A second factor of yours was added or recovered a short while ago, so %s has to wait %s.", scope,
				fault.Spoken(decision.CoolDown)).After(decision.CoolDown)
		}
		if !decision.Admits(proof.Kind(), proof.ACR()) {
			return order{}, tooWeak(decision, scope)
		}
		rules = append(rules, decision.Rule)
	}
	rule, ok := policy.Combine(rules)
	if !ok {
		return order{}, fault.New(fault.InvalidScopes, "These scopes belong to different audiences. Ask for one token per audience.")
	}
	about, err := bind(c, tx, r, rules)
	if err != nil {
		return order{}, err
	}
	if about != nil {
		rule.SingleUse, rule.Life = true, min(rule.Life, policy.SingleUseCeiling)
	}
	return order{known: r.known, proof: proof, credential: credential, scopes: r.scopes, rule: rule, about: about}, nil
}

// bind takes the transaction that was confirmed: the token is for that one and
// its scope, and nothing else. It returns nil when there is none.
func bind(c who.Caller, tx *store.Tx, r request, rules []policy.Rule) (*store.BindingRow, error) {
	evidence := r.proof.Evidence()
	if evidence.BindingID == "" {
		for _, rule := range rules {
			if rule.Binding.Always() {
				return nil, fault.New(fault.InvalidBinding, "A token for %s is bound to one transaction here. Register it at "+
					"stepUp/bindings (one of a wallet at its intents) and start again with its bindingId.", rule.Scope)
			}
		}
		return nil, nil
	}
	row, err := r.confirm(c, tx, evidence.BindingID)
	if err != nil {
		return nil, err
	}
	switch {
	case len(r.scopes) != 1 || string(r.scopes[0]) != row.Scope:
		return nil, fault.New(fault.InvalidBinding, "This transaction was registered for %s. Ask for that scope alone.", row.Scope)
	case row.MustDisplay && !displayed(evidence, row):
		return nil, fault.New(fault.InvalidBinding,
			"This transaction has to be confirmed by something that shows it: a code sent in a message, or a wallet's signature.")
	}
	return &row, nil
}

// displayed reports whether the person was shown all of the transaction: by a method
// that shows the summary, and by a summary that leaves nothing out.
func displayed(evidence method.Evidence, about store.BindingRow) bool {
	return evidence.Displayed && about.Shown
}

func tooWeak(d policy.Decision, scope stepup.Scope) *fault.Error {
	if d.NoMethod() {
		return fault.New(fault.MFAInvalidRequest,
			"Nothing you have set up can confirm %s here. Add a stronger method or ask the operator.", scope)
	}
	return fault.New(fault.MFAInvalidRequest, "This method is too weak for %s. Use one that stepUp/check lists.", scope)
}

// order is a token that may be minted: all that could refuse it has been asked.
type order struct {
	known      account.Known // of the user, who is locked
	proof      method.Proof
	credential store.CredentialRow // whose control was proven
	scopes     []stepup.Scope
	rule       policy.Rule       // of all the scopes together
	about      *store.BindingRow // the one transaction that it is for; nil: none
}

func mint(c who.Caller, tx *store.Tx, o order) (*Minted, error) {
	t, session := c.Tenant, *c.Session
	sorted, err := uuid.NewV7() // no secret: it names a row of a table with many indexes
	if err != nil {
		return nil, fmt.Errorf("minting: %w", err)
	}
	id := sorted.String()
	issued := tx.Now().Truncate(time.Second)
	expires := issued.Add(o.rule.Life)
	words := make([]string, len(o.scopes))
	for i, scope := range o.scopes {
		words[i] = string(scope)
	}
	row := store.ElevatedTokenRow{
		ID: id, EnvironmentID: t.ID, UserID: session.UserID, SessionID: session.ID, CredentialID: o.credential.ID,
		Method: string(o.proof.Kind()), Scopes: words, Audience: t.Audience(o.rule.Audience), ACR: string(o.proof.ACR()),
		SingleUse: o.rule.SingleUse, IssuedAt: issued, ExpiresAt: expires,
	}
	issuer, subject, err := account.External(o.known.Credentials(), session.SignInCredentialID)
	if err != nil {
		return nil, err
	}
	if err := tx.InsertElevatedToken(row); err != nil {
		return nil, fmt.Errorf("minting: %w", err)
	}
	detail := audit.Detail{
		"token_id": id, "scopes": words, "single_use": o.rule.SingleUse, "acr": o.proof.ACR(), "method": o.proof.Kind(),
		"credential_id": o.credential.ID, "audience": row.Audience, "expires_at": expires,
	}
	if o.about != nil {
		detail["binding_id"], detail["authorization_details_hash"], detail["displayed"] = o.about.ID, o.about.Hash,
			displayed(o.proof.Evidence(), *o.about)
	}
	if err := audit.Record(tx, c.By.In(session.ID), "token.minted", detail); err != nil {
		return nil, err
	}
	minted := &Minted{known: o.known, claims: claims{
		Issuer: t.Issuer, Audience: row.Audience, Subject: session.UserID, Session: session.ID, EnvironmentID: t.ID,
		Scope: strings.Join(words, " "), SingleUse: o.rule.SingleUse, ID: id, IssuedAt: issued.Unix(), Expires: expires.Unix(),
		AuthTime: o.proof.At().Unix(), ACR: string(o.proof.ACR()), AMR: o.proof.Kind().AMR(), CredentialID: o.credential.ID,
		SessionPublicKey: session.SessionPublicKey, ExternalIssuer: issuer, ExternalSubject: subject,
	}}
	if o.about != nil {
		displayed := displayed(o.proof.Evidence(), *o.about)
		minted.claims.AuthorizationDetails, minted.claims.AuthorizationDetailsHash, minted.claims.Displayed = json.RawMessage(
			o.about.Details), o.about.Hash, &displayed
	}
	return minted, nil
}
