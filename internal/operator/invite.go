package operator

import (
	"errors"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/deliver"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/limit"
	"github.com/stepup-auth/stepup/internal/outbox"
	"github.com/stepup-auth/stepup/internal/session"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/tenant"
	"github.com/stepup-auth/stepup/internal/who"
)

// Limits of invitations. They are documented in docs/limits.md.
const (
	InvitationLife = 24 * time.Hour
	maxInvitations = 100 // open at a time, in one environment
)

// Rates of invitations, whatever becomes of them: each is a mail to somebody who did not
// ask for it. They bind operators, not the host, and are documented in docs/limits.md.
var (
	byInviter  = environment.Rate{Count: 50, Per: environment.Duration(24 * time.Hour)}
	toAddress  = environment.Rate{Count: 5, Per: environment.Duration(24 * time.Hour)} // from whichever environment
	ofOnePlace = environment.Rate{Count: 100, Per: environment.Duration(24 * time.Hour)}
)

// Authority is whoever gives and takes roles: an [Operator], or the [Host].
type Authority interface{ MayGrant(Grant) bool }

// Host is whoever runs the installation: it gives whatever role there is.
type Host struct{}

// MayGrant implements [Authority].
func (Host) MayGrant(g Grant) bool { return g.Role.Valid() }

// Invitation says who is invited to what.
type Invitation struct {
	Email string
	Grant
	// Anew replaces what somebody has lost: their factors and sessions go at once, and the
	// invitation lets in the first of new ones. Only the host may.
	Anew bool
}

// Invited is an invitation that was made. Its link is shown and mailed, and kept nowhere.
type Invited struct {
	ID        string
	Email     string
	Link      string
	ExpiresAt time.Time
	Tokens    []store.ServiceTokenRow // live ones that the invitee made, where what they had was lost
}

// Invite makes an invitation, in place of an earlier one of the same address to the
// same environment, and mails its link.
func (d *Desk) Invite(c who.Caller, tx *store.Tx, by Authority, i Invitation) (Invited, error) {
	address, key, err := deliver.NormalizeEmail(i.Email)
	if err != nil {
		return Invited{}, badAddress(err)
	}
	if i.Anew && i.Role == "" {
		if i.Grant, err = already(tx, i); err != nil {
			return Invited{}, err
		}
	}
	if !i.Role.Valid() {
		return Invited{}, fault.New(fault.InvalidRequest, "There is no role %.40q. Use owner, developer, support or auditor.", i.Role)
	}
	if !by.MayGrant(i.Grant) {
		return Invited{}, tooMuch()
	}
	if i.EnvironmentID != Everywhere {
		if _, err := tx.Environment(i.EnvironmentID); err != nil {
			return Invited{}, unknownEnvironment(err, i.EnvironmentID)
		}
	}
	t, err := d.Tenants.Operators(tx)
	if err != nil {
		return Invited{}, err
	}
	if err := d.known(c, tx, by, i); err != nil {
		return Invited{}, err
	}
	var theirs []store.ServiceTokenRow
	if i.Anew {
		if theirs, err = tokensOf(tx, i.Email); err != nil {
			return Invited{}, err
		}
	}
	if err := within(tx, by, i.EnvironmentID, key); err != nil {
		return Invited{}, err
	}
	if err := roomFor(tx, i.EnvironmentID, key); err != nil {
		return Invited{}, err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return Invited{}, err
	}
	inviter := "" // the host
	if o, ok := by.(Operator); ok {
		inviter = o.ID
	}
	secret := newSecret()
	made := Invited{ID: id.String(), Email: address, Link: d.URL + "/console/invitation#" + secret, ExpiresAt: tx.Now().Add(InvitationLife),
		Tokens: theirs}
	err = tx.InsertInvitation(store.InvitationRow{ID: made.ID, Email: address, EmailKey: key, EnvironmentID: i.EnvironmentID,
		Role: string(i.Role), SecretHash: hashInvitation(tx, secret), InvitedBy: inviter, ExpiresAt: made.ExpiresAt})
	if err != nil {
		return Invited{}, err
	}
	if err := d.mail(tx, t, made, i, by); err != nil {
		return Invited{}, err
	}
	c.By.EnvironmentID = i.EnvironmentID
	return made, audit.Record(tx, c.By, "operator.invited", audit.Detail{"invitation_id": made.ID, "role": i.Role, "anew": i.Anew})
}

// known minds who is an operator already. To anybody but the host it tells no more than
// who is one of the environment. A member who has set up no factor yet may be invited once more.
func (d *Desk) known(c who.Caller, tx *store.Tx, by Authority, i Invitation) error {
	_, host := by.(Host)
	if i.Anew && !host {
		return fault.New(fault.InvalidRequest, "A lost factor is replaced on the host alone: stepup console invite %s --anew.", i.Email)
	}
	held, err := named(tx, i.Email)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if i.Anew {
		return d.startAnew(c, tx, held.UserID)
	}
	grants, err := tx.Grants(held.UserID)
	if err != nil {
		return err
	}
	rows, err := tx.Credentials(environment.Operators, held.UserID)
	if err != nil {
		return err
	}
	for _, g := range grants {
		if g.EnvironmentID != i.EnvironmentID {
			continue
		}
		if hasFactor(rows) || !by.MayGrant(Grant{EnvironmentID: g.EnvironmentID, Role: Role(g.Role)}) {
			return fault.New(fault.Conflict, "%s is a member already, as %s. Change the role instead; if they lost what they sign in "+
				"with, the host invites them again: stepup console invite %[1]s --anew.", held.PublicIdentifier, g.Role)
		}
	}
	return nil
}

// already is the role that somebody has in the environment; where none is named, the one
// in all, or else their first. Their other roles stay as they are.
func already(tx *store.Tx, i Invitation) (Grant, error) {
	held, err := named(tx, i.Email)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return Grant{}, err
	}
	var grants []store.GrantRow
	if err == nil {
		if grants, err = tx.Grants(held.UserID); err != nil {
			return Grant{}, err
		}
	}
	first := -1
	for n, g := range grants {
		if g.EnvironmentID == i.EnvironmentID {
			first = n
			break
		}
		if i.EnvironmentID == Everywhere && first < 0 {
			first = n
		}
	}
	if first < 0 {
		return Grant{}, fault.New(fault.InvalidRequest, "%s has no role there to keep. Say which one they get: --role.", i.Email)
	}
	return Grant{EnvironmentID: grants[first].EnvironmentID, Role: Role(grants[first].Role)}, nil
}

// startAnew takes an operator's factors and sessions away.
func (d *Desk) startAnew(c who.Caller, tx *store.Tx, operatorID string) error {
	t, err := d.Tenants.Operators(tx)
	if err != nil {
		return err
	}
	c.Tenant, c.By.EnvironmentID = t, environment.Operators
	c = c.Concerning(operatorID)
	if _, err := account.ResetFactors(c, tx); err != nil {
		return err
	}
	_, err = tx.RevokeSessions(environment.Operators, operatorID, "invited anew")
	return err
}

// within counts an operator's invitation, against the address, the inviter and the
// environment.
func within(tx *store.Tx, by Authority, environmentID, key string) error {
	o, ok := by.(Operator)
	if !ok {
		return nil
	}
	refused, wait, err := limit.TakeAll(tx,
		limit.Bound{Name: "to this address", Key: limit.For(tx, "console-invited", key), Rate: toAddress},
		limit.Bound{Name: "by you", Key: limit.For(tx, "console-inviter", o.ID), Rate: byInviter},
		limit.Bound{Name: "for this environment", Key: limit.For(tx, "console-invitations", environmentID), Rate: ofOnePlace})
	if err != nil || refused == nil {
		return err
	}
	return fault.New(fault.RateLimited, "%d invitations %s were mailed within a day. Wait %s, or ask whoever runs the host, who has no "+
		"such limit: stepup console invite EMAIL --role ROLE.", refused.Rate.Count, refused.Name, fault.Spoken(wait)).After(wait)
}

// roomFor holds the limit of open invitations, and ends the one that a new one replaces.
func roomFor(tx *store.Tx, environmentID, key string) error {
	open, err := tx.InvitationsIn(environmentID, "", maxInvitations)
	if err != nil {
		return err
	}
	n := len(open)
	for _, row := range open {
		if row.EmailKey != key {
			continue
		}
		if err := tx.RevokeInvitation(environmentID, row.ID); err != nil {
			return err
		}
		n--
	}
	if n >= maxInvitations {
		return fault.New(fault.RateLimited, "There are %d open invitations. Withdraw some, or wait until they are accepted.", n)
	}
	return nil
}

func (d *Desk) mail(tx *store.Tx, t *tenant.Tenant, made Invited, i Invitation, by Authority) error {
	inviter := ""
	if o, ok := by.(Operator); ok {
		inviter = o.Email
	}
	where := ""
	if i.EnvironmentID != Everywhere {
		row, err := tx.Environment(i.EnvironmentID)
		if err != nil {
			return err
		}
		where = row.Name
	}
	return outbox.Enqueue(tx, environment.Operators, deliver.InviteToConsole(deliver.ConsoleInvitation{
		To: made.Email, From: t.MailFrom, At: tx.Now(), Where: d.Host(), Role: string(i.Role), Environment: where, By: inviter,
		URL: made.Link, ValidFor: InvitationLife, Style: t.Style(),
	}), InvitationLife)
}

func tooMuch() *fault.Error {
	return fault.New(fault.PermissionMissing, "Only owners let others in, and nobody gives more than they have themselves.")
}

func unknownEnvironment(err error, id string) error {
	if errors.Is(err, store.ErrNotFound) {
		return fault.New(fault.EnvironmentNotFound, "There is no environment %.40q here. Check the environment id.", id)
	}
	return err
}

// Offer is what an invitation says to whoever has its link.
type Offer struct {
	Email         string
	EnvironmentID string
	Role          Role
	ExpiresAt     time.Time
}

// Accept takes an invitation. Whoever has no factor yet gets a session that lets in the
// first, if the inviter could give all roles that they have; an operator who has one must
// be signed in, and gets the role besides those they have. visit is whoever is signed in, or nil. The cookie is new in any case.
func (d *Desk) Accept(tx *store.Tx, secret string, visit *Visit, f From) (cookie string, err error) {
	t, err := d.Tenants.Operators(tx)
	if err != nil {
		return "", err
	}
	row, err := tx.OpenInvitation(hashInvitation(tx, strings.TrimSpace(secret)))
	if errors.Is(err, store.ErrNotFound) {
		return "", invitationOver()
	}
	if err != nil {
		return "", err
	}
	grant := Grant{EnvironmentID: row.EnvironmentID, Role: Role(row.Role)}
	if err := stillMay(tx, t, row.InvitedBy, grant); err != nil {
		return "", err
	}
	if grant.EnvironmentID != Everywhere {
		if _, err := tx.Environment(grant.EnvironmentID); errors.Is(err, store.ErrNotFound) {
			return "", invitationOver()
		} else if err != nil {
			return "", err
		}
	}
	c := d.stranger(t, f)
	held, enrolled, err := invitee(c, tx, row)
	if err != nil {
		return "", err
	}
	switch {
	case visit != nil && visit.ID != held.UserID:
		return "", fault.New(fault.AnotherSession, "You are signed in as %s, and this invitation is for %s. Sign out first.",
			visit.Email, row.Email)
	case enrolled && (visit == nil || visit.Stage != Inside):
		return "", fault.New(fault.SignInRequired, "You are an operator here already. Sign in as %s, then open the link again.", row.Email)
	}
	if !enrolled {
		if err := mayLetIn(tx, t, row.InvitedBy, held); err != nil {
			return "", err
		}
	}
	err = tx.AcceptInvitation(row.ID, held.UserID)
	if errors.Is(err, store.ErrNotFound) {
		return "", invitationOver()
	}
	if err != nil {
		return "", err
	}
	err = tx.PutGrant(store.GrantRow{OperatorID: held.UserID, EnvironmentID: grant.EnvironmentID, Role: row.Role,
		GrantedBy: Operator{ID: row.InvitedBy}.Actor()})
	if err != nil {
		return "", err
	}
	if err := endTokens(c, tx, held.UserID); err != nil { // the role may be less than the one in its place
		return "", err
	}
	c.By.Actor, c.By.EnvironmentID = Operator{ID: held.UserID}.Actor(), grant.EnvironmentID
	c = c.Concerning(held.UserID)
	err = audit.Record(tx, c.By, "operator.joined", audit.Detail{"invitation_id": row.ID, "role": row.Role, "invited_by": row.InvitedBy})
	if err != nil {
		return "", err
	}
	c.By.EnvironmentID = environment.Operators
	if enrolled {
		return d.renew(tx, *visit)
	}
	return d.open(c, tx, held, byInvitation, f)
}

// stillMay refuses an invitation whose inviter could not make it any more.
func stillMay(tx *store.Tx, t *tenant.Tenant, inviter string, g Grant) error {
	if inviter == "" { // the host
		return nil
	}
	o, err := byID(tx, t, inviter)
	if errors.Is(err, store.ErrNotFound) || err == nil && !o.MayGrant(g) {
		return invitationOver()
	}
	return err
}

// mayLetIn refuses to let in the first factor of somebody who has more roles than the
// inviter could give: whoever opens the link has them all with it.
func mayLetIn(tx *store.Tx, t *tenant.Tenant, inviter string, held store.CredentialRow) error {
	if inviter == "" { // the host
		return nil
	}
	by, err := byID(tx, t, inviter)
	if err != nil {
		return err
	}
	grants, err := tx.Grants(held.UserID)
	for _, g := range grants {
		if !by.MayGrant(Grant{EnvironmentID: g.EnvironmentID, Role: Role(g.Role)}) {
			return fault.New(fault.EnrolmentNotProven, "You are an operator already, without a factor, and of more than whoever invited "+
				"you may give. Ask who runs the host for an invitation: stepup console invite %s --anew.", held.PublicIdentifier)
		}
	}
	return err
}

// invitee is the operator whom an invitation is for, made if there is none, and whether
// they have a factor. An earlier invitation's session that set up none is over.
func invitee(c who.Caller, tx *store.Tx, row store.InvitationRow) (held store.CredentialRow, enrolled bool, err error) {
	held, err = tx.CredentialByIdentifier(environment.Operators, store.FormatEmail, row.EmailKey)
	if errors.Is(err, store.ErrNotFound) {
		held, err = account.Invited(c, tx, account.Address{Format: store.FormatEmail, Identifier: row.EmailKey, Written: row.Email})
		return held, false, err
	}
	if err != nil {
		return held, false, err
	}
	if _, err := tx.LockUser(environment.Operators, held.UserID); err != nil {
		return held, false, err
	}
	rows, err := tx.Credentials(environment.Operators, held.UserID)
	if err != nil || hasFactor(rows) {
		return held, true, err
	}
	_, err = tx.RevokeSessions(environment.Operators, held.UserID, "another invitation accepted")
	return held, false, err
}

func invitationOver() *fault.Error {
	return fault.New(fault.InvalidInvitation, "This invitation is over: it was accepted, withdrawn or is older than %d hours, or the "+
		"link is not whole. Ask whoever invited you for a new one.", InvitationLife/time.Hour)
}

// open begins a session that nothing was proven for.
func (d *Desk) open(c who.Caller, tx *store.Tx, held store.CredentialRow, by string, f From) (cookie string, err error) {
	row, err := session.StartUnproven(c.Concerning(held.UserID), tx, held, by, session.Device{Origin: d.URL, UserAgent: f.agent()})
	if err != nil {
		return "", err
	}
	return keep(tx, row, by, f)
}

// keep makes the cookie of a session that has begun.
func keep(tx *store.Tx, row store.SessionRow, by string, f From) (cookie string, err error) {
	cookie = newSecret()
	return cookie, tx.InsertOperatorSession(store.OperatorSessionRow{SessionID: row.ID, OperatorID: row.UserID,
		CookieHash: hashCookie(tx, cookie), OpenedBy: by, Address: f.Address, UserAgent: f.agent(), EndsAt: row.EndsAt})
}

// renew gives a session another cookie, because it is worth more than before: whoever
// knew the old one knows nothing.
func (d *Desk) renew(tx *store.Tx, v Visit) (cookie string, err error) {
	cookie = newSecret()
	err = tx.RenewCookie(v.Session.ID, v.row.CookieHash, hashCookie(tx, cookie))
	if errors.Is(err, store.ErrNotFound) {
		err = ErrNobody
	}
	return cookie, err
}
