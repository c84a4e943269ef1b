// Package tenant holds one environment as it stands now: its document, its
// revision, its signing keys. A [Tenant] never changes; the [Registry] makes a
// new one as soon as the revision in the store has moved, on every node, so a
// changed policy or key holds for the very next request.
package tenant

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/deliver"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/token"
)

// ErrRevised says that the environment changed between being loaded and the
// deciding transaction. The caller loads it again and repeats the request once.
var ErrRevised = errors.New("environment changed meanwhile")

// Tenant is one environment at one revision.
type Tenant struct {
	*environment.Environment
	Revision int64
	Issuer   string // base address of the environment and iss of its tokens
	MailFrom string // RFC 5322 mailbox its mail comes from
	Logo     deliver.Picture
	Keys     *token.Keys
	Verifier *stepup.Verifier // of sessions and of elevated tokens for any audience of the environment

	// PromptOrigin is where the page of the hosted prompt is: prompt.origin, or the
	// origin of the public URL.
	PromptOrigin string

	newest *Tenant // the same at the newest version; nil: it is there
}

// New makes a tenant without keys of what the store has: it decides about users and
// writes to them, and neither signs nor verifies. host is that of the public URL, or ""
// where it is not known.
func New(row store.EnvironmentRow, host string) (*Tenant, error) {
	env, err := environment.Parse([]byte(row.Document))
	if err != nil {
		return nil, fmt.Errorf("reading stored document of environment %s: %w", row.ID, err)
	}
	env.Mail.AppName = cmp.Or(env.Mail.AppName, env.Name)
	t := &Tenant{Environment: env, Revision: row.Revision, MailFrom: Sender(env, host)}
	if env.Mail.Brand.Logo != "" {
		logo, err := env.Mail.Brand.Logo.Clean()
		if err != nil {
			return nil, fmt.Errorf("reading the logo of environment %s: %w", row.ID, err)
		}
		t.Logo = deliver.Picture(logo)
	}
	return t, nil
}

// ServedAt is the tenant of a server with this public URL, whose links lead there.
func (t *Tenant) ServedAt(publicURL string) *Tenant {
	at := *t
	at.Issuer = issuerAt(publicURL, t.ID)
	if u, err := url.Parse(publicURL); err == nil {
		at.MailFrom = Sender(t.Environment, u.Hostname())
	}
	return &at
}

func issuerAt(publicURL, id string) string {
	return strings.TrimRight(publicURL, "/") + "/api/v0/sdk/" + id
}

// Sender is the mailbox an environment's mail comes from.
func Sender(env *environment.Environment, host string) string {
	return cmp.Or(env.Mail.From, deliver.NoReply(env.Name, host))
}

// AtNewest is the tenant with the rules of the newest version in force.
func (t *Tenant) AtNewest() *Tenant {
	if t.newest != nil {
		return t.newest
	}
	if t.MinAPIVersion == environment.Newest {
		return t
	}
	newest := *t
	newest.Environment = t.At(environment.Newest)
	return &newest
}

// Pin makes a deciding transaction depend on this revision: when it has moved,
// the error is ErrRevised and nothing must be decided.
func (t *Tenant) Pin(tx *store.Tx) error {
	revision, err := tx.EnvironmentRevision(t.ID)
	if err != nil {
		return err
	}
	if revision != t.Revision {
		return ErrRevised
	}
	return nil
}

// PinUser pins the revision and locks the user, in one statement and in this order.
func (t *Tenant) PinUser(tx *store.Tx, userID string) (store.UserRow, error) {
	user, revision, err := tx.LockUserAt(t.ID, userID)
	if err == nil && revision != t.Revision {
		err = ErrRevised
	}
	return user, err
}

// Audience is the aud a scope's token carries: the declared one, or the issuer.
func (t *Tenant) Audience(declared string) string {
	if declared == "" {
		return t.Issuer
	}
	return declared
}

// Registry finds tenants.
type Registry struct {
	db     *store.DB
	served bool // else tenants decide about users and write to them, and neither sign nor verify
	base   string
	host   string

	origin string // of the public URL
	now    func() time.Time

	mu    sync.Mutex
	known map[string]*Tenant
}

// NewRegistry makes a registry. publicURL is the address clients reach the
// server at, without a trailing slash.
func NewRegistry(db *store.DB, publicURL string, now func() time.Time) *Registry {
	r := &Registry{db: db, served: publicURL != "", base: issuerAt(publicURL, ""), now: now, known: map[string]*Tenant{}}
	if u, err := url.Parse(publicURL); err == nil {
		r.host, r.origin = u.Hostname(), originOf(u)
	}
	return r
}

// originOf is the origin of an address as browsers send it.
func originOf(u *url.URL) string {
	host := strings.ToLower(u.Host)
	if port := u.Port(); u.Scheme == "https" && port == "443" || u.Scheme == "http" && port == "80" {
		host = strings.TrimSuffix(host, ":"+port)
	}
	return u.Scheme + "://" + host
}

// Load returns the environment as it stands. Of one that this node knows only the
// revision is read. The operators' own is none for whoever loads by id.
func (r *Registry) Load(ctx context.Context, id string) (*Tenant, error) {
	if last := r.Last(id); last != nil {
		var revision int64
		err := r.db.Glance(ctx, func(tx *store.Tx) (err error) {
			revision, err = tx.Revision(id)
			return err
		})
		switch {
		case err == nil && revision == last.Revision:
			return last, nil
		case err != nil && !errors.Is(err, store.ErrNotFound):
			return nil, fmt.Errorf("reading environment: %w", err)
		}
	}
	var current *Tenant
	err := r.db.Read(ctx, func(tx *store.Tx) error {
		var err error
		current, err = r.in(tx, id, (*store.Tx).Environment)
		return err
	})
	return current, err
}

// Operators returns the environment of the operators as it stands in the transaction.
func (r *Registry) Operators(tx *store.Tx) (*Tenant, error) {
	return r.in(tx, environment.Operators, (*store.Tx).ReservedEnvironment)
}

// Last is the environment as this node saw it last, or nil. Nothing is decided by it
// before its revision was compared with the one in the store.
func (r *Registry) Last(id string) *Tenant {
	if id == environment.Operators {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.known[id]
}

func (r *Registry) in(tx *store.Tx, id string, read func(*store.Tx, string) (store.EnvironmentRow, error)) (*Tenant, error) {
	row, err := read(tx, id)
	if errors.Is(err, store.ErrNotFound) {
		return nil, fault.New(fault.EnvironmentNotFound, "There is no environment %.40q here. Check the environment id.", id)
	}
	if err != nil {
		return nil, fmt.Errorf("reading environment: %w", err)
	}
	r.mu.Lock()
	cached := r.known[id]
	r.mu.Unlock()
	if cached != nil && cached.Revision == row.Revision {
		return cached, nil
	}
	made, err := r.build(tx, row)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	r.known[id] = made
	r.mu.Unlock()
	return made, nil
}

func (r *Registry) build(tx *store.Tx, row store.EnvironmentRow) (*Tenant, error) {
	t, err := New(row, r.host)
	if err != nil {
		return nil, err
	}
	if !r.served {
		return t, nil
	}
	if t.Keys, err = token.Load(tx, row.ID); err != nil {
		return nil, err
	}
	t.Issuer = r.base + row.ID
	t.PromptOrigin = cmp.Or(t.Prompt.Origin, r.origin)
	audiences := []string{t.Issuer}
	for _, scope := range t.Scopes {
		if scope.Audience != "" {
			audiences = append(audiences, scope.Audience)
		}
	}
	t.Verifier, err = stepup.NewVerifier(stepup.Config{Issuer: t.Issuer, Audiences: audiences, Keys: t.Keys.Verifying(r.now), Now: r.now})
	if err != nil {
		return nil, fmt.Errorf("making verifier of environment %s: %w", row.ID, err)
	}
	if t.MinAPIVersion != environment.Newest {
		t.newest = t.AtNewest()
	}
	return t, nil
}
