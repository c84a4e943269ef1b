package console

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/operate"
	"github.com/stepup-auth/stepup/internal/operator"
	"github.com/stepup-auth/stepup/internal/store"
)

// environmentSettingsPage is what an environment is called and who may call it.
type environmentSettingsPage struct {
	ID              string
	Name            string
	Origins         string // one a line
	RedirectOrigins string
	CreatedAt       time.Time
	Revision        int64
	Version         string
	Path            string
	MayWrite        bool
	MayDelete       bool
	MayCopy         bool
	Problem         string
	Changes         []settingsChange // what saving would do; empty: nothing was typed yet
}

// settingsChange is one thing that saving would change.
type settingsChange struct{ What, Weakens string }

// settingsChangeOf tells a change, and apart from it what it weakens.
func settingsChangeOf(c environment.Change) settingsChange {
	alone := c
	alone.Weakens = ""
	what, _, _ := strings.Cut(alone.String(), "\n")
	return settingsChange{what, c.Weakens}
}

func (environmentSettingsPage) template() string { return "environment_settings" }
func (environmentSettingsPage) title() string    { return "Settings" }

func environmentSettings(r *request) (answer, error) {
	p, err := settingsNow(r)
	if err != nil {
		return nil, err
	}
	return show(p)
}

func settingsNow(r *request) (environmentSettingsPage, error) {
	env, err := environment.Parse([]byte(r.environment.Document))
	if err != nil {
		return environmentSettingsPage{}, err
	}
	return environmentSettingsPage{
		ID: env.ID, Name: env.Name, Origins: strings.Join(env.Origins, "\n"), RedirectOrigins: strings.Join(env.RedirectOrigins, "\n"),
		CreatedAt: r.environment.CreatedAt, Revision: r.environment.Revision, Version: string(env.MinAPIVersion),
		Path: r.within("settings"), MayWrite: r.may(operator.EnvironmentsWrite), MayDelete: r.may(operator.EnvironmentsDelete),
		MayCopy: r.visitor.May(operator.EnvironmentsCreate, operator.Everywhere),
	}, nil
}

// environmentSave shows what a change would do and, once that was seen, makes it.
func environmentSave(r *request) (answer, error) {
	p, err := settingsNow(r)
	if err != nil {
		return nil, err
	}
	env, err := environment.Parse([]byte(r.environment.Document))
	if err != nil {
		return nil, err
	}
	p.Name, p.Origins, p.RedirectOrigins = strings.TrimSpace(r.FormValue("name")), r.FormValue("origins"), r.FormValue("redirectOrigins")
	env.Name, env.Origins, env.RedirectOrigins = p.Name, strings.Fields(p.Origins), strings.Fields(p.RedirectOrigins)
	seen, read := r.FormValue("seen") == "yes", r.shownRevision()
	p.Revision = read
	var applied operate.Applied
	err = r.write(func(tx *store.Tx) (err error) {
		applied, err = operate.Apply(r.caller(), tx, env.YAML(), operate.ApplyOptions{
			ID: r.environment.ID, MayWeaken: r.may(operator.EnvironmentsWeaken), DryRun: !seen, Operators: r.Operators(),
			Senders: r.Senders, Read: read, Prove: r.prove(tx),
		})
		return err
	})
	if fault.Has(err, fault.InvalidEnvironmentDocument) {
		p.Problem = problemsInWords(err, nil)
		return again(p)
	}
	if fault.Has(err, fault.Conflict) {
		p.Problem, p.Revision = store.RefusalOf(err).Message, r.environment.Revision
		return shown{p, http.StatusConflict}, nil
	}
	if err != nil {
		return nil, err
	}
	if len(applied.Changes) == 0 {
		return redirect(p.Path, "Nothing was changed: it is as it was.")
	}
	if seen {
		return redirect(p.Path, "The settings hold from the next request on.")
	}
	for _, c := range applied.Changes {
		p.Changes = append(p.Changes, settingsChangeOf(c))
	}
	return show(p)
}

// shownRevision is the revision that the form was made of; where it says none, the one that
// the request has read.
func (r *request) shownRevision() int64 {
	if revision, err := strconv.ParseInt(r.PostFormValue("revision"), 10, 64); err == nil && revision > 0 {
		return revision
	}
	return r.environment.Revision
}

// prove asks for the elevated token of a scope that turns out to be needed.
func (r *request) prove(tx *store.Tx) func(stepup.Scope) error {
	return func(scope stepup.Scope) error {
		ok, err := r.visitors.elevated(tx, r.visitor, scope)
		if err == nil && !ok {
			r.route.scope = scope
			err = errNotElevated
		}
		return err
	}
}
