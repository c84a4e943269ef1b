package account

import (
	"errors"
	"slices"

	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/deliver"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/who"
)

// Apps are a user's authenticator apps, oldest first.
type Apps struct {
	Apps      []store.CredentialRow
	Default   string                  // the factor that is offered first
	Enrolling *store.TOTPEnrolmentRow // what this session is enrolling; nil: nothing
}

// OwnApps reads the caller's authenticator apps.
func OwnApps(c who.Caller, tx *store.Tx) (Apps, error) {
	user, err := tx.User(c.Tenant.ID, c.Session.UserID)
	if err != nil {
		return Apps{}, err
	}
	rows, err := tx.Credentials(c.Tenant.ID, c.Session.UserID)
	if err != nil {
		return Apps{}, err
	}
	a := Apps{Default: defaultFactor(user, rows)}
	for _, row := range rows {
		if row.Format == store.FormatTOTP {
			a.Apps = append(a.Apps, row)
		}
	}
	enrolling, err := tx.TOTPEnrolment(c.Tenant.ID, c.Session.UserID, c.Session.ID)
	if errors.Is(err, store.ErrNotFound) {
		return a, nil
	}
	a.Enrolling = &enrolling
	return a, err
}

// defaultFactor is the factor that is offered first: the one the user chose, else the
// one added last.
func defaultFactor(user store.UserRow, rows []store.CredentialRow) string {
	last := ""
	for _, row := range rows {
		if IsFactor(row) {
			last = row.ID
			if row.ID == user.DefaultFactorID {
				return row.ID
			}
		}
	}
	return last
}

// Passkey is a passkey and the credential that it is.
type Passkey struct {
	Credential store.CredentialRow
	Row        store.PasskeyRow
}

// OwnPasskeys are the caller's, oldest first.
func OwnPasskeys(c who.Caller, tx *store.Tx) ([]Passkey, error) {
	credentials, err := tx.Credentials(c.Tenant.ID, c.Session.UserID)
	if err != nil {
		return nil, err
	}
	rows, err := tx.Passkeys(c.Tenant.ID, c.Session.UserID)
	if err != nil {
		return nil, err
	}
	var list []Passkey
	for _, row := range rows {
		if credential := find(credentials, row.CredentialID); credential != nil {
			list = append(list, Passkey{*credential, row})
		}
	}
	return list, nil
}

// OwnPasskey is one of the caller's, by our id.
func OwnPasskey(c who.Caller, tx *store.Tx, id string) (Passkey, error) {
	list, err := OwnPasskeys(c, tx)
	if err != nil {
		return Passkey{}, err
	}
	if i := slices.IndexFunc(list, func(p Passkey) bool { return p.Credential.ID == id }); i >= 0 {
		return list[i], nil
	}
	return Passkey{}, fault.New(fault.PasskeyNotFound, "You have no passkey with this id. GET /users/passkeys lists yours.")
}

// OwnFactor is one of the caller's factors.
func OwnFactor(c who.Caller, tx *store.Tx, id string) (store.CredentialRow, error) {
	rows, err := tx.Credentials(c.Tenant.ID, c.Session.UserID)
	if err != nil {
		return store.CredentialRow{}, err
	}
	if row := find(rows, id); row != nil && IsFactor(*row) {
		return *row, nil
	}
	return store.CredentialRow{}, NoDevice()
}

// NoDevice refuses an id that is not one of the user's factors.
func NoDevice() *fault.Error {
	return fault.New(fault.MFADeviceNotFound, "You have no MFA device with this id.")
}

// Describe renames one of the caller's factors, unless alias is nil, and makes it
// the one that is offered first, if it is to be.
func Describe(c who.Caller, tx *store.Tx, id string, alias *string, first bool) error {
	if _, err := tx.LockUser(c.Tenant.ID, c.Session.UserID); err != nil {
		return err
	}
	row, err := OwnFactor(c, tx, id)
	if err != nil {
		return err
	}
	if alias != nil {
		if err := Rename(c, tx, row, *alias); err != nil {
			return err
		}
	}
	if !first {
		return nil
	}
	if err := tx.SetDefaultFactor(c.Tenant.ID, c.Session.UserID, row.ID); err != nil {
		return err
	}
	return audit.Record(tx, c.By, "factor.made_default", audit.Detail{"credential_id": row.ID})
}

// RenamePasskey gives one of the caller's passkeys another name; nil: it keeps its own.
func RenamePasskey(c who.Caller, tx *store.Tx, id string, alias *string) (Passkey, error) {
	held, err := OwnPasskey(c, tx, id)
	if err != nil || alias == nil {
		return held, err
	}
	if err := Rename(c, tx, held.Credential, *alias); err != nil {
		return held, err
	}
	if err := tx.TouchPasskey(c.Tenant.ID, id); err != nil {
		return held, err
	}
	return OwnPasskey(c, tx, id)
}

// Deletion says how an account is deleted.
type Deletion struct {
	UserAgent  string   // of the request that did it; empty: it is not said
	ByOperator bool     // an operator did it, and not the user
	Abandoned  []string // addresses of wallets kept for the user that nobody can reach any more
}

// Delete deletes the account of the caller's user with all that belongs to it, and tells
// every address of it.
func Delete(c who.Caller, tx *store.Tx, d Deletion) error {
	rows, err := tx.Credentials(c.Tenant.ID, c.UserID())
	if err != nil {
		return err
	}
	for _, row := range rows {
		if err := Notify(c, tx, row, deliver.Notice{At: tx.Now(), UserAgent: d.UserAgent, ByOperator: d.ByOperator}, Deleted); err != nil {
			return err
		}
	}
	if err := tx.DeleteUser(c.Tenant.ID, c.UserID()); err != nil {
		return err
	}
	var detail audit.Detail
	if len(d.Abandoned) > 0 {
		detail = audit.Detail{"abandoned_wallets": d.Abandoned}
	}
	return audit.Record(tx, c.By, "user.deleted", detail)
}
