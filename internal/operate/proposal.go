package operate

import (
	"errors"
	"fmt"

	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/who"
)

// Proposal is a change of an environment's document that can be looked at before it is
// made. It is one of three: places of the document in force, a whole document, or the
// document of an earlier revision.
type Proposal struct {
	Edits     []environment.Edit
	RevertsTo int64
	Whole     []byte
}

// Document is what an environment's document would be. The versions stay as they are
// unless a whole document names others: they change by accepting alone.
func (p Proposal) Document(tx *store.Tx, environmentID string) ([]byte, error) {
	switch {
	case p.RevertsTo != 0:
		return reverted(tx, environmentID, p.RevertsTo)
	case len(p.Edits) > 0:
		return edited(tx, environmentID, p.Edits)
	}
	return p.Whole, nil
}

// Apply makes the change in the environment that the options name: an application like any
// other, in which what weakens is judged against the rules in force.
func (p Proposal) Apply(c who.Caller, tx *store.Tx, o ApplyOptions) (Applied, error) {
	document, err := p.Document(tx, o.ID)
	if err != nil {
		return Applied{}, err
	}
	o.RevertsTo = p.RevertsTo
	return Apply(c, tx, document, o)
}

func edited(tx *store.Tx, environmentID string, edits []environment.Edit) ([]byte, error) {
	row, err := tx.Environment(environmentID)
	if err != nil {
		return nil, orNoEnvironment(err)
	}
	document, err := environment.Edited([]byte(row.Document), edits)
	var misplaced *environment.EditError
	if errors.As(err, &misplaced) {
		return nil, fault.New(fault.InvalidEnvironmentDocument, "%s.", misplaced.Error()).Because(misplaced)
	}
	return document, invalid(err)
}

func reverted(tx *store.Tx, environmentID string, revision int64) ([]byte, error) {
	then, err := RevisionOf(tx, environmentID, revision)
	if err != nil {
		return nil, err
	}
	document, err := ReadDocument([]byte(then.Document))
	if err != nil {
		return nil, fmt.Errorf("revision %d was applied by another release of the server: %w", revision, err)
	}
	now, err := parsed(tx, environmentID)
	if err != nil {
		return nil, err
	}
	document.MinAPIVersion, document.CreatedAtVersion = now.MinAPIVersion, now.CreatedAtVersion
	return document.YAML(), nil
}
