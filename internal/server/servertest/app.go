package servertest

import (
	"encoding/base32"
	"testing"

	"github.com/stepup-auth/stepup/internal/method/totp"
)

// App is a user's authenticator app.
type App struct {
	ID     string // of the device
	First  string // the code that confirmed it; empty: it is not confirmed
	secret []byte
	server *Server
}

// Code is what the app shows now.
func (a *App) Code() string { return a.At(0) }

// At is what it shows so many time steps from now.
func (a *App) At(steps int64) string {
	return totp.Code(a.secret, totp.StepAt(a.server.Now())+steps)
}

// Next waits for a code that was not used and returns it; it moves the clock
// past every step that may have been.
func (a *App) Next() string {
	a.server.Clock.Advance(3 * totp.Period)
	return a.Code()
}

// BeginApp begins to enrol an authenticator app with an elevated token for
// credential:link. Its first code confirms it.
func (s *Server) BeginApp(t testing.TB, session *Session, link string) *App {
	t.Helper()
	header := session.Header()
	if link != "" { // under the old version none is asked for
		header = session.Header(link)
	}
	answer := s.Do(t, "GET", session.Path("/users/mfa/register/totp"), header, nil).Want(t, 200, "")
	secret, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(answer.Member("secret"))
	if err != nil {
		t.Fatalf("reading the secret: %v", err)
	}
	return &App{ID: answer.Member("id"), secret: secret, server: s}
}

// EnrolApp gives the session's user an authenticator app. The environment must
// have the method on.
func (s *Server) EnrolApp(t testing.TB, session *Session) *App {
	t.Helper()
	app := s.BeginApp(t, session, s.StepUp(t, session, "credential:link"))
	app.First = app.Code()
	s.Do(t, "POST", session.Path("/users/mfa/auth/totp"), session.Header(), map[string]string{"id": app.ID, "code": app.First}).
		Want(t, 200, "")
	return app
}

// StepUpByApp proves with a code of the app that it is the user, and returns
// the elevated access token for the scopes.
func (s *Server) StepUpByApp(t testing.TB, session *Session, app *App, scopes ...string) string {
	t.Helper()
	token := s.Do(t, "POST", session.Path("/users/mfa/auth/totp"), session.Header(),
		map[string]any{"id": app.ID, "code": app.Next(), "requestedScopes": scopes}).
		Want(t, 200, "").Member("elevatedAccessToken")
	if token == "" {
		t.Fatalf("stepping up for %v gave no token", scopes)
	}
	return token
}
