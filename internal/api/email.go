package api

import (
	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/method"
	"github.com/stepup-auth/stepup/internal/method/emailcode"
	"github.com/stepup-auth/stepup/internal/secret"
	"github.com/stepup-auth/stepup/internal/store"
)

// EmailCreateRequest asks for a code. With a session the code works in that
// session only and only at verify; without one only at signin.
type EmailCreateRequest struct {
	Email        string `json:"email"`
	CaptchaToken string `json:"captchaToken,omitempty"`
}

// EmailVerification names a code that was sent.
type EmailVerification struct {
	VerificationUUID string `json:"verificationUUID"`
	Email            string `json:"email"`
}

func emailCreate(c *Call, r EmailCreateRequest) (EmailVerification, error) {
	if err := need("email", r.Email); err != nil {
		return EmailVerification{}, err
	}
	purpose := method.SignIn
	if c.Session != nil {
		purpose = method.InSession
	}
	return c.sendCode(emailcode.Request{Purpose: purpose, Address: r.Email}, "")
}

// EmailRetryRequest asks for a new code in place of one that was sent.
type EmailRetryRequest struct {
	Email            string `json:"email"`
	VerificationUUID string `json:"verificationUUID"`
	CaptchaToken     string `json:"captchaToken,omitempty"`
}

func emailRetry(c *Call, r EmailRetryRequest) (EmailVerification, error) {
	if err := need("email", r.Email); err != nil {
		return EmailVerification{}, err
	}
	if err := need("verificationUUID", r.VerificationUUID); err != nil {
		return EmailVerification{}, err
	}
	return c.sendCode(emailcode.Request{Address: r.Email}, r.VerificationUUID)
}

// sendCode commits the count of a refused send too: asking too often must not
// be free because it was refused.
func (c *Call) sendCode(r emailcode.Request, resend string) (EmailVerification, error) {
	r.Tenant, r.Session, r.Source = c.Tenant, c.Session, c.Source
	var row store.CodeChallengeRow
	var refused error
	err := c.api.DB.Write(c.ctx, func(tx *store.Tx) (err error) {
		refused = nil
		if resend != "" {
			row, err = emailcode.Resend(tx, r, resend)
		} else {
			row, err = emailcode.Create(tx, r)
		}
		if fault.Has(err, fault.RateLimited) {
			refused, err = err, nil
		}
		if err != nil || refused != nil {
			return err
		}
		return audit.Record(tx, c.by, "code.sent", audit.Detail{"challenge_id": row.ID, "method": "email_otp", "purpose": row.Purpose})
	})
	if err == nil {
		err = refused
	}
	if err != nil {
		return EmailVerification{}, err
	}
	c.api.Outbox.Nudge()
	return EmailVerification{VerificationUUID: row.ID, Email: row.Recipient}, nil
}

// EmailSignInRequest types a code back to sign in. requestedScopes is read and
// ignored: sign-in mints nothing.
type EmailSignInRequest struct {
	VerificationUUID   string   `json:"verificationUUID"`
	VerificationToken  string   `json:"verificationToken"`
	CaptchaToken       string   `json:"captchaToken,omitempty"`
	SessionPublicKey   string   `json:"sessionPublicKey,omitempty"`
	RequestedScopes    []string `json:"requestedScopes,omitempty"`
	AllowNewMFALinking bool     `json:"allowNewMFALinking,omitempty"`
}

func emailSignIn(c *Call, r EmailSignInRequest) (VerifyResponse, error) {
	if err := need("verificationUUID", r.VerificationUUID); err != nil {
		return VerifyResponse{}, err
	}
	if err := need("verificationToken", r.VerificationToken); err != nil {
		return VerifyResponse{}, err
	}
	attempt := method.Attempt{Tenant: c.Tenant, ChallengeID: r.VerificationUUID, Response: secret.Text(r.VerificationToken), Source: c.Source}
	return c.signInWith(emailcode.Method{}, attempt, r.SessionPublicKey, r.AllowNewMFALinking)
}

// EmailVerifyRequest types a code back inside a session: with requestedScopes
// it steps up, without it links the address or finishes a profile change.
type EmailVerifyRequest struct {
	VerificationUUID  string   `json:"verificationUUID"`
	VerificationToken string   `json:"verificationToken"`
	RequestedScopes   []string `json:"requestedScopes,omitempty"`
}

func emailVerify(c *Call, r EmailVerifyRequest) (UpdateSelfResponse, error) {
	if err := need("verificationUUID", r.VerificationUUID); err != nil {
		return UpdateSelfResponse{}, err
	}
	if err := need("verificationToken", r.VerificationToken); err != nil {
		return UpdateSelfResponse{}, err
	}
	attempt := method.Attempt{Tenant: c.Tenant, Session: c.Session, ChallengeID: r.VerificationUUID, Response: secret.Text(r.VerificationToken), Source: c.Source}
	verified, err := c.proveWith(emailcode.Method{}, attempt, r.RequestedScopes, c.linkEmail)
	return UpdateSelfResponse{VerifyResponse: verified, NextView: "done"}, err
}

// linkEmail adds the proven address, or puts it in the place of the old one
// when the code was sent by a profile change, which was authorised then.
func (c *Call) linkEmail(tx *store.Tx, proof method.Proof) (store.CredentialRow, error) {
	evidence := proof.Evidence()
	if evidence.Purpose == method.Update {
		address := account.Address{Format: evidence.Format, Identifier: evidence.Identifier, Written: evidence.Recipient, Detail: evidence.Detail}
		return account.Replace(tx, c.by, c.Tenant, c.Session.UserID, address, provenance(evidence.AuthorizedBy))
	}
	return c.linkProven(tx, proof, environment.LinkEmail)
}
