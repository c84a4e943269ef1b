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
			Gate:    door.Public(),
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

func listPasskeys(c *door.Call, _ door.None) (list Passkeys, err error) {
	err = c.Read(func(tx *store.Tx) (err error) {
		list.Passkeys, err = ownPasskeys(c, tx)
		list.Count = len(list.Passkeys)
		return err
	})
	return list, err
}

// ownPasskeys are those of the session's user, oldest first.
func ownPasskeys(c *door.Call, tx *store.Tx) ([]Passkey, error) {
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
func ownPasskey(c *door.Call, tx *store.Tx, id string) (Passkey, error) {
	list, err := ownPasskeys(c, tx)
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

func (a *API) renamePasskey(c *door.Call, r PasskeyUpdateRequest) (renamed Passkey, err error) {
	if err := door.Need("id", r.ID); err != nil {
		return renamed, err
	}
	defer a.Outbox.Nudge()
	err = c.Write(func(tx *store.Tx) error {
		if renamed, err = ownPasskey(c, tx, r.ID); err != nil || r.Alias == nil {
			return err
		}
		row, err := ownFactor(c, tx, r.ID)
		if err != nil {
			return err
		}
		if err := account.Rename(tx, c.By, c.Tenant, row, *r.Alias); err != nil {
			return err
		}
		if err := tx.TouchPasskey(c.Tenant.ID, r.ID); err != nil {
			return err
		}
		renamed, err = ownPasskey(c, tx, r.ID)
		return err
	})
	return renamed, err
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
		_, err := ownPasskey(c, tx, r.PasskeyID)
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
