package store

import (
	"fmt"
	"slices"
)

// Searched are the formats of credentials that operators find a user by: what they show
// was proved.
var Searched = []string{FormatEmail, FormatPhone, FormatBlockchain, FormatExternal}

// SearchKey is what a text is found by: its bytes, the letters of ASCII in lower case.
// Of the empty text it is nil, by which nothing is found.
func SearchKey(text string) []byte {
	if text == "" {
		return nil
	}
	key := []byte(text)
	for i, b := range key {
		if 'A' <= b && b <= 'Z' {
			key[i] = b + 'a' - 'A'
		}
	}
	return key
}

func searchKeyOf(format, publicIdentifier string) []byte {
	if !slices.Contains(Searched, format) {
		return nil
	}
	return SearchKey(publicIdentifier)
}

// FoundUser is a user and the key by which a search found them.
type FoundUser struct {
	ID  string
	Key string
}

// FindUsers lists who has a username, or a credential of the [Searched] formats, that
// begins with the key, in the order of the keys: at most limit of each kind. A user may
// be among them more than once.
func (tx *Tx) FindUsers(environmentID string, key []byte, limit int) ([]FoundUser, error) {
	if len(key) == 0 {
		return nil, nil
	}
	end := append(slices.Clone(key), 0xff) // which no text has a byte of
	scan := func(rows Rows) (f FoundUser, err error) {
		var found []byte
		err = rows.Scan(&f.ID, &found)
		f.Key = string(found)
		return f, err
	}
	rows, err := tx.Rows(`SELECT user_id, search FROM credentials WHERE environment_id = $1 AND search >= $2 AND search < $3
		ORDER BY search, user_id LIMIT $4`, environmentID, key, end, limit)
	held, err := collect(rows, err, scan)
	if err != nil {
		return nil, err
	}
	rows, err = tx.Rows(`SELECT id, search FROM users WHERE environment_id = $1 AND search >= $2 AND search < $3
		ORDER BY search, id LIMIT $4`, environmentID, key, end, limit)
	named, err := collect(rows, err, scan)
	return append(held, named...), err
}

// UserState is a state that users are listed by.
type UserState string

// The states. The zero value is that of every user.
const (
	AnyState      UserState = ""
	Disabled      UserState = "disabled"
	Disputed      UserState = "disputed"    // somebody denied a credential, and nobody has decided
	Unproven      UserState = "unproven"    // a credential waits to be confirmed
	WithoutFactor UserState = "without-mfa" // no MFA method is enrolled
)

// UserStates are all of them but the zero value.
var UserStates = []UserState{Disabled, Disputed, Unproven, WithoutFactor}

// UsersAtOnce is the most users that a page of a list has.
const UsersAtOnce = 50

// beyond comes behind every id, in the order of every database.
const beyond = "zzzz"

// UsersIn lists users in a state, newest first: at most limit, behind the one with the
// id; "" begins with the newest.
func (tx *Tx) UsersIn(environmentID string, state UserState, after string, limit int) ([]UserRow, error) {
	if after == "" {
		after = beyond
	}
	limit = min(limit, UsersAtOnce)
	var rows Rows
	var err error
	switch state {
	case AnyState:
		rows, err = tx.Rows(`SELECT `+userColumns+` FROM users WHERE environment_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3`,
			environmentID, after, limit)
	case Disabled:
		rows, err = tx.Rows(`SELECT `+userColumns+` FROM users WHERE environment_id = $1 AND id < $2 AND disabled_at IS NOT NULL
			ORDER BY id DESC LIMIT $3`, environmentID, after, limit)
	case WithoutFactor:
		rows, err = tx.Rows(`SELECT `+userColumns+` FROM users WHERE environment_id = $1 AND id < $2 AND factors = 0
			ORDER BY id DESC LIMIT $3`, environmentID, after, limit)
	default:
		return tx.usersWith(environmentID, state, after, limit)
	}
	return collect(rows, err, func(rows Rows) (UserRow, error) { return scanUser(rows) })
}

// usersWith lists the users with a credential in a state.
func (tx *Tx) usersWith(environmentID string, state UserState, after string, limit int) ([]UserRow, error) {
	var rows Rows
	var err error
	switch state {
	case Disputed:
		rows, err = tx.Rows(`SELECT DISTINCT user_id FROM credentials WHERE environment_id = $1 AND user_id < $2
			AND disputed_at IS NOT NULL ORDER BY user_id DESC LIMIT $3`, environmentID, after, limit)
	case Unproven:
		rows, err = tx.Rows(`SELECT DISTINCT user_id FROM credentials WHERE environment_id = $1 AND user_id < $2
			AND provenance || '' IN ('nothing', 'revoke_link', 'import', 'operator') AND confirmed_at IS NULL
			ORDER BY user_id DESC LIMIT $3`,
			environmentID, after, limit)
	default:
		return nil, fmt.Errorf("listing users: %q is no state", state)
	}
	ids, err := collect(rows, err, func(rows Rows) (id string, err error) { return id, rows.Scan(&id) })
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	return tx.UsersOf(environmentID, ids)
}

// UsersOf reads the users of the environment with these ids, at most [UsersAtOnce], in the order of the ids
// given. Ids of nobody are left out.
func (tx *Tx) UsersOf(environmentID string, ids []string) ([]UserRow, error) {
	rows, err := tx.Rows(`SELECT `+userColumns+` FROM users WHERE environment_id = $1 AND id IN (`+anyOf+`)`,
		padded(environmentID, ids)...)
	users, err := collect(rows, err, func(rows Rows) (UserRow, error) { return scanUser(rows) })
	slices.SortFunc(users, func(a, b UserRow) int { return slices.Index(ids, a.ID) - slices.Index(ids, b.ID) })
	return users, err
}

// CredentialsOf reads the credentials of these users, at most [UsersAtOnce], by the id
// of the user, oldest first.
func (tx *Tx) CredentialsOf(environmentID string, ids []string) (map[string][]CredentialRow, error) {
	rows, err := tx.Rows(`SELECT `+credentialColumns+` FROM credentials WHERE environment_id || '' = $1 AND user_id IN (`+anyOf+`)
		ORDER BY created_at, id`, padded(environmentID, ids)...)
	all, err := collect(rows, err, func(rows Rows) (CredentialRow, error) { return scanCredential(rows) })
	of := map[string][]CredentialRow{}
	for _, c := range all {
		of[c.UserID] = append(of[c.UserID], c)
	}
	return of, err
}

// KeptWallets lists the credentials of wallets that are kept for the users of the
// environment, those of the newest user first: at most limit, behind the one with this
// user and id (empty: from the beginning).
func (tx *Tx) KeptWallets(environmentID, userID, id string, limit int) ([]CredentialRow, error) {
	if userID == "" {
		userID = beyond
	}
	rows, err := tx.Rows(`SELECT `+credentialColumns+` FROM credentials WHERE environment_id = $1
		AND provenance || '' = 'embedded_wallet' AND (user_id, id) < ($2, $3) ORDER BY user_id DESC, id DESC LIMIT $4`,
		environmentID, userID, id, limit)
	return collect(rows, err, func(rows Rows) (CredentialRow, error) { return scanCredential(rows) })
}

// anyOf has a place for each of [UsersAtOnce] ids: the text of a statement is the same
// for fewer.
const anyOf = `$2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25,
	$26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36, $37, $38, $39, $40, $41, $42, $43, $44, $45, $46, $47, $48, $49, $50, $51`

func padded(environmentID string, ids []string) []any {
	args := make([]any, 1+UsersAtOnce)
	args[0] = environmentID
	for i := range UsersAtOnce {
		if args[1+i] = ""; i < len(ids) {
			args[1+i] = ids[i]
		}
	}
	return args
}
