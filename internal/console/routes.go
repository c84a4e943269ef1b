package console

import (
	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/operator"
)

// A route is a row of the table.
type route struct {
	method, path string
	permission   operator.Permission // in the environment of the path, or in the installation as a whole
	scope        stepup.Scope        // of the elevated token that is asked for first; empty: none
	handle       func(*request) (answer, error)
	shows        page // what it may show, by its zero value; nil: it only redirects
}

// Who may come besides those with a permission.
const (
	everybody operator.Permission = "everybody" // nobody need be signed in
	operators operator.Permission = "operators" // whoever is signed in; the handler shows each what they may see
)

// The scopes of dangerous actions.
const (
	scopeSettings stepup.Scope = "console:settings:update"
	scopeSSO      stepup.Scope = "console:sso:update"
	scopeMFA      stepup.Scope = "console:mfa:reset"
	scopeUser     stepup.Scope = "console:user:delete"
	scopeMember   stepup.Scope = "console:member:invite"
	scopeProject  stepup.Scope = "console:project:delete"
	scopeReview   stepup.Scope = "console:admin_action:review"
)

// inEnvironment begins the paths of all that belongs to one environment. For who has no
// grant there, nothing below it exists.
const inEnvironment = Root + "e/{environmentId}/"

// routes is the table of everything the console answers, by section. A page needs a
// row here, a Go file, a template, and canned data in the file _preview_test.go.
func (c *Console) routes() []route {
	const e = inEnvironment
	return []route{
		{"GET", Root + "{$}", operators, "", home, nil},

		// Environments.
		{"GET", Root + "environments", operators, "", environmentList, environmentListPage{}},
		{"GET", Root + "environments/new", operator.EnvironmentsCreate, "", environmentNew, environmentCreatePage{}},
		{"POST", Root + "environments", operator.EnvironmentsCreate, "", environmentCreate, environmentCreatePage{}},
		{"GET", e + "settings", operator.EnvironmentsRead, "", environmentSettings, environmentSettingsPage{}},
		{"POST", e + "settings", operator.EnvironmentsWrite, "", environmentSave, environmentSettingsPage{}},
		{"GET", e + "settings/delete", operator.EnvironmentsDelete, "", environmentDeleteAsk, environmentDeletePage{}},
		{"POST", e + "settings/delete", operator.EnvironmentsDelete, scopeProject, environmentDelete, environmentDeletePage{}},

		// Users.
		{"GET", e + "users", operator.UsersRead, "", userList, userListPage{}},
		{"GET", e + "users/new", operator.UsersWrite, "", userNew, userCreatePage{}},
		{"POST", e + "users", operator.UsersWrite, "", userCreate, userCreatePage{}},
		{"GET", e + "users/import", operator.UsersWrite, "", userImportAsk, userImportPage{}},
		{"POST", e + "users/import", operator.UsersWrite, "", userImportForesee, importShowPage{}},
		{"GET", e + "users/imports", operator.UsersRead, "", importList, importListPage{}},
		{"POST", e + "users/imports", operator.UsersWrite, "", userImport, userImportPage{}},
		{"GET", e + "users/imports/{importId}/report", operator.UsersRead, "", importShow, importShowPage{}},
		{"GET", e + "users/recoveries", operator.UsersRead, "", recoveryList, recoveryListPage{}},
		{"POST", e + "users/recoveries/{recoveryId}/approve", operator.UsersWrite, scopeReview, recoveryApprove, nil},
		{"POST", e + "users/recoveries/{recoveryId}/stop", operator.UsersWrite, "", recoveryStop, nil},
		{"GET", e + "users/{userId}", operator.UsersRead, "", userShow, userShowPage{}},
		{"GET", e + "users/{userId}/addresses", operator.UsersWrite, "", userAddressNew, userAddressPage{}},
		{"POST", e + "users/{userId}/addresses", operator.UsersWrite, "", userAddressAdd, userAddressPage{}},
		{"GET", e + "users/{userId}/recover", operator.UsersWrite, "", userRecoverAsk, userRecoverPage{}},
		{"POST", e + "users/{userId}/recover", operator.UsersWrite, "", userRecover, userRecoverPage{}},
		{"POST", e + "users/{userId}/invite", operator.UsersWrite, "", userInvite, nil},
		{"POST", e + "users/{userId}/disable", operator.UsersWrite, "", userDisable, nil},
		{"POST", e + "users/{userId}/enable", operator.UsersWrite, "", userEnable, nil},
		{"POST", e + "users/{userId}/unlock", operator.UsersWrite, "", userUnlock, nil},
		{"POST", e + "users/{userId}/revoke-sessions", operator.UsersWrite, "", userSignOut, nil},
		{"POST", e + "users/{userId}/sessions/{sessionId}/revoke", operator.UsersWrite, "", userSessionRevoke, nil},
		{"POST", e + "users/{userId}/credentials/{credentialId}/unlink", operator.UsersWrite, "", userUnlink, nil},
		{"POST", e + "users/{userId}/credentials/{credentialId}/settle", operator.UsersWrite, scopeMFA, userSettle, nil},
		{"POST", e + "users/{userId}/reset-mfa", operator.UsersWrite, scopeMFA, userResetMFA, nil},
		{"POST", e + "users/{userId}/export", operator.UsersWrite, "", userExport, nil},
		{"GET", e + "users/{userId}/delete", operator.UsersWrite, "", userDeleteAsk, userDeletePage{}},
		{"POST", e + "users/{userId}/delete", operator.UsersWrite, scopeUser, userDelete, userDeletePage{}},

		// Wallets.
		{"GET", e + "wallets", operator.UsersRead, "", walletList, walletListPage{}},

		// Overview.
		{"GET", e + "overview", operator.EnvironmentsRead, "", overview, overviewPage{}},

		// Audit.
		{"GET", e + "audit", operator.AuditRead, "", auditList, auditListPage{}},
		{"GET", e + "audit/export", operator.AuditRead, "", auditExport, nil},
		{"GET", e + "audit/{entryId}", operator.AuditRead, "", auditShow, auditShowPage{}},
		// Delivery.
		{"GET", e + "delivery", operator.EnvironmentsRead, "", delivery, deliveryPage{}},
		{"POST", e + "delivery/brand", operator.EnvironmentsWrite, "", brandPreview, effectPage{}},
		{"POST", e + "delivery/test", operator.EnvironmentsWrite, "", mailTry, mailTriedPage{}},
		{"GET", e + "delivery/templates/{template}/{language}", operator.EnvironmentsRead, "", mailWords, mailWordsPage{}},
		{"POST", e + "delivery/templates/{template}/{language}", operator.EnvironmentsWrite, "", mailWordsSave, mailWordsPage{}},
		{"GET", e + "delivery/templates/{template}/{language}/frame", operator.EnvironmentsRead, "", mailFrame, nil},
		{"POST", e + "delivery/providers/{provider}/try", operator.EnvironmentsWrite, "", providerTry, providerTryPage{}},
		{"POST", e + "delivery/providers/{provider}/tried", operator.EnvironmentsWrite, "", providerTried, providerTryPage{}},
		{"GET", e + "delivery/token", operator.EnvironmentsRead, "", tokenExplain, tokenExplainPage{}},
		{"POST", e + "delivery/token", operator.EnvironmentsRead, "", tokenExplained, tokenExplainPage{}},

		// Security.
		{"GET", e + "security", operator.EnvironmentsRead, "", security, securityPage{}},
		{"POST", e + "security/preview", operator.EnvironmentsWrite, "", securityPreview, effectPage{}},
		{"POST", e + "security/apply", operator.EnvironmentsWrite, "", securityApply, effectPage{}},
		{"GET", e + "security/new-scope", operator.EnvironmentsWrite, "", scopeNew, scopePage{}},
		{"GET", e + "security/scopes/{scope}", operator.EnvironmentsRead, "", scopeShow, scopePage{}},
		{"GET", e + "security/document", operator.EnvironmentsRead, "", documentShow, documentPage{}},
		{"POST", e + "security/document/import", operator.EnvironmentsWrite, "", documentImport, documentPage{}},
		{"GET", e + "security/document/export", operator.EnvironmentsRead, "", documentExport, nil},
		{"GET", e + "security/document/revisions/{revision}", operator.EnvironmentsRead, "", revisionShow, revisionPage{}},

		// API version.
		{"GET", e + "version", operator.EnvironmentsRead, "", version, versionPage{}},
		{"POST", e + "version/accept", operator.EnvironmentsWrite, scopeSettings, versionAccept, versionPage{}},

		// Developers.
		{"GET", e + "developers", operator.EnvironmentsRead, "", developers, developersPage{}},
		{"GET", e + "developers/tokens/new", operator.TokensWrite, "", tokenNew, tokenCreatePage{}},
		{"POST", e + "developers/tokens", operator.TokensWrite, scopeSettings, tokenCreate, tokenCreatedPage{}},
		{"POST", e + "developers/tokens/{tokenId}/revoke", operator.TokensWrite, scopeSettings, tokenRevoke, nil},
	}
}

// routes are the rows of the way in, of one's own account, and of who has which role.
func (s *sessions) routes() []route {
	const e, all = inEnvironment + "members", Root + "operators"
	return []route{
		// The way in.
		{"GET", Root + "sign-in", everybody, "", s.showSignIn, signInPage{}},
		{"POST", Root + "sign-in", everybody, "", s.sendSignInCode, nil},
		{"POST", Root + "sign-in/code", everybody, "", s.enterByCode, signInCodePage{}},
		{"POST", Root + "sign-in/passkey/options", everybody, "", s.passkeyOptions, nil},
		{"POST", Root + "sign-in/passkey", everybody, "", s.enterByPasskey, nil},
		{"GET", Root + "sign-in/factor", everybody, "", s.showFactor, signInFactorPage{}},
		{"POST", Root + "sign-in/factor", everybody, "", s.giveFactor, nil},
		{"POST", Root + "passkey/options", everybody, "", s.proofOptions, nil},
		{"GET", Root + "invitation", everybody, "", showInvitation, invitationPage{}},
		{"POST", Root + "invitation", everybody, "", s.acceptInvitation, nil},
		{"GET", Root + "enrol", everybody, "", s.showEnrol, enrolPage{}},
		{"POST", Root + "enrol", everybody, "", s.showEnrol, enrolPage{}},
		{"POST", Root + "enrol/app", everybody, "", s.enrolApp, nil},
		{"POST", Root + "enrol/app/confirm", everybody, "", s.confirmApp, nil},
		{"POST", Root + "enrol/passkey/options", everybody, "", s.enrolPasskeyOptions, nil},
		{"POST", Root + "enrol/passkey", everybody, "", s.confirmPasskey, nil},
		{"POST", Root + "sign-out", everybody, "", s.signOut, nil},

		// One's own.
		{"POST", Root + "step-up", operators, "", s.proveStepUp, stepUpPage{}},
		{"GET", Root + "step-up/prompt", operators, "", s.viewPrompt, nil},
		{"POST", Root + "step-up/prompt", operators, "", s.provePrompt, nil},
		{"GET", Root + "account", operators, "", s.showAccount, accountPage{}},
		{"GET", Root + "account/factors/new", operators, scopeMFA, s.newFactor, accountFactorPage{}},
		{"POST", Root + "account/factors/app", operators, scopeMFA, s.addApp, accountFactorPage{}},
		{"POST", Root + "account/factors/app/confirm", operators, scopeMFA, s.confirmAddedApp, accountFactorPage{}},
		{"POST", Root + "account/factors/passkey/options", operators, scopeMFA, s.addPasskeyOptions, nil},
		{"POST", Root + "account/factors/passkey", operators, scopeMFA, s.confirmAddedPasskey, accountFactorPage{}},
		{"POST", Root + "account/factors/{factorId}/remove", operators, scopeMFA, s.removeFactor, nil},
		{"POST", Root + "account/sessions/{sessionId}/end", operators, "", s.endSession, nil},

		// Who has a role in an environment, and in all of them.
		{"GET", e, operator.EnvironmentsRead, "", s.memberList, memberListPage{}},
		{"POST", e + "/invite", operator.MembersWrite, scopeMember, s.memberInvite, nil},
		{"POST", e + "/invitations/{invitationId}/withdraw", operator.MembersWrite, "", memberWithdraw, nil},
		{"POST", e + "/{operatorId}/role", operator.MembersWrite, scopeMember, memberRole, nil},
		{"POST", e + "/{operatorId}/remove", operator.MembersWrite, scopeMember, memberRemove, nil},
		{"GET", all, operator.MembersWrite, "", s.memberList, memberListPage{}},
		{"POST", all + "/invite", operator.MembersWrite, scopeMember, s.memberInvite, nil},
		{"POST", all + "/invitations/{invitationId}/withdraw", operator.MembersWrite, "", memberWithdraw, nil},
		{"POST", all + "/{operatorId}/role", operator.MembersWrite, scopeMember, memberRole, nil},
		{"POST", all + "/{operatorId}/remove", operator.MembersWrite, scopeMember, memberRemove, nil},
	}
}
