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
				{Name: "noWeakening", Type: "boolean", Summary: "Refuse what weakens, whatever the token may do"},
			},
			Handler: door.HandleDocument(a.apply),
		},
		{
			Method: "POST", Path: door.Admin + "/environments", Section: "ours",
			Summary: "Make an environment that begins with the settings of another one, or with the defaults",
			Gate:    door.Service(serviceauth.EnvironmentsWrite).OfAll(),
			Handler: door.Handle(a.createEnvironment),
		},
		{
			Method: "GET", Path: door.Admin + "/environments/{environmentId}/deletion", Section: "ours",
			Summary: "What deleting an environment would take away",
			Gate:    door.Service(serviceauth.EnvironmentsRead),
			Handler: door.Handle(environmentDeletion),
		},
		{
			Method: "POST", Path: door.Admin + "/environments/{environmentId}/delete", Section: "ours",
			Summary: "Delete an environment with its users and keys, for good",
			Gate:    door.Service(serviceauth.EnvironmentsDelete),
			Handler: door.Handle(deleteEnvironment),
		},
		{
			Method: "GET", Path: door.Admin + "/environments/{environmentId}/calls", Section: "ours",
			Summary: "How many protected calls were counted lately, by scope",
			Gate:    door.Service(serviceauth.EnvironmentsRead),
			Handler: door.Handle(a.calls),
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

// CreateEnvironmentRequest says what an environment is to be that has no document yet.
type CreateEnvironmentRequest struct {
	Name    string   `json:"name"`
	From    string   `json:"from,omitempty"`    // the environment whose settings it begins with; empty: the defaults
	Origins []string `json:"origins,omitempty"` // empty with from: those of that one
}

func (a *API) createEnvironment(c *door.Call, r CreateEnvironmentRequest) (ApplyResponse, error) {
	answer := ApplyResponse{}
	if r.From != "" && !c.Service.May(serviceauth.EnvironmentsRead, r.From) { // its copy would tell what it is like
		return answer, fault.New(fault.InsufficientServiceScope, "To copy settings is to read them, which needs %s.",
			serviceauth.EnvironmentsRead)
	}
	err := c.Write(func(tx *store.Tx) (err error) {
		n := operate.NewEnvironment{Name: r.Name, From: r.From, Origins: r.Origins}
		answer.Applied, err = operate.CreateEnvironment(c.Caller, tx, n, operate.ApplyOptions{
			MayWeaken: c.Service.May(serviceauth.EnvironmentsWeaken, ""), Senders: a.Senders, Operators: a.Operators(),
		})
		return err
	})
	return answer, err
}

func environmentDeletion(c *door.Call, _ door.None) (d operate.EnvironmentDeletion, err error) {
	err = c.Read(func(tx *store.Tx) error {
		d, err = operate.ViewEnvironmentDeletion(tx, c.Path("environmentId"))
		return err
	})
	return d, err
}

// DeleteEnvironmentRequest says that it is really meant.
type DeleteEnvironmentRequest struct {
	Name string `json:"name"` // the environment's
}

func deleteEnvironment(c *door.Call, r DeleteEnvironmentRequest) (d operate.EnvironmentDeletion, err error) {
	err = c.Write(func(tx *store.Tx) error {
		d, err = operate.DeleteEnvironment(c.Caller, tx, c.Path("environmentId"), r.Name)
		return err
	})
	return d, err
}

// CountedCalls are the protected calls that were counted.
type CountedCalls struct {
	Days  int              `json:"days"`
	Calls map[string]int64 `json:"calls"` // by scope
}

func (a *API) calls(c *door.Call, _ door.None) (counted CountedCalls, err error) {
	if a.Shadow != nil {
		if err := a.Shadow.Flush(c.Context(), a.DB); err != nil {
			return counted, err
		}
	}
	counted.Days = operate.ReadinessDays
	err = c.Read(func(tx *store.Tx) error {
		counted.Calls, err = operate.CallsByScope(tx, c.Path("environmentId"))
		return err
	})
	return counted, err
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
