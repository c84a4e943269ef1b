// Package operate is what operators do: apply an environment, rotate its keys,
// disable a user. The admin API and the command line call the same functions,
// so neither is a way round the other; each writes its audit entry in its own
// transaction.
package operate

import (
	"errors"
	"fmt"
	"time"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/deliver"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/outbox"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/tenant"
	"github.com/stepup-auth/stepup/internal/token"
	"github.com/stepup-auth/stepup/internal/who"
)

// Applied says what applying a document did.
type Applied struct {
	ID       string               `json:"id"`
	Revision int64                `json:"revision"`
	Created  bool                 `json:"created"`
	Changes  []environment.Change `json:"changes"`
	Warnings []string             `json:"warnings"` // what else the operator should know
}

// Weakens lists what an attacker gains from the change.
func (a Applied) Weakens() []string {
	var list []string
	for _, change := range a.Changes {
		if change.Weakens != "" {
			list = append(list, change.String())
		}
	}
	return list
}

// ApplyOptions bound what an application may do.
type ApplyOptions struct {
	ID        string   // the document must be of this environment; empty: any
	MayWeaken bool     // without it a weakening change is refused
	DryRun    bool     // judge and report, change nothing
	Operators []string // mailed when rules are weakened

	NoWeakening bool // a weakening change is refused, although the caller might make it

	Accepting bool // the document may name another version than the one in force

	Read      int64 // the revision that the document was made from; another in force is a conflict. 0: any
	RevertsTo int64 // the revision that the document is of; 0: it is a new one

	// Prove is asked for each scope of [Applied.StepUps] before anything is changed; nil:
	// who may weaken needs no step-up.
	Prove func(stepup.Scope) error

	Senders deliver.Senders // what mail may come from; the zero value judges nothing
}

// Preview is what [Apply] would do where there is no database yet.
func Preview(document []byte) (Applied, error) {
	next, err := ReadDocument(document)
	if err != nil {
		return Applied{}, err
	}
	if err := environment.CheckApply(nil, next); err != nil {
		return Applied{}, fault.New(fault.EnvironmentVersionCannotGoBack, "%s", err.Error())
	}
	return Applied{ID: next.ID, Created: true, Changes: environment.Compare(nil, next), Warnings: beginsOlder(nil, next)}, nil
}

// ReadDocument reads an environment document, and says of one that is none what is wrong with it.
func ReadDocument(document []byte) (*environment.Environment, error) {
	env, err := environment.Parse(document)
	if err == nil && env.ID == environment.Operators {
		return nil, fault.New(fault.EnvironmentNotFound, "There is no environment %s, nor can there be: the id is kept for the server "+
			"itself. Give the environment another one.", env.ID)
	}
	return env, invalid(err)
}

// invalid is the refusal of a document, with all its problems and their lines; nil of nil.
func invalid(err error) error {
	var problems environment.Problems
	switch {
	case err == nil:
		return nil
	case errors.As(err, &problems):
		return fault.New(fault.InvalidEnvironmentDocument, "The document has %d problem(s):\n%s", len(problems), problems.Error()).
			With(map[string]any{"problems": problems}).Because(problems)
	}
	return fault.New(fault.InvalidEnvironmentDocument, "%s", err.Error())
}

// Apply makes a document the environment's. All problems of a document are
// reported at once, each with its line.
func Apply(c who.Caller, tx *store.Tx, document []byte, o ApplyOptions) (Applied, error) {
	next, err := ReadDocument(document)
	if err != nil {
		return Applied{}, err
	}
	if o.ID != "" && next.ID != o.ID {
		return Applied{}, fault.New(fault.InvalidEnvironmentDocument, "The document is of environment %s, but was sent to %s.",
			next.ID, o.ID)
	}
	row, err := tx.LockEnvironment(next.ID)
	var old *environment.Environment
	switch {
	case errors.Is(err, store.ErrNotFound):
		if err := refuseDeleted(tx, next.ID); err != nil {
			return Applied{}, err
		}
	case err != nil:
		return Applied{}, err
	default:
		if old, err = environment.Parse([]byte(row.Document)); err != nil {
			return Applied{}, err
		}
	}
	if err := checkRead(tx, row, next.ID, o.Read); err != nil {
		return Applied{}, err
	}
	if old != nil {
		environment.KeepVersions(document, old, next)
	}
	if err := environment.CheckApply(old, next); err != nil {
		return Applied{}, fault.New(fault.EnvironmentVersionCannotGoBack, "%s", err.Error())
	}
	if err := checkVersion(old, next, o); err != nil {
		return Applied{}, err
	}
	if err := refuseNew(o.Senders, old, next); err != nil {
		return Applied{}, err
	}
	applied := Applied{ID: next.ID, Revision: row.Revision, Created: old == nil, Changes: environment.Compare(old, next),
		Warnings: beginsOlder(old, next)}
	dropped, err := droppedEntries(tx, old, next)
	if err != nil {
		return applied, err
	}
	applied.Warnings = append(applied.Warnings, dropped.warnings...)
	if old != nil && len(applied.Changes) == 0 || o.DryRun {
		return applied, nil
	}
	weakens := append(applied.Weakens(), beginsOlder(old, next)...)
	if err := mayWeaken(applied, weakens, o); err != nil {
		return applied, err
	}
	if err := tx.PutEnvironment(next.ID, next.Name, string(next.YAML()), row.Revision); err != nil {
		if errors.Is(err, store.ErrConflict) || store.IsUnique(err) {
			return applied, fault.New(fault.Conflict, "The environment changed meanwhile. Read it again and retry.").Because(err)
		}
		return applied, err
	}
	applied.Revision++
	if err := keepRevision(c, tx, next, kept{applied, weakens, o.RevertsTo}); err != nil {
		return applied, err
	}
	if err := dropped.forget(tx); err != nil {
		return applied, err
	}
	if err := keepKey(c, tx, old, next); err != nil {
		return applied, err
	}
	c.By.EnvironmentID = next.ID
	if err := endUnproven(c, tx, old, next); err != nil {
		return applied, err
	}
	if old != nil && old.RegistersDevices() && !next.RegistersDevices() { // what is not minded must not be trusted later
		if err := endDevices(c, tx, next.ID); err != nil {
			return applied, err
		}
	}
	said := next
	if old != nil {
		said = old // a document that weakens does not choose what the warning about it looks like
	}
	if err := warn(c, tx, said, weakens, o.Operators); err != nil {
		return applied, err
	}
	detail := audit.Detail{
		"revision": applied.Revision, "created": applied.Created, "changes": applied.Changes, "weakens": weakens,
	}
	if o.RevertsTo != 0 {
		detail["reverts_to"] = o.RevertsTo
	}
	return applied, audit.Record(tx, c.By, "environment.applied", detail)
}

// endDevices makes all devices of an environment unknown, and ends the sessions that
// wait for theirs: nobody has opened their links, and nobody will.
func endDevices(c who.Caller, tx *store.Tx, environmentID string) error {
	devices, err := tx.ForgetDevices(environmentID, "", "")
	if err != nil {
		return err
	}
	const reason = "device registration turned off"
	sessions, err := tx.RevokeUnregistered(environmentID, reason)
	if err != nil || devices == 0 && sessions == 0 {
		return err
	}
	if err := audit.Record(tx, c.By, "devices.revoked", audit.Detail{"count": devices, "reason": reason}); err != nil {
		return err
	}
	return audit.Record(tx, c.By, "sessions.revoked", audit.Detail{"count": sessions, "reason": reason})
}

// checkVersion holds the version to the one in force, which changes by accepting
// alone. A new environment began at the newest, unless the caller may say otherwise.
func checkVersion(old, next *environment.Environment, o ApplyOptions) error {
	if old == nil {
		if next.CreatedAtVersion != environment.Newest && !o.MayWeaken {
			return fault.New(fault.InsufficientServiceScope,
				"A new environment that names an older createdAtVersion may go back to its rules, which needs environments.weaken.")
		}
		return nil
	}
	if old.MinAPIVersion != next.MinAPIVersion && !o.Accepting {
		return fault.New(fault.InvalidEnvironmentDocument,
			"minApiVersion: %s is in force, and the document says %s. The version changes by accepting alone (stepup env accept %s): "+
				"write minApiVersion: %q, or leave the line out.",
			old.MinAPIVersion, next.MinAPIVersion, old.ID, old.MinAPIVersion)
	}
	return nil
}

// beginsOlder warns of a new environment that may go by older rules.
func beginsOlder(old, next *environment.Environment) []string {
	if old != nil || next.CreatedAtVersion == environment.Newest {
		return []string{}
	}
	return []string{fmt.Sprintf("createdAtVersion: the environment begins at %s, and may go by its rules. One that has accepted %s "+
		"anywhere, under this id, must not begin again: leave createdAtVersion and minApiVersion out.",
		next.CreatedAtVersion, environment.Newest)}
}

// keepKey makes the first signing key, or a new one when the algorithm changed.
func keepKey(c who.Caller, tx *store.Tx, old, next *environment.Environment) error {
	if old == nil {
		signsAtOnce := time.UnixMilli(0) // also by the clock of a node that is behind the database's
		_, err := token.Create(tx, next.ID, next.Tokens.Algorithm, signsAtOnce)
		return err
	}
	if old.Tokens.Algorithm == next.Tokens.Algorithm {
		return nil
	}
	_, err := rotate(c, tx, next, false)
	return err
}

func warn(c who.Caller, tx *store.Tx, env *environment.Environment, weakens, operators []string) error {
	if len(weakens) == 0 {
		return nil
	}
	for _, operator := range operators {
		message := deliver.EnvironmentWeakened(deliver.Weakened{EnvironmentName: env.Name, From: tenant.Sender(env, ""), To: operator,
			At: tx.Now(), Actor: c.By.Actor, Changes: weakens, Style: tenant.StyleOf(env)})
		if err := outbox.Enqueue(tx, env.ID, message, outbox.NoticeLife); err != nil {
			return err
		}
	}
	return nil
}

// RotateKeys makes a new signing key for the environment and returns its kid.
func RotateKeys(c who.Caller, tx *store.Tx, environmentID string, atOnce bool) (string, error) {
	row, err := tx.LockEnvironment(environmentID)
	if errors.Is(err, store.ErrNotFound) {
		return "", fault.New(fault.EnvironmentNotFound, "There is no environment with this id.")
	}
	if err != nil {
		return "", err
	}
	env, err := environment.Parse([]byte(row.Document))
	if err != nil {
		return "", err
	}
	// The revision moves, so that every node loads the keys again.
	if err := tx.PutEnvironment(env.ID, env.Name, row.Document, row.Revision); err != nil {
		return "", err
	}
	return rotate(c, tx, env, atOnce)
}

func rotate(c who.Caller, tx *store.Tx, env *environment.Environment, atOnce bool) (string, error) {
	kid, err := token.Rotate(tx, env.ID, env.Tokens.Algorithm, env.Tokens.RotationGrace.Std(), atOnce)
	if err != nil {
		return "", err
	}
	c.By.EnvironmentID = env.ID
	return kid, audit.Record(tx, c.By, "keys.rotated", audit.Detail{"kid": kid, "at_once": atOnce, "algorithm": env.Tokens.Algorithm})
}

// SetUserDisabled closes or reopens an account; closing ends all its sessions.
func SetUserDisabled(c who.Caller, tx *store.Tx, environmentID, userID string, disabled bool) error {
	c.By.EnvironmentID = environmentID
	if err := tx.DisableUser(environmentID, userID, !disabled); err != nil {
		return err
	}
	if !disabled {
		return audit.Record(tx, c.By.Concerning(userID), "user.enabled", nil)
	}
	t, err := tenantOf(tx, environmentID)
	if err != nil {
		return err
	}
	user, err := tx.LockUser(environmentID, userID)
	if err != nil {
		return err
	}
	if err := account.StopRecovery(on(c, t, userID), tx, user.RecoveryID, "the user was disabled"); err != nil {
		return err
	}
	n, err := tx.RevokeSessions(environmentID, userID, "user disabled")
	if err != nil {
		return err
	}
	if _, err := tx.ForgetDevices(environmentID, userID, ""); err != nil {
		return err
	}
	return audit.Record(tx, c.By.Concerning(userID), "user.disabled", audit.Detail{"sessions_revoked": n})
}

// RevokeSessions ends all sessions of a user, makes all devices of theirs unknown again,
// and returns how many sessions there were.
func RevokeSessions(c who.Caller, tx *store.Tx, environmentID, userID string) (int64, error) {
	if _, err := tx.LockUser(environmentID, userID); err != nil {
		return 0, err
	}
	n, err := tx.RevokeSessions(environmentID, userID, "operator")
	if err != nil {
		return 0, err
	}
	if _, err := tx.ForgetDevices(environmentID, userID, ""); err != nil {
		return 0, err
	}
	c.By.EnvironmentID = environmentID
	return n, audit.Record(tx, c.By.Concerning(userID), "sessions.revoked", audit.Detail{"count": n})
}

// ResetMFA takes all second factors of a user away, with everything that came
// from them, and says how many there were. The user signs in again with what is
// left; nothing here can be used in their place.
func ResetMFA(c who.Caller, tx *store.Tx, environmentID, userID string) (int, error) {
	t, err := tenantOf(tx, environmentID)
	if err != nil {
		return 0, err
	}
	user, err := tx.LockUser(environmentID, userID)
	if err != nil {
		return 0, err
	}
	n, err := account.ResetFactors(on(c, t, userID), tx)
	if err != nil || n == 0 {
		return n, err
	}
	return n, keepApart(c, tx, user, account.MFAReset)
}

// Settle decides about a disputed factor or address of a user, or about an address
// that an undo link of an earlier version put back.
func Settle(c who.Caller, tx *store.Tx, environmentID, userID string, d account.Decision) error {
	t, err := tenantOf(tx, environmentID)
	if err != nil {
		return err
	}
	user, err := tx.LockUser(environmentID, userID)
	if err != nil {
		return err
	}
	rows, err := tx.Credentials(environmentID, userID)
	if err != nil {
		return err
	}
	if err := undisturbed(tx, user, ""); err != nil {
		return err
	}
	if err := account.Settle(on(c, t, userID), tx, d); err != nil {
		return err
	}
	kind := account.AddressChange
	for _, row := range rows {
		if row.ID == d.CredentialID && account.StepsUp(row) {
			if d.Keep {
				return nil
			}
			kind = account.MFAReset
		}
	}
	return keepApart(c, tx, user, kind)
}

// on is an operator who acts on a user of an environment.
func on(c who.Caller, t *tenant.Tenant, userID string) who.Caller {
	c.Tenant, c.By.EnvironmentID = t, t.ID
	return c.Concerning(userID)
}

// tenantOf is an environment as far as writing to its users goes.
func tenantOf(tx *store.Tx, environmentID string) (*tenant.Tenant, error) {
	row, err := tx.Environment(environmentID)
	if errors.Is(err, store.ErrNotFound) {
		return nil, fault.New(fault.EnvironmentNotFound, "There is no environment with this id.")
	}
	if err != nil {
		return nil, err
	}
	return tenant.New(row, "")
}

func join(lines []string) string {
	text := ""
	for _, line := range lines {
		text += "- " + line + "\n"
	}
	return text
}
