package console

import (
	"github.com/stepup-auth/stepup/internal/importer"
	"github.com/stepup-auth/stepup/internal/store"
)

// importListPage lists the imports of users, newest first.
type importListPage struct {
	Path    string // of all users
	Imports []importItem
	Behind  bool // it is not the first page
	Pager   Pager
	New     string // path of another one; empty: the operator may not
}

type importItem struct {
	importer.Report
	Path string
}

func (importListPage) template() string { return "import_list" }
func (importListPage) title() string    { return "Imports" }
func (importListPage) crumbs() []crumb  { return []crumb{{"Users", "./users"}} }

func importList(r *request) (answer, error) {
	after := r.FormValue("after")
	p := importListPage{Path: r.within("users"), Behind: after != ""}
	var reports []importer.Report
	var next string
	err := r.read(func(tx *store.Tx) (err error) {
		reports, next, err = importer.List(tx, r.environment.ID, after)
		known := names{tx: tx, r: r, err: err}
		for i, report := range reports {
			reports[i].Actor = known.actor(report.Actor)
		}
		return known.err
	})
	if err != nil {
		return nil, err
	}
	for _, report := range reports {
		p.Imports = append(p.Imports, importItem{report, reportPath(p.Path, report.ID)})
	}
	if p.Pager = pager(r, after, next); mayChangeUsers(r) {
		p.New = p.Path + "/import"
	}
	return show(p)
}

// reportPath is where the report of an import is.
func reportPath(users, id string) string { return users + "/imports/" + id + "/report" }
