package account

import (
	"crypto/rand"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/deliver"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/phone"
	"github.com/stepup-auth/stepup/internal/secret"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/tenant"
)

// RevokeLinkLife is how long a "this was not me" link works.
const RevokeLinkLife = 7 * 24 * time.Hour

// tell tells every address the user had before the change, each with a link of
// its own that takes back what was added and ends all sessions.
func tell(tx *store.Tx, t *tenant.Tenant, userID string, before []store.CredentialRow, added store.CredentialRow, news News) error {
	for _, row := range before {
		if row.Format != store.FormatEmail && row.Format != store.FormatPhone {
			continue
		}
		text := secret.Text(rand.Text())
		link := store.RevokeLinkRow{
			Hash: hashRevokeLink(tx, text), EnvironmentID: t.ID, UserID: userID, CredentialID: added.ID, Recipient: row.PublicIdentifier,
			ExpiresAt: tx.Now().Add(RevokeLinkLife),
		}
		if added.Replaces == row.ID {
			link.Previous = row.PublicIdentifier
		}
		if err := tx.InsertRevokeLink(link); err != nil {
			return err
		}
		notice := deliver.Notice{
			At:        tx.Now(),
			RevokeURL: t.Issuer + "/notMe#" + text.Reveal(), // a fragment: never sent to a server, never in a log
		}
		if err := Notify(tx, t, row, notice, news); err != nil {
			return err
		}
	}
	return nil
}

func hashRevokeLink(tx *store.Tx, text secret.Text) []byte {
	return tx.Hasher().Sum("revoke-link", text.Reveal())
}

// NotMe answers a "this was not me" link: the added credential goes, an address
// it pushed out comes back, and every session of the user ends.
func NotMe(tx *store.Tx, by audit.By, t *tenant.Tenant, text secret.Text) error {
	bad := fault.New(fault.InvalidRevokeLink, "This link is unknown, used or expired. Sign in and check your credentials.")
	hash := hashRevokeLink(tx, text)
	link, err := tx.RevokeLink(t.ID, hash)
	if errors.Is(err, store.ErrNotFound) {
		return bad
	}
	if err != nil {
		return err
	}
	if err := tx.ConsumeRevokeLink(t.ID, hash); errors.Is(err, store.ErrNotFound) {
		return bad
	} else if err != nil {
		return err
	}
	if _, err := tx.LockUser(t.ID, link.UserID); errors.Is(err, store.ErrNotFound) {
		return bad
	} else if err != nil {
		return err
	}
	by = by.Concerning(link.UserID)
	if err := tx.DropEnrolments(t.ID, link.UserID); err != nil {
		return err
	}
	if link.CredentialID != "" {
		if err := takeBack(tx, by, t, link.UserID, link.CredentialID); err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
	}
	if err := restore(tx, by, t, link); err != nil {
		return err
	}
	n, err := tx.RevokeSessions(t.ID, link.UserID, "not me")
	if err != nil {
		return err
	}
	return audit.Record(tx, by, "user.denied_change", audit.Detail{"credential_id": link.CredentialID, "sessions_revoked": n})
}

// takeBack removes what was added, with the recovery codes that came with it.
func takeBack(tx *store.Tx, by audit.By, t *tenant.Tenant, userID, id string) error {
	rows, err := tx.Credentials(t.ID, userID)
	if err != nil {
		return err
	}
	for _, row := range rows {
		if row.ID != id {
			continue
		}
		if set := orphaned(rows, row); set != "" {
			if err := dropRecoverySet(tx, by, t, userID, set); err != nil {
				return err
			}
		}
	}
	return remove(tx, by, t, userID, id)
}

// restore gives an address that the denied change pushed out back to its user.
// When nothing is left to sign in with, whoever added and removed credentials
// meanwhile, it gives back the address that received the link.
func restore(tx *store.Tx, by audit.By, t *tenant.Tenant, link store.RevokeLinkRow) error {
	address := link.Previous
	if address == "" {
		left, err := tx.Credentials(t.ID, link.UserID)
		if err != nil || slices.ContainsFunc(left, func(row store.CredentialRow) bool { return row.SignInEnabled && Counts(t.Environment, row) }) {
			return err
		}
		address = link.Recipient
	}
	a, err := readAddress(address)
	if err != nil {
		return err
	}
	_, err = tx.CredentialByIdentifier(t.ID, a.Format, a.Identifier)
	if !errors.Is(err, store.ErrNotFound) {
		return err // the user has it still, or somebody else does by now
	}
	_, err = insert(tx, by, t, link.UserID, a, store.ProvenanceRevokeLink, "")
	return err
}

// readAddress reads an email address or a phone number that a notice went to.
func readAddress(text string) (Address, error) {
	if strings.HasPrefix(text, "+") {
		n, err := phone.ParseE164(text)
		return PhoneAddress(n), err
	}
	written, key, err := deliver.NormalizeEmail(text)
	return Address{Format: store.FormatEmail, Identifier: key, Written: written}, err
}
