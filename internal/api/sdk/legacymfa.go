package sdk

import (
	"bytes"
	"encoding/json"

	"github.com/stepup-auth/stepup/internal/door"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/method"
	"github.com/stepup-auth/stepup/internal/secret"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/who"
)

// LegacyMFA is action-based MFA (wire reference 12). Without it the API mints no
// MFA token and takes none.
type LegacyMFA interface {
	// Mint makes a token for the caller's session from a second factor given in it.
	Mint(c who.Caller, tx *store.Tx, proof method.Proof, singleUse bool) (secret.Text, error)
	// Present is the token of a request; nil for an empty text.
	Present(text string) who.Legacy
}

// MFATokenOptions asks for a token of action-based MFA: an object, or plain true
// for one that is good for a single use. Plain false asks for none.
type MFATokenOptions struct {
	SingleUse bool `json:"singleUse"`

	none bool
}

// UnmarshalJSON implements [json.Unmarshaler].
func (o *MFATokenOptions) UnmarshalJSON(text []byte) error {
	switch string(bytes.TrimSpace(text)) {
	case "true":
		*o = MFATokenOptions{SingleUse: true}
		return nil
	case "false":
		*o = MFATokenOptions{none: true}
		return nil
	}
	type plain MFATokenOptions
	return json.Unmarshal(text, (*plain)(o))
}

// JSONSchema implements [door.Described].
func (MFATokenOptions) JSONSchema() map[string]any {
	return map[string]any{
		"type": []string{"boolean", "object"}, "properties": map[string]any{"singleUse": map[string]any{"type": "boolean"}},
	}
}

// mfaToken mints the MFA token that a body asks for; nil: it asks for none. A call
// that confirms an enrolment gets one under the version of action-based MFA alone.
func (a *API) mfaToken(c *door.Call, asked *MFATokenOptions) func(*store.Tx, method.Proof) (secret.Text, error) {
	if asked == nil || asked.none || a.LegacyMFA == nil {
		return nil
	}
	return func(tx *store.Tx, proof method.Proof) (_ secret.Text, err error) {
		if proof.Evidence().Purpose == method.Enrol {
			if !c.Tenant.MinAPIVersion.Before(environment.Newest) {
				return "", nil
			}
			if proof, err = proof.Rebind(tx); err != nil { // the credential was made in this transaction
				return "", err
			}
		}
		return a.LegacyMFA.Mint(c.Caller, tx, proof, asked.SingleUse)
	}
}
