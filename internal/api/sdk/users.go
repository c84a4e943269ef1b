package sdk

import (
	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/assurance"
	"github.com/stepup-auth/stepup/internal/door"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/method"
	"github.com/stepup-auth/stepup/internal/method/emailcode"
	"github.com/stepup-auth/stepup/internal/shadow"
	"github.com/stepup-auth/stepup/internal/signin"
	"github.com/stepup-auth/stepup/internal/store"
)

// userRoutes show, change and delete the signed-in user.
func (a *API) userRoutes() []door.Route {
	return []door.Route{
		{
			Method: "GET", Path: door.SDK + "/users", Section: "wire 15",
			Summary: "The signed-in user",
			Gate:    door.SignedIn(), Owing: true, Unregistered: true,
			Handler: door.Handle(getUser),
		},
		{
			Method: "PUT", Path: door.SDK + "/users", Section: "wire 15",
			Summary: "Change the profile, or start changing the email address or the phone number",
			Gate:    door.ByBody(stepup.CredentialUpdate, stepup.UserUpdate).Waived(environment.UpdateUser).As(shadow.UpdateUser),
			Handler: door.Handle(a.updateUser),
		},
		{
			Method: "DELETE", Path: door.SDK + "/users", Section: "wire 15",
			Summary: "Delete the account",
			Gate:    door.Elevated(stepup.UserDelete).Waived(environment.DeleteUser).As(shadow.DeleteUser),
			Handler: door.Handle(a.deleteUser),
		},
	}
}

func getUser(c *door.Call, _ door.None) (signin.User, error) {
	signed, err := signin.As(c.Caller, c.Known)
	if err != nil {
		return signin.User{}, err
	}
	return signed.View(), nil
}

// UpdateUserRequest changes the profile. A new email address or phone number
// takes effect only when the code sent to it comes back.
type UpdateUserRequest struct {
	account.ProfileChange
	Email        *string `json:"email,omitempty"`
	PhoneNumber  *string `json:"phoneNumber,omitempty"`
	CaptchaToken string  `json:"captchaToken,omitempty"`
}

func (a *API) updateUser(c *door.Call, r UpdateUserRequest) (UpdateSelfResponse, error) {
	if r.Email != nil && r.PhoneNumber != nil {
		return UpdateSelfResponse{}, fault.New(fault.InvalidRequest,
			"Change the email address and the phone number one after the other: each is finished by a code.")
	}
	var signed signin.Signed
	var pending *EmailVerification
	var texted *SMSVerification
	err := c.Write(func(tx *store.Tx) (err error) {
		pending, texted = nil, nil
		if r.Email != nil {
			if pending, err = a.changeEmail(c, tx, *r.Email); err != nil {
				return err
			}
		}
		if r.PhoneNumber != nil {
			if texted, err = a.changePhone(c, tx, *r.PhoneNumber); err != nil {
				return err
			}
		}
		if !r.ProfileChange.Empty() {
			spend := c.Spending(stepup.UserUpdate, environment.UpdateUser)
			user, err := signin.ChangeProfile(c.Caller, tx, r.ProfileChange, spend)
			if err != nil {
				return err
			}
			c.Known = c.Known.As(user)
		}
		signed, err = signin.Refresh(c.Caller, tx, c.Known, store.Proved{})
		return err
	})
	if err != nil {
		return UpdateSelfResponse{}, err
	}
	verified, err := a.verified(c, signed)
	response := UpdateSelfResponse{VerifyResponse: verified, NextView: "done", EmailVerification: pending, SMSVerification: texted}
	switch {
	case pending != nil:
		response.NextView = "verify-email"
		a.count(assurance.EmailCode, "sent")
	case texted != nil:
		response.NextView = "verify-sms"
		a.count(assurance.SMSCode, "sent")
	}
	return response, err
}

// changeEmail authorises the change now and mails the code that finishes it.
func (a *API) changeEmail(c *door.Call, tx *store.Tx, address string) (*EmailVerification, error) {
	send := func(tx *store.Tx, authorizedBy string) (store.CodeChallengeRow, error) {
		return emailcode.Create(c.Caller, tx, emailcode.Request{
			Purpose: method.Update, Address: address, AuthorizedBy: authorizedBy, Alarm: a.alarm(c),
		})
	}
	spend := c.Spending(stepup.CredentialUpdate, environment.UpdateUser)
	row, err := signin.ChangeAddress(c.Caller, tx, assurance.EmailCode, spend, send)
	return &EmailVerification{VerificationUUID: row.ID, Email: row.Recipient}, err
}

func (a *API) deleteUser(c *door.Call, _ door.None) (door.None, error) {
	c.Forget()
	if err := a.wallets.KeepsNothing(c.Context(), c.Caller); err != nil {
		return door.None{}, err
	}
	err := c.Write(func(tx *store.Tx) error {
		if _, err := c.Spend(tx, stepup.UserDelete, environment.DeleteUser); err != nil {
			return err
		}
		return account.Delete(c.Caller, tx, account.Deletion{UserAgent: c.Header("User-Agent")})
	})
	return door.None{}, err
}
