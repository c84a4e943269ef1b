package load

import (
	"encoding/base32"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/stepup-auth/stepup/internal/faults/history"
	"github.com/stepup-auth/stepup/internal/method/totp"
	"github.com/stepup-auth/stepup/internal/method/walletsig/walletsigtest"
	"github.com/stepup-auth/stepup/internal/server/servertest"
)

const transfer = "transfer:create"

// client is one worker. It is somebody in both environments, and one of many guards.
type client struct {
	*Load
	random *rand.Rand
	user   *person // at the newest version
	holder *person // of a second factor, under action-based MFA
	codes  []*recoveryCode
	wrong  int // guesses of the user so far
}

// person is somebody who is signed in with a wallet.
type person struct {
	environment string
	wallet      *walletsigtest.Wallet
	who         asker
	session     history.Thing
	tokens      int // stepped up for so far
}

func (p *person) path(path string) string { return servertest.SDK(p.environment) + path }

// token is an elevated token that everybody may try to use.
type token struct {
	thing      history.Thing
	text       string
	due        time.Duration
	operations []string
}

func (c *client) run() {
	for {
		select {
		case <-c.ended:
			return
		default:
			c.work.RLock()
			c.step()
			c.work.RUnlock()
		}
		if c.options.Pace > 0 {
			select {
			case <-c.ended:
			case <-time.After(c.options.Pace):
			}
		}
	}
}

// step is one thing that clients do, as often as the figures say.
func (c *client) step() {
	for _, one := range []struct {
		often int
		do    func()
	}{
		{20, c.issue}, {50, c.consume}, {6, c.look}, {15, c.guess}, {20, c.recover},
	} {
		if n := c.random.IntN(100); n < one.often {
			one.do()
			return
		}
	}
}

// note writes down what came of a request. It says whether the server decided, and lets
// a client whose server is away wait for a moment.
func (l *Load) note(e history.Event, r reply, answer history.Answer) history.Answer {
	e.From, e.To, e.Answer = r.from, r.to, answer
	if answer == history.Foreign {
		e.Detail = r.String()
	}
	l.Log.Add(e)
	if answer == history.Not {
		select {
		case <-l.ended:
		case <-time.After(20 * time.Millisecond):
		}
	}
	return answer
}

// perAddress is after how many step-ups somebody new comes, from another network address.
const perAddress = 50

// issue steps up with a wallet, whose text is sometimes sent again.
func (c *client) issue() {
	if c.user == nil || c.user.tokens >= perAddress {
		c.user, c.wrong = c.signIn(servertest.A), 0
		return
	}
	c.user.tokens++
	if t := c.stepUp(c.user, transfer); t != nil {
		c.mu.Lock()
		c.tokens = append(c.tokens, t)
		if len(c.tokens) > 40 {
			c.tokens = c.tokens[1:]
		}
		c.touched = append(c.touched, t)
		c.mu.Unlock()
	}
}

// signed is a text that a wallet signed, which opens one request.
type signed struct {
	thing history.Thing
	path  string
	who   asker
	body  m
}

// sign gets a nonce and signs with it.
func (c *client) sign(p *person, path string, scopes ...string) *signed {
	r := c.ask("GET", p.path("/nonce"), p.who, nil)
	nonce := r.member("nonce")
	thing := history.Thing{Kind: history.Nonce, ID: nonce}
	if answer := r.judge(func(r reply) history.Answer { return yes(r.status == 200 && nonce != "") }); answer != history.Yes {
		if answer == history.Foreign {
			c.note(history.Event{Thing: history.Thing{Kind: history.Nonce, ID: "?"}, Act: history.Made}, r, answer)
		}
		return nil
	}
	c.note(history.Event{Thing: thing, Act: history.Made}, r, history.Yes)
	text := p.wallet.Published(servertest.Origin(p.environment), p.environment, nonce, c.options.Now())
	return &signed{thing: thing, path: p.path(path), who: p.who, body: p.wallet.Body(text, scopes...)}
}

// send shows the text.
func (l *Load) send(s *signed) (reply, history.Answer) {
	r := l.ask("POST", s.path, s.who, s.body)
	answer := r.judge(func(r reply) history.Answer {
		switch {
		case r.status == 200:
			return history.Yes
		case r.status == 422 && r.code == "invalid_verification" && strings.Contains(r.member("error"), "nonce"):
			return history.Spent
		case r.status == 422 && r.code == "invalid_verification":
			return history.Unknown // refused for another reason, and the nonce may have gone with it
		}
		return ""
	})
	return r, answer
}

// yes is a yes where the answer has what it must have.
func yes(is bool) history.Answer {
	if is {
		return history.Yes
	}
	return history.Foreign
}

// show sends a signed text for the first time.
func (c *client) show(s *signed) (reply, bool) {
	r, answer := c.send(s)
	if r.status == http.StatusUnauthorized {
		return r, false // its session is to blame, and the nonce is as good as before
	}
	c.note(history.Event{Thing: s.thing, Act: history.Used}, r, answer)
	if c.random.IntN(4) == 0 || answer == history.Unknown {
		c.touch(s)
	}
	return r, answer == history.Yes
}

func (c *client) touch(s settling) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.touched = append(c.touched, s)
}

// signIn signs somebody new in; nil: it did not come about.
func (c *client) signIn(environment string) *person {
	n := c.random.Uint32()
	p := &person{environment: environment, wallet: walletsigtest.NewEVM(c.t),
		who: asker{source: fmt.Sprintf("10.%d.%d.%d", byte(n>>16), byte(n>>8), byte(n))}}
	s := c.sign(p, "/wallets/signin")
	if s == nil {
		return nil
	}
	r, ok := c.show(s)
	if !ok {
		return nil
	}
	p.who.bearer = r.member("minifiedJwt")
	p.session = history.Thing{Kind: history.Session, ID: payload(p.who.bearer).Session}
	c.note(history.Event{Thing: p.session, Act: history.Made}, r, yes(p.session.ID != ""))
	return p
}

// in judges an answer to somebody in a session: that it is over is a verdict on the
// session, and who hears it has to sign in again.
func (c *client) in(p *person, r reply) (over bool) {
	if r.status != http.StatusUnauthorized {
		return false
	}
	c.note(history.Event{Thing: p.session, Act: history.Looked}, r, history.Void)
	if p == c.user {
		c.user = nil
	}
	if p == c.holder {
		c.holder, c.codes = nil, nil
	}
	return true
}

// stepUp proves with the wallet and is given a token.
func (c *client) stepUp(p *person, scope string) *token {
	s := c.sign(p, "/wallets/verify", scope)
	if s == nil {
		return nil
	}
	r, ok := c.show(s)
	if c.in(p, r) || !ok {
		return nil
	}
	return c.given(r)
}

// given writes a token down that an answer holds.
func (c *client) given(r reply) *token {
	text := r.member("elevatedAccessToken")
	claims := payload(text)
	t := &token{thing: history.Thing{Kind: history.Token, ID: claims.ID}, text: text,
		due: r.from + time.Duration(claims.Expires-claims.Issued)*time.Second}
	e := history.Event{Thing: t.thing, Act: history.Made, Due: t.due}
	if claims.ID == "" {
		c.note(e, r, history.Foreign)
		return nil
	}
	c.note(e, r, history.Yes)
	return t
}

// consume asks for a token to be spent: for an operation of its own, or once more for one
// that was tried before.
func (c *client) consume() {
	c.mu.Lock()
	if len(c.tokens) == 0 {
		c.mu.Unlock()
		c.issue()
		return
	}
	t := c.tokens[c.random.IntN(len(c.tokens))]
	operation := uuid.NewString()
	if known := len(t.operations); known > 0 && c.random.IntN(2) == 0 {
		operation = t.operations[c.random.IntN(known)]
	} else {
		t.operations = append(t.operations, operation)
	}
	c.mu.Unlock()
	c.spend(t, operation)
}

func (l *Load) spend(t *token, operation string) history.Answer {
	r := l.ask("POST", servertest.SDK(servertest.A)+"/tokens/consume", asker{bearer: l.options.Guard},
		m{"token": t.text, "scope": transfer, "operationId": operation, "requestDigest": "digest"})
	return l.note(history.Event{Thing: t.thing, Act: history.Used, Operation: operation}, r, r.judge(gate))
}

// look asks whether a token is good, or what the audit log has of it.
func (c *client) look() {
	c.mu.Lock()
	if len(c.tokens) == 0 {
		c.mu.Unlock()
		return
	}
	t := c.tokens[c.random.IntN(len(c.tokens))]
	c.mu.Unlock()
	if c.random.IntN(2) == 0 {
		c.introspect(t)
	} else {
		c.audit(t)
	}
}

func (l *Load) introspect(t *token) history.Answer {
	r := l.ask("POST", servertest.SDK(servertest.A)+"/tokens/introspect", asker{bearer: l.options.Guard}, m{"token": t.text})
	answer := r.judge(func(r reply) history.Answer {
		var said struct{ Active *bool }
		switch err := json.Unmarshal(r.body, &said); {
		case r.status != 200 || err != nil || said.Active == nil:
			return ""
		case *said.Active:
			return history.Yes
		}
		return history.Spent // or over: it does not say which
	})
	return l.note(history.Event{Thing: t.thing, Act: history.Looked}, r, answer)
}

// audit counts what the audit log has of a token: it was minted once, and spent once at most.
func (l *Load) audit(t *token) history.Answer {
	r := l.ask("GET", servertest.Admin(servertest.A)+"/audit?tokenId="+t.thing.ID, asker{bearer: l.options.Auditor}, nil)
	answer := r.judge(func(r reply) history.Answer {
		var page struct{ Events []struct{ Action string } }
		if err := json.Unmarshal(r.body, &page); r.status != 200 || err != nil {
			return ""
		}
		counts := map[string]int{}
		for _, e := range page.Events {
			counts[e.Action]++
		}
		switch {
		case len(counts) == 0:
			return history.Void
		case counts["token.minted"] != 1 || counts["token.consumed"] > 1:
			return ""
		case counts["token.consumed"] == 1:
			return history.Yes
		}
		return history.Unused
	})
	return l.note(history.Event{Thing: t.thing, Act: history.Audited}, r, answer)
}

// guess tries a recovery code that is none, of which each counts.
func (c *client) guess() {
	if c.user == nil || c.wrong > 2*history.GuessLimit {
		return
	}
	c.wrong++
	r := c.ask("POST", c.user.path("/users/mfa/auth/recovery"), c.user.who, m{"code": "aaaaa-aaaaa-aaaaa-a"})
	if c.in(c.user, r) {
		return
	}
	var answer history.Answer
	switch {
	case r.status == 422 && r.code == "mfa_invalid_code":
		answer = history.Yes
	case r.status == 429 && r.code == "mfa_rate_limited":
		answer = history.Spent
	default:
		answer = r.judge(func(reply) history.Answer { return "" })
	}
	c.note(history.Event{Thing: history.Thing{Kind: history.Guesses, ID: c.user.session.ID}, Act: history.Used}, r, answer)
}

// recover steps up with a recovery code for a token of action-based MFA, and uses that.
func (c *client) recover() {
	switch {
	case c.holder == nil || len(c.codes) == 0:
		c.enrol()
	default:
		code := c.codes[0]
		c.codes = c.codes[1:]
		c.touch(code)
		r, answer := c.useCode(code)
		if c.in(code.person, r) || answer != history.Yes {
			return
		}
		t := &mfaToken{thing: history.Thing{Kind: history.MFAToken, ID: uuid.NewString()}, text: r.member("mfaToken"), person: code.person}
		c.note(history.Event{Thing: t.thing, Act: history.Made}, r, yes(t.text != ""))
		c.touch(t)
		for range 1 + c.random.IntN(2) {
			if r, _ := c.useMFAToken(t); c.in(t.person, r) {
				return
			}
		}
	}
}

// enrol makes somebody new with an authenticator app and recovery codes.
func (c *client) enrol() {
	c.holder, c.codes = nil, nil
	p := c.signIn(servertest.Legacy)
	if p == nil {
		return
	}
	s := c.sign(p, "/wallets/verify", "credential:link")
	if s == nil {
		return
	}
	r, ok := c.show(s)
	if !ok {
		return
	}
	linking := p.who
	linking.elevated = r.member("elevatedAccessToken")
	begun := c.ask("GET", p.path("/users/mfa/register/totp"), linking, nil)
	secret, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(begun.member("secret"))
	if begun.status != 200 || err != nil {
		return
	}
	code := totp.Code(secret, totp.StepAt(c.options.Now()))
	confirmed := c.ask("POST", p.path("/users/mfa/auth/totp"), p.who, m{"id": begun.member("id"), "code": code})
	if confirmed.status != 200 {
		return
	}
	shown := c.ask("GET", p.path("/users/mfa/recovery"), p.who, nil)
	var codes struct{ RecoveryCodes []string }
	if err := json.Unmarshal(shown.body, &codes); shown.status != 200 || err != nil {
		return
	}
	c.holder = p
	for _, text := range codes.RecoveryCodes {
		code := &recoveryCode{thing: history.Thing{Kind: history.Recovery, ID: uuid.NewString()}, text: text, person: p}
		c.note(history.Event{Thing: code.thing, Act: history.Made}, shown, history.Yes)
		c.codes = append(c.codes, code)
	}
}

// recoveryCode is one, and whose.
type recoveryCode struct {
	thing  history.Thing
	text   string
	person *person
}

func (l *Load) useCode(code *recoveryCode) (reply, history.Answer) {
	r := l.ask("POST", code.person.path("/users/mfa/auth/recovery"), code.person.who,
		m{"code": code.text, "createMfaToken": m{"singleUse": true}})
	if r.status == http.StatusUnauthorized {
		return r, history.Not
	}
	answer := r.judge(func(r reply) history.Answer {
		switch {
		case r.status == 200:
			return history.Yes
		case r.status == 422 && r.code == "mfa_invalid_code":
			return history.Spent
		}
		return ""
	})
	return r, l.note(history.Event{Thing: code.thing, Act: history.Used}, r, answer)
}

// mfaToken is a token of action-based MFA for a single use.
type mfaToken struct {
	thing  history.Thing
	text   string
	person *person
}

func (l *Load) useMFAToken(t *mfaToken) (reply, history.Answer) {
	who := t.person.who
	who.mfaToken = t.text
	r := l.ask("PUT", t.person.path("/users"), who, m{"alias": "Ada"})
	if r.status == http.StatusUnauthorized {
		return r, history.Not
	}
	return r, l.note(history.Event{Thing: t.thing, Act: history.Used}, r, r.judge(gate))
}
