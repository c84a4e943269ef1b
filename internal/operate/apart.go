package operate

import (
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/who"
)

// Apart is for how long nobody does both to a user: takes second factors away, and
// changes addresses. Either alone leaves the user something; both are the account. It is
// also how long a user has to stop a recovery. It is documented in docs/limits.md.
const Apart = 72 * time.Hour

// host is the person behind the command line, whatever account of the machine it runs
// under: whoever has the machine has them all.
const host = "host"

// personOf tells apart who acts: operators of the console by their ids, and whoever has
// the host. It is empty for a service token, which anybody may hold.
func personOf(actor string) string {
	id, ok := strings.CutPrefix(actor, "operator:")
	switch {
	case actor == host:
		return host
	case !ok:
		return ""
	case uuid.Validate(id) == nil:
		return actor
	}
	return host
}

// keepApart refuses a change of one sort to whoever made one of the other within
// [Apart], and to anybody of whom it is not known that they are another person. Else it
// notes the change. The transaction has locked the user.
func keepApart(c who.Caller, tx *store.Tx, user store.UserRow, kind string) error {
	changes, err := tx.OperatorChanges(user.EnvironmentID, user.ID, tx.Now().Add(-Apart))
	if err != nil {
		return err
	}
	open, err := openRecovery(tx, user)
	if err != nil {
		return err
	}
	if open != nil { // it changes an address when it comes into effect
		people, err := tx.RecoveryApprovals(open.ID)
		if err != nil {
			return err
		}
		for _, person := range append(people, open.RequestedBy) {
			changes = append(changes, store.OperatorChange{Actor: person, Kind: account.AddressChange})
		}
	}
	mine := personOf(c.By.Actor)
	for _, change := range changes {
		if (change.Kind == account.MFAReset) == (kind == account.MFAReset) {
			continue
		}
		if theirs := personOf(change.Actor); mine == "" || theirs == "" || mine == theirs {
			return fault.New(fault.SecondOperatorNeeded,
				"Nobody takes a user's second factors away and changes an address of theirs within 72 hours. The other one was done "+
					"already: let another operator do this in the console, or wait.")
		}
	}
	return tx.InsertOperatorChange(user.EnvironmentID, user.ID, store.OperatorChange{Actor: c.By.Actor, Kind: kind})
}
