package console

import (
	"strings"

	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/operate"
	"github.com/stepup-auth/stepup/internal/operator"
	"github.com/stepup-auth/stepup/internal/store"
)

// environmentCreatePage is the form of a new environment.
type environmentCreatePage struct {
	Name, Origin string
	From         []choice // environments to copy settings from
	Problem      string
}

func (environmentCreatePage) template() string { return "environment_create" }
func (environmentCreatePage) title() string    { return "Create an environment" }
func (environmentCreatePage) crumbs() []crumb {
	return []crumb{{"Environments", Root + "environments"}}
}

// environmentForm is the form as it was filled in.
func environmentForm(r *request) (environmentCreatePage, error) {
	p := environmentCreatePage{Name: strings.TrimSpace(r.FormValue("name")), Origin: strings.TrimSpace(r.FormValue("origin"))}
	err := r.read(func(tx *store.Tx) error {
		names, err := tx.EnvironmentNames()
		for _, e := range names {
			if r.visitor.Sees(e.ID) {
				p.From = append(p.From, choice{e.ID, e.Name, e.ID == r.FormValue("from")})
			}
		}
		return err
	})
	return p, err
}

func environmentNew(r *request) (answer, error) {
	p, err := environmentForm(r)
	if err != nil {
		return nil, err
	}
	return show(p)
}

func environmentCreate(r *request) (answer, error) {
	p, err := environmentForm(r)
	if err != nil {
		return nil, err
	}
	n := operate.NewEnvironment{Name: p.Name, From: r.FormValue("from")}
	if p.Origin != "" {
		n.Origins = []string{p.Origin}
	}
	var made operate.Applied
	err = r.write(func(tx *store.Tx) (err error) {
		if n.From != "" && !r.visitor.Sees(n.From) {
			return errNotFound
		}
		caller := r.caller()
		made, err = operate.CreateEnvironment(caller, tx, n, operate.ApplyOptions{
			MayWeaken: r.visitor.May(operator.EnvironmentsWeaken, operator.Everywhere), Operators: r.Operators(), Senders: r.Senders,
		})
		return err
	})
	if fault.Has(err, fault.InvalidEnvironmentDocument) {
		p.Problem = problemsInWords(err, map[string]string{"origins": "Where your app runs"})
		return again(p)
	}
	if err != nil {
		return nil, err
	}
	return redirect(Root+"e/"+made.ID+"/developers", p.Name+" is ready. Put its id into your app, or look at its rules under Security.")
}
