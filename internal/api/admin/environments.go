package admin

import (
	"errors"
	"time"

	"github.com/stepup-auth/stepup/internal/door"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/operate"
	"github.com/stepup-auth/stepup/internal/serviceauth"
	"github.com/stepup-auth/stepup/internal/store"
)

// environmentRoutes show and change environments.
func (a *API) environmentRoutes() []door.Route {
	return []door.Route{
		{
			Method: "GET", Path: door.Admin + "/environments", Section: "ours",
			Summary: "List environments",
			Gate:    door.Service(serviceauth.EnvironmentsRead),
			Handler: door.Handle(environments),
		},
		{
			Method: "GET", Path: door.Admin + "/environments/{environmentId}", Section: "ours",
			Summary: "Show an environment's document",
			Gate:    door.Service(serviceauth.EnvironmentsRead),
			Handler: door.Handle(environmentDocument),
		},
		{
			Method: "PUT", Path: door.Admin + "/environments/{environmentId}", Section: "ours",
			Summary: "Apply an environment document; weakening needs environments.weaken",
			Gate:    door.Service(serviceauth.EnvironmentsWrite), Document: true,
			Query:   []door.Param{{Name: "dryRun", Type: "boolean", Summary: "Judge and report, change nothing"}},
			Handler: door.HandleDocument(a.apply),
		},
		{
			Method: "POST", Path: door.Admin + "/environments/{environmentId}/keys/rotate", Section: "ours",
			Summary: "Rotate the signing key",
			Gate:    door.Service(serviceauth.EnvironmentsWrite), OptionalBody: true,
			Handler: door.Handle(rotate),
		},
	}
}

// EnvironmentSummary is one environment in a list.
type EnvironmentSummary struct {
	ID            string    `json:"id"`
	Name          string    `json:"name"`
	MinAPIVersion string    `json:"minApiVersion,omitempty"`
	Revision      int64     `json:"revision"`
	UpdatedAt     time.Time `json:"updatedAt"`
}

// EnvironmentList lists environments.
type EnvironmentList struct {
	Environments []EnvironmentSummary `json:"environments"`
}

func environments(c *door.Call, _ door.None) (EnvironmentList, error) {
	list := EnvironmentList{Environments: []EnvironmentSummary{}}
	return list, c.Read(func(tx *store.Tx) error {
		rows, err := tx.Environments()
		for _, row := range rows {
			if only := c.Service.EnvironmentID(); only == "" || only == row.ID {
				list.Environments = append(list.Environments,
					EnvironmentSummary{ID: row.ID, Name: row.Name, Revision: row.Revision, UpdatedAt: row.UpdatedAt})
			}
		}
		return err
	})
}

// EnvironmentDocument is one environment with its canonical YAML.
type EnvironmentDocument struct {
	EnvironmentSummary
	Document string `json:"document"`
}

func environmentDocument(c *door.Call, _ door.None) (EnvironmentDocument, error) {
	var row store.EnvironmentRow
	err := c.Read(func(tx *store.Tx) (err error) {
		row, err = tx.Environment(c.Path("environmentId"))
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return EnvironmentDocument{}, fault.New(fault.EnvironmentNotFound, "There is no environment with this id.")
	}
	summary := EnvironmentSummary{ID: row.ID, Name: row.Name, Revision: row.Revision, UpdatedAt: row.UpdatedAt}
	return EnvironmentDocument{summary, row.Document}, err
}

// ApplyResponse says what an applied document changed.
type ApplyResponse struct {
	operate.Applied
	DryRun bool `json:"dryRun"`
}

func (a *API) apply(c *door.Call, body []byte) (ApplyResponse, error) {
	dry := c.Query().Get("dryRun") == "true"
	id := c.Path("environmentId")
	var applied operate.Applied
	err := c.Write(func(tx *store.Tx) (err error) {
		applied, err = operate.Apply(tx, c.By, body, operate.ApplyOptions{
			ID: id, MayWeaken: c.Service.May(serviceauth.EnvironmentsWeaken, id), DryRun: dry, Operators: a.Operators(),
			Senders: a.Senders,
		})
		return err
	})
	if err != nil {
		return ApplyResponse{}, err
	}
	a.Outbox.Nudge()
	if applied.Changes == nil {
		applied.Changes = []environment.Change{} // an empty list, not null
	}
	return ApplyResponse{applied, dry}, nil
}

// RotateRequest asks for a new signing key.
type RotateRequest struct {
	AtOnce bool `json:"atOnce,omitempty"` // after a leak: old keys are refused now
}

// RotateResponse names the new key.
type RotateResponse struct {
	KeyID string `json:"kid"`
}

func rotate(c *door.Call, r RotateRequest) (RotateResponse, error) {
	var kid string
	err := c.Write(func(tx *store.Tx) (err error) {
		kid, err = operate.RotateKeys(tx, c.By, c.Path("environmentId"), r.AtOnce)
		return err
	})
	return RotateResponse{kid}, err
}
