package api

import (
	"time"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/method"
	"github.com/stepup-auth/stepup/internal/method/passkey"
	"github.com/stepup-auth/stepup/internal/policy"
	"github.com/stepup-auth/stepup/internal/shadow"
	"github.com/stepup-auth/stepup/internal/store"
)

func passkeyRoutes() []Route {
	public := Gate{Kind: PublicGate}
	signedIn := Gate{Kind: SessionGate}
	link := Gate{Kind: ElevatedGate, Scopes: []stepup.Scope{stepup.CredentialLink}, Call: shadow.RegisterPasskey}
	// A legacy MFA token is no elevated token: the entry delete-device does not
	// open this gate to a call without any.
	unlink := Gate{Kind: ElevatedGate, Use: policy.RemovesProof, Scopes: []stepup.Scope{stepup.CredentialUnlink},
		Legacy: environment.DeleteDevice, Call: shadow.DeletePasskey}
	related := []Param{{Name: "relatedOriginRpId", Type: "string", Summary: "The relying party that a page of another domain means"}}
	return []Route{
		{Method: "GET", Path: sdk + "/users/passkeys", Gate: signedIn, Owing: true, Section: "wire 9", Summary: "The user's passkeys",
			handler: handle(listPasskeys)},
		{Method: "PUT", Path: sdk + "/users/passkeys", Gate: signedIn, Section: "wire 9", Summary: "Rename a passkey",
			handler: handle(renamePasskey)},
		{Method: "DELETE", Path: sdk + "/users/passkeys", Gate: unlink, Section: "wire 9", Summary: "Delete a passkey",
			handler: handle(deletePasskey)},
		{Method: "GET", Path: sdk + "/users/passkeys/register", Gate: signedIn, Owing: true, Section: "wire 9.1",
			Summary: "Options to make a passkey with", handler: handle(passkeyCreation)},
		{Method: "POST", Path: sdk + "/users/passkeys/register", Gate: link, Owing: true, Section: "wire 9.2",
			Summary: "Add the passkey that was made", handler: handle(registerPasskey)},
		{Method: "GET", Path: sdk + "/users/passkeys/signin", Gate: public, Query: related, Section: "wire 9.3",
			Summary: "Options to sign in with", handler: handle(passkeySignInOptions)},
		{Method: "POST", Path: sdk + "/users/passkeys/signin", Gate: public, Section: "wire 9", Summary: "Sign in with a passkey",
			handler: handle(passkeySignIn)},
		{Method: "GET", Path: sdk + "/users/passkeys/authenticate", Gate: signedIn, Owing: true, Section: "wire 9.3",
			Summary: "Options to step up with", handler: handle(passkeyStepUpOptions),
			Query: append(related, Param{Name: "bindingId", Type: "string", Summary: "The transaction that the passkey is to sign for"})},
		{Method: "POST", Path: sdk + "/users/mfa/auth/passkey", Gate: signedIn, Owing: true, Section: "wire 9, 11.2",
			Summary: "Step up with a passkey", handler: handle(passkeyStepUp)},
		{Method: "GET", Path: sdk + "/users/mfa/register/passkey", Gate: signedIn, Owing: true, Section: "wire 9",
			Summary: "Options to make a passkey with, for older clients", handler: handle(passkeyEnrolment)},
		{Method: "POST", Path: sdk + "/users/mfa/register/passkey", Gate: link, Owing: true, Section: "wire 9",
			Summary: "Add the passkey that was made, for older clients", handler: handle(enrolPasskey)},
		{Method: "GET", Path: sdk + "/.well-known/webauthn", Gate: public, AnyOrigin: true, Section: "WebAuthn 5.11",
			Summary: "Pages of other domains that may use the passkeys", handler: handle(relatedOrigins)},
	}
}

// Passkey is one passkey as clients read it (wire reference 9.4). The last three
// members are ours.
type Passkey struct {
	ID           string     `json:"id"`
	CredentialID string     `json:"credentialId"` // WebAuthn's
	CreatedAt    time.Time  `json:"createdAt"`
	UpdatedAt    time.Time  `json:"updatedAt"`
	Alias        string     `json:"alias,omitempty"`
	UserAgent    string     `json:"userAgent,omitempty"`
	Origin       string     `json:"origin,omitempty"`
	LastUsedAt   *time.Time `json:"lastUsedAt,omitempty"`
	Confirmed    bool       `json:"confirmed"`
	Disputed     bool       `json:"disputed"`
}

// Passkeys lists them.
type Passkeys struct {
	Count    int       `json:"count"`
	Passkeys []Passkey `json:"passkeys"`
}

func listPasskeys(c *Call, _ none) (list Passkeys, err error) {
	err = c.Read(func(tx *store.Tx) (err error) {
		list.Passkeys, err = c.passkeys(tx)
		list.Count = len(list.Passkeys)
		return err
	})
	return list, err
}

// passkeys are those of the session's user, oldest first.
func (c *Call) passkeys(tx *store.Tx) ([]Passkey, error) {
	credentials, err := tx.Credentials(c.Tenant.ID, c.Session.UserID)
	if err != nil {
		return nil, err
	}
	rows, err := tx.Passkeys(c.Tenant.ID, c.Session.UserID)
	if err != nil {
		return nil, err
	}
	list := []Passkey{}
	for _, row := range rows {
		for _, credential := range credentials {
			if credential.ID == row.CredentialID {
				list = append(list, viewPasskey(credential, row))
			}
		}
	}
	return list, nil
}

func viewPasskey(credential store.CredentialRow, row store.PasskeyRow) Passkey {
	view := Passkey{
		ID: credential.ID, CredentialID: credential.Identifier, Alias: credential.PublicIdentifier, Confirmed: credential.Confirmed(),
		Disputed: credential.Disputed(), CreatedAt: row.CreatedAt, UpdatedAt: row.UpdatedAt, UserAgent: row.UserAgent, Origin: row.Origin,
	}
	if !row.UsedAt.IsZero() {
		view.LastUsedAt = &row.UsedAt
	}
	return view
}

// ownPasskey finds one by our id.
func (c *Call) ownPasskey(tx *store.Tx, id string) (Passkey, error) {
	list, err := c.passkeys(tx)
	if err != nil {
		return Passkey{}, err
	}
	for _, p := range list {
		if p.ID == id {
			return p, nil
		}
	}
	return Passkey{}, fault.New(fault.PasskeyNotFound, "You have no passkey with this id. GET /users/passkeys lists yours.")
}

// PasskeyUpdateRequest renames a passkey; without an alias it changes nothing.
type PasskeyUpdateRequest struct {
	ID    string  `json:"id"`
	Alias *string `json:"alias,omitempty"`
}

func renamePasskey(c *Call, r PasskeyUpdateRequest) (renamed Passkey, err error) {
	if err := need("id", r.ID); err != nil {
		return renamed, err
	}
	defer c.api.Outbox.Nudge()
	err = c.Write(func(tx *store.Tx) error {
		if renamed, err = c.ownPasskey(tx, r.ID); err != nil || r.Alias == nil {
			return err
		}
		row, err := c.factor(tx, r.ID)
		if err != nil {
			return err
		}
		if err := account.Rename(tx, c.By, c.Tenant, row, *r.Alias); err != nil {
			return err
		}
		if err := tx.TouchPasskey(c.Tenant.ID, r.ID); err != nil {
			return err
		}
		renamed, err = c.ownPasskey(tx, r.ID)
		return err
	})
	return renamed, err
}

// PasskeyDeleteRequest names a passkey by our id, not by WebAuthn's.
type PasskeyDeleteRequest struct {
	PasskeyID string `json:"passkeyId"`
}

func deletePasskey(c *Call, r PasskeyDeleteRequest) (none, error) {
	if err := need("passkeyId", r.PasskeyID); err != nil {
		return none{}, err
	}
	return none{}, c.removeFactor(r.PasskeyID, func(tx *store.Tx) error {
		_, err := c.ownPasskey(tx, r.PasskeyID)
		return err
	})
}

func passkeyCreation(c *Call, _ none) (options passkey.CreationOptions, err error) {
	err = c.WriteCounting(func(tx *store.Tx) error {
		options, err = passkey.BeginRegistration(tx, c.Tenant, *c.Session)
		return err
	})
	return options, err
}

// PasskeyRegisterRequest is what the browser made.
type PasskeyRegisterRequest struct {
	passkey.AttestationResponse
	CreateMFAToken *MFATokenOptions `json:"createMfaToken,omitempty"` // action-based MFA, at its version only
}

func registerPasskey(c *Call, r PasskeyRegisterRequest) (VerifyResponse, error) {
	c.createMFAToken = r.CreateMFAToken
	return c.addPasskey(&passkey.Registration{Response: r.AttestationResponse})
}

// PasskeyEnrolment is how older clients get their options.
type PasskeyEnrolment struct {
	ID           string                  `json:"id"`
	Type         string                  `json:"type"` // passkey
	Registration passkey.CreationOptions `json:"registration"`
}

func passkeyEnrolment(c *Call, _ none) (PasskeyEnrolment, error) {
	options, err := passkeyCreation(c, none{})
	return PasskeyEnrolment{ID: passkey.EnrolmentID(options.Challenge), Type: store.FormatPasskey, Registration: options}, err
}

// PasskeyEnrolRequest is how older clients send what the browser made.
type PasskeyEnrolRequest struct {
	ID             string                      `json:"id"`
	Attestation    passkey.AttestationResponse `json:"attestation"`
	CreateMFAToken *MFATokenOptions            `json:"createMfaToken,omitempty"` // action-based MFA, at its version only
}

func enrolPasskey(c *Call, r PasskeyEnrolRequest) (VerifyResponse, error) {
	if err := need("id", r.ID); err != nil {
		return VerifyResponse{}, err
	}
	c.createMFAToken = r.CreateMFAToken
	return c.addPasskey(&passkey.Registration{Response: r.Attestation, EnrolmentID: r.ID})
}

// addPasskey links what a registration proves, by the elevated token that let
// the request in.
func (c *Call) addPasskey(r *passkey.Registration) (VerifyResponse, error) {
	r.UserAgent = c.request.UserAgent()
	attempt := method.Attempt{Tenant: c.Tenant, Session: c.Session, Source: c.Source}
	return c.proveWith(r, attempt, nil, func(tx *store.Tx, proof method.Proof) (store.CredentialRow, error) {
		if _, err := tx.LockUser(c.Tenant.ID, c.Session.UserID); err != nil {
			return store.CredentialRow{}, err
		}
		if held, ok := proof.Credential(); ok {
			return held, passkey.Known()
		}
		have, err := tx.Passkeys(c.Tenant.ID, c.Session.UserID)
		if err != nil {
			return store.CredentialRow{}, err
		}
		if len(have) >= passkey.MaxPerUser {
			return store.CredentialRow{}, passkey.TooMany()
		}
		from, err := c.allowLink(tx, "")
		if err != nil {
			return store.CredentialRow{}, err
		}
		credential, err := account.Link(tx, c.By, c.Tenant, c.Session.UserID, proven(proof.Evidence()), from)
		if err != nil {
			return credential, err
		}
		return credential, r.Save(tx, credential)
	})
}

func passkeySignInOptions(c *Call, _ none) (options passkey.RequestOptions, err error) {
	if err := c.relatedParty(); err != nil {
		return options, err
	}
	err = c.WriteCounting(func(tx *store.Tx) error {
		options, err = passkey.BeginSignIn(tx, c.Tenant, c.Source)
		return err
	})
	return options, err
}

// PasskeySignInRequest signs in. requestedScopes is read and ignored: sign-in
// mints nothing.
type PasskeySignInRequest struct {
	passkey.AssertionResponse
	SessionPublicKey string   `json:"sessionPublicKey,omitempty"`
	RequestedScopes  []string `json:"requestedScopes,omitempty"`
}

func passkeySignIn(c *Call, r PasskeySignInRequest) (VerifyResponse, error) {
	attempt := method.Attempt{Tenant: c.Tenant, Source: c.Source}
	return c.signInWith(passkey.Assertion{Response: r.AssertionResponse}, attempt, r.SessionPublicKey, false)
}

func passkeyStepUpOptions(c *Call, _ none) (options passkey.RequestOptions, err error) {
	if err := c.relatedParty(); err != nil {
		return options, err
	}
	err = c.WriteCounting(func(tx *store.Tx) error {
		options, err = passkey.BeginStepUp(tx, c.Tenant, *c.Session, c.request.URL.Query().Get("bindingId"))
		return err
	})
	return options, err
}

// PasskeyStepUpRequest gives the second factor.
type PasskeyStepUpRequest struct {
	passkey.AssertionResponse
	CreateMFAToken  *MFATokenOptions `json:"createMfaToken,omitempty"`
	RequestedScopes []string         `json:"requestedScopes,omitempty"`
	BindingID       string           `json:"bindingId,omitempty"` // must be that of the options
}

func passkeyStepUp(c *Call, r PasskeyStepUpRequest) (VerifyResponse, error) {
	c.createMFAToken = r.CreateMFAToken
	attempt := method.Attempt{Tenant: c.Tenant, Session: c.Session, Source: c.Source, BindingID: r.BindingID}
	return c.proveWith(passkey.Assertion{Response: r.AssertionResponse}, attempt, r.RequestedScopes, nil)
}

// relatedParty refuses a client that means another relying party than ours.
func (c *Call) relatedParty() error {
	asked := c.request.URL.Query().Get("relatedOriginRpId")
	if asked == "" || asked == c.Tenant.Passkeys.RPID {
		return nil
	}
	return fault.New(fault.InvalidRequest, "The passkeys of this environment are made for %q, not for %.100q.",
		c.Tenant.Passkeys.RPID, asked)
}

// RelatedOrigins is the document browsers look for at the relying party's own
// https://RPID/.well-known/webauthn.
type RelatedOrigins struct {
	Origins []string `json:"origins"`
}

func relatedOrigins(c *Call, _ none) (RelatedOrigins, error) {
	return RelatedOrigins{Origins: append([]string{}, c.Tenant.Passkeys.RelatedOrigins...)}, nil
}
