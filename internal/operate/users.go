package operate

import (
	"errors"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/chain"
	"github.com/stepup-auth/stepup/internal/deliver"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/phone"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/typed"
)

// UserQuery says which users are listed. The zero value lists all, newest first.
type UserQuery struct {
	Search string          // only who is meant by this text or by one that begins with it, see [SearchUsers]
	Named  string          // only who is meant by this text as a whole, see [FindUsers]; nothing else then
	State  store.UserState // only who is in this state; not together with Search
	After  string          // behind the user with this id, which a page before named as next
}

// UserPage is a page of users.
type UserPage struct {
	Users []UserSummary `json:"users"`
	Next  string        `json:"next,omitempty"` // what to ask for the page behind it by; empty: there is none
	More  bool          `json:"more,omitempty"` // a search found more than it shows: say more of what is looked for
}

// UserSummary is one user in a list.
type UserSummary struct {
	ID            string     `json:"id"`
	Username      string     `json:"username,omitempty"`
	ExternalID    string     `json:"externalId,omitempty"` // what the file calls the user whom an import made
	CreatedAt     time.Time  `json:"createdAt"`
	LastVisitAt   time.Time  `json:"lastVisitAt"`
	NeverSignedIn bool       `json:"neverSignedIn"` // all that is known of them is what a file or an operator says: lastVisitAt is no visit
	DisabledAt    *time.Time `json:"disabledAt,omitempty"`
	Addresses     []string   `json:"addresses"` // what people know the user by
	Factors       int        `json:"factors"`   // how many MFA methods are enrolled
	Disputed      bool       `json:"disputed"`  // somebody denied a credential, and nobody has decided
	Unproven      bool       `json:"unproven"`  // a credential waits to be confirmed
}

func summarise(row store.UserRow, credentials []store.CredentialRow) UserSummary {
	s := UserSummary{
		ID: row.ID, Username: row.Username, ExternalID: row.ExternalID, CreatedAt: row.CreatedAt,
		LastVisitAt: row.LastVisitAt, Addresses: Addresses(credentials),
		Factors: row.Factors, NeverSignedIn: account.NeverSignedIn(row, credentials),
		Disputed: slices.ContainsFunc(credentials, store.CredentialRow.Disputed),
		Unproven: slices.ContainsFunc(credentials, func(c store.CredentialRow) bool { return !c.Confirmed() }),
	}
	if !row.DisabledAt.IsZero() {
		s.DisabledAt = &row.DisabledAt
	}
	return s
}

// ViewUsers is a page of users.
func ViewUsers(tx *store.Tx, environmentID string, q UserQuery) (UserPage, error) {
	page := UserPage{Users: []UserSummary{}}
	if q.After != "" && uuid.Validate(q.After) != nil {
		return page, fault.New(fault.InvalidRequest, "after is the member next of the page before, and nothing else.")
	}
	if q.State != store.AnyState && !slices.Contains(store.UserStates, q.State) {
		return page, fault.New(fault.InvalidRequest, "There is no such state of users. There are: %s.", states())
	}
	rows, err := q.rows(tx, environmentID, &page)
	if err != nil {
		return page, err
	}
	ids := make([]string, len(rows))
	for i, row := range rows {
		ids[i] = row.ID
	}
	credentials, err := tx.CredentialsOf(environmentID, ids)
	for _, row := range rows {
		page.Users = append(page.Users, summarise(row, credentials[row.ID]))
	}
	return page, err
}

func (q UserQuery) rows(tx *store.Tx, environmentID string, page *UserPage) ([]store.UserRow, error) {
	if q.Named != "" { // a name of white space alone is nobody's: it must not list them all
		if q.Search != "" || q.State != store.AnyState || q.After != "" {
			return nil, fault.New(fault.InvalidRequest, "Ask for who is named so, and for nothing else at once.")
		}
		return FindUsers(tx, environmentID, q.Named)
	}
	if typed.Line(q.Search) == "" {
		rows, err := tx.UsersIn(environmentID, q.State, q.After, store.UsersAtOnce)
		if len(rows) == store.UsersAtOnce {
			page.Next = rows[len(rows)-1].ID
		}
		return rows, err
	}
	if q.State != store.AnyState || q.After != "" {
		return nil, fault.New(fault.InvalidRequest, "Search, or list users by their state, but not both at once.")
	}
	rows, more, err := SearchUsers(tx, environmentID, q.Search)
	page.More = more
	return rows, err
}

func states() string {
	names := make([]string, len(store.UserStates))
	for i, state := range store.UserStates {
		names[i] = string(state)
	}
	return strings.Join(names, ", ")
}

// FindUsers lists the users that a text may mean: by id or username, or by an email
// address, a phone number, a wallet's address or the id at another login that they hold.
// What a social login shows of itself is not looked at: nobody has proved it. A file that
// users were imported from has its own id for each, by which they are found as well.
func FindUsers(tx *store.Tx, environmentID, text string) ([]store.UserRow, error) {
	rows, _, err := lookUp(tx, environmentID, text, func(found, key string) bool { return found == key })
	return rows, err
}

// SearchUsers is [FindUsers] for texts of which only the beginning was typed. Those that
// the text names as a whole come first. more reports that there are others.
func SearchUsers(tx *store.Tx, environmentID, text string) (rows []store.UserRow, more bool, err error) {
	return lookUp(tx, environmentID, text, strings.HasPrefix)
}

func lookUp(tx *store.Tx, environmentID, text string, matches func(found, key string) bool) ([]store.UserRow, bool, error) {
	text = typed.Line(text)
	if id := strings.ToLower(text); uuid.Validate(id) == nil {
		user, err := tx.User(environmentID, id)
		if err == nil {
			return []store.UserRow{user}, false, nil
		}
		if !errors.Is(err, store.ErrNotFound) {
			return nil, false, err
		}
	}
	var ids []string
	if storable(text) { // what a file or an operator calls them
		imported, err := tx.UserByExternalID(environmentID, text)
		switch {
		case err == nil:
			ids = append(ids, imported.ID)
		case !errors.Is(err, store.ErrNotFound):
			return nil, false, err
		}
	}
	for _, key := range searchKeys(text) {
		found, err := tx.FindUsers(environmentID, []byte(key), store.UsersAtOnce+1)
		if err != nil {
			return nil, false, err
		}
		slices.SortStableFunc(found, func(a, b store.FoundUser) int { return strings.Compare(a.Key, b.Key) })
		for _, f := range found {
			if matches(f.Key, key) && !slices.Contains(ids, f.ID) {
				ids = append(ids, f.ID)
			}
		}
	}
	more := len(ids) > store.UsersAtOnce
	if len(ids) == 0 {
		return nil, false, nil
	}
	rows, err := tx.UsersOf(environmentID, ids[:min(len(ids), store.UsersAtOnce)])
	return rows, more, err
}

// storable reports whether a text may be in a column of texts.
func storable(text string) bool { return utf8.ValidString(text) && !strings.ContainsRune(text, 0) }

// searchKeys are what a text may stand for among the keys of the store: as it is typed,
// and as an address, a number or a wallet that is written in another way.
func searchKeys(text string) []string {
	keys := []string{string(store.SearchKey(text))}
	if _, email, err := deliver.NormalizeEmail(text); err == nil {
		keys = append(keys, email)
	} else if address, ok := chain.EVM.ReadAddress(text); ok {
		keys = append(keys, strings.ToLower(address))
	} else if number, err := phone.Parse("", text, ""); err == nil {
		keys = append(keys, number.E164)
	} else if strings.HasPrefix(text, "+") { // the beginning of a number
		keys = append(keys, strings.Map(func(r rune) rune {
			if r == '+' || '0' <= r && r <= '9' {
				return r
			}
			return -1
		}, text))
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// Addresses are what people know a user by: the credentials with an address, as
// they are shown.
func Addresses(rows []store.CredentialRow) []string {
	addresses := []string{}
	for _, row := range rows {
		if account.KindOf(row.Format).Address && !slices.Contains(addresses, row.PublicIdentifier) {
			addresses = append(addresses, row.PublicIdentifier)
		}
	}
	return addresses
}
