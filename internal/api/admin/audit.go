package admin

import (
	"strconv"
	"time"

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

// AuditPage is a page of the audit log, oldest first; ask again with since=
// the last at and after= the last id for more.
type AuditPage struct {
	Events []operate.AuditEvent `json:"events"`
}

func auditLog(c *door.Call, _ door.None) (AuditPage, error) {
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
	page := AuditPage{}
	err := c.Read(func(tx *store.Tx) (err error) {
		page.Events, err = operate.ViewAuditLog(tx, filter)
		return err
	})
	return page, err
}
