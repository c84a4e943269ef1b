package console

import (
	"time"

	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/operate"
	"github.com/stepup-auth/stepup/internal/operator"
	"github.com/stepup-auth/stepup/internal/store"
)

// environmentListPage lists the environments that the operator sees.
type environmentListPage struct {
	Environments []environmentItem
	MayCreate    bool
}

type environmentItem struct {
	ID, Name, Path string
	Version        string
	Newest         bool
	UpdatedAt      time.Time
}

func (environmentListPage) template() string { return "environment_list" }
func (environmentListPage) title() string    { return "Environments" }

func environmentList(r *request) (answer, error) {
	p := environmentListPage{MayCreate: r.visitor.May(operator.EnvironmentsCreate, operator.Everywhere)}
	err := r.read(func(tx *store.Tx) error {
		all, err := operate.ViewEnvironments(tx, "")
		for _, e := range all {
			if r.visitor.Sees(e.ID) {
				p.Environments = append(p.Environments, environmentItem{e.ID, e.Name, Root + "e/" + e.ID + "/" + r.entrance(),
					e.MinAPIVersion, e.MinAPIVersion == string(environment.Newest), e.UpdatedAt})
			}
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return show(p)
}
