package operate

import (
	"time"

	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/store"
)

// UserSummary is one user in a list.
type UserSummary struct {
	ID          string     `json:"id"`
	Username    string     `json:"username,omitempty"`
	CreatedAt   time.Time  `json:"createdAt"`
	LastVisitAt time.Time  `json:"lastVisitAt"`
	DisabledAt  *time.Time `json:"disabledAt,omitempty"`
}

// Summarise shows a user in a list.
func Summarise(row store.UserRow) UserSummary {
	s := UserSummary{ID: row.ID, Username: row.Username, CreatedAt: row.CreatedAt, LastVisitAt: row.LastVisitAt}
	if !row.DisabledAt.IsZero() {
		s.DisabledAt = &row.DisabledAt
	}
	return s
}

// UserDetail is one user with credentials and live sessions.
type UserDetail struct {
	UserSummary
	Profile     account.Profile      `json:"profile"`
	Credentials []account.Credential `json:"credentials"`
	Sessions    []SessionDetail      `json:"sessions"`
}

// SessionDetail is one live session.
type SessionDetail struct {
	ID          string    `json:"id"`
	CreatedAt   time.Time `json:"createdAt"`
	RefreshedAt time.Time `json:"refreshedAt"`
	ExpiresAt   time.Time `json:"expiresAt"`
	Origin      string    `json:"origin,omitempty"`
	SDKVersion  string    `json:"sdkVersion,omitempty"`
	DeviceBound bool      `json:"deviceBound"`
}

// ViewUser is what operators are shown of a user, here and on the command line.
func ViewUser(tx *store.Tx, environmentID, id string) (UserDetail, error) {
	detail := UserDetail{Credentials: []account.Credential{}, Sessions: []SessionDetail{}}
	user, err := tx.User(environmentID, id)
	if err != nil {
		return detail, err
	}
	detail.UserSummary = Summarise(user)
	if detail.Profile, err = account.ReadProfile(user); err != nil {
		return detail, err
	}
	credentials, err := tx.Credentials(environmentID, id)
	if err != nil {
		return detail, err
	}
	for _, row := range credentials {
		detail.Credentials = append(detail.Credentials, account.ViewCredential(row))
	}
	sessions, err := tx.Sessions(environmentID, id)
	for _, s := range sessions {
		detail.Sessions = append(detail.Sessions, SessionDetail{
			ID: s.ID, CreatedAt: s.CreatedAt, RefreshedAt: s.RefreshedAt, ExpiresAt: s.ExpiresAt, Origin: s.Origin,
			SDKVersion: s.SDKVersion, DeviceBound: s.DevicePublicKey != "",
		})
	}
	return detail, err
}
