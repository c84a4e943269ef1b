// Package account is what we know of users: their credentials, where each came
// from, and their profile. Its invariants: an identifier belongs to at most one
// user of an environment, accounts are never joined by an address, and a
// credential linked with nothing counts for nothing until a proof confirms it.
package account

import (
	"github.com/stepup-auth/stepup/internal/assurance"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/policy"
	"github.com/stepup-auth/stepup/internal/store"
)

// Person reads what policy needs to know of a user inside one transaction.
func Person(tx *store.Tx, env *environment.Environment, userID, signInCredentialID string) (policy.Person, error) {
	rows, err := tx.Credentials(env.ID, userID)
	if err != nil {
		return policy.Person{}, err
	}
	person := policy.Person{SignInCredentialID: signInCredentialID}
	for _, row := range rows {
		kind := kindOf(row.Format)
		if kind == "" {
			continue
		}
		person.Means = append(person.Means, policy.Means{
			ID: row.ID, Kind: kind, Format: row.Format, Alias: row.PublicIdentifier, Counts: row.SignInEnabled && Counts(env, row),
		})
	}
	return person, nil
}

// Counts reports whether a credential may sign in and step up. One linked with
// nothing does so only under the old version, or once it was confirmed.
func Counts(env *environment.Environment, c store.CredentialRow) bool {
	return c.Confirmed() || env.MinAPIVersion == environment.Version20260101
}

// Email is the address shown as the user's: the oldest that counts and that no
// other one which counts takes the place of; without any, the oldest there is.
func Email(env *environment.Environment, rows []store.CredentialRow) string {
	replaced := map[string]bool{}
	for _, row := range rows {
		if Counts(env, row) {
			replaced[row.Replaces] = true
		}
	}
	shown, counts := "", false
	for _, row := range rows {
		if row.Format != store.FormatEmail {
			continue
		}
		better := Counts(env, row) && !replaced[row.ID] && !counts
		if better || shown == "" {
			shown, counts = row.PublicIdentifier, better
		}
	}
	return shown
}

func kindOf(format string) assurance.Kind {
	if format == store.FormatEmail {
		return assurance.EmailCode
	}
	return ""
}
