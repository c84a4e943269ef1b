package admin

import (
	"github.com/stepup-auth/stepup/internal/door"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/operate"
	"github.com/stepup-auth/stepup/internal/serviceauth"
	"github.com/stepup-auth/stepup/internal/store"
)

// versionRoutes are the switch between the versions and what to look at before.
func (a *API) versionRoutes() []door.Route {
	return []door.Route{
		{
			Method: "GET", Path: door.Admin + "/environments/{environmentId}/readiness", Section: "ours",
			Summary: "What accepting the newest version would do",
			Gate:    door.Service(serviceauth.EnvironmentsRead),
			Handler: door.Handle(a.readiness),
		},
		{
			Method: "POST", Path: door.Admin + "/environments/{environmentId}/version", Section: "ours",
			Summary: "Set the minimum API version; going back needs environments.weaken",
			Gate:    door.Service(serviceauth.EnvironmentsWrite),
			Query:   []door.Param{{Name: "dryRun", Type: "boolean", Summary: "Judge and report, change nothing"}},
			Handler: door.Handle(a.setVersion),
		},
	}
}

func (a *API) readiness(c *door.Call, _ door.None) (operate.Readiness, error) {
	if a.Shadow != nil {
		if err := a.Shadow.Flush(c.Context(), a.DB); err != nil {
			return operate.Readiness{}, err
		}
	}
	var report operate.Readiness
	err := c.Read(func(tx *store.Tx) (err error) {
		report, err = operate.Ready(tx, c.Tenant.ID)
		return err
	})
	return report, err
}

// VersionRequest accepts a version, or goes back to one.
type VersionRequest struct {
	MinAPIVersion string `json:"minApiVersion"`
	Strict        bool   `json:"strict,omitempty"` // turn no compatibility entry on
}

func (a *API) setVersion(c *door.Call, r VersionRequest) (operate.Accepted, error) {
	version, err := environment.ParseVersion(r.MinAPIVersion)
	if err != nil {
		return operate.Accepted{}, fault.New(fault.InvalidRequest, "minApiVersion: %s.", err)
	}
	if a.Shadow != nil { // who was seen decides what is turned on
		if err := a.Shadow.Flush(c.Context(), a.DB); err != nil {
			return operate.Accepted{}, err
		}
	}
	var accepted operate.Accepted
	err = c.Write(func(tx *store.Tx) (err error) {
		accepted, err = operate.Accept(c.Caller, tx, c.Tenant.ID, operate.AcceptOptions{
			Version: version, Strict: r.Strict, MayWeaken: c.Service.May(serviceauth.EnvironmentsWeaken, c.Tenant.ID),
			DryRun: c.Query().Get("dryRun") == "true", Operators: a.Operators(),
		})
		return err
	})
	if err != nil {
		return operate.Accepted{}, err
	}
	if accepted.Changes == nil {
		accepted.Changes = []environment.Change{}
	}
	return accepted, nil
}
