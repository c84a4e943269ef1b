package environment_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stepup-auth/stepup/internal/environment"
)

func TestRules(t *testing.T) {
	const (
		versions = "minApiVersion: 2026_01_01\n"
		passkeys = "passkeys: {rpId: example.com, origins: [https://example.com]}\n"
		external = "externalAuth: {enabled: true, iss: i, aud: a, jwksUrl: "
		custom   = "scopes:\n- scope: transfer:create\n  audience: https://bank.example\n"
	)
	for _, test := range []struct{ name, doc, want string }{
		{"version unknown", "minApiVersion: 2027_01_01",
			`line 3: minApiVersion: "2027_01_01" is no version this server knows: write 2026_01_01 or 2026_04_01`},
		{"version older than birth", versions,
			`line 3: minApiVersion: an environment created at 2026_04_01 cannot go back to 2026_01_01: ` +
				`raise it, or, for an environment that was imported, set createdAtVersion: "2026_01_01"`},
		{"imported", versions + "createdAtVersion: 2026-01-01", ""},
		{"accepted", "createdAtVersion: 2026_01_01", ""},

		{"algorithm", "tokens: {algorithm: HS256}", `line 3: tokens.algorithm: "HS256" is not accepted; did you mean ES256?`},
		{"algorithms", "tokens: {algorithm: EdDSA}", ""},
		{"grace too short", "tokens: {rotationGrace: 5m}", "line 3: tokens.rotationGrace: 5m is out of bounds: use 1h to 30d"},
		{"lifetime", "sessions: {lifetime: 31d}", "line 3: sessions.lifetime: 31d is out of bounds: use 1m to 30d"},
		{"longest lifetime", "sessions: {lifetime: 30d}", ""},
		{"idle", "sessions: {lifetime: 1h, idle: 2h}", "line 3: sessions.idle: 2h is out of bounds: use 1m to 1h"},
		{"devices", "redirectOrigins: [https://a.example]\nsessions: {deviceRegistration: true, deviceRegistrationUris: " +
			"['https://a.example/devices?x=y']}", ""},
		{"devices nowhere", "sessions: {deviceRegistration: true}",
			"line 1: redirectOrigins: is missing: list the origins of your app, to which links that register a device lead"},
		{"devices of the old version", "createdAtVersion: 2026_01_01\nminApiVersion: 2026_01_01\nredirectOrigins: [https://a.example]\n" +
			"sessions: {deviceRegistration: true}",
			"line 6: sessions.deviceRegistration: needs minApiVersion 2026_04_01: accept that first (stepup env accept)"},
		{"devices elsewhere", "redirectOrigins: [https://a.example]\nsessions:\n  deviceRegistrationUris: [https://b.example/x, 'x:y']",
			"line 5: sessions.deviceRegistrationUris[0]: leads to https://b.example, which redirectOrigins does not list\n" +
				`line 5: sessions.deviceRegistrationUris[1]: "x:y" is not a URL: write it whole, as in https://login.example.com/path`},
		{"storage", "auth: {storage: [local]}", `line 3: auth.storage[0]: "local" is not accepted; known: localstorage, cookie`},
		{"storage twice", "auth: {storage: [cookie, localstorage]}",
			"line 3: auth.storage: must name exactly one place, [localstorage] or [cookie]"},
		{"storage nowhere", "auth: {storage: []}", "line 3: auth.storage: must name exactly one place, [localstorage] or [cookie]"},

		{"codeExpiry", "limits: {codeExpiry: 11m}", "line 3: limits.codeExpiry: 11m is out of bounds: use 30s to 10m"},
		{"codeAttempts", "limits: {codeAttempts: 13}", "line 3: limits.codeAttempts: 13 is above the ceiling: use 1 to 12"},
		{"hard stop", "limits: {guessesHardStop: 101}", "line 3: limits.guessesHardStop: 101 is above the ceiling: use 1 to 100"},
		{"guesses", "limits: {guessesPerAccount: {count: 101, per: 1s}}", "line 3: limits.guessesPerAccount.count: 101 is above the " +
			"ceiling: use 1 to 100\nline 3: limits.guessesPerAccount.per: 1s is out of bounds: use 1m to 24h"},
		{"rate", "limits: {codesPerIP: {per: 2d}}", "line 3: limits.codesPerIP.per: 2d is out of bounds: use 1s to 24h"},
		{"ceilings", "limits: {codeExpiry: 10m, codeAttempts: 12, guessesHardStop: 100}", ""},

		{"mailbox", "mail: {from: no-reply}", `line 3: mail.from: "no-reply" is not a mailbox: write Name <address@example.com>`},
		{"mailbox beyond ASCII", "mail: {from: Bänk <bänk@example.com>}",
			`line 3: mail.from: "Bänk <bänk@example.com>" is not a mailbox: write Name <address@example.com>`},
		{"mailboxes", "mail: {from: \"Bank <no-reply@example.com>\"}", ""},

		{"enrollment", "mfa: {enrollment: later}", `line 3: mfa.enrollment: "later" is not accepted; known: none, action, signup`},
		{"method", "mfa: {methods: [{type: sms, enabled: true}]}",
			`line 3: mfa.methods[0].type: "sms" is not accepted; known: totp, passkey`},
		{"method incomplete", "mfa: {methods: [{type: totp}]}", "line 3: mfa.methods[0].enabled: is missing: add it"},
		{"method twice", "mfa:\n  methods:\n  - {type: totp, enabled: true}\n  - {type: totp, enabled: false}",
			`line 6: mfa.methods[1].type: "totp" is already set in line 5: keep one of the two`},
		{"MFA without methods", "mfa:\n  enabled: true\n  required: true\n  enrollment: signup\n",
			"line 4: mfa.enabled: asks for a second factor, but no method is enabled: enable one under mfa.methods\n" +
				"line 5: mfa.required: asks for a second factor, but no method is enabled: enable one under mfa.methods\n" +
				"line 6: mfa.enrollment: asks for a second factor, but no method is enabled: enable one under mfa.methods"},
		{"passkey without domain", "mfa: {methods: [{type: passkey, enabled: true}]}",
			"line 3: mfa.methods[0]: passkeys need passkeys.rpId and passkeys.origins: add them"},
		{"passkey off without domain", "mfa: {methods: [{type: passkey, enabled: false}]}", ""},
		{"passkey", passkeys + "mfa: {methods: [{type: passkey, enabled: true}]}", ""},
		{"action", "mfa: {actions: [{action: wallet.waas.exprt, required: true}]}",
			`line 3: mfa.actions[0].action: "wallet.waas.exprt" is not accepted; did you mean wallet.waas.export?`},
		{"action twice", "mfa: {actions: [{action: user.update, required: true}, {action: user.update, required: true}]}",
			`line 3: mfa.actions[1].action: "user.update" is already set in line 3: keep one of the two`},
		{"behaviour", "mfa: {actions: [{action: wallet.waas.sign, required: true, tokenBehavior: multi}]}",
			`line 3: mfa.actions[0].tokenBehavior: "multi" is not accepted; known: single_use, time_bound`},
		{"export more than once", "mfa: {actions: [{action: wallet.waas.export, required: true, tokenBehavior: time_bound}]}",
			"line 3: mfa.actions[0].tokenBehavior: wallet:export is single_use and cannot be loosened: remove the line"},
		{"recovery more than once",
			"mfa: {actions: [{action: wallet.waas.offline_recovery_trigger, required: true, tokenBehavior: time_bound}]}",
			"line 3: mfa.actions[0].tokenBehavior: wallet.waas.offline_recovery_trigger is single_use and cannot be " +
				"loosened: remove the line"},
		{"sign too long", "mfa: {actions: [{action: wallet.waas.sign, required: true, tokenExpirySeconds: 301}]}",
			"line 3: mfa.actions[0].tokenExpirySeconds: 301 is above the ceiling of a single_use token: use at most 300, or choose " +
				"tokenBehavior: time_bound (300 for single_use, 600 for time_bound, and nothing raises them)"},
		{"sign time-bound too long",
			"mfa: {actions: [{action: wallet.waas.sign, required: true, tokenBehavior: time_bound, tokenExpirySeconds: 601}]}",
			"line 3: mfa.actions[0].tokenExpirySeconds: 601 is above the ceiling of a time_bound token: use at most 600 (300 for " +
				"single_use, 600 for time_bound, and nothing raises them)"},
		{"sign time-bound",
			"mfa: {actions: [{action: wallet.waas.sign, required: true, tokenBehavior: time_bound, tokenExpirySeconds: 600}]}", ""},
		{"user.update once", "mfa: {actions: [{action: user.update, required: true, tokenBehavior: single_use, tokenExpirySeconds: 301}]}",
			"line 3: mfa.actions[0].tokenExpirySeconds: 301 is above the ceiling of a single_use token: use at most 300 (300 for " +
				"single_use, 600 for time_bound, and nothing raises them)"},
		{"user.update", "mfa: {actions: [{action: user.update, required: true, tokenExpirySeconds: 600}]}", ""},

		{"rpId missing", "passkeys: {origins: [https://example.com]}",
			"line 3: passkeys.rpId: is missing: add the domain that passkeys are made for, as in example.com"},
		{"rpId", "passkeys: {rpId: https://example.com, origins: [https://example.com]}",
			`line 3: passkeys.rpId: "https://example.com" is not a lower-case domain such as example.com (or localhost)`},
		{"rpId an address", "passkeys: {rpId: 127.0.0.1, origins: [http://127.0.0.1]}",
			`line 3: passkeys.rpId: "127.0.0.1" is not a lower-case domain such as example.com (or localhost)`},
		{"rpId a top level", "passkeys: {rpId: com, origins: [https://example.com]}",
			`line 3: passkeys.rpId: "com" is not a lower-case domain such as example.com (or localhost)`},
		{"passkey origins missing", "passkeys: {rpId: example.com}",
			"line 3: passkeys.origins: is missing: list the origins that may use passkeys of example.com"},
		{"passkey origin elsewhere", "passkeys: {rpId: example.com, origins: [https://badexample.com]}",
			"line 3: passkeys.origins[0]: is outside passkeys.rpId: its host must be example.com or end in .example.com"},
		{"passkey origins", "passkeys: {rpId: example.com, origins: [https://a.example.com, " +
			"android:apk-key-hash:47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU]}", ""},
		{"related origins",
			"passkeys: {rpId: example.com, origins: [https://example.com], relatedOrigins: [https://example.net, https://badexample.com]}",
			""},
		{"related origin that is not",
			"passkeys: {rpId: example.com, origins: [https://example.com], relatedOrigins: [https://a.example.com]}",
			"line 3: passkeys.relatedOrigins[0]: is example.com or below it: list it in passkeys.origins"},
		{"related origin in the clear",
			"passkeys: {rpId: example.com, origins: [https://example.com], relatedOrigins: [http://localhost:3000]}",
			"line 3: passkeys.relatedOrigins[0]: must start with https://, because browsers ask about no other"},
		{"prompt", "prompt: {origin: https://auth.example.com, redirectUris: [https://app.example.com/back, \"http://localhost/back\", " +
			"\"http://[::1]:3000/\", \"https://app.example.com/?from=prompt\", {uri: \"com.example.app:/back\", customScheme: true}]}", ""},
		{"prompt elsewhere", "prompt: {origin: http://auth.example.com}",
			"line 3: prompt.origin: http is accepted on loopback only: use https://auth.example.com"},
		{"prompt with a path", "prompt: {origin: https://auth.example.com/prompt}",
			"line 3: prompt.origin: an origin has no path, query or default port, and is lower-case: write https://auth.example.com"},
		{"address twice", "prompt: {redirectUris: [https://a.example/, https://a.example/]}",
			"line 3: prompt.redirectUris[1]: is already entry 1 of the list: remove it"},
		{"address in the clear", "prompt: {redirectUris: [http://a.example/]}",
			"line 3: prompt.redirectUris[0]: must be https (http is accepted on loopback only)"},
		{"address without a path", "prompt: {redirectUris: [https://a.example]}",
			"line 3: prompt.redirectUris[0]: write its path, at least /, as in https://a.example/"},
		{"address of somebody", "prompt: {redirectUris: [\"https://a.example@b.example/\"]}",
			"line 3: prompt.redirectUris[0]: a URL here carries no user name or password: remove them"},
		{"address in capitals", "prompt: {redirectUris: [https://A.example/]}",
			"line 3: prompt.redirectUris[0]: an origin has no path, query or default port, and is lower-case: write https://a.example"},
		{"address with a fragment", "prompt: {redirectUris: [\"https://a.example/#back\"]}",
			"line 3: prompt.redirectUris[0]: an address that is gone back to has no #fragment: remove it"},
		{"address with a wildcard", "prompt: {redirectUris: [\"https://a.example/*\"]}",
			"line 3: prompt.redirectUris[0]: wildcards are not accepted: list every address by itself"},
		{"address with an answer", "prompt: {redirectUris: [\"https://a.example/?code=1\"]}",
			"line 3: prompt.redirectUris[0]: the parameter code is one of the answer's: remove it"},
		{"scheme of an app", "prompt: {redirectUris: [\"com.example.app:/back\"]}",
			"line 3: prompt.redirectUris[0]: must be https, or http on loopback. A scheme of your own, which other apps can claim too, " +
				"is written {uri: \"com.example.app:/callback\", customScheme: true}"},
		{"scheme of everybody", "prompt: {redirectUris: [{uri: \"javascript:/alert(1)\", customScheme: true}]}",
			"line 3: prompt.redirectUris[0]: with customScheme its scheme is a domain of yours from its end, as in " +
				"com.example.app:/callback"},
		{"web as a scheme of an app", "prompt: {redirectUris: [{uri: https://a.example/, customScheme: true}]}",
			"line 3: prompt.redirectUris[0]: with customScheme its scheme is a domain of yours from its end, as in " +
				"com.example.app:/callback"},
		{"passkeys on localhost", "passkeys: {rpId: localhost, origins: [http://localhost:3000]}", ""},

		{"wallets", "wallets: {chains: [EVM, SOL], rpc: [{chainId: 1, url: https://rpc.example/key}, {chainId: 31337, url: " +
			"\"http://127.0.0.1:8545\"}], undeployed: true}", ""},
		{"wallet chain", "wallets: {chains: [BTC]}", `line 3: wallets.chains[0]: "BTC" is not accepted; known: EVM, SOL`},
		{"wallet chain twice", "wallets: {chains: [SOL, SOL]}", "line 3: wallets.chains[1]: is already entry 1 of the list: remove it"},
		{"node plain", "wallets: {chains: [EVM], rpc: [{chainId: 1, url: \"http://rpc.example\"}]}",
			"line 3: wallets.rpc[0].url: must be https (http is accepted on loopback only)"},
		{"node without a chain", "wallets: {chains: [EVM], rpc: [{url: https://rpc.example}]}",
			"line 3: wallets.rpc[0].chainId: is missing: add it"},
		{"node of chain zero", "wallets: {chains: [EVM], rpc: [{chainId: 0, url: https://rpc.example}]}",
			"line 3: wallets.rpc[0].chainId: must be a whole number of 1 or more, without quotes"},
		{"two nodes of a chain",
			"wallets: {chains: [EVM], rpc: [{chainId: 1, url: https://a.example}, {chainId: 1, url: https://b.example}]}",
			`line 3: wallets.rpc[1].chainId: "1" is already set in line 3: keep one of the two`},
		{"embedded wallets",
			"embeddedWallets: {enabled: true, chains: [SOL], schemes: [TWO_OF_TWO], perUser: 100, networks: [{name: Main, chain: EVM, " +
				"chainId: 1, rpc: https://rpc.example}, {name: Dev, chain: SOL, cluster: devnet, rpc: \"http://127.0.0.1:8899\"}]}", ""},
		{"embedded chain", "embeddedWallets: {chains: [BTC]}", `line 3: embeddedWallets.chains[0]: "BTC" is not accepted; known: EVM, SOL`},
		{"embedded without chains", "embeddedWallets: {enabled: true, chains: []}",
			"line 3: embeddedWallets.chains: is empty: list the chains that users may have wallets on, or remove the line"},
		{"embedded without schemes", "embeddedWallets: {enabled: true, schemes: []}",
			"line 3: embeddedWallets.schemes: is empty: list the schemes that users may choose, or remove the line"},
		{"embedded scheme", "embeddedWallets: {schemes: [two_of_two]}",
			`line 3: embeddedWallets.schemes[0]: "two_of_two" is not accepted; did you mean TWO_OF_TWO?`},
		{"many wallets", "embeddedWallets: {perUser: 101}", "line 3: embeddedWallets.perUser: 101 is above the ceiling: use 1 to 100"},
		{"network without a chain id", "embeddedWallets: {networks: [{name: A, chain: EVM, rpc: https://rpc.example}]}",
			`line 3: embeddedWallets.networks[0].chainId: is missing: add it, because "A" is an EVM network`},
		{"network with a cluster",
			"embeddedWallets: {networks: [{name: A, chain: EVM, chainId: 1, cluster: devnet, rpc: https://rpc.example}]}",
			"line 3: embeddedWallets.networks[0].cluster: is for SOL: remove the line"},
		{"network with a chain id",
			"embeddedWallets: {networks: [{name: A, chain: SOL, chainId: 1, cluster: devnet, rpc: https://rpc.example}]}",
			"line 3: embeddedWallets.networks[0].chainId: is for EVM: remove the line"},
		{"network without a cluster", "embeddedWallets: {networks: [{name: A, chain: SOL, rpc: https://rpc.example}]}",
			`line 3: embeddedWallets.networks[0].cluster: "" is not accepted; known: mainnet-beta, devnet, testnet, localnet`},
		{"network plain", "embeddedWallets: {networks: [{name: A, chain: EVM, chainId: 1, rpc: \"http://rpc.example\"}]}",
			"line 3: embeddedWallets.networks[0].rpc: must be https (http is accepted on loopback only)"},
		{"network twice",
			"embeddedWallets: {networks: [{name: A, chain: EVM, chainId: 1, rpc: https://a.example}, {name: A, chain: EVM, chainId: 2, " +
				"rpc: https://b.example}]}", `line 3: embeddedWallets.networks[1].name: "A" is already set in line 3: keep one of the two`},
		{"network of one chain twice",
			"embeddedWallets: {networks: [{name: A, chain: EVM, chainId: 1, rpc: https://a.example}, {name: B, chain: EVM, chainId: 1, " +
				"rpc: https://b.example}]}",
			`line 3: embeddedWallets.networks[1].chain: "1" is already set in line 3: keep one of the two`},
		{"network symbol", "embeddedWallets: {networks: [{name: A, chain: EVM, chainId: 1, rpc: https://a.example, symbol: \"<b>\"}]}",
			`line 3: embeddedWallets.networks[0].symbol: "<b>" is not a symbol such as ETH: use 1 to 12 letters and digits`},
		{"network decimals", "embeddedWallets: {networks: [{name: A, chain: EVM, chainId: 1, rpc: https://a.example, decimals: 37}]}",
			"line 3: embeddedWallets.networks[0].decimals: 37 is above the ceiling: use 1 to 36"},
		{"node without EVM", "wallets: {chains: [SOL], rpc: [{chainId: 1, url: https://a.example}]}",
			"line 3: wallets.rpc: asks contract wallets, which are EVM wallets: add EVM to wallets.chains"},
		{"undeployed without a node", "wallets: {chains: [EVM], undeployed: true}",
			"line 3: wallets.undeployed: is about contract wallets: say in wallets.rpc which node to ask"},

		{"provider", "providers: [{provider: gitbub, clientId: a}]",
			`line 3: providers[0].provider: "gitbub" is not accepted; did you mean github?`},
		{"provider twice", "providers: [{provider: github, clientId: a}, {provider: github, clientId: b}]",
			`line 3: providers[1].provider: "github" is already set in line 3: keep one of the two`},
		{"two places", "providers: [{provider: github, clientId: a, clientSecret: {file: /a, env: A}}]",
			"line 3: providers[0].clientSecret: must be exactly one of {file: name} and {env: NAME}"},
		{"no place", "providers: [{provider: github, clientId: a, clientSecret: {}}]",
			"line 3: providers[0].clientSecret: must be exactly one of {file: name} and {env: NAME}"},
		{"file", "providers: [{provider: github, clientId: a, clientSecret: {file: a/b}}]", ""},
		{"file elsewhere", "providers: [{provider: github, clientId: a, clientSecret: {file: ../a}}]",
			`line 3: providers[0].clientSecret: "../a" leaves the environment's folder: name a file below it, as in {file: github}`},
		{"variable", "providers: [{provider: github, clientId: a, clientSecret: {env: A-B}}]",
			`line 3: providers[0].clientSecret: "A-B" is not the name of a variable`},

		{"external incomplete", "externalAuth:\n  enabled: true\n", "line 3: externalAuth.aud: is missing: external sign-in needs iss, " +
			"aud and jwksUrl\nline 3: externalAuth.iss: is missing: external sign-in needs iss, aud and jwksUrl\n" +
			"line 3: externalAuth.jwksUrl: is missing: external sign-in needs iss, aud and jwksUrl"},
		{"external off", "externalAuth: {iss: i}", ""},
		{"jwksUrl plain", external + "http://login.example/jwks}",
			"line 3: externalAuth.jwksUrl: must be https (http is accepted on loopback only)"},
		{"jwksUrl fragment", external + "\"https://login.example/jwks#a\"}",
			"line 3: externalAuth.jwksUrl: a URL here has no #fragment: remove it"},
		{"jwksUrl relative", external + "/jwks}",
			`line 3: externalAuth.jwksUrl: "/jwks" is not a URL: write it whole, as in https://login.example.com/path`},
		{"jwksUrl with password", external + "https://a:b@login.example/jwks}",
			"line 3: externalAuth.jwksUrl: a URL here carries no user name or password: remove them"},
		{"jwksUrl on loopback", external + "http://127.0.0.1:2580/jwks.json}", ""},

		{"scope grammar", "scopes: [{scope: Transfer, audience: https://a.example}]", `line 3: scopes[0].scope: "Transfer" is not a ` +
			`scope: write lower-case words with colons between them, as in transfer:create (at most 128 characters)`},
		{"scope reserved", "scopes: [{scope: \"wallet:exprt\"}]",
			"line 3: scopes[0].scope: the prefix wallet is reserved and wallet:exprt is none of its scopes; did you mean wallet:export?"},
		{"scope of business accounts", "scopes: [{scope: \"business_account:member:add\"}]",
			"line 3: scopes[0].scope: business_account scopes are not supported: remove the entry"},
		{"scope twice", custom + "- scope: transfer:create\n  audience: https://bank.example\n",
			`line 6: scopes[1].scope: "transfer:create" is already set in line 4: keep one of the two`},
		{"no audience", "scopes: [{scope: \"transfer:create\"}]",
			"line 3: scopes[0].audience: is missing: name the API that accepts the token, as in https://bank.example.com"},
		{"audience relative", "scopes: [{scope: \"transfer:create\", audience: bank}]",
			`line 3: scopes[0].audience: "bank" is not an absolute URI without a fragment, such as https://bank.example.com`},
		{"audience fragment", "scopes: [{scope: \"transfer:create\", audience: \"https://bank.example/#a\"}]",
			`line 3: scopes[0].audience: "https://bank.example/#a" is not an absolute URI without a fragment, such as ` +
				`https://bank.example.com`},
		{"audience that is code", "scopes: [{scope: \"transfer:create\", audience: \"https://x/'+require(1)+'\"}]",
			`line 3: scopes[0].audience: "https://x/'+require(1)+'" has characters that no URI holds here: write them as %XX`},
		{"audience the issuer",
			"scopes: [{scope: \"transfer:create\", audience: \"https://a.example/api/v0/sdk/11111111-2222-4333-8444-555555555555\"}]",
			"line 3: scopes[0].audience: is a stepup environment, which guards only built-in scopes: name your own API"},
		{"audience a URN", "scopes: [{scope: \"transfer:create\", audience: \"urn:bank:api\", required: false, tokenBehavior: " +
			"time_bound, expirySeconds: 600}]", ""},
		{"custom too long", custom + "  expirySeconds: 301\n",
			"line 6: scopes[0].expirySeconds: 301 is above the ceiling of a single_use token: use at most 300, or choose tokenBehavior: " +
				"time_bound (300 for single_use, 600 for time_bound, and nothing raises them)"},
		{"custom behaviour", custom + "  tokenBehavior: often\n",
			`line 6: scopes[0].tokenBehavior: "often" is not accepted; known: single_use, time_bound`},
		{"built-in audience", "scopes: [{scope: \"wallet:sign\", audience: https://a.example}]",
			"line 3: scopes[0].audience: a built-in scope is for this server alone: remove the line"},
		{"built-in off", "scopes: [{scope: \"wallet:export\", required: false}]",
			"line 3: scopes[0].required: a built-in scope cannot be switched off here: remove the line"},
		{"built-in loosened", "scopes: [{scope: \"wallet:delete\", tokenBehavior: time_bound}]",
			"line 3: scopes[0].tokenBehavior: wallet:delete is single_use and cannot be loosened: remove the line"},
		{"built-in too long", "scopes: [{scope: \"credential:link\", expirySeconds: 601}]", "line 3: scopes[0].expirySeconds: 601 is " +
			"above the ceiling of a time_bound token: use at most 600 (300 for single_use, 600 for time_bound, and nothing raises them)"},
		{"built-in stricter",
			"scopes: [{scope: \"credential:link\", required: true, tokenBehavior: single_use, expirySeconds: 60, floor: {withMfa: " +
				"\"urn:stepup:phr\", withoutMfa: \"urn:stepup:reauth\", preset: asvs-l3}}, {scope: " +
				"\"console:sso:update\", expirySeconds: 60}]",
			""},
		{"sign time-bound by scope", "scopes: [{scope: \"wallet:sign\", tokenBehavior: time_bound, expirySeconds: 600}]", ""},
		{"floor", custom + "  floor: {withoutMfa: \"urn:stepup:mfaa\"}\n",
			`line 6: scopes[0].floor.withoutMfa: "urn:stepup:mfaa" is not accepted; did you mean urn:stepup:mfa?`},
		{"floor below", custom + "  floor: {withMfa: \"urn:stepup:reauth\"}\n",
			"line 6: scopes[0].floor.withMfa: is below urn:stepup:mfa: whoever has a second factor must use it"},
		{"preset", custom + "  floor: {preset: asvs-l2}\n",
			`line 6: scopes[0].floor.preset: "asvs-l2" is not accepted; did you mean asvs-l3?`},

		{"binding", custom + "  binding: {require: above, displayed: true, above: [{of: amount, limit: \"99.50\"}]}\n" +
			"  summary: Pay {amount} to {payee}\n", ""},
		{"binding of a wallet",
			"scopes: [{scope: \"wallet:sign\", binding: {require: above, above: [{of: \"eip155:1/slip44:60\", limit: \"0.5\"}]}}]", ""},
		{"binding word", custom + "  binding: {require: allways}\n",
			`line 6: scopes[0].binding.require: "allways" is not accepted; did you mean always?`},
		{"binding of what has none", "scopes: [{scope: \"credential:link\", binding: {require: always}}]",
			"line 3: scopes[0].binding: credential:link has no transaction to bind to: only scopes of your own and wallet scopes have"},
		{"binding shown but not required", custom + "  binding: {displayed: true}\n",
			"line 6: scopes[0].binding.displayed: is about bindings that are required: say in require when, or remove the line"},
		{"binding above nothing", custom + "  binding: {require: above}\n",
			"line 6: scopes[0].binding.above: is missing: say above which " +
				"amounts a binding is required, as in [{of: amount, limit: \"100\"}]"},
		{"binding always and above", custom + "  binding: {require: always, above: [{of: amount, limit: \"1\"}]}\n",
			"line 6: scopes[0].binding.above: is about require: above: write that, or remove the line"},
		{"binding limit", custom + "  binding: {require: above, above: [{of: amount, limit: \"1e3\"}]}\n",
			`line 6: scopes[0].binding.above[0].limit: "1e3" is not an amount: write digits in quotes, with a point where there is a ` +
				`fraction, as in "99.50"`},
		{"binding limit twice", custom + "  binding: {require: above, above: [{of: amount, limit: \"1\"}, {of: amount, limit: \"2\"}]}\n",
			`line 6: scopes[0].binding.above[1].of: "amount" is already set in line 6: keep one of the two`},
		{"binding member", custom + "  binding: {require: above, above: [{of: \"a.b\", limit: \"1\"}]}\n",
			`line 6: scopes[0].binding.above[0].of: "a.b" is no member of authorization_details: use letters, ` +
				`digits and _, a letter first`},
		{"summary of a built-in scope", "scopes: [{scope: \"wallet:sign\", summary: Sign}]",
			"line 3: scopes[0].summary: a built-in scope has a summary of its own: remove the line"},
		{"summary brace", custom + "  summary: Pay {amount to {payee}\n",
			"line 6: scopes[0].summary: has a brace without its other: write members as {amount}"},
		{"summary member", custom + "  summary: Pay {a mount}\n",
			"line 6: scopes[0].summary: {a mount} is no member of authorization_details: use letters, digits and _, a letter first"},
		{"summary too long", custom + "  summary: " + strings.Repeat("a", 301) + "\n",
			"line 6: scopes[0].summary: is longer than 300 bytes: shorten it"},

		{"compatibility", "compatibility: [link-walet]",
			`line 3: compatibility[0]: "link-walet" is not accepted; did you mean link-wallet?`},
		{"compatibility twice", "compatibility: [refresh, refresh]", "line 3: compatibility[1]: is already entry 1 of the list: remove it"},
		{"all of compatibility", "compatibility: [link-wallet, link-email, link-phone, unlink-wallet, update-user, delete-user, refresh, " +
			"reshare, delete-device]", ""},
		{"rehearsal", "rehearsal: {users: [a b]}", `line 3: rehearsal.users[0]: "a b" is neither a user id nor an email address`},
		{"rehearsals", "rehearsal: {users: [ada@example.com, 11111111-2222-4333-8444-555555555556]}", ""},
		{"too many", "origins: [" + strings.Repeat("https://a.example,", 101) + "]",
			"line 3: origins: has 101 entries: at most 100 are accepted"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, problems(t, head+test.doc)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestIdentity(t *testing.T) {
	for _, test := range []struct{ doc, want string }{
		{"id: prod\nname: App", `line 1: id: "prod" is not a UUID such as 11111111-2222-4333-8444-555555555555`},
		{"id: AAAAAAAA-2222-4333-8444-555555555555\nname: App",
			"line 1: id: must be lower-case: write aaaaaaaa-2222-4333-8444-555555555555"},
		{head[:strings.Index(head, "name")] + "name: " + strings.Repeat("ä", 101), "line 2: name: is 101 characters long: use at most 100"},
	} {
		if got := problems(t, test.doc); got != test.want {
			t.Errorf("%s: %s", test.doc, got)
		}
	}
}

func TestOrigins(t *testing.T) {
	for _, origin := range []string{
		"https://app.example.com", "https://app.example.com:8443", "http://localhost:3000", "http://localhost",
		"http://app.localhost:3000", "http://127.0.0.1:8080", "http://[::1]:8080", "https://[2001:db8::1]", "https://xn--bnk-qla.example",
		"https://10.0.0.1",
	} {
		if got := problems(t, head+"origins: [\""+origin+"\"]\nredirectOrigins: [\""+origin+"\"]"); got != "" {
			t.Errorf("%s: %s", origin, got)
		}
	}
	const shape = ": write scheme://host or scheme://host:port, as in https://app.example.com"
	const canonical = "an origin has no path, query or default port, and is lower-case: write "
	for _, test := range []struct{ origin, want string }{
		{"*", "wildcards are not accepted: list every origin by itself"},
		{"https://*.example.com", "wildcards are not accepted: list every origin by itself"},
		{"null", `"null" is not an origin` + shape},
		{"app.example.com", `"app.example.com" is not an origin` + shape},
		{"localhost:3000", `"localhost:3000" is not an origin` + shape},
		{"//app.example.com", `"//app.example.com" is not a web origin` + shape},
		{"ftp://app.example.com", `"ftp://app.example.com" is not a web origin` + shape},
		{"javascript://callback", `"javascript://callback" is not a web origin` + shape},
		{"MyApp://callback", `"MyApp://callback" is not a web origin` + shape},
		{"file:///app", `"file:///app" is not an origin` + shape}, {"https://app.example.com/", canonical + "https://app.example.com"},
		{"https://app.example.com/login", canonical + "https://app.example.com"},
		{"https://app.example.com?", canonical + "https://app.example.com"},
		{"https://app.example.com#", canonical + "https://app.example.com"},
		{"https://app.example.com:443", canonical + "https://app.example.com"},
		{"https://app.example.com:08443", canonical + "https://app.example.com:8443"},
		{"https://app.example.com:", canonical + "https://app.example.com"},
		{"http://localhost:80", canonical + "http://localhost"},
		{"HTTPS://App.Example.com", canonical + "https://app.example.com"},
		{"http://app.example.com", "http is accepted on loopback only: use https://app.example.com"},
		{"http://localhost.example.com", "http is accepted on loopback only: use https://localhost.example.com"},
		{"http://192.168.1.5:3000", "http is accepted on loopback only: use https://192.168.1.5:3000"},
		{"https://a:b@app.example.com", "an origin carries no user name or password" + shape},
		{"https://app.example.com:99999", "port 99999 does not exist: use 1 to 65535"},
		{"https://app.example.com:0", "port 0 does not exist: use 1 to 65535"},
		{"https://bänk.example",
			`"bänk.example" is not a host name or address as browsers send it (names beyond ASCII in their xn-- form)`},
		{"https://app_1.example.com",
			`"app_1.example.com" is not a host name or address as browsers send it (names beyond ASCII in their xn-- form)`},
		{"https://example.com.",
			`"example.com." is not a host name or address as browsers send it (names beyond ASCII in their xn-- form)`},
		{"http://127.1", `"127.1" is not a host name or address as browsers send it (names beyond ASCII in their xn-- form)`},
		{"http://0x7f.0.0.1", `"0x7f.0.0.1" is not a host name or address as browsers send it (names beyond ASCII in their xn-- form)`},
		{"http://[0:0::1]", `"0:0::1" is not a host name or address as browsers send it (names beyond ASCII in their xn-- form)`},
	} {
		for _, key := range []string{"origins", "redirectOrigins"} {
			got := problems(t, head+key+": [\""+test.origin+"\"]")
			if diff := cmp.Diff("line 3: "+key+"[0]: "+test.want, got); diff != "" {
				t.Error(diff)
			}
		}
	}
}

func TestCheckApply(t *testing.T) {
	newest := mustParse(t, head)
	imported := mustParse(t, head+"minApiVersion: 2026_01_01\ncreatedAtVersion: 2026_01_01")
	accepted := mustParse(t, head+"createdAtVersion: 2026_01_01")
	other := mustParse(t, strings.Replace(head, "1", "2", 1))
	back := *newest
	back.MinAPIVersion = environment.Version20260101

	const cannot = `minApiVersion: an environment created at 2026_04_01 cannot go back to 2026_01_01: raise it, or, for an environment ` +
		`that was imported, set createdAtVersion: "2026_01_01"`
	for _, test := range []struct {
		name     string
		old, new *environment.Environment
		want     string
	}{
		{name: "new", new: newest},
		{name: "new and imported", new: imported},
		{name: "new but older", new: &back, want: cannot},
		{name: "accepting", old: imported, new: accepted},
		{name: "going back", old: newest, new: &back, want: cannot},
		{name: "withdrawing", old: accepted, new: imported},
		{name: "rewriting the birth", old: newest, new: imported,
			want: `createdAtVersion: is 2026_04_01 and cannot change: write createdAtVersion: "2026_04_01"`},
		{name: "forgetting the birth", old: imported, new: newest,
			want: `createdAtVersion: is 2026_01_01 and cannot change: write createdAtVersion: "2026_01_01"`},
		{name: "another id", old: newest, new: other,
			want: "id: is 11111111-2222-4333-8444-555555555555 and cannot change to " +
				"21111111-2222-4333-8444-555555555555: create another environment"},
	} {
		got := ""
		if err := environment.CheckApply(test.old, test.new); err != nil {
			got = err.Error()
		}
		if got != test.want {
			t.Errorf("%s: %s", test.name, got)
		}
	}
}
