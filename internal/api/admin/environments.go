package admin

import (
	"strconv"

	"github.com/stepup-auth/stepup/internal/door"
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
			Query: []door.Param{
				{Name: "dryRun", Type: "boolean", Summary: "Judge and report, change nothing"},
				{Name: "revision", Type: "integer", Summary: "The revision that is changed; another in force is a conflict"},
			},
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

// EnvironmentList lists environments.
type EnvironmentList struct {
	Environments []operate.EnvironmentSummary `json:"environments"`
}

func environments(c *door.Call, _ door.None) (list EnvironmentList, err error) {
	err = c.Read(func(tx *store.Tx) error {
		list.Environments, err = operate.ViewEnvironments(tx, c.Service.EnvironmentID())
		return err
	})
	return list, err
}

func environmentDocument(c *door.Call, _ door.None) (document operate.EnvironmentDocument, err error) {
	err = c.Read(func(tx *store.Tx) error {
		document, err = operate.ViewEnvironment(tx, c.Path("environmentId"))
		return err
	})
	return document, err
}

// ApplyResponse says what an applied document changed.
type ApplyResponse struct {
	operate.Applied
	DryRun bool            `json:"dryRun"`
	Effect *operate.Effect `json:"effect,omitempty"` // of a dry run: what would be decided otherwise
}

func (a *API) apply(c *door.Call, body []byte) (ApplyResponse, error) {
	var read int64
	if text := c.Query().Get("revision"); text != "" {
		var err error
		if read, err = strconv.ParseInt(text, 10, 64); err != nil || read < 1 {
			return ApplyResponse{}, fault.New(fault.InvalidRequest, "revision is no number: take it from the document that was read.")
		}
	}
	return a.change(c, read, operate.Proposal{Whole: body})
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
		kid, err = operate.RotateKeys(c.Caller, tx, c.Path("environmentId"), r.AtOnce)
		return err
	})
	return RotateResponse{kid}, err
}
