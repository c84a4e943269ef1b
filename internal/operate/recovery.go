package operate

import (
	"errors"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/deliver"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/operator"
	"github.com/stepup-auth/stepup/internal/outbox"
	"github.com/stepup-auth/stepup/internal/phone"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/tenant"
	"github.com/stepup-auth/stepup/internal/who"
)

// Limits of recoveries. They are documented in docs/limits.md.
const (
	RecoveryApproval = 7 * 24 * time.Hour  // for a second person to stand behind one
	RecoveryUse      = 14 * 24 * time.Hour // for the user to sign in, once it is in effect
	peopleNeeded     = 2
	maxReason        = 500
	recoveriesAtOnce = 100 // in a list
)

// linking is the environment with the address of its server, which the links in mails
// lead to: without it nobody could take anything back.
func linking(c who.Caller, tx *store.Tx, environmentID, publicURL string) (*tenant.Tenant, error) {
	t, err := tenantOf(tx, environmentID)
	switch {
	case err != nil:
		return nil, err
	case c.Tenant != nil && c.Tenant.Issuer != "": // of a request
		at := *t
		at.Issuer, at.MailFrom = c.Tenant.Issuer, c.Tenant.MailFrom
		return &at, nil
	case publicURL == "":
		return nil, fault.New(fault.InvalidRequest,
			"STEPUP_PUBLIC_URL is not set here: the user's addresses are sent a link by which they stop this, and it leads there.")
	}
	return t.ServedAt(publicURL), nil
}

// NewAddress is an address that an operator sets: one of the two.
type NewAddress struct {
	Email string `json:"email,omitempty"`
	Phone string `json:"phone,omitempty"` // with + and the country's code

	PublicURL string `json:"-"` // of the server, for links; empty: that of the request
}

// AddAddress sets an address of a user, which counts for nothing until the user confirms it
// by an older credential, or a recovery by it has come into effect. It returns the id of
// the credential. All addresses of the user are told. A user who was never here has none
// set: their first sign-in takes the word of whoever made them, and of nobody after.
func AddAddress(c who.Caller, tx *store.Tx, environmentID, userID string, a NewAddress) (string, error) {
	t, err := linking(c, tx, environmentID, a.PublicURL)
	if err != nil {
		return "", err
	}
	var address account.Address
	switch {
	case (a.Email == "") == (a.Phone == ""):
		return "", fault.New(fault.InvalidRequest, "Give an email address or a phone number.")
	case a.Email != "":
		if address, err = account.EmailAddress(a.Email); err != nil {
			return "", fault.New(fault.InvalidEmail, "This is no email address that mail can be sent to.")
		}
	default:
		number, err := phone.Parse("", a.Phone, "")
		if err != nil {
			return "", fault.New(fault.InvalidPhone, "This is no phone number. Write it with + and the country's code.")
		}
		address = account.PhoneAddress(number)
	}
	user, err := tx.LockUser(environmentID, userID)
	if err != nil {
		return "", err
	}
	rows, err := tx.Credentials(environmentID, userID)
	if err != nil {
		return "", err
	}
	if account.NeverSignedIn(user, rows) { // whoever has the address would be them
		return "", fault.New(fault.Conflict, "The user has never signed in, and would be whoever has the new address. Delete the user "+
			"and make them again, with the address that is right.")
	}
	if err := keepApart(c, tx, user, account.AddressChange); err != nil {
		return "", err
	}
	row, err := account.Assert(on(c, t, userID), tx, address)
	return row.ID, err
}

// UserRecovery is an open recovery as operators are shown it.
type UserRecovery struct {
	ID           string     `json:"id"`
	UserID       string     `json:"userId"`
	CredentialID string     `json:"credentialId"`
	Address      string     `json:"address"` // that the user is to sign in by
	Reason       string     `json:"reason"`
	RequestedBy  string     `json:"requestedBy"`
	People       []string   `json:"people"` // who stands behind it; two are needed
	CreatedAt    time.Time  `json:"createdAt"`
	ExpiresAt    time.Time  `json:"expiresAt"`
	EffectiveAt  *time.Time `json:"effectiveAt,omitempty"` // when the user may sign in by it; absent: somebody has yet to approve it
}

// openRecovery is that of a user; nil: there is none.
func openRecovery(tx *store.Tx, user store.UserRow) (*store.RecoveryRow, error) {
	if user.RecoveryID == "" {
		return nil, nil
	}
	r, err := tx.OpenRecovery(user.EnvironmentID, user.RecoveryID)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	return &r, err
}

// UserRecoveryRequest asks for one.
type UserRecoveryRequest struct {
	Credential string `json:"credential"` // an address that an operator set
	Reason     string `json:"reason"`     // for whoever approves it

	PublicURL string `json:"-"` // as with a new address
}

// Approval is what approving a recovery needs besides who does it.
type Approval struct {
	RecoveryID string
	PublicURL  string   // as with a new address
	Operators  []string // who are mailed
}

// RequestRecovery asks that a user who has nothing left to prove themselves with may sign
// in by an address that an operator set. Two people must stand behind it, of whom the
// caller is one if they might approve it; the addresses of the user are told, and any
// of them stops it; it comes into effect [Apart] after the second person approved it.
func RequestRecovery(c who.Caller, tx *store.Tx, environmentID, userID string, q UserRecoveryRequest) (UserRecovery, error) {
	credentialID, reason := q.Credential, strings.TrimSpace(q.Reason)
	if reason == "" || len(reason) > maxReason || !utf8.ValidString(reason) || strings.ContainsRune(reason, 0) {
		return UserRecovery{}, fault.New(fault.InvalidRequest, "Say why, in at most %d bytes: whoever approves it reads that.", maxReason)
	}
	t, err := linking(c, tx, environmentID, q.PublicURL)
	if err != nil {
		return UserRecovery{}, err
	}
	user, err := tx.LockUser(environmentID, userID)
	if err != nil {
		return UserRecovery{}, err
	}
	c = on(c, t, userID)
	if err := recoverable(tx, user, credentialID); err != nil {
		return UserRecovery{}, err
	}
	if err := keepApart(c, tx, user, account.AddressChange); err != nil {
		return UserRecovery{}, err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return UserRecovery{}, err
	}
	r := store.RecoveryRow{
		ID: id.String(), EnvironmentID: environmentID, UserID: userID, CredentialID: credentialID, Reason: reason, RequestedBy: c.By.Actor,
		CreatedAt: tx.Now(), ExpiresAt: tx.Now().Add(RecoveryApproval),
	}
	if err := tx.InsertRecovery(r); err != nil {
		return UserRecovery{}, err
	}
	switch err := mayApprove(c, tx, r); {
	case err == nil:
		if _, err := tx.ApproveRecovery(r.ID, personOf(c.By.Actor)); err != nil {
			return UserRecovery{}, err
		}
	case !fault.Has(err, fault.SecondOperatorNeeded):
		return UserRecovery{}, err
	}
	if err := account.TellRecovery(c, tx, credentialID); err != nil {
		return UserRecovery{}, err
	}
	if err := audit.Record(tx, c.By, "recovery.requested",
		audit.Detail{"recovery_id": r.ID, "credential_id": credentialID, "reason": reason}); err != nil {
		return UserRecovery{}, err
	}
	return viewRecovery(tx, r)
}

// recoverable refuses a recovery that must not be asked for.
func recoverable(tx *store.Tx, user store.UserRow, credentialID string) error {
	if !user.DisabledAt.IsZero() {
		return fault.New(fault.UserDisabled, "The user is disabled. Enable them first: they must be able to stop a recovery.")
	}
	open, err := openRecovery(tx, user)
	if err != nil {
		return err
	}
	if open != nil {
		return fault.New(fault.Conflict, "There is an open recovery of this user. Stop it first.")
	}
	rows, err := tx.Credentials(user.EnvironmentID, user.ID)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(rows, func(row store.CredentialRow) bool { return row.ID == credentialID })
	switch {
	case i < 0 || rows[i].Provenance != store.ProvenanceOperator || rows[i].Confirmed() || rows[i].Disputed():
		return fault.New(fault.InvalidRequest,
			"A recovery is by an address that an operator set and that nobody has confirmed. Set one first.")
	case account.NeverSignedIn(user, rows):
		return fault.New(fault.InvalidRequest, "The user has never signed in, and needs no recovery: they sign in by proving the address.")
	}
	changes, err := tx.OperatorChanges(user.EnvironmentID, user.ID, tx.Now().Add(-Apart))
	if err != nil {
		return err
	}
	if slices.ContainsFunc(changes, func(change store.OperatorChange) bool { return change.Kind == account.AddressGone }) {
		return fault.New(fault.Conflict,
			"An operator took an address of this user away within 72 hours, and whoever has it could not stop a recovery. Wait.")
	}
	return nil
}

// ApproveRecovery is for a second person to stand behind a recovery. Operators are told
// once it has two.
func ApproveRecovery(c who.Caller, tx *store.Tx, environmentID string, a Approval) (UserRecovery, error) {
	_, r, user, err := lockRecovery(tx, environmentID, a.RecoveryID)
	if err != nil {
		return UserRecovery{}, err
	}
	t, err := linking(c, tx, environmentID, a.PublicURL)
	if err != nil {
		return UserRecovery{}, err
	}
	c = on(c, t, user.ID)
	if !r.EffectiveAt.IsZero() {
		return UserRecovery{}, fault.New(fault.Conflict, "This recovery is approved already.")
	}
	if err := mayApprove(c, tx, r); err != nil {
		return UserRecovery{}, err
	}
	if err := keepApart(c, tx, user, account.AddressChange); err != nil {
		return UserRecovery{}, err
	}
	added, err := tx.ApproveRecovery(r.ID, personOf(c.By.Actor))
	if err != nil {
		return UserRecovery{}, err
	}
	if !added {
		return UserRecovery{}, secondPerson("You stand behind this recovery already. Another person must approve it.")
	}
	people, err := tx.RecoveryApprovals(r.ID)
	if err != nil {
		return UserRecovery{}, err
	}
	if len(people) >= peopleNeeded {
		r.EffectiveAt = tx.Now().Add(Apart)
		r.ExpiresAt = r.EffectiveAt.Add(RecoveryUse)
		if err := tx.MakeEffective(environmentID, r.ID, r.EffectiveAt, r.ExpiresAt); err != nil {
			return UserRecovery{}, err
		}
		if err := account.TellRecovery(c, tx, r.CredentialID); err != nil {
			return UserRecovery{}, err
		}
		if err := tellOperators(c, tx, r, a.Operators); err != nil {
			return UserRecovery{}, err
		}
	}
	if err := audit.Record(tx, c.By, "recovery.approved",
		audit.Detail{"recovery_id": r.ID, "credential_id": r.CredentialID, "people": people}); err != nil {
		return UserRecovery{}, err
	}
	return viewRecovery(tx, r)
}

func moment(at time.Time) string { return at.UTC().Format("2 January 2006, 15:04 UTC") }

func secondPerson(why string) *fault.Error { return fault.New(fault.SecondOperatorNeeded, "%s", why) }

// mayApprove refuses whoever may be nobody new: a service token, and an operator who was
// none with power over users before the recovery was asked for, long enough for the others to have noticed.
func mayApprove(c who.Caller, tx *store.Tx, r store.RecoveryRow) error {
	switch who := personOf(c.By.Actor); who {
	case "":
		return secondPerson("A recovery is approved by a person: in the console, or on the host. Anybody may hold a service token.")
	case host:
		return nil
	}
	id := strings.TrimPrefix(c.By.Actor, "operator:")
	// Whoever takes their role away ends what they stand behind, before this or after it.
	if _, err := tx.LockUser(environment.Operators, id); err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	grants, err := tx.Grants(id)
	if err != nil {
		return err
	}
	since := r.CreatedAt.Add(-Apart)
	if !slices.ContainsFunc(grants, func(g store.GrantRow) bool {
		here := g.EnvironmentID == operator.Everywhere || g.EnvironmentID == r.EnvironmentID
		return here && operator.Role(g.Role).May(operator.UsersWrite) && !g.GrantedAt.After(since)
	}) {
		return secondPerson(
			"Whoever approves a recovery might change users here 72 hours before it was asked for. Let another one approve it.")
	}
	return nil
}

func tellOperators(c who.Caller, tx *store.Tx, r store.RecoveryRow, operators []string) error {
	t := c.Tenant
	for _, to := range operators {
		message := deliver.EnvironmentWeakened(deliver.Weakened{EnvironmentName: t.Name, From: tenant.Sender(t.Environment, ""), To: to,
			At: tx.Now(), Actor: c.By.Actor, Changes: []string{"users: a recovery of user " + r.UserID +
				" was approved, and comes into effect on " + moment(r.EffectiveAt) + "."}})
		if err := outbox.Enqueue(tx, t.ID, message, outbox.NoticeLife); err != nil {
			return err
		}
	}
	return nil
}

// StopRecovery ends an open recovery. The address it was by stays, and counts for nothing.
func StopRecovery(c who.Caller, tx *store.Tx, environmentID, id string) error {
	t, r, user, err := lockRecovery(tx, environmentID, id)
	if err != nil {
		return err
	}
	return account.StopRecovery(on(c, t, user.ID), tx, r.ID, "an operator stopped it")
}

func lockRecovery(tx *store.Tx, environmentID, id string) (t *tenant.Tenant, r store.RecoveryRow, user store.UserRow, err error) {
	if t, err = tenantOf(tx, environmentID); err != nil {
		return t, r, user, err
	}
	none := fault.New(fault.NotFound, "There is no open recovery with this id in this environment.")
	for range 2 { // once more now that the user is locked
		if r, err = tx.OpenRecovery(environmentID, id); errors.Is(err, store.ErrNotFound) {
			return t, r, user, none
		}
		if err != nil {
			return t, r, user, err
		}
		if user, err = tx.LockUser(environmentID, r.UserID); err != nil {
			return t, r, user, err
		}
	}
	return t, r, user, nil
}

// ViewRecoveries is a page of the open recoveries of an environment, oldest first, behind
// the one with the id. next is what to ask for the page behind it by; empty: there is none.
func ViewRecoveries(tx *store.Tx, environmentID, after string) (page []UserRecovery, next string, err error) {
	rows, err := tx.Recoveries(environmentID, after, recoveriesAtOnce)
	page = []UserRecovery{}
	for _, row := range rows {
		if !row.ExpiresAt.After(tx.Now()) {
			continue
		}
		shown, err := viewRecovery(tx, row)
		if err != nil {
			return page, "", err
		}
		page = append(page, shown)
	}
	if len(rows) == recoveriesAtOnce {
		next = rows[recoveriesAtOnce-1].ID
	}
	return page, next, err
}

// ViewRecovery is the open recovery with the id.
func ViewRecovery(tx *store.Tx, environmentID, id string) (UserRecovery, error) {
	row, err := tx.OpenRecovery(environmentID, id)
	if errors.Is(err, store.ErrNotFound) {
		err = fault.New(fault.NotFound, "There is no open recovery with this id in this environment.")
	}
	if err != nil {
		return UserRecovery{}, err
	}
	return viewRecovery(tx, row)
}

// RecoveryOf is the open recovery of a user; nil: there is none.
func RecoveryOf(tx *store.Tx, environmentID, userID string) (*UserRecovery, error) {
	user, err := tx.User(environmentID, userID)
	if err != nil {
		return nil, err
	}
	open, err := openRecovery(tx, user)
	if open == nil {
		return nil, err
	}
	shown, err := viewRecovery(tx, *open)
	return &shown, err
}

func viewRecovery(tx *store.Tx, r store.RecoveryRow) (UserRecovery, error) {
	shown := UserRecovery{ID: r.ID, UserID: r.UserID, CredentialID: r.CredentialID, Reason: r.Reason, RequestedBy: r.RequestedBy,
		CreatedAt: r.CreatedAt, ExpiresAt: r.ExpiresAt}
	if !r.EffectiveAt.IsZero() {
		shown.EffectiveAt = &r.EffectiveAt
	}
	var err error
	if shown.People, err = tx.RecoveryApprovals(r.ID); err != nil {
		return shown, err
	}
	shown.People = append([]string{}, shown.People...)
	rows, err := tx.Credentials(r.EnvironmentID, r.UserID)
	for _, row := range rows {
		if row.ID == r.CredentialID {
			shown.Address = row.PublicIdentifier
		}
	}
	return shown, err
}

// undisturbed refuses to take an address away that could stop an open recovery.
func undisturbed(tx *store.Tx, user store.UserRow, credentialID string) error {
	open, err := openRecovery(tx, user)
	if err == nil && open != nil && open.CredentialID != credentialID {
		err = fault.New(fault.Conflict, "There is an open recovery of this user, which every address of theirs may stop. Stop it first.")
	}
	return err
}
