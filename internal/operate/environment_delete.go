package operate

import (
	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/who"
)

// manyUsers is how far the users of an environment are counted before it is deleted.
const manyUsers = 10000

// EnvironmentDeletion says what deleting an environment takes away.
type EnvironmentDeletion struct {
	ID            string `json:"id"`
	Name          string `json:"name"`
	Users         int    `json:"users"`
	More          bool   `json:"more,omitempty"` // there are more than that
	ServiceTokens int    `json:"serviceTokens"`
	KeepsWallets  bool   `json:"keepsWallets,omitempty"` // for its users, so that it cannot be deleted
}

// ViewEnvironmentDeletion says what [DeleteEnvironment] would do.
func ViewEnvironmentDeletion(tx *store.Tx, environmentID string) (EnvironmentDeletion, error) {
	row, err := tx.Environment(environmentID)
	if err != nil {
		return EnvironmentDeletion{}, orNoEnvironment(err)
	}
	d := EnvironmentDeletion{ID: row.ID, Name: row.Name}
	tokens, err := tx.ServiceTokensOf(environmentID)
	if err != nil {
		return d, err
	}
	d.ServiceTokens = len(tokens)
	if d.Users, err = tx.CountUsers(environmentID, manyUsers+1); err != nil {
		return d, err
	}
	if d.Users > manyUsers {
		d.Users, d.More = manyUsers, true
	}
	d.KeepsWallets, err = tx.KeepsWallets(environmentID)
	return d, err
}

// DeleteEnvironment takes an environment away for good, with its users, keys, tokens and members.
// Every call to it fails from the next request on, on every node. Its id is never used
// again, and its entries in the audit log stay. name is typed by whoever does it, and
// must be the environment's.
func DeleteEnvironment(c who.Caller, tx *store.Tx, environmentID, name string) (EnvironmentDeletion, error) {
	row, err := tx.LockEnvironment(environmentID)
	if err != nil {
		return EnvironmentDeletion{}, orNoEnvironment(err)
	}
	if name != row.Name {
		return EnvironmentDeletion{}, fault.New(fault.Conflict,
			"The environment is called %q, which is not what was typed. Nothing was deleted.", row.Name)
	}
	d, err := ViewEnvironmentDeletion(tx, environmentID)
	if err != nil {
		return d, err
	}
	if d.KeepsWallets {
		return d, fault.New(fault.Conflict, "Wallets are kept here for users of this environment, and their keys would be out of reach. "+
			"Let the users export them, and delete the wallets first.")
	}
	if _, err := tx.DeleteEnvironment(environmentID); err != nil {
		return d, err
	}
	c.By.EnvironmentID = environmentID
	return d, audit.Record(tx, c.By, "environment.deleted", audit.Detail{
		"name": d.Name, "users": d.Users, "more_users": d.More, "service_tokens": d.ServiceTokens,
	})
}

// refuseDeleted refuses to make an environment with the id of one that was deleted.
func refuseDeleted(tx *store.Tx, environmentID string) error {
	was, err := tx.Deleted(environmentID)
	if err != nil || !was {
		return err
	}
	return fault.New(fault.Conflict, "An environment with the id %s was deleted, and ids are never used again: choose another one.",
		environmentID)
}
