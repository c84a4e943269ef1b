package prompt

import (
	"slices"
	"time"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/assurance"
	"github.com/stepup-auth/stepup/internal/binding"
	"github.com/stepup-auth/stepup/internal/door"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/policy"
	"github.com/stepup-auth/stepup/internal/store"
)

// aim is what something is proven for: what the prompt was made for, or the enrolment of
// a factor in it.
type aim struct {
	scopes []string
	about  *store.BindingRow // the one transaction; nil: none
}

// toEnrol is what enrolling a factor needs.
var toEnrol = []string{string(stepup.CredentialLink)}

func (a aim) bindingID() string {
	if a.about == nil {
		return ""
	}
	return a.about.ID
}

// aimOf is what the prompt of the call was made for.
func aimOf(c *door.Call) (aim, error) {
	a := aim{scopes: c.Prompt.Scopes}
	if c.Prompt.BindingID == "" {
		return a, nil
	}
	err := c.Read(func(tx *store.Tx) error {
		row, err := binding.Find(c.Caller, tx, c.Prompt.BindingID)
		a.about = &row
		return err
	})
	return a, err
}

// offered is what would do, for all scopes at once.
type offered struct {
	means    []policy.Means
	first    string // which of them comes first
	coolDown time.Duration
	disputed bool
}

// offers asks the one decision function. What is proven elsewhere only is left out: an
// external login by the app, a passkey where the page may not use it.
func offers(c *door.Call, known account.Known, a aim) (o offered, err error) {
	person, err := known.Person(c.Tenant.Environment)
	if err != nil {
		return o, err
	}
	usable := passkeys(c).Usable
	for i, scope := range a.scopes {
		d, err := policy.Decide(c.Tenant.Environment, person, stepup.Scope(scope))
		if err != nil {
			return o, fault.New(fault.InvalidScopes, "%s", policy.NoScope(c.Tenant.Environment, scope)).Because(err)
		}
		o.coolDown, o.disputed = max(o.coolDown, d.CoolDown), o.disputed || d.Disputed
		if i == 0 {
			o.means, o.first = slices.Clone(d.Offers), d.DefaultID
			continue
		}
		o.means = slices.DeleteFunc(o.means, func(m policy.Means) bool {
			return !slices.ContainsFunc(d.Offers, func(other policy.Means) bool { return other.ID == m.ID })
		})
	}
	o.means = slices.DeleteFunc(o.means, func(m policy.Means) bool {
		return m.Kind == assurance.External || m.Kind == assurance.Passkey && !usable ||
			a.about != nil && a.about.MustDisplay && !(m.Kind.Shows() && a.about.Shown)
	})
	return o, nil
}

// offer is the credential of the id, if it would do.
func offer(c *door.Call, a aim, id string) (policy.Means, store.CredentialRow, error) {
	if err := door.Need("credentialId", id); err != nil {
		return policy.Means{}, store.CredentialRow{}, err
	}
	o, err := offers(c, c.Known, a)
	if err != nil {
		return policy.Means{}, store.CredentialRow{}, err
	}
	i := slices.IndexFunc(o.means, func(m policy.Means) bool { return m.ID == id && m.Kind != assurance.RecoveryCode })
	row, has := credential(c.Known, id)
	if i < 0 || !has {
		return policy.Means{}, row, fault.New(fault.MFAInvalidRequest,
			"This is none of the ways that the prompt lists. Use one that it does.")
	}
	return o.means[i], row, nil
}
