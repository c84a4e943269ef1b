package console

import (
	"time"

	"github.com/stepup-auth/stepup/internal/deliver"
	"github.com/stepup-auth/stepup/internal/store"
)

// accountPage is what an operator has of their own: factors, roles and sessions.
type accountPage struct {
	Email    string
	Factors  []ownFactor
	Roles    []ownRole
	Sessions []ownSession
	MayEnrol bool // they have no factor and may set one up
}

type ownFactor struct {
	ID      string
	Name    string
	Passkey bool
	Since   time.Time
}

type ownRole struct{ Where, Role string }

type ownSession struct {
	ID, Device, Address string
	Since, Used         time.Time
	Current             bool
}

func (accountPage) template() string { return "account" }
func (accountPage) title() string    { return "Your account" }

func (s *sessions) showAccount(r *request) (answer, error) {
	v := r.visitor.visit
	p := accountPage{Email: v.Email, MayEnrol: len(v.Factors) == 0}
	for _, f := range v.Factors {
		p.Factors = append(p.Factors, ownFactor{f.ID, nameOfFactor(f), f.Format == store.FormatPasskey, f.CreatedAt})
	}
	err := r.read(func(tx *store.Tx) error {
		for _, g := range v.Grants {
			where := "All environments"
			if g.EnvironmentID != "" {
				row, err := tx.Environment(g.EnvironmentID)
				if err != nil {
					continue // it is gone
				}
				where = row.Name
			}
			p.Roles = append(p.Roles, ownRole{where, string(g.Role)})
		}
		rows, err := s.desk.Sessions(tx, v)
		for _, row := range rows {
			device := deliver.DeviceName(row.UserAgent)
			if device == "" {
				device = "A browser"
			}
			p.Sessions = append(p.Sessions, ownSession{row.ID, device, row.Address, row.CreatedAt, row.RefreshedAt, row.Current})
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return show(p)
}

// endSession ends one of the operator's own sessions.
func (s *sessions) endSession(r *request) (answer, error) {
	err := r.write(func(tx *store.Tx) error {
		return s.desk.EndSession(tx, r.visitor.visit, r.PathValue("sessionId"), r.from())
	})
	if err != nil {
		return nil, err
	}
	return redirect(Root+"account", "The session has ended.")
}
