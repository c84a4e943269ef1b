package account

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/deliver"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/who"
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
func SignIn(c who.Caller, tx *store.Tx, a Address, credential *store.CredentialRow) (
	userID string, row store.CredentialRow, isNew bool, err error,
) {
	if credential == nil {
		if !c.Tenant.SignUp.Enabled {
			return "", row, false, fault.New(fault.SignUpDisabled, "There is no account for this address, and sign-up is closed.")
		}
		return signUp(c, tx, a, store.ProvenanceSignUp)
	}
	user, err := tx.LockUser(c.Tenant.ID, credential.UserID)
	if errors.Is(err, store.ErrNotFound) {
		return "", row, false, fault.New(fault.Conflict, "The account was deleted a moment ago. Try again.").Because(err)
	}
	if err != nil {
		return "", row, false, err
	}
	if !user.DisabledAt.IsZero() {
		return "", row, false, fault.New(fault.UserDisabled, "This account is disabled. Ask the operator.")
	}
	row = *credential
	if !row.SignInEnabled || !Counts(c.Tenant.Environment, row) {
		if row, err = firstSignIn(c.Concerning(user.ID), tx, user, row); err != nil {
			return "", row, false, err
		}
	} else if err := proved(c, tx, user, row); err != nil {
		return "", row, false, err
	}
	row, err = describe(c.Concerning(user.ID), tx, row, a)
	return user.ID, row, false, err
}

// firstSignIn lets somebody in who was never here, by a credential that a file or an
// operator said was theirs, and that they have just proved, or whose recovery by it has
// come into effect: it is confirmed, and it alone. From then on it is for them to say
// which others are theirs. The other addresses are told.
func firstSignIn(c who.Caller, tx *store.Tx, user store.UserRow, proved store.CredentialRow) (store.CredentialRow, error) {
	refused := fault.New(fault.CredentialNotForSignIn,
		"This address was added without a proof and cannot sign in yet. Sign in with an older one and confirm it.")
	if !proved.SignInEnabled || !proved.Asserted() {
		return proved, refused
	}
	rows, err := tx.Credentials(c.Tenant.ID, user.ID)
	if err != nil {
		return proved, err
	}
	row := find(rows, proved.ID) // as it stands now that the user is locked
	switch {
	case row == nil:
		return proved, refused
	case row.Confirmed():
		return *row, nil
	}
	var confirmed store.CredentialRow
	if NeverSignedIn(user, rows) && !setLater(user, *row) {
		confirmed, err = confirm(c, tx, rows, *row, Authority{})
	} else {
		effective := false
		if confirmed, effective, err = recoverBy(c, tx, user, rows, *row); err == nil && !effective {
			err = refused
		}
	}
	if err != nil {
		return confirmed, err
	}
	everybody, err := withFormer(c, tx, rows)
	if err != nil {
		return confirmed, err
	}
	others := slices.DeleteFunc(everybody, func(other store.CredentialRow) bool { return other.ID == row.ID })
	return confirmed, tell(c, tx, others, change{brought: row.ID}, linked(inWords(confirmed)))
}

// setLater reports whether an operator set the credential of a user who was there
// before, which lets nobody in.
func setLater(user store.UserRow, row store.CredentialRow) bool {
	return row.Provenance == store.ProvenanceOperator && row.CreatedAt.After(user.CreatedAt)
}

// NeverSignedIn reports whether nobody was ever here as this user, so that all that is
// known of their credentials is what a file or an operator says.
func NeverSignedIn(user store.UserRow, rows []store.CredentialRow) bool {
	return user.FirstVisitAt.IsZero() &&
		!slices.ContainsFunc(rows, func(row store.CredentialRow) bool { return row.Confirmed() || !row.Asserted() })
}

// describe stores what a login shows of its user as the login said it last, so that an
// address which it does not confirm any more is not shown any more.
func describe(c who.Caller, tx *store.Tx, row store.CredentialRow, a Address) (store.CredentialRow, error) {
	if !KindOf(row.Format).retold || a.Detail == row.Detail && a.Written == row.PublicIdentifier {
		return row, nil
	}
	if err := tx.DescribeCredential(row.EnvironmentID, row.UserID, row.ID, a.Written, a.Detail); err != nil {
		return row, err
	}
	row.PublicIdentifier, row.Detail = a.Written, a.Detail
	return row, audit.Record(tx, c.By, "credential.described", audit.Detail{"credential_id": row.ID})
}

func signUp(c who.Caller, tx *store.Tx, a Address, provenance string) (string, store.CredentialRow, bool, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return "", store.CredentialRow{}, false, err
	}
	profile, err := Profile{Language: deliver.Preferred(c.AcceptLanguage, deliver.Languages)}.text()
	if err != nil {
		return "", store.CredentialRow{}, false, err
	}
	if err := tx.InsertUser(store.UserRow{ID: id.String(), EnvironmentID: c.Tenant.ID, Profile: profile}); err != nil {
		return "", store.CredentialRow{}, false, err
	}
	c = c.Concerning(id.String())
	if err := audit.Record(tx, c.By, "user.created", nil); err != nil {
		return "", store.CredentialRow{}, false, err
	}
	row, err := insert(c, tx, a, Authority{Provenance: provenance}, "")
	return id.String(), row, true, err
}

// Link adds a proven address to the caller's user. from says what allowed it. The other
// addresses of the user are told.
func Link(c who.Caller, tx *store.Tx, a Address, from Authority) (store.CredentialRow, error) {
	row, before, err := link(c, tx, a, from, "")
	if err != nil || before == nil {
		return row, err
	}
	return row, tell(c, tx, before, change{brought: row.ID, from: from}, linked(inWords(row)))
}

// link is Link that tells nobody. replaces names a credential that this one is to
// take the place of. before is what the user had until then, nil if they have had
// the address all along.
func link(c who.Caller, tx *store.Tx, a Address, from Authority, replaces string) (
	row store.CredentialRow, before []store.CredentialRow, err error,
) {
	if _, err := tx.LockUser(c.Tenant.ID, c.UserID()); err != nil {
		return row, nil, err
	}
	held, err := tx.CredentialByIdentifier(c.Tenant.ID, a.Format, a.Identifier)
	switch {
	case err == nil && held.UserID == c.UserID():
		return held, nil, nil
	case err == nil:
		return held, nil, KindOf(a.Format).taken
	case !errors.Is(err, store.ErrNotFound):
		return held, nil, err
	}
	if before, err = tx.Credentials(c.Tenant.ID, c.UserID()); err != nil {
		return held, nil, err
	}
	if row, err = insert(c, tx, a, from, replaces); err != nil {
		return row, nil, err
	}
	if IsFactor(row) {
		if err := firstFactor(c, tx, before, row); err != nil {
			return row, nil, err
		}
		if err := tx.FactorsChanged(c.Tenant.ID, c.UserID()); err != nil {
			return row, nil, err
		}
	}
	return row, before, nil
}

// inWords names a credential to its owner without giving it away to others.
func inWords(c store.CredentialRow) deliver.Thing { return KindOf(c.Format).thing(c.PublicIdentifier) }

// Replace makes the new address take the place of the caller's old ones of the
// same format: linked by a proof they go at once; linked with nothing they stay
// until the new one is confirmed.
func Replace(c who.Caller, tx *store.Tx, a Address, from Authority) (store.CredentialRow, error) {
	if _, err := tx.LockUser(c.Tenant.ID, c.UserID()); err != nil {
		return store.CredentialRow{}, err
	}
	rows, err := tx.Credentials(c.Tenant.ID, c.UserID())
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
	added, before, err := link(c, tx, a, from, replaces)
	if err != nil {
		return added, err
	}
	brought := before != nil
	if from.proven() && !added.Confirmed() { // the user's own already, waiting for such a proof
		if added, err = confirm(c, tx, rows, added, from); err != nil {
			return added, err
		}
		brought = true
	}
	told := change{brought: added.ID, from: from}
	if from.proven() && old != nil {
		if told.pushed, err = pushing(c, tx, rows, *old, from); err != nil {
			return added, err
		}
		if err := pushOut(c, tx, *old, added.ID, brought); err != nil {
			return added, err
		}
	}
	if !brought && told.pushed == nil {
		return added, nil
	}
	news := linked(inWords(added))
	if old != nil {
		news = changed(a.Written)
	}
	return added, tell(c, tx, rows, told, news)
}

// pushOut removes an address that another one takes the place of. Whoever got a link
// that denies the old one may use it against a new one in its place.
func pushOut(c who.Caller, tx *store.Tx, old store.CredentialRow, successor string, isNew bool) error {
	if isNew {
		if err := tx.SucceedCredential(c.Tenant.ID, old.UserID, old.ID, successor); err != nil {
			return err
		}
	}
	return remove(c, tx, old.ID)
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

// Confirm makes a credential count that was linked with nothing, after the user has
// stepped up with an older one; the address that it is to replace goes. The other
// addresses are told once more, because only now it is worth something.
func Confirm(c who.Caller, tx *store.Tx, id string, from Authority) error {
	if _, err := tx.LockUser(c.Tenant.ID, c.UserID()); err != nil {
		return err
	}
	rows, err := tx.Credentials(c.Tenant.ID, c.UserID())
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
	confirmed, err := confirm(c, tx, rows, *row, from)
	if err != nil {
		return err
	}
	others := slices.DeleteFunc(slices.Clone(rows), func(row store.CredentialRow) bool { return row.ID == id })
	told, news := change{brought: id, from: from}, linked(inWords(confirmed))
	if old := find(rows, confirmed.Replaces); old != nil {
		if told.pushed, err = pushing(c, tx, rows, *old, from); err != nil {
			return err
		}
		if err := pushOut(c, tx, *old, id, true); err != nil {
			return err
		}
		news = changed(confirmed.PublicIdentifier)
	}
	return tell(c, tx, others, told, news)
}

// confirm makes the credential count, with all that follows where it is a second factor.
func confirm(c who.Caller, tx *store.Tx, before []store.CredentialRow, row store.CredentialRow, from Authority) (
	store.CredentialRow, error,
) {
	row.LetInBy, row.LetInMethod, row.ConfirmedAt = from.Credential, string(from.Method), tx.Now()
	if err := tx.ConfirmCredential(row); err != nil {
		return row, err
	}
	if err := tx.DropRevokeLinks(c.Tenant.ID, row.UserID, row.ID); err != nil { // those who may deny it are told anew
		return row, err
	}
	if err := audit.Record(tx, c.By, "credential.confirmed", audit.Detail{"credential_id": row.ID}); err != nil {
		return row, err
	}
	if !IsFactor(row) {
		return row, nil
	}
	if err := firstFactor(c, tx, before, row); err != nil {
		return row, err
	}
	return row, tx.FactorsChanged(c.Tenant.ID, row.UserID)
}

// find is the credential with the id; nil if there is none.
func find(rows []store.CredentialRow, id string) *store.CredentialRow {
	if i := slices.IndexFunc(rows, func(row store.CredentialRow) bool { return row.ID == id }); i >= 0 {
		return &rows[i]
	}
	return nil
}

// Unlink removes a credential of the caller's user, unless it is the last that can
// sign in. The elevated tokens that came from it die with it. from says what allowed it.
func Unlink(c who.Caller, tx *store.Tx, id string, from Authority) error {
	if _, err := tx.LockUser(c.Tenant.ID, c.UserID()); err != nil {
		return err
	}
	rows, err := tx.Credentials(c.Tenant.ID, c.UserID())
	if err != nil {
		return err
	}
	var gone *store.CredentialRow
	left := 0
	for i, row := range rows {
		if row.ID == id {
			gone = &rows[i]
		} else if row.SignInEnabled && Counts(c.Tenant.Environment, row) {
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
	if err := removable(c.Tenant.Environment, rows, *gone); err != nil {
		return err
	}
	if set := orphaned(rows, *gone); set != "" {
		if err := dropRecoverySet(c, tx, set); err != nil {
			return err
		}
	}
	told := change{from: from}
	if isAddress(*gone) {
		told.brought = gone.ID
		if told.pushed, err = pushing(c, tx, rows, *gone, from); err != nil {
			return err
		}
	}
	if err := remove(c, tx, id); err != nil {
		return err
	}
	return tell(c, tx, rows, told, unlinked(inWords(*gone)))
}

func insert(c who.Caller, tx *store.Tx, a Address, from Authority, replaces string) (store.CredentialRow, error) {
	row := store.CredentialRow{
		ID: cmp.Or(a.ID, uuid.NewString()), EnvironmentID: c.Tenant.ID, UserID: c.UserID(), Format: a.Format, Identifier: a.Identifier,
		PublicIdentifier: a.Written, SignInEnabled: KindOf(a.Format).SignsIn,
		Provenance: from.Provenance, Replaces: replaces,
		Detail: a.Detail, CreatedAt: tx.Now(), LetInBy: from.Credential, LetInMethod: string(from.Method),
	}
	if err := tx.InsertCredential(row); err != nil {
		if store.IsUnique(err) {
			return row, KindOf(a.Format).taken.Because(err)
		}
		return row, fmt.Errorf("linking: %w", err)
	}
	return row, audit.Record(tx, c.By, "credential.linked",
		audit.Detail{"credential_id": row.ID, "format": row.Format, "provenance": row.Provenance})
}

func remove(c who.Caller, tx *store.Tx, id string) error {
	if err := remember(c, tx, id); err != nil {
		return err
	}
	return forget(c, tx, id)
}

// forget is [remove] of what was not the user's.
func forget(c who.Caller, tx *store.Tx, id string) error {
	if err := tx.DeleteCredential(c.Tenant.ID, c.UserID(), id); err != nil {
		return err
	}
	return audit.Record(tx, c.By, "credential.unlinked", audit.Detail{"credential_id": id})
}
