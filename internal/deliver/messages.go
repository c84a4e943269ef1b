package deliver

import (
	"cmp"
	"strconv"
	"time"
)

// Code is a mail with a one-time code.
type Code struct {
	AppName, From, To string
	Style             Style
	Code              string
	ValidFor          time.Duration
	Summary           string // what exactly the code agrees to; empty unless it is bound to a transaction
	// what it is good for, each a scope or words that follow "it is to"; empty: nobody said
	Allows []string
}

// FinishChange stands among what a code allows for the change that it finishes.
const FinishChange = "finish-change"

// SignInCode carries a code that signs in and does nothing else.
func SignInCode(c Code) Message { return c.message(SignIn) }

// StepUpCode carries a code that works only in the session that asked for it:
// to confirm that it is you, or to add the address it was sent to.
func StepUpCode(c Code) Message { return c.message(StepUp) }

func (c Code) message(template string) Message {
	w := in(c.Style.Language)
	with := filling{"app": inert(c.AppName, maxName), "valid": w.lasting(c.ValidFor)}
	allows, summary := c.allowed(w, maxWords), inertLines(c.Summary, maxSummary)
	say := func(sentence string) part { return paragraph(fill(sentence, with)) }

	parts := []part{{Code: c.Code}}
	ending := w.code.ignore
	if template == SignIn {
		parts = append(parts, say(w.code.signIn))
	} else {
		parts, ending = append(parts, say(w.code.session)), w.code.alarm
		if len(allows) > 0 {
			parts = append(parts, say(w.code.named), part{Lines: allows}, say(w.code.only))
		} else if len(summary) == 0 {
			parts = append(parts, say(w.code.unnamed))
		}
	}
	if len(summary) > 0 {
		parts = append(parts, say(w.code.exactly), part{Lines: summary}, say(w.code.unless))
	}
	parts = append(parts, say(w.code.never), say(ending))

	says := w.mails[template]
	if template == StepUp && len(allows) == 0 {
		says.title = w.code.adding
	}
	says.preview = w.code.preview
	// Never the code in a subject: lock screens show subjects to everyone.
	return outline{c.Style, template, says, with, parts}.write(Message{From: c.From, To: c.To})
}

// allowed says what the code is good for, each in words that are safe to print.
func (c Code) allowed(w *words, most int) []string {
	said := make([]string, len(c.Allows))
	for i, what := range c.Allows {
		said[i] = inert(w.allowed(what), most)
	}
	return said
}

// outline is a mail on its way to be written.
type outline struct {
	style    Style
	template string
	says     mailWords
	with     filling
	parts    []part
}

// write puts the environment's own words around ours.
func (m outline) write(to Message) Message {
	w := in(m.style.Language)
	own := m.style.Own[m.template]
	around := func(sentence string) []part {
		if sentence == "" {
			return nil
		}
		return []part{paragraph(fill(inert(sentence, maxOwn), m.with))}
	}
	l := letter{
		Language: cmp.Or(m.style.Language, "en"), App: m.with["app"], Color: m.style.color(),
		Title:   fill(cmp.Or(inert(own.Title, maxWords), m.says.title), m.with),
		Preview: fill(m.says.preview, m.with),
		Parts:   append(append(around(own.Intro), m.parts...), around(own.Closing)...), Automatic: w.notice.automatic,
	}
	if m.style.Logo {
		l.Logo = logoURL
	}
	to.Subject = cut(fill(cmp.Or(inert(own.Subject, maxWords), m.says.subject), m.with), maxSubject)
	return l.write(to)
}

// Notice tells the owner of an account what happened to it.
type Notice struct {
	AppName, From, To string
	Style             Style
	At                time.Time
	UserAgent         string // of the request that did it; may be empty
	ByOperator        bool   // an operator did it, and not the user
	// RevokeURL takes the change back; may be empty. Build it from the
	// configured public URL, never from what a request says (Host), and let
	// the page it opens ask before it acts: mail scanners follow links.
	RevokeURL string
}

// AddressChanged goes to the old address. The new one is shown masked.
func AddressChanged(n Notice, newAddress string) Message {
	return n.about(AddressChange, inert(maskedAddress(newAddress), maxAddress))
}

// CredentialLinked tells that there is a new way to prove to be this user.
func CredentialLinked(n Notice, what Thing) Message { return n.of(Linked, what) }

// Recovery tells that operators want to let somebody sign in by an address they set.
func Recovery(n Notice, what Thing) Message { return n.of(Recovering, what) }

// CredentialUnlinked tells that a way to prove to be this user is gone.
func CredentialUnlinked(n Notice, what Thing) Message { return n.of(Unlinked, what) }

// CredentialRenamed tells that a way to prove to be this user has another name. It
// stands in quotes: who renamed it may be a stranger.
func CredentialRenamed(n Notice, what Thing) Message { return n.of(Renamed, what) }

// RecoveryCodeUsed tells that one of the user's recovery codes was used.
func RecoveryCodeUsed(n Notice, left int) Message { return n.about(Recovered, strconv.Itoa(left)) }

// FactorsReset tells that an operator took all second factors away.
func FactorsReset(n Notice) Message { return n.about(Reset, "") }

// ChangeDisputed tells that somebody said "this was not me" about a change that
// nobody but a stronger proof takes back.
func ChangeDisputed(n Notice, what Thing) Message {
	w := in(n.Style.Language)
	d := n.draft(Disputed, inert(w.thing(what), maxThing))
	return d.write(paragraph(fill(w.notice.disputed, d.with)))
}

// DisputeSettled tells what was decided about a change that was disputed.
func DisputeSettled(n Notice, what Thing, kept bool) Message {
	w := in(n.Style.Language)
	d := n.draft(Settled, inert(w.thing(what), maxThing))
	d.with["decided"] = w.decided(kept)
	d.says.lead, d.says.preview = w.notice.settled, "{decided}"
	return d.write(paragraph(fill(d.says.advice, d.with)))
}

func (w *words) decided(kept bool) string {
	if kept {
		return w.notice.stays
	}
	return w.notice.goes
}

// DeviceLink is a mail with a link that registers the device somebody signs in on.
type DeviceLink struct {
	Notice
	URL      string // where it leads: the app, never this server
	ValidFor time.Duration
}

// RegisterDevice carries the link. Whoever opens it elsewhere gets nothing by it.
func RegisterDevice(l DeviceLink) Message {
	w := in(l.Style.Language)
	d := l.draft(NewDevice, "")
	d.with["valid"] = w.lasting(l.ValidFor)
	d.before = []part{{Button: w.notice.newDevice, URL: link(l.URL)}, paragraph(fill(w.notice.once, d.with))}
	return d.write(paragraph(fill(w.notice.notYou, d.with)))
}

// DeviceRegistered tells that a user signs in on a further device from now on.
func DeviceRegistered(n Notice) Message { return n.about(DeviceAdded, "") }

// DeviceRevoked tells that a device has to be registered again.
func DeviceRevoked(n Notice, what Thing) Message { return n.of(DeviceGone, what) }

// DeviceName is what people are told of a device in English, of what its browser says
// of itself.
func DeviceName(userAgent string) string { return english.device(userAgent) }

// UserDeleted tells that the account is gone.
func UserDeleted(n Notice) Message {
	if !n.ByOperator {
		return n.about(Deleted, "")
	}
	w, d := in(n.Style.Language), n.draft(Deleted, "")
	return d.write(paragraph(fill(w.notice.theyDeleted, d.with)))
}

// Weakened tells an operator that an environment's rules were lowered.
type Weakened struct {
	EnvironmentName, From, To string
	Style                     Style
	At                        time.Time
	Actor                     string   // who did it
	Changes                   []string // one sentence each
}

// EnvironmentWeakened goes to every operator. The changes are told in English, as
// everywhere.
func EnvironmentWeakened(w Weakened) Message {
	said := in(w.Style.Language)
	changes := make([]string, len(w.Changes))
	for i, change := range w.Changes {
		changes[i] = inert(change, maxSummary)
	}
	n := Notice{AppName: w.EnvironmentName, From: w.From, To: w.To, Style: w.Style, At: w.At}
	d := n.draft(Weaker, inert(w.Actor, maxWords))
	return d.write(paragraph(said.notice.weaker), part{Items: changes}, paragraph(fill(d.says.advice, d.with)))
}

// ConsoleInvitation invites somebody to be an operator.
type ConsoleInvitation struct {
	To, From    string
	Style       Style
	At          time.Time
	Where       string // which console: its host
	Role        string
	Environment string // empty: all
	By          string // who invites; empty: whoever runs the installation
	URL         string
	ValidFor    time.Duration
}

// InviteToConsole carries the link. Nothing is accepted by opening it, only by the form
// of the page that it opens.
func InviteToConsole(i ConsoleInvitation) Message {
	w := in(i.Style.Language)
	n := Notice{AppName: i.Where, From: i.From, To: i.To, Style: i.Style, At: i.At}
	d := n.draft(Invitation, inert(cmp.Or(i.By, w.notice.runner), maxWords))
	d.with["valid"] = w.lasting(i.ValidFor)
	d.before = []part{{Button: w.notice.accept, URL: link(i.URL)}, paragraph(fill(w.notice.private, d.with))}
	d.facts = append(d.facts, fact{Label: w.notice.role, Value: inert(i.Role, maxWords)},
		fact{Label: w.notice.environment, Value: inert(cmp.Or(i.Environment, w.notice.everywhere), maxWords)})
	return d.write(paragraph(fill(d.says.advice, d.with)))
}

// InviteUser tells a person that there is an account for them, and where to sign in. The
// link is the same for everybody: it lets nobody in.
func InviteUser(n Notice, appURL string) Message {
	d := n.draft(Welcome, inert(n.To, maxAddress))
	if appURL != "" {
		d.before = []part{{Button: fill(in(n.Style.Language).notice.open, d.with), URL: link(appURL)}}
	}
	return d.write(paragraph(fill(d.says.advice, d.with)))
}

// draft is a notice on its way to be written.
type draft struct {
	notice Notice
	outline
	before []part // between what happened and the facts
	facts  []fact
}

func (n Notice) draft(template, what string) *draft {
	w := in(n.Style.Language)
	d := &draft{notice: n, outline: outline{style: n.Style, template: template, says: w.mails[template], with: filling{
		"app": inert(n.AppName, maxName), "what": what, "when": w.moment(n.At), "device": w.device(n.UserAgent),
	}}}
	if d.says.label != "" {
		d.facts = append(d.facts, fact{d.says.label, what, true})
	}
	d.facts = append(d.facts, fact{Label: w.notice.when, Value: d.with["when"]})
	if template != Weaker && template != Invitation && template != Welcome {
		d.facts = append(d.facts, fact{Label: w.notice.from, Value: d.with["device"]})
	}
	return d
}

func (d *draft) write(after ...part) Message {
	d.parts = append([]part{paragraph(fill(d.says.lead, d.with))}, d.before...)
	d.parts = append(append(d.parts, part{Facts: d.facts}), after...)
	return d.outline.write(Message{From: d.notice.From, To: d.notice.To})
}

func (n Notice) of(template string, what Thing) Message {
	return n.about(template, inert(in(n.Style.Language).thing(what), maxThing))
}

// about is a notice that ends with what its reader can do about it.
func (n Notice) about(template, what string) Message {
	w, d := in(n.Style.Language), n.draft(template, what)
	undo := link(n.RevokeURL)
	switch {
	case undo != "":
		return d.write(paragraph(w.notice.fine), paragraph(w.notice.takeBack), part{Button: w.notice.notMe, URL: undo, Warning: true})
	case d.says.advice != "":
		return d.write(paragraph(fill(d.says.advice, d.with)))
	}
	return d.write(paragraph(w.notice.fine), paragraph(fill(w.notice.byHand, d.with)))
}
