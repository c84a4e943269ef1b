package account

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/deliver"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/secret"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/tenant"
	"github.com/stepup-auth/stepup/internal/who"
)

// RevokeLinkLife is how long a "this was not me" link works.
const RevokeLinkLife = 7 * 24 * time.Hour

// change is what a notice tells of, as far as the link in it can take it back. The link
// of the zero change ends the sessions of the user and takes nothing back.
type change struct {
	brought string     // credential that it added; empty: none
	pushed  *pushedOut // address that it took away; nil: none
	from    Authority  // what allowed it

	userAgent string // of the request that did it; empty: it is not said
}

// pushedOut is an address that a change takes away, with what has to be known of it if
// a link brings it back.
type pushedOut struct {
	store.CredentialRow
	// Since is when the credential behind the change was linked, if this address got a
	// link that denies that; zero: it got none.
	Since time.Time
	LetIn []string // credentials that the address let in
}

// pushing reads what [pushedOut] keeps, before the address goes. A thief who linked a
// credential, and uses it to remove the address that could deny it, is not rid of the
// denial by that.
func pushing(c who.Caller, tx *store.Tx, rows []store.CredentialRow, old store.CredentialRow, from Authority) (*pushedOut, error) {
	p := &pushedOut{CredentialRow: old}
	for _, row := range rows {
		if row.LetInBy == old.ID {
			p.LetIn = append(p.LetIn, row.ID)
		}
	}
	links, err := tx.RevokeLinksTo(c.Tenant.ID, old.UserID, old.ID)
	if err != nil {
		return p, err
	}
	by := find(rows, from.Credential)
	for range rows { // a chain is no longer than that
		if by == nil || by.ID == old.ID {
			break
		}
		for _, link := range links {
			deniable := link.CredentialID == by.ID && by.SettledAt.IsZero() && !strong(link.LetInMethod)
			if deniable && (p.Since.IsZero() || link.CreatedAt.Before(p.Since)) {
				p.Since = link.CreatedAt
			}
		}
		by = find(rows, by.LetInBy)
	}
	return p, nil
}

// tell writes to the addresses that the user had before the change, each with a link of
// its own that denies the change. An address that nobody confirmed may be a thief's: it
// gets no link, and is written to only where the user has no confirmed one.
func tell(c who.Caller, tx *store.Tx, before []store.CredentialRow, about change, news News) error {
	known := slices.ContainsFunc(before, func(row store.CredentialRow) bool { return isAddress(row) && row.Confirmed() })
	for _, row := range before {
		if !isAddress(row) || known && !row.Confirmed() {
			continue
		}
		notice := deliver.Notice{At: tx.Now(), UserAgent: about.userAgent}
		// There is no page that would take a link of an operator: the host decides about their factors.
		if c.Tenant.ID != environment.Operators && about.deniableBy(row) && !denied(before, row) {
			text := secret.Text(rand.Text())
			if err := tx.InsertRevokeLink(about.link(c.Tenant, tx, row, text)); err != nil {
				return err
			}
			notice.RevokeURL = c.Tenant.Issuer + "/notMe#" + text.Reveal() // a fragment: never sent to a server, never in a log
		}
		if err := Notify(c, tx, row, notice, news); err != nil {
			return err
		}
	}
	return nil
}

// deniableBy reports whether the address gets a link. One that the change pushed out
// holds nothing any more, and has a say only where no second factor let the change in.
func (c change) deniableBy(row store.CredentialRow) bool {
	gone := c.pushed != nil && c.pushed.ID == row.ID
	return row.Confirmed() && !(gone && c.from.Method.MFA())
}

func (c change) link(t *tenant.Tenant, tx *store.Tx, row store.CredentialRow, text secret.Text) store.RevokeLinkRow {
	link := store.RevokeLinkRow{
		Hash: hashRevokeLink(tx, text), EnvironmentID: t.ID, UserID: row.UserID, CredentialID: c.brought, RecipientID: row.ID,
		Recipient: row.PublicIdentifier, LetInMethod: string(c.from.Method), ExpiresAt: tx.Now().Add(RevokeLinkLife),
	}
	if c.pushed != nil && c.pushed.Confirmed() {
		previous, _ := json.Marshal(c.pushed) // strings, times and one truth value
		link.Previous = string(previous)
	}
	return link
}

// isAddress reports whether a credential is an address that can be written to.
func isAddress(row store.CredentialRow) bool { return KindOf(row.Format).notify != nil }

func hashRevokeLink(tx *store.Tx, text secret.Text) []byte {
	return tx.Hasher().Sum("revoke-link", text.Reveal())
}

// NotMe does what a "this was not me" link is for. Every session of the user ends. A
// change that was allowed by nothing stronger than an address is taken back: a
// credential that it added is removed, and an address that it took away comes back, in
// dispute with the new one. No link removes a second factor: the factor is disputed.
func NotMe(c who.Caller, tx *store.Tx, text secret.Text) error {
	bad := fault.New(fault.InvalidRevokeLink, "This link is unknown, used or expired. Sign in and check your credentials.")
	hash := hashRevokeLink(tx, text)
	link, err := tx.RevokeLink(c.Tenant.ID, hash)
	if errors.Is(err, store.ErrNotFound) {
		return bad
	}
	if err != nil {
		return err
	}
	if _, err := tx.LockUser(c.Tenant.ID, link.UserID); errors.Is(err, store.ErrNotFound) {
		return bad
	} else if err != nil {
		return err
	}
	// Whoever held the lock may have decided, or changed the address again, meanwhile.
	link, err = tx.RevokeLink(c.Tenant.ID, hash)
	if errors.Is(err, store.ErrNotFound) {
		return bad
	}
	if err != nil {
		return err
	}
	rows, err := tx.Credentials(c.Tenant.ID, link.UserID)
	if err != nil {
		return err
	}
	told, err := toldSince(c, tx, link)
	if err != nil {
		return err
	}
	if there := find(rows, link.RecipientID) != nil; (there || !told) && !may(rows, link) { // an address that is back is judged as it is
		return bad
	}
	if err := tx.ConsumeRevokeLink(c.Tenant.ID, hash); errors.Is(err, store.ErrNotFound) {
		return bad
	} else if err != nil {
		return err
	}
	c = c.Concerning(link.UserID)
	if err := tx.DropEnrolments(c.Tenant.ID, link.UserID); err != nil {
		return err
	}
	if err := deny(c, tx, rows, link); err != nil {
		return err
	}
	n, err := tx.RevokeSessions(c.Tenant.ID, link.UserID, "not me")
	if err != nil {
		return err
	}
	if _, err := forgetDevices(c, tx, ""); err != nil {
		return err
	}
	return audit.Record(tx, c.By, "user.denied_change", audit.Detail{"credential_id": link.CredentialID, "sessions_revoked": n})
}

// may reports whether whoever got the link may still use it. They must have the address
// that it was sent to, unless the link is to bring just that address back, and the
// address must not be denied itself.
func may(rows []store.CredentialRow, link store.RevokeLinkRow) bool {
	recipient := find(rows, link.RecipientID)
	if recipient != nil {
		return !denied(rows, *recipient)
	}
	var pushed pushedOut
	return json.Unmarshal([]byte(link.Previous), &pushed) == nil && pushed.ID == link.RecipientID
}

// deny takes back what a link denies, or puts it in dispute.
func deny(c who.Caller, tx *store.Tx, rows []store.CredentialRow, link store.RevokeLinkRow) error {
	brought := find(rows, link.CredentialID)
	// What the user had before the denied change says nothing about that.
	isNew := brought != nil && !cameIn(*brought).Before(link.CreatedAt)
	if brought != nil && brought.Asserted() && !brought.Confirmed() { // which nobody has, whenever it was set
		isNew = true
	}
	switch {
	case brought != nil && !brought.SettledAt.IsZero(): // it was decided that it stays
		return nil
	case brought != nil && StepsUp(*brought):
		return disputeFactor(c, tx, rows, *brought)
	case strong(link.LetInMethod), isNew && strong(brought.LetInMethod):
		return nil
	case link.Previous != "":
		return disputeChange(c, tx, link, brought)
	case isNew && denied(rows, *brought): // whoever decides takes it away, or not
		return nil
	case isNew: // and never was the user's: whoever has it is told of nothing later
		return forget(c, tx, brought.ID)
	}
	return nil
}

// disputeChange brings back an address that a change took away. It signs in again, but
// neither it nor the new one opens a gate until somebody has decided between them.
func disputeChange(c who.Caller, tx *store.Tx, link store.RevokeLinkRow, brought *store.CredentialRow) error {
	var pushed pushedOut
	if err := json.Unmarshal([]byte(link.Previous), &pushed); err != nil {
		return fmt.Errorf("reading what a link brings back: %w", err)
	}
	old, back, since := pushed.CredentialRow, true, link.CreatedAt
	if !pushed.Since.IsZero() {
		since = pushed.Since
	}
	held, err := tx.CredentialByIdentifier(c.Tenant.ID, old.Format, old.Identifier)
	switch {
	case errors.Is(err, store.ErrNotFound):
		if err := tx.RestoreCredential(old); err != nil {
			return err
		}
		if err := tx.LetInAgain(old, pushed.LetIn); err != nil {
			return err
		}
		if err := audit.Record(tx, c.By, "credential.restored",
			audit.Detail{"credential_id": old.ID, "format": old.Format, "provenance": old.Provenance}); err != nil {
			return err
		}
	case err != nil:
		return err
	default: // the user has it again, or somebody else does by now
		back = held.UserID == link.UserID && held.Confirmed() && held.SettledAt.IsZero()
		old = held
	}
	switch {
	case brought != nil && brought.ID == old.ID:
		brought = nil
	case brought == nil && back: // what pushed it out is gone; other links about that are about this now
		if err := tx.MoveRevokeLinks(c.Tenant.ID, link.UserID, link.CredentialID, old.ID); err != nil {
			return err
		}
	case brought != nil && !back && brought.ConfirmedSince().Before(link.CreatedAt):
		return nil // the user had it before, and has nothing else now
	}
	rival := ""
	if back {
		rival = old.ID
		if err := dispute(c, tx, old, since, ""); err != nil {
			return err
		}
	}
	if brought != nil {
		if err := dispute(c, tx, *brought, since, rival); err != nil {
			return err
		}
	}
	if !back && brought == nil {
		return nil
	}
	rows, err := tx.Credentials(c.Tenant.ID, link.UserID)
	if err != nil {
		return err
	}
	return announce(c, tx, rows, disputed(changeOf(old.Format)))
}

func changeOf(format string) deliver.Thing {
	switch format {
	case store.FormatEmail:
		return deliver.Thing{Kind: deliver.EmailChange}
	case store.FormatPhone:
		return deliver.Thing{Kind: deliver.PhoneChange}
	}
	return deliver.Thing{Kind: deliver.LoginChange}
}
