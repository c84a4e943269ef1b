package store

import (
	"cmp"
	"database/sql"
	"slices"
	"time"
)

// Provenance says what allowed a credential or factor to be linked.
const (
	ProvenanceSignUp        = "sign_up"
	ProvenanceElevatedToken = "elevated_token"
	ProvenanceInvitation    = "invitation"      // an invitation to be an operator
	ProvenanceMFA           = "mfa"             // a second factor given in the session moments before
	ProvenanceRevokeLink    = "revoke_link"     // put back by a link of an earlier version, which did not know who had got it
	ProvenanceEmbedded      = "embedded_wallet" // made and kept by the wallet service; never vouches
	ProvenanceNothing       = "nothing"         // compatibility: counts for nothing until confirmed
	ProvenanceImport        = "import"          // a file said so: counts for nothing, under any version, until confirmed
	ProvenanceOperator      = "operator"        // an operator said so, likewise
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
	ConfirmedAt      time.Time // zero: never confirmed, which matters where no proof linked it
	Replaces         string    // credential that goes when this one is confirmed
	CreatedAt        time.Time
	LastSelectedAt   time.Time // zero: never; of wallets, the latest is the primary one

	LetInBy     string // credential whose token or mark let it in; empty: none, or not known
	LetInMethod string // method of the proof behind that; empty: none, or not known

	DisputedAt    time.Time // somebody denied it, and nobody has decided; zero: not so
	DisputedSince time.Time // when the denied change came in
	Rival         string    // the address that it had pushed out and that is back; empty: none
	SettledAt     time.Time // it was decided that it stays; zero: never asked
}

// Confirmed reports whether the credential was let in by a proof, or was
// confirmed by one since, whatever the version in force makes of it.
func (c CredentialRow) Confirmed() bool {
	return c.proven() || !c.ConfirmedAt.IsZero()
}

// ConfirmedSince is since when it is [CredentialRow.Confirmed]; zero: it is not.
func (c CredentialRow) ConfirmedSince() time.Time {
	if c.proven() {
		return c.CreatedAt
	}
	return c.ConfirmedAt
}

func (c CredentialRow) proven() bool {
	return c.Provenance != ProvenanceNothing && c.Provenance != ProvenanceRevokeLink && !c.Asserted()
}

// Asserted reports whether all that let the credential in was the word of those who run
// the installation, in a file or by hand. They must not become its user by that.
func (c CredentialRow) Asserted() bool {
	return c.Provenance == ProvenanceImport || c.Provenance == ProvenanceOperator
}

// unconfirmed says in SQL of credentials that they are not [CredentialRow.Confirmed].
const unconfirmed = `provenance IN ('nothing', 'revoke_link', 'import', 'operator') AND confirmed_at IS NULL`

// Disputed reports whether somebody denied the credential and nobody has decided.
func (c CredentialRow) Disputed() bool { return !c.DisputedAt.IsZero() }

const credentialColumns = `credentials.id, credentials.environment_id, credentials.user_id, credentials.format, ` +
	`credentials.identifier, credentials.public_identifier, credentials.sign_in_enabled, credentials.provenance, ` +
	`credentials.confirmed_at, credentials.replaces, credentials.created_at, credentials.detail, credentials.last_selected_at, ` +
	`credentials.let_in_by, credentials.let_in_method, credentials.disputed_at, credentials.disputed_since, credentials.rival, ` +
	`credentials.settled_at`

// InsertCredential adds c as of now. A taken identifier is an [IsUnique] error.
func (tx *Tx) InsertCredential(c CredentialRow) error {
	c.CreatedAt, c.ConfirmedAt = tx.Now(), time.Time{}
	return tx.RestoreCredential(c)
}

// RestoreCredential adds c as it was before it was removed: when it was made and
// confirmed, what let it in, and what was disputed. A taken identifier is an
// [IsUnique] error.
func (tx *Tx) RestoreCredential(c CredentialRow) error {
	_, err := tx.Exec(insertCredential, credentialValues(c)...)
	if err != nil || !slices.Contains(factorFormats, c.Format) {
		return err
	}
	return tx.countFactors(c.EnvironmentID, c.UserID)
}

const insertCredential = `INSERT INTO credentials (id, environment_id, user_id, format, identifier, public_identifier, sign_in_enabled,
		provenance, confirmed_at, replaces, created_at, detail, last_selected_at, let_in_by, let_in_method, disputed_at, disputed_since,
		rival, settled_at, search)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)`

func credentialValues(c CredentialRow) []any {
	return []any{
		c.ID, c.EnvironmentID, c.UserID, c.Format, c.Identifier, c.PublicIdentifier, asBit(c.SignInEnabled), c.Provenance,
		nullMillis(c.ConfirmedAt), c.Replaces, millis(c.CreatedAt), cmp.Or(c.Detail, "{}"), nullMillis(c.LastSelectedAt), c.LetInBy,
		c.LetInMethod, nullMillis(c.DisputedAt), nullMillis(c.DisputedSince), c.Rival, nullMillis(c.SettledAt),
		searchKeyOf(c.Format, c.PublicIdentifier),
	}
}

// factorFormats are the formats of MFA methods.
var factorFormats = []string{FormatTOTP, FormatPasskey}

// countFactors notes with the user how many MFA methods they have.
func (tx *Tx) countFactors(environmentID, userID string) error {
	_, err := tx.Exec(`UPDATE users SET factors = (SELECT COUNT(*) FROM credentials c
		WHERE c.user_id = $2 AND c.format IN ('totp', 'passkey')) WHERE environment_id = $1 AND id = $2`, environmentID, userID)
	return err
}

// LetInAgain names a credential that came back as what let these others in. While it
// was gone they stood as let in by what had let it in; those that something else has
// confirmed meanwhile are left alone.
func (tx *Tx) LetInAgain(c CredentialRow, ids []string) error {
	for _, id := range ids {
		if _, err := tx.Exec(`UPDATE credentials SET let_in_by = $4
			WHERE environment_id = $1 AND user_id = $2 AND id = $3 AND let_in_by IN ($4, $5)`,
			c.EnvironmentID, c.UserID, id, c.ID, c.LetInBy); err != nil {
			return err
		}
	}
	return nil
}

// Credentials lists a user's credentials, oldest first.
func (tx *Tx) Credentials(environmentID, userID string) ([]CredentialRow, error) {
	h := tx.holding(environmentID, userID)
	if h != nil && h.read {
		return slices.Clone(h.credentials), nil
	}
	all, err := tx.credentials(environmentID, userID)
	if err == nil && h != nil {
		h.credentials, h.read = slices.Clone(all), true
	}
	return all, err
}

func (tx *Tx) credentials(environmentID, userID string) ([]CredentialRow, error) {
	rows, err := tx.Rows(`SELECT `+credentialColumns+` FROM credentials WHERE environment_id = $1 AND user_id = $2 ORDER BY created_at, id`,
		environmentID, userID)
	return collect(rows, err, func(rows Rows) (CredentialRow, error) { return scanCredential(rows) })
}

// CredentialByIdentifier finds who holds an identifier.
func (tx *Tx) CredentialByIdentifier(environmentID, format, identifier string) (CredentialRow, error) {
	if h := tx.held; h != nil && h.read {
		for _, c := range h.credentials {
			if c.EnvironmentID == environmentID && c.Format == format && c.Identifier == identifier {
				return c, nil
			}
		}
	}
	return scanCredential(tx.Row(`SELECT `+credentialColumns+
		` FROM credentials WHERE environment_id = $1 AND format = $2 AND identifier = $3`, environmentID, format, identifier))
}

// ConfirmCredential lifts the mark of a credential linked with nothing, by the
// authority in c.LetInBy and c.LetInMethod.
func (tx *Tx) ConfirmCredential(c CredentialRow) error {
	return tx.one(`UPDATE credentials SET confirmed_at = $4, let_in_by = $5, let_in_method = $6
		WHERE environment_id = $1 AND user_id = $2 AND id = $3 AND confirmed_at IS NULL`,
		c.EnvironmentID, c.UserID, c.ID, millis(tx.Now()), c.LetInBy, c.LetInMethod)
}

// UnconfirmCredential puts the mark back: nothing vouches for the credential any more. What
// an operator or a file asserted stays what it was, and counts under no version.
func (tx *Tx) UnconfirmCredential(environmentID, userID, id string) error {
	return tx.one(`UPDATE credentials SET provenance = CASE WHEN provenance IN ('import', 'operator') THEN provenance ELSE $4 END,
		confirmed_at = NULL, replaces = '' WHERE environment_id = $1 AND user_id = $2 AND id = $3`,
		environmentID, userID, id, ProvenanceNothing)
}

// DisputeCredential marks a credential as denied, for what came in since; rival is
// the address that it had pushed out and that is back.
func (tx *Tx) DisputeCredential(environmentID, userID, id string, since time.Time, rival string) error {
	return tx.one(`UPDATE credentials SET disputed_at = $4, disputed_since = $5, rival = $6
		WHERE environment_id = $1 AND user_id = $2 AND id = $3`,
		environmentID, userID, id, millis(tx.Now()), millis(since), rival)
}

// SettleCredential ends a dispute: the credential stays, and is not disputed again.
func (tx *Tx) SettleCredential(environmentID, userID, id string) error {
	return tx.one(`UPDATE credentials SET disputed_at = NULL, disputed_since = NULL, rival = '', settled_at = $4
		WHERE environment_id = $1 AND user_id = $2 AND id = $3`, environmentID, userID, id, millis(tx.Now()))
}

// DescribeCredential replaces what a credential shows of itself.
func (tx *Tx) DescribeCredential(environmentID, userID, id, publicIdentifier, detail string) error {
	row, err := scanCredential(tx.Row(`UPDATE credentials SET public_identifier = $4, detail = $5
		WHERE environment_id = $1 AND user_id = $2 AND id = $3 RETURNING `+credentialColumns,
		environmentID, userID, id, publicIdentifier, cmp.Or(detail, "{}")))
	if err != nil {
		return err
	}
	return tx.one(`UPDATE credentials SET search = $4 WHERE environment_id = $1 AND user_id = $2 AND id = $3`,
		environmentID, userID, id, searchKeyOf(row.Format, publicIdentifier))
}

// SelectCredential records that the user chose this credential just now.
func (tx *Tx) SelectCredential(environmentID, userID, id string) error {
	return tx.one(`UPDATE credentials SET last_selected_at = $4 WHERE environment_id = $1 AND user_id = $2 AND id = $3`,
		environmentID, userID, id, millis(tx.Now()))
}

// DeleteCredential removes one credential and kills the elevated tokens that
// came from it, and what a wallet has signed so far. The undo links it received
// wait: they work again if one of them brings it back.
//
// What it had let in counts from then on as let in by whatever had let it in itself.
// Sessions that it opened or completed go on as what they were: those of a credential
// that was linked with nothing are unproven.
func (tx *Tx) DeleteCredential(environmentID, userID, id string) error {
	if err := tx.walletRemoved(environmentID, userID, id); err != nil {
		return err
	}
	if _, err := tx.RevokeElevated(environmentID, ElevatedOf{UserID: userID, CredentialID: id}, "credential removed"); err != nil {
		return err
	}
	for _, query := range []string{
		`UPDATE sessions SET unproven = 1
			WHERE environment_id = $1 AND user_id = $2 AND $3 IN (signin_credential_id, mfa_credential_id) AND ` + fromNothing,
		`UPDATE credentials SET let_in_by = (SELECT c.let_in_by FROM credentials c WHERE c.environment_id = $1 AND c.id = $3)
			WHERE environment_id = $1 AND user_id = $2 AND let_in_by = $3
			AND EXISTS (SELECT 1 FROM credentials c WHERE c.environment_id = $1 AND c.id = $3 AND c.let_in_by <> '')`,
	} {
		if _, err := tx.Exec(query, environmentID, userID, id); err != nil {
			return err
		}
	}
	err := tx.one(`DELETE FROM credentials WHERE environment_id = $1 AND user_id = $2 AND id = $3`, environmentID, userID, id)
	if err != nil {
		return err
	}
	return tx.countFactors(environmentID, userID)
}

// CredentialsPutBack lists the addresses of all environments that an undo link of an
// earlier version put back and that nobody has confirmed.
func (tx *Tx) CredentialsPutBack() ([]CredentialRow, error) {
	rows, err := tx.Rows(`SELECT `+credentialColumns+
		` FROM credentials WHERE provenance = $1 AND confirmed_at IS NULL ORDER BY environment_id, user_id, id`, ProvenanceRevokeLink)
	return collect(rows, err, func(rows Rows) (CredentialRow, error) { return scanCredential(rows) })
}

// CredentialsDisputed lists what waits for a decision, in all environments.
func (tx *Tx) CredentialsDisputed() ([]CredentialRow, error) {
	rows, err := tx.Rows(`SELECT ` + credentialColumns +
		` FROM credentials WHERE disputed_at IS NOT NULL ORDER BY environment_id, user_id, id`)
	return collect(rows, err, func(rows Rows) (CredentialRow, error) { return scanCredential(rows) })
}

func scanCredential(row scanner) (c CredentialRow, err error) {
	into, finish := c.columns()
	err = row.Scan(into...)
	finish()
	return c, notFound(err)
}

// columns are where credentialColumns go; finish translates what was scanned.
func (c *CredentialRow) columns() (into []any, finish func()) {
	var signIn, created int64
	var confirmed, selected, disputed, since, settled sql.NullInt64
	into = []any{
		&c.ID, &c.EnvironmentID, &c.UserID, &c.Format, &c.Identifier, &c.PublicIdentifier, &signIn, &c.Provenance, &confirmed,
		&c.Replaces, &created, &c.Detail, &selected, &c.LetInBy, &c.LetInMethod, &disputed, &since, &c.Rival, &settled,
	}
	return into, func() {
		c.SignInEnabled, c.ConfirmedAt, c.CreatedAt, c.LastSelectedAt = signIn != 0, fromNullMillis(confirmed), fromMillis(created),
			fromNullMillis(selected)
		c.DisputedAt, c.DisputedSince, c.SettledAt = fromNullMillis(disputed), fromNullMillis(since), fromNullMillis(settled)
	}
}
