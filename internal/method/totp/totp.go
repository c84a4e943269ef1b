// Package totp proves possession of an authenticator app (RFC 6238). A code is
// good in its own time step and one to either side; the step that was used and
// all before it are dead, on every node, and for the code that confirmed the
// enrolment too.
package totp

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/assurance"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/method"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/who"
)

// EnrolmentLife is how long a secret that was shown waits for its first code, at
// most: it never outlives the elevated token that let it begin.
const EnrolmentLife = 10 * time.Minute

// Method implements [method.Method] for one attempt. The response is the code.
type Method struct {
	DeviceID string // device or open enrolment; empty: the user's default device, else the one added last
}

// Kind implements [method.Method].
func (Method) Kind() assurance.Kind { return assurance.TOTP }

// Enrolment is what a user's authenticator app must be told, once.
type Enrolment struct {
	ID     string
	Secret string // base32, as apps take it by hand
	URI    string // otpauth:, as apps take it from a QR code
}

// Enrol begins an enrolment in the caller's session, in place of any begun
// before. account is what the app will show beside the issuer.
func Enrol(c who.Caller, tx *store.Tx, account, authorizedBy string) (Enrolment, error) {
	secret := make([]byte, SecretSize)
	rand.Read(secret)
	ends, err := method.EndsBy(c, tx, authorizedBy, tx.Now().Add(EnrolmentLife))
	if err != nil {
		return Enrolment{}, err
	}
	row := store.TOTPEnrolmentRow{
		ID: uuid.NewString(), EnvironmentID: c.Tenant.ID, UserID: c.Session.UserID, SessionID: c.Session.ID,
		AuthorizedBy: authorizedBy, ExpiresAt: ends,
	}
	if row.SealedSecret, err = tx.Seal("totp_enrolments", "sealed_secret", row.ID, secret); err != nil {
		return Enrolment{}, err
	}
	text := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(secret)
	return Enrolment{ID: row.ID, Secret: text, URI: uri(c.Tenant.Mail.AppName, account, text)}, tx.InsertTOTPEnrolment(row)
}

// uri is the key URI that apps read. The parameters that apps tend to ignore
// have their defaults, so that all show the same codes. A colon parts issuer and
// account, so neither may hold one.
func uri(issuer, account, secret string) string {
	plain := strings.NewReplacer(":", "")
	issuer, account = plain.Replace(issuer), plain.Replace(account)
	query := url.Values{
		"secret": {secret}, "issuer": {issuer}, "algorithm": {"SHA1"}, "digits": {strconv.Itoa(Digits)},
		"period": {strconv.Itoa(int(Period / time.Second))},
	}
	label := strings.ReplaceAll(url.PathEscape(issuer)+":"+url.PathEscape(account), "+", "%2B") // some apps read a plus sign as a space,
	return "otpauth://totp/" + label + "?" + strings.ReplaceAll(query.Encode(), "+", "%20")     // and others a space's as it stands
}

// Count implements [method.Method].
func (m Method) Count(tx *store.Tx, a method.Attempt) (method.Candidate, error) {
	if a.Session == nil {
		return nil, errors.New("verifying a code: no session")
	}
	c := &candidate{
		caller: a.Caller, environmentID: a.Tenant.ID, userID: a.Session.UserID,
		typed: a.Response.Reveal(), bindingID: a.BindingID,
	}
	if err := c.find(tx, a.Session, m.DeviceID); err != nil {
		return nil, err
	}
	if err := account.TakeTry(a.Caller, tx, c.id); err != nil {
		return nil, err
	}
	return c, nil
}

// candidate is a code for a device, or for an enrolment that is to become one.
type candidate struct {
	caller        who.Caller
	environmentID string
	userID        string
	id            string
	secret        []byte
	last          int64
	enrolment     *store.TOTPEnrolmentRow // nil: the device is verified
	typed         string
	now           int64
	matched       int64
	bindingID     string // nobody is shown it: the code confirms what its sender says
}

// find looks among the user's own devices and this session's enrolment only.
func (c *candidate) find(tx *store.Tx, s *store.SessionRow, id string) error {
	devices, err := tx.TOTPDevices(c.environmentID, c.userID)
	if err != nil {
		return err
	}
	c.now = StepAt(tx.Now())
	i := slices.IndexFunc(devices, func(d store.TOTPDeviceRow) bool { return d.CredentialID == id || id == "" && d.Preferred })
	if i < 0 && id == "" {
		i = len(devices) - 1 // the one added last
	}
	if i < 0 {
		return c.findEnrolment(tx, s, id)
	}
	d := devices[i]
	if d.Superseded {
		// A code used right before a failover may have been forgotten with it.
		if err := tx.RenewTOTPEpoch(c.environmentID, c.userID, d.CredentialID, c.now+skew); err != nil {
			return err
		}
		return fault.New(fault.MFAInvalidCode,
			"The service has recovered from a failure, and codes from before it are void. Wait a minute and type a new one.")
	}
	c.id, c.last = d.CredentialID, d.LastStep
	c.secret, err = tx.Open("totp_devices", "sealed_secret", d.CredentialID, d.SealedSecret)
	return err
}

func (c *candidate) findEnrolment(tx *store.Tx, s *store.SessionRow, id string) error {
	enrolment, err := tx.TOTPEnrolment(c.environmentID, c.userID, s.ID)
	if errors.Is(err, store.ErrNotFound) || err == nil && enrolment.ID != id {
		return fault.New(fault.MFADeviceNotFound, "You have no such authenticator app. Use one that stepUp/check lists, or enrol one.")
	}
	if err != nil {
		return err
	}
	c.id, c.enrolment = id, &enrolment
	c.secret, err = tx.Open("totp_enrolments", "sealed_secret", id, enrolment.SealedSecret)
	return err
}

// Compare implements [method.Candidate].
func (c *candidate) Compare(context.Context) error {
	step, ok := match(c.secret, c.typed, c.now, c.last)
	if !ok {
		return wrong()
	}
	c.matched = step
	return nil
}

// Spend implements [method.Candidate].
func (c *candidate) Spend(tx *store.Tx) (method.Evidence, error) {
	evidence := method.Evidence{
		Format: store.FormatTOTP, Identifier: c.id, Recipient: "Authenticator app", CredentialID: c.id, // since it was begun
		Purpose: method.InSession, BindingID: c.bindingID,
	}
	var err error
	if c.enrolment != nil {
		evidence.Purpose, evidence.AuthorizedBy = method.Enrol, c.enrolment.AuthorizedBy
		err = c.enrol(tx)
	} else {
		err = tx.UseTOTPStep(c.environmentID, c.userID, c.id, c.matched)
	}
	if errors.Is(err, store.ErrNotFound) {
		return method.Evidence{}, wrong()
	}
	if err != nil {
		return method.Evidence{}, err
	}
	return evidence, c.Forgive(tx)
}

func (c *candidate) enrol(tx *store.Tx) error {
	sealed, err := tx.Seal("totp_devices", "sealed_secret", c.id, c.secret)
	if err != nil {
		return err
	}
	return tx.ConsumeTOTPEnrolment(*c.enrolment, sealed, c.matched)
}

// Forgive implements [method.Candidate].
func (c *candidate) Forgive(tx *store.Tx) error {
	if c.enrolment != nil {
		return account.ForgiveTries(c.caller, tx, c.id)
	}
	return account.ForgiveTries(c.caller, tx)
}

func wrong() *fault.Error {
	return fault.New(fault.MFAInvalidCode,
		"This is not the code your app shows now, or it was used already. Wait for the next one and type its six digits.")
}
