package operate

import (
	"errors"
	"slices"

	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/store"
)

// Accepted says what accepting a version did, or would do.
type Accepted struct {
	Applied
	MinAPIVersion environment.Version `json:"minApiVersion"`
	TurnedOn      []string            `json:"turnedOn"` // compatibility entries for clients seen lately
}

// AcceptOptions are how a version is accepted.
type AcceptOptions struct {
	Version   environment.Version // empty: the newest
	Strict    bool                // turn no compatibility entry on
	MayWeaken bool                // needed to go back
	DryRun    bool
	Operators []string
}

// Accept sets the minimum API version of an environment. It holds for every
// request that begins after the transaction has committed, on every node.
// Going up, it turns on the compatibility entries for exactly the calls that
// clients seen lately cannot attach a token to, unless Strict. An environment
// that began older may go back to where it began.
func Accept(tx *store.Tx, by audit.By, environmentID string, o AcceptOptions) (Accepted, error) {
	if _, err := tx.LockEnvironment(environmentID); err != nil {
		return Accepted{}, orNoEnvironment(err)
	}
	ready, err := Ready(tx, environmentID)
	if err != nil {
		return Accepted{}, err
	}
	env, err := parsed(tx, environmentID)
	if err != nil {
		return Accepted{}, err
	}
	if o.Version == "" {
		o.Version = environment.Newest
	}
	if o.Version.Before(env.CreatedAtVersion) {
		return Accepted{}, fault.New(fault.EnvironmentVersionCannotGoBack, "This environment began at %s and cannot go back to %s.", env.CreatedAtVersion, o.Version)
	}
	accepted := Accepted{MinAPIVersion: o.Version, TurnedOn: []string{}}
	next := env.At(o.Version)
	if env.MinAPIVersion.Before(o.Version) && !o.Strict {
		for _, entry := range ready.WouldTurnOn {
			next.Compatibility = append(slices.Clone(next.Compatibility), environment.Compatible(entry))
			accepted.TurnedOn = append(accepted.TurnedOn, entry)
		}
	}
	// Going up, the entries keep what was free already; they take nothing away.
	mayWeaken := o.MayWeaken || env.MinAPIVersion.Before(o.Version)
	accepted.Applied, err = Apply(tx, by, next.YAML(), ApplyOptions{ID: env.ID, MayWeaken: mayWeaken, DryRun: o.DryRun, Operators: o.Operators, Accepting: true})
	if err != nil || o.DryRun || len(accepted.Changes) == 0 {
		return accepted, err
	}
	by.EnvironmentID = env.ID
	return accepted, audit.Record(tx, by, "environment.version_accepted", audit.Detail{
		"from": env.MinAPIVersion, "to": o.Version, "strict": o.Strict, "turned_on": accepted.TurnedOn, "verdict": ready.Verdict,
	})
}

func orNoEnvironment(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return fault.New(fault.EnvironmentNotFound, "There is no environment with this id.")
	}
	return err
}
