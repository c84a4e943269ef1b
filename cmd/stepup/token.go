package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/api/admin"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/operate"
	"github.com/stepup-auth/stepup/internal/secret"
	"github.com/stepup-auth/stepup/internal/serviceauth"
	"github.com/stepup-auth/stepup/internal/store"
)

type tokenCommand struct {
	Create tokenCreate `cmd:"" help:"Create a service token. It is shown once."`
	List   tokenList   `cmd:"" help:"List service tokens."`
	Revoke tokenRevoke `cmd:"" help:"Revoke a service token."`
}

type tokenCreate struct {
	Name    string        `required:"" help:"What it is for."`
	Env     string        `help:"Environment id it is limited to; without it the token is for all." placeholder:"ID"`
	Scope   []string      `required:"" help:"What it may do: ${serviceScopes}. Repeat or separate by commas."`
	Consume []string      `help:"With tokens.consume: the only token scopes it may consume, such as transfer:create." placeholder:"SCOPE"`
	Expires time.Duration `help:"How long it lives; without it until revoked." placeholder:"720h"`
}

func (c *tokenCreate) Run(s *session) error {
	if c.Expires < 0 {
		return fmt.Errorf("--expires=%s is over already; give a time to live such as 720h, or leave it out", c.Expires)
	}
	if len(c.Consume) > 0 && !slices.Contains(c.Scope, serviceauth.TokensConsume) {
		return errors.New("--consume limits what the token may consume, so it needs --scope tokens.consume too")
	}
	r := admin.CreateServiceTokenRequest{Name: c.Name, EnvironmentID: c.Env, Scopes: c.Scope,
		LifeSeconds: int64((c.Expires + time.Second - 1) / time.Second)}
	for _, scope := range c.Consume {
		r.TokenScopes = append(r.TokenScopes, stepup.Scope(scope))
	}
	var made struct {
		ID    string
		Token secret.Text
	}
	err := s.post(r, &made, "service-tokens")
	if fault.Has(err, fault.EnvironmentNotFound) {
		return unknown("environment", c.Env)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(s.stderr, "Created service token %s. It is shown only now; only a hash is kept.\n", made.ID)
	if warning := c.unlimited(); warning != "" {
		fmt.Fprintln(s.stderr, warning)
	}
	fmt.Fprintln(s.stdout, made.Token.Reveal())
	return nil
}

// unlimited says what a token may consume that is limited by less than it could be.
func (c *tokenCreate) unlimited() string {
	switch {
	case !slices.Contains(c.Scope, serviceauth.TokensConsume):
		return ""
	case c.Env == "" && len(c.Consume) == 0:
		return "It may consume every scope of every environment; --env and --consume limit it."
	case len(c.Consume) == 0:
		return "It may consume every scope of this environment; --consume limits it."
	case c.Env == "":
		return "It may consume " + strings.Join(c.Consume, ", ") + " of every environment; --env limits it."
	}
	return ""
}

type tokenList struct{}

func (c *tokenList) Run(s *session) error {
	tokens, err := all(s, func(page admin.ServiceTokenList) ([]operate.ServiceToken, string) { return page.Tokens, page.Next },
		"service-tokens")
	if err != nil {
		return err
	}
	return s.table("ID\tNAME\tENVIRONMENT\tSCOPES\tMADE BY\tCREATED\tLAST USED\tSTATE", func(w io.Writer) {
		for _, t := range tokens {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", t.ID, onOneLine(t.Name), orAll(t.EnvironmentID),
				strings.Join(append(t.Scopes, consumable(t)...), ","), onOneLine(t.MadeBy),
				t.CreatedAt.Format(time.RFC3339), orNever(t.LastUsedAt), tokenState(t))
		}
	})
}

// consumable are the token scopes that a service token may consume, as the list shows
// them after its own.
func consumable(t operate.ServiceToken) []string {
	if len(t.TokenScopes) == 0 && slices.Contains(t.Scopes, serviceauth.TokensConsume) {
		return []string{"(all)"}
	}
	return t.TokenScopes
}

func orNever(at *time.Time) string {
	if at == nil {
		return "never"
	}
	return at.Format(time.RFC3339)
}

func tokenState(t operate.ServiceToken) string {
	if t.State == "live" && t.ExpiresAt != nil {
		return "live until " + t.ExpiresAt.Format(time.RFC3339)
	}
	return t.State
}

func orAll(id string) string {
	if id == "" {
		return "(all)"
	}
	return id
}

type tokenRevoke struct {
	ID string `arg:"" help:"Id of the service token, from stepup token list."`
}

func (c *tokenRevoke) Run(s *session) error {
	err := s.post(nil, nil, "service-tokens", c.ID, "revoke")
	if fault.Has(err, fault.NotFound) {
		return unknown("live service token", c.ID)
	}
	if err != nil {
		return err
	}
	fmt.Fprintln(s.stdout, "Revoked. It is refused from now on.")
	return nil
}

// orUnknown turns "no such row" into a sentence.
func orUnknown(err error, what, id string) error {
	if errors.Is(err, store.ErrNotFound) {
		return unknown(what, id)
	}
	return err
}
