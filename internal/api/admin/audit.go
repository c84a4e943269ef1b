package admin

import (
	"strconv"
	"time"

	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/door"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/operate"
	"github.com/stepup-auth/stepup/internal/serviceauth"
	"github.com/stepup-auth/stepup/internal/store"
)

// auditRoutes query the audit log.
func auditRoutes() []door.Route {
	return []door.Route{
		{
			Method: "GET", Path: door.Admin + "/audit", Section: "ours",
			Summary: "Query the audit log of all environments, and of the installation itself",
			Gate:    door.Service(serviceauth.AuditRead).OfAll(),
			Query:   auditQuery,
			Handler: door.Handle(auditLog),
		},
		{
			Method: "POST", Path: door.Admin + "/audit/exports", Section: "ours",
			Summary: "Put on record that the log of all environments is taken out",
			Gate:    door.Service(serviceauth.AuditRead).OfAll(),
			Handler: door.Handle(recordExport),
		},
		{
			Method: "POST", Path: door.Admin + "/environments/{environmentId}/audit/exports", Section: "ours",
			Summary: "Put on record that the audit log is taken out",
			Gate:    door.Service(serviceauth.AuditRead),
			Handler: door.Handle(recordExport),
		},
		{
			Method: "GET", Path: door.Admin + "/environments/{environmentId}/audit", Section: "ours",
			Summary: "Query the audit log",
			Gate:    door.Service(serviceauth.AuditRead),
			Query:   auditQuery,
			Handler: door.Handle(auditLog),
		},
		{
			Method: "GET", Path: door.Admin + "/environments/{environmentId}/audit/{eventId}/trail", Section: "ours",
			Summary: "The step-up that an event belongs to",
			Gate:    door.Service(serviceauth.AuditRead),
			Handler: door.Handle(auditTrail),
		},
	}
}

var auditQuery = []door.Param{
	{Name: "userId", Type: "string", Summary: "Events about this user"},
	{Name: "sessionId", Type: "string", Summary: "Events of this session; of one that is over, with userId"},
	{Name: "tokenId", Type: "string", Summary: "Events about this elevated or MFA token"},
	{Name: "action", Type: "string", Summary: "An action, or the start of some, ending in a dot"},
	{Name: "outcome", Type: "string", Summary: "done, refused or failed"},
	{Name: "since", Type: "date-time", Summary: "Not before"},
	{Name: "until", Type: "date-time", Summary: "Before"},
	{Name: "order", Type: "string", Summary: "oldest (unless said) or newest first"},
	{Name: "after", Type: "string", Summary: "The next of the page before"},
	{Name: "limit", Type: "integer", Min: 1, Max: 1000, Summary: "How many events; 1000 unless said"},
	{Name: "verify", Type: "boolean", Summary: "Refuse events whose content is not what they were written with"},
}

// AuditExport says what is taken out of the log.
type AuditExport struct {
	UserID  string        `json:"userId,omitempty"`
	TokenID string        `json:"tokenId,omitempty"`
	Action  string        `json:"action,omitempty"`
	Outcome audit.Outcome `json:"outcome,omitempty"`
	Since   time.Time     `json:"since,omitzero"`
	Until   time.Time     `json:"until,omitzero"`
}

func recordExport(c *door.Call, r AuditExport) (door.None, error) {
	return door.None{}, c.Write(func(tx *store.Tx) error {
		search := operate.AuditSearch{UserID: r.UserID, TokenID: r.TokenID, Action: r.Action, Outcome: r.Outcome,
			Since: r.Since, Until: r.Until}
		if _, err := search.Query(tx, c.Path("environmentId")); err != nil {
			return err
		}
		return operate.RecordAuditExport(c.Caller, tx, c.Path("environmentId"), search)
	})
}

func auditLog(c *door.Call, _ door.None) (page operate.AuditPage, err error) {
	q := c.Query()
	search := operate.AuditSearch{
		UserID: door.LowerID(q.Get("userId")), SessionID: door.LowerID(q.Get("sessionId")), TokenID: q.Get("tokenId"),
		Action: q.Get("action"), Outcome: audit.Outcome(q.Get("outcome")), After: q.Get("after"), Newest: q.Get("order") == "newest",
	}
	if order := q.Get("order"); order != "" && order != "newest" && order != "oldest" {
		return page, fault.New(fault.InvalidRequest, "order must be oldest or newest.")
	}
	for name, at := range map[string]*time.Time{"since": &search.Since, "until": &search.Until} {
		if text := q.Get(name); text != "" {
			if *at, err = time.Parse(time.RFC3339, text); err != nil {
				return page, fault.New(fault.InvalidRequest, "%s must be a time such as 2026-04-01T00:00:00Z.", name)
			}
		}
	}
	if text := q.Get("limit"); text != "" {
		if search.Limit, err = strconv.Atoi(text); err != nil || search.Limit < 1 || search.Limit > 1000 {
			return page, fault.New(fault.InvalidRequest, "limit must be a number from 1 to 1000.")
		}
	}
	if err := onRecord(c, operate.ReadsAudit); err != nil {
		return page, err
	}
	find := operate.SearchAudit
	if q.Get("verify") == "true" {
		find = operate.ExportAudit
	}
	err = c.Read(func(tx *store.Tx) (err error) {
		page, err = find(tx, c.Path("environmentId"), search)
		if err == nil && len(page.Events) == 0 && search.After == "" {
			err = operate.CheckAudited(tx, c.Path("environmentId"), search.UserID)
		}
		if err == nil {
			err = nameUsers(c, tx, &page)
		}
		return err
	})
	return page, err
}

// nameUsers tells what users are known by to those who may read that.
func nameUsers(c *door.Call, tx *store.Tx, page *operate.AuditPage) error {
	if !c.Service.May(serviceauth.UsersRead, c.Path("environmentId")) {
		return nil
	}
	return page.NameUsers(tx)
}

func auditTrail(c *door.Call, _ door.None) (trail operate.AuditPage, err error) {
	err = c.Read(func(tx *store.Tx) (err error) {
		if trail.Events, err = operate.AuditTrail(tx, c.Path("environmentId"), door.LowerID(c.Path("eventId"))); err != nil {
			return err
		}
		return nameUsers(c, tx, &trail)
	})
	return trail, err
}
