package console

import (
	"errors"
	"regexp"
	"strings"

	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/store"
)

// fieldLabels are the labels of fields by the place of the document that they fill in.
// Names of list entries are left out of the place.
var fieldLabels = map[string]string{
	"name": "Name", "origins": "Allowed origins", "redirectOrigins": "Origins to come back to",
	"passkeys.origins": "Pages that may use passkeys", "compatibility": "Compatibility entries", "rehearsal.users": "Rehearsal",
	"mail.brand.color": "Colour", "mail.brand.logo": "Logo", "mail.languages": "Languages",
	"mail.language":                "Where nothing is known of a reader",
	"mail.templates.texts.subject": "Subject", "mail.templates.texts.title": "Heading", "mail.templates.texts.intro": "Before everything",
	"mail.templates.texts.closing": "At the end",
	"mfa.actions.required":         "Asks for a step-up", "mfa.actions.tokenBehavior": "Its token",
	"mfa.actions.tokenExpirySeconds": "Lives, in seconds",
	"mfa.enrollment":                 "Users are asked to enrol a second factor", "mfa.methods": "Second factors",
	"scopes.audience": "Audience", "scopes.required": "A step-up is required", "scopes.tokenBehavior": "A token works",
	"scopes.expirySeconds": "It lives for, in seconds", "scopes.floor.withoutMfa": "Of users without a second factor",
	"scopes.floor.withMfa": "Of users with a second factor", "scopes.floor.preset": "Codes by mail and text message",
	"scopes.coolDown": "Wait after a new factor or a recovery", "scopes.binding.require": "Bound to one exact transaction",
	"scopes.allows": "What a token allows", "scopes.summary": "What a bound transaction is called",
}

// problemsInWords says what is wrong with what was typed into a form that is a part of the
// document: by the labels of its fields, not by places and lines of a document that nobody
// has seen. labels go before [fieldLabels], where a form calls a field otherwise.
func problemsInWords(err error, labels map[string]string) string {
	var problems environment.Problems
	var misplaced *environment.EditError
	switch {
	case errors.As(err, &problems):
	case errors.As(err, &misplaced):
		problems = environment.Problems{{Path: misplaced.Path, Message: misplaced.Why}}
	default:
		return store.RefusalOf(err).Message
	}
	said := make([]string, len(problems))
	for i, p := range problems {
		said[i] = strings.TrimSuffix(p.Message, ".") + "."
		if label := labelOf(p.Path, labels); label != "" {
			said[i] = label + ": " + said[i]
		}
	}
	return strings.Join(said, " ")
}

var entryNames = regexp.MustCompile(`\[[^\]]*\]`)

// labelOf is the label of the field for a place of the document, or of one around it; of a
// place that no form has, the place.
func labelOf(path string, labels map[string]string) string {
	for place := entryNames.ReplaceAllString(path, ""); place != ""; {
		for _, known := range []map[string]string{labels, fieldLabels} {
			if label := known[place]; label != "" {
				return label
			}
		}
		around := strings.LastIndexByte(place, '.')
		place = place[:max(around, 0)]
	}
	return path
}
