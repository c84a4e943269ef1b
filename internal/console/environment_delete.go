package console

import (
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/operate"
	"github.com/stepup-auth/stepup/internal/store"
)

// environmentDeletePage says what deleting an environment does, and asks to be sure.
type environmentDeletePage struct {
	operate.EnvironmentDeletion
	Typed, Problem string
	Path           string
}

func (environmentDeletePage) template() string  { return "environment_delete" }
func (p environmentDeletePage) title() string   { return "Delete " + p.Name }
func (p environmentDeletePage) crumbs() []crumb { return []crumb{{"Settings", "./settings"}} }

func environmentDeleteForm(r *request) (p environmentDeletePage, err error) {
	p.Path = r.within("settings")
	err = r.read(func(tx *store.Tx) (err error) {
		p.EnvironmentDeletion, err = operate.ViewEnvironmentDeletion(tx, r.environment.ID)
		return err
	})
	return p, err
}

func environmentDeleteAsk(r *request) (answer, error) {
	p, err := environmentDeleteForm(r)
	if err != nil {
		return nil, err
	}
	return show(p)
}

func environmentDelete(r *request) (answer, error) {
	p, err := environmentDeleteForm(r)
	if err != nil {
		return nil, err
	}
	p.Typed = r.FormValue("typed")
	err = r.write(func(tx *store.Tx) error {
		_, err := operate.DeleteEnvironment(r.caller(), tx, r.environment.ID, p.Typed)
		return err
	})
	if fault.Has(err, fault.Conflict) {
		p.Problem = store.RefusalOf(err).Message
		return again(p)
	}
	if err != nil {
		return nil, err
	}
	return redirect(Root+"environments", p.Name+" is deleted. Every call to it is refused from now on.")
}
