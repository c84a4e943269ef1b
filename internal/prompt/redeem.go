package prompt

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"regexp"

	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/door"
	"github.com/stepup-auth/stepup/internal/elevate"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/seal"
	"github.com/stepup-auth/stepup/internal/signin"
	"github.com/stepup-auth/stepup/internal/store"
)

// PromptTokenRequest brings the code that the prompt went back with, and the verifier whose
// hash it was made with.
type PromptTokenRequest struct {
	Code         string `json:"code"`
	CodeVerifier string `json:"codeVerifier"`
}

var verifierRule = regexp.MustCompile(`^[A-Za-z0-9._~-]{43,128}$`)

// redeem mints what was approved, for the session that made the prompt. Whoever has the
// code and lacks one of the other two has taken it from somebody: that ends the prompt.
func (f *Face) redeem(c *door.Call, r PromptTokenRequest) (signin.VerifyResponse, error) {
	if err := door.Need("code", r.Code); err != nil {
		return signin.VerifyResponse{}, err
	}
	if err := door.Need("codeVerifier", r.CodeVerifier); err != nil {
		return signin.VerifyResponse{}, err
	}
	var signed signin.Signed
	var taken *store.PromptRow // a prompt whose code came without the rest
	why := ""
	err := c.Write(func(tx *store.Tx) error {
		taken = nil
		p, err := tx.Prompt(c.Tenant.ID, c.Path("promptId"))
		if errors.Is(err, store.ErrNotFound) {
			return invalidCode()
		}
		if err != nil {
			return err
		}
		code := hashCode(tx, p.EnvironmentID, p.ID, r.Code)
		if p.CodeHash == nil || !seal.Equal(p.CodeHash, code) {
			return invalidCode()
		}
		if why = stolen(c, p, r.CodeVerifier); why != "" {
			taken = &p
			return invalidCode()
		}
		signed, err = takeUp(c, tx, p, code)
		return err
	})
	if taken != nil {
		ending := c.Write(func(tx *store.Tx) error { return end(c, tx, *taken, why) })
		if ending != nil && !errors.Is(ending, store.ErrNotFound) {
			return signin.VerifyResponse{}, ending
		}
	}
	if err != nil {
		return signin.VerifyResponse{}, err
	}
	now := f.Now()
	answer, err := signed.Sign(c.Tenant, now)
	if err != nil {
		return signin.VerifyResponse{}, err
	}
	return answer.Response(c.Keep(answer.Session.Minified, answer.Session.Expires.Sub(now))), nil
}

// stolen says what does not belong to the code; empty: everything does.
func stolen(c *door.Call, p store.PromptRow, verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	challenge := base64.RawURLEncoding.EncodeToString(sum[:])
	switch {
	case p.SessionID != c.Session.ID || p.UserID != c.Session.UserID:
		return "code in another session"
	case !verifierRule.MatchString(verifier) || subtle.ConstantTimeCompare([]byte(challenge), []byte(p.Challenge)) != 1:
		return "code with another verifier"
	}
	return ""
}

// takeUp spends code and proof and mints by the rules as they are now. If those refuse,
// nothing is spent. The user comes first, as wherever prompts and sessions end: whoever
// took the prompt before would wait for them, and they for the prompt.
func takeUp(c *door.Call, tx *store.Tx, p store.PromptRow, code []byte) (signin.Signed, error) {
	if _, err := account.Hold(c.Caller, tx); err != nil {
		return signin.Signed{}, err
	}
	err := tx.RedeemPrompt(p.EnvironmentID, p.ID, c.Session.UserID, c.Session.ID, code)
	if errors.Is(err, store.ErrNotFound) {
		return signin.Signed{}, invalidCode()
	}
	if err != nil {
		return signin.Signed{}, err
	}
	scopes, err := elevate.ParseScopes(c.Tenant, p.Scopes)
	if err != nil {
		return signin.Signed{}, err
	}
	if err := audit.Record(tx, c.By, "prompt.redeemed", audit.Detail{"prompt_id": p.ID}); err != nil {
		return signin.Signed{}, err
	}
	caller := c.Caller
	caller.Prompt = p.ID
	return signin.TakeUp(caller, tx, p.SealedProof, signin.Step{Scopes: scopes, Owes: c.Owes})
}

func invalidCode() *fault.Error {
	return fault.New(fault.InvalidPromptCode,
		"This code is unknown, used, over, of a prompt that was ended, or of another prompt, session or verifier. "+
			"Ask for the prompt again.")
}
