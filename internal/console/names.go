package console

import (
	"errors"
	"strings"

	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/operator"
	"github.com/stepup-auth/stepup/internal/store"
)

// names says who users and actors are, each found once. Users are named to those who may
// see users.
type names struct {
	tx    *store.Tx
	r     *request
	known map[string]string
	err   error
}

// of is an address of the user, or the id where none is known any more.
func (n *names) of(userID string) string {
	if !n.r.may(operator.UsersRead) {
		return userID
	}
	return n.once("user:"+userID, func() (string, error) { return n.address(n.r.environment.ID, userID) })
}

// actor is who did something, as people know them: the address of a user or an operator,
// the name of a service token.
func (n *names) actor(actor string) string {
	kind, id, _ := strings.Cut(actor, ":")
	switch kind {
	case "user":
		return n.of(id)
	case "operator":
		if id == "" {
			return "the host"
		}
		return n.once(actor, func() (string, error) {
			name, err := n.address(environment.Operators, id)
			if name == id { // nobody knows any more
				name = actor
			}
			return name, err
		})
	case "service":
		name := n.once(actor, func() (string, error) {
			row, err := n.tx.ServiceToken(id)
			if errors.Is(err, store.ErrNotFound) {
				return id, nil
			}
			return row.Name, err
		})
		return "token " + name
	case "host":
		return "the host"
	case "custodian":
		return "the " + id
	case "system":
		return "the server"
	case "anonymous":
		return "somebody not signed in"
	}
	return actor
}

func (n *names) once(key string, find func() (string, error)) string {
	if name, ok := n.known[key]; ok || n.err != nil {
		return name
	}
	if n.known == nil {
		n.known = map[string]string{}
	}
	n.known[key], n.err = find()
	return n.known[key]
}

// address is an email address of the user, else a phone number, else the id.
func (n *names) address(environmentID, userID string) (string, error) {
	name := userID
	rows, err := n.tx.Credentials(environmentID, userID)
	for _, row := range rows {
		if row.Format == store.FormatEmail || name == userID && row.Format == store.FormatPhone {
			name = row.PublicIdentifier
		}
	}
	return name, err
}
