package account

import (
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/stepup-auth/stepup/internal/assurance"
	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/deliver"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/limit"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/who"
)

// MarkLife is how long a second factor given in a session may show and replace
// recovery codes.
const MarkLife = 5 * time.Minute

// Marked reports whether a second factor was given in the session so recently.
func Marked(tx *store.Tx, s store.SessionRow) bool {
	return !s.MFAMarkAt.IsZero() && tx.Now().Sub(s.MFAMarkAt) < MarkLife
}

// Given reports whether a second factor was given in the session so recently,
// be it one that was linked with nothing, which shows no recovery codes.
func Given(tx *store.Tx, s store.SessionRow) bool {
	return !s.MFAAt.IsZero() && tx.Now().Sub(s.MFAAt) < MarkLife
}

// IsFactor reports whether a credential is an MFA method: an authenticator app
// or a passkey. Recovery codes stand in for one, but are none.
func IsFactor(c store.CredentialRow) bool { return KindOf(c.Format).Method.Factor() }

// StepsUp reports whether a credential is a second factor or stands in for one.
// Taking it away needs a proof under every version.
func StepsUp(c store.CredentialRow) bool { return KindOf(c.Format).Method.MFA() }

// standsIn reports whether a credential stands in for second factors: a set of
// recovery codes.
func standsIn(c store.CredentialRow) bool { return StepsUp(c) && !IsFactor(c) }

// Owes reports whether the session still owes a second factor before it may do
// anything but give or enrol one: it has one and must give it at every sign-in,
// or it has none and must enrol one.
func (k Known) Owes(env *environment.Environment) bool { return owes(env, k.rows, k.session) }

func owes(env *environment.Environment, rows []store.CredentialRow, s store.SessionRow) bool {
	enrolled := slices.ContainsFunc(rows, func(row store.CredentialRow) bool { return IsFactor(row) && Counts(env, row) })
	if !enrolled {
		return env.MFA.EnrolsAtSignUp()
	}
	return env.MFA.Enabled && s.MFAAt.IsZero()
}

// SessionScope is the scope claim of a session's tokens (wire reference 2).
func SessionScope(env *environment.Environment, rows []store.CredentialRow, s store.SessionRow) string {
	if s.Unregistered { // first: until then nothing else may be done about it
		return "device:register"
	}
	if owes(env, rows, s) {
		return "requiresAdditionalAuth"
	}
	return "user:basic"
}

// firstFactor ends what weaker proofs began when a user's first MFA method is
// verified: elevated tokens below it, changes of address, challenges and
// enrolments still open. before is what the user had until now.
func firstFactor(c who.Caller, tx *store.Tx, before []store.CredentialRow, added store.CredentialRow) error {
	if !IsFactor(added) || !Counts(c.Tenant.Environment, added) ||
		slices.ContainsFunc(before, func(row store.CredentialRow) bool { return IsFactor(row) && Counts(c.Tenant.Environment, row) }) {
		return nil
	}
	strong := [2]string{string(assurance.MFA), string(assurance.PHR)}
	if _, err := tx.RevokeWeaker(c.Tenant.ID, added.UserID, strong, "first factor enrolled"); err != nil {
		return err
	}
	return tx.DropBegun(c.Tenant.ID, added.UserID, c.Prompt)
}

// removable refuses to take away the last factor of a user who must have one.
func removable(env *environment.Environment, rows []store.CredentialRow, gone store.CredentialRow) error {
	if !IsFactor(gone) || !env.MFA.EnrolsAtSignUp() || !Counts(env, gone) {
		return nil
	}
	for _, row := range rows {
		if row.ID != gone.ID && IsFactor(row) && Counts(env, row) && env.MFA.Enables(row.Format) {
			return nil
		}
	}
	return fault.New(fault.LastFactor,
		"This is your last second factor, and this app requires one. Add another one first, then remove this.")
}

// orphaned is the set of recovery codes that stands in for factors of which
// none is left; "" when some are.
func orphaned(rows []store.CredentialRow, gone store.CredentialRow) string {
	set := ""
	for _, row := range rows {
		switch {
		case row.ID == gone.ID:
		case IsFactor(row):
			return ""
		case standsIn(row):
			set = row.ID
		}
	}
	if !IsFactor(gone) {
		return ""
	}
	return set
}

// MaxAlias is how long the name of a factor may be, in bytes.
const MaxAlias = 64

// renames bounds how often one account's factors are renamed, since each time its
// owner is written to.
var renames = environment.Rate{Count: 10, Per: environment.Duration(time.Hour)}

// Rename gives a factor another name and tells its owner, for whom the name is how
// they know it: a session alone may do it, so it may be somebody else's doing.
func Rename(c who.Caller, tx *store.Tx, row store.CredentialRow, alias string) error {
	alias = strings.TrimSpace(alias)
	switch {
	case alias == "" || len(alias) > MaxAlias:
		return fault.New(fault.InvalidRequest, "An alias has 1 to %d bytes.", MaxAlias)
	case !seen(alias):
		return fault.New(fault.InvalidRequest, "There is a character in the alias that nobody sees. Type it anew, without pasting.")
	case alias == row.PublicIdentifier:
		return nil
	}
	ok, wait, err := limit.Take(tx, limit.For(tx, "renames", c.Tenant.ID, row.UserID), renames)
	if err != nil {
		return err
	}
	if !ok {
		return fault.AtLimit("renames", fault.RateLimited,
			"The factors of this account were renamed %d times within an hour. Wait until some of that has passed.", renames.Count).
			After(wait)
	}
	if err := tx.DescribeCredential(c.Tenant.ID, row.UserID, row.ID, alias, row.Detail); err != nil {
		return err
	}
	held, err := tx.Credentials(c.Tenant.ID, row.UserID)
	if err != nil {
		return err
	}
	what := inWords(row)
	what.Now = alias
	news := renamed(what)
	for _, address := range held {
		if address.Confirmed() {
			if err := Notify(c, tx, address, deliver.Notice{At: tx.Now()}, news); err != nil {
				return err
			}
		}
	}
	return audit.RecordPersonal(tx, c.By, "credential.renamed", audit.Detail{"credential_id": row.ID},
		audit.Detail{"from": row.PublicIdentifier, "to": alias})
}

// seen reports whether people see every character of a name. What joins and colours
// emoji is taken behind one.
func seen(name string) bool {
	if !utf8.ValidString(name) {
		return false
	}
	emoji := false
	for _, r := range name {
		joins := emoji && (r == '\ufe0f' || r == '\u200d')
		hidden := !unicode.IsPrint(r) || r == '\u2800' ||
			unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
		if hidden && !joins {
			return false
		}
		emoji = joins || unicode.In(r, unicode.So, unicode.Sk)
	}
	return true
}

// Owing refuses what a session that still owes a second factor may not do.
func Owing() *fault.Error {
	return fault.New(fault.AdditionalAuthRequired,
		"This session still owes a second factor: give one, or enrol one, and try again.")
}
