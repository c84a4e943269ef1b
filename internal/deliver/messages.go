package deliver

import (
	"embed"
	"fmt"
	htmltemplate "html/template"
	"net/url"
	"strings"
	texttemplate "text/template"
	"time"
)

// Code is a mail with a one-time code.
type Code struct {
	AppName, From, To string
	Code              string
	ValidFor          time.Duration
	Summary           string   // what exactly the code agrees to; empty unless it is bound to a transaction
	Allows            []string // what it is good for, each after the word to; empty: nobody said
}

// SignInCode carries a code that signs in and does nothing else.
func SignInCode(c Code) Message {
	// Never the code in a subject: lock screens show subjects to everyone.
	return c.message("signin", fmt.Sprintf("Your sign-in code for %s", inert(c.AppName, maxName)))
}

// StepUpCode carries a code that works only in the session that asked for it:
// to confirm that it is you, or to add the address it was sent to.
func StepUpCode(c Code) Message {
	return c.message("stepup", fmt.Sprintf("Your confirmation code for %s", inert(c.AppName, maxName)))
}

func (c Code) message(name, subject string) Message {
	return render(name, Message{From: c.From, To: c.To, Subject: subject}, view{
		App:     inert(c.AppName, maxName),
		Code:    c.Code,
		Valid:   inWords(c.ValidFor),
		Summary: inertLines(c.Summary, maxSummary),
		Allows:  inertWords(c.Allows),
	})
}

// inertWords makes foreign words safe, each to stand on a line of its own.
func inertWords(words []string) []string {
	safe := make([]string, len(words))
	for i, w := range words {
		safe[i] = inert(w, maxWords)
	}
	return safe
}

// listed is a list as a sentence has it, "a, b and c", of foreign words made safe.
func listed(words []string, most int) string {
	var b strings.Builder
	for i, w := range words {
		switch {
		case i > 0 && i == len(words)-1:
			b.WriteString(" and ")
		case i > 0:
			b.WriteString(", ")
		}
		b.WriteString(inert(w, most))
	}
	return b.String()
}

// Notice tells the owner of an account what happened to it.
type Notice struct {
	AppName, From, To string
	At                time.Time
	UserAgent         string // of the request that did it; may be empty
	// RevokeURL takes the change back; may be empty. Build it from the
	// configured public URL, never from what a request says (Host), and let
	// the page it opens ask before it acts: mail scanners follow links.
	RevokeURL string
}

// AddressChanged goes to the old address. The new one is shown masked.
func AddressChanged(n Notice, newAddress string) Message {
	v := n.view()
	v.What = inert(maskedAddress(newAddress), maxAddress)
	return render("address_changed", n.envelope("Your address at %s was changed"), v)
}

// CredentialLinked tells that there is a new way to prove to be this user.
// what names it in a few words: "passkey Work laptop".
func CredentialLinked(n Notice, what string) Message {
	v := n.view()
	v.What = inert(what, maxWords)
	return render("credential_linked", n.envelope("New on your %s account: a way to prove it is you"), v)
}

// CredentialUnlinked tells that a way to prove to be this user is gone.
func CredentialUnlinked(n Notice, what string) Message {
	v := n.view()
	v.What = inert(what, maxWords)
	return render("credential_unlinked", n.envelope("Removed from your %s account: a way to prove it is you"), v)
}

// CredentialRenamed tells that a way to prove to be this user has another name. what
// says both, in quotes: who renamed it may be a stranger.
func CredentialRenamed(n Notice, what string) Message {
	v := n.view()
	v.What = inert(what, 2*maxWords)
	return render("credential_renamed", n.envelope("Renamed on your %s account: a way to prove it is you"), v)
}

// RecoveryCodeUsed tells that one of the user's recovery codes was used.
func RecoveryCodeUsed(n Notice, left int) Message {
	v := n.view()
	v.What = fmt.Sprintf("%d", left)
	return render("recovery_code_used", n.envelope("A recovery code of your %s account was used"), v)
}

// FactorsReset tells that an operator took all second factors away.
func FactorsReset(n Notice) Message {
	return render("factors_reset", n.envelope("Your %s account: second factors were reset"), n.view())
}

// ChangeDisputed tells that somebody said "this was not me" about a change that
// nobody but a stronger proof takes back. what names it: "authenticator app phone".
func ChangeDisputed(n Notice, what string) Message {
	v := n.view()
	v.What = inert(what, maxWords)
	return render("change_disputed", n.envelope("In dispute on your %s account: a way to prove it is you"), v)
}

// DisputeSettled tells what was decided about a change that was disputed.
func DisputeSettled(n Notice, what string, kept bool) Message {
	v := n.view()
	v.What, v.Changes = inert(what, maxWords), []string{decided(kept)}
	return render("dispute_settled", n.envelope("Decided on your %s account: a way to prove it is you"), v)
}

func decided(kept bool) string {
	if kept {
		return "It stays."
	}
	return "It was taken away, with what it had let in."
}

// DeviceLink is a mail with a link that registers the device somebody signs in on.
type DeviceLink struct {
	Notice
	URL      string // where it leads: the app, never this server
	ValidFor time.Duration
}

// RegisterDevice carries the link. Whoever opens it elsewhere gets nothing by it.
func RegisterDevice(l DeviceLink) Message {
	v := l.view()
	v.URL, v.Valid = link(l.URL), inWords(l.ValidFor)
	return render("device_link", l.envelope("Finish signing in to %s"), v)
}

// DeviceRegistered tells that a user signs in on a further device from now on.
func DeviceRegistered(n Notice) Message {
	return render("device_registered", n.envelope("New on your %s account: a device you sign in on"), n.view())
}

// DeviceRevoked tells that a device has to be registered again. what says which.
func DeviceRevoked(n Notice, what string) Message {
	v := n.view()
	v.What = inert(what, maxWords)
	return render("device_revoked", n.envelope("Removed from your %s account: a device you sign in on"), v)
}

// DeviceName is what people are told of a device, of what its browser says of itself.
func DeviceName(userAgent string) string { return device(userAgent) }

// UserDeleted tells that the account is gone.
func UserDeleted(n Notice) Message {
	return render("user_deleted", n.envelope("Your %s account was deleted"), n.view())
}

// Weakened tells an operator that an environment's rules were lowered.
type Weakened struct {
	EnvironmentName, From, To string
	At                        time.Time
	Actor                     string   // who did it
	Changes                   []string // one sentence each
}

// EnvironmentWeakened goes to every operator.
func EnvironmentWeakened(w Weakened) Message {
	app := inert(w.EnvironmentName, maxName)
	v := view{App: app, When: moment(w.At), What: inert(w.Actor, maxWords)}
	for _, change := range w.Changes {
		v.Changes = append(v.Changes, inert(change, maxSummary))
	}
	m := Message{From: w.From, To: w.To, Subject: fmt.Sprintf("Rules of environment %s were weakened", app)}
	return render("environment_weakened", m, v)
}

// ConsoleInvitation invites somebody to be an operator.
type ConsoleInvitation struct {
	To, From string
	At       time.Time
	Where    string // which console: its host
	As       string // in a few words: "as owner of all environments"
	By       string // who invites
	URL      string
	ValidFor time.Duration
}

// InviteToConsole carries the link. Nothing is accepted by opening it, only by the form
// of the page that it opens.
func InviteToConsole(i ConsoleInvitation) Message {
	app := inert(i.Where, maxName)
	return render("console_invitation", Message{From: i.From, To: i.To, Subject: fmt.Sprintf("You are invited to the console of %s", app)},
		view{App: app, When: moment(i.At), What: inert(i.By, maxWords), Changes: []string{inert(i.As, maxWords)}, URL: link(i.URL),
			Valid: inWords(i.ValidFor)})
}

func (n Notice) view() view {
	return view{
		App:       inert(n.AppName, maxName),
		When:      moment(n.At),
		Device:    device(n.UserAgent),
		RevokeURL: link(n.RevokeURL),
	}
}

func (n Notice) envelope(subject string) Message {
	return Message{From: n.From, To: n.To, Subject: fmt.Sprintf(subject, inert(n.AppName, maxName))}
}

// view is what the templates see. All foreign text in it has gone through
// inert; html/template escapes it once more for where it stands.
type view struct {
	App       string
	Code      string
	Valid     string
	Summary   []string
	Allows    []string // what a code is good for, each after the word to
	When      string
	Device    string
	What      string
	Changes   []string
	RevokeURL string
	URL       string // where a mail leads that is there to be followed
}

//go:embed templates
var templates embed.FS

var (
	texts = texttemplate.Must(texttemplate.ParseFS(templates, "templates/*.txt"))
	pages = parsePages(
		"signin", "stepup", "address_changed", "credential_linked",
		"credential_unlinked", "credential_renamed", "recovery_code_used", "factors_reset",
		"change_disputed", "dispute_settled", "user_deleted", "environment_weakened",
		"device_link", "device_registered", "device_revoked", "console_invitation",
	)
)

// parsePages gives every page its own copy of the layout, whose blocks it fills.
func parsePages(names ...string) map[string]*htmltemplate.Template {
	layout := htmltemplate.Must(htmltemplate.ParseFS(templates, "templates/layout.html"))
	parsed := make(map[string]*htmltemplate.Template, len(names))
	for _, name := range names {
		page := htmltemplate.Must(layout.Clone())
		parsed[name] = htmltemplate.Must(page.ParseFS(templates, "templates/"+name+".html"))
	}
	return parsed
}

// render fills in both parts. The templates are embedded and view has all they
// ask for, so that an error is a mistake of ours.
func render(name string, m Message, v view) Message {
	var text, page strings.Builder
	if err := texts.ExecuteTemplate(&text, name+".txt", v); err != nil {
		panic(fmt.Sprintf("deliver: rendering %s.txt: %v", name, err))
	}
	if err := pages[name].ExecuteTemplate(&page, "layout.html", v); err != nil {
		panic(fmt.Sprintf("deliver: rendering %s.html: %v", name, err))
	}
	m.Text, m.HTML = text.String(), page.String()
	return m
}

// link is raw if it can be a link of ours, else "", for which the templates
// have other words. Re-encoded, it holds no spaces or line breaks.
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

func moment(t time.Time) string { return t.UTC().Format("2 January 2006, 15:04 UTC") }

// inWords is d in the unit people use: "5 minutes", "90 seconds".
func inWords(d time.Duration) string {
	count, unit := int(d/time.Second), "second"
	switch {
	case d >= time.Hour && d%time.Hour == 0:
		count, unit = int(d/time.Hour), "hour"
	case d >= time.Minute && d%time.Minute == 0:
		count, unit = int(d/time.Minute), "minute"
	}
	if count == 1 {
		return "1 " + unit
	}
	return fmt.Sprintf("%d %ss", count, unit)
}
