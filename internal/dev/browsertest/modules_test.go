package browsertest

import (
	"context"
	"crypto/ecdh"
	"crypto/hpke"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/google/go-cmp/cmp"

	"github.com/stepup-auth/stepup/internal/wallet"
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

func TestTokenBank(t *testing.T) {
	base := mustStart(t)
	b := mustOpenTab(t, 390, 844)
	b.open(base + "/demo/")
	cases := []struct{ name, body, want string }{
		{"one live token per exact set of scopes", `
			bank.add(token('a b')); bank.add(token('a')); bank.add(token('b a'));
			return states()`, "b a:live a:live"},
		{"a token with more scopes opens each of them", `
			bank.add(token('a b'));
			return [bank.find('b') !== null, bank.find('c') !== null].join()`, "true,false"},
		{"single-use leaves on use and stays on show", `
			const ticket = bank.add(token('a', {singleUse: true})); bank.use(ticket);
			return states() + ' ' + (bank.find('a') === null)`, "a:spent true"},
		{"time-bound stays", `
			const ticket = bank.add(token('a')); bank.use(ticket); bank.use(ticket);
			return states() + ' ' + ticket.uses + ' ' + (bank.find('a') === ticket)`, "a:live 2 true"},
		{"given back when the server did not burn it", `
			const ticket = bank.add(token('a', {singleUse: true})); bank.use(ticket); bank.giveBack(ticket);
			return states() + ' ' + ticket.uses`, "a:live 0"},
		{"expired opens nothing", `
			bank.add(token('a', {exp: now - 1}));
			return states() + ' ' + (bank.find('a') === null)`, "a:expired true"},
		{"what is no usable token is not banked", `
			return ['x', null, 'a.b.c', token(['a']), token('a', {exp: null})].every((t) => bank.add(t) === null) + ' ' + states()`,
			"true "},
		{"old dead tickets make room, live ones never", `
			bank.add(token('live'));
			for (let i = 0; i < 9; i++) bank.use(bank.add(token('a', {singleUse: true})));
			return states()`, "a:spent a:spent a:spent a:spent a:spent live:live"},
		{"what came from something weaker dies with the first factor", `
			bank.use(bank.add(token('b', {singleUse: true}))); bank.add(token('a')); bank.killAll();
			return states() + ' ' + (bank.find('a') === null)`, "a:superseded b:spent true"},
		{"what came from a removed credential dies with it", `
			bank.add(token('a', {credential_id: 'x'})); bank.add(token('b', {credential_id: 'y'}));
			bank.killAll((t) => t.claims.credential_id === 'x');
			return states()`, "b:live a:superseded"},
		{"a new user starts with none", `
			bank.add(token('a')); bank.clear();
			return states()`, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := inPage[string](b, `const {TokenBank, stateOf} = await module('tokens.js'); const bank = new TokenBank();
				const states = () => bank.tickets.map((t) => t.scopes.join(' ') + ':' + stateOf(t)).join(' ');`+c.body)
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// Every outcome of a step-up is a value, so that no caller can forget one by
// forgetting to catch.
func TestStepUpOutcomes(t *testing.T) {
	base := mustStart(t)
	b := mustOpenTab(t, 390, 844)
	b.open(base + "/demo/")
	outcomes := inPage[map[string]string](b, `
		const {TokenBank} = await module('tokens.js');
		const {Refusal} = await module('api.js');
		const {ensure, guarded} = await module('stepup.js');
		const says = (check) => ({tokens: new TokenBank(), api: {checkStepUp: check}});
		const no = (status, reason, own = true) => new Refusal({status,
			code: reason ? 'elevated_access_token_required' : 'other', payload: {reason}, message: '', path: '/x', own});
		const prompt = async () => ({kind: 'cancelled'});
		const required = async () => ({isRequired: true, credentials: [{id: 'c'}]});
		const results = {};
		results.notRequired = (await ensure(says(async () => ({isRequired: false, credentials: []})), 'a', prompt)).kind;
		results.noMethod = (await ensure(says(async () => ({isRequired: true, credentials: []})), 'a', prompt)).kind;
		results.cancelled = (await guarded(says(required), 'a', prompt, async () => 1)).kind;
		const cooling = async () => ({isRequired: true, credentials: [], reason: 'cooling_down', coolDownSeconds: 60});
		results.coolingDown = (await ensure(says(cooling), 'a', prompt)).kind;
		results.checkRefused = (await ensure(says(async () => { throw no(401) }), 'a', prompt)).kind;
		const held = says(required);
		const act = async (failure) => {
			const ticket = held.tokens.add(token('a', {singleUse: true}));
			const outcome = await guarded(held, 'a', prompt, async () => { if (failure) throw failure; return 1 });
			return outcome.kind + ' ' + ticket.state;
		};
		results.done = await act();
		results.refusedForTheToken = await act(no(403, 'spent'));
		results.refusedForAnotherReason = await act(no(422));
		results.refusedElsewhere = await act(no(422, '', false));
		results.noAnswer = await act(no(0));
		results.serverError = await act(no(500));
		return results`)
	want := map[string]string{
		"notRequired":             "not-required",
		"noMethod":                "no-method",
		"cancelled":               "cancelled",
		"coolingDown":             "cooling-down",
		"checkRefused":            "failed",
		"done":                    "done spent",
		"refusedForTheToken":      "failed spent",
		"refusedForAnotherReason": "failed live",
		"refusedElsewhere":        "failed spent",
		"noAnswer":                "failed spent",
		"serverError":             "failed spent",
	}
	if diff := cmp.Diff(want, outcomes); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
}

// The page computes two things itself: the code of an authenticator app (the
// vectors are those of RFC 6238, appendix B, in six digits) and the capitals of
// an Ethereum address (those of EIP-55).
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
	addresses := []string{
		"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
		"0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB", "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
	}
	for _, want := range addresses {
		got := inPage[string](b, fmt.Sprintf("return (await module('keccak.js')).withChecksum(%q)", strings.ToLower(want)))
		if got != want {
			t.Errorf("the capitals of %s: got %s", want, got)
		}
	}
}

// The page opens what Go's HPKE sealed to its key, for this operation only.
func TestExportKey(t *testing.T) {
	base := mustStart(t)
	b := mustOpenTab(t, 390, 844)
	b.open(base + "/demo/")
	public, err := base64.RawURLEncoding.DecodeString(inPage[string](b, `
		window.made = await (await module('exportkey.js')).ExportKey.make();
		return window.made.publicKey`))
	if err != nil {
		t.Fatal(err)
	}
	recipient, err := hpke.DHKEM(ecdh.X25519()).NewPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	operation := wallet.Operation{ID: "o", EnvironmentID: "e", WalletID: "w"}
	encapsulated, sender, err := hpke.NewSender(recipient, hpke.HKDFSHA256(), hpke.AES256GCM(), wallet.ExportInfo(operation))
	if err != nil {
		t.Fatal(err)
	}
	ciphertext, err := sender.Seal(nil, []byte("the key"))
	if err != nil {
		t.Fatal(err)
	}
	opened := func(operationID string) string {
		return inPage[string](b, fmt.Sprintf(`
			const sealed = {encapsulatedKey: %q, ciphertext: %q};
			return window.made.open(sealed, {environmentId: 'e', walletId: 'w', operationId: %q}).catch(() => 'refused')`,
			base64.RawURLEncoding.EncodeToString(encapsulated), base64.RawURLEncoding.EncodeToString(ciphertext), operationID))
	}
	if got := opened("o"); got != "the key" {
		t.Errorf("it opened as %q", got)
	}
	if got := opened("another"); got != "refused" {
		t.Errorf("for another operation it opened as %q", got)
	}
}

// The unsigned transaction of the demo is the one that the server's decoder reads.
func TestUnsignedTransaction(t *testing.T) {
	base := mustStart(t)
	b := mustOpenTab(t, 390, 844)
	b.open(base + "/demo/")
	got := inPage[string](b, `
		const { Node, toWei } = await module('chain.js');
		const node = new Node('');
		node.ask = async (method) => method === 'eth_getBlockByNumber' ? {baseFeePerGas: '0x3b9aca00'} : '0x81';
		return node.transfer({chainId: 31337, from: '0x', to: '0x70997970C51812dc3A010C7d01b50e0d17dc79C8', wei: toWei('0.25')})`)
	const want = "0x02 f2 827a69 8181 843b9aca00 84b2d05e00 825208 9470997970c51812dc3a010c7d01b50e0d17dc79c8 8803782dace9d90000 80 c0"
	if got != strings.ReplaceAll(want, " ", "") {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
