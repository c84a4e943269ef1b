package operator

import (
	"crypto/rand"
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/deliver"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/tenant"
	"github.com/stepup-auth/stepup/internal/who"
)

// Desk lets operators in: it knows where the console is and whose it is.
type Desk struct {
	DB          *store.DB
	Tenants     *tenant.Registry
	Now         func() time.Time
	URL         string // of the console, without trailing slash: its pages are below URL/console/
	Development bool   // signs in by itself
}

// Host is the host of the console, as invitations call it.
func (d *Desk) Host() string {
	u, err := url.Parse(d.URL)
	if err != nil {
		return d.URL
	}
	return u.Host
}

// From says where a request comes from.
type From struct{ Address, UserAgent, RequestID string }

// maxAgent bounds what is kept of a browser's name.
const maxAgent = 200

func (f From) agent() string {
	agent := strings.ToValidUTF8(f.UserAgent, "")
	if len(agent) > maxAgent {
		agent = strings.ToValidUTF8(agent[:maxAgent], "")
	}
	return agent
}

func (f From) origin() *audit.Origin {
	if f.Address == "" {
		return nil
	}
	return audit.From(f.Address, f.UserAgent)
}

// stranger is who asks without a session.
func (d *Desk) stranger(t *tenant.Tenant, f From) who.Caller {
	return who.Caller{Tenant: t, Source: f.Address,
		By: audit.By{Actor: "anonymous", EnvironmentID: environment.Operators, RequestID: f.RequestID, From: f.origin()}}
}

// ErrNobody says that nobody is signed in.
var ErrNobody = errors.New("nobody is signed in")

// How a session of the console is opened, besides by the methods that prove something.
const (
	byInvitation  = "invitation"
	byDevelopment = "development"
)

// Stage is how far somebody has come in.
type Stage int

// The stages. Only Inside sees anything of the console.
const (
	OwesFactor Stage = iota // signed in by a code, and owes the second factor
	Enrols                  // came by an invitation, and has to set up a first factor
	NoFactor                // has no factor, and nothing that would let one in
	Inside
)

// Visit is an operator in a session, as one transaction saw them.
type Visit struct {
	Operator
	Stage   Stage
	Session store.SessionRow
	Factors []store.CredentialRow // those that count

	row    store.OperatorSessionRow
	known  account.Known
	tenant *tenant.Tenant
}

// Caller is the operator as whoever acts in the operators' own environment.
func (v Visit) Caller(f From) who.Caller {
	c := who.Caller{Tenant: v.tenant, Source: f.Address,
		By: audit.By{Actor: v.Actor(), EnvironmentID: environment.Operators, RequestID: f.RequestID, From: f.origin()}}
	return c.In(v.tenant, v.Session)
}

// Visit finds out whose session a cookie is of. It is ErrNobody when it is of none that
// lives.
func (d *Desk) Visit(tx *store.Tx, cookie string) (Visit, error) {
	if cookie == "" || len(cookie) > 128 {
		return Visit{}, ErrNobody
	}
	row, err := tx.OperatorSession(hashCookie(tx, cookie))
	if errors.Is(err, store.ErrNotFound) {
		return Visit{}, ErrNobody
	}
	if err != nil {
		return Visit{}, err
	}
	return d.visit(tx, row)
}

func (d *Desk) visit(tx *store.Tx, row store.OperatorSessionRow) (Visit, error) {
	t, err := d.Tenants.Operators(tx)
	if err != nil {
		return Visit{}, err
	}
	known, t, err := account.SignedIn(tx, t, row.SessionID)
	if errors.Is(err, store.ErrNotFound) {
		return Visit{}, ErrNobody
	}
	if err != nil {
		return Visit{}, err
	}
	v := Visit{Session: known.Session(), row: row, known: known, tenant: t}
	v.Operator, err = read(tx, t, known.User(), known.Credentials())
	for _, credential := range known.Credentials() {
		if account.IsFactor(credential) && account.Counts(t.Environment, credential) {
			v.Factors = append(v.Factors, credential)
		}
	}
	v.Stage = d.stage(v)
	return v, err
}

func (d *Desk) stage(v Visit) Stage {
	switch {
	case v.row.OpenedBy == byDevelopment && d.Development:
		return Inside
	case len(v.Factors) > 0 && !v.Session.MFAAt.IsZero():
		return Inside
	case len(v.Factors) > 0:
		return OwesFactor
	case v.row.OpenedBy == byInvitation:
		return Enrols
	}
	return NoFactor
}

// mayEnrolFirst reports whether the session lets in the operator's first factor.
func (d *Desk) mayEnrolFirst(v Visit) bool {
	return len(v.Factors) == 0 && (v.Stage == Enrols || v.Stage == Inside)
}

// read is an operator with the grants that they have.
func read(tx *store.Tx, t *tenant.Tenant, user store.UserRow, rows []store.CredentialRow) (Operator, error) {
	o := Operator{ID: user.ID, Email: account.Email(t.Environment, rows)}
	if profile, err := account.ReadProfile(user); err == nil {
		o.Name = strings.TrimSpace(profile.FirstName + " " + profile.LastName)
	}
	var err error
	o.Grants, err = grants(tx, user.ID)
	return o, err
}

// byID is the operator with the id; store.ErrNotFound: there is none.
func byID(tx *store.Tx, t *tenant.Tenant, id string) (Operator, error) {
	user, err := tx.User(environment.Operators, id)
	if err != nil {
		return Operator{}, err
	}
	rows, err := tx.Credentials(environment.Operators, id)
	if err != nil {
		return Operator{}, err
	}
	return read(tx, t, user, rows)
}

// named is who holds an address; store.ErrNotFound: nobody.
func named(tx *store.Tx, email string) (store.CredentialRow, error) {
	_, key, err := deliver.NormalizeEmail(email)
	if err != nil {
		return store.CredentialRow{}, badAddress(err)
	}
	return tx.CredentialByIdentifier(environment.Operators, store.FormatEmail, key)
}

func badAddress(err error) *fault.Error {
	return fault.New(fault.InvalidEmail, "%s.", capital(err.Error())).Because(err)
}

func capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// newSecret is what a cookie or a link holds.
func newSecret() string { return rand.Text() + rand.Text() }

func hashCookie(tx *store.Tx, cookie string) []byte { return tx.Hasher().Sum("console-cookie", cookie) }
func hashInvitation(tx *store.Tx, secret string) []byte {
	return tx.Hasher().Sum("console-invitation", secret)
}

// hasFactor reports whether somebody has a second factor, whether or not it counts.
func hasFactor(rows []store.CredentialRow) bool { return slices.ContainsFunc(rows, account.IsFactor) }
