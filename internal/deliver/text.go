package deliver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/stepup-auth/stepup/internal/phone"
)

// Text is one text message (SMS) to one number. Like [Message] it prints as a
// placeholder and marshals to JSON.
type Text struct {
	ID   string // the same at each try, so that a receiver can tell doubles
	To   string // E.164, as [phone.Parse] returns it
	Body string
}

// Format keeps codes out of whatever prints texts.
func (Text) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "[text]") }

// LogValue keeps codes out of logs.
func (Text) LogValue() slog.Value { return slog.StringValue("[text]") }

// Texter sends one text message, on the terms of [Mailer].
type Texter interface {
	SendText(ctx context.Context, t Text) error
}

// How much a text may hold. Each 153 characters cost another message.
const (
	maxTextBody = 1600 // bytes; a summary may be in any script
	maxTextName = 30   // characters of an app's name
	maxTextWhat = 110  // characters of what happened

	maxTextSummary = 250 // characters of what a code agrees to; more than a transaction's summary may have, so that none is cut
	maxTextAllows  = 330 // characters of what a code is good for, in the language that needs most
)

// SignInText carries a code that signs in and does nothing else.
func SignInText(c Code) Text { return c.text(in(c.Style.Language).text.signIn, false) }

// StepUpText carries a code that works only in the session that asked for it.
func StepUpText(c Code) Text { return c.text(in(c.Style.Language).text.session, true) }

// TextsAllow reports whether all that a code allows fits into a text, in any language.
func TextsAllow(allows []string) bool {
	for _, language := range Languages {
		w := in(language)
		if utf8.RuneCountInString(w.list(Code{Allows: allows}.allowed(w, maxTextAllows))) > maxTextAllows {
			return false
		}
	}
	return true
}

func (c Code) text(heading string, inSession bool) Text {
	w := in(c.Style.Language)
	said := w.text
	lines := []string{fill(heading, filling{"app": name(c.AppName)}), c.Code}
	switch {
	case len(c.Allows) > 0 && inSession:
		lines = append(lines, fill(said.named, filling{"what": plainText(w.list(c.allowed(w, maxTextAllows)))}))
	case inSession && c.Summary == "":
		lines = append(lines, said.unnamed)
	}
	if summary := inertLines(c.Summary, maxTextSummary); len(summary) > 0 {
		lines = append(lines, fill(said.exactly, filling{"what": plainText(strings.Join(summary, "; "))}))
	}
	lines = append(lines, fill(said.valid, filling{"valid": w.lasting(c.ValidFor)}))
	return Text{To: c.To, Body: strings.Join(lines, "\n")}
}

// AddressChangedText is [AddressChanged] for a number.
func AddressChangedText(n Notice, newAddress string) Text {
	return n.text(in(n.Style.Language).text.changed, maskedAddress(newAddress))
}

// CredentialLinkedText is [CredentialLinked] for a number.
func CredentialLinkedText(n Notice, what Thing) Text {
	return n.textOf(in(n.Style.Language).text.linked, what)
}

// RecoveryText is [Recovery] for a number.
func RecoveryText(n Notice, what Thing) Text {
	return n.textOf(in(n.Style.Language).text.recovering, what)
}

// CredentialUnlinkedText is [CredentialUnlinked] for a number.
func CredentialUnlinkedText(n Notice, what Thing) Text {
	return n.textOf(in(n.Style.Language).text.unlinked, what)
}

// CredentialRenamedText is [CredentialRenamed] for a number.
func CredentialRenamedText(n Notice, what Thing) Text {
	return n.textOf(in(n.Style.Language).text.renamed, what)
}

// RecoveryCodeUsedText is [RecoveryCodeUsed] for a number.
func RecoveryCodeUsedText(n Notice, left int) Text {
	return n.text(in(n.Style.Language).text.recovered, strconv.Itoa(left))
}

// FactorsResetText is [FactorsReset] for a number.
func FactorsResetText(n Notice) Text { return n.text(in(n.Style.Language).text.reset, "") }

// ChangeDisputedText is [ChangeDisputed] for a number.
func ChangeDisputedText(n Notice, what Thing) Text {
	return n.textOf(in(n.Style.Language).text.disputed, what)
}

// DisputeSettledText is [DisputeSettled] for a number.
func DisputeSettledText(n Notice, what Thing, kept bool) Text {
	w := in(n.Style.Language)
	return n.textOf(strings.ReplaceAll(w.text.settled, "{decided}", w.decided(kept)), what)
}

// DeviceRegisteredText is [DeviceRegistered] for a number.
func DeviceRegisteredText(n Notice) Text {
	return n.textOf(in(n.Style.Language).text.registered, Thing{Kind: Agent, Shown: n.UserAgent})
}

// DeviceRevokedText is [DeviceRevoked] for a number.
func DeviceRevokedText(n Notice, what Thing) Text {
	return n.textOf(in(n.Style.Language).text.revoked, what)
}

// UserDeletedText is [UserDeleted] for a number.
func UserDeletedText(n Notice) Text {
	w := in(n.Style.Language)
	if n.ByOperator {
		return n.text(w.text.deleted+" "+w.notice.theyDeleted, "")
	}
	return n.text(w.text.deleted, "")
}

func (n Notice) textOf(sentence string, what Thing) Text {
	return n.text(sentence, in(n.Style.Language).thing(what))
}

func (n Notice) text(sentence, what string) Text {
	body := fill(sentence, filling{"app": name(n.AppName), "what": plainText(inert(what, maxTextWhat))})
	if undo := link(n.RevokeURL); undo != "" {
		body += "\n" + fill(in(n.Style.Language).text.notYou, filling{"link": undo})
	}
	return Text{To: n.To, Body: body}
}

func maskedAddress(address string) string {
	if n, err := phone.ParseE164(address); err == nil {
		return n.Masked()
	}
	return MaskEmail(address)
}

func name(app string) string { return plainText(inert(app, maxTextName)) }

// plainText is for what inert returned: a text with its marks would be sent in
// an alphabet that takes twice the messages.
func plainText(s string) string { return inertMarks.Replace(s) }

var inertMarks = strings.NewReplacer(string(wordJoiner), " ", "…", "...")

// check refuses what no texter may send, whoever wrote the text.
func (t Text) check() error {
	if _, err := phone.ParseE164(t.To); err != nil {
		return fmt.Errorf("recipient: %w", err)
	}
	switch {
	case t.Body == "" || len(t.Body) > maxTextBody:
		return fmt.Errorf("text: want 1 to %d bytes", maxTextBody)
	case !utf8.ValidString(t.Body) || hasControl(strings.ReplaceAll(t.Body, "\n", "")):
		return errors.New("text: must be valid UTF-8 without control characters")
	}
	return nil
}

// textTimeout bounds the whole exchange of one text.
const textTimeout = 15 * time.Second
