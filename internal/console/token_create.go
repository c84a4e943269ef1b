package console

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/nonce"
	"github.com/stepup-auth/stepup/internal/operator"
	"github.com/stepup-auth/stepup/internal/policy"
	"github.com/stepup-auth/stepup/internal/secret"
	"github.com/stepup-auth/stepup/internal/serviceauth"
	"github.com/stepup-auth/stepup/internal/store"
)

// tokenCreatePage is the form of a new service token.
type tokenCreatePage struct {
	Name        string
	Scopes      []tokenScope
	TokenScopes []choice // what it may spend
	Every       bool     // it may spend every scope, also those that come later
	Once        string   // a nonce: the form makes one token, however often it is sent
	Lives       []choice
	Path        string
	Problem     string
	NameProblem string
}

// tokenScope is what a token may be allowed to do.
type tokenScope struct {
	choice
	Says string
}

// choice is something that can be chosen in a form.
type choice struct {
	Value, Name string
	Chosen      bool
}

func (tokenCreatePage) template() string { return "token_create" }
func (tokenCreatePage) title() string    { return "Create a service token" }
func (tokenCreatePage) crumbs() []crumb  { return []crumb{{"API & SDK keys", "./developers"}} }

// scopesOfTokens are those of service tokens with what they mean. Whoever makes a token
// gives it no more than they may do themselves.
var scopesOfTokens = []struct{ scope, says string }{
	{serviceauth.TokensConsume, "Spend single-use tokens: what a service that guards an action needs."},
	{serviceauth.EnvironmentsRead, "Read the environment’s document and its readiness report."},
	{serviceauth.EnvironmentsWrite, "Change the document, as long as no rule becomes weaker; rotate keys."},
	{serviceauth.EnvironmentsWeaken, "Lower rules, add origins, accept versions. Give it to nothing that runs by itself."},
	{serviceauth.UsersRead, "Find users, and see their credentials and sessions."},
	{serviceauth.UsersWrite, "Unlock users, end sessions, reset factors, disable accounts."},
	{serviceauth.AuditRead, "Read the audit log."},
}

var livesOfTokens = []choice{
	{"720h", "30 days", false}, {"2160h", "90 days", true}, {"8760h", "1 year", false}, {"0s", "Until it is revoked", false},
}

func tokenForm(r *request, form url.Values) (tokenCreatePage, error) {
	p := tokenCreatePage{Name: strings.TrimSpace(form.Get("name")), Path: r.within("developers"), Every: form.Get("every") == "yes",
		Once: form.Get("once")}
	for _, s := range scopesOfTokens {
		if r.visitor.MayMake(r.environment.ID, []string{s.scope}) {
			p.Scopes = append(p.Scopes, tokenScope{choice{s.scope, s.scope, slices.Contains(form["scope"], s.scope)}, s.says})
		}
	}
	env, err := environment.Parse([]byte(r.environment.Document))
	if err != nil {
		return p, err
	}
	for _, scope := range policy.Scopes(env) {
		p.TokenScopes = append(p.TokenScopes, choice{scope, scope, slices.Contains(form["consume"], scope)})
	}
	for _, life := range livesOfTokens {
		life.Chosen = form.Get("life") == life.Value || form.Get("life") == "" && life.Chosen
		p.Lives = append(p.Lives, life)
	}
	return p, nil
}

func tokenNew(r *request) (answer, error) {
	p, err := tokenForm(r, nil)
	if err != nil {
		return nil, err
	}
	err = r.read(func(tx *store.Tx) error {
		made, err := nonce.Several(tx, r.environment.ID, tx.Now(), 1)
		if err == nil {
			p.Once = made[0]
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return show(p)
}

// tokenCreatedPage shows a new token, once.
type tokenCreatedPage struct {
	Name, Text, Path string
}

func (tokenCreatedPage) template() string { return "token_created" }
func (tokenCreatedPage) title() string    { return "Your new token" }
func (tokenCreatedPage) crumbs() []crumb  { return []crumb{{"API & SDK keys", "./developers"}} }

func tokenCreate(r *request) (answer, error) {
	if err := r.ParseForm(); err != nil {
		return nil, unreadable(err)
	}
	p, err := tokenForm(r, r.PostForm)
	if err != nil {
		return nil, err
	}
	n := serviceauth.New{Name: p.Name, EnvironmentID: r.environment.ID}
	for _, s := range p.Scopes { // of those that may be given
		if s.Chosen {
			n.Scopes = append(n.Scopes, s.Value)
		}
	}
	for _, s := range p.TokenScopes {
		if s.Chosen {
			n.TokenScopes = append(n.TokenScopes, stepup.Scope(s.Value))
		}
	}
	for _, life := range p.Lives {
		if life.Chosen {
			n.Life, _ = time.ParseDuration(life.Value)
		}
	}
	switch {
	case p.Name == "" || len(p.Name) > 100:
		p.NameProblem = "Give it a name of at most 100 characters, such as what will use it."
		return again(p)
	case len(n.Scopes) == 0:
		p.Problem = "Choose at least one thing that it may do."
		return again(p)
	case len(n.TokenScopes) > 0 && !slices.Contains(n.Scopes, serviceauth.TokensConsume):
		p.Problem = fmt.Sprintf("What it may spend is chosen, and it may not spend: choose %s too, or no scope.", serviceauth.TokensConsume)
		return again(p)
	case slices.Contains(n.Scopes, serviceauth.TokensConsume) && (len(n.TokenScopes) == 0) != p.Every:
		p.Problem = "Say what it may spend: the scopes that its service guards, or every scope."
		return again(p)
	}
	var text secret.Text
	err = r.write(func(tx *store.Tx) (err error) {
		if err := nonce.Spend(tx, r.environment.ID, p.Once); err != nil {
			return err
		}
		text, err = operator.MakeToken(r.caller(), tx, r.visitor.Operator, n)
		return err
	})
	if errors.Is(err, nonce.ErrInvalid) {
		return nil, fault.New(fault.Conflict, "This form has made its token already, or was open for longer than a day. A token is shown "+
			"once: if you did not put it away, revoke it under API & SDK keys, and create another one.")
	}
	if err != nil {
		return nil, err
	}
	return show(tokenCreatedPage{p.Name, text.Reveal(), p.Path})
}
