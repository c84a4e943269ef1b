package door

import (
	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/enforce"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/policy"
	"github.com/stepup-auth/stepup/internal/store"
)

// Judge asks the gate without spending, for work that cannot be taken back when
// the token turns out to be missing.
func (c *Call) Judge(scope stepup.Scope) error {
	return c.Read(func(tx *store.Tx) error {
		known, err := account.Know(tx, *c.Session)
		if err == nil {
			_, err = enforce.Judge(c.Caller, tx, known, c.Demand(scope))
		}
		return err
	})
}

// Spend consumes the elevated token for the scope in the action's transaction,
// unless the compatibility entry waives it. Without a token id nothing opened
// the gate that the change could claim as its provenance.
func (c *Call) Spend(tx *store.Tx, scope stepup.Scope, entry environment.Compatible) (tokenID string, err error) {
	return c.SpendFor(tx, c.route.Gate.Use, scope, entry)
}

// SpendFor is Spend for a call whose use of the scope only its body tells.
func (c *Call) SpendFor(
	tx *store.Tx, use policy.Use, scope stepup.Scope, entry environment.Compatible,
) (tokenID string, err error) {
	d := c.Demand(scope)
	d.Use = use
	d.Foresee = c.foreseen == nil && c.route.Gate.Kind == BodyGate && foresees(c)
	opened, err := enforce.Spend(c.Caller, tx, d, nil)
	refused := fault.Has(err, fault.ElevatedTokenRequired)
	if err == nil || refused {
		c.Known = opened.Known
	}
	if d.Foresee && (err == nil || refused) {
		foresaw(c, scope, opened.Foreseen)
	}
	if refused && enforce.Waives(c.Caller, opened.Known, entry) {
		c.NoteWaived(scope, entry)
		return "", nil
	}
	if opened.MFATokenID != "" {
		c.NoteMFAToken(scope)
	}
	return opened.Token.ID, err
}

// Spending is Spend to be done later, by whoever finds that it is needed.
func (c *Call) Spending(scope stepup.Scope, entry environment.Compatible) func(*store.Tx) (tokenID string, err error) {
	return func(tx *store.Tx) (string, error) { return c.Spend(tx, scope, entry) }
}
