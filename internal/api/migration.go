package api

import (
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/operate"
	"github.com/stepup-auth/stepup/internal/serviceauth"
	"github.com/stepup-auth/stepup/internal/store"
)

// migrationRoutes are the switch between the versions and what to look at before.
func migrationRoutes() []Route {
	return []Route{
		{Method: "GET", Path: admin + "/environments/{environmentId}/readiness", Gate: serviceGate(serviceauth.EnvironmentsRead),
			Section: "ours", Summary: "What accepting the newest version would do", handler: handle(adminReadiness)},
		{Method: "POST", Path: admin + "/environments/{environmentId}/version", Gate: serviceGate(serviceauth.EnvironmentsWrite),
			Section: "ours", Summary: "Set the minimum API version; going back needs environments.weaken",
			Query: []Param{{Name: "dryRun", Type: "boolean", Summary: "Judge and report, change nothing"}}, handler: handle(adminVersion)},
	}
}

func adminReadiness(c *Call, _ none) (operate.Readiness, error) {
	if c.api.Shadow != nil {
		if err := c.api.Shadow.Flush(c.ctx, c.api.DB); err != nil {
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

func adminVersion(c *Call, r VersionRequest) (operate.Accepted, error) {
	version, err := environment.ParseVersion(r.MinAPIVersion)
	if err != nil {
		return operate.Accepted{}, fault.New(fault.InvalidRequest, "minApiVersion: %s.", err)
	}
	if c.api.Shadow != nil { // who was seen decides what is turned on
		if err := c.api.Shadow.Flush(c.ctx, c.api.DB); err != nil {
			return operate.Accepted{}, err
		}
	}
	var accepted operate.Accepted
	err = c.Write(func(tx *store.Tx) (err error) {
		accepted, err = operate.Accept(tx, c.By, c.Tenant.ID, operate.AcceptOptions{
			Version: version, Strict: r.Strict, MayWeaken: c.Service.May(serviceauth.EnvironmentsWeaken, c.Tenant.ID),
			DryRun: c.request.URL.Query().Get("dryRun") == "true", Operators: c.api.Operators(),
		})
		return err
	})
	if err != nil {
		return operate.Accepted{}, err
	}
	if accepted.Changes == nil {
		accepted.Changes = []environment.Change{}
	}
	c.api.Outbox.Nudge()
	return accepted, nil
}
