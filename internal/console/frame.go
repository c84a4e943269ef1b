package console

import (
	"strings"

	"github.com/stepup-auth/stepup/internal/operator"
	"github.com/stepup-auth/stepup/internal/store"
)

// frame is what stands around a page.
type frame struct {
	Page        page
	Title       string
	Crumbs      []crumb
	Operator    operator.Operator // zero: nobody is signed in
	Environment store.EnvironmentRow
	Switch      []switchTo // other environments the operator sees
	More        bool       // there are more than those
	Nav         []navItem
	Flash       string
	Development bool
	Bare        bool // nobody is signed in: no navigation
}

// switchTo is another environment, at the page that is shown now.
type switchTo struct {
	Name, Path string
	Current    bool
}

// navItem leads to a page of the environment.
type navItem struct {
	Name, Icon, Path string
	Current          bool
	Apart            bool // begins another group
}

// sections are the pages of an environment in the order of the navigation. One is shown
// where the table has its page and the operator may see it.
var sections = []struct {
	path, name, icon string
	permission       operator.Permission
	apart            bool
}{
	{"overview", "Overview", "overview", operator.EnvironmentsRead, false},
	{"users", "Users", "users", operator.UsersRead, false},
	{"audit", "Audit", "audit", operator.AuditRead, false},
	{"wallets", "Wallets", "wallets", operator.UsersRead, false},
	{"security", "Security", "security", operator.EnvironmentsRead, true},
	{"delivery", "Delivery", "delivery", operator.EnvironmentsRead, false},
	{"developers", "API & SDK keys", "developers", operator.EnvironmentsRead, false},
	{"version", "API version", "version", operator.EnvironmentsRead, false},
	{"members", "Members", "members", operator.EnvironmentsRead, true},
	{"settings", "Settings", "settings", operator.EnvironmentsRead, false},
}

// maxSwitch is how many environments the switcher lists.
const maxSwitch = 12

// frame makes what stands around a page.
func (c *Console) frame(r *request, p page) (frame, error) {
	f := frame{Page: p, Title: p.title(), Operator: r.visitor.Operator, Environment: r.environment, Flash: r.flash,
		Development: c.Development, Bare: r.visitor.ID == ""}
	if f.Bare {
		return f, nil
	}
	if up, ok := p.(under); ok {
		for _, above := range up.crumbs() {
			if rest, within := strings.CutPrefix(above.Path, "./"); within {
				above.Path = r.within(rest)
			}
			f.Crumbs = append(f.Crumbs, above)
		}
	}
	section := ""
	if rest, ok := strings.CutPrefix(r.URL.Path, Root+"e/"+r.environment.ID+"/"); ok && r.environment.ID != "" {
		section, _, _ = strings.Cut(rest, "/")
	}
	if r.environment.ID != "" {
		for _, s := range sections {
			if c.frames[inEnvironment+s.path] && r.may(s.permission) {
				f.Nav = append(f.Nav, navItem{s.name, s.icon, r.within(s.path), s.path == section, s.apart})
			}
		}
	}
	return f, c.switcher(r, &f, section)
}

// switcher lists the environments that the operator sees. Only pages that exist without
// anything else of this environment are kept on the way to another one.
func (c *Console) switcher(r *request, f *frame, section string) error {
	if !c.frames[inEnvironment+section] {
		section = c.entrance()
	}
	var names []store.EnvironmentName
	err := c.DB.Read(r.Context(), func(tx *store.Tx) (err error) {
		names, err = tx.EnvironmentNames()
		return err
	})
	if err != nil {
		return err
	}
	for _, e := range names {
		if !r.visitor.Sees(e.ID) {
			continue
		}
		if len(f.Switch) == maxSwitch {
			f.More = true
			break
		}
		f.Switch = append(f.Switch, switchTo{e.Name, Root + "e/" + e.ID + "/" + section, e.ID == r.environment.ID})
	}
	return nil
}

// entrance is the page of an environment that comes first.
func (c *Console) entrance() string {
	for _, s := range sections {
		if c.frames[inEnvironment+s.path] {
			return s.path
		}
	}
	return "settings"
}

// home leads to where an operator begins: the only environment there is, or the list.
func home(r *request) (answer, error) { return redirected{to: Root + "environments"}, nil }
