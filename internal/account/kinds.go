package account

import (
	"slices"

	"github.com/stepup-auth/stepup/internal/assurance"
	"github.com/stepup-auth/stepup/internal/catalogue"
	"github.com/stepup-auth/stepup/internal/deliver"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/store"
)

// Kind is a kind of credential: what all credentials of one format have in common.
// What a proof of one is worth is not said here but by its method, in package
// assurance.
type Kind struct {
	Format string         // in the store and on the wire
	Method assurance.Kind // the verification method that proves control of such a credential
	Word   string         // in policy tests and on the command line

	SignsIn bool // opens sessions; the others are shown as MFA devices, or not at all
	Address bool // what it shows is an address of its user, or a name at another login

	// retold says that each sign-in tells anew what the credential shows of itself.
	retold bool
	// thing is what notices call a credential of the kind: shown to its owner without
	// giving it away to others.
	thing func(shown string) deliver.Thing
	// taken refuses an identifier that belongs to another account.
	taken *fault.Error
	// on reports whether the environment takes a proof of such a credential; nil: every
	// environment does.
	on func(*environment.Environment, Detail) bool
	// acr is what a proof is worth; nil: the best of its method.
	acr func(*environment.Environment, Detail) assurance.ACR
	// variant tells credentials of the kind apart on the wire (wire reference 11.1);
	// nil: nothing does.
	variant func(Detail) string
	// notify writes to its owner; nil: it is no address that can be written to.
	notify notifier
}

// Kinds is the table of all kinds. Nothing else tells formats apart, save for what
// only one of them has.
var Kinds = []Kind{
	{
		Format: store.FormatEmail, Method: assurance.EmailCode, Word: "email",
		SignsIn: true, Address: true,
		thing: func(shown string) deliver.Thing {
			return deliver.Thing{Kind: deliver.EmailAddress, Shown: deliver.MaskEmail(shown)}
		},
		taken: fault.New(fault.AccountWithEmailExists,
			"This address belongs to another account. Sign in with it, or use another address."),
		notify: mail,
	},
	{
		Format: store.FormatPhone, Method: assurance.SMSCode, Word: "sms",
		SignsIn: true, Address: true,
		thing: func(shown string) deliver.Thing {
			return deliver.Thing{Kind: deliver.PhoneNumber, Shown: shown[max(0, len(shown)-2):]}
		},
		taken: fault.New(fault.AccountWithPhoneExists,
			"This number belongs to another account. Sign in with it, or use another number."),
		on:     func(env *environment.Environment, d Detail) bool { return env.SMS.Texts(d.ISOCountryCode) },
		notify: text,
	},
	{
		Format: store.FormatBlockchain, Method: assurance.WalletSignature, Word: "wallet",
		SignsIn: true, Address: true,
		thing: named(deliver.Wallet),
		taken: fault.New(fault.ReassignWallet,
			"This wallet belongs to another account. Confirm that you want to move it to yours."),
		on: func(env *environment.Environment, d Detail) bool { return env.Wallets.Accepts(walletChains[d.Chain]) },
	},
	{
		Format: store.FormatOAuth, Method: assurance.Social, Word: "social",
		SignsIn: true, Address: true, retold: true,
		thing:   named(deliver.Login),
		taken:   takenLogin,
		on:      func(env *environment.Environment, d Detail) bool { return catalogue.ACR(env, d.OAuthProvider) != "" },
		acr:     func(env *environment.Environment, d Detail) assurance.ACR { return catalogue.ACR(env, d.OAuthProvider) },
		variant: func(d Detail) string { return d.OAuthProvider },
	},
	{
		Format: store.FormatExternal, Method: assurance.External, Word: "external",
		SignsIn: true, Address: true, retold: true,
		thing: nameless(deliver.ExternalLogin),
		taken: takenLogin,
		on:    func(env *environment.Environment, _ Detail) bool { return env.ExternalAuth.Enabled },
		acr: func(env *environment.Environment, _ Detail) assurance.ACR {
			if env.ExternalAuth.AssertionReplacesMFA {
				return assurance.MFA
			}
			return ""
		},
	},
	{
		Format: store.FormatTOTP, Method: assurance.TOTP, Word: "totp",
		thing:   named(deliver.AuthenticatorApp),
		taken:   taken,
		on:      func(env *environment.Environment, _ Detail) bool { return env.MFA.Enables(store.FormatTOTP) },
		variant: func(Detail) string { return store.FormatTOTP },
	},
	{
		Format: store.FormatPasskey, Method: assurance.Passkey, Word: "passkey",
		SignsIn: true,
		thing:   named(deliver.Passkey),
		taken:   taken,
		on:      func(env *environment.Environment, _ Detail) bool { return env.MFA.Enables(store.FormatPasskey) },
		variant: func(Detail) string { return store.FormatPasskey },
	},
	{
		Format: store.FormatRecovery, Method: assurance.RecoveryCode, Word: "recovery",
		thing: nameless(deliver.RecoveryCodes),
		taken: taken,
		on:    func(env *environment.Environment, _ Detail) bool { return env.MFA.AllowsBackupCodes() },
	},
}

var (
	taken      = fault.New(fault.Conflict, "This is registered to another account already.")
	takenLogin = fault.New(fault.SocialAccountExists,
		"This login belongs to another account. Sign in with it, or use another one.")
)

// walletChains are the chains of credentials in the spelling of environments.
var walletChains = map[string]string{"eip155": "EVM", "solana": "SOL"}

// KindOf is the kind of the credentials of a format. An unknown format has the zero
// kind, which proves nothing.
func KindOf(format string) Kind {
	if i := slices.IndexFunc(Kinds, func(k Kind) bool { return k.Format == format }); i >= 0 {
		return Kinds[i]
	}
	return Kind{Format: format, thing: func(string) deliver.Thing { return deliver.Thing{Shown: format} }, taken: taken}
}

func named(kind string) func(string) deliver.Thing {
	return func(shown string) deliver.Thing { return deliver.Thing{Kind: kind, Shown: shown} }
}

func nameless(kind string) func(string) deliver.Thing {
	return func(string) deliver.Thing { return deliver.Thing{Kind: kind} }
}
