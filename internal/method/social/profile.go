package social

import (
	"encoding/json"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/stepup-auth/stepup/internal/catalogue"
	"github.com/stepup-auth/stepup/internal/jws"
)

// Identity is whom a provider named. Namespace and Subject identify; the rest
// is for showing.
type Identity struct {
	Namespace string // the issuer, or the provider's name where there is none
	Subject   string
	Username  string
	Display   string
	Photo     string
	Emails    []string // only such as the provider vouches for
	Fresh     bool     // the person logged in there within this flow
}

const (
	maxSubject = 255
	maxShown   = 200
)

// identify reads an account out of a provider's profile by the catalogue's paths.
// emails is the list of addresses, where the provider has one.
func identify(row catalogue.Provider, profile map[string]any, emails []any) (Identity, error) {
	id := Identity{Namespace: row.Issuer, Subject: subjectOf(at(profile, row.Subject))}
	if id.Namespace == "" {
		id.Namespace = row.Name
	}
	if id.Subject == "" {
		return id, refuse("the profile names no account at %s", row.Subject)
	}
	id.Username, id.Display = shown(at(profile, row.Username)), shown(at(profile, row.Display))
	if photo := shown(at(profile, row.Photo)); strings.HasPrefix(photo, "https://") {
		id.Photo = photo
	}
	id.Emails = vouched(row, profile, emails)
	return id, nil
}

// at walks a path of members.
func at(profile map[string]any, path string) any {
	if path == "" {
		return nil
	}
	var value any = profile
	for name := range strings.SplitSeq(path, ".") {
		object, ok := value.(map[string]any)
		if !ok {
			return nil
		}
		value = object[name]
	}
	return value
}

// subjectOf takes text as it is and whole numbers as they were written. Anything
// else names nobody: a missing member, null, true, 1.5 or {}.
func subjectOf(value any) string {
	var text string
	switch v := value.(type) {
	case string:
		text = v
	case json.Number:
		for _, digit := range v.String() {
			if digit < '0' || digit > '9' {
				return ""
			}
		}
		if text = v.String(); text == "0" {
			return ""
		}
	}
	if len(text) > maxSubject || !printable(text) || strings.TrimSpace(text) != text {
		return ""
	}
	return text
}

// shown is text that may be displayed, else nothing.
func shown(value any) string {
	text, _ := value.(string)
	if utf8.RuneCountInString(text) > maxShown || !printable(text) {
		return ""
	}
	return text
}

func printable(text string) bool {
	return utf8.ValidString(text) &&
		!strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) })
}

// vouched lists the addresses that the provider vouches for, in the one way its
// row names. Everything else is no address of this person.
func vouched(row catalogue.Provider, profile map[string]any, emails []any) []string {
	var list []string
	add := func(value any) {
		if text := shown(value); strings.Contains(text, "@") && !strings.ContainsAny(text, " ,;<>") {
			list = append(list, text)
		}
	}
	switch row.Vouches {
	case catalogue.ByClaim:
		if jws.Says(at(profile, row.Verified)) {
			add(at(profile, row.Email))
		}
	case catalogue.ByList:
		for _, entry := range emails {
			if one, ok := entry.(map[string]any); ok && (jws.Says(one["verified"]) || jws.Says(one["is_confirmed"])) && len(list) < 20 {
				add(one["email"])
			}
		}
	}
	return list
}
