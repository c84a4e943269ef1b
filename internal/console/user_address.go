package console

import (
	"strings"

	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/operate"
	"github.com/stepup-auth/stepup/internal/store"
)

// userAddressPage sets an address of a user.
type userAddressPage struct {
	Path, Name   string // of the user
	Email, Phone string
	Problem      string
}

func (userAddressPage) template() string  { return "user_address" }
func (userAddressPage) title() string     { return "Set an address" }
func (p userAddressPage) crumbs() []crumb { return []crumb{{"Users", "./users"}, {p.Name, p.Path}} }

// userOfPath is the page of the user whom the path names.
func userOfPath(r *request) (p userShowPage, err error) {
	err = r.read(func(tx *store.Tx) error {
		detail, err := operate.ViewUser(tx, r.environment.ID, r.PathValue("userId"))
		p = pageOf(detail, r.within("users"))
		return err
	})
	return p, err
}

func userAddressNew(r *request) (answer, error) {
	user, err := userOfPath(r)
	if err != nil {
		return nil, err
	}
	return show(userAddressPage{Path: user.Path, Name: user.Name})
}

func userAddressAdd(r *request) (answer, error) {
	user, err := userOfPath(r)
	if err != nil {
		return nil, err
	}
	p := userAddressPage{Path: user.Path, Name: user.Name, Email: strings.TrimSpace(r.PostFormValue("email")),
		Phone: strings.TrimSpace(r.PostFormValue("phone"))}
	err = r.write(func(tx *store.Tx) error {
		_, err := operate.AddAddress(r.caller(), tx, r.environment.ID, user.ID,
			operate.NewAddress{Email: p.Email, Phone: p.Phone, PublicURL: r.PublicURL})
		return err
	})
	if p.Problem = mendable(err); p.Problem != "" {
		return again(p)
	}
	if err != nil {
		return nil, err
	}
	return redirect(p.Path+"#credentials", "It is set, and counts for nothing until the user confirms it. Their addresses are told.")
}

// mendable says what is wrong with what was typed; empty: nothing, or something else is.
func mendable(err error) string {
	f := store.RefusalOf(err)
	if f == nil || f.Code.Status() >= 500 || f.Code == fault.PermissionMissing || f.Code == fault.NotFound {
		return ""
	}
	return f.Message
}
