// Package account is what we know of users: their credentials, where each came
// from, and their profile. Its invariants: an identifier belongs to at most one
// user of an environment, accounts are never joined by an address, and a
// credential linked with nothing counts for nothing until a proof confirms it.
package account

import (
	"fmt"
	"slices"
	"time"

	"github.com/stepup-auth/stepup/internal/deliver"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/policy"
	"github.com/stepup-auth/stepup/internal/store"
)

// Person reads what policy needs to know of a session's user inside one
// transaction. A means linked with nothing is left out: for every decision it
// is not there.
func Person(tx *store.Tx, env *environment.Environment, s store.SessionRow) (policy.Person, error) {
	k, err := Know(tx, s)
	if err != nil {
		return policy.Person{}, err
	}
	return k.Person(env)
}

// Known is what the store knows of a session's user, before an environment says
// what of it counts.
type Known struct {
	session store.SessionRow
	user    store.UserRow
	rows    []store.CredentialRow
	at      time.Time
}

// Know reads it, for more than one question.
func Know(tx *store.Tx, s store.SessionRow) (Known, error) {
	user, err := tx.User(s.EnvironmentID, s.UserID)
	if err != nil {
		return Known{}, err
	}
	rows, err := tx.Credentials(s.EnvironmentID, s.UserID)
	return Known{session: s, user: user, rows: rows, at: tx.Now()}, err
}

// Session is whose session it was read for.
func (k Known) Session() store.SessionRow { return k.session }

// In is the same of a session that was renewed since.
func (k Known) In(s store.SessionRow) Known {
	k.session = s
	return k
}

// As is the same of a user whose own row was changed since.
func (k Known) As(u store.UserRow) Known {
	k.user = u
	return k
}

// User is the user's own row.
func (k Known) User() store.UserRow { return k.user }

// Credentials are all that the user has, whether or not they count.
func (k Known) Credentials() []store.CredentialRow { return k.rows }

// Person is the user under the rules of env.
func (k Known) Person(env *environment.Environment) (policy.Person, error) {
	s, user, rows := k.session, k.user, k.rows
	p := policy.Person{SignInCredentialID: s.SignInCredentialID, Owes: owes(env, rows, s), HasFactor: slices.ContainsFunc(rows, IsFactor)}
	if !user.FactorsChangedAt.IsZero() {
		p.Changed, p.SinceChange = true, k.at.Sub(user.FactorsChangedAt)
	}
	p.Disputed, p.Withheld = slices.ContainsFunc(rows, store.CredentialRow.Disputed), Withheld(rows)
	for _, row := range rows {
		if KindOf(row.Format).Method == "" || !Counts(env, row) {
			continue
		}
		means, err := Means(env, row)
		if err != nil {
			return p, err
		}
		means.Default = row.ID == user.DefaultFactorID
		p.Means = append(p.Means, means)
	}
	return p, nil
}

// Means is a credential as policy sees it, as far as the credential alone says.
func Means(env *environment.Environment, row store.CredentialRow) (policy.Means, error) {
	detail, err := ReadDetail(row.Detail)
	if err != nil {
		return policy.Means{}, fmt.Errorf("reading credential %s: %w", row.ID, err)
	}
	kind := KindOf(row.Format)
	means := policy.Means{
		ID: row.ID, Kind: kind.Method, Format: row.Format, Alias: row.PublicIdentifier,
		Counts: usable(env, row, detail), Proven: row.Confirmed(),
	}
	if kind.variant != nil {
		means.Type = kind.variant(detail)
	}
	if kind.acr != nil {
		means.ACR = kind.acr(env, detail)
	}
	return means, nil
}

// Rehearses reports whether the newest rules hold for this user, who has these
// credentials, before they hold for all: the environment names the user's id, or a
// verified address that counts.
func Rehearses(env *environment.Environment, userID string, rows []store.CredentialRow) bool {
	if len(env.Rehearsal.Users) == 0 || env.MinAPIVersion == environment.Newest {
		return false
	}
	return slices.Contains(env.Rehearsal.Users, userID) || slices.ContainsFunc(rows, func(row store.CredentialRow) bool {
		return row.Format == store.FormatEmail && Counts(env, row) && slices.ContainsFunc(env.Rehearsal.Users, func(name string) bool {
			_, key, err := deliver.NormalizeEmail(name)
			return err == nil && key == row.Identifier
		})
	})
}

// Counts reports whether a credential may sign in and step up, as far as where
// it came from is concerned. One that its user linked with nothing does so only
// under the old version, or once it was confirmed; one that an operator or a file
// asserted, only then.
func Counts(env *environment.Environment, c store.CredentialRow) bool {
	return c.Confirmed() || env.MinAPIVersion == environment.Version20260101 && !c.Asserted()
}

// Usable reports whether a proof by this credential may mint anything here: it
// counts, its method is on, and it is no embedded wallet.
func Usable(env *environment.Environment, c store.CredentialRow) (bool, error) {
	detail, err := ReadDetail(c.Detail)
	return err == nil && Counts(env, c) && usable(env, c, detail), err
}

func usable(env *environment.Environment, c store.CredentialRow, detail Detail) bool {
	kind := KindOf(c.Format)
	switch {
	case detail.EmbeddedWalletID != "" || kind.Method == "":
		return false
	case kind.on != nil && !kind.on(env, detail):
		return false
	}
	return kind.Method.MFA() || c.SignInEnabled
}

// External is the person at the external login who opened a session, empty when
// the session was opened by other means.
func External(rows []store.CredentialRow, signInCredentialID string) (issuer, subject string, err error) {
	for _, row := range rows {
		if row.ID == signInCredentialID && row.Format == store.FormatExternal {
			detail, err := ReadDetail(row.Detail)
			return detail.ExternalIssuer, detail.ExternalUserID, err
		}
	}
	return "", "", nil
}

// Email is the address shown as the user's: the oldest that counts and that no
// other one which counts takes the place of; without any, the oldest there is.
func Email(env *environment.Environment, rows []store.CredentialRow) string {
	return shown(env, rows, store.FormatEmail)
}

// Phone is the number shown as the user's, chosen as [Email] is.
func Phone(env *environment.Environment, rows []store.CredentialRow) string {
	return shown(env, rows, store.FormatPhone)
}

func shown(env *environment.Environment, rows []store.CredentialRow, format string) string {
	replaced := map[string]bool{}
	for _, row := range rows {
		if Counts(env, row) {
			replaced[row.Replaces] = true
		}
	}
	shown, counts := "", false
	for _, row := range rows {
		if row.Format != format {
			continue
		}
		better := Counts(env, row) && !replaced[row.ID] && !counts
		if better || shown == "" {
			shown, counts = row.PublicIdentifier, better
		}
	}
	return shown
}
