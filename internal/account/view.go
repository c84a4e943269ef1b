package account

import (
	"time"

	"github.com/stepup-auth/stepup/internal/store"
)

// Credential is a verified credential as clients read it: partly snake_case
// (wire reference 4.3). Provenance, confirmed and disputed are ours.
type Credential struct {
	Detail
	ID               string     `json:"id"`
	Format           string     `json:"format"`
	SignInEnabled    bool       `json:"signInEnabled"`
	PublicIdentifier string     `json:"public_identifier,omitempty"`
	VerifiedAt       *time.Time `json:"verifiedAt,omitempty"`
	LastSelectedAt   *time.Time `json:"lastSelectedAt,omitempty"`
	Email            string     `json:"email,omitempty"`
	Provenance       string     `json:"provenance"`
	Confirmed        bool       `json:"confirmed"` // false: linked with nothing, counts for nothing until confirmed
	// somebody said it was not the user's, and nobody has decided: it signs in and opens nothing
	Disputed bool `json:"disputed"`
}

// ViewCredential shows a credential.
func ViewCredential(row store.CredentialRow) Credential {
	detail, _ := ReadDetail(row.Detail) // what decides has read it before, and failed where it must
	view := Credential{
		Detail: detail, ID: row.ID, Format: row.Format, SignInEnabled: row.SignInEnabled, PublicIdentifier: row.PublicIdentifier,
		VerifiedAt: &row.CreatedAt, Provenance: row.Provenance, Confirmed: row.Confirmed(), Disputed: row.Disputed(),
	}
	if !row.LastSelectedAt.IsZero() {
		view.LastSelectedAt = &row.LastSelectedAt
	}
	if row.Format == store.FormatEmail {
		view.Email = row.PublicIdentifier
	}
	return view
}
