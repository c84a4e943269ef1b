package api

import (
	"errors"
	"strconv"
	"time"

	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/operate"
	"github.com/stepup-auth/stepup/internal/serviceauth"
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

// EnvironmentList lists environments.
type EnvironmentList struct {
	Environments []EnvironmentSummary `json:"environments"`
}

func adminEnvironments(c *Call, _ none) (EnvironmentList, error) {
	list := EnvironmentList{Environments: []EnvironmentSummary{}}
	return list, c.Read(func(tx *store.Tx) error {
		rows, err := tx.Environments()
		for _, row := range rows {
			if only := c.Service.EnvironmentID(); only == "" || only == row.ID {
				list.Environments = append(list.Environments,
					EnvironmentSummary{ID: row.ID, Name: row.Name, Revision: row.Revision, UpdatedAt: row.UpdatedAt})
			}
		}
		return err
	})
}

// EnvironmentDocument is one environment with its canonical YAML.
type EnvironmentDocument struct {
	EnvironmentSummary
	Document string `json:"document"`
}

func adminEnvironment(c *Call, _ none) (EnvironmentDocument, error) {
	var row store.EnvironmentRow
	err := c.Read(func(tx *store.Tx) (err error) {
		row, err = tx.Environment(c.request.PathValue("environmentId"))
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return EnvironmentDocument{}, fault.New(fault.EnvironmentNotFound, "There is no environment with this id.")
	}
	summary := EnvironmentSummary{ID: row.ID, Name: row.Name, Revision: row.Revision, UpdatedAt: row.UpdatedAt}
	return EnvironmentDocument{summary, row.Document}, err
}

// ApplyResponse says what an applied document changed.
type ApplyResponse struct {
	operate.Applied
	DryRun bool `json:"dryRun"`
}

func adminApply(c *Call, body []byte) (any, error) {
	dry := c.request.URL.Query().Get("dryRun") == "true"
	id := c.request.PathValue("environmentId")
	var applied operate.Applied
	err := c.Write(func(tx *store.Tx) (err error) {
		applied, err = operate.Apply(tx, c.By, body, operate.ApplyOptions{
			ID: id, MayWeaken: c.Service.May(serviceauth.EnvironmentsWeaken, id), DryRun: dry, Operators: c.api.Operators(),
			Senders: c.api.Senders,
		})
		return err
	})
	if err != nil {
		return nil, err
	}
	c.api.Outbox.Nudge()
	if applied.Changes == nil {
		applied.Changes = []environment.Change{} // an empty list, not null
	}
	return ApplyResponse{applied, dry}, nil
}

// RotateRequest asks for a new signing key.
type RotateRequest struct {
	AtOnce bool `json:"atOnce,omitempty"` // after a leak: old keys are refused now
}

// RotateResponse names the new key.
type RotateResponse struct {
	KeyID string `json:"kid"`
}

func adminRotate(c *Call, r RotateRequest) (RotateResponse, error) {
	var kid string
	err := c.Write(func(tx *store.Tx) (err error) {
		kid, err = operate.RotateKeys(tx, c.By, c.request.PathValue("environmentId"), r.AtOnce)
		return err
	})
	return RotateResponse{kid}, err
}

// UserSummary is one user in a list.
type UserSummary struct {
	ID          string     `json:"id"`
	Username    string     `json:"username,omitempty"`
	CreatedAt   time.Time  `json:"createdAt"`
	LastVisitAt time.Time  `json:"lastVisitAt"`
	DisabledAt  *time.Time `json:"disabledAt,omitempty"`
}

// UserList is a page of users; ask again with after=next for more.
type UserList struct {
	Users []UserSummary `json:"users"`
	Next  string        `json:"next,omitempty"`
}

const pageSize = 100

func adminUsers(c *Call, _ none) (UserList, error) {
	list := UserList{Users: []UserSummary{}}
	return list, c.Read(func(tx *store.Tx) error {
		rows, err := tx.Users(c.Tenant.ID, c.request.URL.Query().Get("after"), pageSize)
		for _, row := range rows {
			list.Users = append(list.Users, summarise(row))
		}
		if len(rows) == pageSize {
			list.Next = rows[pageSize-1].ID
		}
		return err
	})
}

func summarise(row store.UserRow) UserSummary {
	s := UserSummary{ID: row.ID, Username: row.Username, CreatedAt: row.CreatedAt, LastVisitAt: row.LastVisitAt}
	if !row.DisabledAt.IsZero() {
		s.DisabledAt = &row.DisabledAt
	}
	return s
}

// UserDetail is one user with credentials and live sessions.
type UserDetail struct {
	UserSummary
	Profile     account.Profile `json:"profile"`
	Credentials []Credential    `json:"credentials"`
	Sessions    []SessionDetail `json:"sessions"`
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

func adminUser(c *Call, _ none) (UserDetail, error) {
	var detail UserDetail
	err := c.Read(func(tx *store.Tx) (err error) {
		detail, err = ViewUser(tx, c.Tenant.ID, c.request.PathValue("userId"))
		return err
	})
	return detail, userNotFound(err)
}

// ViewUser is what operators are shown of a user, here and on the command line.
func ViewUser(tx *store.Tx, environmentID, id string) (UserDetail, error) {
	detail := UserDetail{Credentials: []Credential{}, Sessions: []SessionDetail{}}
	user, err := tx.User(environmentID, id)
	if err != nil {
		return detail, err
	}
	detail.UserSummary = summarise(user)
	if detail.Profile, err = account.ReadProfile(user); err != nil {
		return detail, err
	}
	credentials, err := tx.Credentials(environmentID, id)
	if err != nil {
		return detail, err
	}
	for _, row := range credentials {
		detail.Credentials = append(detail.Credentials, viewCredential(row))
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

func userNotFound(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return fault.New(fault.NotFound, "There is no user with this id in this environment.").Because(err)
	}
	return err
}

func adminDisable(c *Call, _ none) (none, error) { return none{}, c.setDisabled(true) }
func adminEnable(c *Call, _ none) (none, error)  { return none{}, c.setDisabled(false) }

func (c *Call) setDisabled(disabled bool) error {
	return userNotFound(c.Write(func(tx *store.Tx) error {
		return operate.SetUserDisabled(tx, c.By, c.Tenant.ID, c.request.PathValue("userId"), disabled)
	}))
}

// RevokedSessions counts what ended.
type RevokedSessions struct {
	Revoked int64 `json:"revoked"`
}

func adminRevokeSessions(c *Call, _ none) (RevokedSessions, error) {
	var n int64
	err := c.Write(func(tx *store.Tx) (err error) {
		n, err = operate.RevokeSessions(tx, c.By, c.Tenant.ID, c.request.PathValue("userId"))
		return err
	})
	return RevokedSessions{n}, userNotFound(err)
}

// ResetFactors counts the second factors that were taken away.
type ResetFactors struct {
	Factors int `json:"factors"`
}

func adminResetMFA(c *Call, _ none) (ResetFactors, error) {
	var n int
	err := c.Write(func(tx *store.Tx) (err error) {
		n, err = operate.ResetMFA(tx, c.By, c.Tenant.ID, c.request.PathValue("userId"))
		return err
	})
	if err == nil {
		c.api.Outbox.Nudge()
	}
	return ResetFactors{n}, userNotFound(err)
}

// SettleRequest decides about a disputed factor or address: keep or remove.
type SettleRequest struct {
	Factor   string `json:"factor"`
	Decision string `json:"decision"`
}

func adminSettle(c *Call, r SettleRequest) (none, error) {
	if err := need("factor", r.Factor); err != nil {
		return none{}, err
	}
	if r.Decision != "keep" && r.Decision != "remove" {
		return none{}, fault.New(fault.InvalidRequest, "The field decision must be keep or remove.")
	}
	err := c.Write(func(tx *store.Tx) error {
		return operate.Settle(tx, c.By, c.Tenant.ID, c.request.PathValue("userId"),
			account.Decision{CredentialID: r.Factor, Keep: r.Decision == "keep"})
	})
	if err == nil {
		c.api.Outbox.Nudge()
	}
	return none{}, userNotFound(err)
}

func adminUnlock(c *Call, _ none) (none, error) {
	return none{}, userNotFound(c.Write(func(tx *store.Tx) error {
		return operate.UnlockUser(tx, c.By, c.Tenant.ID, c.request.PathValue("userId"))
	}))
}

// AuditPage is a page of the audit log, oldest first; ask again with since=
// the last at and after= the last id for more.
type AuditPage struct {
	Events []operate.AuditEvent `json:"events"`
}

func adminAudit(c *Call, _ none) (AuditPage, error) {
	q := c.request.URL.Query()
	filter := store.AuditFilter{EnvironmentID: c.request.PathValue("environmentId"), UserID: lowerID(q.Get("userId")),
		Action: q.Get("action"), AfterID: q.Get("after")}
	for name, at := range map[string]*time.Time{"since": &filter.Since, "until": &filter.Until} {
		if text := q.Get(name); text != "" {
			parsed, err := time.Parse(time.RFC3339, text)
			if err != nil {
				return AuditPage{}, fault.New(fault.InvalidRequest, "%s must be a time such as 2026-04-01T00:00:00Z.", name)
			}
			*at = parsed
		}
	}
	if text := q.Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > 1000 {
			return AuditPage{}, fault.New(fault.InvalidRequest, "limit must be a number from 1 to 1000.")
		}
		filter.Limit = n
	}
	page := AuditPage{Events: []operate.AuditEvent{}}
	return page, c.Read(func(tx *store.Tx) error {
		rows, err := tx.Audit(filter)
		if err != nil {
			return err
		}
		for _, row := range rows {
			event, err := operate.ViewAudit(tx, row)
			if err != nil {
				return err
			}
			page.Events = append(page.Events, event)
		}
		return nil
	})
}
