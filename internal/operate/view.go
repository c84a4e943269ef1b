package operate

import (
	"errors"
	"time"

	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/store"
)

// EnvironmentSummary is one environment in a list.
type EnvironmentSummary struct {
	ID            string    `json:"id"`
	Name          string    `json:"name"`
	MinAPIVersion string    `json:"minApiVersion,omitempty"`
	Revision      int64     `json:"revision"`
	UpdatedAt     time.Time `json:"updatedAt"`
}

func summariseEnvironment(row store.EnvironmentRow) EnvironmentSummary {
	return EnvironmentSummary{ID: row.ID, Name: row.Name, Revision: row.Revision, UpdatedAt: row.UpdatedAt}
}

// ViewEnvironments lists environments: all, or the one with the id.
func ViewEnvironments(tx *store.Tx, only string) ([]EnvironmentSummary, error) {
	rows, err := tx.Environments()
	list := []EnvironmentSummary{}
	for _, row := range rows {
		if only == "" || only == row.ID {
			list = append(list, summariseEnvironment(row))
		}
	}
	return list, err
}

// EnvironmentDocument is one environment with its canonical YAML.
type EnvironmentDocument struct {
	EnvironmentSummary
	Document string `json:"document"`
}

// ViewEnvironment shows one environment.
func ViewEnvironment(tx *store.Tx, id string) (EnvironmentDocument, error) {
	row, err := tx.Environment(id)
	if errors.Is(err, store.ErrNotFound) {
		err = fault.New(fault.EnvironmentNotFound, "There is no environment with this id.")
	}
	if err != nil {
		return EnvironmentDocument{}, err
	}
	return EnvironmentDocument{summariseEnvironment(row), row.Document}, nil
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
	if detail.Profile, err = account.ReadProfile(user); err != nil {
		return detail, err
	}
	credentials, err := tx.Credentials(environmentID, id)
	if err != nil {
		return detail, err
	}
	detail.UserSummary = summarise(user, credentials)
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
