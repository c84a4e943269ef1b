package importer

import (
	"fmt"
	"maps"
	"slices"

	"github.com/google/uuid"

	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/who"
)

// holding is who has what the rows at hand name: as the database has it, and as the
// earlier rows have changed it.
type holding struct {
	users   map[string]*store.Imported // by external id
	holders map[key]holder
}

type key struct{ format, identifier string }

// username is the format of keys that are usernames.
const username = "username"

type holder struct {
	userID string
	row    int64 // of this import; 0: the user is not of it
}

// look reads what there is to know about rows, and locks the users they are about.
func look(tx *store.Tx, environmentID, importID string, rows []Row) (holding, error) {
	h := holding{users: map[string]*store.Imported{}, holders: map[key]holder{}}
	ids := map[string]bool{}
	identifiers := map[string]map[string]bool{}
	for _, row := range rows {
		if row.Problem != nil {
			continue
		}
		ids[row.ExternalID] = true
		for _, k := range row.keys() {
			if identifiers[k.format] == nil {
				identifiers[k.format] = map[string]bool{}
			}
			identifiers[k.format][k.identifier] = true
		}
	}
	users, err := tx.UsersNamed(environmentID, slices.Sorted(maps.Keys(ids)))
	if err != nil {
		return h, err
	}
	for i, u := range users {
		h.users[u.ExternalID] = &users[i]
	}
	for _, format := range slices.Sorted(maps.Keys(identifiers)) {
		list := slices.Sorted(maps.Keys(identifiers[format]))
		find := func() ([]store.Holder, error) { return tx.Holders(environmentID, format, list) }
		if format == username {
			find = func() ([]store.Holder, error) { return tx.UsernameHolders(environmentID, list) }
		}
		found, err := find()
		if err != nil {
			return h, err
		}
		for _, f := range found {
			held := holder{userID: f.UserID}
			if f.ImportID == importID && importID != "" {
				held.row = f.ImportRow
			}
			h.holders[key{format, f.Identifier}] = held
		}
	}
	return h, nil
}

func (r Row) keys() []key {
	var keys []key
	for _, a := range r.Addresses {
		keys = append(keys, key{a.Format, a.Identifier})
	}
	if r.Username != "" {
		keys = append(keys, key{username, r.Username})
	}
	return keys
}

// fieldOf is the member of a row that a key comes from.
func (k key) field() string {
	switch k.format {
	case store.FormatEmail:
		return "email"
	case store.FormatPhone:
		return "phone"
	case store.FormatExternal:
		return "externalUserId"
	case store.FormatBlockchain:
		return "wallets"
	}
	return username
}

// deed is what becomes of a row.
type deed int

const (
	create deed = iota
	update
	leave // as it is
	skip
)

// plan is what becomes of a row, and why if it is left out.
type plan struct {
	deed deed
	user *store.Imported // that the row is about; nil: one who is made
	why  Skip
}

// judge says what becomes of a row. It changes nothing.
func (h holding) judge(importID string, row Row) plan {
	if row.Problem != nil {
		return plan{deed: skip, why: *row.Problem}
	}
	out := func(reason Reason, field, detail string, args ...any) plan {
		return plan{deed: skip, why: Skip{Row: row.Number, ExternalID: row.ExternalID, Reason: reason, Field: field,
			Detail: fmt.Sprintf(detail, args...)}}
	}
	user := h.users[row.ExternalID]
	if user != nil && importID != "" && user.ImportID == importID && user.ImportRow != row.Number {
		return out(Twice, "externalId", "Row %d is about the same externalId.", user.ImportRow)
	}
	for _, k := range row.keys() {
		held, ok := h.holders[k]
		switch {
		case !ok || user != nil && held.userID == user.ID:
		case held.row != 0:
			return out(Twice, k.field(), "Row %d has the same %s.", held.row, k.field())
		default:
			return out(Held, k.field(), "Another user has this %s.", k.field())
		}
	}
	switch {
	case user == nil:
		return plan{deed: create}
	case account.NeverSignedIn(user.UserRow, user.Credentials) && filed(user.Credentials):
		if row.same(*user) {
			return plan{deed: leave, user: user}
		}
		return plan{deed: update, user: user}
	}
	for _, a := range row.Addresses {
		if held := find(user.Credentials, a); held == nil {
			return out(SignedIn, key{a.Format, a.Identifier}.field(),
				"The user has signed in, something of theirs is confirmed, or an operator made it: no file changes how they sign in.")
		}
	}
	return plan{deed: leave, user: user}
}

// same reports whether the user is all that the row says.
func (r Row) same(user store.Imported) bool {
	for _, c := range user.Credentials {
		if c.Provenance == store.ProvenanceImport && !r.names(c) {
			return false
		}
	}
	for _, a := range r.Addresses {
		if find(user.Credentials, a) == nil {
			return false
		}
	}
	return user.Username == r.Username && user.Profile == r.Profile
}

// names reports whether the row says that the credential is the user's.
func (r Row) names(c store.CredentialRow) bool {
	return slices.ContainsFunc(r.Addresses, func(a account.Address) bool { return a.Format == c.Format && a.Identifier == c.Identifier })
}

func find(rows []store.CredentialRow, a account.Address) *store.CredentialRow {
	is := func(c store.CredentialRow) bool { return c.Format == a.Format && c.Identifier == a.Identifier }
	if i := slices.IndexFunc(rows, is); i >= 0 {
		return &rows[i]
	}
	return nil
}

// adding is an import at work on some rows, in a transaction.
type adding struct {
	who.Caller
	tx *store.Tx
	of *store.ImportRow // whose counts go up
	holding
}

// add does what becomes of the rows, and returns those that were left out. of is the
// import, which the transaction has locked.
func add(c who.Caller, tx *store.Tx, of *store.ImportRow, rows []Row) ([]Skip, error) {
	h, err := look(tx, of.EnvironmentID, of.ID, rows)
	if err != nil {
		return nil, err
	}
	a := adding{c, tx, of, h}
	var skipped []Skip
	for _, row := range rows {
		p := h.judge(of.ID, row)
		switch p.deed {
		case create:
			err = a.create(row)
			of.Created++
		case update:
			err = a.update(row, p.user)
			of.Updated++
		case leave:
			err = a.mark(row, p.user)
			of.Unchanged++
		case skip:
			skipped = append(skipped, p.why)
			err = a.tx.InsertSkip(of.EnvironmentID, store.ImportSkip{ImportID: of.ID, Row: p.why.Row, ExternalID: p.why.ExternalID,
				Reason: string(p.why.Reason), Field: p.why.Field, Detail: p.why.Detail})
			of.Skipped++
		}
		if err != nil {
			return nil, err
		}
		of.RowsRead = row.Number
	}
	return skipped, nil
}

func (a adding) create(row Row) error {
	id, err := uuid.NewV7()
	if err != nil {
		return err
	}
	user := store.Imported{
		UserRow: store.UserRow{ID: id.String(), EnvironmentID: a.of.EnvironmentID, Username: row.Username, Profile: row.Profile,
			ExternalID: row.ExternalID},
		ImportID: a.of.ID, ImportRow: row.Number,
	}
	if row.Disabled {
		user.DisabledAt = a.tx.Now()
	}
	for _, address := range row.Addresses {
		c := a.credential(user.ID, address)
		if a.of.Vouched {
			c.ConfirmedAt = c.CreatedAt
		}
		user.Credentials = append(user.Credentials, c)
	}
	if err := a.tx.InsertImported(user); err != nil {
		return err
	}
	a.took(row, &user)
	return audit.Record(a.tx, a.By.Concerning(user.ID), "user.imported", audit.Detail{
		"import_id": a.of.ID, "row": row.Number, "created": true, "vouched": a.of.Vouched, "credentials": named(user.Credentials),
	})
}

// credential is one that a file says is the user's, and that waits to be confirmed.
func (a adding) credential(userID string, address account.Address) store.CredentialRow {
	return store.CredentialRow{
		ID: uuid.NewString(), EnvironmentID: a.of.EnvironmentID, UserID: userID, Format: address.Format, Identifier: address.Identifier,
		PublicIdentifier: address.Written, Detail: address.Detail, SignInEnabled: account.KindOf(address.Format).SignsIn,
		Provenance: store.ProvenanceImport, CreatedAt: a.tx.Now(),
	}
}

func named(credentials []store.CredentialRow) []audit.Detail {
	list := []audit.Detail{}
	for _, c := range credentials {
		list = append(list, audit.Detail{"credential_id": c.ID, "format": c.Format})
	}
	return list
}

// filed reports whether all that a user signs in by came from files. Of whom an operator
// made or changed, no file says how they sign in: whoever may import could become them.
func filed(credentials []store.CredentialRow) bool {
	return !slices.ContainsFunc(credentials, func(c store.CredentialRow) bool { return c.Provenance != store.ProvenanceImport })
}

// update makes of a user whom nobody has ever been, and whom only files know, what the row
// says. A disabled user stays so. Nothing of it is vouched for: another file made the user.
func (a adding) update(row Row, user *store.Imported) error {
	kept, gone := []store.CredentialRow{}, []store.CredentialRow{}
	for _, c := range user.Credentials {
		if row.names(c) {
			kept = append(kept, c)
			continue
		}
		if err := a.tx.DeleteCredential(a.of.EnvironmentID, user.ID, c.ID); err != nil {
			return err
		}
		gone = append(gone, c)
		delete(a.holders, key{c.Format, c.Identifier})
	}
	var added []store.CredentialRow
	for _, address := range row.Addresses {
		if find(kept, address) != nil {
			continue
		}
		c := a.credential(user.ID, address)
		if err := a.tx.InsertCredential(c); err != nil {
			return err
		}
		added = append(added, c)
	}
	if user.Username != "" {
		delete(a.holders, key{username, user.Username})
	}
	if err := a.tx.UpdateProfile(a.of.EnvironmentID, user.ID, row.Username, row.Profile); err != nil {
		return err
	}
	user.Credentials, user.Username, user.Profile = append(kept, added...), row.Username, row.Profile
	if err := a.mark(row, user); err != nil {
		return err
	}
	return audit.Record(a.tx, a.By.Concerning(user.ID), "user.imported", audit.Detail{
		"import_id": a.of.ID, "row": row.Number, "created": false, "vouched": false, "credentials": named(added), "removed": named(gone),
	})
}

// mark notes that the import spoke of a user.
func (a adding) mark(row Row, user *store.Imported) error {
	user.ImportID, user.ImportRow = a.of.ID, row.Number
	a.took(row, user)
	return a.tx.MarkImported(a.of.EnvironmentID, user.ID, a.of.ID, row.Number)
}

// took has the rows that follow know of this one.
func (h holding) took(row Row, user *store.Imported) {
	h.users[row.ExternalID] = user
	for _, k := range row.keys() {
		h.holders[k] = holder{user.ID, row.Number}
	}
}
