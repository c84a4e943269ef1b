package console

import (
	"fmt"

	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/operate"
	"github.com/stepup-auth/stepup/internal/operator"
	"github.com/stepup-auth/stepup/internal/store"
)

// versionPage is the minimum API version of an environment, what the newest would change,
// and the way there and back.
type versionPage struct {
	Current, Newest string
	CreatedAt       string
	OnNewest        bool
	MayGoBack       bool
	MayWrite        bool
	MayWeaken       bool
	Report          operate.Readiness
	Chart           Chart
	Rehearsal       []string
	Revision        int64
	Path            string
	Problem         string
}

func (versionPage) template() string { return "version" }
func (versionPage) title() string    { return "API version" }

func version(r *request) (answer, error) { return versionAs(r, "", show) }

func versionAs(r *request, problem string, as func(page) (answer, error)) (answer, error) {
	if r.Shadow != nil { // what was counted here and is not in the store yet
		if err := r.Shadow.Flush(r.Context(), r.DB); err != nil {
			return nil, err
		}
	}
	env, err := environment.Parse([]byte(r.environment.Document))
	if err != nil {
		return nil, err
	}
	p := versionOf(env)
	p.MayWrite, p.MayWeaken = r.may(operator.EnvironmentsWrite), r.may(operator.EnvironmentsWeaken)
	p.Revision, p.Path, p.Problem = r.environment.Revision, r.within(""), problem
	err = r.read(func(tx *store.Tx) (err error) {
		p.Report, err = operate.Ready(tx, r.environment.ID)
		return err
	})
	if err != nil {
		return nil, err
	}
	p.Chart = readinessChart(p.Report)
	return as(p)
}

func versionOf(env *environment.Environment) versionPage {
	return versionPage{
		Current: string(env.MinAPIVersion), Newest: string(environment.Newest), CreatedAt: string(env.CreatedAtVersion),
		OnNewest:  env.MinAPIVersion == environment.Newest,
		MayGoBack: env.MinAPIVersion == environment.Newest && env.CreatedAtVersion.Before(environment.Newest),
		Rehearsal: env.Rehearsal.Users,
	}
}

func readinessChart(report operate.Readiness) Chart {
	c := Chart{Title: "Protected calls a day", Kind: Stacked,
		Series: []Series{{Name: "pass", Tone: "good"}, {Name: "would ask first", Tone: "warn"}, {Name: "would be refused", Tone: "bad"}}}
	for _, day := range report.Trend {
		c.Labels = append(c.Labels, day.Day)
		for i, n := range []int64{day.Pass, day.Prompt, day.Refuse} {
			c.Series[i].Values = append(c.Series[i].Values, float64(n))
		}
	}
	return c
}

// versionAccept sets the version that was typed: the newest, or the one to go back to.
func versionAccept(r *request) (answer, error) {
	if err := r.ParseForm(); err != nil {
		return nil, fault.New(fault.InvalidRequest, "The form cannot be read. Send it again.").Because(err)
	}
	to, err := environment.ParseVersion(r.PostForm.Get("version"))
	if err != nil {
		return nil, fault.New(fault.InvalidRequest, "This is no version.").Because(err)
	}
	if typed, err := environment.ParseVersion(r.PostForm.Get("typed")); err != nil || typed != to {
		return versionAs(r, fmt.Sprintf("Nothing was changed: type %s to go on.", to), again)
	}
	if r.Shadow != nil { // who was seen decides what is turned on
		if err := r.Shadow.Flush(r.Context(), r.DB); err != nil {
			return nil, err
		}
	}
	var accepted operate.Accepted
	err = r.write(func(tx *store.Tx) (err error) {
		accepted, err = operate.Accept(r.caller(), tx, r.environment.ID, operate.AcceptOptions{
			Version: to, Strict: r.PostForm.Get("strict") == "true", MayWeaken: r.may(operator.EnvironmentsWeaken),
			Operators: r.Operators(),
		})
		return err
	})
	if f := store.RefusalOf(err); f != nil && f.Code == fault.EnvironmentVersionCannotGoBack {
		return versionAs(r, f.Message, again)
	}
	if err != nil {
		return nil, err
	}
	said := fmt.Sprintf("%s holds from the next request on.", accepted.MinAPIVersion)
	if len(accepted.TurnedOn) > 0 {
		said += fmt.Sprintf(" %d compatibility entries were turned on.", len(accepted.TurnedOn))
	}
	return redirect(r.within("version"), said)
}
