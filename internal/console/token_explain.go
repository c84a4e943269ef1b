package console

import (
	"strings"

	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/keyset"
	"github.com/stepup-auth/stepup/internal/method/external"
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

// tokenExplained judges what was pasted. It is kept nowhere, not even in the form.
func tokenExplained(r *request) (answer, error) {
	env, err := environment.Parse([]byte(r.environment.Document))
	if err != nil {
		return nil, err
	}
	if err := r.ParseForm(); err != nil {
		return nil, unreadable(err)
	}
	keys := &keyset.Cache{HTTP: r.HTTP, Now: r.Now}
	d := external.Diagnose(r.Context(), keys, env, r.Now(), strings.TrimSpace(r.PostForm.Get("token")))
	return show(tokenExplainPage{External: env.ExternalAuth, Path: r.within("delivery/token"), Asked: true, Diagnosis: d})
}
