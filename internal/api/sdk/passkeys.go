package sdk

import (
	"time"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/door"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/method"
	"github.com/stepup-auth/stepup/internal/method/passkey"
	"github.com/stepup-auth/stepup/internal/policy"
	"github.com/stepup-auth/stepup/internal/shadow"
	"github.com/stepup-auth/stepup/internal/signin"
	"github.com/stepup-auth/stepup/internal/store"
)

func (a *API) passkeyRoutes() []door.Route {
	// A legacy MFA token is no elevated token: the entry delete-device does not
	// open this gate to a call without any.
	related := []door.Param{{Name: "relatedOriginRpId", Type: "string", Summary: "The relying party that a page of another domain means"}}
	return []door.Route{
		{
			Method: "GET", Path: door.SDK + "/users/passkeys", Section: "wire 9",
			Summary: "The user's passkeys",
			Gate:    door.SignedIn(), Owing: true,
			Handler: door.Handle(listPasskeys),
		},
		{
			Method: "PUT", Path: door.SDK + "/users/passkeys", Section: "wire 9",
			Summary: "Rename a passkey",
			Gate:    door.SignedIn(),
			Handler: door.Handle(a.renamePasskey),
		},
		{
			Method: "DELETE", Path: door.SDK + "/users/passkeys", Section: "wire 9",
			Summary: "Delete a passkey",
			Gate: door.Elevated(stepup.CredentialUnlink).For(policy.RemovesProof).
				OrMFAToken(environment.DeleteDevice).As(shadow.DeletePasskey),
			Handler: door.Handle(a.deletePasskey),
		},
		{
			Method: "GET", Path: door.SDK + "/users/passkeys/register", Section: "wire 9.1",
			Summary: "Options to make a passkey with",
			Gate:    door.SignedIn(), Owing: true,
			Handler: door.Handle(passkeyCreation),
		},
		{
			Method: "POST", Path: door.SDK + "/users/passkeys/register", Section: "wire 9.2",
			Summary: "Add the passkey that was made",
			Gate:    door.Elevated(stepup.CredentialLink).As(shadow.RegisterPasskey), Owing: true,
			Handler: door.Handle(a.registerPasskey),
		},
		{
			Method: "GET", Path: door.SDK + "/users/passkeys/signin", Section: "wire 9.3",
			Summary: "Options to sign in with",
			Gate:    door.Public(),
			Query:   related,
			Handler: door.Handle(passkeySignInOptions),
		},
		{
			Method: "POST", Path: door.SDK + "/users/passkeys/signin", Section: "wire 9",
			Summary: "Sign in with a passkey",
			Gate:    door.Public(), Device: true,
			Handler: door.Handle(a.passkeySignIn),
		},
		{
			Method: "GET", Path: door.SDK + "/users/passkeys/authenticate", Section: "wire 9.3",
			Summary: "Options to step up with",
			Gate:    door.SignedIn(), Owing: true,
			Query: append(related, door.Param{
				Name: "bindingId", Type: "string", Summary: "The transaction that the passkey is to sign for",
			}),
			Handler: door.Handle(passkeyStepUpOptions),
		},
		{
			Method: "POST", Path: door.SDK + "/users/mfa/auth/passkey", Section: "wire 9, 11.2",
			Summary: "Step up with a passkey",
			Gate:    door.SignedIn(), Owing: true,
			Handler: door.Handle(a.passkeyStepUp),
		},
		{
			Method: "GET", Path: door.SDK + "/users/mfa/register/passkey", Section: "wire 9",
			Summary: "Options to make a passkey with, for older clients",
			Gate:    door.SignedIn(), Owing: true,
			Handler: door.Handle(passkeyEnrolment),
		},
		{
			Method: "POST", Path: door.SDK + "/users/mfa/register/passkey", Section: "wire 9",
			Summary: "Add the passkey that was made, for older clients",
			Gate:    door.Elevated(stepup.CredentialLink).As(shadow.RegisterPasskey), Owing: true,
			Handler: door.Handle(a.enrolPasskey),
		},
		{
			Method: "GET", Path: door.SDK + "/.well-known/webauthn", Section: "WebAuthn 5.11",
			Summary: "Pages of other domains that may use the passkeys",
			Gate:    door.Public(), AnyOrigin: true,
			Handler: door.Handle(relatedOrigins),
		},
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

func listPasskeys(c *door.Call, _ door.None) (Passkeys, error) {
	var held []account.Passkey
	err := c.Read(func(tx *store.Tx) (err error) {
		held, err = account.OwnPasskeys(c.Caller, tx)
		return err
	})
	return Passkeys{Count: len(held), Passkeys: viewPasskeys(held)}, err
}

func viewPasskeys(held []account.Passkey) []Passkey {
	list := []Passkey{}
	for _, p := range held {
		list = append(list, viewPasskey(p))
	}
	return list
}

func viewPasskey(p account.Passkey) Passkey {
	view := Passkey{
		ID: p.Credential.ID, CredentialID: p.Credential.Identifier, Alias: p.Credential.PublicIdentifier,
		Confirmed: p.Credential.Confirmed(), Disputed: p.Credential.Disputed(),
		CreatedAt: p.Row.CreatedAt, UpdatedAt: p.Row.UpdatedAt, UserAgent: p.Row.UserAgent, Origin: p.Row.Origin,
	}
	if !p.Row.UsedAt.IsZero() {
		view.LastUsedAt = &p.Row.UsedAt
	}
	return view
}

// PasskeyUpdateRequest renames a passkey; without an alias it changes nothing.
type PasskeyUpdateRequest struct {
	ID    string  `json:"id"`
	Alias *string `json:"alias,omitempty"`
}

func (a *API) renamePasskey(c *door.Call, r PasskeyUpdateRequest) (Passkey, error) {
	if err := door.Need("id", r.ID); err != nil {
		return Passkey{}, err
	}
	var renamed account.Passkey
	err := c.Write(func(tx *store.Tx) (err error) {
		renamed, err = account.RenamePasskey(c.Caller, tx, r.ID, r.Alias)
		return err
	})
	return viewPasskey(renamed), err
}

// PasskeyDeleteRequest names a passkey by our id, not by WebAuthn's.
type PasskeyDeleteRequest struct {
	PasskeyID string `json:"passkeyId"`
}

func (a *API) deletePasskey(c *door.Call, r PasskeyDeleteRequest) (door.None, error) {
	if err := door.Need("passkeyId", r.PasskeyID); err != nil {
		return door.None{}, err
	}
	return door.None{}, a.removeFactor(c, r.PasskeyID, func(tx *store.Tx) error {
		_, err := account.OwnPasskey(c.Caller, tx, r.PasskeyID)
		return err
	})
}

func passkeyCreation(c *door.Call, _ door.None) (options passkey.CreationOptions, err error) {
	err = c.WriteCounting(func(tx *store.Tx) error {
		options, err = passkey.BeginRegistration(c.Caller, tx)
		return err
	})
	return options, err
}

// PasskeyRegisterRequest is what the browser made.
type PasskeyRegisterRequest struct {
	passkey.AttestationResponse
	CreateMFAToken *MFATokenOptions `json:"createMfaToken,omitempty"` // action-based MFA, at its version only
}

func (a *API) registerPasskey(c *door.Call, r PasskeyRegisterRequest) (VerifyResponse, error) {
	return a.addPasskey(c, &passkey.Registration{Response: r.AttestationResponse}, r.CreateMFAToken)
}

// PasskeyEnrolment is how older clients get their options.
type PasskeyEnrolment struct {
	ID           string                  `json:"id"`
	Type         string                  `json:"type"` // passkey
	Registration passkey.CreationOptions `json:"registration"`
}

func passkeyEnrolment(c *door.Call, _ door.None) (PasskeyEnrolment, error) {
	options, err := passkeyCreation(c, door.None{})
	return PasskeyEnrolment{ID: passkey.EnrolmentID(options.Challenge), Type: store.FormatPasskey, Registration: options}, err
}

// PasskeyEnrolRequest is how older clients send what the browser made.
type PasskeyEnrolRequest struct {
	ID             string                      `json:"id"`
	Attestation    passkey.AttestationResponse `json:"attestation"`
	CreateMFAToken *MFATokenOptions            `json:"createMfaToken,omitempty"` // action-based MFA, at its version only
}

func (a *API) enrolPasskey(c *door.Call, r PasskeyEnrolRequest) (VerifyResponse, error) {
	if err := door.Need("id", r.ID); err != nil {
		return VerifyResponse{}, err
	}
	return a.addPasskey(c, &passkey.Registration{Response: r.Attestation, EnrolmentID: r.ID}, r.CreateMFAToken)
}

// addPasskey links what a registration proves, by the elevated token that let
// the request in.
func (a *API) addPasskey(c *door.Call, r *passkey.Registration, mfaToken *MFATokenOptions) (VerifyResponse, error) {
	r.UserAgent = c.Header("User-Agent")
	attempt := method.Attempt{Caller: c.Caller}
	link := func(tx *store.Tx, proof method.Proof) (store.CredentialRow, error) {
		return signin.LinkPasskey(c.Caller, tx, r, proof, c.Spending(stepup.CredentialLink, ""))
	}
	return a.proveWith(c, r, attempt, nil, signin.Step{Otherwise: link, MFAToken: a.mfaToken(c, mfaToken)})
}

func passkeySignInOptions(c *door.Call, _ door.None) (options passkey.RequestOptions, err error) {
	if err := relatedParty(c); err != nil {
		return options, err
	}
	err = c.WriteCounting(func(tx *store.Tx) error {
		options, err = passkey.BeginSignIn(c.Caller, tx)
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

func (a *API) passkeySignIn(c *door.Call, r PasskeySignInRequest) (VerifyResponse, error) {
	attempt := method.Attempt{Caller: c.Caller}
	return a.signInWith(c, passkey.Assertion{Response: r.AssertionResponse}, attempt, r.SessionPublicKey, false)
}

func passkeyStepUpOptions(c *door.Call, _ door.None) (options passkey.RequestOptions, err error) {
	if err := relatedParty(c); err != nil {
		return options, err
	}
	err = c.WriteCounting(func(tx *store.Tx) error {
		options, err = passkey.BeginStepUp(c.Caller, tx, c.Query().Get("bindingId"))
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

func (a *API) passkeyStepUp(c *door.Call, r PasskeyStepUpRequest) (VerifyResponse, error) {
	attempt := method.Attempt{Caller: c.Caller, BindingID: r.BindingID}
	return a.proveWith(c, passkey.Assertion{Response: r.AssertionResponse}, attempt, r.RequestedScopes,
		signin.Step{MFAToken: a.mfaToken(c, r.CreateMFAToken)})
}

// relatedParty refuses a client that means another relying party than ours.
func relatedParty(c *door.Call) error {
	asked := c.Query().Get("relatedOriginRpId")
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

func relatedOrigins(c *door.Call, _ door.None) (RelatedOrigins, error) {
	return RelatedOrigins{Origins: append([]string{}, c.Tenant.Passkeys.RelatedOrigins...)}, nil
}
