package sdk

import (
	"encoding/base64"
	"slices"

	"rsc.io/qr"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/door"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/method"
	"github.com/stepup-auth/stepup/internal/method/totp"
	"github.com/stepup-auth/stepup/internal/secret"
	"github.com/stepup-auth/stepup/internal/shadow"
	"github.com/stepup-auth/stepup/internal/signin"
	"github.com/stepup-auth/stepup/internal/store"
)

// totpRoutes enrol authenticator apps and take their codes.
func (a *API) totpRoutes() []door.Route {
	return []door.Route{
		{
			Method: "GET", Path: door.SDK + "/users/mfa/register/totp", Section: "wire 10",
			Summary: "Begin to enrol an authenticator app",
			Gate:    door.Elevated(stepup.CredentialLink).As(shadow.RegisterTOTP), Owing: true,
			Query:   []door.Param{{Name: "qr", Type: "string", Summary: "1: with a QR code"}},
			Handler: door.Handle(registerTOTP),
		},
		{
			Method: "POST", Path: door.SDK + "/users/mfa/register/totp", Section: "wire 10",
			Summary: "Confirm the authenticator app being enrolled, as older clients do",
			Gate:    door.SignedIn(), Owing: true,
			Handler: door.Handle(a.confirmTOTP),
		},
		{
			Method: "POST", Path: door.SDK + "/users/mfa/auth/totp", Section: "wire 10, 11.2",
			Summary: "Step up with a code of an authenticator app, or confirm the one being enrolled",
			Gate:    door.SignedIn(), Owing: true,
			Handler: door.Handle(a.authTOTP),
		},
	}
}

// TOTPRegistration is what an authenticator app is told, once.
type TOTPRegistration struct {
	ID     string `json:"id"`
	Type   string `json:"type"`
	Secret string `json:"secret"`       // base32
	URI    string `json:"uri"`          // otpauth:
	QR     string `json:"qr,omitempty"` // with ?qr=1: the uri as a PNG, in a data: URI
}

func registerTOTP(c *door.Call, _ door.None) (TOTPRegistration, error) {
	var enrolment totp.Enrolment
	err := c.Write(func(tx *store.Tx) (err error) {
		enrolment, err = signin.EnrolApp(c.Caller, tx, c.Spending(stepup.CredentialLink, ""))
		return err
	})
	if err != nil {
		return TOTPRegistration{}, err
	}
	registration := TOTPRegistration{ID: enrolment.ID, Type: store.FormatTOTP, Secret: enrolment.Secret, URI: enrolment.URI}
	if c.Query().Get("qr") == "1" {
		code, err := qr.Encode(enrolment.URI, qr.M)
		if err != nil {
			return TOTPRegistration{}, err
		}
		registration.QR = "data:image/png;base64," + base64.StdEncoding.EncodeToString(code.PNG())
	}
	return registration, nil
}

// RegisterTOTPRequest confirms the open enrolment, as older clients do.
type RegisterTOTPRequest struct {
	Type string `json:"type"`
	Code string `json:"code"`
}

func (a *API) confirmTOTP(c *door.Call, r RegisterTOTPRequest) (MFADevice, error) {
	if err := door.Need("code", r.Code); err != nil {
		return MFADevice{}, err
	}
	before, err := ownApps(c)
	if err != nil {
		return MFADevice{}, err
	}
	if before.Enrolling == nil {
		return MFADevice{}, fault.New(fault.MFADeviceNotFound,
			"No authenticator app is being enrolled in this session. Register one first.")
	}
	id := before.Enrolling.ID
	if _, err := a.authTOTP(c, AuthTOTPRequest{ID: id, Code: r.Code}); err != nil {
		return MFADevice{}, err
	}
	after, err := ownApps(c)
	i := slices.IndexFunc(after.Apps, func(row store.CredentialRow) bool { return row.ID == id })
	if err != nil || i < 0 {
		return MFADevice{}, err
	}
	return viewDevice(after.Apps[i], after.Default), nil
}

// AuthTOTPRequest types a code. It confirms the enrolment that id names, or
// proves the device that id names, or the default one. createMfaToken is of
// action-based MFA.
type AuthTOTPRequest struct {
	Code            string           `json:"code"`
	ID              string           `json:"id,omitempty"`
	RequestedScopes []string         `json:"requestedScopes,omitempty"`
	CreateMFAToken  *MFATokenOptions `json:"createMfaToken,omitempty"`
	BindingID       string           `json:"bindingId,omitempty"` // the transaction that the code confirms
}

func (a *API) authTOTP(c *door.Call, r AuthTOTPRequest) (VerifyResponse, error) {
	if err := door.Need("code", r.Code); err != nil {
		return VerifyResponse{}, err
	}
	attempt := method.Attempt{Caller: c.Caller, Response: secret.Text(r.Code), BindingID: r.BindingID}
	return a.proveWith(c, totp.Method{DeviceID: r.ID}, attempt, r.RequestedScopes, signin.Step{
		MFAToken: a.mfaToken(c, r.CreateMFAToken),
		Otherwise: func(tx *store.Tx, proof method.Proof) (store.CredentialRow, error) {
			return signin.LinkApp(c.Caller, tx, proof)
		},
	})
}
