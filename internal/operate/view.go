package operate

import (
	"errors"
	"time"

	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/store"
)

// EnvironmentSummary is one environment in a list.
type EnvironmentSummary struct {
	ID            string    `json:"id"`
	Name          string    `json:"name"`
	MinAPIVersion string    `json:"minApiVersion,omitempty"`
	Revision      int64     `json:"revision"`
	UpdatedAt     time.Time `json:"updatedAt"`
}

func summariseEnvironment(row store.EnvironmentRow) EnvironmentSummary {
	e := EnvironmentSummary{ID: row.ID, Name: row.Name, Revision: row.Revision, UpdatedAt: row.UpdatedAt}
	if env, err := environment.Parse([]byte(row.Document)); err == nil { // what cannot be read has no version to tell
		e.MinAPIVersion = string(env.MinAPIVersion)
	}
	return e
}

// ViewEnvironments lists environments: all, or the one with the id.
func ViewEnvironments(tx *store.Tx, only string) ([]EnvironmentSummary, error) {
	rows, err := tx.Environments()
	list := []EnvironmentSummary{}
	for _, row := range rows {
		if only == "" || only == row.ID {
			list = append(list, summariseEnvironment(row))
		}
	}
	return list, err
}

// EnvironmentDocument is one environment with its canonical YAML.
type EnvironmentDocument struct {
	EnvironmentSummary
	Document string `json:"document"`
}

// ViewEnvironment shows one environment.
func ViewEnvironment(tx *store.Tx, id string) (EnvironmentDocument, error) {
	row, err := tx.Environment(id)
	if errors.Is(err, store.ErrNotFound) {
		err = fault.New(fault.EnvironmentNotFound, "There is no environment with this id.")
	}
	if err != nil {
		return EnvironmentDocument{}, err
	}
	return EnvironmentDocument{summariseEnvironment(row), row.Document}, nil
}
