package attack_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/operate"
	staff "github.com/stepup-auth/stepup/internal/operator"
	"github.com/stepup-auth/stepup/internal/server/servertest"
	"github.com/stepup-auth/stepup/internal/serviceauth"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/who"
)

func acts(actor string) who.Caller { return who.Caller{By: audit.By{Actor: actor, RequestID: "test"}} }

// The people of these attacks. The last two are one: whoever has the host.
var (
	alice   = acts("operator:0a11ce00-0000-4000-8000-000000000001")
	bob     = acts("operator:0b0b0000-0000-4000-8000-000000000002")
	carol   = acts("operator:0ca10100-0000-4000-8000-000000000003")
	machine = acts("service:5e1f0000-0000-4000-8000-000000000004")
	root    = acts("operator:root")
	sudo    = acts("operator:someone")
)

// staff makes alice and bob operators, four days ago, and carol one an hour ago.
func (s scene) staff(t testing.TB) {
	t.Helper()
	grant := func(c who.Caller) {
		s.do(t, func(tx *store.Tx) error {
			return tx.PutGrant(store.GrantRow{OperatorID: c.By.Actor[len("operator:"):], Role: "support", GrantedBy: "system"})
		})
	}
	grant(alice)
	grant(bob)
	s.Clock.Advance(96 * time.Hour)
	grant(carol)
	s.Clock.Advance(time.Hour)
}

func (s scene) do(t testing.TB, change func(*store.Tx) error) {
	t.Helper()
	if err := s.DB.Write(t.Context(), change); err != nil {
		t.Fatal(err)
	}
}

// attempt is what refuses a change; nil: nothing does.
func (s scene) attempt(t testing.TB, change func(*store.Tx) error) error {
	t.Helper()
	return s.DB.Write(t.Context(), change)
}

func (s scene) setAddress(c who.Caller, user *servertest.Session, address string) func(*store.Tx) error {
	return func(tx *store.Tx) error {
		_, err := operate.AddAddress(c, tx, user.Environment, user.UserID, operate.NewAddress{Email: address, PublicURL: s.URL})
		return err
	}
}

// idOf is the credential of an address; empty: nobody has it.
func (s scene) idOf(t testing.TB, environment, address string) (id string) {
	t.Helper()
	s.do(t, func(tx *store.Tx) error {
		row, err := tx.CredentialByIdentifier(environment, store.FormatEmail, address)
		if errors.Is(err, store.ErrNotFound) {
			err = nil
		}
		id = row.ID
		return err
	})
	return id
}

func (s scene) asks(c who.Caller, user *servertest.Session, credential string) func(*store.Tx) error {
	return func(tx *store.Tx) error {
		_, err := operate.RequestRecovery(c, tx, user.Environment, user.UserID,
			operate.UserRecoveryRequest{Credential: credential, Reason: "says they lost the mailbox", PublicURL: s.URL})
		return err
	}
}

// pending is the one open recovery of the environment; empty: there is none.
func (s scene) pending(t testing.TB, environment string) (id string) {
	t.Helper()
	s.do(t, func(tx *store.Tx) error {
		page, _, err := operate.ViewRecoveries(tx, environment, "")
		if len(page) > 1 {
			t.Errorf("%d open recoveries", len(page))
		}
		for _, r := range page {
			id = r.ID
		}
		return err
	})
	return id
}

func (s scene) approve(c who.Caller, environment, id string) func(*store.Tx) error {
	return func(tx *store.Tx) error {
		_, err := operate.ApproveRecovery(c, tx, environment, operate.Approval{RecoveryID: id, PublicURL: s.URL})
		return err
	}
}

// enter tries to sign in by an address.
func (s scene) enter(t testing.TB, environment, address string) servertest.Response {
	t.Helper()
	id, code := s.SendCode(t, environment, address, nil)
	return s.Do(t, "POST", servertest.SDK(environment)+"/emailVerifications/signin", nil, typed(id, code))
}

func (s scene) wantOut(t testing.TB, environment, address string) {
	t.Helper()
	s.enter(t, environment, address).Want(t, 422, "credential_not_enabled_for_sign_in")
}

// O4: an operator sets an address of their own for a user. It signs nobody in and steps
// nobody up, under either version; no other power of theirs makes it count, and the link
// that the owner got takes it away.
func TestO4AddressSetByAnOperator(t *testing.T) {
	underBoth(t, "", func(t *testing.T, s scene, environment string) {
		owner := s.SignIn(t, environment, "owner@example.com")
		s.settleMail(t)
		admin := servertest.Bearer(s.ServiceToken(t, environment, []string{serviceauth.UsersWrite}))
		s.Do(t, "POST", servertest.Admin(environment)+"/users/"+owner.UserID+"/addresses", admin, m{"email": "mine@example.com"}).
			Want(t, 200, "")
		s.wantOut(t, environment, "mine@example.com")
		mine := s.idOf(t, environment, "mine@example.com")
		for _, scope := range []string{"wallet:export", "credential:link", transfer} {
			if slices.ContainsFunc(s.check(t, owner, scope).Credentials, func(c struct{ ID string }) bool { return c.ID == mine }) {
				t.Errorf("%s is offered the operator's address", scope)
			}
			id, code := s.SendCode(t, environment, "mine@example.com", owner.Header())
			if r := s.Do(t, "POST", owner.Path("/emailVerifications/verify"), owner.Header(), typed(id, code, scope)); r.Status == 200 {
				t.Errorf("the operator's address earns %s in a stolen session", scope)
			}
		}
		s.settle(t, owner, mine, "keep").Want(t, 422, "not_disputed")
		for _, disabled := range []bool{true, false} {
			s.do(t, func(tx *store.Tx) error {
				return operate.SetUserDisabled(alice, tx, environment, owner.UserID, disabled)
			})
		}
		s.wantOut(t, environment, "mine@example.com")
		if err := s.attempt(t, func(tx *store.Tx) error {
			return operate.UnlinkCredential(alice, tx, environment, owner.UserID, owner.CredentialID)
		}); !fault.Has(err, fault.LastCredential) {
			t.Errorf("the owner's own address goes: %v", err)
		}
		s.click(t, environment, s.lastLink(t, owner.Email)).Want(t, 204, "")
		if s.idOf(t, environment, "mine@example.com") != "" {
			t.Error("the owner denied it, and it is still there")
		}
	})
}

// O4: it counts once its user confirms it by what they have.
func TestO4ConfirmedByItsUser(t *testing.T) {
	underBoth(t, "", func(t *testing.T, s scene, environment string) {
		owner := s.SignIn(t, environment, "confirms@example.com")
		s.do(t, s.setAddress(alice, owner, "new@example.com"))
		s.linkAddress(t, owner, "new@example.com", s.StepUp(t, owner, "credential:link")).Want(t, 200, "")
		if again := s.SignIn(t, environment, "new@example.com"); again.UserID != owner.UserID {
			t.Error("the confirmed address signs in somebody else")
		}
	})
}

// O4: neither a file nor an operator reaches the operators themselves.
func TestO4OperatorsAreNoUsers(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s scene) {
		who := &servertest.Session{Environment: environment.Operators, UserID: "0a11ce00-0000-4000-8000-000000000001"}
		for name, try := range map[string]func(*store.Tx) error{
			"setting an address": s.setAddress(root, who, "mine@example.com"),
			"a recovery":         s.asks(root, who, "c"),
			"approving":          s.approve(root, environment.Operators, "r"),
		} {
			if err := s.attempt(t, try); !fault.Has(err, fault.EnvironmentNotFound) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

// O4: of a user who was never here an address counts that came with them, and none that
// a token sets after that.
func TestO4AddressOfSomebodyWhoWasNeverHere(t *testing.T) {
	underBoth(t, "", func(t *testing.T, s scene, environment string) {
		admin := servertest.Bearer(s.ServiceToken(t, environment, []string{serviceauth.UsersWrite}))
		var made struct{ ID string }
		s.Do(t, "POST", servertest.Admin(environment)+"/users", admin, m{"email": "victim@example.com", "externalId": "customer-1"}).
			Want(t, 200, "").JSON(t, &made)
		s.Do(t, "POST", servertest.Admin(environment)+"/users/"+made.ID+"/addresses", admin, m{"email": "thief@example.com"}).
			Want(t, 409, "conflict")
		s.do(t, func(tx *store.Tx) error { // one that was set before that was refused
			return tx.InsertCredential(store.CredentialRow{ID: uuid.NewString(), EnvironmentID: environment,
				UserID: made.ID, Format: store.FormatEmail, Identifier: "earlier@example.com", PublicIdentifier: "earlier@example.com",
				SignInEnabled: true, Provenance: store.ProvenanceOperator, CreatedAt: tx.Now().Add(time.Second)})
		})
		s.wantOut(t, environment, "earlier@example.com")
		s.enter(t, environment, "victim@example.com").Want(t, 200, "")
	})
}

// O5: a recovery needs two people and three days. One person under two names is one, a
// service token is nobody, and an operator made for it is none yet.
func TestO5TwoPeopleAndThreeDays(t *testing.T) {
	underBoth(t, "", func(t *testing.T, s scene, environment string) {
		s.staff(t)
		for _, start := range []struct {
			by      who.Caller
			nobody  []who.Caller // for whom approving is refused
			half    []who.Caller // who are one of two
			another who.Caller
		}{
			{alice, []who.Caller{machine, carol, alice}, nil, bob},
			{root, []who.Caller{machine, root, sudo}, nil, alice},
			{machine, []who.Caller{machine, acts("service:another")}, []who.Caller{alice}, root},
		} {
			user := s.SignIn(t, environment, "lost@example.com")
			address := start.by.By.Actor[len(start.by.By.Actor)-4:] + "@new.example.com"
			s.do(t, s.setAddress(start.by, user, address))
			s.do(t, s.asks(start.by, user, s.idOf(t, environment, address)))
			id := s.pending(t, environment)
			for _, c := range start.half {
				s.do(t, s.approve(c, environment, id))
				if err := s.attempt(t, s.approve(c, environment, id)); !fault.Has(err, fault.SecondOperatorNeeded) {
					t.Errorf("%s approves twice: %v", c.By.Actor, err)
				}
			}
			for _, c := range start.nobody {
				if err := s.attempt(t, s.approve(c, environment, id)); !fault.Has(err, fault.SecondOperatorNeeded) {
					t.Errorf("asked for by %s, approved by %s: %v", start.by.By.Actor, c.By.Actor, err)
				}
			}
			s.Clock.Advance(operate.Apart + time.Minute) // nobody approved it
			s.wantOut(t, environment, address)
			s.do(t, s.approve(start.another, environment, id))
			s.Clock.Advance(operate.Apart - time.Minute)
			s.wantOut(t, environment, address)
			s.settleMail(t)
			told := len(s.links(t, user.Email))
			s.Clock.Advance(2 * time.Minute)
			recovered := s.SignIn(t, environment, address)
			if recovered.UserID != user.UserID {
				t.Fatal("recovered somebody else")
			}
			s.Do(t, "GET", user.Path("/users"), user.Header(), nil).Want(t, 401, "invalid_session")
			if len(s.links(t, user.Email)) != told+1 {
				t.Error("the old address was not told that it happened")
			}
			s.click(t, environment, s.lastLink(t, user.Email)).Want(t, 204, "") // and takes it back
			s.Do(t, "GET", recovered.Path("/users"), recovered.Header(), nil).Want(t, 401, "invalid_session")
			if s.idOf(t, environment, address) != "" {
				t.Error("the recovered address is still there")
			}
			s.Clock.Advance(operate.Apart + time.Minute)
		}
	})
}

// recovering is a user of whom a recovery was approved by two.
func (s scene) recovering(t testing.TB, environment, name string) (user *servertest.Session, address string) {
	t.Helper()
	name += environment[:1] // the inbox of these tests is one
	user = s.SignIn(t, environment, name+"@example.com")
	s.settleMail(t)
	address = name + "@new.example.com"
	s.do(t, s.setAddress(alice, user, address))
	s.do(t, s.asks(alice, user, s.idOf(t, environment, address)))
	s.do(t, s.approve(bob, environment, s.pending(t, environment)))
	return user, address
}

// O5: whoever asks is one of the two if they might approve it, and else nobody.
func TestO5WhoeverAsksIsNobodyNew(t *testing.T) {
	underBoth(t, "", func(t *testing.T, s scene, environment string) {
		s.staff(t)
		dave := acts("operator:0da0e000-0000-4000-8000-000000000005") // reads, and always did
		s.do(t, func(tx *store.Tx) error {
			return tx.PutGrant(store.GrantRow{OperatorID: dave.By.Actor[len("operator:"):], Role: "auditor", GrantedBy: "system"})
		})
		for i, newcomer := range []who.Caller{carol, dave} {
			name := []string{"carol", "dave"}[i]
			owner := s.SignIn(t, environment, name+"-asks@example.com")
			theirs := name + "-thief@example.com"
			s.do(t, s.setAddress(newcomer, owner, theirs))
			s.do(t, s.asks(newcomer, owner, s.idOf(t, environment, theirs)))
			id := s.pending(t, environment)
			if err := s.attempt(t, s.approve(newcomer, environment, id)); !fault.Has(err, fault.SecondOperatorNeeded) {
				t.Errorf("%s approves: %v", name, err)
			}
			s.do(t, s.approve(alice, environment, id))
			s.do(t, func(tx *store.Tx) error {
				r, err := operate.ViewRecovery(tx, environment, id)
				if err == nil && (r.EffectiveAt != nil || len(r.People) != 1) {
					t.Errorf("%s and alice are %v, effective %v", name, r.People, r.EffectiveAt)
				}
				return err
			})
			s.do(t, s.approve(bob, environment, id))
			s.do(t, func(tx *store.Tx) error { return operate.StopRecovery(alice, tx, environment, id) })
			s.Clock.Advance(96 * time.Hour)
		}
	})
}

// O5: whoever has an old address stops it: by the link, or by signing in, or stepping up.
func TestO5Stopped(t *testing.T) {
	underBoth(t, "", func(t *testing.T, s scene, environment string) {
		s.staff(t)
		for name, stop := range map[string]func(user *servertest.Session){
			"link":   func(user *servertest.Session) { s.click(t, environment, s.lastLink(t, user.Email)).Want(t, 204, "") },
			"first":  func(user *servertest.Session) { s.click(t, environment, s.links(t, user.Email)[0]).Want(t, 204, "") },
			"signin": func(user *servertest.Session) { s.SignIn(t, environment, user.Email) },
			"stepup": func(user *servertest.Session) { s.StepUp(t, user, "user:delete") },
			"operator": func(*servertest.Session) {
				id := s.pending(t, environment)
				s.do(t, func(tx *store.Tx) error { return operate.StopRecovery(machine, tx, environment, id) })
			},
			"disabled": func(user *servertest.Session) {
				for _, disabled := range []bool{true, false} {
					s.do(t, func(tx *store.Tx) error {
						return operate.SetUserDisabled(alice, tx, environment, user.UserID, disabled)
					})
				}
			},
		} {
			user, address := s.recovering(t, environment, name)
			stop(user)
			if s.pending(t, environment) != "" {
				t.Errorf("%s does not stop it", name)
			}
			s.Clock.Advance(operate.Apart + time.Minute)
			r := s.enter(t, environment, address)
			if r.Status == 200 && s.idOf(t, environment, address) != "" {
				if again := s.SignIn(t, environment, address); again.UserID == user.UserID {
					t.Errorf("%s: the stopped recovery lets in", name)
				}
			}
			s.Clock.Advance(operate.Apart + time.Minute)
		}
	})
}

// O5: what could stop it is not taken away first, nor while it is open.
func TestO5NobodyIsMadeSilent(t *testing.T) {
	underBoth(t, "", func(t *testing.T, s scene, environment string) {
		s.staff(t)
		user, address := s.recovering(t, environment, "loud")
		unlink := func(id string) func(*store.Tx) error {
			return func(tx *store.Tx) error { return operate.UnlinkCredential(carol, tx, environment, user.UserID, id) }
		}
		if err := s.attempt(t, unlink(user.CredentialID)); !fault.Has(err, fault.Conflict) {
			t.Errorf("the old address goes while it could stop the recovery: %v", err)
		}
		again := s.SignIn(t, environment, user.Email) // stops it
		s.linkAddress(t, again, "second@example.com", s.StepUp(t, again, "credential:link")).Want(t, 200, "")
		s.do(t, unlink(s.idOf(t, environment, "second@example.com")))
		credential := s.idOf(t, environment, address)
		if err := s.attempt(t, s.asks(alice, user, credential)); !fault.Has(err, fault.Conflict) {
			t.Errorf("asked for right after an address was taken away: %v", err)
		}
		s.Clock.Advance(operate.Apart + time.Minute)
		s.do(t, s.asks(alice, user, credential))
		if err := s.attempt(t, s.asks(bob, user, credential)); !fault.Has(err, fault.Conflict) {
			t.Errorf("asked for twice: %v", err)
		}
		if err := s.attempt(t, s.asks(bob, user, user.CredentialID)); err == nil {
			t.Error("a recovery by what counts already")
		}
	})
}

// O6: nobody takes a user's factors away and changes an address of theirs, in either
// order, within three days; one person under two names is one, and of a service token
// nobody knows whose it is.
func TestO6FactorsAndAddressesApart(t *testing.T) {
	underBoth(t, factorsOn, func(t *testing.T, s scene, environment string) {
		s.staff(t)
		reset := func(c who.Caller, user *servertest.Session) func(*store.Tx) error {
			return func(tx *store.Tx) error {
				_, err := operate.ResetMFA(c, tx, environment, user.UserID)
				return err
			}
		}
		wantApart := func(first, second who.Caller, err error, apart bool) {
			t.Helper()
			if fault.Has(err, fault.SecondOperatorNeeded) != apart || !apart && err != nil {
				t.Errorf("%s, then %s: %v", first.By.Actor, second.By.Actor, err)
			}
		}
		for i, pair := range []struct {
			first, second who.Caller
			apart         bool
		}{
			{alice, alice, true}, {alice, machine, true}, {machine, alice, true}, {machine, machine, true}, {root, sudo, true},
			{alice, bob, false}, {root, alice, false},
		} {
			name := string(rune('a' + i))
			user := s.SignIn(t, environment, name+"-reset@example.com")
			s.EnrolApp(t, user)
			s.do(t, reset(pair.first, user))
			wantApart(pair.first, pair.second, s.attempt(t, s.setAddress(pair.second, user, name+"-1@evil.example.com")), pair.apart)

			user = s.SignIn(t, environment, name+"-address@example.com")
			s.EnrolApp(t, user)
			s.do(t, s.setAddress(pair.first, user, name+"-2@evil.example.com"))
			wantApart(pair.first, pair.second, s.attempt(t, reset(pair.second, user)), pair.apart)
			s.Clock.Advance(operate.Apart + time.Minute)
			s.do(t, reset(pair.second, user)) // by then the user had three days
		}

		// Whoever stands behind a recovery takes no factor away until three days after it.
		user := s.SignIn(t, environment, "both@example.com")
		app := s.EnrolApp(t, user)
		s.Clock.Advance(time.Minute)
		s.do(t, s.setAddress(alice, user, "both@new.example.com"))
		s.do(t, s.asks(alice, user, s.idOf(t, environment, "both@new.example.com")))
		s.Clock.Advance(6 * 24 * time.Hour)
		s.do(t, s.approve(bob, environment, s.pending(t, environment)))
		for _, c := range []who.Caller{alice, bob, machine} {
			wantApart(c, c, s.attempt(t, reset(c, user)), true)
		}
		s.Clock.Advance(operate.Apart + time.Minute)
		for _, c := range []who.Caller{alice, bob, machine} {
			wantApart(c, c, s.attempt(t, reset(c, user)), true)
		}
		recovered := s.SignIn(t, environment, "both@new.example.com")
		if recovered.UserID != user.UserID {
			t.Fatal("recovered somebody else")
		}
		if r := s.byMail(t, recovered, "wallet:export"); r.Status == 200 { // the factor is above it
			t.Error("the recovered address steps up beside a second factor")
		}
		s.Clock.Advance(operate.Apart - time.Minute)
		for _, c := range []who.Caller{alice, bob} {
			wantApart(c, c, s.attempt(t, reset(c, user)), true)
		}
		_ = app
	})
}

// O6: settling is taking away, or changing, as well.
func TestO6SettlingCounts(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s scene) {
		owner := s.SignIn(t, servertest.A, "settled@example.com")
		s.Clock.Advance(time.Minute)
		s.moveTo(t, owner, "moved@example.com")
		s.Clock.Advance(time.Minute)
		s.click(t, servertest.A, s.lastLink(t, "settled@example.com")).Want(t, 204, "")
		settled := func(tx *store.Tx) error {
			return operate.Settle(alice, tx, servertest.A, owner.UserID, account.Decision{CredentialID: owner.CredentialID, Keep: true})
		}
		s.do(t, func(tx *store.Tx) error {
			return tx.InsertOperatorChange(servertest.A, owner.UserID, store.OperatorChange{Actor: alice.By.Actor, Kind: account.MFAReset})
		})
		if err := s.attempt(t, settled); !fault.Has(err, fault.SecondOperatorNeeded) {
			t.Errorf("settled by who reset the factors: %v", err)
		}
		s.Clock.Advance(operate.Apart + time.Minute)
		s.do(t, settled)
	})
}

// O5: who has one address that can be written to, and lost it to an operator, is told of
// the recovery there all the same, and stops it by what they were sent; a link that they got
// before the address went is worth nothing, and after the time for it nobody is told.
func TestO5NobodyLeftToObject(t *testing.T) {
	underBoth(t, "", func(t *testing.T, s scene, environment string) {
		s.staff(t)
		user := s.SignIn(t, environment, "taken@example.com")
		s.do(t, s.setAddress(bob, user, "first@new.example.com"))
		s.settleMail(t)
		before := s.lastLink(t, user.Email)
		s.do(t, func(tx *store.Tx) error {
			return tx.InsertCredential(store.CredentialRow{ID: uuid.NewString(), EnvironmentID: environment, UserID: user.UserID,
				Format: store.FormatBlockchain, Identifier: "evm:0xabc", PublicIdentifier: "0xabc", SignInEnabled: true,
				Provenance: store.ProvenanceSignUp, Detail: `{"chain":"EVM"}`})
		})
		s.do(t, func(tx *store.Tx) error {
			return operate.UnlinkCredential(alice, tx, environment, user.UserID, user.CredentialID)
		})
		s.click(t, environment, before).Want(t, 422, "invalid_revoke_link")
		s.Clock.Advance(operate.Apart + time.Hour)
		told := func(what string, then int) int {
			t.Helper()
			s.settleMail(t)
			now := len(s.links(t, user.Email))
			if now != then+1 {
				t.Errorf("%s: the address that was taken away got %d new links, want 1", what, now-then)
			}
			return now
		}
		s.settleMail(t)
		n := len(s.links(t, user.Email))
		s.do(t, s.setAddress(alice, user, "mine@new.example.com"))
		n = told("setting another address", n)
		s.do(t, s.asks(alice, user, s.idOf(t, environment, "mine@new.example.com")))
		n = told("asking", n)
		s.do(t, s.approve(bob, environment, s.pending(t, environment)))
		told("approving", n)
		s.click(t, environment, s.lastLink(t, user.Email)).Want(t, 204, "")
		if s.pending(t, environment) != "" || s.idOf(t, environment, "mine@new.example.com") != "" {
			t.Error("whoever lost the address stopped the recovery, and it goes on")
		}
		s.Clock.Advance(operate.Apart + time.Hour)
		if s.SignIn(t, environment, "mine@new.example.com").UserID == user.UserID {
			t.Error("the recovery was stopped, and its address signs the user in")
		}
		s.Clock.Advance(store.FormerAddressLife)
		s.do(t, func(tx *store.Tx) error {
			former, err := tx.FormerAddresses(environment, user.UserID)
			if len(former) > 0 {
				t.Errorf("an address is remembered for ever: %v", former)
			}
			return err
		})
	})
}

// O5: an address that its user denied was never theirs. Whoever has it learns of no recovery,
// nor of the address that it is by, and stops none.
func TestO5WhoWasDeniedIsToldNothing(t *testing.T) {
	underBoth(t, "", func(t *testing.T, s scene, environment string) {
		s.staff(t)
		name := environment[:1]
		user, thief := s.SignIn(t, environment, name+"-owner@example.com"), name+"-thief@example.net"
		s.linkAddress(t, user, thief, s.StepUp(t, user, "credential:link")).Want(t, 200, "") // with a stolen session and one code
		s.settleMail(t)
		s.click(t, environment, s.lastLink(t, user.Email)).Want(t, 204, "")
		if s.idOf(t, environment, thief) != "" {
			t.Fatal("the denied address stays")
		}
		s.Clock.Advance(operate.Apart + time.Hour)
		s.settleMail(t)
		heard := len(s.Inbox.To(thief))
		s.do(t, s.setAddress(alice, user, name+"-owner@new.example.com"))
		s.do(t, s.asks(alice, user, s.idOf(t, environment, name+"-owner@new.example.com")))
		s.do(t, s.approve(bob, environment, s.pending(t, environment)))
		s.settleMail(t)
		if now := len(s.Inbox.To(thief)); now != heard {
			t.Errorf("whoever has the denied address got %d mails about the recovery: %s", now-heard, s.Inbox.To(thief)[now-1].Text)
		}
	})
}

const reserved = environment.Operators

// O5: who was removed stands behind nothing any more, however far it is.
func TestO5WhoWasRemovedRecoversNobody(t *testing.T) {
	underBoth(t, "", func(t *testing.T, s scene, environment string) {
		s.staff(t)
		s.do(t, func(tx *store.Tx) error { return staff.Ensure(root, tx, "https://console.example.com", false) })
		lose := map[string]func(tx *store.Tx, id string) error{
			"removed": func(tx *store.Tx, id string) error { return staff.Remove(root, tx, staff.Host{}, id, staff.Everywhere) },
			"demoted": func(tx *store.Tx, id string) error {
				return staff.SetRole(root, tx, staff.Host{}, id, staff.Grant{Role: staff.Auditor})
			},
			"deleted": func(tx *store.Tx, id string) error { return staff.Delete(root, tx, id) },
		}
		for how, act := range lose {
			rogue := uuid.NewString()
			s.do(t, func(tx *store.Tx) error {
				if err := tx.InsertUser(store.UserRow{ID: rogue, EnvironmentID: reserved}); err != nil {
					return err
				}
				return tx.PutGrant(store.GrantRow{OperatorID: rogue, Role: "support", GrantedBy: "system"})
			})
			s.Clock.Advance(operate.Apart + time.Hour)
			user := s.SignIn(t, environment, how+environment[:1]+"@example.com")
			address := how + environment[:1] + "@thief.example.net"
			s.do(t, s.setAddress(acts("operator:"+rogue), user, address))
			s.do(t, s.asks(acts("operator:"+rogue), user, s.idOf(t, environment, address)))
			s.do(t, s.approve(bob, environment, s.pending(t, environment)))
			s.do(t, func(tx *store.Tx) error { return act(tx, rogue) })
			if s.pending(t, environment) != "" {
				t.Errorf("who stood behind the recovery is %s, and it goes on", how)
			}
			s.Clock.Advance(operate.Apart + time.Minute)
			s.wantOut(t, environment, address)
		}
	})
}
