package console

import (
	"encoding/json"
	"time"

	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/limit"
	"github.com/stepup-auth/stepup/internal/operate"
	"github.com/stepup-auth/stepup/internal/store"
)

const (
	graceID  = "0193c7de-6f55-7f0e-8a55-7d6a0f1f2b11"
	canaryID = "0193c7de-6f55-7f0e-8a55-7d6a0f1f2b12"

	graceWallet = "0x71C7656EC7ab88b098defB751B7401B5f6d8976F"
)

func ago(d time.Duration) time.Time { return previewNow.Add(-d) }

func at(t time.Time) *time.Time { return &t }

const day = 24 * time.Hour

// grace is somebody with a bit of everything.
func grace() operate.UserDetail {
	credential := func(id, format, kind, shown string, change func(*operate.UserCredential)) operate.UserCredential {
		c := operate.UserCredential{Kind: kind, Counts: true}
		c.ID, c.Format, c.PublicIdentifier, c.Provenance, c.Confirmed = id, format, shown, store.ProvenanceElevatedToken, true
		c.VerifiedAt, c.LetInBy = at(ago(90*day)), "c1"
		change(&c)
		return c
	}
	d := operate.UserDetail{
		UserSummary: operate.UserSummary{ID: graceID, Username: "grace", CreatedAt: ago(400 * day), LastVisitAt: ago(time.Hour),
			Addresses: []string{"grace@example.com", "+14155550132"}, Factors: 2},
		Profile: account.Profile{FirstName: "Grace", LastName: "Hopper", Country: "US",
			Metadata: json.RawMessage(`{"plan":"team","seats":4}`)},
		Credentials: []operate.UserCredential{
			credential("c1", store.FormatEmail, "email", "grace@example.com", func(c *operate.UserCredential) {
				c.Provenance, c.LetInBy, c.VerifiedAt, c.SignInEnabled = store.ProvenanceSignUp, "", at(ago(400*day)), true
			}),
			credential("c2", store.FormatPhone, "sms", "+14155550132", func(c *operate.UserCredential) { c.SignInEnabled = true }),
			credential("c3", store.FormatOAuth, "social", "ghopper", func(c *operate.UserCredential) { c.OAuthProvider = "github" }),
			credential("c4", store.FormatPasskey, "passkey", "MacBook", func(c *operate.UserCredential) { c.Factor = true }),
			credential("c5", store.FormatTOTP, "totp", "phone", func(c *operate.UserCredential) { c.Factor = true }),
			credential("c6", store.FormatBlockchain, "wallet", graceWallet, func(c *operate.UserCredential) {
				c.Provenance, c.Counts, c.LetInBy, c.EmbeddedWalletID, c.Chain = store.ProvenanceEmbedded, false, "", "w1", "eip155"
			}),
		},
		RecoveryCodes: 8,
		Sessions: []operate.SessionDetail{
			{ID: "s1", CreatedAt: ago(2 * time.Hour), RefreshedAt: ago(time.Hour), Method: "passkey", MFAAt: at(ago(2 * time.Hour)),
				Source: "192.0.2.17", UserAgent: "Mozilla/5.0 (Macintosh) Safari/605.1.15", Device: "Safari on a Mac"},
			{ID: "s2", CreatedAt: ago(50 * day), RefreshedAt: ago(30 * day), Method: "email_otp", SDKVersion: "ClientSDK/0.23.4",
				Device: "an unknown device"},
		},
		Devices: []operate.DeviceDetail{{ID: "d1", Name: "Safari on a Mac", UserAgent: "Mozilla/5.0 (Macintosh) Safari/605.1.15",
			CreatedAt: ago(90 * day), LastUsedAt: ago(2 * time.Hour)}},
		Events: []operate.AuditEvent{
			{At: ago(time.Hour), Action: "elevated_token.consumed", Actor: "user:" + graceID, Source: "192.0.2.17"},
			{At: ago(2 * time.Hour), Action: "session.started", Actor: "user:" + graceID, Source: "192.0.2.17"},
			{At: ago(3 * day), Action: "user.unlocked", Actor: "operator:" + ada.ID},
		},
	}
	return d
}

// trouble is the same person on a bad day.
func trouble() operate.UserDetail {
	d := grace()
	d.Disputed, d.Unproven, d.DisabledAt = true, true, at(ago(time.Hour))
	d.Credentials[4].DisputedAt, d.Credentials[4].Disputed = at(ago(2*time.Hour)), true
	d.Credentials[1].Provenance, d.Credentials[1].Confirmed, d.Credentials[1].Counts = store.ProvenanceNothing, false, false
	d.Locks = []limit.Lock{{Limit: "limits.factorHardStop", CredentialID: "c5"},
		{Limit: "limits.codesPerAddress", CredentialID: "c1", Until: at(previewNow.Add(8 * time.Minute))}}
	d.Sessions, d.Devices, d.MoreSessions = nil, nil, 0
	return d
}

// newcomer is somebody whom an operator has just made.
func newcomer() operate.UserDetail {
	d := grace()
	d.NeverSignedIn, d.Unproven, d.ExternalID, d.Factors, d.LastVisitAt = true, true, "crm|1906", 0, d.CreatedAt
	d.Credentials, d.RecoveryCodes, d.Sessions, d.Devices = d.Credentials[:2], 0, nil, nil
	for i := range d.Credentials {
		c := &d.Credentials[i]
		c.Provenance, c.Confirmed, c.Counts, c.LetInBy = store.ProvenanceOperator, false, false, ""
	}
	d.Events = d.Events[2:]
	return d
}

// markup is what somebody may call themselves.
const markup = `<img src=x onerror="document.title='CANARY'"><script>document.title='CANARY'</script>"'` + "`${1}</title></code>"

// canary is somebody all of whose fields are markup.
func canary() operate.UserDetail {
	d := trouble()
	d.ID, d.Username, d.Addresses = canaryID, markup, []string{markup}
	text, _ := json.Marshal(map[string]string{markup: markup})
	d.Profile = account.Profile{FirstName: markup, LastName: markup, Alias: markup, Country: markup, Metadata: text}
	for i := range d.Credentials {
		c := &d.Credentials[i]
		c.PublicIdentifier, c.OAuthProvider, c.WalletName, c.Provenance, c.ExternalIssuer = markup, markup, markup, markup, markup
	}
	d.Sessions = []operate.SessionDetail{{ID: "s1", Source: markup, UserAgent: markup, Device: markup, Method: markup, SDKVersion: markup}}
	d.Devices = []operate.DeviceDetail{{ID: "d1", Name: markup, UserAgent: markup}}
	d.Events = []operate.AuditEvent{{At: previewNow, Action: markup, Actor: markup, Source: markup}}
	return d
}

func cannedUser(d operate.UserDetail, change func(*userShowPage)) userShowPage {
	p := pageOf(d, inPreview+"users")
	p.MayWrite, p.AuditPath = true, inPreview+"audit?user="+p.ID
	change(&p)
	return p
}

func cannedUsers(change func(*userListPage)) userListPage {
	p := userListPage{Path: inPreview + "users"}
	for i, s := range userStates {
		p.States = append(p.States, stateTab{s.name, p.Path + "?state=" + string(s.state), i == 0})
	}
	p.Users = []userItem{
		itemOf(grace().UserSummary, p.Path), itemOf(canary().UserSummary, p.Path),
		itemOf(operate.UserSummary{ID: "0193c7de-6f55-7f0e-8a55-7d6a0f1f2b13", CreatedAt: ago(day)}, p.Path),
	}
	p.Pager, p.New = Pager{Next: p.Path + "?after=" + graceID}, p.Path+"/new"
	change(&p)
	return p
}

var _ = canned(
	sample{name: "user_list", at: inPreview + "users", page: cannedUsers(func(*userListPage) {})},
	sample{name: "user_list_search", at: inPreview + "users", page: cannedUsers(func(p *userListPage) {
		p.Search, p.More, p.Pager, p.States[0].Current = "gra", true, Pager{}, false
	})},
	sample{name: "user_list_nobody", at: inPreview + "users", page: cannedUsers(func(p *userListPage) {
		p.Search, p.Users, p.Pager, p.States[0].Current = markup, nil, Pager{}, false
	})},
	sample{name: "user_list_state", at: inPreview + "users", page: cannedUsers(func(p *userListPage) {
		p.State, p.Users, p.Pager = "disputed", nil, Pager{}
	})},
	sample{name: "user_list_empty", at: inPreview + "users", page: cannedUsers(func(p *userListPage) { p.Users, p.Pager = nil, Pager{} })},
	sample{name: "user_show", at: inPreview + "users/" + graceID, page: cannedUser(grace(), func(*userShowPage) {})},
	sample{name: "user_show_trouble", at: inPreview + "users/" + graceID, page: cannedUser(trouble(), func(*userShowPage) {})},
	sample{name: "user_show_auditor", at: inPreview + "users/" + graceID,
		page: cannedUser(trouble(), func(p *userShowPage) { p.MayWrite = false })},
	sample{name: "user_show_canary", at: inPreview + "users/" + canaryID, page: cannedUser(canary(), func(*userShowPage) {})},
	sample{name: "user_show_new", at: inPreview + "users/" + graceID, page: cannedUser(newcomer(), func(*userShowPage) {})},
	sample{name: "user_create", at: inPreview + "users/new", page: userCreatePage{Path: inPreview + "users", Invite: true}},
	sample{name: "user_create_again", at: inPreview + "users", page: userCreatePage{Path: inPreview + "users", Email: "grace@example.com",
		Username: "grace", First: markup, Problem: "Another user has grace@example.com."}},
	sample{name: "user_delete", at: inPreview + "users/" + graceID + "/delete",
		page: userDeletePage{Path: inPreview + "users/" + graceID, Name: "grace"}},
	sample{name: "user_delete_wallets", at: inPreview + "users/" + graceID + "/delete", page: userDeletePage{
		Path: inPreview + "users/" + graceID, Name: "grace", Wallets: []string{graceWallet},
		Typed: "Grace", Problem: "Say that the wallets are to be abandoned, or have the user empty them first.",
	}},
)
