package social_test

import (
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/assurance"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/keyset"
	"github.com/stepup-auth/stepup/internal/method"
	"github.com/stepup-auth/stepup/internal/method/methodtest"
	"github.com/stepup-auth/stepup/internal/method/social"
	"github.com/stepup-auth/stepup/internal/method/social/socialtest"
	"github.com/stepup-auth/stepup/internal/outbound"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/tenant/tenanttest"
)

// A person is (issuer, account id): the same next time, whatever else changes.
func TestSignIn(t *testing.T) {
	engines(t, func(t *testing.T, h house) {
		first := h.signIn(t, "acme")
		h.provider.LogIn(socialtest.Person{Subject: "ada-1", Name: "Ada Byron", Email: "new@example.com", Verified: true})
		if again := h.signIn(t, "acme"); again.UserID != first.UserID {
			t.Error("the same account is somebody else the second time")
		}
		h.Read(t, func(tx *store.Tx) error {
			rows, err := tx.Credentials(tenanttest.ID, first.UserID)
			if err == nil && (len(rows) != 1 || !strings.Contains(rows[0].PublicIdentifier, "Ada Byron") ||
				!strings.Contains(rows[0].Detail, "new@example.com") || strings.Contains(rows[0].Detail, "ada@example.com")) {
				err = fmt.Errorf("the account is shown as it was: %+v", rows)
			}
			return err
		})
		h.provider.LogIn(socialtest.Person{Subject: "ada-2", Name: "Ada", Email: "ada@example.com", Verified: true})
		if other := h.signIn(t, "acme"); other.UserID == first.UserID {
			t.Error("another account at the provider is the same person")
		}
		h.provider.LogIn(socialtest.Person{Subject: "ada-1", Name: "Ada", Email: "ada@example.com", Verified: true})
		if other := h.signIn(t, "github"); other.UserID == first.UserID {
			t.Error("the account of one number at another provider is the same person")
		}
		for _, query := range h.provider.Asked() {
			if query.Get("code_challenge_method") != "S256" || len(query.Get("code_challenge")) != 43 || len(query.Get("state")) < 32 {
				t.Errorf("asked with %v", query)
			}
			if query.Get("prompt") != "" || query.Get("max_age") != "" {
				t.Errorf("a sign-in asks for a new login: %v", query)
			}
		}
	})
}

// TestE1 Account taken by an equal address: nobody is found, joined or stepped up
// by it. It is shown, and that is all.
func TestE1(t *testing.T) {
	engines(t, func(t *testing.T, h house) {
		victim := h.SignIn(t, "ada@example.com")
		for _, provider := range []string{"acme", "github"} {
			social := h.signIn(t, provider)
			if social.UserID == victim.UserID {
				t.Fatalf("%s: signed in as the owner of the address", provider)
			}
			p, err := h.proof(t, victim, provider, h.login(t, &victim, provider))
			if err != nil {
				t.Fatal(err)
			}
			if held, ok := p.Credential(); !ok || held.UserID == victim.UserID {
				t.Errorf("%s: the proof names %+v", provider, held)
			}
			m, a := h.attempt(&victim, provider, h.login(t, &victim, provider))
			if _, err := h.Grant(t.Context(), m, a, stepup.WalletExport); !fault.Has(err, fault.MFAInvalidRequest) {
				t.Errorf("%s: stepped up with somebody else's account: %v", provider, err)
			}
		}
		if n := h.Count(t, `SELECT COUNT(*) FROM credentials WHERE format = 'email'`); n != 1 {
			t.Errorf("%d email credentials, want the victim's own", n)
		}
	})
}

// TestE3 Faults: a provider, or somebody between us and it, that breaks any one
// rule signs nobody in and steps nobody up.
func TestE3(t *testing.T) {
	h := sqlite(t)
	ada := h.signIn(t, "acme")
	for _, f := range socialtest.InToken {
		t.Run(string(f), func(t *testing.T) {
			defer h.provider.Set(socialtest.None)
			h.provider.Set(socialtest.None)
			if f == socialtest.RemovedKey || f == socialtest.KeysAway {
				h.Clock.Advance(11 * time.Minute) // what was fetched is forgotten
			}
			in, up := h.login(t, nil, "acme"), h.login(t, &ada, "acme")
			h.provider.Set(f)
			refused := refused
			if slices.Contains(socialtest.Trouble, f) { // it could not be found out
				refused = unanswered
			}
			_, err := h.finish(t, "acme", in)
			refused(t, "signing in", err)
			_, err = h.proof(t, ada, "acme", up)
			refused(t, "stepping up", err)
			h.provider.Set(socialtest.None)
			if slices.Contains(socialtest.Trouble, f) {
				h.Clock.Advance(6 * time.Second)                                                  // a failure is remembered that long
				if _, err = h.proof(t, ada, "acme", up); err != nil && f != socialtest.KeysAway { // there the code had been traded
					t.Errorf("the same login once the provider is back: %v", err)
				}
				return
			}
			_, err = h.finish(t, "acme", in)
			refused(t, "the same login after it", err)
			if f == socialtest.RemovedKey {
				h.Clock.Advance(11 * time.Minute)
			}
		})
	}
	if n := h.Count(t, `SELECT COUNT(*) FROM users`); n != 1 {
		t.Errorf("%d users, want 1", n)
	}
	h.signIn(t, "acme")
}

// Faults that show on the way back reach the app as an error, without a code.
func TestE3OnTheWayBack(t *testing.T) {
	h := sqlite(t)
	for _, f := range socialtest.OnTheWayBack {
		t.Run(string(f), func(t *testing.T) {
			defer h.provider.Set(socialtest.None)
			h.provider.Set(f)
			r := h.request(nil, "acme")
			state := h.begin(t, r)
			at := h.send(t, r, state, "")
			b, err := h.returned(t, r, at)
			if f == socialtest.MissingState || f == socialtest.WrongState {
				refused(t, "coming back", err)
				return
			}
			if err != nil || b.code != "" || b.problem == "" || b.state != state {
				t.Fatalf("%+v, %v", b, err)
			}
			want := "issuer_mismatch"
			if f == socialtest.ErrorBack {
				want = "access_denied"
			}
			if b.problem != want {
				t.Errorf("error %q, want %q", b.problem, want)
			}
			_, err = h.finish(t, "acme", back{state: state, code: at.Query().Get("code")})
			refused(t, "the provider's own code", err)
			_, err = h.returned(t, r, at)
			refused(t, "coming back again", err)
		})
	}
}

// TestE3KeyRotation: a new key is found without anybody noticing.
func TestE3KeyRotation(t *testing.T) {
	h := sqlite(t)
	h.signIn(t, "acme")
	h.Clock.Advance(time.Minute)
	h.provider.Rotate(t)
	h.signIn(t, "acme")
	if n := h.provider.Fetches(); n != 2 {
		t.Errorf("%d fetches of keys, want 2", n)
	}
}

// TestE3Injection: what belongs to one login is good in no other, even at a
// provider that forgets about PKCE and takes codes twice.
func TestE3Injection(t *testing.T) {
	for _, f := range []socialtest.Fault{socialtest.None, socialtest.IgnoresPKCE, socialtest.ReusesCodes} {
		t.Run(string(f), func(t *testing.T) {
			h := sqlite(t)
			h.provider.Set(f)
			r := h.request(nil, "acme")
			victim, attacker := h.begin(t, r), h.begin(t, r)
			toVictim, toAttacker := h.send(t, r, victim, ""), h.send(t, r, attacker, "")
			mixed := *toVictim
			query := mixed.Query()
			query.Set("code", toAttacker.Query().Get("code"))
			mixed.RawQuery = query.Encode()
			injected, err := h.returned(t, r, &mixed)
			if err != nil {
				t.Fatal(err)
			}
			_, err = h.finish(t, "acme", injected)
			refused(t, "a code of another login", err)

			good := h.login(t, nil, "acme")
			other := h.login(t, nil, "acme")
			for what, b := range map[string]back{
				"another login's code": {state: good.state, code: other.code}, "no code": {state: good.state},
				"an unknown state": {state: strings.Repeat("A", 32), code: good.code},
			} {
				_, err = h.finish(t, "acme", b)
				refused(t, what, err)
			}
			_, err = h.finish(t, "github", good)
			refused(t, "another provider's door", err)
			if _, err := h.finish(t, "acme", good); err != nil {
				t.Errorf("the login itself: %v", err)
			}
			_, err = h.finish(t, "acme", good)
			refused(t, "the login again", err)
		})
	}
}

// TestE4 A provider's old login: where freshness can be proven it must be, and
// where it cannot the proof says so.
func TestE4(t *testing.T) {
	engines(t, func(t *testing.T, h house) {
		ada := h.signIn(t, "acme")
		p, err := h.proof(t, ada, "acme", h.login(t, &ada, "acme"))
		if err != nil || p.ACR() != assurance.Reauth {
			t.Errorf("a fresh login: %s, %v", p.ACR(), err)
		}
		asked := h.provider.Asked()
		if last := asked[len(asked)-1]; last.Get("prompt") != "login" || last.Get("max_age") != "0" {
			t.Errorf("asked with %v", last)
		}
		for _, f := range socialtest.InStepUp {
			h.provider.Set(f)
			_, err := h.proof(t, ada, "acme", h.login(t, &ada, "acme"))
			refused(t, string(f), err)
			h.signIn(t, "acme") // an old login signs in
			h.provider.Set(socialtest.None)
		}
		bob := h.signIn(t, "github")
		p, err = h.proof(t, bob, "github", h.login(t, &bob, "github"))
		if err != nil || p.ACR() != assurance.Federated {
			t.Errorf("a login nobody can date: %s, %v", p.ACR(), err)
		}
		for session, want := range map[*store.SessionRow]assurance.ACR{&ada: assurance.Reauth, &bob: assurance.Federated} {
			h.Read(t, func(tx *store.Tx) error {
				person, err := account.Person(tx, h.Tenant.Environment, *session)
				if err == nil && (len(person.Means) != 1 || person.Means[0].ACR != want || !person.Means[0].Counts) {
					err = fmt.Errorf("policy knows %+v, want %s", person.Means, want)
				}
				return err
			})
		}
	})
}

// TestE5 A provider that is switched off between the start and the end.
func TestE5(t *testing.T) {
	h := sqlite(t)
	ada := h.signIn(t, "github")
	r := h.request(nil, "github")
	begun, sent := h.begin(t, r), h.begin(t, r)
	at := h.send(t, r, sent, "")
	done := h.login(t, &ada, "github")
	endpoint := h.endpoint(t, r)
	h.Apply(t, tenanttest.Document("redirectOrigins: ["+app+"]"))
	off := h.request(nil, "github")
	err := h.DB.Write(t.Context(), func(tx *store.Tx) error {
		_, err := social.Send(tx, off, endpoint, begun, "")
		return err
	})
	for what, err := range map[string]error{
		"beginning": h.DB.Write(t.Context(), func(tx *store.Tx) error { return social.Begin(tx, off, strings.Repeat("s", 32), app) }),
		"going":     err,
		"returning": h.DB.Write(t.Context(), func(tx *store.Tx) error {
			_, err := social.Return(tx, off, endpoint, social.Returned{State: at.Query().Get("state"), Code: at.Query().Get("code")})
			return err
		}),
	} {
		if !fault.Has(err, fault.ProviderNotEnabled) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := h.proof(t, ada, "github", done); !fault.Has(err, fault.ProviderNotEnabled) {
		t.Errorf("finishing: %v", err)
	}
	h.Read(t, func(tx *store.Tx) error {
		person, err := account.Person(tx, h.Tenant.Environment, ada)
		if err == nil && person.Means[0].Counts {
			t.Error("policy still offers it")
		}
		return err
	})
}

// TestE7 A login is bound to session, browser and provider: each condition alone
// is enough to refuse.
func TestE7(t *testing.T) {
	engines(t, func(t *testing.T, h house) {
		ada := h.signIn(t, "acme")
		again := h.signIn(t, "acme")
		h.provider.LogIn(socialtest.Person{Subject: "bob-1", Name: "Bob"})
		bob := h.signIn(t, "acme")
		b := h.login(t, &ada, "acme")
		for what, s := range map[string]store.SessionRow{"another session of hers": again, "somebody else's session": bob} {
			_, err := h.proof(t, s, "acme", b)
			refused(t, what, err)
		}
		_, err := h.finish(t, "acme", b)
		refused(t, "signing in with a step-up", err)
		_, err = h.proof(t, ada, "acme", h.login(t, nil, "acme"))
		refused(t, "stepping up with a sign-in", err)
		if _, err := h.proof(t, ada, "acme", b); err != nil {
			t.Errorf("in its own session: %v", err)
		}
	})
}

// TestE7Verifier: the browser that began a login with a challenge must end it
// with its verifier, and one that began without may not show up with one.
func TestE7Verifier(t *testing.T) {
	h := sqlite(t)
	// RFC 7636, appendix B
	verifier, challenge := "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
	for _, c := range []struct {
		challenge, verifier string
		good                bool
	}{
		{challenge, verifier, true}, {challenge, "", false}, {challenge, challenge, false}, {challenge, verifier[1:] + "A", false},
		{"", verifier, false}, {"", "", true},
	} {
		r := h.request(nil, "github")
		b, err := h.returned(t, r, h.send(t, r, h.begin(t, r), c.challenge))
		if err != nil {
			t.Fatal(err)
		}
		m, a := h.attempt(nil, "github", b)
		m.CodeVerifier = c.verifier
		err = method.Check(t.Context(), h.DB, m, a, func(*store.Tx, method.Proof) error { return nil })
		if c.good && err != nil {
			t.Errorf("challenge %q, verifier %q: %v", c.challenge, c.verifier, err)
		} else if !c.good {
			refused(t, fmt.Sprintf("challenge %q, verifier %q", c.challenge, c.verifier), err)
		}
	}
	r := h.request(nil, "github")
	state := h.begin(t, r)
	h.send(t, r, state, challenge)
	err := h.DB.Write(t.Context(), func(tx *store.Tx) error {
		_, err := social.Send(tx, r, h.endpoint(t, r), state, strings.Repeat("A", 43))
		return err
	})
	refused(t, "another browser's challenge for the same state", err)
}

// TestE8 Who signs up with a victim's address at a provider first gets nothing
// by it when the victim comes.
func TestE8(t *testing.T) {
	h := sqlite(t)
	h.provider.LogIn(socialtest.Person{Subject: "mallory", Name: "Mallory", Email: "victim@example.com"})
	mallory := h.signIn(t, "acme")
	victim := h.SignIn(t, "victim@example.com")
	if victim.UserID == mallory.UserID {
		t.Fatal("the victim signed in to an account that was waiting")
	}
	h.Read(t, func(tx *store.Tx) error {
		rows, err := tx.Credentials(tenanttest.ID, mallory.UserID)
		if err == nil && (len(rows) != 1 || strings.Contains(rows[0].Detail+rows[0].PublicIdentifier, "victim@example.com")) {
			t.Errorf("an address nobody vouched for is shown: %+v", rows)
		}
		return err
	})
}

// TestRace: one way back, many at once, one success (A1), on each engine.
func TestRace(t *testing.T) {
	engines(t, func(t *testing.T, h house) {
		h.provider.Set(socialtest.ReusesCodes)
		b := h.login(t, nil, "acme")
		var won atomic.Int64
		var done sync.WaitGroup
		for range 24 {
			done.Go(func() {
				_, err := h.finish(t, "acme", b)
				if err == nil {
					won.Add(1)
				} else if f := (*fault.Error)(nil); !errors.As(err, &f) {
					t.Error(err)
				}
			})
		}
		done.Wait()
		if users := h.Count(t, `SELECT COUNT(*) FROM sessions`); won.Load() != 1 || users != 1 {
			t.Errorf("%d won, %d sessions", won.Load(), users)
		}
		r := h.request(nil, "acme")
		at := h.send(t, r, h.begin(t, r), "")
		won.Store(0)
		for range 24 {
			done.Go(func() {
				if _, err := h.returned(t, r, at); err == nil {
					won.Add(1)
				}
			})
		}
		done.Wait()
		if won.Load() != 1 {
			t.Errorf("%d browsers came back with one state", won.Load())
		}
	})
}

// TestDirect: where the environment says direct the browser goes by itself; the
// proof is then just the provider's word, and the client's verifier is passed on.
func TestDirect(t *testing.T) {
	h := sqlite(t)
	h.Apply(t, strings.Replace(strings.Replace(document(h.provider), "provider: github,", "provider: github, direct: true,", 1),
		"provider: acme,", "provider: acme, direct: true,", 1))
	ada := h.SignIn(t, "ada@example.com")
	r := h.request(&ada, "github")
	state := h.begin(t, r)
	to := fmt.Sprintf(
		"%s/authorize?response_type=code&client_id=%s&state=%s&redirect_uri=%s&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
		h.provider.URL, socialtest.ClientID, state, social.Callback(h.Tenant, "github"))
	b, err := h.returned(t, r, visit(t, to))
	if err != nil || b.state != state {
		t.Fatal(b, err)
	}
	m, a := h.attempt(&ada, "github", b)
	m.CodeVerifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	var acr assurance.ACR
	err = method.Check(t.Context(), h.DB, m, a, func(_ *store.Tx, p method.Proof) error {
		acr = p.ACR()
		return nil
	})
	if err != nil || acr != assurance.Federated {
		t.Errorf("%s, %v", acr, err)
	}
	p, err := h.proof(t, ada, "acme", h.login(t, &ada, "acme")) // through us all the same
	if err != nil || p.ACR() != assurance.Federated {
		t.Errorf("an issuer that is direct: %s, %v", p.ACR(), err)
	}

	state = h.begin(t, r)
	before, err := h.returned(t, r, visit(t, strings.Replace(to, b.state, state, 1)))
	if err != nil {
		t.Fatal(err)
	}
	h.Apply(t, document(h.provider))
	m, a = h.attempt(&ada, "github", before)
	m.CodeVerifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	err = method.Check(t.Context(), h.DB, m, a, func(*store.Tx, method.Proof) error { return nil })
	refused(t, "finishing what was direct once that is over", err)
	r = h.request(&ada, "github")
	state = h.begin(t, r)
	_, err = h.returned(t, r, visit(t, strings.Replace(to, b.state, state, 1)))
	refused(t, "going by oneself where that is not allowed", err)
}

// TestF4 Addresses that a document names are reached by the guarded way only.
func TestF4(t *testing.T) {
	h := sqlite(t)
	b := h.login(t, nil, "github")
	closed := outbound.NewClient(nil)
	h.client = social.NewClient(closed, &keyset.Cache{HTTP: closed, Now: h.Now}, secrets(), h.Now)
	_, err := h.finish(t, "github", b)
	unanswered(t, "a token endpoint on loopback", err)
	p, row, err := h.request(nil, "acme").Find()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.client.Endpoint(t.Context(), p, row); err == nil {
		t.Error("an issuer on loopback was asked")
	}
}

// TestBeginning: what may begin a login, and how often from one address.
func TestBeginning(t *testing.T) {
	h := sqlite(t)
	begin := func(r social.Request, state string) (refused error) {
		h.Write(t, func(tx *store.Tx) error { // commits what was counted, as the API does
			refused = social.Begin(tx, r, state, "")
			return nil
		})
		return refused
	}
	for _, state := range []string{"", "short", strings.Repeat("s", 257), strings.Repeat("s", 16) + " ", strings.Repeat("s", 16) + "é",
		strings.Repeat("s", 16) + "%00"} {
		if err := begin(h.request(nil, "acme"), state); !fault.Has(err, fault.InvalidRequest) {
			t.Errorf("state %q: %v", state, err)
		}
	}
	n := 0
	for ; n < 400; n++ {
		if err := begin(h.request(nil, "acme"), rand.Text()); err != nil {
			if !fault.Has(err, fault.RateLimited) {
				t.Fatal(err)
			}
			break
		}
	}
	if n != 300 {
		t.Errorf("%d logins were begun from one address, want 300", n)
	}
	other := h.request(nil, "acme")
	other.Source = "192.0.2.77"
	if err := begin(other, rand.Text()); err != nil {
		t.Errorf("from elsewhere: %v", err)
	}
}

// TestExpiry: a login lives ten minutes, and not one moment longer.
func TestExpiry(t *testing.T) {
	h := sqlite(t)
	b := h.login(t, nil, "acme")
	h.Clock.Advance(social.FlowLife)
	_, err := h.finish(t, "acme", b)
	refused(t, "too late", err)
	if err := store.NewPurger(h.DB).Round(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := h.Count(t, `SELECT COUNT(*) FROM social_flows`); n != 0 {
		t.Errorf("%d flows are kept", n)
	}
}

// The suite that every method passes.
func TestHostile(t *testing.T) {
	p := socialtest.Start(t, time.Now)
	houses := sync.Map{}
	in := func(w *tenanttest.World) house {
		h, _ := houses.LoadOrStore(w, house{w, p, newClient(w)})
		return h.(house)
	}
	var turn sync.Mutex // the provider logs in one person at a time
	login := func(t testing.TB, w *tenanttest.World, s *store.SessionRow, name string) back {
		turn.Lock()
		defer turn.Unlock()
		p.LogIn(socialtest.Person{Subject: name, Name: name})
		return in(w).login(t, s, "github")
	}
	names := sync.Map{} // of users
	methodtest.Run(t, methodtest.Case{
		Kind: assurance.Social, Document: document(p), Off: tenanttest.Document("redirectOrigins: [" + app + "]"), OfSession: true,
		Burns: true,
		Enrol: func(t testing.TB, w *tenanttest.World, name string) store.SessionRow {
			row := in(w).enrol(t, "github", name, func(s *store.SessionRow) back { return login(t, w, s, name) })
			names.Store(row.UserID, name)
			return row
		},
		Right: func(t testing.TB, w *tenanttest.World, s store.SessionRow) methodtest.Try {
			name, _ := names.Load(s.UserID)
			m, a := in(w).attempt(&s, "github", login(t, w, &s, name.(string)))
			return methodtest.Try{Method: m, Attempt: a}
		},
		Bound: func(t testing.TB, w *tenanttest.World, s store.SessionRow, x store.BindingRow) (methodtest.Try, error) {
			turn.Lock()
			defer turn.Unlock()
			name, _ := names.Load(s.UserID)
			p.LogIn(socialtest.Person{Subject: name.(string), Name: name.(string)})
			r := in(w).request(&s, "github")
			r.BindingID = x.ID
			if err := w.DB.Write(t.Context(), func(tx *store.Tx) error {
				return social.Begin(tx, r, rand.Text(), app+"/after?tab=1")
			}); err != nil {
				return methodtest.Try{}, err
			}
			m, a := in(w).attempt(&s, "github", in(w).goThrough(t, r))
			return methodtest.Try{Method: m, Attempt: a}, nil
		},
		Wrong: func(t testing.TB, w *tenanttest.World, s store.SessionRow) methodtest.Try {
			b := login(t, w, &s, "wrong")
			b.code = "wrong"
			m, a := in(w).attempt(&s, "github", b)
			return methodtest.Try{Method: m, Attempt: a}
		},
	})
}
