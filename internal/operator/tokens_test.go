package operator_test

import (
	"crypto/rand"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/operator"
	"github.com/stepup-auth/stepup/internal/operator/operatortest"
	"github.com/stepup-auth/stepup/internal/secret"
	"github.com/stepup-auth/stepup/internal/serviceauth"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/store/storetest"
)

// makeToken makes a service token in an operator's name.
func makeToken(t testing.TB, w *operatortest.World, o operator.Operator, env string, scopes ...string) (text secret.Text, err error) {
	t.Helper()
	err = w.DB.Write(t.Context(), func(tx *store.Tx) (err error) {
		text, err = operator.MakeToken(by(o), tx, o, serviceauth.New{Name: strings.Join(scopes, " "), EnvironmentID: env,
			Scopes: scopes})
		return err
	})
	return text, err
}

// lives reports whether a service token is taken.
func lives(t testing.TB, w *operatortest.World, text secret.Text) bool {
	t.Helper()
	err := w.DB.Read(t.Context(), func(tx *store.Tx) error {
		_, err := serviceauth.Check(tx, text)
		return err
	})
	if err != nil && !errors.Is(err, serviceauth.ErrInvalid) {
		t.Fatal(err)
	}
	return err == nil
}

// Whoever loses what a service token of theirs does loses the token, however the role goes;
// tokens that they might make still, and those of others, live on.
func TestTokensEndWithTheirMakersRole(t *testing.T) {
	t.Parallel()
	operatortest.Engines(t, func(t *testing.T, w *operatortest.World) {
		w.Environment(t, shop)
		w.Environment(t, bank)
		host := operator.Host{}
		lose := map[string]func(tx *store.Tx, o operator.Operator) error{
			"demoted": func(tx *store.Tx, o operator.Operator) error {
				return operator.SetRole(operatortest.Host, tx, host, o.ID, operator.Grant{EnvironmentID: shop, Role: operator.Support})
			},
			"removed": func(tx *store.Tx, o operator.Operator) error {
				return operator.Remove(operatortest.Host, tx, host, o.ID, shop)
			},
			"deleted": func(tx *store.Tx, o operator.Operator) error { return operator.Delete(operatortest.Host, tx, o.ID) },
			"revoked on the host": func(tx *store.Tx, o operator.Operator) error {
				done, err := w.Desk.Revoke(operatortest.Host, tx, o.Email, shop)
				for _, name := range []string{"environments.read environments.weaken", "tokens.consume"} {
					if _, ended, _ := strings.Cut(done, "revoked: "); !strings.Contains(ended, name) {
						t.Errorf("the host is told %q", done)
					}
				}
				return err
			},
			"invited anew as less": func(tx *store.Tx, o operator.Operator) error {
				made, err := w.Desk.Invite(operatortest.Host, tx, host, operator.Invitation{Email: o.Email, Anew: true,
					Grant: operator.Grant{EnvironmentID: shop, Role: operator.Auditor}})
				if err != nil {
					return err
				}
				_, link, _ := strings.Cut(made.Link, "#")
				_, err = w.Desk.Accept(tx, link, nil, operator.From{})
				return err
			},
		}
		owner := w.Join(t, "owner@example.com", operator.Grant{EnvironmentID: shop, Role: operator.Owner}).Visit(t).Operator
		kept, err := makeToken(t, w, owner, shop, serviceauth.UsersWrite)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for how, act := range lose {
			n++
			email := "dev" + string(rune('a'+n)) + "@example.com"
			dev := w.Join(t, email, operator.Grant{EnvironmentID: shop, Role: operator.Developer},
				operator.Grant{EnvironmentID: bank, Role: operator.Developer}).Visit(t).Operator
			var gone []secret.Text
			for _, scopes := range [][]string{{serviceauth.EnvironmentsRead, serviceauth.EnvironmentsWeaken}, {serviceauth.TokensConsume}} {
				text, err := makeToken(t, w, dev, shop, scopes...)
				if err != nil {
					t.Fatal(err)
				}
				gone = append(gone, text)
			}
			elsewhere, err := makeToken(t, w, dev, bank, serviceauth.EnvironmentsWrite)
			if err != nil {
				t.Fatal(err)
			}
			w.Write(t, func(tx *store.Tx) error { return act(tx, dev) })
			for _, text := range gone {
				if lives(t, w, text) {
					t.Errorf("%s: a token of theirs lives on", how)
				}
			}
			if lives(t, w, elsewhere) == (how == "deleted") {
				t.Errorf("%s: the token of the other environment: %v", how, lives(t, w, elsewhere))
			}
			if _, err := makeToken(t, w, dev, shop, serviceauth.TokensConsume); err == nil {
				t.Errorf("%s: a request that had read the role before makes a token after", how)
			}
		}
		if !lives(t, w, kept) {
			t.Error("somebody else's token ended")
		}
		w.Write(t, func(tx *store.Tx) error {
			rows, err := tx.AuditOf(shop, "service_token.revoked", time.Time{}, 500)
			n := 0
			for _, row := range rows {
				if strings.Contains(row.Detail, `"made_by":"operator:`) {
					n++
				}
			}
			if n != 2*len(lose) {
				t.Errorf("%d entries say that tokens ended with their maker's role, want %d", n, 2*len(lose))
			}
			return err
		})
	})
}

// A role that becomes another one which may do the same ends nothing.
func TestTokensOutliveAGreaterRole(t *testing.T) {
	t.Parallel()
	clock := &storetest.Clock{}
	w := operatortest.New(t, storetest.SQLite(t, storetest.WithClock(clock)), clock)
	w.Environment(t, shop)
	dev := w.Join(t, "dev@example.com", operator.Grant{EnvironmentID: shop, Role: operator.Developer}).Visit(t).Operator
	text, err := makeToken(t, w, dev, shop, serviceauth.EnvironmentsWeaken)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := makeToken(t, w, dev, shop, serviceauth.UsersWrite); !fault.Has(err, fault.PermissionMissing) {
		t.Errorf("a developer makes a token for users: %v", err)
	}
	w.Write(t, func(tx *store.Tx) error {
		ended, err := operator.Ending(tx, dev.ID, func() error {
			more := operator.Grant{EnvironmentID: shop, Role: operator.Owner}
			return operator.SetRole(operatortest.Host, tx, operator.Host{}, dev.ID, more)
		})
		if len(ended) > 0 {
			t.Errorf("a greater role ended %v", ended)
		}
		return err
	})
	if !lives(t, w, text) {
		t.Error("the token ended")
	}
	w.Write(t, func(tx *store.Tx) error {
		for actor, want := range map[string]string{dev.Actor(): "dev@example.com", "operator:root": "the host (root)", "": "unknown"} {
			if name, err := operator.NameOf(tx, actor); name != want || err != nil {
				t.Errorf("%q is called %q, %v; want %q", actor, name, err, want)
			}
		}
		if found, err := operator.Unfounded(tx); len(found) > 0 || err != nil {
			t.Errorf("unfounded: %v, %v", found, err)
		}
		if err := tx.DeleteGrant(dev.ID, shop); err != nil { // as before makers were known
			return err
		}
		found, err := operator.Unfounded(tx)
		if !slices.ContainsFunc(found, func(row store.ServiceTokenRow) bool { return row.MadeBy == dev.Actor() }) {
			t.Errorf("the token of who has no role is not found: %v", found)
		}
		return err
	})
}

// Whoever opened the link of a small invitation is not inside when the member's role is
// raised before the first factor: the session ends, and a new invitation opens another.
func TestARoleBeforeTheFirstFactorEndsTheSession(t *testing.T) {
	t.Parallel()
	operatortest.Engines(t, func(t *testing.T, w *operatortest.World) {
		w.Environment(t, shop)
		owner := w.Join(t, "owner@example.com", operator.Grant{EnvironmentID: shop, Role: operator.Owner}).Visit(t).Operator
		small := w.Invite(t, "eve@example.com", operator.Grant{EnvironmentID: shop, Role: operator.Auditor})
		cookie, err := accept(t, w, small, nil)
		if err != nil {
			t.Fatal(err)
		}
		eve, err := w.Visit(t.Context(), cookie)
		if err != nil {
			t.Fatal(err)
		}
		begun, err := w.Desk.EnrolApp(t.Context(), eve, operator.From{})
		if err != nil {
			t.Fatal(err)
		}
		w.Write(t, func(tx *store.Tx) error {
			return operator.SetRole(by(owner), tx, owner, eve.ID, operator.Grant{EnvironmentID: shop, Role: operator.Owner})
		})
		if _, err := w.Visit(t.Context(), cookie); !errors.Is(err, operator.ErrNobody) {
			t.Errorf("the session that the smaller role opened lives on: %v", err)
		}
		app := w.Keep("eve@example.com", cookie, begun.Secret)
		if _, err := w.Desk.ConfirmApp(t.Context(), eve, begun.ID, app.Code(), operator.From{}); err == nil {
			t.Error("a request that had read the session before lets the factor in after")
		}
		w.Write(t, func(tx *store.Tx) error {
			rows, err := tx.Credentials(environment.Operators, eve.ID)
			if len(rows) != 1 {
				t.Errorf("eve has %d credentials, want the address alone", len(rows))
			}
			return err
		})
		var again operator.Invited
		w.Write(t, func(tx *store.Tx) (err error) { // a member without a factor is invited once more
			again, err = w.Desk.Invite(by(owner), tx, owner, operator.Invitation{Email: "eve@example.com",
				Grant: operator.Grant{EnvironmentID: shop, Role: operator.Owner}})
			return err
		})
		_, link, _ := strings.Cut(again.Link, "#")
		if _, err := accept(t, w, link, nil); err != nil {
			t.Errorf("the new invitation: %v", err)
		}
	})
}

// Whoever makes tokens without end is refused in time: they end with their maker in one
// transaction, which would become too long, and its maker could not be removed any more.
func TestTokensAreNotMadeWithoutEnd(t *testing.T) {
	t.Parallel()
	operatortest.Engines(t, func(t *testing.T, w *operatortest.World) {
		w.Environment(t, shop)
		dev := w.Join(t, "dev@example.com", operator.Grant{EnvironmentID: shop, Role: operator.Developer}).Visit(t).Operator
		parent := ""
		insert := func(maker string, n int, ends time.Duration) {
			t.Helper()
			w.Write(t, func(tx *store.Tx) error {
				for range n {
					row := store.ServiceTokenRow{ID: uuid.NewString(), Hash: []byte(rand.Text()), Name: "n", EnvironmentID: shop,
						Scopes: []string{serviceauth.UsersRead}, MadeBy: maker}
					if ends != 0 {
						row.ExpiresAt = tx.Now().Add(ends)
					}
					if err := tx.InsertServiceToken(row); err != nil {
						return err
					}
					parent = row.ID
				}
				return nil
			})
		}
		insert(dev.Actor(), 20, -time.Minute) // have expired, and count no more
		insert(dev.Actor(), serviceauth.MadeMost-1, 0)
		if _, err := makeToken(t, w, dev, shop, serviceauth.UsersRead); err != nil {
			t.Fatal(err)
		}
		if _, err := makeToken(t, w, dev, shop, serviceauth.UsersRead); !fault.Has(err, fault.Conflict) {
			t.Errorf("one too many: %v", err)
		}
		with := operatortest.Host
		with.By.Actor = "service:" + parent
		insert(with.By.Actor, serviceauth.MadeMost, time.Hour)
		err := w.DB.Write(t.Context(), func(tx *store.Tx) error {
			_, _, err := serviceauth.Create(with, tx,
				serviceauth.New{Name: "n", EnvironmentID: shop, Scopes: []string{serviceauth.UsersRead}})
			return err
		})
		if err == nil {
			t.Error("a token makes one too many")
		}
		w.Write(t, func(tx *store.Tx) error {
			if err := operator.Remove(operatortest.Host, tx, operator.Host{}, dev.ID, shop); err != nil {
				return err
			}
			left, err := tx.ServiceTokensBy(dev.Actor())
			if len(left) > 0 {
				t.Errorf("%d outlive their maker", len(left))
			}
			return err
		})
	})
}
