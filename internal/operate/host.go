package operate

import (
	"fmt"

	"github.com/stepup-auth/stepup/internal/deliver"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/store"
)

// Host is what a server lends to the documents of its environments: secrets that
// they point at, and domains that their mail may come from.
type Host struct {
	Secrets environment.Secrets
	Senders deliver.Senders
}

// Problems says what of a document does not work on this server, each with its
// cure. It is for operators on the machine.
func (h Host) Problems(env *environment.Environment) []string {
	var problems []string
	for _, p := range env.Providers {
		if p.ClientSecret.IsZero() {
			continue
		}
		if _, err := h.Secrets.Resolve(env.ID, p.ClientSecret); err != nil {
			problems = append(problems, fmt.Sprintf("provider %s is refused: %v", p.Provider, err))
		}
	}
	if problem := h.Senders.Problem(env.ID, env.Mail.From); problem != "" {
		problems = append(problems, problem)
	}
	return problems
}

// AllProblems are those of every stored document, by environment. One that cannot
// be read is left to others.
func (h Host) AllProblems(tx *store.Tx) ([]string, error) {
	rows, err := tx.Environments()
	if err != nil {
		return nil, err
	}
	var all []string
	for _, row := range rows {
		env, err := environment.Parse([]byte(row.Document))
		if err != nil {
			continue
		}
		for _, problem := range h.Problems(env) {
			all = append(all, fmt.Sprintf("environment %s: %s", env.ID, problem))
		}
	}
	return all, nil
}

// refuseNew refuses what a document may have from before and may not begin with:
// a reference by a whole path, and a sender that is not its own.
func refuseNew(senders deliver.Senders, old, next *environment.Environment) error {
	if old == nil {
		old = &environment.Environment{}
	}
	before := map[string]environment.Ref{}
	for _, p := range old.Providers {
		before[p.Provider] = p.ClientSecret
	}
	for _, p := range next.Providers {
		if p.ClientSecret.Old() && p.ClientSecret != before[p.Provider] {
			return fault.New(fault.InvalidEnvironmentDocument,
				"providers[%s].clientSecret: files are named below the environment's own folder, as in {file: github}; "+
					"docs/operating.md says where it is.", p.Provider)
		}
	}
	if problem := senders.Problem(next.ID, next.Mail.From); problem != "" && next.Mail.From != old.Mail.From {
		return fault.New(fault.InvalidEnvironmentDocument, "%s.", problem)
	}
	return nil
}
