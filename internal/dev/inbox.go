package dev

import (
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/stepup-auth/stepup/internal/deliver"
)

// Inbox lists what the development server "sent", newest first. It is what
// [deliver.Inbox] offers.
type Inbox interface {
	List() []deliver.Received
}

// entry is a message as the pages see it: plain text only, never the HTML part.
type entry struct {
	ID      string    `json:"id"`
	Kind    string    `json:"kind"` // mail or text
	To      string    `json:"to"`
	Subject string    `json:"subject"`
	Purpose string    `json:"purpose"` // the sentence that says what the code is for
	Code    string    `json:"code"`    // empty when the message carries none
	Text    string    `json:"text"`
	SentAt  time.Time `json:"sentAt"`
}

func serveInbox(inbox Inbox) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		entries := []entry{}
		for _, mail := range inbox.List() {
			entries = append(entries, read(mail))
		}
		writeJSON(w, struct {
			Messages []entry `json:"messages"`
		}{entries})
	})
}

var (
	codeLine  = regexp.MustCompile(`(?m)^[ \t]*([0-9]{6}|[0-9]{8})[ \t]*\r?$`)
	emptyLine = regexp.MustCompile(`\r?\n[ \t]*\r?\n`)
)

// read finds the code, which stands alone on a line, and takes the text in
// front of it as its purpose.
func read(mail deliver.Received) entry {
	e := entry{ID: mail.ID, Kind: "mail", To: mail.To, Subject: mail.Subject, Text: mail.Text, SentAt: mail.At.UTC()}
	if !strings.Contains(mail.To, "@") { // a number
		e.Kind = "text"
	}
	at := codeLine.FindStringSubmatchIndex(mail.Text)
	if at == nil {
		return e
	}
	e.Code = mail.Text[at[2]:at[3]]
	e.Purpose = lastParagraph(mail.Text[:at[0]])
	return e
}

func lastParagraph(text string) string {
	paragraphs := emptyLine.Split(strings.TrimSpace(text), -1)
	words := strings.Join(strings.Fields(paragraphs[len(paragraphs)-1]), " ")
	return strings.TrimSuffix(words, ":")
}
