package passkey

import (
	"cmp"
	"crypto/rand"

	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/binding"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/method"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/tenant"
	"github.com/stepup-auth/stepup/internal/who"
)

// CreationOptions ask a browser to make a passkey (wire reference 9.1).
type CreationOptions struct {
	Challenge              string            `json:"challenge"`
	RP                     RelyingParty      `json:"rp"`
	User                   UserEntity        `json:"user"`
	PubKeyCredParams       []CredentialParam `json:"pubKeyCredParams"`
	ExcludeCredentials     []Descriptor      `json:"excludeCredentials"`
	AuthenticatorSelection Selection         `json:"authenticatorSelection"`
	Attestation            string            `json:"attestation"`
	Timeout                int               `json:"timeout"` // milliseconds
}

// RelyingParty is whom passkeys are made for.
type RelyingParty struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// UserEntity is what an authenticator keeps of the user. The id is opaque.
type UserEntity struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	DisplayName string `json:"displayName"`
}

// CredentialParam is one accepted algorithm (COSE).
type CredentialParam struct {
	Alg  int    `json:"alg"`
	Type string `json:"type"`
}

// Descriptor names a passkey to a browser.
type Descriptor struct {
	ID         string   `json:"id"`
	Type       string   `json:"type"`
	Transports []string `json:"transports,omitempty"`
}

// Selection says what kind of authenticator will do.
type Selection struct {
	ResidentKey        string `json:"residentKey"`
	RequireResidentKey bool   `json:"requireResidentKey"`
	UserVerification   string `json:"userVerification"`
}

// RequestOptions ask a browser to use a passkey (wire reference 9.3).
type RequestOptions struct {
	Challenge        string       `json:"challenge"`
	RPID             string       `json:"rpId"`
	AllowCredentials []Descriptor `json:"allowCredentials"`
	UserVerification string       `json:"userVerification"`
	Timeout          int          `json:"timeout"` // milliseconds

	// BindingNonce is there when a transaction is to be confirmed: the challenge
	// is SHA-256 over it and the transaction's hash, both as bytes.
	BindingNonce string `json:"bindingNonce,omitempty"`
}

const (
	required  = "required"
	publicKey = "public-key"
)

// BeginRegistration opens a registration in the caller's session; it ends an earlier one
// of the user that is still open.
func BeginRegistration(c who.Caller, tx *store.Tx) (CreationOptions, error) {
	t, s := c.Tenant, *c.Session
	if err := enabled(t); err != nil {
		return CreationOptions{}, err
	}
	user, err := tx.LockUser(t.ID, s.UserID)
	if err != nil {
		return CreationOptions{}, err
	}
	rows, err := tx.Credentials(t.ID, s.UserID)
	if err != nil {
		return CreationOptions{}, err
	}
	exclude, err := describe(c, tx, rows, func(store.CredentialRow) (bool, error) { return true, nil })
	if err != nil {
		return CreationOptions{}, err
	}
	if len(exclude) >= MaxPerUser {
		return CreationOptions{}, TooMany()
	}
	if err := tx.DropPasskeyEnrolments(t.ID, s.UserID); err != nil {
		return CreationOptions{}, err
	}
	challenge, _, err := begin(c, tx, method.Enrol, nil)
	if err != nil {
		return CreationOptions{}, err
	}
	name := cmp.Or(account.Email(t.Environment, rows), account.Phone(t.Environment, rows), user.Username, "User of "+t.Mail.AppName)
	options := CreationOptions{
		Challenge: challenge, RP: RelyingParty{ID: t.Passkeys.RPID, Name: t.Mail.AppName},
		User:               UserEntity{ID: idOf(handle(tx, t.ID, s.UserID)), Name: name, DisplayName: name},
		ExcludeCredentials: exclude, Attestation: "none", Timeout: int(ChallengeTTL.Milliseconds()),
		AuthenticatorSelection: Selection{ResidentKey: required, RequireResidentKey: true, UserVerification: required},
	}
	for _, p := range offered {
		options.PubKeyCredParams = append(options.PubKeyCredParams, CredentialParam{Alg: int(p.Algorithm), Type: publicKey})
	}
	return options, nil
}

// BeginSignIn opens a sign-in with whatever passkey the person chooses. It says
// nothing about who has one.
func BeginSignIn(c who.Caller, tx *store.Tx) (RequestOptions, error) {
	c.Session = nil
	if err := enabled(c.Tenant); err != nil {
		return RequestOptions{}, err
	}
	challenge, _, err := begin(c, tx, method.SignIn, nil)
	return request(c.Tenant, challenge, []Descriptor{}), err
}

// BeginStepUp opens a step-up with the passkeys of the session's user. A user
// without one gets an empty list, by which clients tell, and a challenge that
// nobody keeps: whatever signs it, nothing is proven. With a binding the passkey
// signs for that transaction, which it does not show.
func BeginStepUp(c who.Caller, tx *store.Tx, bindingID string) (RequestOptions, error) {
	t, s := c.Tenant, *c.Session
	if err := enabled(t); err != nil {
		return RequestOptions{}, err
	}
	rows, err := tx.Credentials(t.ID, s.UserID)
	if err != nil {
		return RequestOptions{}, err
	}
	allowed, err := describe(c, tx, rows,
		func(row store.CredentialRow) (bool, error) { return account.Usable(t.Environment, row) })
	if err != nil {
		return RequestOptions{}, err
	}
	if len(allowed) == 0 {
		var nobodys [challengeSize]byte
		_, _ = rand.Read(nobodys[:]) // never fails
		return request(t, idOf(nobodys[:]), allowed), nil
	}
	var about *store.BindingRow
	if bindingID != "" {
		row, err := binding.Find(c, tx, bindingID)
		if err != nil {
			return RequestOptions{}, err
		}
		about = &row
	}
	challenge, nonce, err := begin(c, tx, method.InSession, about)
	options := request(t, challenge, allowed)
	options.BindingNonce = nonce
	return options, err
}

func request(t *tenant.Tenant, challenge string, allowed []Descriptor) RequestOptions {
	return RequestOptions{
		Challenge: challenge, RPID: t.Passkeys.RPID, AllowCredentials: allowed, UserVerification: required,
		Timeout: int(ChallengeTTL.Milliseconds()),
	}
}

// describe lists the passkeys of the caller's user that pass.
func describe(c who.Caller, tx *store.Tx, rows []store.CredentialRow, pass func(store.CredentialRow) (bool, error)) ([]Descriptor, error) {
	passkeys, err := tx.Passkeys(c.Tenant.ID, c.Session.UserID)
	if err != nil {
		return nil, err
	}
	transports := map[string][]string{}
	for _, p := range passkeys {
		transports[p.CredentialID] = p.Transports
	}
	list := []Descriptor{}
	for _, row := range rows {
		if row.Format != store.FormatPasskey {
			continue
		}
		ok, err := pass(row)
		if err != nil {
			return nil, err
		}
		if ok {
			list = append(list, Descriptor{ID: row.Identifier, Type: publicKey, Transports: transports[row.ID]})
		}
	}
	return list, nil
}

// TooMany refuses one passkey more than a user may have.
func TooMany() *fault.Error {
	return fault.New(fault.MaxPasskeys, "You have %d passkeys, which is as many as one account takes. Delete one first.", MaxPerUser)
}
