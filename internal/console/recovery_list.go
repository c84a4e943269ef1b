package console

import (
	"slices"

	"github.com/stepup-auth/stepup/internal/operate"
	"github.com/stepup-auth/stepup/internal/store"
)

// recoveryListPage lists the open recoveries, oldest first.
type recoveryListPage struct {
	Path       string // of all users
	Recoveries []recoveryItem
	Behind     bool // it is not the first page
	Pager      Pager
	MayWrite   bool
}

type recoveryItem struct {
	operate.UserRecovery
	UserPath string
	Mine     bool // the operator stands behind it, and cannot be the second person
	AskedBy  string
	Behind   []string // who stands behind it, by name
}

func (recoveryListPage) template() string { return "recovery_list" }
func (recoveryListPage) title() string    { return "Recoveries" }
func (recoveryListPage) crumbs() []crumb  { return []crumb{{"Users", "./users"}} }

func recoveryList(r *request) (answer, error) {
	after := r.FormValue("after")
	p := recoveryListPage{Path: r.within("users"), Behind: after != "", MayWrite: mayChangeUsers(r)}
	var next string
	err := r.read(func(tx *store.Tx) (err error) {
		var open []operate.UserRecovery
		open, next, err = operate.ViewRecoveries(tx, r.environment.ID, after)
		known := names{tx: tx, r: r, err: err}
		for _, recovery := range open {
			item := recoveryItem{UserRecovery: recovery, UserPath: p.Path + "/" + recovery.UserID,
				AskedBy: known.actor(recovery.RequestedBy),
				Mine:    slices.Contains(append(recovery.People, recovery.RequestedBy), r.visitor.Actor())}
			for _, person := range recovery.People {
				item.Behind = append(item.Behind, known.actor(person))
			}
			p.Recoveries = append(p.Recoveries, item)
		}
		return known.err
	})
	if err != nil {
		return nil, err
	}
	p.Pager = pager(r, after, next)
	return show(p)
}
