package prompt

import (
	"errors"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/assurance"
	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/chain"
	"github.com/stepup-auth/stepup/internal/door"
	"github.com/stepup-auth/stepup/internal/elevate"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/method"
	"github.com/stepup-auth/stepup/internal/method/emailcode"
	"github.com/stepup-auth/stepup/internal/method/passkey"
	"github.com/stepup-auth/stepup/internal/method/recovery"
	"github.com/stepup-auth/stepup/internal/method/smscode"
	"github.com/stepup-auth/stepup/internal/method/social"
	"github.com/stepup-auth/stepup/internal/method/totp"
	"github.com/stepup-auth/stepup/internal/method/walletsig"
	"github.com/stepup-auth/stepup/internal/secret"
	"github.com/stepup-auth/stepup/internal/signin"
	"github.com/stepup-auth/stepup/internal/store"
)

// PromptProof is what somebody proves it with: a code of an app or one that was sent, a
// recovery code, a passkey, a wallet or a login. Exactly one of them.
type PromptProof struct {
	CredentialID   string                     `json:"credentialId,omitempty"`   // whose code it is
	VerificationID string                     `json:"verificationId,omitempty"` // of a code that was sent
	Code           string                     `json:"code,omitempty"`
	RecoveryCode   string                     `json:"recoveryCode,omitempty"`
	Passkey        *passkey.AssertionResponse `json:"passkey,omitempty"`
	Wallet         *PromptSignedText          `json:"wallet,omitempty"`
	Social         *PromptSocialAnswer        `json:"social,omitempty"`
}

// PromptSignedText is the text of a challenge and the wallet's signature.
type PromptSignedText struct {
	CredentialID string `json:"credentialId"`
	Message      string `json:"message"`
	Signature    string `json:"signature"`
}

// PromptSocialAnswer is what the provider's way back to the page carried.
type PromptSocialAnswer struct {
	Provider string `json:"provider"`
	Code     string `json:"code"`  // dynamicOauthCode
	State    string `json:"state"` // dynamicOauthState
}

// attempt is the one attempt that the proof stands for.
func (f *Face) attempt(c *door.Call, a aim, r PromptProof) (method.Method, method.Attempt, error) {
	try := method.Attempt{Caller: c.Caller, BindingID: a.bindingID()}
	ways := 0
	for _, given := range []bool{r.Code != "", r.RecoveryCode != "", r.Passkey != nil, r.Wallet != nil, r.Social != nil} {
		if given {
			ways++
		}
	}
	switch {
	case ways != 1:
		return nil, try, fault.New(fault.InvalidRequest, "Send one proof: code, recoveryCode, passkey, wallet or social.")
	case r.RecoveryCode != "":
		try.Response = secret.Text(r.RecoveryCode)
		return recovery.Method{}, try, nil
	case r.Passkey != nil:
		return passkey.Assertion{Response: *r.Passkey}, try, nil
	case r.Wallet != nil:
		m, err := f.signed(c, a, *r.Wallet)
		try.Response = secret.Text(r.Wallet.Signature)
		return m, try, err
	case r.Social != nil:
		try.Response = secret.Text(r.Social.Code)
		return social.Method{Client: f.social, Provider: r.Social.Provider, State: r.Social.State}, try, nil
	}
	row, _ := credential(c.Known, r.CredentialID)
	try.ChallengeID, try.Response = r.VerificationID, secret.Text(r.Code)
	switch account.KindOf(row.Format).Method {
	case assurance.EmailCode:
		return emailcode.Method{}, try, nil
	case assurance.SMSCode:
		return smscode.Method{}, try, nil
	case assurance.TOTP:
		return totp.Method{DeviceID: row.ID}, try, nil
	}
	return nil, try, fault.New(fault.MFAInvalidRequest,
		"credentialId names nothing of yours that a code is of. Use one that the prompt lists.")
}

func (f *Face) signed(c *door.Call, a aim, r PromptSignedText) (walletsig.Method, error) {
	address, kind, err := wallet(c.Known, r.CredentialID)
	row, _ := credential(c.Known, r.CredentialID)
	if err == nil && kind == "" {
		err = fault.New(fault.MFAInvalidRequest, "credentialId names no wallet of yours. Use one that the prompt lists.")
	}
	return walletsig.Method{
		Action: walletsig.StepUp, Chain: chain.Kind(kind), Address: address, Message: r.Message, Detail: row.Detail, Scopes: a.scopes,
		Contracts: f.contracts, Nodes: c.Tenant.Wallets.Nodes(), Undeployed: c.Tenant.Wallets.Undeployed,
	}, err
}

// prove runs the attempt, and hands on a proof of just what it was to prove.
func (f *Face) prove(c *door.Call, a aim, r PromptProof, then func(*store.Tx, method.Proof) error) error {
	m, try, err := f.attempt(c, a, r)
	if err != nil {
		return err
	}
	err = method.Check(c.Context(), f.DB, m, try, func(tx *store.Tx, proof method.Proof) error {
		if proof.Evidence().BindingID != a.bindingID() {
			return fault.New(fault.InvalidBinding, "This was signed for a transaction that is not the prompt's. Start it again here.")
		}
		return then(tx, proof)
	})
	if err != nil {
		return err
	}
	f.count(m.Kind(), "proved")
	return nil
}

// verify keeps the proof for the app's session, and says where to go.
func (f *Face) verify(c *door.Call, r PromptProof) (PromptLocation, error) {
	if c.Session == nil {
		return f.leave(c)
	}
	a, err := aimOf(c)
	if err != nil {
		return PromptLocation{}, err
	}
	scopes, err := elevate.ParseScopes(c.Tenant, a.scopes)
	if err != nil {
		return PromptLocation{}, err
	}
	code := newSecret()
	err = f.prove(c, a, r, func(tx *store.Tx, proof method.Proof) error { return f.wait(c, tx, proof, scopes, code) })
	if err != nil {
		return PromptLocation{}, err
	}
	return PromptLocation{location(c, *c.Prompt, "code", code)}, nil
}

func (f *Face) wait(c *door.Call, tx *store.Tx, proof method.Proof, scopes []stepup.Scope, code string) error {
	sealed, err := signin.Wait(c.Caller, tx, proof, scopes)
	if err != nil {
		return err
	}
	by, _ := proof.Credential()
	p := *c.Prompt
	p.SealedProof, p.CredentialID, p.CodeHash, p.CodeExpiresAt = sealed, by.ID, hashCode(tx, p.EnvironmentID, p.ID, code),
		tx.Now().Add(CodeLife)
	err = tx.ProvePrompt(p)
	if errors.Is(err, store.ErrNotFound) { // in another tab, or ended elsewhere, a moment ago
		return overtaken(c, tx)
	}
	if err != nil {
		return err
	}
	return audit.Record(tx, c.By, "prompt.proven", audit.Detail{"prompt_id": p.ID, "method": proof.Kind(), "credential_id": by.ID})
}

// overtaken says why a prompt that was open when the request came is over now.
func overtaken(c *door.Call, tx *store.Tx) error {
	p, err := tx.Prompt(c.Tenant.ID, c.Prompt.ID)
	if err != nil {
		return err
	}
	if why := ended(p, tx.Now()); why != "" {
		return over(c, p, why)
	}
	return errors.New("a prompt that is open takes no proof")
}
