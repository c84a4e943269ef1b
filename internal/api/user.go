package api

import (
	"time"

	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/door"
	"github.com/stepup-auth/stepup/internal/elevate"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/secret"
	"github.com/stepup-auth/stepup/internal/session"
	"github.com/stepup-auth/stepup/internal/store"
)

// Credential is a verified credential as clients read it: partly snake_case
// (wire reference 4.3). Provenance, confirmed and disputed are ours.
type Credential struct {
	account.Detail
	ID               string     `json:"id"`
	Format           string     `json:"format"`
	SignInEnabled    bool       `json:"signInEnabled"`
	PublicIdentifier string     `json:"public_identifier,omitempty"`
	VerifiedAt       *time.Time `json:"verifiedAt,omitempty"`
	LastSelectedAt   *time.Time `json:"lastSelectedAt,omitempty"`
	Email            string     `json:"email,omitempty"`
	Provenance       string     `json:"provenance"`
	Confirmed        bool       `json:"confirmed"` // false: linked with nothing, counts for nothing until confirmed
	// somebody said it was not the user's, and nobody has decided: it signs in and opens nothing
	Disputed bool `json:"disputed"`
}

// User is the user as clients read it (wire reference 4.2).
type User struct {
	account.Profile
	ID                       string       `json:"id"`
	ProjectEnvironmentID     string       `json:"projectEnvironmentId"`
	VerifiedCredentials      []Credential `json:"verifiedCredentials"`
	SessionID                string       `json:"sessionId"`
	Scope                    string       `json:"scope"`
	MissingFields            []string     `json:"missingFields"`
	LastVerifiedCredentialID string       `json:"lastVerifiedCredentialId"`
	Email                    string       `json:"email,omitempty"`
	PhoneNumber              string       `json:"phoneNumber,omitempty"`
	Username                 string       `json:"username,omitempty"`
	NewUser                  bool         `json:"newUser"`
	FirstVisit               time.Time    `json:"firstVisit"`
	LastVisit                time.Time    `json:"lastVisit"`
}

// VerifyResponse answers every sign-in, verification and refresh (wire
// reference 4.1).
type VerifyResponse struct {
	User                User   `json:"user"`
	ExpiresAt           int64  `json:"expiresAt"`             // unix seconds
	MinifiedJWT         string `json:"minifiedJwt,omitempty"` // absent in cookie mode, like jwt
	JWT                 string `json:"jwt,omitempty"`
	ElevatedAccessToken string `json:"elevatedAccessToken,omitempty"`
	MFAToken            string `json:"mfaToken,omitempty"` // action-based MFA
}

// UpdateSelfResponse also says what to do next.
type UpdateSelfResponse struct {
	VerifyResponse
	NextView          string             `json:"nextView"` // done, verify-email or verify-sms
	EmailVerification *EmailVerification `json:"emailVerification,omitempty"`
	SMSVerification   *SMSVerification   `json:"smsVerification,omitempty"`
}

// signedIn is a session and its user as one transaction saw them.
type signedIn struct {
	env         *environment.Environment
	session     store.SessionRow
	user        store.UserRow
	profile     account.Profile
	credentials []store.CredentialRow
	newUser     bool
	minted      *elevate.Minted
	mfaToken    secret.Text
}

// readSigned loads what answers show.
func readSigned(c *door.Call, tx *store.Tx, row store.SessionRow) (signedIn, error) {
	s := signedIn{env: c.Tenant.Environment, session: row}
	var err error
	if s.user, err = tx.User(c.Tenant.ID, row.UserID); err != nil {
		return s, err
	}
	if s.profile, err = account.ReadProfile(s.user); err != nil {
		return s, err
	}
	s.credentials, err = tx.Credentials(c.Tenant.ID, row.UserID)
	return s, err
}

// refreshed records the credential just proven and renews the session.
func refreshed(c *door.Call, tx *store.Tx, credentialID string) (signedIn, error) {
	if credentialID != "" {
		if err := tx.VerifiedWith(c.Tenant.ID, c.Session.ID, credentialID); err != nil {
			return signedIn{}, err
		}
	}
	row, err := session.Refresh(tx, c.Tenant, c.Session.ID)
	if err != nil {
		return signedIn{}, err
	}
	return readSigned(c, tx, row)
}

// verified signs the answer, after the transaction.
func (a *API) verified(c *door.Call, s signedIn) (VerifyResponse, error) {
	now := a.Now()
	user := s.view()
	about := session.About{Scope: user.Scope, Profile: s.claims(user)}
	var err error
	if about.ExternalIssuer, about.ExternalSubject, err = account.External(s.credentials, s.session.SignInCredentialID); err != nil {
		return VerifyResponse{}, err
	}
	tokens, err := session.Sign(c.Tenant, s.session, about, now)
	if err != nil {
		return VerifyResponse{}, err
	}
	response := VerifyResponse{User: user, ExpiresAt: tokens.Expires.Unix(), MFAToken: s.mfaToken.Reveal()}
	if !c.Keep(tokens.Minified, tokens.Expires.Sub(now)) {
		response.MinifiedJWT, response.JWT = tokens.Minified, tokens.Full
	}
	if s.minted != nil {
		response.ElevatedAccessToken, err = s.minted.Sign(c.Tenant, now)
	}
	return response, err
}

func (s signedIn) view() User {
	u := User{
		Profile: s.profile, ID: s.user.ID, ProjectEnvironmentID: s.user.EnvironmentID, VerifiedCredentials: []Credential{},
		SessionID: s.session.ID, Scope: account.SessionScope(s.env, s.credentials, s.session), MissingFields: []string{},
		LastVerifiedCredentialID: s.session.LastVerifiedCredentialID,
		Username:                 s.user.Username, NewUser: s.newUser, FirstVisit: s.user.CreatedAt, LastVisit: s.user.LastVisitAt,
	}
	for _, row := range s.credentials {
		if account.KindOf(row.Format).SignsIn { // the others are MFA devices and what stands in for them
			u.VerifiedCredentials = append(u.VerifiedCredentials, viewCredential(row))
		}
	}
	u.Email, u.PhoneNumber = account.Email(s.env, s.credentials), account.Phone(s.env, s.credentials)
	return u
}

func viewCredential(row store.CredentialRow) Credential {
	detail, _ := account.ReadDetail(row.Detail) // what decides has read it before, and failed where it must
	view := Credential{
		Detail: detail, ID: row.ID, Format: row.Format, SignInEnabled: row.SignInEnabled, PublicIdentifier: row.PublicIdentifier,
		VerifiedAt: &row.CreatedAt, Provenance: row.Provenance, Confirmed: row.Confirmed(), Disputed: row.Disputed(),
	}
	if !row.LastSelectedAt.IsZero() {
		view.LastSelectedAt = &row.LastSelectedAt
	}
	if row.Format == store.FormatEmail {
		view.Email = row.PublicIdentifier
	}
	return view
}

// claims are the profile claims of the full JWT (wire reference 3.1).
func (s signedIn) claims(u User) session.Profile {
	claims := session.Profile{
		"verified_credentials": u.VerifiedCredentials, "missing_fields": u.MissingFields, "new_user": u.NewUser,
		"first_visit": u.FirstVisit, "last_visit": u.LastVisit,
	}
	for name, value := range map[string]string{
		"email": u.Email, "phone_number": u.PhoneNumber, "username": u.Username, "alias": u.Alias, "given_name": u.FirstName,
		"family_name": u.LastName, "country": u.Country, "job_title": u.JobTitle, "team": u.Team, "t_shirt_size": u.TShirtSize,
	} {
		if value != "" {
			claims[name] = value
		}
	}
	if u.PoliciesConsent != nil {
		claims["policies_consent"] = *u.PoliciesConsent
	}
	if len(u.Metadata) > 0 {
		claims["metadata"] = u.Metadata // as it was written: its numbers need not fit ours
	}
	return claims
}
