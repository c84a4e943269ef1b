package operator

import (
	"context"
	"strings"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/elevate"
	"github.com/stepup-auth/stepup/internal/enforce"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/method"
	"github.com/stepup-auth/stepup/internal/policy"
	"github.com/stepup-auth/stepup/internal/session"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/who"
)

// An operator steps up as users do: a proof mints an elevated token for the scope. It
// stays on the server, sealed, in the session that proved it, and is judged by the same
// code as every other.

// MaySpeakOf reports whether the console steps up for the scope.
func MaySpeakOf(scope stepup.Scope) bool {
	_, known := environment.BuiltinScope(string(scope))
	return known && strings.HasPrefix(string(scope), "console:")
}

// Offers are the factors that would do for a scope.
func (v Visit) Offers(scope stepup.Scope) ([]policy.Means, error) {
	person, err := v.known.Person(v.tenant.Environment)
	if err != nil {
		return nil, err
	}
	decision, err := policy.Decide(v.tenant.Environment, person, scope)
	return decision.Offers, err
}

// Elevate takes a proof for a scope and keeps what it mints in the session, which has
// another cookie then.
func (d *Desk) Elevate(ctx context.Context, v Visit, scope stepup.Scope, p Proof, f From) (cookie string, err error) {
	if v.Stage != Inside || !MaySpeakOf(scope) {
		return "", fault.New(fault.InvalidScopes, "The console has no actions of this kind.")
	}
	c := v.Caller(f)
	m, a := p.attempt(c)
	var minted *elevate.Minted
	err = method.Check(ctx, d.DB, m, a, func(tx *store.Tx, proof method.Proof) error {
		by, _ := proof.Credential()
		if minted, err = elevate.Grant(c, tx, proof, []stepup.Scope{scope}); err != nil {
			return err
		}
		_, err := session.Refresh(c, tx, store.Proved{CredentialID: by.ID, MFA: true, Mark: true})
		return err
	})
	if err != nil {
		return "", err
	}
	text, err := minted.Sign(v.tenant, d.Now())
	if err != nil {
		return "", err
	}
	err = d.DB.Write(ctx, func(tx *store.Tx) error {
		sealed, err := tx.Seal("operator_elevations", "sealed", place(v.Session.ID, scope), []byte(text))
		if err != nil {
			return err
		}
		if err := tx.PutElevation(v.Session.ID, string(scope), sealed, tx.Now().Add(policy.TimeBoundCeiling)); err != nil {
			return err
		}
		cookie, err = d.renew(tx, v)
		return err
	})
	return cookie, err
}

// place is where the token of a session and scope is sealed: it opens nowhere else.
func place(sessionID string, scope stepup.Scope) string { return sessionID + " " + string(scope) }

// Elevated judges whether the session holds a live elevated token of the scope.
func (d *Desk) Elevated(tx *store.Tx, v Visit, scope stepup.Scope) (bool, error) {
	if v.Stage != Inside {
		return false, nil
	}
	text, err := d.elevation(tx, v, scope)
	if err != nil || text == "" {
		return false, err
	}
	c := v.Caller(From{})
	c.Elevated = who.Present(tx.Context(), v.tenant, text)
	_, err = enforce.Judge(c, tx, v.known, enforce.Demand{Scope: scope})
	if fault.Has(err, fault.ElevatedTokenRequired) {
		return false, nil
	}
	return err == nil, err
}
