package operator

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/token"
	"github.com/stepup-auth/stepup/internal/who"
)

// How long an operator stays signed in. They are documented in docs/limits.md.
const (
	IdleLimit     = time.Hour
	AbsoluteLimit = 12 * time.Hour
)

// document is what the reserved environment says. Nobody signs up; nobody gets a factor
// by a code that was mailed, which is what the floor of credential:link says; a lost
// factor is no matter of recovery codes, but of the host.
const document = `
id: %[1]s
name: %[2]s
origins: ["%[3]s"]
signUp: {enabled: false}
sessions: {lifetime: %[4]s, idle: %[5]s}
mfa:
  enabled: true
  required: true
  enrollment: signup
  methods:
    - {type: totp, enabled: true, allowBackupCodes: false}
    - {type: passkey, enabled: %[6]t, allowBackupCodes: false}
passkeys: {rpId: "%[7]s", origins: ["%[3]s"]}
scopes:
  - {scope: "credential:link", floor: {withoutMfa: "urn:stepup:mfa"}}
  - {scope: "credential:unlink", floor: {withoutMfa: "urn:stepup:mfa"}}
`

const developmentLimits = `
limits:
  codesPerAddress: {count: 100, per: 10m}
  codesPerSession: {count: 100, per: 10m}
  codesPerAccount: {count: 100, per: 10m}
  codesPerAccountHour: 1000
  codesPerIP: {count: 1000, per: 10m}
`

// Document is the document of the reserved environment of a console at the address.
// Passkeys need a name: at an IP address there are none.
func Document(consoleURL string, development bool) (*environment.Environment, error) {
	u, err := url.Parse(consoleURL)
	if err != nil || u.Host == "" {
		return nil, fmt.Errorf("the console has no address: %q", consoleURL)
	}
	host := strings.ToLower(u.Hostname())
	_, notIP := netip.ParseAddr(host)
	passkeys, rpID := notIP != nil, host
	if !passkeys {
		rpID = "localhost"
	}
	origin := u.Scheme + "://" + strings.ToLower(u.Host)
	text := fmt.Sprintf(document, environment.Operators, nameAt(host), origin, AbsoluteLimit, IdleLimit, passkeys, rpID)
	if development {
		text += developmentLimits
	}
	if !passkeys {
		text = strings.Replace(text, "passkeys: {rpId: \"localhost\", origins: [\""+origin+"\"]}\n", "", 1)
	}
	env, err := environment.Parse([]byte(text))
	if err != nil {
		return nil, fmt.Errorf("the operators' environment: %w", err)
	}
	return env, nil
}

// nameAt is what authenticator apps and passkeys call the console.
func nameAt(host string) string {
	name := "Console of " + host
	if len(name) > 90 {
		return "Console"
	}
	return name
}

// Address is where the console was when it last started; store.ErrNotFound: it never was.
func Address(tx *store.Tx) (string, error) {
	row, err := tx.ReservedEnvironment(environment.Operators)
	if err != nil {
		return "", err
	}
	env, err := environment.Parse([]byte(row.Document))
	if err != nil {
		return "", err
	}
	return env.Origins[0], nil
}

// Ensure makes the reserved environment, or brings it to what the code says now.
func Ensure(c who.Caller, tx *store.Tx, consoleURL string, development bool) error {
	env, err := Document(consoleURL, development)
	if err != nil {
		return err
	}
	row, err := tx.ReservedEnvironment(environment.Operators)
	isNew := errors.Is(err, store.ErrNotFound)
	if err != nil && !isNew {
		return err
	}
	text := string(env.YAML())
	if row.Document == text {
		return nil
	}
	err = tx.PutReservedEnvironment(store.EnvironmentRow{ID: env.ID, Name: env.Name, Document: text, Revision: row.Revision})
	if err != nil {
		return fmt.Errorf("making the operators' environment: %w", err)
	}
	if isNew {
		if _, err := token.Create(tx, env.ID, env.Tokens.Algorithm, time.UnixMilli(0)); err != nil {
			return err
		}
	}
	c.By.EnvironmentID = env.ID
	return audit.Record(tx, c.By, "console.prepared", audit.Detail{"revision": row.Revision + 1, "url": consoleURL})
}
