package operate

import (
	"time"

	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/who"
)

// UserExport is everything that is stored about a person, in the words of the admin API.
// Of secrets (seeds, codes, tokens, keys) it has none: nobody may become the user by it.
type UserExport struct {
	ExportedAt       time.Time         `json:"exportedAt"`
	EnvironmentID    string            `json:"environmentId"`
	User             UserDetail        `json:"user"` // with all sessions that are stored, and no events
	FactorsChangedAt *time.Time        `json:"factorsChangedAt,omitempty"`
	Passkeys         []PasskeyExport   `json:"passkeys"`
	FormerAddresses  []FormerAddress   `json:"formerAddresses"` // that they had, as long as those are told of recoveries
	WalletOperations []WalletOperation `json:"walletOperations"`
	Events           []AuditEvent      `json:"events"` // all entries of the audit log about the user, newest first
}

// FormerAddress is an address that the user had.
type FormerAddress struct {
	Address   string    `json:"address"`
	RemovedAt time.Time `json:"removedAt"`
}

// PasskeyExport is what is kept of a passkey besides its credential and its public key.
type PasskeyExport struct {
	CredentialID string     `json:"credentialId"`
	AAGUID       string     `json:"aaguid"` // the model of the authenticator
	Transports   []string   `json:"transports"`
	UserAgent    string     `json:"userAgent,omitempty"`
	Origin       string     `json:"origin"`
	BackedUp     bool       `json:"backedUp"`
	CreatedAt    time.Time  `json:"createdAt"`
	LastUsedAt   *time.Time `json:"lastUsedAt,omitempty"`
}

// WalletOperation is something that the user did with a wallet kept for them.
type WalletOperation struct {
	ID       string    `json:"id"`
	At       time.Time `json:"at"`
	WalletID string    `json:"walletId"`
	Action   string    `json:"action"`
	Session  string    `json:"sessionId,omitempty"`
	Scope    string    `json:"scope,omitempty"`
	Method   string    `json:"method,omitempty"`
	Result   string    `json:"result,omitempty"`
}

// ExportUser is a person's data, for them to have. That it was asked for is recorded.
func ExportUser(c who.Caller, tx *store.Tx, environmentID, userID string) (UserExport, error) {
	user, err := tx.LockUser(environmentID, userID)
	if err != nil {
		return UserExport{}, err
	}
	c.By.EnvironmentID = environmentID
	if err := audit.Record(tx, c.By.Concerning(userID), "user.exported", nil); err != nil {
		return UserExport{}, err
	}
	export := UserExport{ExportedAt: tx.Now(), EnvironmentID: environmentID, FactorsChangedAt: unlessZero(user.FactorsChangedAt),
		Passkeys: []PasskeyExport{}, WalletOperations: []WalletOperation{}, FormerAddresses: []FormerAddress{}, Events: []AuditEvent{}}
	if export.User, err = ViewUser(tx, environmentID, userID); err != nil {
		return export, err
	}
	export.User.Events = []AuditEvent{} // all of them follow
	export.User.Sessions, export.User.MoreSessions = []SessionDetail{}, 0
	sessions, err := tx.StoredSessions(environmentID, userID)
	if err != nil {
		return export, err
	}
	for _, row := range sessions {
		shown, err := viewSession(tx, row)
		if err != nil {
			return export, err
		}
		export.User.Sessions = append(export.User.Sessions, shown)
	}
	if err := export.devices(tx); err != nil {
		return export, err
	}
	return export, export.events(tx)
}

// devices adds passkeys, addresses of before, and what was done with wallets.
func (e *UserExport) devices(tx *store.Tx) error {
	passkeys, err := tx.Passkeys(e.EnvironmentID, e.User.ID)
	if err != nil {
		return err
	}
	for _, p := range passkeys {
		e.Passkeys = append(e.Passkeys, PasskeyExport{
			CredentialID: p.CredentialID, AAGUID: p.AAGUID, Transports: p.Transports, UserAgent: p.UserAgent, Origin: p.Origin,
			BackedUp: p.BackedUp, CreatedAt: p.CreatedAt, LastUsedAt: unlessZero(p.UsedAt),
		})
	}
	former, err := tx.FormerAddresses(e.EnvironmentID, e.User.ID)
	if err != nil {
		return err
	}
	for _, f := range former {
		e.FormerAddresses = append(e.FormerAddresses, FormerAddress{f.PublicIdentifier, f.RemovedAt})
	}
	operations, err := tx.WalletOperationsOf(e.EnvironmentID, e.User.ID)
	for _, o := range operations {
		e.WalletOperations = append(e.WalletOperations, WalletOperation{
			ID: o.ID, At: o.ClaimedAt, WalletID: o.WalletID, Action: o.Action, Session: o.SessionID, Scope: o.Scope, Method: o.Method,
			Result: o.Result,
		})
	}
	return err
}

// eventsAtOnce is how many entries are read at a time.
const eventsAtOnce = 500

func (e *UserExport) events(tx *store.Tx) error {
	for at, id := (time.Time{}), ""; ; {
		rows, err := tx.AuditOfUser(e.EnvironmentID, e.User.ID, at, id, eventsAtOnce)
		if err != nil {
			return err
		}
		for _, row := range rows {
			event, err := ViewAudit(tx, row)
			if err != nil {
				return err
			}
			e.Events = append(e.Events, event)
			at, id = row.At, row.ID
		}
		if len(rows) < eventsAtOnce {
			return nil
		}
	}
}
