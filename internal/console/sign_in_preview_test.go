package console

import (
	"time"

	"github.com/stepup-auth/stepup/internal/operator"
)

var _ = canned(
	sample{name: "sign_in", at: Root + "sign-in", bare: true, page: signInPage{To: Root, Passkeys: true}},
	sample{name: "sign_in_refused", at: Root + "sign-in", bare: true, page: signInPage{To: Root, Email: "<b>ada", Development: true,
		Error: "Not an email address we can use: it needs exactly one @."}},
	sample{name: "sign_in_code", at: Root + "sign-in/code", bare: true,
		page: signInCodePage{To: Root, Email: "ada@example.com", ChallengeID: "a-challenge"}},
	sample{name: "sign_in_factor", at: Root + "sign-in/factor", bare: true,
		page: signInFactorPage{To: Root, Email: "ada@example.com", App: true, Passkeys: true}},
	sample{name: "sign_in_factor_none", at: Root + "sign-in/factor", bare: true,
		page: signInFactorPage{To: Root, Email: "ada@example.com", None: true}},
	sample{name: "invitation", at: Root + "invitation", bare: true, page: invitationPage{}},
	sample{name: "invitation_over", at: Root + "invitation", bare: true, page: invitationPage{Error: invitationOverText}},
	sample{name: "enrol_done", at: Root + "enrol/passkey", page: enrolPage{To: Root, Done: true, Action: inPreview + "members/invite",
		Kept: []keptField{{"email", "grace@example.com"}}}},
	sample{name: "enrol", at: Root + "enrol", bare: true, page: enrolPage{To: Root, Email: "ada@example.com", Passkeys: true}},
	sample{name: "enrol_app", at: Root + "enrol/app", bare: true, page: enrolPage{To: Root, Email: "ada@example.com", ID: "an-enrolment",
		Secret: "JBSWY3DPEHPK3PXP", URI: "otpauth://totp/Console:ada?secret=JBSWY3DPEHPK3PXP"}},
	sample{name: "step_up", at: inPreview + "members/invite", page: stepUpPage{Scope: "console:member:invite", Words: "invite members",
		Action: inPreview + "members/invite", Method: "POST", App: true, Passkeys: true, ReturnTo: inPreview + "members",
		Kept: []keptField{{"email", "<b>bob@example.com"}, {"role", "owner"}}}},
	sample{name: "step_up_none", at: inPreview + "members/invite", page: stepUpPage{Scope: "console:member:invite",
		Words: "invite members", None: true, MayEnrol: true, ReturnTo: inPreview + "members"}},
	sample{name: "account_factor", at: Root + "account/factors/new", page: accountFactorPage{Passkeys: true}},
	sample{name: "account_factor_app", at: Root + "account/factors/app", page: accountFactorPage{ID: "an-enrolment", Secret: "JBSWY3DP",
		URI: "otpauth://totp/Acme:ada@example.com?secret=JBSWY3DP", Error: "This is not the code your app shows now."}},
	sample{name: "account", at: Root + "account", page: accountPage{Email: "ada@example.com",
		Factors: []ownFactor{{"f1", "Work laptop", true, previewNow.AddDate(0, -2, 0)},
			{"f2", "<i>Authenticator</i> app", false, previewNow.AddDate(0, -3, 0)}},
		Roles: []ownRole{{"All environments", "owner"}, {"Acme Pay", "auditor"}},
		Sessions: []ownSession{
			{"one", "Firefox on Linux", "192.0.2.7", previewNow.Add(-3 * time.Hour), previewNow, true},
			{"two", "Safari on iPhone", "198.51.100.12", previewNow.Add(-9 * time.Hour), previewNow.Add(-40 * time.Minute), false},
		}}},
	sample{name: "member_list", at: inPreview + "members", page: memberListPage{Base: inPreview + "members", MayInvite: true,
		Roles: operator.Roles,
		Members: []memberItem{
			{"1", "ada@example.com", "Ada Lovelace", operator.Owner, previewNow.AddDate(0, -2, 0), false, true, true, 2},
			{"2", "<i>bob@example.com", "", operator.Developer, previewNow.AddDate(0, 0, -2), true, false, true, 0},
		},
		Above:       []memberItem{{"3", "root@example.com", "", operator.Owner, previewNow.AddDate(-1, 0, 0), false, false, false, 0}},
		Invitations: []invitationItem{{"4", "carol@example.com", operator.Support, previewNow.Add(20 * time.Hour)}},
	}},
	sample{name: "member_list_auditor", at: inPreview + "members", page: memberListPage{Base: inPreview + "members"}},
	sample{name: "operator_list", at: Root + "operators", page: memberListPage{Everywhere: true, Base: Root + "operators", MayInvite: true,
		Roles:   operator.Roles,
		Members: []memberItem{{"1", "ada@example.com", "Ada Lovelace", operator.Owner, previewNow.AddDate(0, -2, 0), false, true, true, 1}},
		Invite:  inviteForm{Email: "ada@example.com", Role: "owner", Error: "ada@example.com is a member already, as owner."},
	}},
)

const invitationOverText = "This invitation is over: it was accepted, withdrawn or is older than 24 hours, or the link is not whole. " +
	"Ask whoever invited you for a new one."
