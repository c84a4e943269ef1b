package operate

import (
	"errors"

	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/who"
)

// Edit changes places of the document in force and applies what comes of it: an
// application like any other, with the rest of the document as it stands.
func Edit(c who.Caller, tx *store.Tx, edits []environment.Edit, o ApplyOptions) (Applied, error) {
	document, err := EditedDocument(tx, o.ID, edits)
	if err != nil {
		return Applied{}, err
	}
	return Apply(c, tx, document, o)
}

// EditedDocument is what [Edit] applies.
func EditedDocument(tx *store.Tx, environmentID string, edits []environment.Edit) ([]byte, error) {
	row, err := tx.Environment(environmentID)
	if err != nil {
		return nil, orNoEnvironment(err)
	}
	document, err := environment.Edited([]byte(row.Document), edits)
	var misplaced *environment.EditError
	if errors.As(err, &misplaced) {
		return nil, fault.New(fault.InvalidEnvironmentDocument, "%s.", misplaced.Error())
	}
	return document, invalid(err)
}
