package door

import (
	"errors"

	"github.com/stepup-auth/stepup/internal/tenant"
)

// findEnvironment takes the environment as this node saw it last where the
// transaction that finds the session compares revisions, and else as it stands.
func findEnvironment(c *Call, id string) (err error) {
	gate := c.route.Gate.Kind
	if gate != ServiceGate && !c.arrival.again && (gate != PublicGate || optionallySignedIn(c)) {
		c.Tenant = c.door.Tenants.Last(id)
	}
	if c.Tenant == nil {
		if c.Tenant, err = c.door.Tenants.Load(c.Context(), id); err != nil {
			return err
		}
		c.confirmed = true
	}
	c.By.EnvironmentID = id
	return nil
}

// confirmEnvironment returns err if it came of the environment as it stands; else it
// came of what this node saw last, and the request starts anew.
func confirmEnvironment(c *Call, err error) error {
	if c.Tenant == nil || c.confirmed || errors.Is(err, tenant.ErrRevised) {
		return err
	}
	t, unknown := c.door.Tenants.Load(c.Context(), c.Tenant.ID)
	switch {
	case unknown != nil:
		return unknown
	case t.Revision != c.Tenant.Revision:
		return tenant.ErrRevised
	}
	c.confirmed = true
	return err
}
