package console

import (
	"strconv"

	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/importer"
	"github.com/stepup-auth/stepup/internal/store"
)

// importShowPage is what an import did, or what it would do: then it has the file, and
// asks whether to import it.
type importShowPage struct {
	Path     string // of all users
	Report   importer.Report
	Skips    []importer.Skip
	More     int64 // rows that would be left out, too, and are not shown
	Pager    Pager
	File     userFile
	MayVouch bool
}

func (importShowPage) template() string { return "import_show" }
func (p importShowPage) title() string {
	if p.Foreseen() {
		return "What this imports"
	}
	return "Import of " + p.Report.Name
}
func (p importShowPage) crumbs() []crumb {
	if p.Foreseen() {
		return []crumb{{"Users", "./users"}, {"Import users", "./users/import"}}
	}
	return []crumb{{"Users", "./users"}, {"Imports", "./users/imports"}}
}

// Foreseen reports whether nothing of it has happened.
func (p importShowPage) Foreseen() bool { return p.Report.State == importer.DryRun }

// Changes reports whether the import does anything.
func (p importShowPage) Changes() bool { return p.Report.Created+p.Report.Updated > 0 }

// reasonNames are why rows are left out, as operators read it.
var reasonNames = map[importer.Reason]string{
	importer.Unreadable: "It cannot be read", importer.Held: "Another user has it", importer.Twice: "Twice in the file",
	importer.SignedIn: "The user has signed in",
}

// Why is a reason in words.
func (importShowPage) Why(reason importer.Reason) string { return reasonNames[reason] }

func importShow(r *request) (answer, error) {
	after := r.FormValue("after")
	behind, err := strconv.ParseInt(after, 10, 64)
	if after != "" && err != nil {
		return nil, fault.New(fault.InvalidRequest, "No page of this list begins there.").Because(err)
	}
	p := importShowPage{Path: r.within("users")}
	var next int64
	err = r.read(func(tx *store.Tx) (err error) {
		if p.Report, err = importer.View(tx, r.environment.ID, r.PathValue("importId")); err != nil {
			return err
		}
		known := names{tx: tx, r: r}
		if p.Report.Actor = known.actor(p.Report.Actor); known.err != nil {
			return known.err
		}
		p.Skips, next, err = importer.Skipped(tx, r.environment.ID, p.Report.ID, behind)
		return err
	})
	if err != nil {
		return nil, err
	}
	more := ""
	if next != 0 {
		more = strconv.FormatInt(next, 10)
	}
	p.Pager = pager(r, after, more)
	return show(p)
}
