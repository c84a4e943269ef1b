package api

import (
	"errors"
	"strconv"
	"time"

	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/door"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/operate"
	"github.com/stepup-auth/stepup/internal/serviceauth"
	"github.com/stepup-auth/stepup/internal/store"
)

// adminRoutes are what operators call.
func (a *API) adminRoutes() []door.Route {
	return []door.Route{
		{
			Method: "GET", Path: door.Admin + "/environments", Section: "ours",
			Summary: "List environments",
			Gate:    door.Service(serviceauth.EnvironmentsRead),
			Handler: door.Handle(adminEnvironments),
		},
		{
			Method: "GET", Path: door.Admin + "/environments/{environmentId}", Section: "ours",
			Summary: "Show an environment's document",
			Gate:    door.Service(serviceauth.EnvironmentsRead),
			Handler: door.Handle(adminEnvironment),
		},
		{
			Method: "PUT", Path: door.Admin + "/environments/{environmentId}", Section: "ours",
			Summary: "Apply an environment document; weakening needs environments.weaken",
			Gate:    door.Service(serviceauth.EnvironmentsWrite), Document: true,
			Query:   []door.Param{{Name: "dryRun", Type: "boolean", Summary: "Judge and report, change nothing"}},
			Handler: door.HandleDocument(a.adminApply),
		},
		{
			Method: "POST", Path: door.Admin + "/environments/{environmentId}/keys/rotate", Section: "ours",
			Summary: "Rotate the signing key",
			Gate:    door.Service(serviceauth.EnvironmentsWrite), OptionalBody: true,
			Handler: door.Handle(adminRotate),
		},
		{
			Method: "GET", Path: door.Admin + "/environments/{environmentId}/users", Section: "ours",
			Summary: "List users",
			Gate:    door.Service(serviceauth.UsersRead),
			Query:   []door.Param{{Name: "after", Type: "string", Summary: "The member next of the page before"}},
			Handler: door.Handle(adminUsers),
		},
		{
			Method: "GET", Path: door.Admin + "/environments/{environmentId}/users/{userId}", Section: "ours",
			Summary: "Show a user with credentials and sessions",
			Gate:    door.Service(serviceauth.UsersRead),
			Handler: door.Handle(adminUser),
		},
		{
			Method: "POST", Path: door.Admin + "/environments/{environmentId}/users/{userId}/disable", Section: "ours",
			Summary: "Disable a user and end all sessions",
			Gate:    door.Service(serviceauth.UsersWrite),
			Handler: door.Handle(adminDisable),
		},
		{
			Method: "POST", Path: door.Admin + "/environments/{environmentId}/users/{userId}/enable", Section: "ours",
			Summary: "Enable a user again",
			Gate:    door.Service(serviceauth.UsersWrite),
			Handler: door.Handle(adminEnable),
		},
		{
			Method: "POST", Path: door.Admin + "/environments/{environmentId}/users/{userId}/revoke-sessions", Section: "ours",
			Summary: "End all sessions of a user",
			Gate:    door.Service(serviceauth.UsersWrite),
			Handler: door.Handle(adminRevokeSessions),
		},
		{
			Method: "POST", Path: door.Admin + "/environments/{environmentId}/users/{userId}/reset-mfa", Section: "ours",
			Summary: "Take all second factors of a user away and end all sessions",
			Gate:    door.Service(serviceauth.UsersWrite),
			Handler: door.Handle(a.adminResetMFA),
		},
		{
			Method: "POST", Path: door.Admin + "/environments/{environmentId}/users/{userId}/settle", Section: "ours",
			Summary: "Decide about a disputed factor or address of a user",
			Gate:    door.Service(serviceauth.UsersWrite),
			Handler: door.Handle(a.adminSettle),
		},
		{
			Method: "POST", Path: door.Admin + "/environments/{environmentId}/users/{userId}/unlock", Section: "ours",
			Summary: "Forget what limits have counted against a user",
			Gate:    door.Service(serviceauth.UsersWrite),
			Handler: door.Handle(adminUnlock),
		},
		{
			Method: "GET", Path: door.Admin + "/environments/{environmentId}/audit", Section: "ours",
			Summary: "Query the audit log",
			Gate:    door.Service(serviceauth.AuditRead),
			Query:   auditQuery,
			Handler: door.Handle(adminAudit),
		},
	}
}

var auditQuery = []door.Param{
	{Name: "userId", Type: "string", Summary: "Events about this user"},
	{Name: "action", Type: "string", Summary: "An action, or the start of some, ending in a dot"},
	{Name: "since", Type: "date-time", Summary: "Not before"},
	{Name: "until", Type: "date-time", Summary: "Before"},
	{Name: "after", Type: "string", Summary: "With since: behind the event with this id"},
	{Name: "limit", Type: "integer", Min: 1, Max: 1000, Summary: "How many events; 1000 unless said"},
}

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

func adminEnvironments(c *door.Call, _ door.None) (EnvironmentList, error) {
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

func adminEnvironment(c *door.Call, _ door.None) (EnvironmentDocument, error) {
	var row store.EnvironmentRow
	err := c.Read(func(tx *store.Tx) (err error) {
		row, err = tx.Environment(c.Path("environmentId"))
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

func (a *API) adminApply(c *door.Call, body []byte) (ApplyResponse, error) {
	dry := c.Query().Get("dryRun") == "true"
	id := c.Path("environmentId")
	var applied operate.Applied
	err := c.Write(func(tx *store.Tx) (err error) {
		applied, err = operate.Apply(tx, c.By, body, operate.ApplyOptions{
			ID: id, MayWeaken: c.Service.May(serviceauth.EnvironmentsWeaken, id), DryRun: dry, Operators: a.Operators(),
			Senders: a.Senders,
		})
		return err
	})
	if err != nil {
		return ApplyResponse{}, err
	}
	a.Outbox.Nudge()
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

func adminRotate(c *door.Call, r RotateRequest) (RotateResponse, error) {
	var kid string
	err := c.Write(func(tx *store.Tx) (err error) {
		kid, err = operate.RotateKeys(tx, c.By, c.Path("environmentId"), r.AtOnce)
		return err
	})
	return RotateResponse{kid}, err
}

// UserList is a page of users; ask again with after=next for more.
type UserList struct {
	Users []operate.UserSummary `json:"users"`
	Next  string                `json:"next,omitempty"`
}

const pageSize = 100

func adminUsers(c *door.Call, _ door.None) (UserList, error) {
	list := UserList{Users: []operate.UserSummary{}}
	return list, c.Read(func(tx *store.Tx) error {
		rows, err := tx.Users(c.Tenant.ID, c.Query().Get("after"), pageSize)
		for _, row := range rows {
			list.Users = append(list.Users, operate.Summarise(row))
		}
		if len(rows) == pageSize {
			list.Next = rows[pageSize-1].ID
		}
		return err
	})
}

func adminUser(c *door.Call, _ door.None) (operate.UserDetail, error) {
	var detail operate.UserDetail
	err := c.Read(func(tx *store.Tx) (err error) {
		detail, err = operate.ViewUser(tx, c.Tenant.ID, c.Path("userId"))
		return err
	})
	return detail, userNotFound(err)
}

func userNotFound(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return fault.New(fault.NotFound, "There is no user with this id in this environment.").Because(err)
	}
	return err
}

func adminDisable(c *door.Call, _ door.None) (door.None, error) {
	return door.None{}, setDisabled(c, true)
}
func adminEnable(c *door.Call, _ door.None) (door.None, error) {
	return door.None{}, setDisabled(c, false)
}

func setDisabled(c *door.Call, disabled bool) error {
	return userNotFound(c.Write(func(tx *store.Tx) error {
		return operate.SetUserDisabled(tx, c.By, c.Tenant.ID, c.Path("userId"), disabled)
	}))
}

// RevokedSessions counts what ended.
type RevokedSessions struct {
	Revoked int64 `json:"revoked"`
}

func adminRevokeSessions(c *door.Call, _ door.None) (RevokedSessions, error) {
	var n int64
	err := c.Write(func(tx *store.Tx) (err error) {
		n, err = operate.RevokeSessions(tx, c.By, c.Tenant.ID, c.Path("userId"))
		return err
	})
	return RevokedSessions{n}, userNotFound(err)
}

// ResetFactors counts the second factors that were taken away.
type ResetFactors struct {
	Factors int `json:"factors"`
}

func (a *API) adminResetMFA(c *door.Call, _ door.None) (ResetFactors, error) {
	var n int
	err := c.Write(func(tx *store.Tx) (err error) {
		n, err = operate.ResetMFA(tx, c.By, c.Tenant.ID, c.Path("userId"))
		return err
	})
	if err == nil {
		a.Outbox.Nudge()
	}
	return ResetFactors{n}, userNotFound(err)
}

// SettleRequest decides about a disputed factor or address: keep or remove.
type SettleRequest struct {
	Factor   string `json:"factor"`
	Decision string `json:"decision"`
}

func (a *API) adminSettle(c *door.Call, r SettleRequest) (door.None, error) {
	if err := door.Need("factor", r.Factor); err != nil {
		return door.None{}, err
	}
	if r.Decision != "keep" && r.Decision != "remove" {
		return door.None{}, fault.New(fault.InvalidRequest, "The field decision must be keep or remove.")
	}
	err := c.Write(func(tx *store.Tx) error {
		return operate.Settle(tx, c.By, c.Tenant.ID, c.Path("userId"),
			account.Decision{CredentialID: r.Factor, Keep: r.Decision == "keep"})
	})
	if err == nil {
		a.Outbox.Nudge()
	}
	return door.None{}, userNotFound(err)
}

func adminUnlock(c *door.Call, _ door.None) (door.None, error) {
	return door.None{}, userNotFound(c.Write(func(tx *store.Tx) error {
		return operate.UnlockUser(tx, c.By, c.Tenant.ID, c.Path("userId"))
	}))
}

// AuditPage is a page of the audit log, oldest first; ask again with since=
// the last at and after= the last id for more.
type AuditPage struct {
	Events []operate.AuditEvent `json:"events"`
}

func adminAudit(c *door.Call, _ door.None) (AuditPage, error) {
	q := c.Query()
	filter := store.AuditFilter{EnvironmentID: c.Path("environmentId"), UserID: door.LowerID(q.Get("userId")),
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
