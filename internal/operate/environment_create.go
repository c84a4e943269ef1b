package operate

import (
	"strings"

	"github.com/google/uuid"

	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/who"
)

// NewEnvironment is what an environment is to be that has no document yet.
type NewEnvironment struct {
	Name    string
	Origins []string // empty with From: those of that one
	From    string   // the environment whose settings it begins with; empty: the defaults
}

// CreateEnvironment makes an environment under a new id, at the newest version. Settings that are
// copied leave behind what belongs to the other one's past: its version, compatibility
// entries and rehearsal. References to secrets are copied, and resolved for the new id.
func CreateEnvironment(c who.Caller, tx *store.Tx, n NewEnvironment, o ApplyOptions) (Applied, error) {
	document, err := n.document(tx)
	if err != nil {
		return Applied{}, err
	}
	return Apply(c, tx, document, o)
}

func (n NewEnvironment) document(tx *store.Tx) ([]byte, error) {
	if strings.TrimSpace(n.Name) == "" {
		return nil, fault.New(fault.InvalidEnvironmentDocument, "An environment needs a name.")
	}
	id := uuid.NewString()
	begun := &environment.Environment{}
	if n.From == "" {
		env, err := environment.Parse([]byte("id: " + id + "\nname: New\n"))
		if err != nil {
			return nil, err
		}
		begun = env
	} else {
		row, err := tx.Environment(n.From)
		if err != nil {
			return nil, orNoEnvironment(err)
		}
		if begun, err = environment.Parse([]byte(row.Document)); err != nil {
			return nil, err
		}
		begun = begun.At(environment.Newest)
	}
	copied := *begun
	copied.ID, copied.Name = id, strings.TrimSpace(n.Name)
	copied.MinAPIVersion, copied.CreatedAtVersion = environment.Newest, environment.Newest
	copied.Compatibility, copied.Rehearsal = nil, environment.Rehearsal{}
	if len(n.Origins) > 0 || n.From == "" {
		copied.Origins = n.Origins
	}
	return copied.YAML(), nil
}
