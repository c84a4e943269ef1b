package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/environment"
	operators "github.com/stepup-auth/stepup/internal/operator"
	"github.com/stepup-auth/stepup/internal/policy"
	"github.com/stepup-auth/stepup/internal/secret"
	"github.com/stepup-auth/stepup/internal/serviceauth"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/who"
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
	n := serviceauth.New{Name: c.Name, EnvironmentID: c.Env, Scopes: c.Scope, Life: c.Expires}
	for _, scope := range c.Consume {
		n.TokenScopes = append(n.TokenScopes, stepup.Scope(scope))
	}
	var text secret.Text
	var id string
	err := s.write(func(by who.Caller, tx *store.Tx) (err error) {
		if c.Env != "" {
			if _, err := tx.Environment(c.Env); err != nil {
				return orUnknown(err, "environment", c.Env)
			}
		}
		if err := knownScopes(tx, c.Env, c.Consume); err != nil {
			return err
		}
		text, id, err = serviceauth.Create(by, tx, n)
		return err
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(s.stderr, "Created service token %s. It is shown only now; only a hash is kept.\n", id)
	if warning := c.unlimited(); warning != "" {
		fmt.Fprintln(s.stderr, warning)
	}
	fmt.Fprintln(s.stdout, text.Reveal())
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

// knownScopes refuses to limit a token to scopes that no environment it is for
// has: it would open nothing, and nobody would know why.
func knownScopes(tx *store.Tx, environmentID string, scopes []string) error {
	rows, err := tx.Environments()
	if err != nil || len(scopes) == 0 {
		return err
	}
	var known []string
	for _, row := range rows {
		if environmentID != "" && row.ID != environmentID {
			continue
		}
		env, err := environment.Parse([]byte(row.Document))
		if err != nil {
			return err
		}
		known = append(known, policy.Scopes(env)...)
	}
	slices.Sort(known)
	known = slices.Compact(known)
	for _, scope := range scopes {
		if stepup.Scope(scope).Valid() && !slices.Contains(known, scope) {
			return fmt.Errorf("--consume %s: no environment that this token is for has such a scope; there are %s", scope,
				strings.Join(known, ", "))
		}
	}
	return nil
}

type tokenList struct{}

func (c *tokenList) Run(s *session) error {
	return s.read(func(tx *store.Tx) error {
		rows, err := tx.ServiceTokens()
		if err != nil {
			return err
		}
		makers := map[string]string{}
		for _, row := range rows {
			if makers[row.MadeBy], err = operators.NameOf(tx, row.MadeBy); err != nil {
				return err
			}
		}
		return s.table("ID\tNAME\tENVIRONMENT\tSCOPES\tMADE BY\tCREATED\tLAST USED\tSTATE", func(w io.Writer) {
			for _, row := range rows {
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", row.ID, onOneLine(row.Name), orAll(row.EnvironmentID),
					strings.Join(append(row.Scopes, consumable(row)...), ","), onOneLine(makers[row.MadeBy]),
					row.CreatedAt.Format(time.RFC3339), orNever(row.LastUsedAt), tokenState(row, tx.Now()))
			}
		})
	})
}

// consumable are the token scopes that a service token may consume, as the list shows
// them after its own.
func consumable(row store.ServiceTokenRow) []string {
	if len(row.TokenScopes) == 0 && slices.Contains(row.Scopes, serviceauth.TokensConsume) {
		return []string{"(all)"}
	}
	return row.TokenScopes
}

func orNever(at time.Time) string {
	if at.IsZero() {
		return "never"
	}
	return at.Format(time.RFC3339)
}

func tokenState(row store.ServiceTokenRow, now time.Time) string {
	switch {
	case !row.RevokedAt.IsZero():
		return "revoked"
	case !row.ExpiresAt.IsZero() && !now.Before(row.ExpiresAt):
		return "expired"
	case !row.ExpiresAt.IsZero():
		return "live until " + row.ExpiresAt.Format(time.RFC3339)
	}
	return "live"
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
	err := s.write(func(by who.Caller, tx *store.Tx) error { return serviceauth.Revoke(by, tx, c.ID) })
	if err != nil {
		return orUnknown(err, "live service token", c.ID)
	}
	fmt.Fprintln(s.stdout, "Revoked. It is refused from now on.")
	return nil
}

// orUnknown turns "no such row" into a sentence.
func orUnknown(err error, what, id string) error {
	if errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("there is no %s %q; %s shows what there is", what, id, lister[what])
	}
	return err
}

var lister = map[string]string{
	"environment":        "`stepup env list`",
	"user":               "`stepup user list ENV`",
	"operator":           "`stepup console list`",
	"live service token": "`stepup token list`",
}
