package account

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/tenant"
)

// Address is a proven identifier.
type Address struct {
	ID         string // of the credential to be made; empty: a new one
	Format     string
	Identifier string // look-up key
	Written    string // as the person wrote it
	Detail     string // what else the credential shows of itself (JSON object of [Detail]); empty: nothing
}

// SignIn finds the user who holds the address or, where sign-up is open, makes
// one. credential is the row the proof found, nil when nobody holds the address.
func SignIn(tx *store.Tx, by audit.By, t *tenant.Tenant, a Address, credential *store.CredentialRow) (userID string, c store.CredentialRow,
	isNew bool, err error) {
	if credential == nil {
		if !t.SignUp.Enabled {
			return "", c, false, fault.New(fault.SignUpDisabled, "There is no account for this address, and sign-up is closed.")
		}
		return signUp(tx, by, t, a)
	}
	user, err := tx.LockUser(t.ID, credential.UserID)
	if errors.Is(err, store.ErrNotFound) {
		return "", c, false, fault.New(fault.Conflict, "The account was deleted a moment ago. Try again.").Because(err)
	}
	if err != nil {
		return "", c, false, err
	}
	if !user.DisabledAt.IsZero() {
		return "", c, false, fault.New(fault.UserDisabled, "This account is disabled. Ask the operator.")
	}
	if !credential.SignInEnabled || !Counts(t.Environment, *credential) {
		return "", c, false, fault.New(fault.CredentialNotForSignIn,
			"This address was added without a proof and cannot sign in yet. Sign in with an older one and confirm it.")
	}
	c, err = describe(tx, by.Concerning(user.ID), *credential, a)
	return user.ID, c, false, err
}

// describe keeps what a credential shows of itself as it was told last: an
// address that a login does not vouch for any more is not shown any more.
func describe(tx *store.Tx, by audit.By, c store.CredentialRow, a Address) (store.CredentialRow, error) {
	if !KindOf(c.Format).retold || a.Detail == c.Detail && a.Written == c.PublicIdentifier {
		return c, nil
	}
	if err := tx.DescribeCredential(c.EnvironmentID, c.UserID, c.ID, a.Written, a.Detail); err != nil {
		return c, err
	}
	c.PublicIdentifier, c.Detail = a.Written, a.Detail
	return c, audit.Record(tx, by, "credential.described", audit.Detail{"credential_id": c.ID})
}

func signUp(tx *store.Tx, by audit.By, t *tenant.Tenant, a Address) (string, store.CredentialRow, bool, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return "", store.CredentialRow{}, false, err
	}
	if err := tx.InsertUser(store.UserRow{ID: id.String(), EnvironmentID: t.ID, Profile: "{}"}); err != nil {
		return "", store.CredentialRow{}, false, err
	}
	by = by.Concerning(id.String())
	if err := audit.Record(tx, by, "user.created", nil); err != nil {
		return "", store.CredentialRow{}, false, err
	}
	c, err := insert(tx, by, t, id.String(), a, Authority{Provenance: store.ProvenanceSignUp}, "")
	return id.String(), c, true, err
}

// Link adds a proven address to the user. from says what allowed it. The other
// addresses of the user are told.
func Link(tx *store.Tx, by audit.By, t *tenant.Tenant, userID string, a Address, from Authority) (store.CredentialRow, error) {
	c, before, err := link(tx, by, t, userID, a, from, "")
	if err != nil || before == nil {
		return c, err
	}
	return c, tell(tx, t, before, change{brought: c.ID, from: from}, linked(inWords(c)))
}

// link is Link that tells nobody. replaces names a credential that this one is to
// take the place of. before is what the user had until then, nil if they have had
// the address all along.
func link(tx *store.Tx, by audit.By, t *tenant.Tenant, userID string, a Address, from Authority, replaces string) (c store.CredentialRow,
	before []store.CredentialRow, err error) {
	if _, err := tx.LockUser(t.ID, userID); err != nil {
		return c, nil, err
	}
	held, err := tx.CredentialByIdentifier(t.ID, a.Format, a.Identifier)
	switch {
	case err == nil && held.UserID == userID:
		return held, nil, nil
	case err == nil:
		return held, nil, KindOf(a.Format).taken
	case !errors.Is(err, store.ErrNotFound):
		return held, nil, err
	}
	if before, err = tx.Credentials(t.ID, userID); err != nil {
		return held, nil, err
	}
	if c, err = insert(tx, by, t, userID, a, from, replaces); err != nil {
		return c, nil, err
	}
	if IsFactor(c) {
		if err := firstFactor(tx, t.Environment, userID, before, c); err != nil {
			return c, nil, err
		}
		if err := tx.FactorsChanged(t.ID, userID); err != nil {
			return c, nil, err
		}
	}
	return c, before, nil
}

// inWords names a credential to its owner without giving it away to others.
func inWords(c store.CredentialRow) string { return KindOf(c.Format).inWords(c.PublicIdentifier) }

// Replace makes the new address take the place of the user's old ones of the
// same format: linked by a proof they go at once; linked with nothing they stay
// until the new one is confirmed.
func Replace(tx *store.Tx, by audit.By, t *tenant.Tenant, userID string, a Address, from Authority) (store.CredentialRow, error) {
	if _, err := tx.LockUser(t.ID, userID); err != nil {
		return store.CredentialRow{}, err
	}
	rows, err := tx.Credentials(t.ID, userID)
	if err != nil {
		return store.CredentialRow{}, err
	}
	if slices.ContainsFunc(rows, func(row store.CredentialRow) bool { return row.Format == a.Format && row.Disputed() }) {
		return store.CredentialRow{}, undecided()
	}
	old := primary(rows, a)
	replaces := ""
	if old != nil {
		replaces = old.ID
	}
	c, before, err := link(tx, by, t, userID, a, from, replaces)
	if err != nil {
		return c, err
	}
	brought := before != nil
	if from.proven() && !c.Confirmed() { // the user's own already, waiting for such a proof
		if c, err = confirm(tx, by, t, rows, c, from); err != nil {
			return c, err
		}
		brought = true
	}
	told := change{brought: c.ID, from: from}
	if from.proven() && old != nil {
		if told.pushed, err = pushing(tx, t, rows, *old, from); err != nil {
			return c, err
		}
		if err := pushOut(tx, by, t, *old, c.ID, brought); err != nil {
			return c, err
		}
	}
	if !brought && told.pushed == nil {
		return c, nil
	}
	news := linked(inWords(c))
	if old != nil {
		news = changed(a.Written)
	}
	return c, tell(tx, t, rows, told, news)
}

// pushOut removes an address that another one takes the place of. What somebody may
// deny about the old one they may deny about a new one.
func pushOut(tx *store.Tx, by audit.By, t *tenant.Tenant, old store.CredentialRow, successor string, isNew bool) error {
	if isNew {
		if err := tx.SucceedCredential(t.ID, old.UserID, old.ID, successor); err != nil {
			return err
		}
	}
	return remove(tx, by, t, old.UserID, old.ID)
}

// primary is the credential that a new address takes the place of: the oldest
// of its format that counts.
func primary(rows []store.CredentialRow, a Address) *store.CredentialRow {
	for i, row := range rows {
		if row.Format == a.Format && row.Identifier != a.Identifier && row.Confirmed() {
			return &rows[i]
		}
	}
	return nil
}

// Confirm lifts the mark of a credential that was linked with nothing, after
// an older one stepped up for it; what it replaces goes. The other addresses are
// told once more, because only now it is worth something.
func Confirm(tx *store.Tx, by audit.By, t *tenant.Tenant, userID, id string, from Authority) error {
	if _, err := tx.LockUser(t.ID, userID); err != nil {
		return err
	}
	rows, err := tx.Credentials(t.ID, userID)
	if err != nil {
		return err
	}
	row := find(rows, id)
	if row == nil || row.Confirmed() {
		return fault.New(fault.NothingToConfirm, "You have no credential with this id that waits to be confirmed.")
	}
	if row.Disputed() {
		return undecided()
	}
	c, err := confirm(tx, by, t, rows, *row, from)
	if err != nil {
		return err
	}
	others := slices.DeleteFunc(slices.Clone(rows), func(row store.CredentialRow) bool { return row.ID == id })
	told, news := change{brought: id, from: from}, linked(inWords(c))
	if old := find(rows, c.Replaces); old != nil {
		if told.pushed, err = pushing(tx, t, rows, *old, from); err != nil {
			return err
		}
		if err := pushOut(tx, by, t, *old, id, true); err != nil {
			return err
		}
		news = changed(c.PublicIdentifier)
	}
	return tell(tx, t, others, told, news)
}

// confirm lifts the mark, and does what a credential that comes to count does.
func confirm(tx *store.Tx, by audit.By, t *tenant.Tenant, before []store.CredentialRow, c store.CredentialRow,
	from Authority) (store.CredentialRow, error) {
	c.LetInBy, c.LetInMethod, c.ConfirmedAt = from.Credential, string(from.Method), tx.Now()
	if err := tx.ConfirmCredential(c); err != nil {
		return c, err
	}
	if err := tx.DropRevokeLinks(t.ID, c.UserID, c.ID); err != nil { // those who may deny it are told anew
		return c, err
	}
	if err := audit.Record(tx, by, "credential.confirmed", audit.Detail{"credential_id": c.ID}); err != nil {
		return c, err
	}
	if !IsFactor(c) {
		return c, nil
	}
	if err := firstFactor(tx, t.Environment, c.UserID, before, c); err != nil {
		return c, err
	}
	return c, tx.FactorsChanged(t.ID, c.UserID)
}

// find is the credential with the id; nil if there is none.
func find(rows []store.CredentialRow, id string) *store.CredentialRow {
	if i := slices.IndexFunc(rows, func(row store.CredentialRow) bool { return row.ID == id }); i >= 0 {
		return &rows[i]
	}
	return nil
}

// Unlink removes a credential, unless it is the last that can sign in. The
// elevated tokens that came from it die with it. from says what allowed it.
func Unlink(tx *store.Tx, by audit.By, t *tenant.Tenant, userID, id string, from Authority) error {
	if _, err := tx.LockUser(t.ID, userID); err != nil {
		return err
	}
	rows, err := tx.Credentials(t.ID, userID)
	if err != nil {
		return err
	}
	var gone *store.CredentialRow
	left := 0
	for i, row := range rows {
		if row.ID == id {
			gone = &rows[i]
		} else if row.SignInEnabled && Counts(t.Environment, row) {
			left++
		}
	}
	if gone == nil {
		return fault.New(fault.InvalidUnlink, "You have no credential with this id.")
	}
	if gone.Disputed() {
		return undecided()
	}
	if err := embedded(*gone); err != nil {
		return err
	}
	if left == 0 && gone.SignInEnabled {
		return fault.New(fault.LastCredential, "This is the last way to sign in. Add another one first.")
	}
	if err := removable(t.Environment, rows, *gone); err != nil {
		return err
	}
	if set := orphaned(rows, *gone); set != "" {
		if err := dropRecoverySet(tx, by, t, userID, set); err != nil {
			return err
		}
	}
	told := change{from: from}
	if isAddress(*gone) {
		told.brought = gone.ID
		if told.pushed, err = pushing(tx, t, rows, *gone, from); err != nil {
			return err
		}
	}
	if err := remove(tx, by, t, userID, id); err != nil {
		return err
	}
	return tell(tx, t, rows, told, unlinked(inWords(*gone)))
}

func insert(tx *store.Tx, by audit.By, t *tenant.Tenant, userID string, a Address, from Authority,
	replaces string) (store.CredentialRow, error) {
	c := store.CredentialRow{
		ID: cmp.Or(a.ID, uuid.NewString()), EnvironmentID: t.ID, UserID: userID, Format: a.Format, Identifier: a.Identifier,
		PublicIdentifier: a.Written, SignInEnabled: KindOf(a.Format).SignsIn,
		Provenance: from.Provenance, Replaces: replaces,
		Detail: a.Detail, CreatedAt: tx.Now(), LetInBy: from.Credential, LetInMethod: string(from.Method),
	}
	if err := tx.InsertCredential(c); err != nil {
		if store.IsUnique(err) {
			return c, KindOf(a.Format).taken.Because(err)
		}
		return c, fmt.Errorf("linking: %w", err)
	}
	return c, audit.Record(tx, by, "credential.linked", audit.Detail{"credential_id": c.ID, "format": c.Format, "provenance": c.Provenance})
}

func remove(tx *store.Tx, by audit.By, t *tenant.Tenant, userID, id string) error {
	if err := tx.DeleteCredential(t.ID, userID, id); err != nil {
		return err
	}
	return audit.Record(tx, by, "credential.unlinked", audit.Detail{"credential_id": id})
}
