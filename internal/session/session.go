// Package session opens, refreshes and ends the sessions of signed-in users and makes
// their tokens. Its invariants: a session's id is new at each sign-in and stays the same
// until it ends, and a token is worth nothing once its session has ended, however long
// the token says that it is good.
package session

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/method"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/tenant"
	"github.com/stepup-auth/stepup/internal/token"
	"github.com/stepup-auth/stepup/internal/who"
)

// Device is what the request that opens a session says of its keys.
type Device struct {
	Origin           string // app origin; empty for native clients
	SessionPublicKey string // compressed P-256, hex; empty: none
	DevicePublicKey  string // whose signature over a nonce was verified; empty: none
	SDKVersion       string

	Identity       string        // what the device proves to be, by that signature or by its cookie; empty: nothing
	UserAgent      string        // of the request
	RegistrationID string        // the registered device that it is; empty: none
	Waits          time.Duration // how long the session waits for its device to be registered; zero: it does not
}

// Start opens a session for the user whom the proof signed in. The caller has to concern
// that user by then, see [who.Caller.Concerning].
func Start(c who.Caller, tx *store.Tx, credential store.CredentialRow, proof method.Proof, d Device) (store.SessionRow, error) {
	if !proof.Valid() || proof.EnvironmentID() != c.Tenant.ID || proof.Evidence().Purpose != method.SignIn ||
		c.UserID() == "" || credential.UserID != c.UserID() {
		return store.SessionRow{}, fmt.Errorf("starting session: no proof of this sign-in by this user")
	}
	return start(c, tx, credential, opening{string(proof.Kind()), proof.Kind().MFA(), proof.Evidence().EndsBy}, d)
}

// StartUnproven opens a session of the operators' environment for the user whom the
// caller concerns by then, and of whom nothing was proven. opened says by what: it
// mints nothing and marks nothing, as long as no proof is given in it.
func StartUnproven(c who.Caller, tx *store.Tx, credential store.CredentialRow, opened string, d Device) (store.SessionRow, error) {
	if c.Tenant.ID != environment.Operators || c.UserID() == "" || credential.UserID != c.UserID() {
		return store.SessionRow{}, fmt.Errorf("starting session: not of this operator")
	}
	return start(c, tx, credential, opening{method: opened}, d)
}

// opening is what opened a session.
type opening struct {
	method string
	mfa    bool
	endsBy time.Time // no session that it opens outlives it; zero: the environment decides alone
}

func start(c who.Caller, tx *store.Tx, credential store.CredentialRow, by opening, d Device) (store.SessionRow, error) {
	now := tx.Now()
	ends := now.Add(c.Tenant.Sessions.Lifetime.Std())
	if !by.endsBy.IsZero() && by.endsBy.Before(ends) {
		ends = by.endsBy
	}
	expires := now.Add(c.Tenant.Sessions.Idle.Std())
	if d.Waits > 0 {
		expires = now.Add(min(d.Waits, c.Tenant.Sessions.Idle.Std()))
	}
	if expires.After(ends) {
		expires = ends
	}
	row := store.SessionRow{
		ID: uuid.NewString(), EnvironmentID: c.Tenant.ID, UserID: c.UserID(),
		SignInCredentialID: credential.ID, SignInMethod: by.method, LastVerifiedCredentialID: credential.ID,
		Origin: d.Origin, SessionPublicKey: d.SessionPublicKey, DevicePublicKey: d.DevicePublicKey, SDKVersion: d.SDKVersion,
		CreatedAt: now, RefreshedAt: now, ExpiresAt: expires, EndsAt: ends,
		DeviceRegistrationID: d.RegistrationID, Unregistered: d.Waits > 0,
	}
	if by.mfa { // signing in with a passkey is both factors at once
		row.MFAAt, row.MFACredentialID = now, credential.ID
	}
	if err := tx.InsertSession(row); err != nil {
		return row, fmt.Errorf("starting session: %w", err)
	}
	if err := tx.TouchUser(row.EnvironmentID, row.UserID); err != nil {
		return row, fmt.Errorf("starting session: %w", err)
	}
	return row, audit.Record(tx, c.By.In(row.ID), "session.started", audit.Detail{
		"method": by.method, "credential_id": credential.ID, "device_bound": d.DevicePublicKey != "",
	})
}

// continued is why a session ended that another one follows.
const continued = "device registered"

// Continued reports whether the session is over because another one follows it.
func Continued(tx *store.Tx, environmentID, id string) (bool, error) {
	return tx.EndedFor(environmentID, id, continued)
}

// Continue opens the session that follows the caller's, whose device is registered by
// now: the old token was worth little, so it must not become worth more. What was
// proven, what was not, and how long it may last carry over.
func Continue(c who.Caller, tx *store.Tx, registrationID, deviceKey string) (store.SessionRow, error) {
	row, err := tx.LiveSession(c.Tenant.ID, c.Session.ID)
	if err != nil {
		return row, err
	}
	if _, err := tx.RevokeSession(c.Tenant.ID, row.ID, continued); err != nil {
		return row, err
	}
	before, now := row.ID, tx.Now()
	row.ID, row.CreatedAt, row.RefreshedAt = uuid.NewString(), now, now
	if row.ExpiresAt = now.Add(c.Tenant.Sessions.Idle.Std()); row.ExpiresAt.After(row.EndsAt) {
		row.ExpiresAt = row.EndsAt
	}
	row.DeviceRegistrationID, row.Unregistered = registrationID, false
	row.DevicePublicKey = cmp.Or(row.DevicePublicKey, deviceKey)
	if err := tx.InsertSession(row); err != nil {
		return row, fmt.Errorf("continuing session: %w", err)
	}
	return row, audit.Record(tx, c.By.In(row.ID), "session.continued", audit.Detail{"before": before, "device_id": registrationID})
}

// Refresh moves the idle limit of the caller's session, records what was proven in it
// just now and returns it as it then stands. The life of one that waits for its device to
// be registered stays as it was.
func Refresh(c who.Caller, tx *store.Tx, by store.Proved) (store.SessionRow, error) {
	if c.Session.Unregistered {
		if by.MFA {
			if err := tx.VerifiedMFA(c.Tenant.ID, c.Session.ID, by); err != nil {
				return store.SessionRow{}, err
			}
		}
		return tx.LiveSession(c.Tenant.ID, c.Session.ID)
	}
	return tx.RefreshSession(c.Tenant.ID, c.Session.ID, c.Tenant.Sessions.Idle.Std(), by)
}

// Revoke ends the caller's session and, at once, every elevated token that came from it.
// It locks the user first, as whoever mints and redeems does: taken in another order,
// session and prompts would have them wait for one another.
func Revoke(c who.Caller, tx *store.Tx, reason string) error {
	_, err := tx.LockUser(c.Tenant.ID, c.Session.UserID)
	if errors.Is(err, store.ErrNotFound) { // deleted meanwhile, with the session
		return nil
	}
	if err != nil {
		return err
	}
	live, err := tx.RevokeSession(c.Tenant.ID, c.Session.ID, reason)
	if err != nil || !live {
		return err
	}
	return audit.Record(tx, c.By.In(c.Session.ID), "session.revoked", audit.Detail{"reason": reason})
}

// Tokens are the session's JWTs. Minified is the credential; Full is for the
// app to read and accepted nowhere.
type Tokens struct {
	Minified string
	Full     string
	Expires  time.Time
}

// Profile is what the full JWT tells of the user, ready to be encoded.
type Profile map[string]any

// About is what the tokens of a session say besides the session itself.
type About struct {
	Scope           string // whether it still owes a second factor
	ExternalIssuer  string // the external login that opened it; empty: none did
	ExternalSubject string
	Profile         Profile // for the full JWT alone
}

// Sign makes the tokens of a session. Call it after the transaction.
func Sign(t *tenant.Tenant, s store.SessionRow, about About, now time.Time) (Tokens, error) {
	kid, err := t.Keys.SigningKeyID(now)
	if err != nil {
		return Tokens{}, err
	}
	audience := s.Origin
	if audience == "" {
		audience = t.Issuer
	}
	base := map[string]any{
		"kid": kid, "iss": t.Issuer, "aud": audience, "sub": s.UserID, "sid": s.ID,
		"iat": now.Unix(), "exp": s.ExpiresAt.Unix(), "environment_id": t.ID,
		"last_verified_credential_id": s.LastVerifiedCredentialID, "signin_credential_id": s.SignInCredentialID,
		"scope": about.Scope,
	}
	if s.SessionPublicKey != "" {
		base["session_public_key"] = s.SessionPublicKey
	}
	if s.DeviceRegistrationID != "" {
		base["deviceRegistrationId"] = s.DeviceRegistrationID
	}
	if about.ExternalIssuer != "" {
		base["ext_iss"], base["ext_sub"] = about.ExternalIssuer, about.ExternalSubject
	}
	minified, err := t.Keys.Sign(now, token.Session, base)
	if err != nil {
		return Tokens{}, err
	}
	full := map[string]any{}
	for name, value := range about.Profile {
		full[name] = value
	}
	for name, value := range base { // never the other way round: a profile cannot override a claim
		full[name] = value
	}
	id, err := t.Keys.Sign(now, token.ID, full)
	if err != nil {
		return Tokens{}, err
	}
	return Tokens{Minified: minified, Full: id, Expires: s.ExpiresAt}, nil
}
