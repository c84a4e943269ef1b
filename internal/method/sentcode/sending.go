package sentcode

import (
	"errors"
	"time"

	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/limit"
	"github.com/stepup-auth/stepup/internal/store"
)

// Bound is one limit on sending. Whoever is signed in and writes to themselves
// has an allowance of their own where PerOwner says so, so that strangers who
// ask for codes cannot keep them from stepping up.
type Bound struct {
	What     string // names the counter
	Parts    []string
	PerOwner bool
	Rate     environment.Rate
}

// takeSend counts a send against every limit before anything is sent.
func (ch *Channel) takeSend(tx *store.Tx, r Request) error {
	owner, err := ch.owner(tx, r)
	if err != nil {
		return err
	}
	limits := r.Tenant.Limits
	bounds := []Bound{
		{What: "send-address", Parts: []string{ch.Format, r.Key, owner}, Rate: limits.CodesPerAddress},
		{What: "send-environment", Rate: environment.Rate{Count: limits.CodesPerHour, Per: environment.Duration(time.Hour)}},
	}
	if r.Session != nil {
		bounds = append(bounds, Bound{What: "send-session", Parts: []string{r.Session.ID}, Rate: limits.CodesPerSession})
	} else {
		bounds = append(bounds, Bound{What: "send-source", Parts: []string{r.Source}, Rate: limits.CodesPerIP})
	}
	for _, b := range append(bounds, r.Bounds...) {
		parts := append([]string{r.Tenant.ID}, b.Parts...)
		if b.PerOwner && owner != "" {
			parts = append(parts, "owner")
		}
		ok, wait, err := limit.Take(tx, limit.For(tx, b.What, parts...), b.Rate)
		if err != nil {
			return err
		}
		if !ok {
			return fault.New(fault.RateLimited, "Too many codes were asked for. Use the newest one you have, or try again in %s.", wait.Round(time.Second)).After(wait)
		}
	}
	return nil
}

// owner is the session's user, if the address is theirs.
func (ch *Channel) owner(tx *store.Tx, r Request) (string, error) {
	if r.Session == nil {
		return "", nil
	}
	held, err := tx.CredentialByIdentifier(r.Tenant.ID, ch.Format, r.Key)
	if errors.Is(err, store.ErrNotFound) {
		return "", nil
	}
	if held.UserID != r.Session.UserID {
		return "", err
	}
	return held.UserID, err
}
