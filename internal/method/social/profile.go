package social

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/stepup-auth/stepup/internal/catalogue"
	"github.com/stepup-auth/stepup/internal/keyset"
	"github.com/stepup-auth/stepup/internal/strictjson"
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

// profile is what a provider says about somebody: members by their names.
type profile map[string]strictjson.Value

func profileOf(members strictjson.Members) profile {
	p := profile{}
	for name, value := range members.All() {
		p[name] = value
	}
	return p
}

// parseProfile reads the answer of a provider, which must be an object.
func parseProfile(answer []byte, read ...string) (profile, error) {
	v, err := parseAnswer(answer, read...)
	if err != nil {
		return nil, err
	}
	members, err := v.Object()
	if err != nil {
		return nil, refuse("reading the profile: %w", err)
	}
	return profileOf(members), nil
}

// identify reads an account out of a provider's profile by the catalogue's paths.
// emails is the list of addresses, where the provider has one.
func identify(row catalogue.Provider, p profile, emails []strictjson.Value) (Identity, error) {
	id := Identity{Namespace: row.Issuer, Subject: subjectOf(p.at(row.Subject))}
	if id.Namespace == "" {
		id.Namespace = row.Name
	}
	if id.Subject == "" {
		return id, refuse("the profile names no account at %s", row.Subject)
	}
	id.Username, id.Display = shown(p.at(row.Username)), shown(p.at(row.Display))
	if photo := shown(p.at(row.Photo)); strings.HasPrefix(photo, "https://") {
		id.Photo = photo
	}
	id.Emails = vouched(row, p, emails)
	return id, nil
}

// at walks a path of members; no value where it leads nowhere.
func (p profile) at(path string) strictjson.Value {
	name, rest, deeper := strings.Cut(path, ".")
	value := p[name]
	for deeper {
		name, rest, deeper = strings.Cut(rest, ".")
		members, _ := value.Object()
		value = members.Get(name)
	}
	return value
}

// subjectOf takes text as it is and whole numbers as they were written. Anything
// else names nobody: a missing member, null, true, 1.5 or {}.
func subjectOf(value strictjson.Value) string {
	text, _ := value.Text()
	if value.Kind() == strictjson.Number {
		text = string(value.Raw())
		if text == "0" || strings.Trim(text, "0123456789") != "" {
			return ""
		}
	}
	if len(text) > maxSubject || !printable(text) || strings.TrimSpace(text) != text {
		return ""
	}
	return text
}

// shown is text that may be displayed, else nothing.
func shown(value strictjson.Value) string {
	text, _ := value.Text()
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
func vouched(row catalogue.Provider, p profile, emails []strictjson.Value) []string {
	var list []string
	add := func(value strictjson.Value) {
		if text := shown(value); strings.Contains(text, "@") && !strings.ContainsAny(text, " ,;<>") {
			list = append(list, text)
		}
	}
	switch row.Vouches {
	case catalogue.ByClaim:
		if keyset.Says(p.at(row.Verified)) {
			add(p.at(row.Email))
		}
	case catalogue.ByList:
		for _, entry := range emails {
			one, _ := entry.Object()
			if (keyset.Says(one.Get("verified")) || keyset.Says(one.Get("is_confirmed"))) && len(list) < 20 {
				add(one.Get("email"))
			}
		}
	}
	return list
}
