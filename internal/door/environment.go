package door

import (
	"errors"

	"github.com/stepup-auth/stepup/internal/tenant"
)

// findEnvironment takes the environment as this node saw it last where a transaction
// compares revisions before anything is answered: the one that finds the session, or that
// of a route which pins. Else it is taken as it stands.
func findEnvironment(c *Call, id string) (err error) {
	compares := c.route.Pins
	switch c.route.Gate.Kind {
	case ServiceGate:
	case PublicGate:
		compares = compares || optionallySignedIn(c)
	default:
		compares = true
	}
	if compares && !c.arrival.again {
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
