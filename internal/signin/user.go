package signin

import (
	"time"

	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/session"
)

// User is the user as clients read it (wire reference 4.2).
type User struct {
	account.Profile
	ID                       string               `json:"id"`
	ProjectEnvironmentID     string               `json:"projectEnvironmentId"`
	VerifiedCredentials      []account.Credential `json:"verifiedCredentials"`
	SessionID                string               `json:"sessionId"`
	Scope                    string               `json:"scope"`
	MissingFields            []string             `json:"missingFields"`
	LastVerifiedCredentialID string               `json:"lastVerifiedCredentialId"`
	Email                    string               `json:"email,omitempty"`
	PhoneNumber              string               `json:"phoneNumber,omitempty"`
	Username                 string               `json:"username,omitempty"`
	NewUser                  bool                 `json:"newUser"`
	FirstVisit               time.Time            `json:"firstVisit"`
	LastVisit                time.Time            `json:"lastVisit"`
}

// View is the user as clients read it. A device that is not registered learns no more
// than what it signed in with.
func (s Signed) View() User {
	session, user, credentials := s.known.Session(), s.known.User(), s.known.Credentials()
	if s.known.Unregistered() {
		return s.stranger()
	}
	u := User{
		Profile: s.profile, ID: user.ID, ProjectEnvironmentID: user.EnvironmentID, VerifiedCredentials: []account.Credential{},
		SessionID: session.ID, Scope: account.SessionScope(s.env, credentials, session), MissingFields: []string{},
		LastVerifiedCredentialID: session.LastVerifiedCredentialID,
		Username:                 user.Username, NewUser: s.newUser, FirstVisit: user.CreatedAt, LastVisit: user.LastVisitAt,
	}
	for _, row := range credentials {
		if account.KindOf(row.Format).SignsIn { // the others are MFA devices and what stands in for them
			u.VerifiedCredentials = append(u.VerifiedCredentials, account.ViewCredential(row))
		}
	}
	u.Email, u.PhoneNumber = account.Email(s.env, credentials), account.Phone(s.env, credentials)
	return u
}

// stranger is the user as a device sees it that is not registered.
func (s Signed) stranger() User {
	session, user := s.known.Session(), s.known.User()
	u := User{
		ID: user.ID, ProjectEnvironmentID: user.EnvironmentID, VerifiedCredentials: []account.Credential{}, SessionID: session.ID,
		Scope: account.SessionScope(s.env, nil, session), MissingFields: []string{},
		LastVerifiedCredentialID: session.SignInCredentialID, FirstVisit: user.CreatedAt, LastVisit: user.LastVisitAt,
	}
	for _, row := range s.known.Credentials() {
		if row.ID == session.SignInCredentialID {
			u.VerifiedCredentials = append(u.VerifiedCredentials, account.ViewCredential(row))
		}
	}
	return u
}

// claims are the profile claims of the full JWT (wire reference 3.1).
func claims(u User) session.Profile {
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
