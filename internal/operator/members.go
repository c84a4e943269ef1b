package operator

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/deliver"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/who"
)

// MaxMembers is how many members of an environment a page shows.
const MaxMembers = 100

// Member is an operator with one grant.
type Member struct {
	Operator
	Role    Role
	Grant   store.GrantRow
	Factors int // that they have; 0: they have not finished accepting
	Tokens  int // live service tokens that they made here
}

// Members lists who has a role in just this place, an environment or [Everywhere],
// behind an operator's id.
func (d *Desk) Members(tx *store.Tx, environmentID, after string) ([]Member, error) {
	t, err := d.Tenants.Operators(tx)
	if err != nil {
		return nil, err
	}
	grants, err := tx.GrantsIn(environmentID, after, MaxMembers)
	if err != nil {
		return nil, err
	}
	var members []Member
	for _, g := range grants {
		o, err := byID(tx, t, g.OperatorID)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		rows, err := tx.Credentials(environment.Operators, o.ID)
		if err != nil {
			return nil, err
		}
		m := Member{Operator: o, Role: Role(g.Role), Grant: g}
		for _, row := range rows {
			if hasFactor([]store.CredentialRow{row}) {
				m.Factors++
			}
		}
		made, err := tx.ServiceTokensBy(o.Actor())
		if err != nil {
			return nil, err
		}
		for _, token := range made {
			if environmentID == Everywhere || token.EnvironmentID == environmentID {
				m.Tokens++
			}
		}
		members = append(members, m)
	}
	return members, nil
}

// Invitations lists the open invitations to just this place.
func (d *Desk) Invitations(tx *store.Tx, environmentID string) ([]store.InvitationRow, error) {
	return tx.InvitationsIn(environmentID, "", maxInvitations)
}

// SetRole changes the role of a member. Neither the old role nor the new one may be more
// than who changes it has there, and the last owner stays one.
func SetRole(c who.Caller, tx *store.Tx, by Authority, operatorID string, g Grant) error {
	old, err := roleOf(tx, operatorID, g.EnvironmentID)
	if err != nil {
		return err
	}
	if !by.MayGrant(Grant{g.EnvironmentID, old}) || !by.MayGrant(g) {
		return tooMuch()
	}
	if old == g.Role {
		return nil
	}
	if err := leavesAnOwner(tx, by, operatorID, Grant{g.EnvironmentID, old}); err != nil {
		return err
	}
	err = tx.PutGrant(store.GrantRow{OperatorID: operatorID, EnvironmentID: g.EnvironmentID, Role: string(g.Role), GrantedBy: c.By.Actor})
	if err != nil {
		return err
	}
	c.By.EnvironmentID = g.EnvironmentID
	if err := audit.Record(tx, c.By.Concerning(operatorID), "operator.role_changed", audit.Detail{"from": old, "to": g.Role}); err != nil {
		return err
	}
	return changed(c, tx, operatorID)
}

// Remove takes a member's role away: their next request finds nothing there. Whoever has
// no role left anywhere is signed out.
func Remove(c who.Caller, tx *store.Tx, by Authority, operatorID, environmentID string) error {
	old, err := roleOf(tx, operatorID, environmentID)
	if err != nil {
		return err
	}
	g := Grant{environmentID, old}
	if !by.MayGrant(g) {
		return tooMuch()
	}
	if err := leavesAnOwner(tx, by, operatorID, g); err != nil {
		return err
	}
	if err := tx.DeleteGrant(operatorID, environmentID); err != nil {
		return err
	}
	c.By.EnvironmentID = environmentID
	if err := audit.Record(tx, c.By.Concerning(operatorID), "operator.removed", audit.Detail{"role": old}); err != nil {
		return err
	}
	if err := changed(c, tx, operatorID); err != nil {
		return err
	}
	left, err := tx.Grants(operatorID)
	if err != nil || len(left) > 0 {
		return err
	}
	_, err = tx.RevokeSessions(environment.Operators, operatorID, "no role left")
	return err
}

// Delete takes an operator away with all they have: roles, sessions, factors. Only the
// host does.
func Delete(c who.Caller, tx *store.Tx, operatorID string) error {
	if _, err := tx.LockUser(environment.Operators, operatorID); err != nil {
		return err
	}
	if _, err := tx.DeleteGrants(operatorID); err != nil {
		return err
	}
	if err := endTokens(c, tx, operatorID); err != nil {
		return err
	}
	if err := endRecoveries(c, tx, operatorID); err != nil {
		return err
	}
	if err := tx.DeleteUser(environment.Operators, operatorID); err != nil {
		return err
	}
	c.By.EnvironmentID = environment.Operators
	return audit.Record(tx, c.By.Concerning(operatorID), "operator.deleted", nil)
}

// endRecoveries ends the recoveries that an operator stands behind where they may not change
// users any more. The transaction has locked the operator and changed their roles.
func endRecoveries(c who.Caller, tx *store.Tx, operatorID string) error {
	o := Operator{ID: operatorID}
	rows, err := tx.RecoveriesBehind(o.Actor())
	if err != nil || len(rows) == 0 {
		return err
	}
	if o.Grants, err = grants(tx, operatorID); err != nil {
		return err
	}
	for _, r := range rows {
		if o.May(UsersWrite, r.EnvironmentID) {
			continue
		}
		const reason = "who stood behind it may not change users any more"
		if err := tx.EndRecovery(r.EnvironmentID, r.ID, reason); err != nil {
			return err
		}
		c.By.EnvironmentID = r.EnvironmentID
		if err := audit.Record(tx, c.By.Concerning(r.UserID), "recovery.stopped",
			audit.Detail{"recovery_id": r.ID, "credential_id": r.CredentialID, "reason": reason}); err != nil {
			return err
		}
	}
	return nil
}

// changed does what follows from other roles of an operator: tokens that they could not
// make any more end, and recoveries that they could not approve, and so do the sessions of somebody who has no factor yet. Those were
// opened by an invitation, and whoever opened its link was let in to what it gave, not to more.
func changed(c who.Caller, tx *store.Tx, operatorID string) error {
	if err := endTokens(c, tx, operatorID); err != nil {
		return err
	}
	if err := endRecoveries(c, tx, operatorID); err != nil {
		return err
	}
	rows, err := tx.Credentials(environment.Operators, operatorID)
	if err != nil || hasFactor(rows) {
		return err
	}
	_, err = tx.RevokeSessions(environment.Operators, operatorID, "another role before the first factor")
	return err
}

// Withdraw ends an invitation that nobody has accepted.
func Withdraw(c who.Caller, tx *store.Tx, by Authority, environmentID, id string) error {
	if !by.MayGrant(Grant{environmentID, Auditor}) { // whoever lets anybody in
		return tooMuch()
	}
	if err := tx.RevokeInvitation(environmentID, id); err != nil {
		return err
	}
	c.By.EnvironmentID = environmentID
	return audit.Record(tx, c.By, "operator.invitation_withdrawn", audit.Detail{"invitation_id": id})
}

// roleOf reads a grant, its operator locked, so that changes of one wait for one another.
func roleOf(tx *store.Tx, operatorID, environmentID string) (Role, error) {
	if _, err := tx.LockUser(environment.Operators, operatorID); err != nil {
		return "", err
	}
	grants, err := tx.Grants(operatorID)
	if err != nil {
		return "", err
	}
	for _, g := range grants {
		if g.EnvironmentID == environmentID {
			return Role(g.Role), nil
		}
	}
	return "", store.ErrNotFound
}

// leavesAnOwner refuses to take the last owner away, but to the host. Whoever owns all
// environments owns each; of the installation as a whole only they do.
func leavesAnOwner(tx *store.Tx, by Authority, operatorID string, g Grant) error {
	if _, host := by.(Host); host || g.Role != Owner {
		return nil
	}
	if err := tx.LockMembers(); err != nil {
		return err
	}
	places := []string{g.EnvironmentID}
	if g.EnvironmentID != Everywhere {
		places = append(places, Everywhere)
	}
	for _, place := range places {
		others, err := tx.OtherOwners(place, operatorID)
		if err != nil || others {
			return err
		}
	}
	return fault.New(fault.Conflict, "This is the last owner. Make somebody else an owner first; on the host: stepup console invite.")
}

// LastOwner reports whether nobody would own the environment, or without one the
// installation, once the operator's role in it is gone.
func LastOwner(tx *store.Tx, email, environmentID string) (bool, error) {
	held, err := named(tx, email)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	role, err := roleOf(tx, held.UserID, environmentID)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	err = leavesAnOwner(tx, nil, held.UserID, Grant{environmentID, role})
	if fault.Has(err, fault.Conflict) {
		return true, nil
	}
	return false, err
}

// Person is an operator, or somebody who is invited to be one, as the host sees them.
type Person struct {
	Operator
	Factors      int
	LastVisit    time.Time
	InvitedUntil time.Time // zero: there is no open invitation
}

// People lists all operators and all who are invited, for the host.
func (d *Desk) People(tx *store.Tx) (people []Person, err error) {
	t, err := d.Tenants.Operators(tx)
	if err != nil {
		return nil, err
	}
	open, err := tx.OpenInvitations()
	if err != nil {
		return nil, err
	}
	until := map[string]store.InvitationRow{}
	for _, i := range open {
		until[i.EmailKey] = i
	}
	for after, more := "", true; more; {
		users, err := tx.Users(environment.Operators, after, MaxMembers)
		if err != nil {
			return nil, err
		}
		for _, user := range users {
			rows, err := tx.Credentials(environment.Operators, user.ID)
			if err != nil {
				return nil, err
			}
			o, err := read(tx, t, user, rows)
			if err != nil {
				return nil, err
			}
			p := Person{Operator: o, LastVisit: user.LastVisitAt, InvitedUntil: until[strings.ToLower(o.Email)].ExpiresAt}
			delete(until, strings.ToLower(o.Email))
			for _, row := range rows {
				if account.IsFactor(row) {
					p.Factors++
				}
			}
			people, after = append(people, p), user.ID
		}
		more = len(users) == MaxMembers
	}
	for _, i := range open {
		if row, left := until[i.EmailKey]; left && row.ID == i.ID {
			people = append(people, Person{Operator: Operator{Email: i.Email}, InvitedUntil: i.ExpiresAt})
		}
	}
	return people, nil
}

// Revoke takes away what somebody has, by the host: the role in one environment with the
// invitations to it, or all there is. It says what it did.
func (d *Desk) Revoke(c who.Caller, tx *store.Tx, email, environmentID string) (done string, err error) {
	address, key, err := deliver.NormalizeEmail(email)
	if err != nil {
		return "", badAddress(err)
	}
	open, err := tx.InvitationsFor(key)
	if err != nil {
		return "", err
	}
	withdrawn := 0
	for _, i := range open {
		if environmentID != Everywhere && i.EnvironmentID != environmentID {
			continue
		}
		if err := Withdraw(c, tx, Host{}, i.EnvironmentID, i.ID); err != nil {
			return "", err
		}
		withdrawn++
	}
	held, err := tx.CredentialByIdentifier(environment.Operators, store.FormatEmail, key)
	switch {
	case errors.Is(err, store.ErrNotFound) && withdrawn > 0:
		return fmt.Sprintf("%s was invited and is not any more.", address), nil
	case err != nil:
		return "", err
	}
	ended, err := Ending(tx, held.UserID, func() error {
		if environmentID == Everywhere {
			done = fmt.Sprintf("%s is no operator any more.", address)
			return Delete(c, tx, held.UserID)
		}
		done = fmt.Sprintf("%s has no role in %s any more.", address, environmentID)
		return Remove(c, tx, Host{}, held.UserID, environmentID)
	})
	return done + Ended(ended), err
}
