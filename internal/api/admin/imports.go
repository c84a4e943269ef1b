package admin

import (
	"bytes"
	"encoding/json"
	"strconv"

	"github.com/stepup-auth/stepup/internal/door"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/importer"
	"github.com/stepup-auth/stepup/internal/serviceauth"
	"github.com/stepup-auth/stepup/internal/store"
)

// importRoutes bring users along. An import is opened, rows are sent to it in parts, and
// it is finished; whoever lost an answer reads how many rows are in, and goes on.
func (a *API) importRoutes() []door.Route {
	const imports = door.Admin + "/environments/{environmentId}/imports"
	return []door.Route{
		{
			Method: "GET", Path: imports, Section: "ours",
			Summary: "List imports, newest first",
			Gate:    door.Service(serviceauth.UsersRead),
			Query:   []door.Param{{Name: "after", Type: "string", Summary: "The member next of the page before"}},
			Handler: door.Handle(listImports),
		},
		{
			Method: "POST", Path: imports, Section: "ours",
			Summary: "Open an import; vouching needs environments.weaken",
			Gate:    door.Service(serviceauth.UsersWrite),
			Handler: door.Handle(a.beginImport),
		},
		{
			Method: "GET", Path: imports + "/{importId}", Section: "ours",
			Summary: "Show what an import did so far",
			Gate:    door.Service(serviceauth.UsersRead),
			Handler: door.Handle(showImport),
		},
		{
			Method: "GET", Path: imports + "/{importId}/skipped", Section: "ours",
			Summary: "List the rows that an import left out",
			Gate:    door.Service(serviceauth.UsersRead),
			Query:   []door.Param{{Name: "after", Type: "integer", Summary: "The member next of the page before"}},
			Handler: door.Handle(skippedRows),
		},
		{
			Method: "POST", Path: imports + "/{importId}/rows", Section: "ours",
			Summary: "Add rows to an open import, in one transaction",
			Gate:    door.Service(serviceauth.UsersWrite),
			Handler: door.Handle(addRows),
		},
		{
			Method: "POST", Path: imports + "/{importId}/finish", Section: "ours",
			Summary: "Finish an import",
			Gate:    door.Service(serviceauth.UsersWrite),
			Handler: door.Handle(finishImport),
		},
	}
}

// ImportList is a page of imports.
type ImportList struct {
	Imports []importer.Report `json:"imports"`
	Next    string            `json:"next,omitempty"` // what to ask for the page behind it by
}

func listImports(c *door.Call, _ door.None) (list ImportList, err error) {
	err = c.Read(func(tx *store.Tx) error {
		list.Imports, list.Next, err = importer.List(tx, c.Tenant.ID, c.Query().Get("after"))
		return err
	})
	return list, err
}

// BeginImport opens an import.
type BeginImport struct {
	Name  string `json:"name,omitempty"`  // for the report
	Vouch bool   `json:"vouch,omitempty"` // what the rows say of users whom they make counts as confirmed
}

func (a *API) beginImport(c *door.Call, r BeginImport) (report importer.Report, err error) {
	err = c.Write(func(tx *store.Tx) error {
		report, err = importer.Begin(c.Caller, tx, c.Tenant.ID, importer.Options{
			Name: r.Name, Format: importer.Rows, Vouch: r.Vouch, MayVouch: mayVouch(c), Operators: a.Operators(),
		})
		return err
	})
	return report, err
}

func mayVouch(c *door.Call) bool { return c.Service.May(serviceauth.EnvironmentsWeaken, c.Tenant.ID) }

func showImport(c *door.Call, _ door.None) (report importer.Report, err error) {
	err = c.Read(func(tx *store.Tx) error {
		report, err = importer.View(tx, c.Tenant.ID, c.Path("importId"))
		return err
	})
	return report, err
}

// SkippedRows is a page of rows that an import left out.
type SkippedRows struct {
	Skipped []importer.Skip `json:"skipped"`
	Next    int64           `json:"next,omitempty"` // what to ask for the page behind it by
}

func skippedRows(c *door.Call, _ door.None) (page SkippedRows, err error) {
	after := int64(0)
	if text := c.Query().Get("after"); text != "" {
		if after, err = strconv.ParseInt(text, 10, 64); err != nil {
			return page, fault.New(fault.InvalidRequest, "after is the member next of the page before, and nothing else.")
		}
	}
	err = c.Read(func(tx *store.Tx) error {
		if _, err := importer.View(tx, c.Tenant.ID, c.Path("importId")); err != nil {
			return err
		}
		page.Skipped, page.Next, err = importer.Skipped(tx, c.Tenant.ID, c.Path("importId"), after)
		return err
	})
	return page, err
}

// AddRows are rows behind those that are in already.
type AddRows struct {
	After int64             `json:"after"` // how many rows are in
	Rows  []json.RawMessage `json:"rows"`  // objects as docs/import.md has them
}

// AddedRows says what became of them.
type AddedRows struct {
	importer.Report
	LeftOut []importer.Skip `json:"leftOut"` // of the rows that were just sent
}

func addRows(c *door.Call, r AddRows) (AddedRows, error) {
	added := AddedRows{LeftOut: []importer.Skip{}}
	if len(r.Rows) > importer.RowsAtOnce {
		return added, fault.New(fault.InvalidRequest, "Send at most %d rows at once.", importer.RowsAtOnce)
	}
	for _, row := range r.Rows {
		if !bytes.HasPrefix(bytes.TrimSpace(row), []byte("{")) {
			return added, fault.New(fault.InvalidRequest, "Each of rows is a JSON object; docs/import.md has its members.")
		}
	}
	issuer := ""
	if c.Tenant.ExternalAuth.Enabled {
		issuer = c.Tenant.ExternalAuth.Issuer
	}
	rows := make([]importer.Row, len(r.Rows))
	for i, text := range r.Rows {
		rows[i] = importer.ReadJSON(r.After+int64(i)+1, text, issuer)
	}
	err := c.Write(func(tx *store.Tx) error {
		report, left, err := importer.Add(c.Caller, tx, c.Tenant.ID,
			importer.Batch{ImportID: c.Path("importId"), After: r.After, Rows: rows, MayVouch: mayVouch(c)})
		added.Report, added.LeftOut = report, append([]importer.Skip{}, left...)
		return err
	})
	if store.IsUnique(err) {
		err = fault.New(fault.Conflict,
			"Somebody signed up with an address of these rows in this very moment. Send them again.").Because(err)
	}
	return added, err
}

func finishImport(c *door.Call, _ door.None) (report importer.Report, err error) {
	err = c.Write(func(tx *store.Tx) error {
		report, err = importer.Finish(c.Caller, tx, c.Tenant.ID, c.Path("importId"))
		return err
	})
	return report, err
}
