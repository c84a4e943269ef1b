package console

import (
	"errors"
	"strings"

	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/operate"
	"github.com/stepup-auth/stepup/internal/store"
)

// userCreatePage is the form of a new user.
type userCreatePage struct {
	Path                                            string
	Email, Phone, Username, ExternalID, First, Last string
	Invite                                          bool
	Problem                                         string
}

func (userCreatePage) template() string { return "user_create" }
func (userCreatePage) title() string    { return "Create a user" }
func (userCreatePage) crumbs() []crumb  { return []crumb{{"Users", "./users"}} }

func userNew(r *request) (answer, error) {
	return show(userCreatePage{Path: r.within("users"), Invite: true})
}

func userCreate(r *request) (answer, error) {
	said := func(name string) string { return strings.TrimSpace(r.PostFormValue(name)) }
	p := userCreatePage{Path: r.within("users"), Email: said("email"), Phone: said("phone"), Username: said("username"),
		ExternalID: said("externalId"), First: said("firstName"), Last: said("lastName"), Invite: said("invite") != ""}
	n := operate.NewUser{Email: p.Email, Phone: p.Phone, ExternalID: p.ExternalID}
	for _, field := range []struct {
		value string
		into  **string
	}{{p.Username, &n.Username}, {p.First, &n.FirstName}, {p.Last, &n.LastName}} {
		if field.value != "" {
			*field.into = &field.value
		}
	}
	var id, told string
	err := r.write(func(tx *store.Tx) (err error) {
		if id, err = operate.CreateUser(r.caller(), tx, r.environment.ID, n); err == nil && p.Invite && p.Email != "" {
			told, err = operate.InviteUser(r.caller(), tx, r.environment.ID, id, "")
		}
		return err
	})
	var refused *fault.Error
	if errors.As(err, &refused) && refused.Code.Status() < 500 && refused.Code != fault.PermissionMissing {
		p.Problem = refused.Message
		return again(p)
	}
	if err != nil {
		return nil, err
	}
	done := "The user is made."
	if told != "" {
		done = "The user is made, and " + told + " is invited."
	}
	return redirect(p.Path+"/"+id, done)
}

func userInvite(r *request) (answer, error) {
	return changeUser(r, "", "The invitation is on its way.", func(tx *store.Tx, id string) error {
		_, err := operate.InviteUser(r.caller(), tx, r.environment.ID, id, "")
		return err
	})
}
