package deliver_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/deliver"
	"github.com/stepup-auth/stepup/internal/deliver/delivertest"
	"github.com/stepup-auth/stepup/internal/environment"
)

var braces = regexp.MustCompile(`\{\w*\}`)

// namesIn are the names that a sentence has filled in.
func namesIn(sentence string) string {
	names := braces.FindAllString(sentence, -1)
	slices.Sort(names)
	return strings.Join(slices.Compact(names), " ")
}

// Every language says everything that English says, of the same things.
func TestLanguagesAreComplete(t *testing.T) {
	if !slices.Equal(deliver.Languages, environment.MailLanguages) {
		t.Errorf("documents name %v, messages are written in %v", environment.MailLanguages, deliver.Languages)
	}
	english := deliver.Sentences("en")
	for _, language := range deliver.Languages {
		said := deliver.Sentences(language)
		if len(said) != len(english) {
			t.Errorf("%s has %d sentences, English %d", language, len(said), len(english))
		}
		for path, sentence := range english {
			other, ok := said[language+strings.TrimPrefix(path, "en")]
			_, of, _ := strings.Cut(path, ".")
			switch {
			case !ok || (other == "") != (sentence == ""):
				t.Errorf("%s: %s is %q, in English %q", language, of, other, sentence)
			case namesIn(other) != namesIn(sentence):
				t.Errorf("%s: %s is about %s, in English about %s", language, of, namesIn(other), namesIn(sentence))
			case strings.TrimSpace(other) != other && !strings.Contains("and comma", of):
				t.Errorf("%s: %s has spaces around it: %q", language, of, other)
			}
			if language != "en" && other == sentence && len(sentence) > 20 && !strings.Contains(sentence, "{time}") {
				t.Errorf("%s: %s is in English: %q", language, of, other)
			}
		}
	}
	if t.Failed() {
		return
	}
	for _, b := range environment.Builtins {
		if got := english["en.allows."+string(b.Scope)]; got != b.Allows {
			t.Errorf("mails say %q of %s, the prompt says %q", got, b.Scope, b.Allows)
		}
	}
}

// What every mail and text with a code says, in each language: that it is a code, whom
// it is for, what it opens, what exactly it agrees to, how long it is good, and that
// nobody will ask for it.
func TestCodesSayWhatTheyAreFor(t *testing.T) {
	const summary = "Pay 100.00 to Alice"
	for language, want := range map[string]struct {
		scope, valid, never, session, signIn, unnamed string
	}{
		"en": {"export your wallet's key", "5 minutes", "Nobody will ever ask you for this code", "only in the session", "signs you in",
			"did not say what"},
		"de": {"den Schlüssel Ihrer Wallet exportieren", "5 Minuten", "Niemand wird Sie je nach diesem Code fragen", "nur in der Sitzung",
			"meldet Sie", "nicht gesagt, wofür"},
		"es": {"exportar la clave de tu monedero", "5 minutos", "Nadie te pedirá nunca este código", "Solo sirve en la sesión",
			"Inicia tu sesión", "no dijo para qué"},
		"fr": {"exporter la clé de votre portefeuille", "5 minutes", "Personne ne vous demandera jamais ce code", "que dans la session",
			"vous connecte", "n’a pas dit à quoi"},
		"pt": {"exportar a chave da sua carteira", "5 minutos", "Ninguém jamais vai pedir este código", "só serve na sessão",
			"inicia a sua sessão", "não disse para"},
		"ja": {"ウォレットの鍵を書き出す", "5分間", "誰かがこのコードを尋ねることは決してありません", "あなたのセッションでだけ", "ログインします", "用途を伝えていません"},
	} {
		code := deliver.Code{AppName: "Example", From: from, To: to, Code: "031415", ValidFor: 5 * time.Minute,
			Style: deliver.Style{Language: language}}
		named, bound := code, code
		named.Allows = []string{string(stepup.WalletExport), "send money", "transfer:create"}
		bound.Summary = summary
		has := func(what string, m deliver.Message, words ...string) {
			t.Helper()
			for part, text := range map[string]string{"text": m.Text, "html": visible(t, m.HTML)} {
				text = strings.ReplaceAll(text, "\u2060", "")
				for _, word := range append(words, "031415", "Example", want.valid, want.never) {
					if !strings.Contains(text, word) {
						t.Errorf("%s, %s, %s: %q is missing in:\n%s", language, what, part, word, text)
					}
				}
			}
			if !strings.Contains(m.HTML, `<html lang="`+language+`">`) || (delivertest.Mail{Text: m.Text}).Code() != "031415" {
				t.Errorf("%s, %s: the language or the code cannot be read", language, what)
			}
		}
		has("sign-in", deliver.SignInCode(code), want.signIn)
		has("named", deliver.StepUpCode(named), want.session, want.scope, "send money", "transfer:create")
		has("bound", deliver.StepUpCode(bound), want.session, summary)
		has("unnamed", deliver.StepUpCode(code), want.session, want.unnamed)

		for what, test := range map[string]struct {
			code  deliver.Code
			words []string
		}{
			"named": {named, []string{want.scope, "send money", "transfer:create"}}, "bound": {bound, []string{summary}},
			"unnamed": {code, nil},
		} {
			m := deliver.StepUpText(test.code)
			m.To = "+14155550123"
			for _, word := range append(test.words, "031415", "Example", want.valid) {
				if !strings.Contains(strings.ReplaceAll(m.Body, " ", ""), strings.ReplaceAll(word, " ", "")) {
					t.Errorf("%s, %s text: %q is missing in %q", language, what, word, m.Body)
				}
			}
			if err := new(deliver.Inbox).SendText(t.Context(), m); err != nil {
				t.Errorf("%s, %s text: %v", language, what, err)
			}
		}
	}
}

// All mails in all languages go out, with the headers they should have, and leave no
// name in braces behind.
func TestEveryMailInEveryLanguage(t *testing.T) {
	server := delivertest.Start(t, delivertest.Options{})
	mailer := mustSMTP(t, server.URL, server)
	for _, language := range deliver.Languages {
		style := deliver.Style{Language: language, Color: "#aa0000"}
		for name, m := range styled("Example", revoke, style) {
			if left := braces.FindString(m.Subject + m.Text + m.HTML); left != "" {
				t.Errorf("%s, %s: %s is left:\n%s", language, name, left, m.Text)
			}
			if !strings.Contains(m.Subject, "Example") || strings.Contains(m.Subject, "031415") || !strings.Contains(m.Text, "Example") {
				t.Errorf("%s, %s: subject %q, or the app is not named", language, name, m.Subject)
			}
			if err := mailer.Send(t.Context(), m); err != nil {
				t.Errorf("%s, %s: %v", language, name, err)
				continue
			}
			checkWire(t, language+" "+name, m, server.Wait(t, to))
		}
		wide := strings.Repeat("広", 200)
		for name, m := range styled(wide, revoke, style) {
			if err := mailer.Send(t.Context(), m); err != nil {
				t.Errorf("%s, %s, of a long name: %v", language, name, err)
				continue
			}
			server.Wait(t, to)
		}
	}
}

// FuzzOwnWords writes every mail with words of an environment's own, good or not: what
// must be said is said, and nothing but words was added.
func FuzzOwnWords(f *testing.F) {
	for _, canary := range canaries {
		f.Add(canary, canary, canary, canary)
	}
	f.Add("{app}", "{app}{app}", "{valid}{code}{what}", "{{app}}")
	f.Fuzz(func(t *testing.T, subject, title, intro, closing string) {
		own := map[string]deliver.Own{}
		for template := range environment.MailTemplates {
			own[template] = deliver.Own{Subject: subject, Title: title, Intro: intro, Closing: closing}
		}
		for _, language := range []string{"en", "ja"} {
			calm := styled("Example", revoke, deliver.Style{Language: language})
			for name, m := range styled("Example", revoke, deliver.Style{Language: language, Own: own}) {
				plain, shown := calm[name], visible(t, m.HTML)
				if err := new(deliver.Inbox).Send(t.Context(), m); err != nil {
					t.Fatalf("%s, %s cannot be sent: %v", language, name, err)
				}
				heading := strings.Index(plain.Text, "\n\n")
				if body := plain.Text[heading+2 : strings.LastIndex(strings.TrimRight(plain.Text, "\n"), "\n\n")]; name != "weakened" &&
					!strings.Contains(m.Text, body) {
					t.Fatalf("%s, %s: some of ours is gone:\n%s\nwas\n%s", language, name, m.Text, body)
				}
				if got, want := links(t, m.HTML), links(t, plain.HTML); !slices.Equal(got, want) {
					t.Fatalf("%s, %s: the links are %q", language, name, got)
				}
				tags := slices.DeleteFunc(skeleton(t, m.HTML), paragraphTag)
				if want := slices.DeleteFunc(skeleton(t, plain.HTML), paragraphTag); !slices.Equal(tags, want) {
					t.Fatalf("%s, %s: the markup changed", language, name)
				}
				ours := strings.ReplaceAll(m.Text, revoke, "")
				for part, text := range map[string]string{"subject": m.Subject, "text": ours, "html": shown} {
					if found := clickable.FindString(text); found != "" {
						t.Fatalf("%s, %s, %s: mail programs will make a link of %q", language, name, part, found)
					}
				}
				if !utf8.ValidString(m.Subject) || strings.ContainsAny(m.Subject, "\r\n\u2028\u2029") {
					t.Fatalf("%s, %s: subject %q", language, name, m.Subject)
				}
			}
		}
	})
}

func paragraphTag(tag string) bool { return tag == "</p>" || strings.HasPrefix(tag, "<p ") }

func TestPreferred(t *testing.T) {
	all := deliver.Languages
	for _, test := range []struct {
		header  string
		offered []string
		want    string
	}{
		{"", all, ""}, {"*", all, ""}, {"de", all, "de"}, {"de-AT,de;q=0.9,en;q=0.8", all, "de"}, {"pt-BR", all, "pt"},
		{"en;q=0.1, ja;q=0.2", all, "ja"}, {"nl, fr;q=0.5, en;q=0.4", all, "fr"}, {"de;q=0, en", all, "en"}, {"DE-de", all, "de"},
		{"de", []string{"en"}, ""}, {"de, en;q=0.1", []string{"en"}, "en"},
		{"de;q=NaN", all, ""}, {"de;q=1e9", all, ""}, {"de;q=-1", all, ""},
		{strings.Repeat("x,", 1000) + "de", all, ""}, {"fr, de", all, "fr"}, {";;,,;q=", all, ""},
	} {
		if got := deliver.Preferred(test.header, test.offered); got != test.want {
			t.Errorf("%.40q of %v is %q, want %q", test.header, test.offered, got, test.want)
		}
	}
}

// A logo goes with the mail: nothing is fetched when it is read, so that reading it
// tells nobody anything.
func TestLogoGoesWithTheMail(t *testing.T) {
	server := delivertest.Start(t, delivertest.Options{})
	mailer := mustSMTP(t, server.URL, server)
	picture := deliver.Picture{Type: "image/png", Data: []byte("\x89PNG and more")}
	for name, m := range styled("Example", revoke, deliver.Style{Logo: true}) {
		m.Logo = picture
		if err := mailer.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		got := server.Wait(t, to)
		if !slices.Equal(got.Types, []string{"multipart/related", "multipart/alternative", "text/plain", "text/html", "image/png"}) ||
			!slices.Equal(got.Attached, []string{"<logo@stepup>"}) || !strings.Contains(got.HTML, `src="cid:logo@stepup"`) {
			t.Errorf("%s: parts %q, attached %q", name, got.Types, got.Attached)
		}
	}
	plain := message()
	plain.Logo = picture
	if err := mailer.Send(t.Context(), plain); err != nil {
		t.Fatal(err)
	}
	if got := server.Wait(t, to); len(got.Attached) != 0 {
		t.Errorf("a mail that shows no logo carries %q", got.Attached)
	}
}
