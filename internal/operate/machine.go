package operate

import (
	"strings"
	"time"

	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/deliver"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/limit"
	"github.com/stepup-auth/stepup/internal/outbox"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/tenant"
	"github.com/stepup-auth/stepup/internal/who"
)

// What machines do to people is watched: nobody steps up with a service token, and
// anybody may hold it. The figures are documented in docs/limits.md.

// toldOfMachines is how many mails of it each operator gets.
var toldOfMachines = environment.Rate{Count: 20, Per: environment.Duration(time.Hour)}

// readingEvery is how often it is put on record that somebody goes on reading.
const readingEvery = time.Hour

// TellOfMachine tells operators what a service token has just done to a user. What people
// do is asked of them twice, and stands in the audit log alone.
func TellOfMachine(c who.Caller, tx *store.Tx, environmentID string, operators []string, did string) error {
	if !strings.HasPrefix(c.By.Actor, "service:") {
		return nil
	}
	t, err := tenantOf(tx, environmentID)
	if err != nil {
		return err
	}
	ok, _, err := limit.Take(tx, limit.For(tx, "told-of-machines", environmentID), toldOfMachines)
	if err != nil || !ok {
		return err
	}
	for _, to := range operators {
		message := deliver.EnvironmentWeakened(deliver.Weakened{EnvironmentName: t.Name, From: tenant.Sender(t.Environment, ""), To: to,
			At: tx.Now(), Actor: c.By.Actor, Changes: []string{"users: " + did}})
		if err := outbox.Enqueue(tx, t.ID, message, outbox.NoticeLife); err != nil {
			return err
		}
	}
	return nil
}

// Reading is what is read in pages, by whoever may take all of it out.
type Reading string

// The readings, by the actions that they are recorded as.
const (
	ReadsUsers Reading = "users.exported"
	ReadsAudit Reading = "audit.exported"
)

// OnRecord reports whether it stands in the log already that the caller reads.
func (r Reading) OnRecord(c who.Caller, tx *store.Tx, environmentID string) (bool, error) {
	n, err := limit.Seen(tx, r.key(c, tx, environmentID))
	return n > 0, err
}

// Record puts on record that the caller reads, before the first page leaves, and once an
// hour while they go on: not once a page, or whoever polls the log fills it.
func (r Reading) Record(c who.Caller, tx *store.Tx, environmentID string) error {
	ok, _, err := limit.Take(tx, r.key(c, tx, environmentID), environment.Rate{Count: 1, Per: environment.Duration(readingEvery)})
	if err != nil || !ok {
		return err
	}
	c.By.EnvironmentID = environmentID
	return audit.Record(tx, c.By, string(r), audit.Detail{"pages": true})
}

func (r Reading) key(c who.Caller, tx *store.Tx, environmentID string) limit.Key {
	return limit.For(tx, string(r), environmentID, c.By.Actor)
}
