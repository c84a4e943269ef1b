package console

import (
	"strconv"
	"strings"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/operator"
)

// securityPage is what an environment asks of its users. Every form on it posts a
// proposal, which is looked at before it is made.
type securityPage struct {
	Revision  int64
	Version   string
	Newest    bool
	MayWrite  bool
	Path      string
	Events    []eventRow
	Methods   []methodRow
	Switches  []switchRow
	Enrol     []choice
	Enrolment string // as it is
	Scopes    []scopeRow
	Lists     []allowList
}

// eventRow is an event of action-based MFA and the scope it carries over to.
type eventRow struct {
	Name, Action, Scope string
	At                  string // path in the document
	Required            bool
	Always              bool // asked at the newest version, whatever stands here
	SingleUse           bool
	MayTimeBound        bool
	Seconds, Most       int
}

// methodRow is a second factor.
type methodRow struct {
	Name, Says, At   string
	Enabled, Backups bool
	MayBackup        bool
}

// switchRow is a setting that is on or off.
type switchRow struct {
	Name, Says, At string
	On             bool
}

// scopeRow is a scope as its rule stands.
type scopeRow struct {
	Scope, Audience, Path string
	Custom, Required      bool
	SingleUse             bool
	Seconds               int
	Floor                 string
	Binding               string
}

// allowList is a list of who or what may do something.
type allowList struct {
	Name, Says, At string
	Entries        []string
	Adds           string // an example; empty: nothing is added here
}

func (securityPage) template() string { return "security" }
func (securityPage) title() string    { return "Security" }

// eventNames are the events as people know them.
var eventNames = []struct{ name, action string }{
	{"WaaS Export", "wallet.waas.export"}, {"WaaS Refresh", "wallet.waas.refresh"}, {"WaaS Sign", "wallet.waas.sign"},
	{"WaaS Reshare", "wallet.waas.reshare"}, {"User update", "user.update"},
	{"Offline recovery", "wallet.waas.offline_recovery_trigger"},
}

func security(r *request) (answer, error) {
	env, err := environment.Parse([]byte(r.environment.Document))
	if err != nil {
		return nil, err
	}
	p := securityOf(env)
	p.Revision, p.MayWrite, p.Path = r.environment.Revision, r.may(operator.EnvironmentsWrite), r.within("security")
	for i := range p.Scopes {
		p.Scopes[i].Path = p.Path + "/scopes/" + p.Scopes[i].Scope
	}
	return show(p)
}

// securityOf is the page of a document.
func securityOf(env *environment.Environment) securityPage {
	p := securityPage{Version: string(env.MinAPIVersion), Newest: env.MinAPIVersion == environment.Newest}
	for _, event := range eventNames {
		p.Events = append(p.Events, eventOf(env, event.name, event.action))
	}
	for _, m := range []methodRow{
		{Name: "Authenticator app", Says: "A code of six digits from an app on the user’s phone.", At: "totp", MayBackup: true},
		{Name: "Passkey", Says: "The device’s own lock. Cannot be phished.", At: "passkey", MayBackup: true},
	} {
		m.Enabled, m.Backups = env.MFA.Enables(m.At), env.MFA.AllowsBackupCodesFor(m.At)
		m.At = "mfa.methods[" + m.At + "]"
		p.Methods = append(p.Methods, m)
	}
	p.Switches = []switchRow{
		{"A second factor at every sign-in", "Not only where a step-up asks for one.", "mfa.enabled", env.MFA.Enabled},
		{"Every user must enrol a second factor", "Until then a session may do nothing else.", "mfa.required", env.MFA.Required},
		{"Codes by text message", "A number can be diverted. The countries that may be texted stand in the document.", "sms.enabled",
			env.SMS.Enabled},
		{"Unknown addresses become users", "Off: only people who are there already sign in.", "signUp.enabled", env.SignUp.Enabled},
		{"Unknown devices wait for a link by mail", "A sign-in on a device that was not seen before is confirmed from the mailbox.",
			"sessions.deviceRegistration", env.Sessions.DeviceRegistration},
	}
	p.Enrolment = env.MFA.Enrollment
	for _, e := range []choice{{"none", "Never by itself", false}, {"signup", "At sign-up", false}, {"action", "Before an action", false}} {
		e.Chosen = e.Value == env.MFA.Enrollment
		p.Enrol = append(p.Enrol, e)
	}
	for _, b := range environment.Builtins {
		if !strings.HasPrefix(string(b.Scope), "console:") {
			p.Scopes = append(p.Scopes, scopeOf(env, string(b.Scope)))
		}
	}
	for _, s := range env.Scopes {
		if s.Audience != "" {
			p.Scopes = append(p.Scopes, scopeOf(env, s.Scope))
		}
	}
	var entries []string
	for _, entry := range env.Compatibility {
		entries = append(entries, string(entry))
	}
	p.Lists = []allowList{
		{"Origins", "Pages of these may call with the user’s session.", "origins", env.Origins, "https://app.example.com"},
		{"Where a sign-in may return to", "", "redirectOrigins", env.RedirectOrigins, "https://app.example.com"},
		{"Pages that may use passkeys", "", "passkeys.origins", env.Passkeys.Origins, "https://app.example.com"},
		{"Compatibility entries", "Calls that published clients cannot attach a token to, let through without one.", "compatibility",
			entries, "link-email"},
	}
	return p
}

func eventOf(env *environment.Environment, name, action string) eventRow {
	set, _ := env.Action(action)
	scope, known := environment.ScopeOf(action)
	builtin, _ := environment.BuiltinScope(scope)
	life := env.ActionLife(action)
	e := eventRow{Name: name, Action: action, Scope: scope, At: "mfa.actions[" + action + "]", Required: set.Required,
		Always: builtin.Always, SingleUse: life.SingleUse, Seconds: life.Seconds, Most: environment.MaxSingleUseSeconds,
		MayTimeBound: known && (builtin.MayTimeBound || builtin.TokenBehavior == environment.TimeBound)}
	if e.MayTimeBound {
		e.Most = environment.MaxTimeBoundSeconds
	}
	return e
}

func scopeOf(env *environment.Environment, scope string) scopeRow {
	own, declared := env.Scope(scope)
	builtin, known := environment.BuiltinScope(scope)
	life, _ := env.Life(scope)
	row := scopeRow{Scope: scope, Audience: own.Audience, Custom: !known && declared, SingleUse: life.SingleUse, Seconds: life.Seconds,
		Binding: env.BindingOf(scope).Require}
	on, _ := env.Action(builtin.Action)
	switch {
	case own.Required != nil:
		row.Required = *own.Required || builtin.Always
	case known:
		row.Required = builtin.Always || on.Required
	default:
		row.Required = true
	}
	var floors []string
	for _, f := range []struct{ who, acr string }{{"without MFA", own.Floor.WithoutMFA}, {"with MFA", own.Floor.WithMFA}} {
		if f.acr != "" {
			floors = append(floors, floorName(f.acr)+" "+f.who)
		}
	}
	if own.Floor.Preset != "" {
		floors = append(floors, own.Floor.Preset)
	}
	row.Floor = strings.Join(floors, ", ")
	return row
}

// floorNames are the classes of proof, weakest first.
var floorNames = []choice{
	{"urn:stepup:federated", "any proof", false}, {"urn:stepup:reauth", "a fresh proof", false},
	{"urn:stepup:mfa", "a second factor", false}, {"urn:stepup:phr", "a passkey", false},
}

func floorName(acr string) string {
	for _, f := range floorNames {
		if f.Value == acr {
			return f.Name
		}
	}
	return acr
}

// scopePage is the rule of one scope, or the form of a new one.
type scopePage struct {
	Scope      string
	New        bool
	Custom     bool
	Bindable   bool
	Always     bool
	Revision   int64
	MayWrite   bool
	At         string // path in the document
	Path       string
	Set        map[string]string // by key, as the document says it; empty: the default
	WithoutMFA []choice
	WithMFA    []choice
	Behavior   []choice
	Require    []choice
	Bind       []choice
	Most       int
}

func (scopePage) template() string { return "security_scope" }
func (p scopePage) title() string {
	if p.New {
		return "Add a scope"
	}
	return p.Scope
}
func (scopePage) crumbs() []crumb { return []crumb{{"Security", "./security"}} }

func scopeShow(r *request) (answer, error) {
	env, err := environment.Parse([]byte(r.environment.Document))
	if err != nil {
		return nil, err
	}
	scope := r.PathValue("scope")
	_, declared := env.Scope(scope)
	_, known := environment.BuiltinScope(scope)
	if !declared && !known || strings.HasPrefix(scope, "console:") {
		return nil, errNotFound
	}
	return show(r.scopePage(env, scope))
}

// scopeNew is the form of a scope that is not there yet: first its name, then its rule.
func scopeNew(r *request) (answer, error) {
	env, err := environment.Parse([]byte(r.environment.Document))
	if err != nil {
		return nil, err
	}
	name := strings.TrimSpace(r.FormValue("scope"))
	if name == "" || !stepup.Scope(name).Valid() || stepup.Scope(name).Reserved() {
		return show(scopePage{New: true, Scope: name, MayWrite: true, Path: r.within("security")})
	}
	if _, declared := env.Scope(name); declared {
		return redirect(r.within("security/scopes/")+name, "This scope is there already.")
	}
	return show(r.scopePage(env, name))
}

func (r *request) scopePage(env *environment.Environment, scope string) scopePage {
	p := scopePageOf(env, scope)
	p.Revision, p.MayWrite, p.Path = r.environment.Revision, r.may(operator.EnvironmentsWrite), r.within("security")
	return p
}

func scopePageOf(env *environment.Environment, scope string) scopePage {
	own, _ := env.Scope(scope)
	builtin, known := environment.BuiltinScope(scope)
	p := scopePage{Scope: scope, Custom: !known, Always: builtin.Always, Bindable: environment.Bindable(scope),
		At: "scopes[" + scope + "]", Most: environment.MaxSingleUseSeconds}
	required := ""
	if own.Required != nil {
		required = strconv.FormatBool(*own.Required)
	}
	seconds, wait := "", ""
	if own.ExpirySeconds != 0 {
		seconds = strconv.Itoa(own.ExpirySeconds)
	}
	if own.CoolDown != 0 {
		wait = own.CoolDown.String()
	}
	p.Set = map[string]string{
		"audience": own.Audience, "required": required, "tokenBehavior": own.TokenBehavior, "expirySeconds": seconds, "coolDown": wait,
		"floor.withoutMfa": own.Floor.WithoutMFA, "floor.withMfa": own.Floor.WithMFA, "floor.preset": own.Floor.Preset,
		"binding.require": own.Binding.Require, "allows": own.Allows, "summary": own.Summary,
	}
	none := choice{"", "the default", false}
	p.WithoutMFA = chosen(append([]choice{none}, floorNames...), own.Floor.WithoutMFA)
	p.WithMFA = chosen(append([]choice{none}, floorNames[2:]...), own.Floor.WithMFA)
	p.Require = chosen([]choice{none, {"true", "always", false}, {"false", "not", false}}, required)
	if known {
		p.Require = p.Require[:2]
	}
	p.Behavior = chosen([]choice{none, {environment.SingleUse, "once", false}, {environment.TimeBound, "until it expires", false}},
		own.TokenBehavior)
	if !known || builtin.MayTimeBound || builtin.TokenBehavior == environment.TimeBound {
		p.Most = environment.MaxTimeBoundSeconds
	} else {
		p.Behavior = p.Behavior[:2]
	}
	p.Bind = chosen([]choice{none, {environment.BindNever, "never", false}, {environment.BindAbove, "above amounts", false},
		{environment.BindAlways, "always", false}}, own.Binding.Require)
	return p
}

// chosen marks the choice of a value.
func chosen(list []choice, value string) []choice {
	for i := range list {
		list[i].Chosen = list[i].Value == value
	}
	return list
}
