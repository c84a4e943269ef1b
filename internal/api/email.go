package api

import (
	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/assurance"
	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/elevate"
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
	BindingID    string `json:"bindingId,omitempty"` // the transaction that the mail shows and the code confirms

	RequestedScopes []string `json:"requestedScopes,omitempty"` // in a session: all that the code is to be good for, which the mail says
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
	scopes, err := c.codeScopes(r.RequestedScopes)
	if err != nil {
		return EmailVerification{}, err
	}
	return c.mailCode(emailcode.Request{Purpose: purpose, Address: r.Email, BindingID: r.BindingID, Scopes: scopes}, "")
}

// codeScopes reads what a code is asked for. One asked for without a session
// signs in, which allows nothing.
func (c *Call) codeScopes(requested []string) ([]string, error) {
	if c.Session == nil && len(requested) > 0 {
		return nil, fault.New(fault.InvalidScopes,
			"A code asked for without a session signs in and allows nothing. Leave requestedScopes out, or send the session's token.")
	}
	scopes, err := elevate.ParseScopes(c.Tenant, requested)
	names := make([]string, len(scopes))
	for i, scope := range scopes {
		names[i] = string(scope)
	}
	return names, err
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
	return c.mailCode(emailcode.Request{Address: r.Email}, r.VerificationUUID)
}

// mailCode mails a code, for the challenge resend unless that is empty.
func (c *Call) mailCode(r emailcode.Request, resend string) (EmailVerification, error) {
	r.Tenant, r.Session, r.Source, r.Alarm = c.Tenant, c.Session, c.Source, c.full
	row, err := c.sendCode(assurance.EmailCode, func(tx *store.Tx) (store.CodeChallengeRow, error) {
		if resend != "" {
			return emailcode.Resend(tx, r, resend)
		}
		return emailcode.Create(tx, r)
	})
	if err != nil {
		return EmailVerification{}, err
	}
	return EmailVerification{VerificationUUID: row.ID, Email: row.Recipient}, nil
}

// sendCode sends a code, or hands out one more id for one that is out. What is
// refused counts nowhere: only what was sent uses up a limit.
func (c *Call) sendCode(kind assurance.Kind, send func(*store.Tx) (store.CodeChallengeRow, error)) (store.CodeChallengeRow, error) {
	var row store.CodeChallengeRow
	err := c.Write(func(tx *store.Tx) (err error) {
		if row, err = send(tx); err != nil {
			return err
		}
		return c.codeSent(tx, kind, row)
	})
	if err != nil {
		return row, err
	}
	c.api.Outbox.Nudge()
	if row.Shares == "" {
		c.count(kind, "sent")
	}
	return row, nil
}

// codeSent audits a code, in the transaction that sends it, or one more id for it.
func (c *Call) codeSent(tx *store.Tx, kind assurance.Kind, row store.CodeChallengeRow) error {
	detail := audit.Detail{"challenge_id": row.ID, "method": kind, "purpose": row.Purpose}
	if row.Shares != "" {
		detail["shares"] = row.Shares
		return audit.Record(tx, c.By, "code.shared", detail)
	}
	return audit.Record(tx, c.By, "code.sent", detail)
}

// full tells that a limit of the whole environment is used up.
func (c *Call) full(setting string) {
	if c.api.Full != nil {
		c.api.Full(c.Tenant.ID, setting)
	}
}

// count counts codes that were sent, and proofs, for metrics.
func (c *Call) count(kind assurance.Kind, event string) {
	if c.api.Codes != nil {
		c.api.Codes(string(kind), event)
	}
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
	attempt := method.Attempt{Tenant: c.Tenant, ChallengeID: r.VerificationUUID, Response: secret.Text(r.VerificationToken),
		Source: c.Source}
	return c.signInWith(emailcode.Method{}, attempt, r.SessionPublicKey, r.AllowNewMFALinking)
}

// EmailVerifyRequest types a code back inside a session: with requestedScopes
// it steps up, without it links the address or finishes a profile change.
type EmailVerifyRequest struct {
	VerificationUUID  string   `json:"verificationUUID"`
	VerificationToken string   `json:"verificationToken"`
	RequestedScopes   []string `json:"requestedScopes,omitempty"`
	BindingID         string   `json:"bindingId,omitempty"` // must be that of the code
}

func emailVerify(c *Call, r EmailVerifyRequest) (UpdateSelfResponse, error) {
	if err := need("verificationUUID", r.VerificationUUID); err != nil {
		return UpdateSelfResponse{}, err
	}
	if err := need("verificationToken", r.VerificationToken); err != nil {
		return UpdateSelfResponse{}, err
	}
	attempt := method.Attempt{Tenant: c.Tenant, Session: c.Session, ChallengeID: r.VerificationUUID,
		Response: secret.Text(r.VerificationToken), Source: c.Source, BindingID: r.BindingID}
	verified, err := c.proveWith(emailcode.Method{}, attempt, r.RequestedScopes, c.linkSent(environment.LinkEmail))
	return UpdateSelfResponse{VerifyResponse: verified, NextView: "done"}, err
}

// linkSent adds the proven address, or puts it in the place of the old one
// when the code was sent by a profile change, which was authorised then and must be
// still.
func (c *Call) linkSent(compatible environment.Compatible) func(*store.Tx, method.Proof) (store.CredentialRow, error) {
	return func(tx *store.Tx, proof method.Proof) (store.CredentialRow, error) {
		if evidence := proof.Evidence(); evidence.Purpose == method.Update {
			from, err := c.stands(tx, stepup.CredentialUpdate, environment.UpdateUser, evidence.AuthorizedBy)
			if err != nil {
				return store.CredentialRow{}, err
			}
			return account.Replace(tx, c.By, c.Tenant, c.Session.UserID, proven(evidence), from)
		}
		return c.linkProven(tx, proof, compatible)
	}
}
