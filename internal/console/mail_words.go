package console

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/stepup-auth/stepup/internal/deliver"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/operate"
	"github.com/stepup-auth/stepup/internal/operator"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/tenant"
)

// mailWordsPage is one mail in one language, with the environment's own words in it.
type mailWordsPage struct {
	Name          string
	Language      string // as its readers call it
	Own           environment.MailText
	Placeholders  []string
	Subject, Text string // of the mail as it would be
	Frame         string // where its other form is
	Path          string
	Delivery      string
	Revision      int64 // that it was made of
	MayWrite      bool
	Problem       string
	Changes       []settingsChange
}

func (mailWordsPage) template() string { return "mail_words" }
func (p mailWordsPage) title() string  { return p.Name }
func (mailWordsPage) crumbs() []crumb  { return []crumb{{"Delivery", "./delivery"}} }

// wordsOf are the words that a form or an address carries.
func wordsOf(language string, form url.Values) environment.MailText {
	get := func(name string) string { return strings.Join(strings.Fields(form.Get(name)), " ") }
	return environment.MailText{Language: language, Subject: get("subject"), Title: get("title"), Intro: get("intro"),
		Closing: get("closing")}
}

// putWords puts words into the document; none leave ours.
func putWords(env *environment.Environment, template string, words environment.MailText) {
	all := slices.Clone(env.Mail.Templates)
	i := slices.IndexFunc(all, func(t environment.MailTemplate) bool { return t.Template == template })
	if i < 0 {
		all, i = append(all, environment.MailTemplate{Template: template}), len(all)
	}
	texts := slices.DeleteFunc(slices.Clone(all[i].Texts), func(t environment.MailText) bool { return t.Language == words.Language })
	if (words != environment.MailText{Language: words.Language}) {
		texts = append(texts, words)
	}
	if all[i].Texts = texts; len(texts) == 0 {
		all = slices.Delete(all, i, i+1)
	}
	env.Mail.Templates = all
}

// mailIn is the document, and which mail in which language the path names.
func mailIn(r *request) (env *environment.Environment, template, language string, err error) {
	template, language = r.PathValue("template"), r.PathValue("language")
	if env, err = environment.Parse([]byte(r.environment.Document)); err != nil {
		return nil, "", "", err
	}
	if environment.MailTemplates[template] == nil || !slices.Contains(env.Mail.Languages, language) {
		return nil, "", "", errNotFound
	}
	return env, template, language, nil
}

func mailWords(r *request) (answer, error) {
	env, template, language, err := mailIn(r)
	if err != nil {
		return nil, err
	}
	own := tenant.StyleOf(env, language).Own[template]
	words := environment.MailText{Language: language, Subject: own.Subject, Title: own.Title, Intro: own.Intro, Closing: own.Closing}
	p, err := wordsPage(r, env, template, words)
	if err != nil {
		return nil, err
	}
	return show(p)
}

// wordsPage shows the mail as the document has it.
func wordsPage(r *request, env *environment.Environment, template string, words environment.MailText) (mailWordsPage, error) {
	p := mailWordsPage{
		Name: mailName(template), Language: languageName(words.Language), Own: words, Placeholders: environment.MailTemplates[template],
		Path: r.within("delivery/templates/" + template + "/" + words.Language), Delivery: r.within("delivery"),
		MayWrite: r.may(operator.EnvironmentsWrite), Revision: r.environment.Revision,
	}
	m, err := sampleOf(r, env, template, words.Language)
	if err != nil {
		return p, err
	}
	p.Subject, p.Text = m.Subject, m.Text
	p.Frame = p.Path + "/frame?" + url.Values{"subject": {words.Subject}, "title": {words.Title}, "intro": {words.Intro},
		"closing": {words.Closing}}.Encode()
	return p, nil
}

func sampleOf(r *request, env *environment.Environment, template, language string) (deliver.Message, error) {
	t := &tenant.Tenant{Environment: env, MailFrom: tenant.Sender(env, "")}
	return operate.Trial{Template: template, Language: language}.Write(t, r.Senders)
}

// mailWordsSave shows what other words would change and, once that was seen, keeps them.
func mailWordsSave(r *request) (answer, error) {
	env, template, language, err := mailIn(r)
	if err != nil {
		return nil, err
	}
	if err := r.ParseForm(); err != nil {
		return nil, unreadable(err)
	}
	words := wordsOf(language, r.PostForm)
	putWords(env, template, words)
	seen, read := r.PostForm.Get("seen") == "yes", r.shownRevision()
	var applied operate.Applied
	err = r.write(func(tx *store.Tx) (err error) {
		applied, err = operate.Apply(r.caller(), tx, env.YAML(), operate.ApplyOptions{
			ID: r.environment.ID, MayWeaken: r.may(operator.EnvironmentsWeaken), DryRun: !seen, Operators: r.Operators(),
			Senders: r.Senders, Read: read, Prove: r.prove(tx),
		})
		return err
	})
	if fault.Has(err, fault.InvalidEnvironmentDocument) || fault.Has(err, fault.Conflict) {
		return wordsAgain(r, template, words, err)
	}
	if err != nil {
		return nil, err
	}
	p, err := wordsPage(r, env, template, words)
	if err != nil {
		return nil, err
	}
	if len(applied.Changes) == 0 {
		return redirect(p.Path, "Nothing was changed: it is as it was.")
	}
	if seen {
		return redirect(p.Path, "The words hold for the next mail.")
	}
	for _, c := range applied.Changes {
		p.Changes = append(p.Changes, settingsChangeOf(c))
	}
	return show(p)
}

// wordsAgain shows the document as it is now, and in the form what was typed.
func wordsAgain(r *request, template string, typed environment.MailText, refusal error) (answer, error) {
	env, err := environment.Parse([]byte(r.environment.Document))
	if err != nil {
		return nil, err
	}
	p, err := wordsPage(r, env, template, environment.MailText{Language: typed.Language})
	if err != nil {
		return nil, err
	}
	p.Own, p.Problem = typed, problemsInWords(refusal, nil)
	if fault.Has(refusal, fault.Conflict) {
		return shown{p, http.StatusConflict}, nil
	}
	return again(p)
}

// mailFrame is a mail in the form with colours, alone, for a frame.
func mailFrame(r *request) (answer, error) {
	env, template, language, err := mailIn(r)
	if err != nil {
		return nil, err
	}
	putWords(env, template, wordsOf(language, r.URL.Query()))
	if env, err = environment.Parse(env.YAML()); err != nil { // an address can carry any words
		return nil, fault.New(fault.InvalidRequest, "These words cannot stand in a mail.").Because(err)
	}
	m, err := sampleOf(r, env, template, language)
	if err != nil {
		return nil, err
	}
	if env.Mail.Brand.Logo != "" {
		logo, err := env.Mail.Brand.Logo.Clean()
		if err != nil {
			return nil, err
		}
		picture := "data:" + logo.Type + ";base64," + base64.StdEncoding.EncodeToString(logo.Data)
		m.HTML = strings.ReplaceAll(m.HTML, "cid:"+deliver.LogoID, picture)
	}
	return framed(m.HTML), nil
}

// framed is a document that a page of ours shows in a frame. It runs no script, sends
// and loads nothing, and nobody else may frame it.
type framed string

func (f framed) write(w http.ResponseWriter, _ *request) error {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "+
		"form-action 'none'; frame-ancestors 'self'")
	w.Header().Set("X-Frame-Options", "SAMEORIGIN")
	_, err := w.Write([]byte(f))
	return err
}
