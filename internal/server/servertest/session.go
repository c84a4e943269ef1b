package servertest

import (
	"net/http"
	"testing"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/serviceauth"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/tenant"
	"github.com/stepup-auth/stepup/internal/token"
)

// Session is a signed-in user.
type Session struct {
	Environment  string
	Email        string
	UserID       string
	ID           string // sid
	CredentialID string // of the email address
	Token        string // session JWT, the credential
	FullToken    string // full JWT, accepted nowhere
}

// Header is a request header of the session and, when given, an elevated
// access token.
func (s *Session) Header(elevated ...string) http.Header { return Bearer(s.Token, elevated...) }

// Path is a path in the session's environment.
func (s *Session) Path(path string) string { return SDK(s.Environment) + path }

type signedIn struct {
	User struct {
		ID                  string `json:"id"`
		SessionID           string `json:"sessionId"`
		VerifiedCredentials []struct {
			ID    string `json:"id"`
			Email string `json:"email"`
		} `json:"verifiedCredentials"`
	} `json:"user"`
	Token               string `json:"minifiedJwt"`
	FullToken           string `json:"jwt"`
	ElevatedAccessToken string `json:"elevatedAccessToken"`
}

// SendCode asks for a code and reads it from the mail. header is nil to sign
// in, a session's to use the code inside it.
func (s *Server) SendCode(t testing.TB, environment, email string, header http.Header) (verificationUUID, code string) {
	t.Helper()
	before := len(s.Inbox.To(email))
	answer := s.Do(t, "POST", SDK(environment)+"/emailVerifications/create", header, map[string]string{"email": email}).Want(t, 200, "")
	return answer.Member("verificationUUID"), s.Inbox.WaitCode(t, email, before)
}

// TextsOn is a line for [Document] that switches text messages on.
const TextsOn = "sms: {enabled: true, countries: [US, GB]}\n"

// TextCode is SendCode by text message, to a number in E.164.
func (s *Server) TextCode(t testing.TB, environment, number string, header http.Header) (verificationUUID, code string) {
	t.Helper()
	before := len(s.Inbox.To(number))
	answer := s.Do(t, "POST", SDK(environment)+"/smsVerifications/create", header, map[string]string{"phoneNumber": number}).
		Want(t, 200, "")
	return answer.Member("verificationUUID"), s.Inbox.WaitCode(t, number, before)
}

// SignIn signs the address in by a code, as a new user or a known one.
func (s *Server) SignIn(t testing.TB, environment, email string) *Session {
	t.Helper()
	id, code := s.SendCode(t, environment, email, nil)
	var answer signedIn
	s.Do(t, "POST", SDK(environment)+"/emailVerifications/signin", nil,
		map[string]string{"verificationUUID": id, "verificationToken": code}).
		Want(t, 200, "").JSON(t, &answer)
	session := &Session{
		Environment: environment, Email: email, UserID: answer.User.ID, ID: answer.User.SessionID,
		Token: answer.Token, FullToken: answer.FullToken,
	}
	for _, credential := range answer.User.VerifiedCredentials {
		if credential.Email == email {
			session.CredentialID = credential.ID
		}
	}
	return session
}

// StepUp proves with a code to the session's address that it is the user, and
// returns the elevated access token for the scopes.
func (s *Server) StepUp(t testing.TB, session *Session, scopes ...string) string {
	t.Helper()
	id, code := s.SendCode(t, session.Environment, session.Email, session.Header())
	var answer signedIn
	s.Do(t, "POST", session.Path("/emailVerifications/verify"), session.Header(), map[string]any{
		"verificationUUID": id, "verificationToken": code, "requestedScopes": scopes,
	}).Want(t, 200, "").JSON(t, &answer)
	if answer.ElevatedAccessToken == "" {
		t.Fatalf("stepping up for %v gave no token", scopes)
	}
	return answer.ElevatedAccessToken
}

// ServiceToken makes a service token. An empty environment means all; no
// tokenScopes means it may consume every scope.
func (s *Server) ServiceToken(t testing.TB, environment string, scopes []string, tokenScopes ...string) string {
	t.Helper()
	made := serviceauth.New{Name: t.Name(), EnvironmentID: environment, Scopes: scopes}
	for _, scope := range tokenScopes {
		made.TokenScopes = append(made.TokenScopes, stepup.Scope(scope))
	}
	var text string
	err := s.DB.Write(t.Context(), func(tx *store.Tx) error {
		token, _, err := serviceauth.Create(by, tx, made)
		text = token.Reveal()
		return err
	})
	if err != nil {
		t.Fatalf("making a service token: %v", err)
	}
	return text
}

// SignAs makes a JWT of the kind with the environment's key, as nobody but the
// server can.
func (s *Server) SignAs(t testing.TB, environment string, typ token.Type, claims any) string {
	t.Helper()
	tenant, err := tenant.NewRegistry(s.DB, s.URL, s.Now).Load(t.Context(), environment)
	if err != nil {
		t.Fatalf("loading environment %s: %v", environment, err)
	}
	signed, err := tenant.Keys.Sign(s.Now(), typ, claims)
	if err != nil {
		t.Fatalf("signing as environment %s: %v", environment, err)
	}
	return signed
}
