package social

import (
	"context"
	"errors"
	"fmt"

	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/method"
	"github.com/stepup-auth/stepup/internal/store"
)

// Step is one thing that was tried at a provider.
type Step struct {
	Did    string // what was done
	Failed string // why it did not work; empty: it did
}

// Trial is a login that an operator goes through to see whether a provider is set up
// well. It is a real one, up to who the provider says it is; it opens no session, links
// nothing, and what comes back is accepted nowhere else.
type Trial struct {
	Pending bool // nobody has come back from the provider yet
	Steps   []Step
	Account Identity // who came back, if all went well
}

// Try begins a trial of the request's provider and says where to send the browser. The
// request names whose trial it is, and carries no session.
func Try(tx *store.Tx, r Request, e Endpoint, state string) (string, error) {
	if r.Trial == "" || r.Session != nil {
		return "", errors.New("trying a provider: nobody's trial, or in a session")
	}
	if err := Begin(tx, r, state, ""); err != nil {
		return "", err
	}
	return Send(tx, r, e, state, "")
}

// Tried finishes a trial of the same operator, once: it asks the provider who came back.
func Tried(ctx context.Context, db *store.DB, client *Client, r Request, state string) (Trial, error) {
	var trial Trial
	var c *candidate
	err := db.Write(ctx, func(tx *store.Tx) error {
		trial, c = Trial{}, nil
		f, err := begun(tx, r, state)
		if err != nil {
			return err
		}
		known, err := open(tx, f)
		switch {
		case err != nil:
			return err
		case known.Trial == "" || known.Trial != r.Trial:
			return unknownFlow()
		case f.ReturnedAt.IsZero():
			trial.Pending = true
			return nil
		case known.Error != "":
			trial.Steps = append(trial.Steps, Step{"the browser came back from the provider", "it sent the error " + known.Error})
			return nil
		}
		trial.Steps = append(trial.Steps, Step{Did: "the browser came back from the provider with a code"})
		p, row, err := r.Find()
		if err != nil {
			return err
		}
		f, err = tx.ClaimSocialFlow(r.Tenant.ID, hashState(tx, r.Tenant.ID, state), r.Provider, "", hashCode(tx, r.Tenant.ID, known.Code))
		if errors.Is(err, store.ErrNotFound) {
			return unknownFlow()
		}
		if err != nil {
			return err
		}
		c = &candidate{method: Method{Client: client, Provider: r.Provider, State: state}, environmentID: r.Tenant.ID,
			callback: Callback(r.Tenant, r.Provider), provider: p, row: row, flow: f, known: known, purpose: method.SignIn}
		return audit.Record(tx, r.By, "social.tried", audit.Detail{"provider": r.Provider})
	})
	if err != nil || c == nil {
		return trial, err
	}
	err = c.Compare(ctx)
	for _, did := range c.did {
		trial.Steps = append(trial.Steps, Step{Did: did})
	}
	if err != nil {
		trial.Steps = append(trial.Steps, Step{"asking the provider who it is", reasonOf(err)})
		return trial, nil
	}
	trial.Account = c.identity
	return trial, nil
}

// reasonOf is why, for who sets the provider up: not for strangers.
func reasonOf(err error) string {
	var refused *fault.Error
	if errors.As(err, &refused) && refused.Cause != nil {
		return fmt.Sprintf("%.300s", refused.Cause.Error())
	}
	return "it could not be found out"
}
