package operator

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/secret"
	"github.com/stepup-auth/stepup/internal/serviceauth"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/who"
)

// A service token that an operator made may no more than its maker, for as long as it
// lives: one that they could not make any more is revoked in the transaction that took
// the role from them. Whoever made a token may know it, so nobody takes it over.

// MayMake reports whether the operator may make a service token with these scopes.
func (o Operator) MayMake(environmentID string, scopes []string) bool {
	return o.May(TokensWrite, environmentID) && !slices.ContainsFunc(scopes, func(s string) bool {
		return s != serviceauth.TokensConsume && !o.May(Permission(s), environmentID) // to spend tokens is for machines alone
	})
}

// MakeToken makes a service token in the operator's name. The operator is locked and read
// again, so that a role that is just being taken away makes none.
func MakeToken(c who.Caller, tx *store.Tx, o Operator, n serviceauth.New) (secret.Text, error) {
	if _, err := tx.LockUser(environment.Operators, o.ID); err != nil {
		return "", err
	}
	var err error
	if o.Grants, err = grants(tx, o.ID); err != nil {
		return "", err
	}
	if !o.MayMake(n.EnvironmentID, n.Scopes) {
		return "", fault.New(fault.PermissionMissing, "Your role does not allow this token: it may do no more than you.")
	}
	if err := serviceauth.Room(tx, o.Actor()); err != nil {
		return "", err
	}
	text, _, err := serviceauth.Create(c, tx, n)
	return text, err
}

// endTokens revokes what the operator made and could not make any more. The transaction
// has locked the operator and changed their roles.
func endTokens(c who.Caller, tx *store.Tx, operatorID string) error {
	o := Operator{ID: operatorID}
	rows, err := tx.ServiceTokensBy(o.Actor())
	if err != nil || len(rows) == 0 {
		return err
	}
	if o.Grants, err = grants(tx, operatorID); err != nil {
		return err
	}
	for _, row := range rows {
		if o.MayMake(row.EnvironmentID, row.Scopes) {
			continue
		}
		if err := serviceauth.RevokeOf(c, tx, row, "its maker may not make it any more"); err != nil {
			return err
		}
	}
	return nil
}

// Ending makes a change of an operator's roles, and says which of the service tokens that
// they made it ended.
func Ending(tx *store.Tx, operatorID string, change func() error) (ended []store.ServiceTokenRow, err error) {
	actor := Operator{ID: operatorID}.Actor()
	before, err := tx.ServiceTokensBy(actor)
	if err != nil {
		return nil, err
	}
	if err := change(); err != nil {
		return nil, err
	}
	left, err := tx.ServiceTokensBy(actor)
	return slices.DeleteFunc(before, func(row store.ServiceTokenRow) bool {
		return slices.ContainsFunc(left, func(l store.ServiceTokenRow) bool { return l.ID == row.ID })
	}), err
}

// Ended says which tokens ended, as a sentence behind another one; empty: none did.
func Ended(rows []store.ServiceTokenRow) string {
	if len(rows) == 0 {
		return ""
	}
	var names []string
	for _, row := range rows {
		names = append(names, row.Name)
	}
	return fmt.Sprintf(" Service tokens that they made are revoked: %s.", strings.Join(names, ", "))
}

// Unfounded lists the live tokens of operators who could not make them any more, or are
// none: those of before their makers were known.
func Unfounded(tx *store.Tx) (found []store.ServiceTokenRow, err error) {
	rows, err := tx.ServiceTokens()
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		id, ok := operatorOf(row.MadeBy)
		if !ok || !row.RevokedAt.IsZero() {
			continue
		}
		o := Operator{ID: id}
		if o.Grants, err = grants(tx, id); err != nil {
			return nil, err
		}
		if !o.MayMake(row.EnvironmentID, row.Scopes) {
			found = append(found, row)
		}
	}
	return found, nil
}

// tokensOf are the live tokens that whoever has the address made.
func tokensOf(tx *store.Tx, email string) ([]store.ServiceTokenRow, error) {
	held, err := named(tx, email)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return tx.ServiceTokensBy(Operator{ID: held.UserID}.Actor())
}

// operatorOf is the id of an operator of the console who acts; whoever works on the host
// is called by the name of an account there.
func operatorOf(actor string) (id string, ok bool) {
	id, ok = strings.CutPrefix(actor, actorPrefix)
	return id, ok && uuid.Validate(id) == nil
}

// NameOf is an actor of the audit log as operators are shown who made something.
func NameOf(tx *store.Tx, actor string) (string, error) {
	id, ok := operatorOf(actor)
	switch account, onHost := strings.CutPrefix(actor, actorPrefix); {
	case actor == "":
		return "unknown", nil
	case !ok && onHost:
		return "the host (" + account + ")", nil
	case !ok:
		return actor, nil
	}
	rows, err := tx.Credentials(environment.Operators, id)
	for _, row := range rows {
		if row.Format == store.FormatEmail {
			return row.PublicIdentifier, nil
		}
	}
	return "an operator who is gone", err
}

// grants are the roles that an operator has as the transaction sees them.
func grants(tx *store.Tx, operatorID string) (all []Grant, err error) {
	rows, err := tx.Grants(operatorID)
	for _, g := range rows {
		all = append(all, Grant{EnvironmentID: g.EnvironmentID, Role: Role(g.Role)})
	}
	return all, err
}
