package policy

import (
	"slices"
	"time"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/assurance"
	"github.com/stepup-auth/stepup/internal/environment"
)

// Means is one thing a person could prove themselves with.
type Means struct {
	ID      string // credential or factor id
	Kind    assurance.Kind
	Format  string        // credential format on the wire: email, totp, …
	Type    string        // totp, passkey, the social provider; empty otherwise
	Alias   string        // display text
	ACR     assurance.ACR // what it yields; empty: the best of its kind
	Counts  bool          // false: its method is off, it is disabled for sign-in, or it is an embedded wallet
	Proven  bool          // a proof let it in, or has confirmed it since
	Default bool          // the default MFA device
}

// Person is what a decision needs to know about a user, all of it from the store.
type Person struct {
	Means              []Means // in order of creation
	SignInCredentialID string
	Owes               bool          // the session still owes a second factor
	HasFactor          bool          // an MFA method is registered, be it one that is no Means because it counts for nothing
	Disputed           bool          // somebody denied a change to the account, and nobody has decided
	Withheld           []string      // ids of what a dispute keeps from minting and opening anything; the person still has them
	Changed            bool          // a factor was added or recovered with, ever
	SinceChange        time.Duration // how long ago, when Changed
}

// Enrolled reports whether the person has a verified MFA method. One whose
// method the operator has switched off since still counts here: switching it
// off must not make a weaker proof enough.
func (p Person) Enrolled() bool {
	return slices.ContainsFunc(p.Means, func(m Means) bool { return m.Kind.MFA() })
}

// proven reports whether a proof stands behind one of the person's MFA methods,
// apart from recovery codes, which stand in for them.
func (p Person) proven() bool {
	return slices.ContainsFunc(p.Means, func(m Means) bool { return m.Kind.Factor() && m.Proven })
}

// Use tells the calls of one scope apart, where a version protects only some.
type Use int

// Whatever the version, what takes a means of step-up away was never free, nor what
// shows the recovery codes of a second factor that a proof had let in.
const (
	Ordinary     Use = iota
	RemovesProof     // of credential:unlink
	ShowsCodes       // of credential:link
)

// Uses lists every [Use].
var Uses = [...]Use{Ordinary, RemovesProof, ShowsCodes}

// Decision is the answer for one person and one scope.
type Decision struct {
	Rule      Rule
	Required  bool                   // by some call of the scope; after [Decision.For], by that call
	Entry     environment.Compatible // the compatibility entry without which it would be required; empty: none
	Floor     assurance.ACR          // that holds for this person
	Offers    []Means                // what would mint the scope, after the cool-down; empty: nothing would
	DefaultID string                 // which of them to offer first; empty without offers
	CoolDown  time.Duration          // how much longer nothing mints it, because a factor has just changed; 0: no wait
	Disputed  bool                   // a dispute is open: no gate is free, and not all that the person has counts

	withheld        []string
	excludeReauth   bool // the person has a second factor, so that nothing weaker counts
	factorsOnly     bool // the session owes a second factor, so that nothing else counts
	externalReplace bool // an external assertion stands in for a second factor
	means           []Means
	required        [len(Uses)]bool // by use
}

// For is the decision for one call. The check is about the scope, and says that a
// token is required as soon as one of its calls asks this person for one.
func (d Decision) For(use Use) Decision {
	d.Required = d.required[use]
	return d
}

// Vouches reports whether a token that came from this credential may still open
// anything: the person has it, and it counts under the rules in force.
func (d Decision) Vouches(credentialID string) bool {
	return slices.ContainsFunc(d.means, func(m Means) bool { return m.ID == credentialID && m.Counts })
}

// Withholds reports whether a dispute keeps the credential from minting and from
// opening anything.
func (d Decision) Withholds(credentialID string) bool {
	return slices.Contains(d.withheld, credentialID)
}

// NoMethod reports whether the person has nothing that could satisfy the scope.
func (d Decision) NoMethod() bool { return len(d.Offers) == 0 }

// Methods names the kinds of proof that would satisfy the scope, each once.
func (d Decision) Methods() []string {
	kinds := []string{}
	for _, offer := range d.Offers {
		if !slices.Contains(kinds, string(offer.Kind)) {
			kinds = append(kinds, string(offer.Kind))
		}
	}
	return kinds
}

// Decide judges one scope for one person. The only errors are ErrUnknownScope
// and, but for operators in their own environment, ErrOperatorScope.
func Decide(env *environment.Environment, person Person, scope stepup.Scope) (Decision, error) {
	rule, err := RuleFor(env, scope)
	if err != nil {
		return Decision{}, err
	}
	if rule.Operator && env.ID != environment.Operators {
		return Decision{}, ErrOperatorScope
	}
	enrolled := person.Enrolled()
	d := Decision{Rule: rule, Floor: rule.Floor.WithoutMFA, means: person.Means}
	if enrolled {
		d.Floor = rule.Floor.WithMFA
	}
	d.excludeReauth = enrolled && env.MFA.On()
	// A session that owes a second factor may give it, or earn the token to enrol
	// one with; nothing else.
	d.factorsOnly = person.Owes && scope != stepup.CredentialLink
	d.externalReplace = env.ExternalAuth.Enabled && env.ExternalAuth.AssertionReplacesMFA
	d.Disputed, d.withheld = person.Disputed, person.Withheld
	for _, use := range Uses {
		d.required[use], d.Entry = required(env, rule, person, use)
		d.Required = d.Required || d.required[use]
	}
	if person.Changed {
		d.CoolDown = max(0, rule.CoolDown-person.SinceChange)
	}
	for _, m := range person.Means {
		if m.Counts && !d.Withholds(m.ID) && d.admits(m.Kind, m.acr()) {
			d.Offers = append(d.Offers, m)
		}
	}
	d.DefaultID = defaultOffer(d.Offers, person.SignInCredentialID)
	return d, nil
}

// required says whether one use of the scope asks this person for a token, and, where
// a compatibility entry alone keeps it free, which entry that is.
func required(env *environment.Environment, rule Rule, person Person, use Use) (bool, environment.Compatible) {
	switch {
	case rule.Audience != "":
		return rule.When == Always, ""
	case person.Disputed && asked(env, rule):
		return true, ""
	case env.MinAPIVersion != environment.Version20260101:
		is := asked(env, rule)
		if entry := withoutMFA[rule.Scope]; is && entry != "" && env.Allows(entry) && !env.MFA.Required && !person.HasFactor &&
			!person.Enrolled() {
			return false, entry
		}
		return is, ""
	case use == RemovesProof && rule.Scope == stepup.CredentialUnlink && person.Enrolled():
		return true, ""
	case use == ShowsCodes && rule.Scope == stepup.CredentialLink && person.proven():
		return true, ""
	}
	return rule.Action != "" && on(env, rule.Action) && (env.MFA.Required || person.Enrolled()), ""
}

// withoutMFA are the entries that keep free, for people without a second factor,
// what the old version asked of nobody else.
var withoutMFA = map[stepup.Scope]environment.Compatible{
	stepup.WalletRefresh: environment.RefreshWithoutMFA, stepup.WalletReshare: environment.ReshareWithoutMFA,
}

// asked is what the newest version says, which holds under every version while a
// dispute is open: a session alone proves less than what is in dispute.
func asked(env *environment.Environment, rule Rule) bool {
	return rule.When == Always || rule.When == IfActionOn && on(env, rule.Action)
}

// on reports whether the operator switched the legacy action on.
func on(env *environment.Environment, action string) bool {
	a, _ := env.Action(action)
	return a.Required
}

// Admits reports whether a proof by this method, worth acr, may mint the
// scope now: the exclusion rule, the floor, the bans and the cool-down, whatever
// the client asks.
func (d Decision) Admits(kind assurance.Kind, acr assurance.ACR) bool {
	return d.CoolDown == 0 && d.admits(kind, acr)
}

func (d Decision) admits(kind assurance.Kind, acr assurance.ACR) bool {
	return d.obstacle(kind, acr) == ""
}

// obstacle says what keeps a proof from minting the scope, apart from a
// cool-down; empty: nothing.
func (d Decision) obstacle(kind assurance.Kind, acr assurance.ACR) string {
	switch {
	case d.excludeReauth && !kind.MFA() && !(kind == assurance.External && d.externalReplace):
		return "MFA is on and the user has a second factor, so nothing weaker counts"
	case d.factorsOnly && !kind.MFA():
		return "the session still owes a second factor, so only that counts"
	case d.Rule.Floor.NoCodes && kind.Sent():
		return "the scope's preset asvs-l3 bans email and SMS codes"
	case d.Rule.Binding.Always() && d.Rule.Binding.Displayed && !kind.Shows():
		return "the transaction must be displayed by what confirms it, and this shows nothing"
	case !acr.Meets(d.Floor):
		return "it is worth " + string(acr) + ", and the floor is " + string(d.Floor)
	}
	return ""
}

func (m Means) acr() assurance.ACR {
	if m.ACR != "" {
		return m.ACR
	}
	return m.Kind.ACR()
}

// defaultOffer prefers the default MFA device, else the MFA device added last
// (never a recovery code), else the credential that opened the session.
func defaultOffer(offers []Means, signInCredentialID string) string {
	id := ""
	for _, m := range offers {
		switch {
		case m.Default:
			return m.ID
		case m.Kind.Factor():
			id = m.ID
		}
	}
	if id != "" {
		return id
	}
	for _, m := range offers {
		if m.ID == signInCredentialID {
			return m.ID
		}
	}
	if len(offers) > 0 {
		return offers[0].ID
	}
	return ""
}

// Combine joins the rules of several scopes asked for at once: the stricter
// use, the shorter life. ok is false when they do not share one audience.
func Combine(rules []Rule) (combined Rule, ok bool) {
	for i, r := range rules {
		if i == 0 {
			combined = r
			continue
		}
		if r.Audience != combined.Audience {
			return Rule{}, false
		}
		combined.SingleUse = combined.SingleUse || r.SingleUse
		combined.Life = min(combined.Life, r.Life)
	}
	return combined, len(rules) > 0
}
