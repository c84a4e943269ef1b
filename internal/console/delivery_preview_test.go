package console

import (
	"time"

	"github.com/stepup-auth/stepup/internal/deliver"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/figures"
	"github.com/stepup-auth/stepup/internal/method/external"
	"github.com/stepup-auth/stepup/internal/method/social"
)

var cannedExternal = environment.ExternalAuth{Enabled: true, Issuer: "https://login.example.com", Audience: "acme-pay",
	JWKSURL: "https://login.example.com/keys"}

func cannedDelivery(change func(*deliveryPage)) deliveryPage {
	p := deliveryPage{
		Transport: transport{Address: "mail.example.com:587", Encrypted: "STARTTLS, without which nothing is sent", LogsIn: true},
		Sender:    `"Acme Pay" <no-reply@example.com>`, AppName: "Acme Pay", Language: "en",
		Languages: []choice{{"en", "English", true}, {"de", "Deutsch", false}, {"ja", "日本語", false}},
		To:        "ada@example.com", External: cannedExternal, Path: inPreview + "delivery", MayWrite: true,
		Color: "#12306b", Logo: "PNG picture of 2048 bytes, SHA-256 0123456789ab…", Spoken: languages([]string{"en", "de", "ja"}),
		Revision: 17, Failures: []figures.Failure{{At: ago(time.Hour), Mails: 12}, {At: ago(day), Mails: 1, Texts: 1204}},
		Mails: []choice{{"sign_in", "Sign in", true}, {"step_up", "Step up", false}},
		Templates: []mailRow{
			{"Sign in", []mailLanguage{{"en", "English", inPreview + "delivery/templates/sign_in/en", false},
				{"de", "Deutsch", inPreview + "delivery/templates/sign_in/de", true}}},
			{"Step up", []mailLanguage{{"en", "English", inPreview + "delivery/templates/step_up/en", false}}},
		},
		Providers: []providerRow{
			{Name: "github", Title: "GitHub", ClientID: "Iv1.0123456789abcdef", Redirect: previewIssuer + "/providers/github/redirect",
				Secret: "file github"},
			{Name: "acme", Title: "<b>Acme</b>", ClientID: "<script>alert(1)</script>",
				Redirect: previewIssuer + "/providers/acme/redirect", Secret: "variable ACME",
				Problem: "its client secret cannot be read; on the server, stepup doctor says why"},
		},
	}
	change(&p)
	return p
}

func cannedWords(change func(*mailWordsPage)) mailWordsPage {
	own := map[string]deliver.Own{deliver.StepUp: {Closing: "Questions? Ask in any branch of {app}."}}
	m, _ := deliver.Sample(deliver.StepUp, deliver.Style{Own: own}, "Acme Pay", "no-reply@example.com")
	p := mailWordsPage{Name: "Step up", Language: "English", Own: environment.MailText{Closing: "Questions? Ask in any branch of {app}."},
		Placeholders: []string{"app", "valid"}, Subject: m.Subject, Text: m.Text, Frame: inPreview + "delivery/templates/step_up/en/frame",
		Path: inPreview + "delivery/templates/step_up/en", Delivery: inPreview + "delivery", MayWrite: true}
	change(&p)
	return p
}

var _ = canned(
	sample{name: "delivery", at: inPreview + "delivery", page: cannedDelivery(func(*deliveryPage) {})},
	sample{name: "delivery_development", at: inPreview + "delivery", page: cannedDelivery(func(p *deliveryPage) {
		p.Transport, p.Providers, p.External, p.MayWrite = transport{Development: true}, nil, environment.ExternalAuth{}, false
		p.Color, p.Logo, p.Failures = "", "", nil
		p.SenderProblem = "this server does not let the environment send from it"
	})},
	sample{name: "delivery_again", at: inPreview + "delivery/brand", page: cannedDelivery(func(p *deliveryPage) {
		p.Color, p.Problem = "<b>red</b>", "Colour: <b>red</b> is not a colour such as #12306b, in small letters"
	})},
	sample{name: "mail_tried", at: inPreview + "delivery/test", page: mailTriedPage{To: "ada@example.com", Path: inPreview + "delivery",
		Lines: []deliver.Line{{Text: "connecting to mail.example.com:587"}, {By: "us", Text: "EHLO example.com"},
			{By: "server", Text: "250 <script>alert(1)</script>"}, {By: "us", Text: "RCPT TO:<ada@example.com>"},
			{Text: `sending mail: RCPT TO: server answered 550 "no such mailbox"`}}}},
	sample{name: "mail_words", at: inPreview + "delivery/templates/step_up/en", page: cannedWords(func(*mailWordsPage) {})},
	sample{name: "mail_words_change", at: inPreview + "delivery/templates/step_up/en", page: cannedWords(func(p *mailWordsPage) {
		p.Changes = []settingsChange{{`mail.templates[step_up].texts[en].closing: + Questions?`,
			"people are told other words in mails with codes and warnings"}}
	})},
	sample{name: "mail_words_again", at: inPreview + "delivery/templates/step_up/en", page: cannedWords(func(p *mailWordsPage) {
		p.Problem, p.Own.Intro = "line 9: mail.templates[0].texts[0].intro: has a brace without its other one", "{<img src=x>"
	})},
	sample{name: "provider_try", at: inPreview + "delivery/providers/acme/try", page: providerTryPage{Title: "Acme", State: "state",
		Address: "https://login.acme.example/authorize?client_id=stepup", Path: inPreview + "delivery/providers/acme"}},
	sample{name: "provider_try_pending", at: inPreview + "delivery/providers/acme/tried", page: providerTryPage{Title: "Acme",
		State: "state", Path: inPreview + "delivery/providers/acme", Trial: social.Trial{Pending: true}}},
	sample{name: "provider_tried", at: inPreview + "delivery/providers/acme/tried", page: providerTryPage{Title: "Acme",
		Path: inPreview + "delivery/providers/acme", Back: inPreview + "delivery", Trial: social.Trial{
			Steps:   []social.Step{{Did: "the browser came back from the provider with a code"}, {Did: "the profile was read"}},
			Account: social.Identity{Subject: "<script>1</script>", Display: "<b>Ada</b>", Emails: []string{"<i>ada@example.com</i>"}}}}},
	sample{name: "provider_tried_failed", at: inPreview + "delivery/providers/acme/tried", page: providerTryPage{Title: "Acme",
		Path: inPreview + "delivery/providers/acme", Back: inPreview + "delivery", Trial: social.Trial{Steps: []social.Step{
			{Did: "asking the provider who it is", Failed: `the token endpoint answered 401 "<script>"`}}}}},
	sample{name: "token_explain", at: inPreview + "delivery/token",
		page: tokenExplainPage{External: cannedExternal, Path: inPreview + "delivery/token"}},
	sample{name: "token_explained", at: inPreview + "delivery/token",
		page: tokenExplainPage{External: cannedExternal, Path: inPreview + "delivery/token", Asked: true, Diagnosis: external.Diagnosis{
			Findings: []external.Finding{{Check: "form", Result: external.Passed, Found: `a JWT with alg RS256 and kid "2026"`},
				{Check: "iss", Result: external.Failed, Found: `"<b>evil</b>"`, Fix: `externalAuth.iss is "https://login.example.com"`}},
			Assertion: []external.Finding{{Check: "jti", Result: external.Skipped}}}}},
)
