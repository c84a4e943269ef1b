package account

import (
	"slices"
	"time"

	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/deliver"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/tenant"
	"github.com/stepup-auth/stepup/internal/who"
)

// Withheld are the ids of the credentials that an open dispute keeps from minting
// anything and from opening any gate; without a dispute there are none. Two sorts are
// left alone: those that were confirmed before the change that its owner denied, and
// those that such a credential has let in since. While a second factor is disputed,
// nothing but another second factor is left alone.
func Withheld(rows []store.CredentialRow) []string {
	var withheld []string
	for _, row := range rows {
		if slices.ContainsFunc(rows, func(d store.CredentialRow) bool { return d.Disputed() && !stands(rows, d, row) }) {
			withheld = append(withheld, row.ID)
		}
	}
	return withheld
}

// stands reports whether the dispute about d leaves the credential alone.
func stands(rows []store.CredentialRow, d, row store.CredentialRow) bool {
	return (StepsUp(row) || !StepsUp(d)) && trusted(rows, d, row)
}

// trusted reports whether the credential owes nothing to the denied change. It follows
// the credential back to what let it in, to what let that in, and so on, until it meets
// one that was confirmed before the change, or that an operator let in.
func trusted(rows []store.CredentialRow, d, row store.CredentialRow) bool {
	for range rows { // a chain is no longer than that
		switch {
		case row.Disputed() || !row.Confirmed():
			return false
		case row.ConfirmedSince().Before(d.DisputedSince), row.LetInMethod == string(operator.Method):
			return true
		}
		by := find(rows, row.LetInBy)
		if by == nil {
			return false
		}
		row = *by
	}
	return false
}

// denied reports whether the credential is what an open dispute is about, or was let in
// by that. Whoever holds such a credential may deny nothing with it. The address that
// the denied change had pushed out is none, and neither is what it had let in before.
func denied(rows []store.CredentialRow, row store.CredentialRow) bool {
	return slices.ContainsFunc(rows, func(d store.CredentialRow) bool {
		return d.Disputed() && !cameIn(row).Before(d.DisputedSince) && !trusted(rows, d, row)
	})
}

// cameIn is when a credential was confirmed or, if it never was, when it was linked.
func cameIn(row store.CredentialRow) time.Time {
	if row.Confirmed() {
		return row.ConfirmedSince()
	}
	return row.CreatedAt
}

// MayDecide reports whether the credential may decide about the disputed one: it was
// confirmed earlier, and the dispute leaves it alone.
func MayDecide(rows []store.CredentialRow, disputedID, id string) bool {
	d, row := find(rows, disputedID), find(rows, id)
	return d != nil && row != nil && d.Disputed() && row.ConfirmedSince().Before(d.DisputedSince) && !slices.Contains(Withheld(rows), id)
}

// undecided refuses to change what is disputed.
func undecided() *fault.Error {
	return fault.New(fault.Disputed,
		"This is disputed. Decide first with a factor confirmed earlier (POST users/mfa/ID/dispute), or ask the operator.")
}

// NotDisputed refuses to decide about a credential that nobody has denied.
func NotDisputed() *fault.Error {
	return fault.New(fault.NotDisputed, "Nobody disputes this credential, or it was decided already.")
}

// disputeFactor notes that somebody denied a second factor, which stays until somebody
// decides.
func disputeFactor(c who.Caller, tx *store.Tx, rows []store.CredentialRow, factor store.CredentialRow) error {
	if factor.Disputed() {
		return nil
	}
	if err := dispute(c, tx, factor, factor.CreatedAt, ""); err != nil {
		return err
	}
	return announce(c, tx, rows, disputed(inWords(factor)))
}

func dispute(c who.Caller, tx *store.Tx, row store.CredentialRow, since time.Time, rival string) error {
	if row.Disputed() && row.DisputedSince.Before(since) { // the earlier denial says more
		since = row.DisputedSince
	}
	if err := tx.DisputeCredential(c.Tenant.ID, row.UserID, row.ID, since, rival); err != nil {
		return err
	}
	return audit.Record(tx, c.By, "credential.disputed", audit.Detail{"credential_id": row.ID, "format": row.Format})
}

// announce tells every confirmed address. Its notices carry no link that denies anything.
func announce(c who.Caller, tx *store.Tx, rows []store.CredentialRow, news News) error {
	for _, row := range rows {
		if !row.Confirmed() {
			continue
		}
		if err := Notify(c, tx, row, deliver.Notice{At: tx.Now()}, news); err != nil {
			return err
		}
	}
	return nil
}

// Settle decides about a disputed credential: it stays, or it goes together with what
// it let in. Where a change replaced one address by another, one of the two stays,
// whichever of them the decision names. What stays cannot be disputed again, and every
// link about it is void. If anything goes, all sessions end except that of whoever
// decided. Every confirmed address is told.
func Settle(c who.Caller, tx *store.Tx, d Decision) error {
	if _, err := tx.LockUser(c.Tenant.ID, c.UserID()); err != nil {
		return err
	}
	rows, err := tx.Credentials(c.Tenant.ID, c.UserID())
	if err != nil {
		return err
	}
	named := find(rows, d.CredentialID)
	if named != nil && named.Provenance == store.ProvenanceRevokeLink && !named.Confirmed() && !named.Disputed() {
		return settlePutBack(c, tx, rows, *named, d.Keep)
	}
	if named == nil || !named.Disputed() {
		return NotDisputed()
	}
	verdict := judge(rows, *named, d.Keep)
	if err := verdict.leavesAWayIn(c.Tenant, rows); err != nil {
		return err
	}
	if err := verdict.carryOut(c, tx, rows); err != nil {
		return err
	}
	if len(verdict.goes)+len(verdict.fades) > 0 {
		if err := endSessions(c, tx, d.ExceptSession); err != nil {
			return err
		}
	}
	detail := audit.Detail{"credential_id": named.ID, "kept": d.Keep, "removed": verdict.goes, "unconfirmed": verdict.fades}
	if err := audit.Record(tx, c.By, "credential.settled", detail); err != nil {
		return err
	}
	return announce(c, tx, rows, settled(inWords(*named), d.Keep))
}

// settlePutBack decides about an address that an undo link of an earlier version
// put back, when only the operator can find out whose it is.
func settlePutBack(c who.Caller, tx *store.Tx, rows []store.CredentialRow, row store.CredentialRow, keep bool) error {
	if keep {
		if _, err := confirm(c, tx, rows, row, operator); err != nil {
			return err
		}
	} else {
		v := verdict{goes: []string{row.ID}}
		if err := v.leavesAWayIn(c.Tenant, rows); err != nil {
			return err
		}
		if err := v.carryOut(c, tx, rows); err != nil {
			return err
		}
		if err := endSessions(c, tx, ""); err != nil {
			return err
		}
	}
	if err := audit.Record(tx, c.By, "credential.settled", audit.Detail{"credential_id": row.ID, "kept": keep}); err != nil {
		return err
	}
	return announce(c, tx, rows, settled(inWords(row), keep))
}

// Decision is what was decided about a disputed credential.
type Decision struct {
	CredentialID  string
	Keep          bool
	ExceptSession string // of whoever decides; empty: an operator
}

// verdict is what a decision comes to.
type verdict struct {
	stays []string // stay, and cannot be disputed again
	goes  []string // are removed
	fades []string // are unconfirmed, since what let them in is gone and nobody knows whose they are
}

func judge(rows []store.CredentialRow, named store.CredentialRow, keep bool) verdict {
	newcomer, old := &named, find(rows, named.Rival)
	if i := slices.IndexFunc(rows, func(row store.CredentialRow) bool { return row.Disputed() && row.Rival == named.ID }); i >= 0 {
		newcomer, old, keep = &rows[i], &named, !keep // of the two the other one was named
	} else if named.Rival == "" && !StepsUp(named) && named.ConfirmedSince().Before(named.DisputedSince) {
		newcomer, old, keep = nil, &named, !keep // what pushed it out is gone by now
	}
	var v verdict
	if keep { // the change was the user's own
		if newcomer != nil {
			v.stays = append(v.stays, newcomer.ID)
		}
		if old != nil {
			v.goes = append(v.goes, old.ID)
		}
		return v
	}
	if old != nil {
		v.stays = append(v.stays, old.ID)
	}
	since := named.DisputedSince
	if newcomer != nil {
		if StepsUp(*newcomer) || !newcomer.ConfirmedSince().Before(since) {
			v.goes = append(v.goes, newcomer.ID)
		} else {
			v.stays = append(v.stays, newcomer.ID) // the user had it before the change
		}
	}
	for _, row := range rows { // oldest first, so that what let something in comes before it
		switch {
		case slices.Contains(v.goes, row.ID) || slices.Contains(v.stays, row.ID) || !row.Confirmed() || row.ConfirmedSince().Before(since):
		case slices.Contains(v.goes, row.LetInBy) || old != nil && row.LetInBy == old.ID: // which was not there to let anything in
			v.goes = append(v.goes, row.ID)
		case row.Provenance != store.ProvenanceEmbedded && row.LetInMethod != string(operator.Method) && find(rows, row.LetInBy) == nil:
			v.fades = append(v.fades, row.ID)
		}
	}
	return v
}

// leavesAWayIn refuses a decision after which nobody could sign in.
func (v verdict) leavesAWayIn(t *tenant.Tenant, rows []store.CredentialRow) error {
	lost := append(slices.Clone(v.goes), v.fades...)
	if len(lost) == 0 || slices.ContainsFunc(rows, func(row store.CredentialRow) bool {
		return row.SignInEnabled && Counts(t.Environment, row) && !slices.Contains(lost, row.ID)
	}) {
		return nil
	}
	return fault.New(fault.LastCredential, "Nothing would be left to sign in with. Keep it, or delete the user.")
}

func (v verdict) carryOut(c who.Caller, tx *store.Tx, rows []store.CredentialRow) error {
	for _, id := range v.stays {
		if err := tx.DropRevokeLinks(c.Tenant.ID, c.UserID(), id); err != nil {
			return err
		}
		if err := tx.SettleCredential(c.Tenant.ID, c.UserID(), id); err != nil {
			return err
		}
	}
	for _, id := range v.fades {
		if err := tx.UnconfirmCredential(c.Tenant.ID, c.UserID(), id); err != nil {
			return err
		}
		if err := audit.Record(tx, c.By, "credential.unconfirmed", audit.Detail{"credential_id": id}); err != nil {
			return err
		}
	}
	for _, id := range v.goes {
		if err := tx.DropRevokeLinks(c.Tenant.ID, c.UserID(), id); err != nil {
			return err
		}
		if err := remove(c, tx, id); err != nil {
			return err
		}
	}
	return v.tidy(c, tx, rows)
}

// tidy removes the recovery codes of a user whose last second factor the verdict removes.
func (v verdict) tidy(c who.Caller, tx *store.Tx, rows []store.CredentialRow) error {
	lost := func(row store.CredentialRow) bool { return slices.Contains(v.goes, row.ID) }
	if !slices.ContainsFunc(rows, func(row store.CredentialRow) bool { return lost(row) && StepsUp(row) }) {
		return nil
	}
	if err := tx.FactorsChanged(c.Tenant.ID, c.UserID()); err != nil {
		return err
	}
	set, has, err := RecoverySet(c, tx)
	switch {
	case err != nil:
		return err
	case !has:
		user, err := tx.User(c.Tenant.ID, c.UserID())
		if err != nil {
			return err
		}
		return acknowledgement(tx, user, "")
	case !slices.ContainsFunc(rows, func(row store.CredentialRow) bool { return IsFactor(row) && !lost(row) }):
		return dropRecoverySet(c, tx, set.ID)
	}
	return nil
}

// endSessions ends all sessions of the user but one, and all devices but its own.
func endSessions(c who.Caller, tx *store.Tx, except string) error {
	sessions, err := tx.Sessions(c.Tenant.ID, c.UserID())
	if err != nil {
		return err
	}
	device := ""
	for _, s := range sessions {
		if s.ID == except {
			device = s.DeviceRegistrationID
			continue
		}
		if _, err := tx.RevokeSession(c.Tenant.ID, s.ID, "dispute settled"); err != nil {
			return err
		}
	}
	_, err = forgetDevices(c, tx, device)
	return err
}
