package console

import (
	"time"

	"github.com/stepup-auth/stepup/internal/operate"
	"github.com/stepup-auth/stepup/internal/operator"
	"github.com/stepup-auth/stepup/internal/store"
)

// userListPage finds users, and lists them a page at a time.
type userListPage struct {
	Path   string
	Search string
	More   bool // the search found others
	States []stateTab
	State  string // the one that is listed; empty: all
	Behind bool   // it is not the first page
	Users  []userItem
	Pager  Pager
	New    string // path of making one; empty: the operator may not
}

// stateTab is a state that users can be listed by.
type stateTab struct {
	Name, Path string
	Current    bool
}

type userItem struct {
	Path, ID, Name        string
	Also                  []string // other names and addresses
	Disabled              bool
	Disputed, Unproven    bool
	Factors               int
	CreatedAt, LastSeenAt time.Time
}

func (userListPage) template() string { return "user_list" }
func (userListPage) title() string    { return "Users" }

// userStates are the states with their names, in the order of the tabs.
var userStates = []struct {
	state store.UserState
	name  string
}{
	{store.AnyState, "Everybody"}, {store.Disputed, "Disputed"}, {store.Unproven, "Unproven"}, {store.WithoutFactor, "Without MFA"},
	{store.Disabled, "Disabled"},
}

func userList(r *request) (answer, error) {
	query := operate.UserQuery{Search: r.FormValue("search"), State: store.UserState(r.FormValue("state")), After: r.FormValue("after")}
	if query.Search != "" {
		query.State, query.After = store.AnyState, ""
	}
	p := userListPage{Path: r.within("users"), Search: query.Search, State: string(query.State), Behind: query.After != ""}
	for _, s := range userStates {
		tab := stateTab{Name: s.name, Path: p.Path, Current: s.state == query.State && query.Search == ""}
		if s.state != store.AnyState {
			tab.Path += "?state=" + string(s.state)
		}
		p.States = append(p.States, tab)
	}
	var found operate.UserPage
	err := r.read(func(tx *store.Tx) (err error) {
		found, err = operate.ViewUsers(tx, r.environment.ID, query)
		return err
	})
	if err != nil {
		return nil, err
	}
	if mayChangeUsers(r) {
		p.New = p.Path + "/new"
	}
	p.More, p.Pager = found.More, pager(r, query.After, found.Next)
	for _, user := range found.Users {
		p.Users = append(p.Users, itemOf(user, p.Path))
	}
	return show(p)
}

func itemOf(user operate.UserSummary, path string) userItem {
	item := userItem{
		Path: path + "/" + user.ID, ID: user.ID, Disabled: user.DisabledAt != nil, Disputed: user.Disputed, Unproven: user.Unproven,
		Factors: user.Factors, CreatedAt: user.CreatedAt, LastSeenAt: user.LastVisitAt,
	}
	if user.NeverSignedIn {
		item.LastSeenAt = time.Time{}
	}
	names := user.Addresses
	if user.Username != "" {
		names = append([]string{user.Username}, names...)
	}
	if item.Name = user.ID; len(names) > 0 {
		item.Name, item.Also = names[0], names[1:]
	}
	return item
}

// mayChangeUsers reports whether the operator may do more than look.
func mayChangeUsers(r *request) bool { return r.may(operator.UsersWrite) }
