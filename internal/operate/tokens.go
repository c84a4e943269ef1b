package operate

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/operator"
	"github.com/stepup-auth/stepup/internal/policy"
	"github.com/stepup-auth/stepup/internal/secret"
	"github.com/stepup-auth/stepup/internal/serviceauth"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/who"
)

// serviceTokensAtOnce is how many a page of the list has.
const serviceTokensAtOnce = 100

// ServiceToken is a service token as operators see it.
type ServiceToken struct {
	ID            string     `json:"id"`
	Name          string     `json:"name"`
	EnvironmentID string     `json:"environmentId,omitempty"` // absent: it is for all
	Scopes        []string   `json:"scopes"`
	TokenScopes   []string   `json:"tokenScopes"` // with tokens.consume: only these; empty: all
	MadeBy        string     `json:"madeBy"`      // who made it, as people know them
	State         string     `json:"state"`       // live, expired or revoked
	CreatedAt     time.Time  `json:"createdAt"`
	LastUsedAt    *time.Time `json:"lastUsedAt,omitempty"` // to the minute; absent: never
	ExpiresAt     *time.Time `json:"expiresAt,omitempty"`
}

// ViewServiceTokens is a page of service tokens, newest first, behind the one with the id:
// all, or those of the environment only. next is what to ask for the page behind it by;
// empty: there is none.
func ViewServiceTokens(tx *store.Tx, only, after string) (page []ServiceToken, next string, err error) {
	rows, err := tx.ServiceTokens()
	if err != nil {
		return nil, "", err
	}
	page = []ServiceToken{}
	rows = slices.DeleteFunc(rows, func(row store.ServiceTokenRow) bool { return only != "" && row.EnvironmentID != only })
	begin := 0
	if after != "" {
		begin = slices.IndexFunc(rows, func(row store.ServiceTokenRow) bool { return row.ID == after }) + 1
		if begin == 0 {
			return nil, "", fault.New(fault.InvalidRequest, "after is the member next of the page before, and nothing else.")
		}
	}
	for _, row := range rows[begin:min(len(rows), begin+serviceTokensAtOnce)] {
		shown := viewServiceToken(row, tx.Now())
		if shown.MadeBy, err = operator.NameOf(tx, row.MadeBy); err != nil {
			return nil, "", err
		}
		page = append(page, shown)
	}
	if begin+serviceTokensAtOnce < len(rows) {
		next = page[serviceTokensAtOnce-1].ID
	}
	return page, next, nil
}

func viewServiceToken(row store.ServiceTokenRow, now time.Time) ServiceToken {
	t := ServiceToken{ID: row.ID, Name: row.Name, EnvironmentID: row.EnvironmentID, Scopes: append([]string{}, row.Scopes...),
		TokenScopes: append([]string{}, row.TokenScopes...), State: "live", CreatedAt: row.CreatedAt}
	if !row.LastUsedAt.IsZero() {
		t.LastUsedAt = &row.LastUsedAt
	}
	if !row.ExpiresAt.IsZero() {
		t.ExpiresAt = &row.ExpiresAt
	}
	switch {
	case !row.RevokedAt.IsZero():
		t.State = "revoked"
	case t.ExpiresAt != nil && !now.Before(*t.ExpiresAt):
		t.State = "expired"
	}
	return t
}

// CreateServiceToken makes a token, see [serviceauth.Create]. It refuses to limit one to
// scopes that no environment it is for has: it would open nothing, and nobody would know
// why.
func CreateServiceToken(c who.Caller, tx *store.Tx, n serviceauth.New) (secret.Text, string, error) {
	if n.EnvironmentID != "" {
		if _, err := tx.Environment(n.EnvironmentID); err != nil {
			return "", "", orNoEnvironment(err)
		}
	}
	text, id, err := serviceauth.Create(c, tx, n)
	if err != nil {
		return "", "", err
	}
	return text, id, knownScopes(tx, n.EnvironmentID, n.TokenScopes)
}

func knownScopes(tx *store.Tx, environmentID string, scopes []stepup.Scope) error {
	if len(scopes) == 0 {
		return nil
	}
	rows, err := tx.Environments()
	if err != nil {
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
		if !slices.Contains(known, string(scope)) {
			return fault.New(fault.InvalidScopes, "%s: no environment that this token is for has such a scope; there are %s", scope,
				strings.Join(known, ", "))
		}
	}
	return nil
}

// RevokeServiceToken ends a token; with only it must be one of that environment.
func RevokeServiceToken(c who.Caller, tx *store.Tx, only, id string) error {
	var err error
	if only == "" {
		err = serviceauth.Revoke(c, tx, id)
	} else {
		err = serviceauth.RevokeIn(c, tx, only, id)
	}
	if errors.Is(err, store.ErrNotFound) {
		return fault.New(fault.NotFound, "There is no live service token with this id.").Because(err)
	}
	return err
}
