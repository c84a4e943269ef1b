package console

import (
	"github.com/stepup-auth/stepup/internal/operate"
	"github.com/stepup-auth/stepup/internal/store"
)

// userRecoverPage asks for a recovery of a user who has nothing left.
type userRecoverPage struct {
	Path, Name string // of the user
	Addresses  []userWay
	Chosen     string // id of one of them
	Reason     string
	Problem    string
}

func (userRecoverPage) template() string  { return "user_recover" }
func (userRecoverPage) title() string     { return "Ask for a recovery" }
func (p userRecoverPage) crumbs() []crumb { return []crumb{{"Users", "./users"}, {p.Name, p.Path}} }

// recoverPage is the page for the user of the path.
func recoverPage(r *request) (p userRecoverPage, err error) {
	user, err := userOfPath(r)
	p = userRecoverPage{Path: user.Path, Name: user.Name}
	for _, way := range user.Ways {
		if way.Set && way.Waits && !way.Disputed {
			p.Addresses = append(p.Addresses, way)
		}
	}
	if len(p.Addresses) > 0 {
		p.Chosen = p.Addresses[0].ID
	}
	return p, err
}

func userRecoverAsk(r *request) (answer, error) {
	p, err := recoverPage(r)
	if err != nil {
		return nil, err
	}
	return show(p)
}

func userRecover(r *request) (answer, error) {
	p, err := recoverPage(r)
	if err != nil {
		return nil, err
	}
	p.Chosen, p.Reason = r.PostFormValue("credential"), r.PostFormValue("reason")
	err = r.write(func(tx *store.Tx) error {
		_, err := operate.RequestRecovery(r.caller(), tx, r.environment.ID, r.PathValue("userId"),
			operate.UserRecoveryRequest{Credential: p.Chosen, Reason: p.Reason, PublicURL: r.PublicURL})
		return err
	})
	if p.Problem = mendable(err); p.Problem != "" {
		return again(p)
	}
	if err != nil {
		return nil, err
	}
	return redirect(r.within("users/recoveries"), "It is asked for. Another operator has to approve it. The user’s addresses are told.")
}
