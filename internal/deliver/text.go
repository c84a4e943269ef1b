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
)

// SignInText carries a code that signs in and does nothing else.
func SignInText(c Code) Text { return c.text("sign-in") }

// StepUpText carries a code that works only in the session that asked for it.
func StepUpText(c Code) Text { return c.text(stepUpKind) }

const stepUpKind = "confirmation"

// TextsAllow reports whether all that a code allows fits into a text.
func TextsAllow(allows []string) bool {
	return len([]rune(listed(allows, maxTextSummary))) <= maxTextSummary
}

func (c Code) text(kind string) Text {
	summary := ""
	if len(c.Allows) > 0 {
		summary = "It is to " + plainText(listed(c.Allows, maxTextSummary)) + ".\n"
	} else if kind == stepUpKind && c.Summary == "" {
		summary = "The app did not say what for.\n"
	}
	if lines := inertLines(c.Summary, maxTextSummary); len(lines) > 0 {
		summary += "For: " + plainText(strings.Join(lines, "; ")) + "\n"
	}
	return Text{To: c.To, Body: fmt.Sprintf("Your %s code for %s:\n%s\n%sIt works for %s. Tell it to nobody.",
		kind, name(c.AppName), c.Code, summary, inWords(c.ValidFor))}
}

// AddressChangedText is [AddressChanged] for a number.
func AddressChangedText(n Notice, newAddress string) Text {
	return n.text("Your address at %s was changed to %s.", maskedAddress(newAddress))
}

// CredentialLinkedText is [CredentialLinked] for a number.
func CredentialLinkedText(n Notice, what string) Text {
	return n.text("New on your %s account: %s.", what)
}

// CredentialUnlinkedText is [CredentialUnlinked] for a number.
func CredentialUnlinkedText(n Notice, what string) Text {
	return n.text("Removed from your %s account: %s.", what)
}

// CredentialRenamedText is [CredentialRenamed] for a number.
func CredentialRenamedText(n Notice, what string) Text {
	return n.text("Renamed on your %s account: %s.", what)
}

// RecoveryCodeUsedText is [RecoveryCodeUsed] for a number.
func RecoveryCodeUsedText(n Notice, left int) Text {
	return n.text("A recovery code of your %s account was used, %s left.", strconv.Itoa(left))
}

// FactorsResetText is [FactorsReset] for a number.
func FactorsResetText(n Notice) Text {
	return n.text("All second factors of your %s account were taken away by those who run it%s.", "")
}

// ChangeDisputedText is [ChangeDisputed] for a number.
func ChangeDisputedText(n Notice, what string) Text {
	return n.text("In dispute on your %s account: %s. Until it is decided, sign in as before.", what)
}

// DisputeSettledText is [DisputeSettled] for a number.
func DisputeSettledText(n Notice, what string, kept bool) Text {
	return n.text("Decided on your %s account: %s. "+decided(kept), what)
}

// DeviceRegisteredText is [DeviceRegistered] for a number.
func DeviceRegisteredText(n Notice) Text {
	return n.text("New on your %s account: you sign in on %s.", device(n.UserAgent))
}

// DeviceRevokedText is [DeviceRevoked] for a number.
func DeviceRevokedText(n Notice, what string) Text {
	return n.text("Removed from your %s account: %s.", what)
}

// UserDeletedText is [UserDeleted] for a number.
func UserDeletedText(n Notice) Text { return n.text("Your %s account was deleted%s.", "") }

func (n Notice) text(form, what string) Text {
	body := fmt.Sprintf(form, name(n.AppName), plainText(inert(what, maxTextWhat)))
	if undo := link(n.RevokeURL); undo != "" {
		body += "\nNot you? " + undo
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
