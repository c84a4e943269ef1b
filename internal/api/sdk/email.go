package sdk

import (
	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/assurance"
	"github.com/stepup-auth/stepup/internal/door"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/method"
	"github.com/stepup-auth/stepup/internal/method/emailcode"
	"github.com/stepup-auth/stepup/internal/secret"
	"github.com/stepup-auth/stepup/internal/shadow"
	"github.com/stepup-auth/stepup/internal/store"
)

// emailRoutes mail codes and take them back.
func (a *API) emailRoutes() []door.Route {
	return []door.Route{
		{
			Method: "POST", Path: door.SDK + "/emailVerifications/create", Section: "wire 6",
			Summary: "Mail a code",
			Gate:    door.Public(), OptionalSession: true, Owing: true,
			Handler: door.Handle(a.emailCreate),
		},
		{
			Method: "POST", Path: door.SDK + "/emailVerifications/retry", Section: "wire 6",
			Summary: "Mail a new code in place of an earlier one",
			Gate:    door.Public(), OptionalSession: true, Owing: true,
			Handler: door.Handle(a.emailRetry),
		},
		{
			Method: "POST", Path: door.SDK + "/emailVerifications/signin", Section: "wire 6",
			Summary: "Sign in with a code",
			Gate:    door.Public(), Device: true,
			Handler: door.Handle(a.emailSignIn),
		},
		{
			Method: "POST", Path: door.SDK + "/emailVerifications/verify", Section: "wire 6, 11.2",
			Summary: "Step up with a code, or link its address",
			Gate:    door.ByBody(stepup.CredentialLink).Waived(environment.LinkEmail).As(shadow.LinkEmail), Device: true, Owing: true,
			Handler: door.Handle(a.emailVerify),
		},
	}
}

// EmailCreateRequest asks for a code. With a session the code works in that
// session only and only at verify; without one only at signin.
type EmailCreateRequest struct {
	Email        string `json:"email"`
	CaptchaToken string `json:"captchaToken,omitempty"`
	BindingID    string `json:"bindingId,omitempty"` // the transaction that the mail shows and the code confirms

	RequestedScopes []string `json:"requestedScopes,omitempty"` // in a session: all that the code is to be good for, which the mail says
}

func (a *API) emailCreate(c *door.Call, r EmailCreateRequest) (EmailVerification, error) {
	if err := door.Need("email", r.Email); err != nil {
		return EmailVerification{}, err
	}
	purpose := method.SignIn
	if c.Session != nil {
		purpose = method.InSession
	}
	scopes, err := codeScopes(c, r.RequestedScopes)
	if err != nil {
		return EmailVerification{}, err
	}
	return a.mailCode(c, emailcode.Request{Purpose: purpose, Address: r.Email, BindingID: r.BindingID, Scopes: scopes}, "")
}

// EmailRetryRequest asks for a new code in place of one that was sent.
type EmailRetryRequest struct {
	Email            string `json:"email"`
	VerificationUUID string `json:"verificationUUID"`
	CaptchaToken     string `json:"captchaToken,omitempty"`
}

func (a *API) emailRetry(c *door.Call, r EmailRetryRequest) (EmailVerification, error) {
	if err := door.Need("email", r.Email); err != nil {
		return EmailVerification{}, err
	}
	if err := door.Need("verificationUUID", r.VerificationUUID); err != nil {
		return EmailVerification{}, err
	}
	return a.mailCode(c, emailcode.Request{Address: r.Email}, r.VerificationUUID)
}

// mailCode mails a code, for the challenge resend unless that is empty.
func (a *API) mailCode(c *door.Call, r emailcode.Request, resend string) (EmailVerification, error) {
	r.Alarm = a.alarm(c)
	row, err := a.sendCode(c, assurance.EmailCode, func(tx *store.Tx) (store.CodeChallengeRow, error) {
		if resend != "" {
			return emailcode.Resend(c.Caller, tx, r, resend)
		}
		return emailcode.Create(c.Caller, tx, r)
	})
	if err != nil {
		return EmailVerification{}, err
	}
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

func (a *API) emailSignIn(c *door.Call, r EmailSignInRequest) (VerifyResponse, error) {
	if err := door.Need("verificationUUID", r.VerificationUUID); err != nil {
		return VerifyResponse{}, err
	}
	if err := door.Need("verificationToken", r.VerificationToken); err != nil {
		return VerifyResponse{}, err
	}
	attempt := method.Attempt{Caller: c.Caller, ChallengeID: r.VerificationUUID, Response: secret.Text(r.VerificationToken)}
	return a.signInWith(c, emailcode.Method{}, attempt, r.SessionPublicKey, r.AllowNewMFALinking)
}

// EmailVerifyRequest types a code back inside a session: with requestedScopes
// it steps up, without it links the address or finishes a profile change.
type EmailVerifyRequest struct {
	VerificationUUID  string   `json:"verificationUUID"`
	VerificationToken string   `json:"verificationToken"`
	RequestedScopes   []string `json:"requestedScopes,omitempty"`
	BindingID         string   `json:"bindingId,omitempty"` // must be that of the code
}

func (a *API) emailVerify(c *door.Call, r EmailVerifyRequest) (UpdateSelfResponse, error) {
	if err := door.Need("verificationUUID", r.VerificationUUID); err != nil {
		return UpdateSelfResponse{}, err
	}
	if err := door.Need("verificationToken", r.VerificationToken); err != nil {
		return UpdateSelfResponse{}, err
	}
	attempt := method.Attempt{Caller: c.Caller, ChallengeID: r.VerificationUUID,
		Response: secret.Text(r.VerificationToken), BindingID: r.BindingID}
	verified, err := a.proveWith(c, emailcode.Method{}, attempt, r.RequestedScopes, linkSent(c, environment.LinkEmail))
	return UpdateSelfResponse{VerifyResponse: verified, NextView: "done"}, err
}
