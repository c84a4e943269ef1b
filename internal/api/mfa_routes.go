package api

import (
	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/policy"
	"github.com/stepup-auth/stepup/internal/shadow"
)

// mfaRoutes are the second factors of wire reference 10, except passkeys.
func mfaRoutes() []Route {
	signedIn := Gate{Kind: SessionGate}
	link := Gate{Kind: ElevatedGate, Scopes: []stepup.Scope{stepup.CredentialLink}, Call: shadow.RegisterTOTP}
	unlink := Gate{Kind: ElevatedGate, Use: policy.RemovesProof, Scopes: []stepup.Scope{stepup.CredentialUnlink},
		Legacy: environment.DeleteDevice, Call: shadow.DeleteDevice}
	recovery := Gate{Kind: MarkedGate, Use: policy.ShowsCodes, Scopes: []stepup.Scope{stepup.CredentialLink}}
	return []Route{
		{Method: "GET", Path: sdk + "/users/mfa/register/totp", Gate: link, Owing: true, Section: "wire 10",
			Summary: "Begin to enrol an authenticator app", Query: []Param{{Name: "qr", Type: "string", Summary: "1: with a QR code"}},
			handler: handle(registerTOTP)},
		{Method: "POST", Path: sdk + "/users/mfa/register/totp", Gate: signedIn, Owing: true, Section: "wire 10",
			Summary: "Confirm the authenticator app being enrolled, as older clients do", handler: handle(confirmTOTP)},
		{Method: "POST", Path: sdk + "/users/mfa/auth/totp", Gate: signedIn, Owing: true, Section: "wire 10, 11.2",
			Summary: "Step up with a code of an authenticator app, or confirm the one being enrolled", handler: handle(authTOTP)},
		{Method: "POST", Path: sdk + "/users/mfa/auth/recovery", Gate: signedIn, Owing: true, Section: "wire 10, 11.2",
			Summary: "Step up with a recovery code", handler: handle(authRecovery)},
		{Method: "GET", Path: sdk + "/users/mfa/recovery", Gate: recovery, Section: "wire 10",
			Summary: "Show the recovery codes, making them at first", handler: handle(showRecoveryCodes)},
		{Method: "POST", Path: sdk + "/users/mfa/recovery", Gate: recovery, Section: "wire 10",
			Summary: "Make new recovery codes in place of all earlier ones", handler: handle(renewRecoveryCodes)},
		{Method: "GET", Path: sdk + "/users/mfa", Gate: signedIn, Owing: true, Section: "wire 10", Summary: "List MFA devices",
			handler: handle(listDevices)},
		{Method: "GET", Path: sdk + "/users/mfa/methods", Gate: signedIn, Owing: true, Section: "wire 10",
			Summary: "List all second factors",
			Query:   []Param{{Name: "verifiedOnly", Type: "boolean", Summary: "Leave out what is being enrolled"}},
			handler: handle(listMethods)},
		{Method: "GET", Path: sdk + "/users/mfa/{credentialId}", Gate: signedIn, Owing: true, Section: "wire 10",
			Summary: "Show an MFA device", handler: handle(getDevice)},
		{Method: "PUT", Path: sdk + "/users/mfa/{credentialId}", Gate: signedIn, OptionalBody: true, Section: "wire 10",
			Summary: "Make an MFA device the default, or name it", handler: handle(updateDevice)},
		{Method: "POST", Path: sdk + "/users/mfa/{credentialId}/dispute", Section: "ours",
			Summary: "Decide about a disputed factor or address, with a factor confirmed earlier",
			Gate:    Gate{Kind: ElevatedGate, Scopes: []stepup.Scope{stepup.CredentialUnlink}}, handler: handle(decideDispute)},
		{Method: "DELETE", Path: sdk + "/users/mfa/{credentialId}", Gate: unlink, Section: "wire 10", Summary: "Remove an MFA device",
			handler: handle(deleteDevice)},
	}
}
