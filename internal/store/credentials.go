package store

import (
	"cmp"
	"database/sql"
	"time"
)

// Provenance says what allowed a credential or factor to be linked.
const (
	ProvenanceSignUp        = "sign_up"
	ProvenanceElevatedToken = "elevated_token"
	ProvenanceLegacyToken   = "legacy_token"
	ProvenanceMFA           = "mfa"             // a second factor given in the session moments before
	ProvenanceRevokeLink    = "revoke_link"     // put back by the owner of the address
	ProvenanceEmbedded      = "embedded_wallet" // made and kept by the wallet service; never vouches
	ProvenanceNothing       = "nothing"         // compatibility: counts for nothing until confirmed
)

// Credential formats. All but the last are those of the wire.
const (
	FormatEmail      = "email"
	FormatPhone      = "phoneNumber"
	FormatBlockchain = "blockchain"
	FormatOAuth      = "oauth"
	FormatPasskey    = "passkey"
	FormatExternal   = "externalUser"
	FormatTOTP       = "totp"
	FormatRecovery   = "recoveryCode" // a set of recovery codes; clients never see it among credentials
)

// CredentialRow is one means of proof: an email address, a wallet, a passkey,
// an authenticator app, … What a method keeps in secret about it stands in a
// table of the method's own.
type CredentialRow struct {
	ID               string
	EnvironmentID    string
	UserID           string
	Format           string
	Identifier       string // normalised look-up key, unique per environment and format
	PublicIdentifier string // as the person wrote it; the alias of a passkey or authenticator app
	Detail           string // JSON object of what the format shows of itself, in wire spelling
	SignInEnabled    bool
	Provenance       string
	ConfirmedAt      time.Time // zero: never confirmed; matters for ProvenanceNothing only
	Replaces         string    // credential that goes when this one is confirmed
	CreatedAt        time.Time
	LastSelectedAt   time.Time // zero: never; of wallets, the latest is the primary one
}

// Confirmed reports whether the credential was linked by a proof, or was
// confirmed by one since.
func (c CredentialRow) Confirmed() bool {
	return c.Provenance != ProvenanceNothing || !c.ConfirmedAt.IsZero()
}

const credentialColumns = `id, environment_id, user_id, format, identifier, public_identifier, sign_in_enabled, provenance, confirmed_at, replaces, created_at, detail, last_selected_at`

// InsertCredential adds c. A taken identifier is an [IsUnique] error.
func (tx *Tx) InsertCredential(c CredentialRow) error {
	_, err := tx.Exec(`INSERT INTO credentials (`+credentialColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, NULL, $9, $10, $11, $12)`,
		c.ID, c.EnvironmentID, c.UserID, c.Format, c.Identifier, c.PublicIdentifier, asBit(c.SignInEnabled), c.Provenance, c.Replaces, millis(tx.Now()),
		cmp.Or(c.Detail, "{}"), nullMillis(c.LastSelectedAt))
	return err
}

// Credentials lists a user's credentials, oldest first.
func (tx *Tx) Credentials(environmentID, userID string) ([]CredentialRow, error) {
	rows, err := tx.Rows(`SELECT `+credentialColumns+` FROM credentials WHERE environment_id = $1 AND user_id = $2 ORDER BY created_at, id`, environmentID, userID)
	return collect(rows, err, func(rows *sql.Rows) (CredentialRow, error) { return scanCredential(rows) })
}

// CredentialByIdentifier finds who holds an identifier.
func (tx *Tx) CredentialByIdentifier(environmentID, format, identifier string) (CredentialRow, error) {
	return scanCredential(tx.Row(`SELECT `+credentialColumns+` FROM credentials WHERE environment_id = $1 AND format = $2 AND identifier = $3`,
		environmentID, format, identifier))
}

// ConfirmCredential lifts the mark of a credential linked with nothing.
func (tx *Tx) ConfirmCredential(environmentID, userID, id string) error {
	return tx.one(`UPDATE credentials SET confirmed_at = $4, replaces = '' WHERE environment_id = $1 AND user_id = $2 AND id = $3 AND confirmed_at IS NULL`,
		environmentID, userID, id, millis(tx.Now()))
}

// DescribeCredential replaces what a credential shows of itself.
func (tx *Tx) DescribeCredential(environmentID, userID, id, publicIdentifier, detail string) error {
	return tx.one(`UPDATE credentials SET public_identifier = $4, detail = $5 WHERE environment_id = $1 AND user_id = $2 AND id = $3`,
		environmentID, userID, id, publicIdentifier, cmp.Or(detail, "{}"))
}

// SelectCredential records that the user chose this credential just now.
func (tx *Tx) SelectCredential(environmentID, userID, id string) error {
	return tx.one(`UPDATE credentials SET last_selected_at = $4 WHERE environment_id = $1 AND user_id = $2 AND id = $3`,
		environmentID, userID, id, millis(tx.Now()))
}

// DeleteCredential removes one credential and kills the elevated tokens that
// came from it, and what a wallet has signed so far.
func (tx *Tx) DeleteCredential(environmentID, userID, id string) error {
	if err := tx.walletRemoved(environmentID, userID, id); err != nil {
		return err
	}
	if _, err := tx.RevokeElevated(environmentID, ElevatedOf{UserID: userID, CredentialID: id}, "credential removed"); err != nil {
		return err
	}
	return tx.one(`DELETE FROM credentials WHERE environment_id = $1 AND user_id = $2 AND id = $3`, environmentID, userID, id)
}

func scanCredential(row scanner) (CredentialRow, error) {
	var c CredentialRow
	var signIn, created int64
	var confirmed, selected sql.NullInt64
	err := row.Scan(&c.ID, &c.EnvironmentID, &c.UserID, &c.Format, &c.Identifier, &c.PublicIdentifier, &signIn, &c.Provenance, &confirmed, &c.Replaces, &created, &c.Detail, &selected)
	c.SignInEnabled, c.ConfirmedAt, c.CreatedAt, c.LastSelectedAt = signIn != 0, fromNullMillis(confirmed), fromMillis(created), fromNullMillis(selected)
	return c, notFound(err)
}
