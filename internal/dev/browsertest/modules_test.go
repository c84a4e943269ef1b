package browsertest

import (
	"context"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/google/go-cmp/cmp"
)

// inPage runs the body of an async function in the demo page; module(name)
// imports one of its modules.
func inPage[T any](b *tab, body string) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, stepTimeout)
	defer cancel()
	expression := "(async () => { const module = (name) => import('/demo/' + name); " + tokenHelper + body + "})()"
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("running %s: %v", body, err)
	}
	return value
}

// token(scope, claims) is an unsigned token: the page never checks signatures.
const tokenHelper = `
	const part = (value) => btoa(JSON.stringify(value)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
	const now = Math.floor(Date.now() / 1000);
	const token = (scope, claims = {}) => [part({typ: 'elevated+jwt'}),
		part({scope, iat: now, exp: now + 300, jti: Math.random(), ...claims}), 'x'].join('.');
`

// The tickets on show follow what goes over the wire.
func TestTickets(t *testing.T) {
	base := mustStart(t)
	b := mustOpenTab(t, 390, 844)
	b.open(base + "/demo/")
	cases := []struct{ name, body, want string }{
		{"one live token per exact set of scopes", `
			await earn(token('a b')); await earn(token('a')); await earn(token('b a'));
			return states()`, "b a:live a:live"},
		{"and per transaction", `
			await earn(token('a')); await earn(token('a', {authorization_details_hash: 'x'}));
			return states()`, "a:live a:live"},
		{"single-use leaves on use and stays on show", `
			const text = await earn(token('a', {singleUse: true})); await send(text, 200);
			return states()`, "a:spent"},
		{"while it is on its way nobody knows", `
			const text = await earn(token('a', {singleUse: true})); const sent = send(text, 200); const meanwhile = states(); await sent;
			return meanwhile`, "a:in use"},
		{"time-bound stays", `
			const text = await earn(token('a')); await send(text, 200); await send(text, 200);
			return states() + ' ' + tickets.all[0].uses`, "a:live 2"},
		{"refused as spent", `
			const text = await earn(token('a', {singleUse: true})); await send(text, 403, 'spent');
			return states()`, "a:spent"},
		{"refused as superseded, though it is time-bound", `
			const text = await earn(token('a')); await send(text, 403, 'superseded');
			return states()`, "a:superseded"},
		{"our server refused for another reason, and did not burn it", `
			const text = await earn(token('a', {singleUse: true})); await send(text, 422);
			return states() + ' ' + tickets.all[0].uses`, "a:live 0"},
		{"a guard elsewhere may have burned it", `
			const text = await earn(token('a', {singleUse: true})); await send(text, 422, '', '/bank/transfers');
			return states()`, "a:spent"},
		{"no answer", `
			const text = await earn(token('a', {singleUse: true})); await send(text, 0);
			return states()`, "a:spent"},
		{"an error of the server", `
			const text = await earn(token('a', {singleUse: true})); await send(text, 500);
			return states()`, "a:spent"},
		{"expired opens nothing", `
			await earn(token('a', {exp: now - 1}));
			return states()`, "a:expired"},
		{"what is no usable token is not on show", `
			for (const text of ['x', null, 'a.b.c', token(['a']), token('a', {exp: null})]) await earn(text);
			return states()`, ""},
		{"what others answer is not believed", `
			await earn(token('a'), '/bank/accounts');
			return states()`, ""},
		{"old dead tickets make room, live ones never", `
			await earn(token('live'));
			for (let i = 0; i < 9; i++) await send(await earn(token('a', {singleUse: true})), 200);
			return states()`, "a:spent a:spent a:spent a:spent a:spent live:live"},
		{"what came from something weaker dies with the first factor", `
			await send(await earn(token('b', {singleUse: true})), 200); await earn(token('a')); tickets.killAll();
			return states()`, "a:superseded b:spent"},
		{"what came from a removed credential dies with it", `
			await earn(token('a', {credential_id: 'x'})); await earn(token('b', {credential_id: 'y'}));
			tickets.killAll((t) => t.claims.credential_id === 'x');
			return states()`, "b:live a:superseded"},
		{"a new user starts with none", `
			await earn(token('a')); tickets.clear();
			return states()`, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := inPage[string](b, `
				const {Wire} = await module('wire.js');
				const {Tickets, stateOf} = await module('tickets.js');
				const wire = new Wire();
				wire.places = {'/own': {own: true}, '/bank': {name: 'bank'}};
				const tickets = new Tickets(wire);
				const states = () => tickets.all.map((t) => t.scopes.join(' ') + ':' + stateOf(t)).join(' ');
				const answers = async (status, body, call) => {
					const {fetch} = window;
					window.fetch = async () => {
						if (!status) throw new TypeError('offline');
						return new Response(JSON.stringify(body), {status});
					};
					try { await call().catch(() => {}) } finally { window.fetch = fetch }
				};
				const earn = async (text, url = '/own/verify') => {
					await answers(200, {elevatedAccessToken: text}, () => wire.fetch(url));
					return text;
				};
				const send = (text, status, reason = '', url = '/own/act') => answers(status, reason ? {payload: {reason}} : {},
					() => wire.fetch(url, {headers: {'Elevated-Access-Token': text}}));`+c.body)
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// What stops an action is said under it, and an action that was stopped did not run.
func TestStepUpOutcomes(t *testing.T) {
	base := mustStart(t)
	b := mustOpenTab(t, 390, 844)
	b.open(base + "/demo/")
	outcomes := inPage[map[string]string](b, `
		const sdk = await module('stepup/client.js');
		const {outcomePlace, stopped} = await module('views/parts.js');
		const environmentId = '11111111-2222-4333-8444-555555555555';
		const who = {sub: 'u', sid: 's', environment_id: environmentId};
		const signedIn = {user: {id: 'u', projectEnvironmentId: environmentId, sessionId: 's', verifiedCredentials: []},
			minifiedJwt: token('user', who), expiresAt: now + 300};
		const answers = {
			settings: {environmentName: 'x', general: {}, sdk: {}, security: {}}, create: {verificationUUID: 'v', email: 'a@b.c'},
			signin: signedIn, totp: {...signedIn, elevatedAccessToken: token('a', {...who, singleUse: true})},
			methods: {devices: [], passkeys: [], userHasVerifiedMfaMethods: false},
		};
		const says = async (check, prompt) => {
			const client = sdk.createStepUpClient({environmentId, apiBaseUrl: location.origin, fetch: async (url) => {
				const name = new URL(url).pathname.split('/').pop();
				const [status, body] = name === 'check' ? check : [200, answers[name]];
				return new Response(JSON.stringify(body), {status, headers: {'content-type': 'application/json'}});
			}});
			if (prompt) sdk.registerStepUpPrompt({prompt}, client);
			await sdk.sendEmailOTP({email: 'a@b.c'}, client);
			await sdk.verifyOTP({verificationToken: '123456'}, client);
			let ran = 'not run';
			const place = outcomePlace();
			await place.run(async () => stopped(place, await sdk.ensure('a', () => { ran = 'run' }, client)));
			return ran + ': ' + place.element.textContent;
		};
		const required = {isRequired: true, credentials: [{id: 'c', format: 'totp', type: 'totp'}]};
		const proving = ({client}) => sdk.authenticateTotpMfaDevice({code: '123456', requestedScopes: ['a']}, client);
		const nothing = async () => { throw new sdk.StepUpUnavailableError('no_method') };
		const cancelling = async () => { throw new sdk.StepUpCancelledError() };
		return {
			notRequired: await says([200, {isRequired: false, credentials: []}]),
			proven: await says([200, required], proving),
			noMethod: await says([200, {isRequired: true, credentials: []}], nothing),
			cancelled: await says([200, required], cancelling),
			coolingDown: await says([200, {isRequired: true, credentials: [], reason: 'cooling_down', coolDownSeconds: 60}], cancelling),
			checkRefused: await says([500, {code: 'internal_error', error: 'Something broke.'}], cancelling),
		}`)
	want := map[string]string{
		"notRequired":  "run: ",
		"proven":       "run: ",
		"noMethod":     "not run: You have no way on file to prove it is you for this action.",
		"cancelled":    "not run: Cancelled. Nothing was sent.",
		"coolingDown":  "not run: A factor has just changed: the scope cannot be proven yet.",
		"checkRefused": "not run: The server could not be asked whether a step-up is required. Something broke.",
	}
	if diff := cmp.Diff(want, outcomes); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
}

// The page computes the code of an authenticator app itself; the vectors are those of RFC 6238, appendix B, in six digits.
func TestWhatThePageComputes(t *testing.T) {
	base := mustStart(t)
	b := mustOpenTab(t, 390, 844)
	b.open(base + "/demo/")
	codes := inPage[map[string]string](b, `
		const {currentCode} = await module('totp.js');
		const results = {};
		for (const at of [59, 1111111109, 1111111111, 1234567890, 2000000000, 20000000000]) {
			results[at] = (await currentCode('GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ', at)).code;
		}
		return results`)
	want := map[string]string{"59": "287082", "1111111109": "081804", "1111111111": "050471", "1234567890": "005924",
		"2000000000": "279037", "20000000000": "353130"}
	if diff := cmp.Diff(want, codes); diff != "" {
		t.Errorf("codes (-want +got):\n%s", diff)
	}
}

// What the demo asks to be signed is what was filled in, at fees that the next blocks take. Signing and
// sending it are for TestKeptWalletSends.
func TestUnsignedTransaction(t *testing.T) {
	base := mustStart(t)
	b := mustOpenTab(t, 390, 844)
	b.open(base + "/demo/")
	got := inPage[map[string]any](b, `
		const { Node, toWei } = await module('chain.js');
		const node = new Node('');
		node.ask = async (method) => method === 'eth_getBlockByNumber' ? {baseFeePerGas: '0x3b9aca00'} : '0x81';
		return node.transfer({chainId: 31337, from: '0x', to: '0x70997970C51812dc3A010C7d01b50e0d17dc79C8', wei: toWei('0.25')})`)
	want := map[string]any{"chainId": 31337.0, "nonce": 129.0, "to": "0x70997970C51812dc3A010C7d01b50e0d17dc79C8", "gas": "21000",
		"value": "250000000000000000", "maxPriorityFeePerGas": "1000000000", "maxFeePerGas": "3000000000"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("transaction (-want +got):\n%s", diff)
	}
}
