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
	err = c.Read(func(tx *store.Tx) (err error) {
		page, err = operate.SearchAudit(tx, c.Path("environmentId"), search)
		return err
	})
	return page, err
}

// AuditTrail is one step-up, oldest event first.
type AuditTrail struct {
	Events []operate.AuditEvent `json:"events"`
}

func auditTrail(c *door.Call, _ door.None) (trail AuditTrail, err error) {
	err = c.Read(func(tx *store.Tx) (err error) {
		trail.Events, err = operate.AuditTrail(tx, c.Path("environmentId"), door.LowerID(c.Path("eventId")))
		return err
	})
	return trail, err
}
