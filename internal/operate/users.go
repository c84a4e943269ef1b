package operate

import (
	"errors"
	"slices"
	"strings"

	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/chain"
	"github.com/stepup-auth/stepup/internal/deliver"
	"github.com/stepup-auth/stepup/internal/phone"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/typed"
)

// FindUsers lists the users that a text may mean: by id, or by an email address,
// a phone number, a wallet's address or the id at another login that they hold.
// What a social login shows of itself is not looked at: nobody has proved it.
func FindUsers(tx *store.Tx, environmentID, text string) ([]store.UserRow, error) {
	text = typed.Line(text)
	user, err := tx.User(environmentID, strings.ToLower(text))
	if err == nil {
		return []store.UserRow{user}, nil
	}
	if !errors.Is(err, store.ErrNotFound) || text == "" {
		return nil, err
	}
	written, key := text, text
	if _, email, err := deliver.NormalizeEmail(text); err == nil {
		key = email
	} else if address, ok := chain.EVM.ReadAddress(text); ok {
		written, key = address, chain.EVM.Identifier(address)
	} else if number, err := phone.Parse("", text, ""); err == nil {
		written, key = number.E164, number.E164
	}
	var ids []string
	for _, kind := range account.Kinds {
		if !kind.Finds {
			continue
		}
		holding, err := tx.UsersHolding(environmentID, kind.Format, written, key)
		if err != nil {
			return nil, err
		}
		ids = append(ids, holding...)
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	var users []store.UserRow
	for _, id := range ids {
		user, err := tx.User(environmentID, id)
		if err != nil {
			return nil, err
		}
		users = append(users, user)
	}
	return users, nil
}

// Addresses are what people know a user by: the credentials with an address, as
// they are shown.
func Addresses(rows []store.CredentialRow) []string {
	var addresses []string
	for _, row := range rows {
		if account.KindOf(row.Format).Address && !slices.Contains(addresses, row.PublicIdentifier) {
			addresses = append(addresses, row.PublicIdentifier)
		}
	}
	return addresses
}
