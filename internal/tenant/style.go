package tenant

import (
	"github.com/stepup-auth/stepup/internal/deliver"
	"github.com/stepup-auth/stepup/internal/environment"
)

// Style is how messages of the environment look, in the first of the wishes that it
// writes; each is a language tag, or a list of them as requests accept it.
func (t *Tenant) Style(wishes ...string) deliver.Style { return StyleOf(t.Environment, wishes...) }

// StyleOf is [Tenant.Style] of a document.
func StyleOf(env *environment.Environment, wishes ...string) deliver.Style {
	m := env.Mail
	style := deliver.Style{Language: m.Language, Color: m.Brand.Color, Logo: m.Brand.Logo != "",
		Own: map[string]deliver.Own{}}
	for _, wish := range wishes {
		if language := deliver.Preferred(wish, m.Languages); language != "" {
			style.Language = language
			break
		}
	}
	for _, template := range m.Templates {
		for _, text := range template.Texts {
			if text.Language == style.Language {
				style.Own[template.Template] = deliver.Own{
					Subject: text.Subject, Title: text.Title, Intro: text.Intro, Closing: text.Closing,
				}
			}
		}
	}
	return style
}
