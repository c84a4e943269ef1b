package console

import (
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/operate"
	"github.com/stepup-auth/stepup/internal/store"
)

// userDeletePage says what goes with a user, and has the name typed again.
type userDeletePage struct {
	Path, Name string
	Wallets    []string // that nobody can reach any more
	Typed      string
	Abandon    bool
	Problem    string
}

func (userDeletePage) template() string  { return "user_delete" }
func (p userDeletePage) title() string   { return "Delete " + p.Name }
func (p userDeletePage) crumbs() []crumb { return []crumb{{"Users", "./users"}, {p.Name, p.Path}} }

// userToDelete is the page for the user of the path.
func userToDelete(r *request) (userDeletePage, error) {
	var p userDeletePage
	err := r.read(func(tx *store.Tx) error {
		detail, err := operate.ViewUser(tx, r.environment.ID, r.PathValue("userId"))
		if err != nil {
			return err
		}
		shown := pageOf(detail, r.within("users"))
		p.Path, p.Name = shown.Path, shown.Name
		for _, wallet := range shown.Wallets {
			p.Wallets = append(p.Wallets, wallet.Shown)
		}
		return nil
	})
	return p, err
}

func userDeleteAsk(r *request) (answer, error) {
	p, err := userToDelete(r)
	if err != nil {
		return nil, err
	}
	return show(p)
}

func userDelete(r *request) (answer, error) {
	p, err := userToDelete(r)
	if err != nil {
		return nil, err
	}
	p.Typed, p.Abandon = r.PostFormValue("confirm"), r.PostFormValue("abandon") != ""
	err = r.write(func(tx *store.Tx) error {
		_, err := operate.DeleteUser(r.caller(), tx, r.environment.ID, r.PathValue("userId"),
			operate.Deletion{Confirm: p.Typed, AbandonWallets: p.Abandon})
		return err
	})
	switch {
	case fault.Has(err, fault.InvalidRequest):
		p.Problem = "This is not the name of the user. Type " + p.Name + "."
		return again(p)
	case fault.Has(err, fault.Conflict):
		p.Problem = "Say that the wallets are to be abandoned, or have the user empty them first."
		return again(p)
	case err != nil:
		return nil, err
	}
	return redirect(r.within("users"), p.Name+" is deleted.")
}
