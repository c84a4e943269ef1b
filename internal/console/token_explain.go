package console

import (
	"strings"
	"time"

	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/limit"
	"github.com/stepup-auth/stepup/internal/method/external"
	"github.com/stepup-auth/stepup/internal/store"
)

// tokenExplainPage says which check a token of the environment's own login fails.
type tokenExplainPage struct {
	External  environment.ExternalAuth
	Path      string
	Asked     bool
	Diagnosis external.Diagnosis
}

func (tokenExplainPage) template() string { return "token_explain" }
func (tokenExplainPage) title() string    { return "Explain a token" }
func (tokenExplainPage) crumbs() []crumb  { return []crumb{{"Delivery", "./delivery"}} }

func tokenExplain(r *request) (answer, error) {
	env, err := environment.Parse([]byte(r.environment.Document))
	if err != nil {
		return nil, err
	}
	return show(tokenExplainPage{External: env.ExternalAuth, Path: r.within("delivery/token")})
}

// explained bounds what an operator has explained: each may fetch the keys of an issuer.
var explained = environment.Rate{Count: 60, Per: environment.Duration(time.Hour)}

// tokenExplained judges what was pasted. It is kept nowhere, not even in the form.
func tokenExplained(r *request) (answer, error) {
	env, err := environment.Parse([]byte(r.environment.Document))
	if err != nil {
		return nil, err
	}
	if err := r.ParseForm(); err != nil {
		return nil, unreadable(err)
	}
	err = r.write(func(tx *store.Tx) error {
		ok, wait, err := limit.Take(tx, limit.For(tx, "token-explained", r.visitor.ID), explained)
		if err == nil && !ok {
			err = fault.New(fault.RateLimited, "You had %d tokens explained within an hour. Try again in %s.", explained.Count,
				fault.Spoken(wait)).After(wait)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	d := external.Diagnose(r.Context(), r.keys, env, r.Now(), strings.TrimSpace(r.PostForm.Get("token")))
	return show(tokenExplainPage{External: env.ExternalAuth, Path: r.within("delivery/token"), Asked: true, Diagnosis: d})
}
