package operate

import (
	"slices"

	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/typed"
	"github.com/stepup-auth/stepup/internal/who"
)

// RevokeSession ends one session of a user.
func RevokeSession(c who.Caller, tx *store.Tx, environmentID, userID, sessionID string) error {
	if _, err := tx.LockUser(environmentID, userID); err != nil {
		return err
	}
	sessions, err := tx.Sessions(environmentID, userID)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(sessions, func(s store.SessionRow) bool { return s.ID == sessionID }) {
		return fault.New(fault.NotFound, "This user has no live session with this id.")
	}
	if _, err := tx.RevokeSession(environmentID, sessionID, "operator"); err != nil {
		return err
	}
	c.By.EnvironmentID = environmentID
	return audit.Record(tx, c.By.Concerning(userID).In(sessionID), "session.revoked", audit.Detail{"reason": "operator"})
}

// UnlinkCredential takes an address or a login of a user away, see [account.TakeAway].
func UnlinkCredential(c who.Caller, tx *store.Tx, environmentID, userID, credentialID string) error {
	t, err := tenantOf(tx, environmentID)
	if err != nil {
		return err
	}
	user, err := tx.LockUser(environmentID, userID)
	if err != nil {
		return err
	}
	if err := undisturbed(tx, user, credentialID); err != nil {
		return err
	}
	if err := account.TakeAway(on(c, t, userID), tx, credentialID); err != nil {
		return err
	}
	return keepApart(c, tx, user, account.AddressGone)
}

// Deletion is what an operator says who deletes a user.
type Deletion struct {
	Confirm        string `json:"confirm"`        // the user's id, username or one of their addresses, typed again
	AbandonWallets bool   `json:"abandonWallets"` // do it although nobody can reach the wallets kept for the user any more
}

// DeleteUser deletes a user with all that belongs to them, and tells their addresses. Of
// wallets that are kept for the user the keys stay with the custodians, in parts, and
// nobody can put them together or use them any more: that has to be said, and their
// addresses are returned and recorded.
func DeleteUser(c who.Caller, tx *store.Tx, environmentID, userID string, d Deletion) (abandoned []string, err error) {
	user, err := tx.LockUser(environmentID, userID)
	if err != nil {
		return nil, err
	}
	t, err := tenantOf(tx, environmentID)
	if err != nil {
		return nil, err
	}
	rows, err := tx.Credentials(environmentID, userID)
	if err != nil {
		return nil, err
	}
	if !names(user, rows, d.Confirm) {
		return nil, fault.New(fault.InvalidRequest,
			"Type the id of the user, the username or one of the addresses, to say that it is this one.")
	}
	if abandoned, err = account.KeptWallets(rows); err != nil {
		return nil, err
	}
	if len(abandoned) > 0 && !d.AbandonWallets {
		return abandoned, fault.New(fault.Conflict,
			"%d wallet(s) are kept for this user, and nobody could reach them any more. Have the user export or empty them, or say "+
				"that they are to be abandoned (abandonWallets).", len(abandoned)).
			With(map[string]any{"wallets": abandoned})
	}
	return abandoned, account.Delete(on(c, t, userID), tx, account.Deletion{ByOperator: true, Abandoned: abandoned})
}

// names reports whether a text that was typed names the user.
func names(user store.UserRow, rows []store.CredentialRow, text string) bool {
	text = typed.Line(text)
	if text == "" {
		return false
	}
	known := append([]string{user.ID, user.Username}, Addresses(rows)...)
	keys := searchKeys(text)
	return slices.ContainsFunc(known, func(name string) bool { return slices.Contains(keys, string(store.SearchKey(name))) })
}
