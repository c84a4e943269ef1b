package deliver

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stepup-auth/stepup"
)

// words is all that messages say in one language, with a name in braces for each
// thing that is filled in. A test holds that every language has every sentence, with
// the same names in it.
type words struct {
	code     codeWords
	notice   noticeWords
	text     textWords
	mails    map[string]mailWords // by template
	things   map[string]string    // by [Thing.Kind]
	allows   map[string]string    // by scope, as a list has it after the sentence that introduces it
	anything string               // a scope of the app's own without words
	seconds  [2]string            // one, several
	minutes  [2]string
	hours    [2]string
	date     string // of {day}, {month}, {year} and {time}
	months   [12]string
	and      string // between the last two of a list
	comma    string
	on       string // a {browser} on a {system}
	unknown  string // a device that says nothing of itself
}

// mailWords are the sentences that one mail has to itself.
type mailWords struct {
	subject string
	title   string
	preview string
	label   string // of what the mail is about
	lead    string // before the facts
	advice  string // after them, where no link takes it back; empty: that of all notices
}

// codeWords are the sentences of mails with a code.
type codeWords struct {
	preview string
	signIn  string // what it is for
	session string
	named   string // introduces the list of what it allows
	unnamed string // nobody said what it is for
	only    string // what to do if it is something else
	exactly string // introduces the transaction
	unless  string
	never   string
	ignore  string // who did not ask to sign in
	alarm   string // who did not ask for a confirmation
	adding  string // the title where a new address is proven, perhaps
}

// noticeWords are the sentences that notices share.
type noticeWords struct {
	when, from string
	fine       string
	takeBack   string
	notMe      string // on the button
	byHand     string
	automatic  string // below every mail
	newDevice  string // on the button of the mail with a link
	once       string // how often that link works
	notYou     string
	stays      string
	goes       string
	weaker     string // introduces the list
	settled    string // before what was decided
	now        string // a thing that has another name
	moved      string // a thing that went to another account
	disputed   string // what to do meanwhile

	theyDeleted string // who deleted the account, if its user did not

	open              string // the button that leads to the app
	accept, private   string // the button of an invitation, and what to know of its link
	role, environment string
	everywhere        string // all environments
	runner            string // whoever runs the installation
}

// textWords are the text messages. What they are about comes as {what}.
type textWords struct {
	signIn, session   string // before the code
	named, unnamed    string
	exactly           string
	valid             string
	notYou            string
	changed, linked   string
	recovering        string
	unlinked, renamed string
	recovered, reset  string
	disputed, settled string
	registered        string
	revoked, deleted  string
}

// Languages are those that every message can be written in.
var Languages = []string{"en", "de", "es", "fr", "pt", "ja"}

// in gives the words of a language, English ones where there is none such.
func in(language string) *words {
	switch language {
	case "de":
		return &german
	case "es":
		return &spanish
	case "fr":
		return &french
	case "pt":
		return &portuguese
	case "ja":
		return &japanese
	}
	return &english
}

// Preferred is the first language of an Accept-Language header that is offered, by
// the weights in it; empty: none is.
func Preferred(header string, offered []string) string {
	type wish struct {
		language string
		weight   float64
	}
	var wishes []wish
	for part := range strings.SplitSeq(header[:min(len(header), maxWishes)], ",") {
		tag, parameters, _ := strings.Cut(part, ";")
		language, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(tag)), "-")
		weight := 1.0
		if q, given := strings.CutPrefix(strings.TrimSpace(parameters), "q="); given {
			parsed, err := strconv.ParseFloat(q, 64)
			if err != nil || !(parsed > 0 && parsed <= 1) {
				continue
			}
			weight = parsed
		}
		if slices.Contains(offered, language) {
			wishes = append(wishes, wish{language, weight})
		}
	}
	best := wish{}
	for _, w := range wishes {
		if w.weight > best.weight {
			best = w
		}
	}
	return best.language
}

// maxWishes is how much of a header is read.
const maxWishes = 500

// filling is what stands for the names in braces.
type filling map[string]string

// fill fills in a sentence, once: braces in what is filled in stay as they are.
func fill(sentence string, with filling) string {
	pairs := make([]string, 0, 2*len(with))
	for name, value := range with {
		pairs = append(pairs, "{"+name+"}", value)
	}
	return strings.NewReplacer(pairs...).Replace(sentence)
}

// moment is a time as the language writes it.
func (w *words) moment(t time.Time) string {
	t = t.UTC()
	return fill(w.date, filling{
		"day": strconv.Itoa(t.Day()), "month": w.months[t.Month()-1], "year": strconv.Itoa(t.Year()), "time": t.Format("15:04"),
	})
}

// lasting is d in the unit people use: "5 minutes", "90 seconds".
func (w *words) lasting(d time.Duration) string {
	count, unit := int(d/time.Second), w.seconds
	switch {
	case d >= time.Hour && d%time.Hour == 0:
		count, unit = int(d/time.Hour), w.hours
	case d >= time.Minute && d%time.Minute == 0:
		count, unit = int(d/time.Minute), w.minutes
	}
	form := unit[1]
	if count == 1 {
		form = unit[0]
	}
	return fill(form, filling{"n": strconv.Itoa(count)})
}

// list is a list as a sentence has it, "a, b and c".
func (w *words) list(items []string) string {
	var b strings.Builder
	for i, item := range items {
		switch {
		case i > 0 && i == len(items)-1:
			b.WriteString(w.and)
		case i > 0:
			b.WriteString(w.comma)
		}
		b.WriteString(item)
	}
	return b.String()
}

// allowed says what a code is good for: a scope of ours in words, and words as they are.
func (w *words) allowed(what string) string {
	if said, ok := w.allows[what]; ok {
		return said
	}
	if stepup.Scope(what).Valid() {
		return fill(w.anything, filling{"scope": what})
	}
	return what
}

// device names the browser in words of ours. None of the user agent's own text
// is shown, because whoever made the request wrote it, and the notice is there
// to warn of them.
func (w *words) device(userAgent string) string {
	browser, system := find(browsers, userAgent), find(systems, userAgent)
	switch {
	case browser != "" && system != "":
		return fill(w.on, filling{"browser": browser, "system": system})
	case browser != "" || system != "":
		return browser + system
	}
	return w.unknown
}

// A Thing is what a notice is about: a means of proof, or a device. It is named in the
// language of the message; Shown is all of it that tells it apart.
type Thing struct {
	Kind  string // one of those below; empty: Shown says all
	Shown string
	Now   string // the name it has now
	Moved bool   // it belongs to another account now
}

// The kinds of things. The last ones have nothing to tell them apart.
const (
	EmailAddress     = "email"
	PhoneNumber      = "phone"
	Wallet           = "wallet"
	Login            = "login"
	AuthenticatorApp = "totp"
	Passkey          = "passkey"
	Agent            = "agent" // a device, by its user agent

	ExternalLogin = "external"
	RecoveryCodes = "recovery"
	EveryDevice   = "devices"
	EmailChange   = "email change"
	PhoneChange   = "phone change"
	LoginChange   = "change"
)

const maxOwnName = 36

// ownName is a name that a person, or whoever acted as them, has chosen: short, and
// without the quotes it will stand in.
func ownName(name string) string {
	name = strings.NewReplacer(`"`, "'", "「", "'", "」", "'").Replace(name)
	if runes := []rune(name); len(runes) > maxOwnName {
		name = string(runes[:maxOwnName]) + "…"
	}
	return name
}

// thing names it in words that are not yet safe to print.
func (w *words) thing(t Thing) string {
	said := t.Shown
	switch t.Kind {
	case "":
	case Agent:
		said = w.device(t.Shown)
	case Login, AuthenticatorApp, Passkey:
		said = fill(w.things[t.Kind], filling{"name": ownName(t.Shown)})
	default:
		said = fill(w.things[t.Kind], filling{"name": t.Shown})
	}
	if t.Now != "" {
		said = fill(w.notice.now, filling{"what": said, "name": ownName(t.Now)})
	}
	if t.Moved {
		said = fill(w.notice.moved, filling{"what": said})
	}
	return said
}

func (t Thing) String() string { return fmt.Sprint(english.thing(t)) }
