package operator_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/operator"
	"github.com/stepup-auth/stepup/internal/operator/operatortest"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/who"
)

func everywhere(r operator.Role) operator.Grant { return operator.Grant{Role: r} }

func by(o operator.Operator) who.Caller { return who.Caller{By: audit.By{Actor: o.Actor()}} }

// accept tries the secret of a link, signed out.
func accept(t testing.TB, w *operatortest.World, secret string, visit *operator.Visit) (cookie string, err error) {
	t.Helper()
	err = w.DB.Write(t.Context(), func(tx *store.Tx) (err error) {
		cookie, err = w.Desk.Accept(tx, secret, visit, operator.From{Address: "192.0.2.7", UserAgent: "Test"})
		return err
	})
	return cookie, err
}

// The way in: an invitation, a first factor, out, and in again by a code and the app.
func TestGettingIn(t *testing.T) {
	t.Parallel()
	operatortest.Engines(t, func(t *testing.T, w *operatortest.World) {
		secret := w.Invite(t, "Ada@example.com", everywhere(operator.Owner))
		if mail := w.Mail(t, "Ada@example.com"); len(mail) != 1 || !strings.Contains(mail[0], "/console/invitation#"+secret) {
			t.Fatalf("the mails are %q", mail)
		}
		cookie, err := accept(t, w, secret, nil)
		if err != nil {
			t.Fatal(err)
		}
		v, err := w.Visit(t.Context(), cookie)
		if err != nil || v.Stage != operator.Enrols || v.Email != "Ada@example.com" {
			t.Fatalf("after accepting: %+v, %v", v, err)
		}
		if w.Elevated(t, v, stepup.ConsoleSettingsUpdate) {
			t.Error("an invitation elevates")
		}
		ada := w.Keep("Ada@example.com", cookie, "")
		ada.Enrol(t)
		for _, mail := range w.Mail(t, "Ada@example.com") {
			if strings.Contains(mail, "notMe") {
				t.Errorf("an operator is sent a link that leads nowhere: %s", mail)
			}
		}
		if _, err := w.Visit(t.Context(), cookie); !errors.Is(err, operator.ErrNobody) {
			t.Errorf("the cookie of before the factor still works: %v", err)
		}
		v = *ada.Visit(t)
		if v.Stage != operator.Inside || !v.May(operator.MembersWrite, operator.Everywhere) {
			t.Errorf("after enrolling: %+v", v)
		}
		w.Write(t, func(tx *store.Tx) error { return w.Desk.Leave(tx, v, operator.From{}) })
		if _, err := w.Visit(t.Context(), ada.Cookie); !errors.Is(err, operator.ErrNobody) {
			t.Errorf("after signing out: %v", err)
		}
		id, err := w.Desk.SendCode(t.Context(), "ada@example.com", operator.From{})
		if err != nil {
			t.Fatal(err)
		}
		half, err := w.Desk.EnterByCode(t.Context(), id, w.MailedCode(t, "Ada@example.com"), operator.From{})
		if err != nil {
			t.Fatal(err)
		}
		v, err = w.Visit(t.Context(), half)
		if err != nil || v.Stage != operator.OwesFactor {
			t.Fatalf("after the code: %+v, %v", v, err)
		}
		if _, err := w.Desk.Elevate(t.Context(), v, stepup.ConsoleMFAReset, operator.Proof{Code: ada.Code()}, operator.From{}); err == nil {
			t.Error("a session that owes the second factor elevates")
		}
		if _, err := w.Desk.GiveFactor(t.Context(), v, operator.Proof{Code: "000000"}, operator.From{}); err == nil {
			t.Error("a wrong code gives the factor")
		}
		ada.Cookie, err = w.Desk.GiveFactor(t.Context(), v, operator.Proof{Code: ada.Code()}, operator.From{})
		if err != nil {
			t.Fatal(err)
		}
		if ada.Cookie == half || ada.Visit(t).Stage != operator.Inside {
			t.Error("not inside, or under the same cookie")
		}
		if _, err := w.Visit(t.Context(), half); !errors.Is(err, operator.ErrNobody) {
			t.Errorf("F6: the cookie of before the factor still works: %v", err)
		}
	})
}

// An invitation is good once, for its address, for a day, and not after it was withdrawn.
func TestInvitationsEnd(t *testing.T) {
	t.Parallel()
	operatortest.Engines(t, func(t *testing.T, w *operatortest.World) {
		over := func(why, secret string) {
			t.Helper()
			if _, err := accept(t, w, secret, nil); !fault.Has(err, fault.InvalidInvitation) {
				t.Errorf("%s: %v", why, err)
			}
		}
		used := w.Invite(t, "used@example.com", everywhere(operator.Auditor))
		if _, err := accept(t, w, used, nil); err != nil {
			t.Fatal(err)
		}
		over("used before", used)
		over("nobody's", "x"+used)
		over("none", "")

		old := w.Invite(t, "old@example.com", everywhere(operator.Auditor))
		newer := w.Invite(t, "OLD@example.com", everywhere(operator.Auditor))
		over("replaced by a newer one", old)
		w.Clock.Advance(operator.InvitationLife)
		over("expired", newer)

		withdrawn := w.Invite(t, "withdrawn@example.com", everywhere(operator.Auditor))
		w.Write(t, func(tx *store.Tx) error {
			open, err := w.Desk.Invitations(tx, operator.Everywhere)
			if err != nil || len(open) != 1 {
				t.Fatalf("%d open invitations, %v", len(open), err)
			}
			return operator.Withdraw(operatortest.Host, tx, operator.Host{}, operator.Everywhere, open[0].ID)
		})
		over("withdrawn", withdrawn)

		ada := w.Join(t, "ada@example.com", everywhere(operator.Owner))
		for_bob := w.Invite(t, "bob@example.com", everywhere(operator.Owner))
		if _, err := accept(t, w, for_bob, ada.Visit(t)); !fault.Has(err, fault.AnotherSession) {
			t.Errorf("another operator takes it: %v", err)
		}
	})
}

// Of many who accept at once one does.
func TestInvitationRace(t *testing.T) {
	t.Parallel()
	operatortest.Engines(t, func(t *testing.T, w *operatortest.World) {
		secret := w.Invite(t, "ada@example.com", everywhere(operator.Owner))
		var group sync.WaitGroup
		var mu sync.Mutex
		won := 0
		for range 8 {
			group.Go(func() {
				cookie, err := accept(t, w, secret, nil)
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil && cookie != "":
					won++
				case store.IsUnique(err), fault.Has(err, fault.InvalidInvitation):
				default:
					t.Errorf("%v", err)
				}
			})
		}
		group.Wait()
		if won != 1 {
			t.Errorf("%d accepted", won)
		}
	})
}

// Escalation by inviting: nobody makes more of others than they are, and an invitation
// dies with the role that it was made by.
func TestInvitersGiveNoMoreThanTheyHave(t *testing.T) {
	t.Parallel()
	operatortest.Engines(t, func(t *testing.T, w *operatortest.World) {
		w.Environment(t, shop)
		w.Environment(t, bank)
		owner := w.Join(t, "owner@example.com", operator.Grant{EnvironmentID: shop, Role: operator.Owner})
		developer := w.Join(t, "dev@example.com", operator.Grant{EnvironmentID: shop, Role: operator.Developer})
		invite := func(p *operatortest.Person, g operator.Grant) (secret string, err error) {
			v := p.Visit(t)
			var made operator.Invited
			err = w.DB.Write(t.Context(), func(tx *store.Tx) error {
				made, err = w.Desk.Invite(by(v.Operator), tx, v.Operator, operator.Invitation{Email: "mallory@example.com", Grant: g})
				return err
			})
			_, secret, _ = strings.Cut(made.Link, "#")
			return secret, err
		}
		for _, role := range operator.Roles {
			for _, where := range []string{operator.Everywhere, shop, bank} {
				g := operator.Grant{EnvironmentID: where, Role: role}
				if _, err := invite(developer, g); !fault.Has(err, fault.PermissionMissing) {
					t.Errorf("a developer invites %v: %v", g, err)
				}
				if _, err := invite(owner, g); (err == nil) != (where == shop) {
					t.Errorf("the owner of one environment invites %v: %v", g, err)
				}
			}
		}
		secret, err := invite(owner, operator.Grant{EnvironmentID: shop, Role: operator.Owner})
		if err != nil {
			t.Fatal(err)
		}
		w.Write(t, func(tx *store.Tx) error {
			less := operator.Grant{EnvironmentID: shop, Role: operator.Support}
			return operator.SetRole(operatortest.Host, tx, operator.Host{}, owner.Visit(t).ID, less)
		})
		if _, err := accept(t, w, secret, nil); !fault.Has(err, fault.InvalidInvitation) {
			t.Errorf("an invitation outlives the role of who made it: %v", err)
		}
		v := owner.Visit(t)
		err = w.DB.Write(t.Context(), func(tx *store.Tx) error {
			_, err := w.Desk.Invite(by(v.Operator), tx, operator.Operator{Grants: []operator.Grant{{Role: operator.Owner}}},
				operator.Invitation{Email: developer.Email, Grant: everywhere(operator.Owner), Anew: true})
			return err
		})
		if !fault.Has(err, fault.InvalidRequest) {
			t.Errorf("an owner takes somebody's factors away in the web: %v", err)
		}
	})
}

// One proof is no mailing list: neither inviting the same address again nor withdrawing
// what was sent makes room for more mail, by one owner or by several.
func TestInvitationsAreBounded(t *testing.T) {
	t.Parallel()
	operatortest.Engines(t, func(t *testing.T, w *operatortest.World) {
		w.Environment(t, shop)
		var owners []*operator.Visit
		for i := range 3 {
			p := w.Join(t, fmt.Sprintf("owner%d@example.com", i), operator.Grant{EnvironmentID: shop, Role: operator.Owner})
			owners = append(owners, p.Visit(t))
		}
		// sent invites addresses, and withdraws each, until it is refused.
		sent := func(v *operator.Visit, email func(int) string) (n int, err error) {
			for ; n < 200; n++ {
				err = w.DB.Write(t.Context(), func(tx *store.Tx) error {
					made, err := w.Desk.Invite(by(v.Operator), tx, v.Operator, operator.Invitation{Email: email(n),
						Grant: operator.Grant{EnvironmentID: shop, Role: operator.Auditor}})
					if err != nil {
						return err
					}
					return operator.Withdraw(by(v.Operator), tx, v.Operator, shop, made.ID)
				})
				if err != nil {
					return n, err
				}
			}
			return n, nil
		}
		same := func(int) string { return "stranger@example.com" }
		if n, err := sent(owners[0], same); n != 5 || !fault.Has(err, fault.RateLimited) {
			t.Errorf("%d mails to one address: %v", n, err)
		}
		if n, err := sent(owners[1], same); n != 0 || !fault.Has(err, fault.RateLimited) {
			t.Errorf("%d more mails to one address by another owner: %v", n, err)
		}
		for i, want := range []int{45, 50, 0} { // 50 by one, 100 for the environment
			n, err := sent(owners[i], func(n int) string { return fmt.Sprintf("stranger%d-%d@example.com", i, n) })
			if n != want || !fault.Has(err, fault.RateLimited) {
				t.Errorf("owner %d: %d mails to strangers, want %d: %v", i, n, want, err)
			}
		}
		w.Invite(t, "stranger@example.com", everywhere(operator.Auditor)) // the host lets in whom it likes
	})
}

// Whoever has a factor takes up a further role only by it: a link and a mailbox are not
// enough to be them, and their factor is not replaced.
func TestInvitationOfAnOperator(t *testing.T) {
	t.Parallel()
	operatortest.Engines(t, func(t *testing.T, w *operatortest.World) {
		w.Environment(t, shop)
		ada := w.Join(t, "ada@example.com", everywhere(operator.Owner))
		secret := w.Invite(t, "ada@example.com", operator.Grant{EnvironmentID: shop, Role: operator.Auditor})
		if _, err := accept(t, w, secret, nil); !fault.Has(err, fault.SignInRequired) {
			t.Errorf("signed out: %v", err)
		}
		before := ada.Cookie
		cookie, err := accept(t, w, secret, ada.Visit(t))
		if err != nil || cookie == before {
			t.Fatalf("%q, %v", cookie, err)
		}
		if _, err := w.Visit(t.Context(), before); !errors.Is(err, operator.ErrNobody) {
			t.Errorf("F6: the cookie of before the further role still works: %v", err)
		}
		ada.Cookie = cookie
		if v := ada.Visit(t); len(v.Grants) != 2 || len(v.Factors) != 1 {
			t.Errorf("%+v", v)
		}
		if _, err := w.Desk.EnrolApp(t.Context(), *ada.Visit(t), operator.From{}); !fault.Has(err, fault.EnrolmentNotProven) {
			t.Errorf("a second factor is let in as the first: %v", err)
		}
	})
}

// Whoever lost their factor is let in by whoever could give all that they may: a small
// invitation, or the mailbox it went to, is not all of somebody's roles.
func TestInvitationOfAnOperatorWithoutFactor(t *testing.T) {
	t.Parallel()
	operatortest.Engines(t, func(t *testing.T, w *operatortest.World) {
		w.Environment(t, shop)
		w.Join(t, "root@example.com", everywhere(operator.Owner))
		mallory := w.Join(t, "mallory@example.com", operator.Grant{EnvironmentID: shop, Role: operator.Owner})
		w.Write(t, func(tx *store.Tx) error { // a lost laptop; and the host takes the invitation back
			anew, err := w.Desk.Invite(operatortest.Host, tx, operator.Host{},
				operator.Invitation{Email: "root@example.com", Grant: everywhere(operator.Owner), Anew: true})
			if err != nil {
				return err
			}
			return operator.Withdraw(operatortest.Host, tx, operator.Host{}, operator.Everywhere, anew.ID)
		})
		invite := func(email string) (secret string) {
			v := mallory.Visit(t)
			w.Write(t, func(tx *store.Tx) error {
				made, err := w.Desk.Invite(by(v.Operator), tx, v.Operator,
					operator.Invitation{Email: email, Grant: operator.Grant{EnvironmentID: shop, Role: operator.Auditor}})
				_, secret, _ = strings.Cut(made.Link, "#")
				return err
			})
			return secret
		}
		if _, err := accept(t, w, invite("root@example.com"), nil); !fault.Has(err, fault.EnrolmentNotProven) {
			t.Errorf("an auditor's invitation lets in the factor of the owner of all: %v", err)
		}
		secret := w.Invite(t, "eve@example.com", operator.Grant{EnvironmentID: shop, Role: operator.Support})
		if _, err := accept(t, w, secret, nil); err != nil { // and sets nothing up
			t.Fatal(err)
		}
		w.Write(t, func(tx *store.Tx) error {
			v := mallory.Visit(t)
			eve, err := tx.CredentialByIdentifier(environment.Operators, store.FormatEmail, "eve@example.com")
			if err != nil {
				return err
			}
			return operator.Remove(by(v.Operator), tx, v.Operator, eve.UserID, shop)
		})
		if _, err := accept(t, w, invite("eve@example.com"), nil); err != nil {
			t.Errorf("whoever has no more than the inviter may give is not let in: %v", err)
		}
		secret = w.Invite(t, "root@example.com", operator.Grant{EnvironmentID: shop, Role: operator.Auditor})
		if _, err := accept(t, w, secret, nil); err != nil {
			t.Errorf("the host lets nobody in: %v", err)
		}
	})
}

// What an accepted invitation lets in, it lets in once; a mailbox alone lets in nothing.
func TestFirstFactorOnce(t *testing.T) {
	t.Parallel()
	operatortest.Engines(t, func(t *testing.T, w *operatortest.World) {
		secret := w.Invite(t, "ada@example.com", everywhere(operator.Owner))
		cookie, err := accept(t, w, secret, nil)
		if err != nil {
			t.Fatal(err)
		}
		id, err := w.Desk.SendCode(t.Context(), "ada@example.com", operator.From{})
		if err != nil {
			t.Fatal(err)
		}
		mailed, err := w.Desk.EnterByCode(t.Context(), id, w.MailedCode(t, "ada@example.com"), operator.From{})
		if err != nil {
			t.Fatal(err)
		}
		v, err := w.Visit(t.Context(), mailed)
		if err != nil || v.Stage != operator.NoFactor {
			t.Fatalf("%v, %v", v.Stage, err)
		}
		if _, err := w.Desk.EnrolApp(t.Context(), v, operator.From{}); !fault.Has(err, fault.EnrolmentNotProven) {
			t.Errorf("whoever has the mailbox sets up a factor: %v", err)
		}
		ada := w.Keep("ada@example.com", cookie, "")
		stale := *ada.Visit(t)
		ada.Enrol(t)
		if _, err := w.Desk.EnrolApp(t.Context(), stale, operator.From{}); !fault.Has(err, fault.EnrolmentNotProven) {
			t.Errorf("a second one is let in by what the session was: %v", err)
		}
	})
}

// A lost factor is replaced by the host: what was lost is gone at once, with its sessions.
func TestInvitedAnew(t *testing.T) {
	t.Parallel()
	operatortest.Engines(t, func(t *testing.T, w *operatortest.World) {
		ada := w.Join(t, "ada@example.com", everywhere(operator.Owner))
		before := ada.Visit(t)
		again := operator.Invitation{Email: "ada@example.com", Grant: everywhere(operator.Owner)}
		invite := func() (made operator.Invited, err error) {
			err = w.DB.Write(t.Context(), func(tx *store.Tx) error {
				made, err = w.Desk.Invite(operatortest.Host, tx, operator.Host{}, again)
				return err
			})
			return made, err
		}
		if _, err := invite(); !fault.Has(err, fault.Conflict) {
			t.Errorf("a member is invited once more: %v", err)
		}
		again.Anew = true
		made, err := invite()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Visit(t.Context(), ada.Cookie); !errors.Is(err, operator.ErrNobody) {
			t.Errorf("a session outlives it: %v", err)
		}
		_, secret, _ := strings.Cut(made.Link, "#")
		if ada.Cookie, err = accept(t, w, secret, nil); err != nil {
			t.Fatal(err)
		}
		ada.Enrol(t)
		if v := ada.Visit(t); v.ID != before.ID || len(v.Factors) != 1 || v.Factors[0].ID == before.Factors[0].ID {
			t.Errorf("%+v", v)
		}
	})
}

// What is minted is one session's, for one scope, for ten minutes; and of one operator
// only, even for whoever moves rows of the database about.
func TestElevation(t *testing.T) {
	t.Parallel()
	operatortest.Engines(t, func(t *testing.T, w *operatortest.World) {
		ada := w.Join(t, "ada@example.com", everywhere(operator.Owner))
		bob := w.Join(t, "bob@example.com", everywhere(operator.Owner))
		before := ada.Cookie
		ada.Elevate(t, stepup.ConsoleSettingsUpdate)
		if _, err := w.Visit(t.Context(), before); !errors.Is(err, operator.ErrNobody) {
			t.Errorf("F6: the cookie of before the step-up still works: %v", err)
		}
		if !w.Elevated(t, *ada.Visit(t), stepup.ConsoleSettingsUpdate) {
			t.Fatal("not elevated")
		}
		if w.Elevated(t, *ada.Visit(t), stepup.ConsoleMFAReset) {
			t.Error("elevated for another scope")
		}
		if w.Elevated(t, *bob.Visit(t), stepup.ConsoleSettingsUpdate) {
			t.Error("one operator's token opens for another")
		}
		w.Write(t, func(tx *store.Tx) error {
			sealed, err := tx.Elevation(ada.Visit(t).Session.ID, string(stepup.ConsoleSettingsUpdate))
			if err != nil {
				return err
			}
			return tx.PutElevation(bob.Visit(t).Session.ID, string(stepup.ConsoleSettingsUpdate), sealed, tx.Now().Add(time.Minute))
		})
		if w.Elevated(t, *bob.Visit(t), stepup.ConsoleSettingsUpdate) {
			t.Error("a row that was moved to another session opens there")
		}
		w.Clock.Advance(10 * time.Minute)
		if w.Elevated(t, *ada.Visit(t), stepup.ConsoleSettingsUpdate) {
			t.Error("it lasts for longer than ten minutes")
		}
		for _, scope := range []stepup.Scope{stepup.WalletExport, stepup.CredentialLink, "transfer:create"} {
			if _, err := w.Desk.Elevate(t.Context(), *ada.Visit(t), scope, operator.Proof{Code: ada.Code()}, operator.From{}); err == nil {
				t.Errorf("the console mints %s", scope)
			}
		}
	})
}

// Sessions end when nobody uses them, and in any case.
func TestLimits(t *testing.T) {
	t.Parallel()
	operatortest.Engines(t, func(t *testing.T, w *operatortest.World) {
		ada := w.Join(t, "ada@example.com", everywhere(operator.Owner))
		for spent := time.Duration(0); spent < operator.AbsoluteLimit-operator.IdleLimit; spent += operator.IdleLimit / 2 {
			w.Clock.Advance(operator.IdleLimit / 2)
			v := ada.Visit(t)
			w.Write(t, func(tx *store.Tx) error { return w.Desk.Touch(tx, *v, operator.From{}) })
		}
		v := ada.Visit(t)
		w.Clock.Advance(operator.IdleLimit / 2)
		w.Write(t, func(tx *store.Tx) error { return w.Desk.Touch(tx, *v, operator.From{}) })
		w.Clock.Advance(operator.IdleLimit / 2)
		if _, err := w.Visit(t.Context(), ada.Cookie); !errors.Is(err, operator.ErrNobody) {
			t.Errorf("a session that is used lasts for ever: %v", err)
		}
		bob := w.Join(t, "bob@example.com", everywhere(operator.Owner))
		w.Clock.Advance(operator.IdleLimit)
		if _, err := w.Visit(t.Context(), bob.Cookie); !errors.Is(err, operator.ErrNobody) {
			t.Errorf("a session that nobody uses lasts: %v", err)
		}
	})
}

// Losing a role ends what it allowed with the next request.
func TestRolesEnd(t *testing.T) {
	t.Parallel()
	operatortest.Engines(t, func(t *testing.T, w *operatortest.World) {
		w.Environment(t, shop)
		w.Environment(t, bank)
		ada := w.Join(t, "ada@example.com", operator.Grant{EnvironmentID: shop, Role: operator.Owner},
			operator.Grant{EnvironmentID: bank, Role: operator.Auditor})
		id := ada.Visit(t).ID
		w.Write(t, func(tx *store.Tx) error { return operator.Remove(operatortest.Host, tx, operator.Host{}, id, shop) })
		if v := ada.Visit(t); v.Sees(shop) || !v.Sees(bank) {
			t.Errorf("%+v", v.Grants)
		}
		w.Write(t, func(tx *store.Tx) error { return operator.Remove(operatortest.Host, tx, operator.Host{}, id, bank) })
		if _, err := w.Visit(t.Context(), ada.Cookie); !errors.Is(err, operator.ErrNobody) {
			t.Errorf("without any role: %v", err)
		}
	})
}

// The last owner stays, also when two owners remove one another at once.
func TestLastOwner(t *testing.T) {
	t.Parallel()
	operatortest.Engines(t, func(t *testing.T, w *operatortest.World) {
		w.Environment(t, shop)
		ada := w.Join(t, "ada@example.com", operator.Grant{EnvironmentID: shop, Role: operator.Owner}).Visit(t).Operator
		bob := w.Join(t, "bob@example.com", operator.Grant{EnvironmentID: shop, Role: operator.Owner}).Visit(t).Operator
		var group sync.WaitGroup
		errs := make([]error, 2)
		for i, pair := range [][2]operator.Operator{{ada, bob}, {bob, ada}} {
			group.Go(func() {
				errs[i] = w.DB.Write(t.Context(), func(tx *store.Tx) error {
					return operator.Remove(by(pair[0]), tx, pair[0], pair[1].ID, shop)
				})
			})
		}
		group.Wait()
		if (errs[0] == nil) == (errs[1] == nil) {
			t.Fatalf("they removed one another: %v, %v", errs[0], errs[1])
		}
		left := ada
		if errs[1] == nil {
			left = bob
		}
		for what, err := range map[string]error{
			"remove": w.DB.Write(t.Context(), func(tx *store.Tx) error { return operator.Remove(by(left), tx, left, left.ID, shop) }),
			"demote": w.DB.Write(t.Context(), func(tx *store.Tx) error {
				return operator.SetRole(by(left), tx, left, left.ID, operator.Grant{EnvironmentID: shop, Role: operator.Auditor})
			}),
		} {
			if !fault.Has(err, fault.Conflict) {
				t.Errorf("%s the last owner: %v", what, err)
			}
		}
		w.Join(t, "carol@example.com", everywhere(operator.Owner)) // owns shop too
		err := w.DB.Write(t.Context(), func(tx *store.Tx) error { return operator.Remove(by(left), tx, left, left.ID, shop) })
		if err != nil {
			t.Errorf("the owner of all is an owner: %v", err)
		}
	})
}

// The reserved environment is closed in every way that its document can close, and found
// by nobody who does not ask for it.
func TestReservedEnvironment(t *testing.T) {
	t.Parallel()
	operatortest.Engines(t, func(t *testing.T, w *operatortest.World) {
		env := w.Reserved(t)
		if env.SignUp.Enabled || len(env.Providers) != 0 || env.ExternalAuth.Enabled || len(env.Compatibility) != 0 || !env.MFA.Required ||
			!env.MFA.Enabled || env.Passkeys.RPID != "console.example.com" || env.MFA.AllowsBackupCodesFor(store.FormatTOTP) {
			t.Errorf("%+v", env)
		}
		err := w.DB.Read(t.Context(), func(tx *store.Tx) error {
			all, err := tx.Environments()
			if len(all) != 0 {
				t.Errorf("a list has it: %v", all)
			}
			if names, err := tx.EnvironmentNames(); err != nil || len(names) != 0 {
				t.Errorf("a list of names has it: %v, %v", names, err)
			}
			if _, err := tx.Environment(environment.Operators); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("whoever reads it by its id finds it: %v", err)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Desk.Tenants.Load(t.Context(), environment.Operators); !fault.Has(err, fault.EnvironmentNotFound) {
			t.Errorf("whoever loads it by its id finds it: %v", err)
		}
		if last := w.Desk.Tenants.Last(environment.Operators); last != nil {
			t.Error("whoever asks for what this node saw last finds it")
		}
		w.Write(t, func(tx *store.Tx) error { // the same again changes nothing
			return operator.Ensure(operatortest.Host, tx, operatortest.URL, false)
		})
	})
}

// Whoever is invited anew keeps their role where none is named, and a last owner is
// known before the host takes them away.
func TestAnewKeepsTheRole(t *testing.T) {
	t.Parallel()
	operatortest.Engines(t, func(t *testing.T, w *operatortest.World) {
		w.Environment(t, shop)
		grant := operator.Grant{EnvironmentID: shop, Role: operator.Support}
		w.Join(t, "ada@example.com", grant)
		anew := func(email string) (made operator.Invited, err error) {
			err = w.DB.Write(t.Context(), func(tx *store.Tx) error {
				made, err = w.Desk.Invite(operatortest.Host, tx, operator.Host{}, operator.Invitation{Email: email, Anew: true})
				return err
			})
			return made, err
		}
		made, err := anew("ada@example.com")
		if err != nil {
			t.Fatal(err)
		}
		_, secret, _ := strings.Cut(made.Link, "#")
		cookie, err := accept(t, w, secret, nil)
		if err != nil {
			t.Fatal(err)
		}
		v, err := w.Visit(t.Context(), cookie)
		if err != nil || len(v.Grants) != 1 || v.Grants[0] != grant {
			t.Errorf("%+v, %v", v, err)
		}
		if _, err := anew("nobody@example.com"); !fault.Has(err, fault.InvalidRequest) {
			t.Errorf("somebody without a role: %v", err)
		}
		last := func(email string) (last bool) {
			w.Write(t, func(tx *store.Tx) (err error) {
				last, err = operator.LastOwner(tx, email, operator.Everywhere)
				return err
			})
			return last
		}
		w.Join(t, "bob@example.com", everywhere(operator.Owner))
		if !last("bob@example.com") || last("ada@example.com") || last("nobody@example.com") {
			t.Error("bob alone is the last owner")
		}
		w.Join(t, "eve@example.com", everywhere(operator.Owner))
		if last("bob@example.com") {
			t.Error("there is another owner")
		}
	})
}
