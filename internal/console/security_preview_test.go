package console

import (
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/operate"
)

// cannedDocument is what the pages about rules show in the preview.
const cannedDocument = "id: " + previewEnvironment + `
name: Acme Pay
origins: [https://app.example.com]
createdAtVersion: "2026_01_01"
mfa:
  enrollment: action
  methods: [{type: totp, enabled: true}, {type: passkey, enabled: true}]
  actions:
    - {action: wallet.waas.export, required: true}
    - {action: wallet.waas.sign, required: true, tokenBehavior: time_bound, tokenExpirySeconds: 300}
passkeys: {rpId: example.com, origins: [https://app.example.com]}
scopes:
  - {scope: "transfer:create", audience: "https://bank.example", floor: {withMfa: "urn:stepup:phr"}, binding: {require: always}}
compatibility: [update-user]
rehearsal: {users: [grace@example.com]}
`

func cannedEnvironment(version string) *environment.Environment {
	env, err := environment.Parse([]byte(cannedDocument + "minApiVersion: \"" + version + "\"\n"))
	if err != nil {
		panic(err)
	}
	return env
}

func cannedSecurity(version string, change func(*securityPage)) securityPage {
	p := securityOf(cannedEnvironment(version))
	p.Revision, p.MayWrite, p.Path = 17, true, inPreview+"security"
	for i := range p.Scopes {
		p.Scopes[i].Path = p.Path + "/scopes/" + p.Scopes[i].Scope
	}
	change(&p)
	return p
}

func cannedScope(scope string, change func(*scopePage)) scopePage {
	p := scopePageOf(cannedEnvironment("2026_04_01"), scope)
	p.Revision, p.MayWrite, p.Path = 17, true, inPreview+"security"
	change(&p)
	return p
}

var cannedEffect = effectPage{
	proposal: proposal{Lines: "mfa.actions[wallet.waas.sign].required=false\nsignUp.enabled=false", Read: 17, Back: "security"},
	Changes: []environment.Change{
		{Path: "mfa.actions[wallet.waas.sign].required", Old: "true", New: "false", Weakens: "the action needs no step-up"},
		{Path: "signUp.enabled", Old: "true", New: "false"},
		{Path: "origins", New: "https://<b>new</b>.example.com",
			Weakens: "pages of https://<b>new</b>.example.com may call with the user's session"},
	},
	Weakens: 2, MayWeaken: true, StepUp: true, Path: inPreview + "security", BackPath: inPreview + "security",
	Decided: []decidedScope{{Scope: "wallet:sign", Calls: 48210, Rows: []decidedRow{
		{"required", "yes", "no", "nothing, email, sms, totp, passkey, recovery-code and 12 more", true}}}},
	Traffic: operate.Traffic{Days: 30, StepUps: 500, Calls: 1204, Oldest: previewNow.AddDate(0, 0, -6), Bounded: true,
		Otherwise: []operate.TrafficChange{{Scope: "wallet:sign", What: operate.AskedNoLonger, Count: 311, Users: 48}}},
}

func cannedEffectWith(change func(*effectPage)) effectPage {
	p := cannedEffect
	change(&p)
	return p
}

var cannedHistory = []operate.Revision{
	{Revision: 17, AppliedAt: previewNow.AddDate(0, 0, -1), Actor: "operator:" + ada.ID, RevertsTo: 15,
		Changes: []environment.Change{{Path: "signUp.enabled", Old: "false", New: "true", Weakens: "unknown addresses become users"}},
		Weakens: []string{"signUp.enabled: false -> true (weakens: unknown addresses become users)"}},
	{Revision: 16, AppliedAt: previewNow.AddDate(0, 0, -3), Actor: "service:<b>pipeline</b>",
		Changes: []environment.Change{{Path: "signUp.enabled", Old: "true", New: "false"}}},
	{Revision: 9, AppliedAt: previewNow.AddDate(0, -4, 0)},
}

func cannedDocumentPage(change func(*documentPage)) documentPage {
	p := documentPage{Text: string(cannedEnvironment("2026_04_01").YAML()), Read: 17, History: cannedHistory, MayWrite: true,
		Pager: Pager{Next: inPreview + "security/document?after=9"}, Path: inPreview + "security"}
	change(&p)
	return p
}

func cannedVersion(version string, change func(*versionPage)) versionPage {
	p := versionOf(cannedEnvironment(version))
	p.MayWrite, p.MayWeaken, p.Revision, p.Path = true, true, 17, inPreview
	p.Report = operate.Readiness{Verdict: "2026_04_01 is in force: elevated access tokens are asked for.", Days: 30,
		Clients:       []operate.ClientSeen{{Client: "WalletKit/5.3.2", LastDay: "2026-04-02"}},
		Compatibility: []operate.EntryUse{{Entry: "update-user", Removable: true}}}
	change(&p)
	p.Chart = readinessChart(p.Report)
	return p
}

func unready(p *versionPage) {
	p.Report = operate.Readiness{
		Verdict: "Not ready: 12 of 48,210 protected calls of the last 30 days would be refused, all from ClientSDK/0.23.4. Upgrade these " +
			"clients, or see what accepting turns on for them.",
		Calls: operate.Tally{Pass: 40000, Prompt: 8198, Refuse: 12}, Days: 30, UsersAsked: 1204, Unconfirmed: 3, NeverSignedIn: 41,
		Refusals: []operate.RefusedCall{{Call: "sign", Scope: "wallet:sign", Client: "ClientSDK/0.23.4", Reason: "missing", Count: 12,
			Minimum: "0.24.1", LastDay: "2026-04-01"}},
		Trend: []operate.DayTally{{Day: "2026-03-31", Tally: operate.Tally{Pass: 20000, Prompt: 4000, Refuse: 4}},
			{Day: "2026-04-01", Tally: operate.Tally{Pass: 20000, Prompt: 4198, Refuse: 8}}},
		Clients: []operate.ClientSeen{{Client: "ClientSDK/0.23.4", LastDay: "2026-04-01", Minimum: "0.24.1"},
			{Client: "WalletKit/5.3.2", LastDay: "2026-04-02"}},
		WouldTurnOn:   []string{"update-user", "delete-user"},
		WithoutMethod: []operate.WithoutMethod{{Scope: "wallet:export", Users: 7}},
	}
}

var _ = canned(
	sample{name: "security", at: inPreview + "security", page: cannedSecurity("2026_04_01", func(*securityPage) {})},
	sample{name: "security_older", at: inPreview + "security", page: cannedSecurity("2026_01_01", func(*securityPage) {})},
	sample{name: "security_read", at: inPreview + "security", page: cannedSecurity("2026_04_01", func(p *securityPage) {
		p.MayWrite = false
	})},
	sample{name: "security_scope", at: inPreview + "security/scopes/wallet:sign", page: cannedScope("wallet:sign", func(*scopePage) {})},
	sample{name: "security_scope_custom", at: inPreview + "security/scopes/transfer:create",
		page: cannedScope("transfer:create", func(*scopePage) {})},
	sample{name: "security_scope_new", at: inPreview + "security/new-scope",
		page: scopePage{New: true, Scope: "Transfer", MayWrite: true, Path: inPreview + "security"}},
	sample{name: "security_effect", at: inPreview + "security/preview", page: cannedEffect},
	sample{name: "security_effect_meanwhile", at: inPreview + "security/apply", page: cannedEffectWith(func(p *effectPage) {
		p.Meanwhile, p.MayWeaken = "The environment changed meanwhile: this was made of revision 16, and 17 is in force.", false
	})},
	sample{name: "security_effect_stricter", at: inPreview + "security/preview", page: cannedEffectWith(func(p *effectPage) {
		p.Back, p.Changes, p.Weakens, p.StepUp, p.Decided = "delivery", p.Changes[1:2], 0, false, nil
	})},
	sample{name: "security_effect_again", at: inPreview + "security/preview", page: cannedEffectWith(func(p *effectPage) {
		p.Problem = "Asks for a step-up: wallet.waas.sing is no action; did you mean wallet.waas.sign?"
	})},
	sample{name: "security_document", at: inPreview + "security/document", page: cannedDocumentPage(func(*documentPage) {})},
	sample{name: "security_document_again", at: inPreview + "security/preview", page: cannedDocumentPage(func(p *documentPage) {
		p.Problems = []environment.Problem{{Line: 3, Path: "orgins", Message: "unknown key; did you mean origins?"},
			{Line: 9, Message: "<b>this</b> is not YAML"}}
	})},
	sample{name: "security_document_read", at: inPreview + "security/document", page: cannedDocumentPage(func(p *documentPage) {
		p.MayWrite, p.Pager = false, Pager{}
	})},
	sample{name: "security_revision", at: inPreview + "security/document/revisions/16", page: cannedRevision(1)},
	sample{name: "security_revision_weaker", at: inPreview + "security/document/revisions/17", page: cannedRevision(0)},
	sample{name: "version", at: inPreview + "version", page: cannedVersion("2026_04_01", func(*versionPage) {})},
	sample{name: "version_older", at: inPreview + "version", page: cannedVersion("2026_01_01", unready)},
	sample{name: "version_again", at: inPreview + "version/accept", page: cannedVersion("2026_01_01", func(p *versionPage) {
		unready(p)
		p.Problem = "Nothing was changed: type 2026_04_01 to go on."
	})},
)

func cannedRevision(i int) revisionPage {
	p := revisionPage{Revision: cannedHistory[i], Now: 17, MayWrite: true, Path: inPreview + "security", InForce: i == 0}
	p.Revision.Document = string(cannedEnvironment("2026_04_01").YAML())
	return p
}
