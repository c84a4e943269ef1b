package deliver

import (
	"embed"
	"fmt"
	htmltemplate "html/template"
	"net/url"
	"strings"
	texttemplate "text/template"
)

// letter is what one mail says, part after part, in words that are safe to print. Both
// forms of the mail are made of it, so that neither says what the other does not.
type letter struct {
	Language  string
	App       string
	Title     string
	Preview   string // what the list of mails and a lock screen show under the subject: anything but the code
	Parts     []part
	Automatic string
	Color     htmltemplate.CSS // of buttons and codes, which was checked
	Logo      htmltemplate.URL // where the picture is; empty: there is none
}

// part is one of these.
type part struct {
	Text    string   // a paragraph
	Code    string   // the code, alone
	Lines   []string // what must be read before the code is typed
	Facts   []fact
	Items   []string
	Button  string // what a button says
	URL     string // and where it leads
	Warning bool   // it takes something back
}

type fact struct {
	Label, Value string
	Main         bool
}

func paragraph(text string) part { return part{Text: text} }

//go:embed templates
var templates embed.FS

var (
	texts = texttemplate.Must(texttemplate.ParseFS(templates, "templates/letter.txt"))
	pages = htmltemplate.Must(htmltemplate.ParseFS(templates, "templates/letter.html"))
)

// write fills both parts of the mail. The templates are embedded and a letter has all
// they ask for, so that an error is a mistake of ours.
func (l letter) write(m Message) Message {
	var text, page strings.Builder
	if err := texts.ExecuteTemplate(&text, "letter.txt", l); err != nil {
		panic(fmt.Sprintf("deliver: rendering a mail as text: %v", err))
	}
	if err := pages.ExecuteTemplate(&page, "letter.html", l); err != nil {
		panic(fmt.Sprintf("deliver: rendering a mail: %v", err))
	}
	m.Text, m.HTML = text.String(), page.String()
	return m
}

// link is raw if it can be a link of ours, else "", for which there are other words.
// Re-encoded, it holds no spaces or line breaks.
func link(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil {
		return ""
	}
	if strings.ContainsAny(raw, " \"<>\\^`{|}") {
		return ""
	}
	return u.String()
}
