package bench_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/method/totp"
	"github.com/stepup-auth/stepup/internal/operate"
	"github.com/stepup-auth/stepup/internal/seal"
	"github.com/stepup-auth/stepup/internal/secret"
	"github.com/stepup-auth/stepup/internal/server/servertest"
	"github.com/stepup-auth/stepup/internal/serviceauth"
	"github.com/stepup-auth/stepup/internal/session"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/tenant"
	"github.com/stepup-auth/stepup/internal/token"
	"github.com/stepup-auth/stepup/internal/who"
)

// document is the environment: MFA by authenticator apps, one custom scope, and limits that no row meets.
const document = `id: ` + servertest.A + `
name: Bench
origins: ["https://app.example"]
signUp: {enabled: true}
sessions: {lifetime: 30d, idle: 30d}
mfa: {methods: [{type: totp, enabled: true}]}
limits:
  codesPerAddress: {count: 1000000, per: 10m}
  codesPerSession: {count: 1000000, per: 10m}
  codesPerAccount: {count: 1000000, per: 10m}
  codesPerAccountHour: 1000000
  codesPerHour: 1000000
  codesPerIP: {count: 1000000, per: 10m}
scopes:
  - {scope: "transfer:create", audience: "https://bank.example"}
`

// person is somebody who is signed in and has an authenticator app.
type person struct {
	header http.Header
	secret []byte
}

var by = who.Caller{By: audit.By{Actor: "system", RequestID: "bench"}}

// fill makes the environment and its users by the code of the server, with a session
// token for each and a token to spend for each of them.
func (s *subject) fill(t *testing.T, url string, key secret.Text) {
	t.Helper()
	box, err := seal.ParseMasterKey(key)
	if err != nil {
		t.Fatal(err)
	}
	db, err := store.Open(t.Context(), store.Config{URL: url, Box: box})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(db.Write(t.Context(), func(tx *store.Tx) error {
		if _, err := operate.Apply(by, tx, []byte(document), operate.ApplyOptions{MayWeaken: true}); err != nil {
			return err
		}
		text, _, err := serviceauth.Create(by, tx,
			serviceauth.New{Name: "guard", EnvironmentID: servertest.A, Scopes: []string{serviceauth.TokensConsume}})
		s.guard = text.Reveal()
		return err
	}))
	registry := tenant.NewRegistry(db, publicURL, time.Now)
	at, err := registry.Load(context.Background(), servertest.A)
	must(err)
	const batch = 500
	for len(s.people) < *users {
		var people []person
		var tokens []string
		must(db.Write(t.Context(), func(tx *store.Tx) error {
			people, tokens = nil, nil
			for range batch {
				p, text, err := newPerson(tx, at, len(s.people)+len(people))
				if err != nil {
					return err
				}
				people, tokens = append(people, p), append(tokens, text)
			}
			return nil
		}))
		s.people, s.tokens = append(s.people, people...), append(s.tokens, tokens...)
	}
	s.grow(t, db)
	if s.admin != nil {
		must(db.Write(t.Context(), func(tx *store.Tx) error {
			_, err := tx.Exec(`ANALYZE`)
			return err
		}))
	}
}

// grow adds what a server has gathered in years, in the shape of what the code writes:
// users with an address and a session, tokens that were consumed, and nonces whose time is over.
func (s *subject) grow(t *testing.T, db *store.DB) {
	t.Helper()
	const numbers = `WITH RECURSIVE n (i) AS (SELECT CAST($1 AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i + 1 < $2) `
	hex := `printf('%032x', i)`
	hash := `CAST(printf('%032x', i) AS BLOB)`
	if db.Engine() == store.Postgres {
		hex, hash = `lpad(to_hex(i), 32, '0')`, `decode(lpad(to_hex(i), 32, '0'), 'hex')`
	}
	in := func(rows int, statements ...string) {
		const batch = 50_000
		for from := 0; from < rows; from += batch {
			if err := db.Write(t.Context(), func(tx *store.Tx) error {
				for _, statement := range statements {
					if _, err := tx.Exec(numbers+statement, from, min(rows, from+batch)); err != nil {
						return fmt.Errorf("%w: %s", err, statement)
					}
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
		}
	}
	now := time.Now()
	in(*grown, fmt.Sprintf(`INSERT INTO users (id, environment_id, profile, created_at) SELECT 'u' || %s, '%s', '{}', %d FROM n`,
		hex, servertest.A, now.UnixMilli()),
		fmt.Sprintf(`INSERT INTO credentials (id, environment_id, user_id, format, identifier, public_identifier, sign_in_enabled,
				provenance, created_at)
			SELECT 'c' || %[1]s, '%[2]s', 'u' || %[1]s, 'email', i || '@grown.example', i || '@grown.example', 1, 'sign_up', %[3]d FROM n`,
			hex, servertest.A, now.UnixMilli()))
	in(*spent, fmt.Sprintf(`INSERT INTO elevated_tokens (id, environment_id, user_id, session_id, credential_id, method, scopes,
				audience, acr, single_use, epoch, issued_at, expires_at, consumed_at)
			SELECT 't' || %[1]s, '%[2]s', 'u' || %[1]s, 's' || %[1]s, 'c' || %[1]s, 'totp', 'transfer:create',
				'https://bank.example', 'urn:stepup:mfa', 1, '', %[3]d, %[3]d, %[3]d FROM n`,
		hex, servertest.A, now.UnixMilli()),
		fmt.Sprintf(`INSERT INTO spent_nonces (hash, expires_at) SELECT %s, %d FROM n`, hash, now.Add(24*time.Hour).UnixMilli()))
	in(*over, fmt.Sprintf(`INSERT INTO spent_nonces (hash, expires_at) SELECT %s, %d FROM n`,
		strings.Replace(hash, "i)", "i + 1000000000)", 1), now.Add(-time.Hour).UnixMilli()))
}

// newPerson signs somebody up with an address and an app, and steps them up once.
func newPerson(tx *store.Tx, at *tenant.Tenant, n int) (person, string, error) {
	now := tx.Now()
	userID, email, app := uuid.NewString(), uuid.NewString(), uuid.NewString()
	p := person{secret: make([]byte, totp.SecretSize)}
	rand.Read(p.secret)
	address := fmt.Sprintf("user%d@example.com", n)
	row := store.SessionRow{
		ID: uuid.NewString(), EnvironmentID: at.ID, UserID: userID, SignInCredentialID: email, SignInMethod: "email_code",
		LastVerifiedCredentialID: email, ExpiresAt: now.Add(30 * 24 * time.Hour), EndsAt: now.Add(30 * 24 * time.Hour),
	}
	sealed, err := tx.Seal("totp_devices", "sealed_secret", app, p.secret)
	if err != nil {
		return p, "", err
	}
	for _, step := range []func() error{
		func() error { return tx.InsertUser(store.UserRow{ID: userID, EnvironmentID: at.ID, Profile: "{}"}) },
		func() error {
			return tx.InsertCredential(store.CredentialRow{ID: email, EnvironmentID: at.ID, UserID: userID, Format: store.FormatEmail,
				Identifier: address, PublicIdentifier: address, SignInEnabled: true, Provenance: store.ProvenanceSignUp})
		},
		func() error {
			return tx.InsertCredential(store.CredentialRow{ID: app, EnvironmentID: at.ID, UserID: userID, Format: store.FormatTOTP,
				Identifier: app, PublicIdentifier: "Authenticator app", Provenance: store.ProvenanceElevatedToken})
		},
		func() error {
			_, err := tx.Exec(`INSERT INTO totp_devices (credential_id, environment_id, user_id, sealed_secret, last_step, epoch)
				SELECT $1, $2, $3, $4, $5, epoch FROM current_epoch`, app, at.ID, userID, sealed, 0)
			return err
		},
		func() error { return tx.InsertSession(row) },
	} {
		if err := step(); err != nil {
			return p, "", err
		}
	}
	tokens, err := session.Sign(at, row, session.About{Scope: "user:basic"}, now)
	if err != nil {
		return p, "", err
	}
	p.header = http.Header{"Authorization": {"Bearer " + tokens.Minified}}
	elevated := store.ElevatedTokenRow{
		ID: uuid.NewString(), EnvironmentID: at.ID, UserID: userID, SessionID: row.ID, CredentialID: app, Method: "totp",
		Scopes: []string{"transfer:create"}, Audience: "https://bank.example", ACR: "urn:stepup:mfa", SingleUse: true,
		IssuedAt: now, ExpiresAt: now.Add(24 * time.Hour),
	}
	if err := tx.InsertElevatedToken(elevated); err != nil {
		return p, "", err
	}
	text, err := at.Keys.Sign(now, token.Elevated, map[string]any{
		"iss": at.Issuer, "aud": elevated.Audience, "sub": userID, "sid": row.ID, "environment_id": at.ID, "scope": "transfer:create",
		"singleUse": true, "jti": elevated.ID, "iat": now.Unix(), "exp": now.Add(300 * time.Second).Unix(), "auth_time": now.Unix(),
		"acr": elevated.ACR, "amr": []string{"otp"}, "credential_id": app,
	})
	return p, text, err
}
