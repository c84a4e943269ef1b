// Package serviceauth makes and checks service tokens: the credentials of
// machines that administer an environment or guard an API. A token is shown
// once and kept only as a keyed hash.
package serviceauth

import (
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/secret"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/who"
)

// Prefix starts every service token, so that scanners can find leaked ones.
const Prefix = "stp_"

// The scopes a service token may carry.
const (
	EnvironmentsRead   = "environments.read"
	EnvironmentsWrite  = "environments.write"
	EnvironmentsWeaken = "environments.weaken" // lowers a rule, adds an origin or key source, sets an older version
	EnvironmentsDelete = "environments.delete" // takes one away for good, with its users
	UsersRead          = "users.read"
	UsersWrite         = "users.write"
	TokensConsume      = "tokens.consume"
	AuditRead          = "audit.read"
	ServiceTokensRead  = "service_tokens.read"
	ServiceTokensWrite = "service_tokens.write" // makes tokens that may no more than this one, and revokes
)

// Scopes lists them all.
var Scopes = []string{EnvironmentsRead, EnvironmentsWrite, EnvironmentsWeaken, EnvironmentsDelete, UsersRead, UsersWrite, TokensConsume,
	AuditRead, ServiceTokensRead, ServiceTokensWrite}

// ErrInvalid says that the text is no live service token.
var ErrInvalid = errors.New("unknown, expired or revoked service token")

// Token is a live service token.
type Token struct{ row store.ServiceTokenRow }

// actorPrefix begins a token's name in the audit log.
const actorPrefix = "service:"

// OfHost stands for a token with every scope for every environment, of whoever works on
// the machine that has the database and needs none.
func OfHost() *Token { return &Token{store.ServiceTokenRow{Scopes: Scopes}} }

// Host reports whether it is that of [OfHost].
func (t *Token) Host() bool { return t.row.ID == "" }

// ID is what the audit log calls it.
func (t *Token) ID() string { return t.row.ID }

// May reports whether the token carries the scope for the environment; an
// empty environment means the installation as a whole.
func (t *Token) May(scope, environmentID string) bool {
	return slices.Contains(t.row.Scopes, scope) && (t.row.EnvironmentID == "" || t.row.EnvironmentID == environmentID)
}

// EnvironmentID is the only environment the token is for; empty: all.
func (t *Token) EnvironmentID() string { return t.row.EnvironmentID }

// MayConsume reports whether the token may consume tokens of this scope.
func (t *Token) MayConsume(scope stepup.Scope) bool {
	return len(t.row.TokenScopes) == 0 || slices.Contains(t.row.TokenScopes, string(scope))
}

// New is what a service token is to be.
type New struct {
	Name          string
	EnvironmentID string         // empty: all
	Scopes        []string       // of [Scopes]
	TokenScopes   []stepup.Scope // with tokens.consume: only these; empty: all
	Life          time.Duration  // 0: until revoked
	By            *Token         // whose holder makes it; nil: somebody who may do everything
}

// maxName is how long the name of a token may be, in bytes.
const maxName = 200

// check refuses what no token can be.
func (n New) check() error {
	if n.Name == "" || len(n.Scopes) == 0 {
		return fault.New(fault.InvalidRequest, "a service token needs a name and at least one scope: %s", strings.Join(Scopes, ", "))
	}
	if len(n.Name) > maxName || !utf8.ValidString(n.Name) || strings.ContainsFunc(n.Name, unicode.IsControl) {
		return fault.New(fault.InvalidRequest, "the name of a service token has at most %d bytes that print", maxName)
	}
	for _, scope := range n.Scopes {
		if !slices.Contains(Scopes, scope) {
			return fault.New(fault.InvalidRequest, "unknown service scope %q: use %s", scope, strings.Join(Scopes, ", "))
		}
	}
	for _, scope := range n.TokenScopes {
		if !scope.Valid() {
			return fault.New(fault.InvalidRequest, "%q is not a scope", string(scope))
		}
	}
	return nil
}

// MadeMost is how many live tokens an operator or a token may have made. They end with
// their maker, in one transaction: a flood of them must not make that one too long, and
// its maker somebody whom nobody can take anything away from. It is documented in
// docs/limits.md.
const MadeMost = 1000

// Room refuses whoever has made as many tokens as they may. The caller has locked them.
func Room(tx *store.Tx, maker string) error {
	rows, err := tx.ServiceTokensBy(maker)
	if err == nil && len(rows) >= MadeMost {
		err = fault.New(fault.Conflict, "%d live service tokens were made here already, which is the most: revoke some first.", len(rows))
	}
	return err
}

// covers refuses a token that could do more than this one: nobody gets more out of a token
// than was put into it. A token that makes tokens is made by people alone.
func (t *Token) covers(n New) error {
	if t == nil || t.Host() {
		return nil
	}
	refuse := func(what string, args ...any) error {
		return fault.New(fault.InsufficientServiceScope, "A service token makes none that may do more than itself: %s.",
			fmt.Sprintf(what, args...))
	}
	for _, scope := range n.Scopes {
		if scope == ServiceTokensWrite {
			return refuse("%s is given by people alone", scope)
		}
		if !t.May(scope, n.EnvironmentID) {
			return refuse("this one does not carry %s there", scope)
		}
	}
	if slices.Contains(n.Scopes, TokensConsume) && len(t.row.TokenScopes) > 0 {
		for _, scope := range n.TokenScopes {
			if !t.MayConsume(scope) {
				return refuse("this one may not consume %s", scope)
			}
		}
		if len(n.TokenScopes) == 0 {
			return refuse("this one consumes some scopes alone, so name those")
		}
	}
	return nil
}

// Create makes a token. The text is shown to the caller now and never again. One that is
// made with another token outlives it in no way.
func Create(c who.Caller, tx *store.Tx, n New) (secret.Text, string, error) {
	if err := n.check(); err != nil {
		return "", "", err
	}
	if err := n.By.covers(n); err != nil {
		return "", "", err
	}
	row := store.ServiceTokenRow{ID: uuid.NewString(), Name: n.Name, EnvironmentID: n.EnvironmentID, Scopes: n.Scopes, MadeBy: c.By.Actor}
	for _, scope := range n.TokenScopes {
		row.TokenScopes = append(row.TokenScopes, string(scope))
	}
	if n.Life > 0 {
		row.ExpiresAt = tx.Now().Add(n.Life)
	}
	if err := within(c, tx, &row); err != nil {
		return "", "", err
	}
	text := secret.Text(Prefix + rand.Text() + rand.Text())
	row.Hash = hash(tx, text)
	if err := tx.InsertServiceToken(row); err != nil {
		return "", "", fmt.Errorf("creating service token: %w", err)
	}
	c.By.EnvironmentID = n.EnvironmentID
	return text, row.ID, audit.Record(tx, c.By, "service_token.created", audit.Detail{
		"service_token_id": row.ID, "name": n.Name, "scopes": n.Scopes, "token_scopes": row.TokenScopes,
	})
}

// Revoke ends a token, and those that were made with it.
func Revoke(c who.Caller, tx *store.Tx, id string) error {
	if err := tx.RevokeServiceToken(id); err != nil {
		return err
	}
	if err := audit.Record(tx, c.By, "service_token.revoked", audit.Detail{"service_token_id": id}); err != nil {
		return err
	}
	return revokeMadeWith(c, tx, id)
}

// RevokeOf ends a token because of what became of whoever made it, and those that were
// made with it.
func RevokeOf(c who.Caller, tx *store.Tx, row store.ServiceTokenRow, reason string) error {
	if err := tx.RevokeServiceToken(row.ID); err != nil {
		return err
	}
	c.By.EnvironmentID = row.EnvironmentID
	if err := audit.Record(tx, c.By, "service_token.revoked", audit.Detail{
		"service_token_id": row.ID, "name": row.Name, "made_by": row.MadeBy, "reason": reason,
	}); err != nil {
		return err
	}
	return revokeMadeWith(c, tx, row.ID)
}

// revokeMadeWith ends what was made with a token: a thief of one keeps nothing by making more.
func revokeMadeWith(c who.Caller, tx *store.Tx, id string) error {
	rows, err := tx.ServiceTokensBy(actorPrefix + id)
	if err != nil {
		return err
	}
	for _, row := range rows {
		if err := RevokeOf(c, tx, row, "the token that it was made with was revoked"); err != nil {
			return err
		}
	}
	return nil
}

// within holds a token that is made with another one to the other's life. It locks the
// other one, so that one which is just being revoked makes none.
func within(c who.Caller, tx *store.Tx, row *store.ServiceTokenRow) error {
	id, ok := strings.CutPrefix(c.By.Actor, actorPrefix)
	if !ok {
		return nil
	}
	maker, err := tx.LockServiceToken(id)
	if errors.Is(err, store.ErrNotFound) || err == nil && !maker.RevokedAt.IsZero() {
		return ErrInvalid
	}
	if err != nil {
		return err
	}
	if !maker.ExpiresAt.IsZero() && (row.ExpiresAt.IsZero() || row.ExpiresAt.After(maker.ExpiresAt)) {
		row.ExpiresAt = maker.ExpiresAt
	}
	return Room(tx, c.By.Actor)
}

// RevokeIn ends a token of one environment. It is store.ErrNotFound for those of others
// and for those that hold for all environments.
func RevokeIn(c who.Caller, tx *store.Tx, environmentID, id string) error {
	row, err := tx.ServiceToken(id)
	if err != nil {
		return err
	}
	if environmentID == "" || row.EnvironmentID != environmentID {
		return store.ErrNotFound
	}
	c.By.EnvironmentID = environmentID
	return Revoke(c, tx, id)
}

// Check finds the live token with this text.
func Check(tx *store.Tx, text secret.Text) (*Token, error) {
	if !strings.HasPrefix(text.Reveal(), Prefix) || len(text.Reveal()) > 256 {
		return nil, ErrInvalid
	}
	row, err := tx.LiveServiceToken(hash(tx, text))
	if errors.Is(err, store.ErrNotFound) {
		return nil, ErrInvalid
	}
	if err != nil {
		return nil, err
	}
	return &Token{row}, nil
}

func hash(tx *store.Tx, text secret.Text) []byte {
	return tx.Hasher().Sum("service-token", text.Reveal())
}
