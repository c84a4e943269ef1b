package operate

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/shadow"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/who"
)

// Accepted says what accepting a version did, or would do.
type Accepted struct {
	Applied
	MinAPIVersion environment.Version `json:"minApiVersion"`
	TurnedOn      []string            `json:"turnedOn"` // compatibility entries for clients seen lately
	Lines         []string            `json:"lines"`    // what the environment's document says about it from now on
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
func Accept(c who.Caller, tx *store.Tx, environmentID string, o AcceptOptions) (Accepted, error) {
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
		return Accepted{}, fault.New(fault.EnvironmentVersionCannotGoBack, "This environment began at %s and cannot go back to %s.",
			env.CreatedAtVersion, o.Version)
	}
	accepted := Accepted{MinAPIVersion: o.Version, TurnedOn: []string{}}
	next := env.At(o.Version)
	if env.MinAPIVersion.Before(o.Version) && !o.Strict {
		for _, entry := range ready.WouldTurnOn {
			next.Compatibility = append(slices.Clone(next.Compatibility), environment.Compatible(entry))
			accepted.TurnedOn = append(accepted.TurnedOn, entry)
		}
	}
	accepted.Lines = lines(next)
	// Going up, the entries keep what was free already; they take nothing away.
	mayWeaken := o.MayWeaken || env.MinAPIVersion.Before(o.Version)
	accepted.Applied, err = Apply(c, tx, next.YAML(),
		ApplyOptions{ID: env.ID, MayWeaken: mayWeaken, DryRun: o.DryRun, Operators: o.Operators, Accepting: true})
	if err != nil || o.DryRun || len(accepted.Changes) == 0 {
		return accepted, err
	}
	for _, entry := range accepted.TurnedOn {
		if err := tx.TurnOn(env.ID, entry); err != nil {
			return accepted, err
		}
	}
	c.By.EnvironmentID = env.ID
	return accepted, audit.Record(tx, c.By, "environment.version_accepted", audit.Detail{
		"from": env.MinAPIVersion, "to": o.Version, "strict": o.Strict, "turned_on": accepted.TurnedOn, "verdict": ready.Verdict,
	})
}

// lines are those of the document that say what is in force.
func lines(env *environment.Environment) []string {
	lines := []string{fmt.Sprintf("minApiVersion: %q", string(env.MinAPIVersion))}
	if len(env.Compatibility) > 0 {
		lines = append(lines, compatibilityLine(env.Compatibility))
	}
	return lines
}

func compatibilityLine(entries []environment.Compatible) string {
	words := make([]string, len(entries))
	for i, entry := range entries {
		words[i] = string(entry)
	}
	return "compatibility: [" + strings.Join(words, ", ") + "]"
}

// dropped are the entries that accepting turned on and that a document leaves out.
type dropped struct {
	environmentID string
	entries       []string
	warnings      []string
}

// droppedEntries finds what an old file takes back of what accepting turned on, and
// says whose calls that refuses.
func droppedEntries(tx *store.Tx, old, next *environment.Environment) (dropped, error) {
	if old == nil {
		return dropped{}, nil
	}
	d := dropped{environmentID: old.ID}
	turnedOn, err := tx.TurnedOn(old.ID)
	if err != nil {
		return d, err
	}
	for _, entry := range turnedOn {
		if old.Allows(environment.Compatible(entry)) && !next.Allows(environment.Compatible(entry)) {
			d.entries = append(d.entries, entry)
		}
	}
	if len(d.entries) == 0 {
		return d, nil
	}
	counts, err := tx.ShadowCounts(old.ID, shadow.Day(tx.Now().Add(-ReadinessDays*24*time.Hour)))
	if err != nil {
		return d, err
	}
	var seen Readiness
	seen.read(old, counts)
	keep := slices.Clone(next.Compatibility)
	for _, use := range seen.Compatibility {
		if !slices.Contains(d.entries, use.Entry) {
			continue
		}
		keep = append(keep, environment.Compatible(use.Entry))
		warning := fmt.Sprintf("compatibility: the document drops %s, which accepting turned on. ", use.Entry)
		if use.Removable {
			warning += fmt.Sprintf("No call of the last %d days needed it.", ReadinessDays)
		} else {
			warning += fmt.Sprintf("%d call(s) of the last %d days went through by it, from %s: such calls are refused without it.",
				use.Count, ReadinessDays, list(use.Clients))
		}
		d.warnings = append(d.warnings, warning)
	}
	d.warnings = append(d.warnings, "To keep what was turned on, write "+compatibilityLine(keep)+".")
	return d, nil
}

func (d dropped) forget(tx *store.Tx) error {
	for _, entry := range d.entries {
		if err := tx.DropTurnedOn(d.environmentID, entry); err != nil {
			return err
		}
	}
	return nil
}

func orNoEnvironment(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return fault.New(fault.EnvironmentNotFound, "There is no environment with this id.")
	}
	return err
}
