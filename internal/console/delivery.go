package console

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/stepup-auth/stepup/internal/catalogue"
	"github.com/stepup-auth/stepup/internal/deliver"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/figures"
	"github.com/stepup-auth/stepup/internal/method/social"
	"github.com/stepup-auth/stepup/internal/operate"
	"github.com/stepup-auth/stepup/internal/operator"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/tenant"
)

// deliveryPage is how mail leaves and in which words, and which other logins there are.
type deliveryPage struct {
	Transport     transport
	Sender        string
	SenderProblem string
	AppName       string
	Language      string
	Languages     []choice // those that mails are written in
	Color         string
	Logo          string
	To            string // the operator's own address, where a test goes
	Mails         []choice
	Templates     []mailRow
	Providers     []providerRow
	External      environment.ExternalAuth
	Spoken        []choice // the languages that there are
	Revision      int64
	Problem       string // what is wrong with the brand that was typed
	Failures      []figures.Failure
	Path          string
	MayWrite      bool
}

// failuresShown is how many hours with failures the page shows.
const failuresShown = 24

// transport is the way that mail takes, without its secrets.
type transport struct {
	Address, Encrypted string
	LogsIn             bool
	Development        bool // nothing leaves
}

// mailRow is a mail and the languages it can be looked at in.
type mailRow struct {
	Name      string
	Languages []mailLanguage
}

type mailLanguage struct {
	Tag, Name, Path string
	Own             bool // it has words of the environment's own
}

// providerRow is a social login.
type providerRow struct {
	Name, Title string
	ClientID    string
	Redirect    string // what to register there
	Secret      string // the reference, never the secret
	Problem     string // why it is not ready for use
}

func (deliveryPage) template() string { return "delivery" }
func (deliveryPage) title() string    { return "Delivery" }

func delivery(r *request) (answer, error) {
	p, err := deliveryOf(r)
	if err != nil {
		return nil, err
	}
	return show(p)
}

func deliveryOf(r *request) (p deliveryPage, err error) {
	env, err := environment.Parse([]byte(r.environment.Document))
	if err != nil {
		return p, err
	}
	p = deliveryPage{
		Transport: transportOf(r.Mailer), Sender: r.Senders.Sender(env.ID, tenant.Sender(env, "")),
		SenderProblem: r.Senders.Problem(env.ID, env.Mail.From), AppName: env.Mail.AppName,
		Language: env.Mail.Language, Languages: written(env), Color: env.Mail.Brand.Color, Logo: env.Mail.Brand.Logo.String(),
		To: r.visitor.Email, External: env.ExternalAuth, Path: r.within("delivery"), MayWrite: r.may(operator.EnvironmentsWrite),
		Spoken: languages(env.Mail.Languages), Revision: r.environment.Revision,
	}
	if err := r.read(func(tx *store.Tx) (err error) {
		p.Failures, err = figures.Failures(tx, env.ID, failuresShown)
		return err
	}); err != nil {
		return p, err
	}
	for _, name := range slices.Sorted(maps.Keys(environment.MailTemplates)) {
		p.Mails = append(p.Mails, choice{name, mailName(name), name == deliver.SignIn})
		row := mailRow{Name: mailName(name)}
		for _, language := range env.Mail.Languages {
			own := tenant.StyleOf(env, language).Own[name] != deliver.Own{}
			at := p.Path + "/templates/" + name + "/" + language
			row.Languages = append(row.Languages, mailLanguage{language, languageName(language), at, own})
		}
		p.Templates = append(p.Templates, row)
	}
	for _, provider := range env.Providers {
		p.Providers = append(p.Providers, providerOf(r, provider))
	}
	return p, nil
}

func transportOf(mailer operate.Transcriber) transport {
	smtp, ok := mailer.(*deliver.SMTP)
	if !ok {
		return transport{Development: true}
	}
	return transport{Address: smtp.Address(), Encrypted: smtp.Encrypted(), LogsIn: smtp.LogsIn()}
}

// mailName is a template as people read it.
func mailName(template string) string {
	name := strings.ReplaceAll(template, "_", " ")
	return strings.ToUpper(name[:1]) + name[1:]
}

func providerOf(r *request, p environment.Provider) providerRow {
	row := providerRow{Name: p.Provider, Title: cmp.Or(p.Name, p.Provider), ClientID: p.ClientID, Secret: p.ClientSecret.String(),
		Redirect: social.Callback(&tenant.Tenant{Issuer: r.PublicURL + "/api/v0/sdk/" + r.environment.ID}, p.Provider)}
	known, ok := catalogue.For(p)
	if !ok {
		row.Problem = "this server does not know such a provider, and the document names no issuer"
		return row
	}
	row.Title = cmp.Or(p.Name, known.Title)
	if p.ClientSecret.IsZero() {
		return row
	}
	if _, err := r.Secrets.Resolve(r.environment.ID, p.ClientSecret); err != nil {
		row.Problem = "its client secret cannot be read; on the server, stepup doctor says why"
	}
	return row
}
