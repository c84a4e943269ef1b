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
	const token = (scope, claims = {}) => [part({typ: 'elevated+jwt'}), part({scope, iat: now, exp: now + 300, jti: Math.random(), ...claims}), 'x'].join('.');
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
			return [bank.add('x'), bank.add(null), bank.add('a.b.c'), bank.add(token(['a'])), bank.add(token('a', {exp: null}))].every((t) => t === null) + ' ' + states()`, "true "},
		{"old dead tickets make room, live ones never", `
			bank.add(token('live'));
			for (let i = 0; i < 9; i++) bank.use(bank.add(token('a', {singleUse: true})));
			return states()`, "a:spent a:spent a:spent a:spent a:spent live:live"},
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
		const no = (status, reason, own = true) => new Refusal({status, code: reason ? 'elevated_access_token_required' : 'other', payload: {reason}, message: '', path: '/x', own});
		const prompt = async () => ({kind: 'cancelled'});
		const required = async () => ({isRequired: true, credentials: [{id: 'c'}]});
		const results = {};
		results.notRequired = (await ensure(says(async () => ({isRequired: false, credentials: []})), 'a', prompt)).kind;
		results.noMethod = (await ensure(says(async () => ({isRequired: true, credentials: []})), 'a', prompt)).kind;
		results.cancelled = (await guarded(says(required), 'a', prompt, async () => 1)).kind;
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
