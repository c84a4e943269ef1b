package sdk

import (
	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/assurance"
	"github.com/stepup-auth/stepup/internal/door"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/method"
	"github.com/stepup-auth/stepup/internal/method/smscode"
	"github.com/stepup-auth/stepup/internal/phone"
	"github.com/stepup-auth/stepup/internal/secret"
	"github.com/stepup-auth/stepup/internal/shadow"
	"github.com/stepup-auth/stepup/internal/signin"
	"github.com/stepup-auth/stepup/internal/store"
)

func (a *API) smsRoutes() []door.Route {
	return []door.Route{
		{
			Method: "POST", Path: door.SDK + "/smsVerifications/create", Section: "wire 6",
			Summary: "Text a code",
			Gate:    door.Public(), OptionalSession: true, Owing: true,
			Handler: door.Handle(a.smsCreate),
		},
		{
			Method: "POST", Path: door.SDK + "/smsVerifications/retry", Section: "wire 6",
			Summary: "Text a new code in place of an earlier one",
			Gate:    door.Public(), OptionalSession: true, Owing: true,
			Handler: door.Handle(a.smsRetry),
		},
		{
			Method: "POST", Path: door.SDK + "/smsVerifications/signin", Section: "wire 6",
			Summary: "Sign in with a texted code",
			Gate:    door.Public(), Device: true,
			Handler: door.Handle(a.smsSignIn),
		},
		{
			Method: "POST", Path: door.SDK + "/smsVerifications/verify", Section: "wire 6, 11.2",
			Summary: "Step up with a texted code, or link its number",
			Gate:    door.ByBody(stepup.CredentialLink).Waived(environment.LinkPhone).As(shadow.LinkPhone), Device: true, Owing: true,
			Handler: door.Handle(a.smsVerify),
		},
	}
}

// SMSCreateRequest asks for a code, on the terms of [EmailCreateRequest]. The
// number is written as its country writes it, or with + in front.
type SMSCreateRequest struct {
	PhoneCountryCode string `json:"phoneCountryCode,omitempty"` // without +
	PhoneNumber      string `json:"phoneNumber"`
	ISOCountryCode   string `json:"isoCountryCode,omitempty"`
	CaptchaToken     string `json:"captchaToken,omitempty"`
	BindingID        string `json:"bindingId,omitempty"` // the transaction that the text shows and the code confirms

	RequestedScopes []string `json:"requestedScopes,omitempty"` // in a session: all that the code is to be good for, which the text says
}

func (a *API) smsCreate(c *door.Call, r SMSCreateRequest) (SMSVerification, error) {
	purpose := method.SignIn
	if c.Session != nil {
		purpose = method.InSession
	}
	return a.textCode(c, r, purpose, "")
}

// SMSRetryRequest asks for a new code in place of one that was sent.
type SMSRetryRequest struct {
	SMSCreateRequest
	VerificationUUID string `json:"verificationUUID"`
}

func (a *API) smsRetry(c *door.Call, r SMSRetryRequest) (SMSVerification, error) {
	if err := door.Need("verificationUUID", r.VerificationUUID); err != nil {
		return SMSVerification{}, err
	}
	return a.textCode(c, r.SMSCreateRequest, "", r.VerificationUUID)
}

// texts reports whether codes are texted: the server can and the environment wants to.
func (a *API) texts(c *door.Call) bool { return a.Texts && c.Tenant.SMS.Enabled }

// readNumber reads what stands in a request, where codes are texted at all.
func (a *API) readNumber(c *door.Call, callingCode, number, country string) (phone.Number, error) {
	if !a.texts(c) {
		return phone.Number{}, smscode.Off()
	}
	if err := door.Need("phoneNumber", number); err != nil {
		return phone.Number{}, err
	}
	n, err := phone.Parse(callingCode, number, country)
	if err != nil {
		return n, fault.New(fault.InvalidPhone, "This is %v.", err)
	}
	return n, nil
}

// textCode texts a code, for the challenge resend unless that is empty.
func (a *API) textCode(c *door.Call, r SMSCreateRequest, purpose method.Purpose, resend string) (SMSVerification, error) {
	n, err := a.readNumber(c, r.PhoneCountryCode, r.PhoneNumber, r.ISOCountryCode)
	if err != nil {
		return SMSVerification{}, err
	}
	scopes, err := codeScopes(c, r.RequestedScopes)
	if err != nil {
		return SMSVerification{}, err
	}
	asked := smscode.Request{Purpose: purpose, Address: n.E164,
		BindingID: r.BindingID, Scopes: scopes, Alarm: a.alarm(c)}
	row, err := a.sendCode(c, assurance.SMSCode, func(tx *store.Tx) (store.CodeChallengeRow, error) {
		if resend != "" {
			return smscode.Resend(c.Caller, tx, asked, resend)
		}
		return smscode.Create(c.Caller, tx, asked)
	})
	return texted(row, n), err
}

func texted(row store.CodeChallengeRow, n phone.Number) SMSVerification {
	return SMSVerification{VerificationUUID: row.ID, PhoneNumber: n.National, PhoneCountryCode: n.CallingCode, ISOCountryCode: n.Country}
}

// SMSSignInRequest types a code back to sign in, as [EmailSignInRequest] does.
type SMSSignInRequest EmailSignInRequest

func (a *API) smsSignIn(c *door.Call, r SMSSignInRequest) (VerifyResponse, error) {
	if err := door.Need("verificationUUID", r.VerificationUUID); err != nil {
		return VerifyResponse{}, err
	}
	if err := door.Need("verificationToken", r.VerificationToken); err != nil {
		return VerifyResponse{}, err
	}
	attempt := method.Attempt{Caller: c.Caller, ChallengeID: r.VerificationUUID, Response: secret.Text(r.VerificationToken)}
	return a.signInWith(c, smscode.Method{}, attempt, r.SessionPublicKey, r.AllowNewMFALinking)
}

// SMSVerifyRequest types a code back inside a session, as [EmailVerifyRequest] does.
type SMSVerifyRequest EmailVerifyRequest

func (a *API) smsVerify(c *door.Call, r SMSVerifyRequest) (UpdateSelfResponse, error) {
	if err := door.Need("verificationUUID", r.VerificationUUID); err != nil {
		return UpdateSelfResponse{}, err
	}
	if err := door.Need("verificationToken", r.VerificationToken); err != nil {
		return UpdateSelfResponse{}, err
	}
	attempt := method.Attempt{Caller: c.Caller, ChallengeID: r.VerificationUUID,
		Response: secret.Text(r.VerificationToken), BindingID: r.BindingID}
	verified, err := a.proveWith(c, smscode.Method{}, attempt, r.RequestedScopes, linkSent(c, environment.LinkPhone))
	return UpdateSelfResponse{VerifyResponse: verified, NextView: "done"}, err
}

// changePhone authorises the change now and texts the code that finishes it, as
// changeEmail does. The number is written with + and its country's code.
func (a *API) changePhone(c *door.Call, tx *store.Tx, typed string) (*SMSVerification, error) {
	if !a.texts(c) {
		return nil, smscode.Off()
	}
	var n phone.Number
	send := func(tx *store.Tx, authorizedBy string) (row store.CodeChallengeRow, err error) {
		if n, err = a.readNumber(c, "", typed, ""); err != nil {
			return row, err
		}
		return smscode.Create(c.Caller, tx, smscode.Request{
			Purpose: method.Update, Address: n.E164, AuthorizedBy: authorizedBy, Alarm: a.alarm(c),
		})
	}
	spend := c.Spending(stepup.CredentialUpdate, environment.UpdateUser)
	row, err := signin.ChangeAddress(c.Caller, tx, assurance.SMSCode, spend, send)
	sent := texted(row, n)
	return &sent, err
}
