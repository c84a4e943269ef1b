package console

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/operate"
	"github.com/stepup-auth/stepup/internal/store"
)

// auditExported is what a filter finds, as lines of JSON, oldest first, written while it
// is read.
type auditExported struct {
	search operate.AuditSearch
	first  operate.AuditPage
}

func auditExport(r *request) (answer, error) {
	search, err := auditFilter{r.FormValue("user"), r.FormValue("token"), r.FormValue("action"), r.FormValue("outcome"),
		r.FormValue("since"), r.FormValue("until")}.search()
	if err != nil {
		return nil, err
	}
	if err := r.read(func(tx *store.Tx) (err error) {
		search.UserID, err = r.meant(tx, r.FormValue("user"))
		return err
	}); err != nil {
		return nil, err
	}
	e := auditExported{search: search}
	if e.first, err = e.next(r, ""); err != nil {
		return nil, err
	}
	return e, nil
}

func (e auditExported) next(r *request, after string) (page operate.AuditPage, err error) {
	e.search.After = after
	err = r.read(func(tx *store.Tx) (err error) {
		page, err = operate.ExportAudit(tx, r.environment.ID, e.search)
		return err
	})
	return page, err
}

// maxExports bounds how many exports of the audit log a node writes at a time.
const maxExports = 4

// write begins with the entry that says who takes the log out. It breaks the connection
// off where an entry cannot be read or was changed: a file that ends early must not look
// whole.
func (e auditExported) write(w http.ResponseWriter, r *request) error {
	select {
	case r.exports <- struct{}{}:
		defer func() { <-r.exports }()
	default:
		full := fault.New(fault.Unavailable, "%d exports of the audit log run already. Try again when one has ended.", maxExports)
		return r.refused(full.After(10*time.Second)).write(w, r)
	}
	err := r.write(func(tx *store.Tx) error {
		return operate.RecordAuditExport(r.caller(), tx, r.environment.ID, e.search)
	})
	if err != nil {
		return r.refused(err).write(w, r)
	}
	w.Header().Set("Content-Type", "application/x-ndjson")
	w.Header().Set("Content-Disposition", `attachment; filename="audit.jsonl"`)
	lines := json.NewEncoder(w)
	for page := e.first; ; {
		for _, event := range page.Events {
			if err := lines.Encode(event); err != nil {
				return err
			}
		}
		if page.Next == "" {
			return nil
		}
		if page, err = e.next(r, page.Next); err != nil {
			r.Log.Error("exporting the audit log", "request_id", r.id, "error", err)
			panic(http.ErrAbortHandler)
		}
	}
}
