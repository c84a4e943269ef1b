package serviceauth_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/secret"
	"github.com/stepup-auth/stepup/internal/serviceauth"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/store/storetest"
	"github.com/stepup-auth/stepup/internal/who"
)

var by = who.Caller{By: audit.By{Actor: "operator"}}

func create(t testing.TB, db *store.DB, n serviceauth.New) (text secret.Text, id string, err error) {
	t.Helper()
	err = db.Write(t.Context(), func(tx *store.Tx) (err error) {
		text, id, err = serviceauth.Create(by, tx, n)
		return err
	})
	return text, id, err
}

func check(t testing.TB, db *store.DB, text secret.Text) (token *serviceauth.Token, err error) {
	t.Helper()
	err = db.Read(t.Context(), func(tx *store.Tx) (err error) {
		token, err = serviceauth.Check(tx, text)
		return err
	})
	return token, err
}

func TestToken(t *testing.T) {
	clock := &storetest.Clock{}
	storetest.Engines(t, func(t *testing.T, open func(testing.TB) *store.DB) {
		db := open(t)
		text, id, err := create(t, db, serviceauth.New{Name: "guard", EnvironmentID: "one", Scopes: []string{serviceauth.TokensConsume},
			TokenScopes: []stepup.Scope{"transfer:create"}, Life: time.Hour})
		if err != nil || !strings.HasPrefix(text.Reveal(), serviceauth.Prefix) || len(text.Reveal()) < 40 {
			t.Fatal(len(text.Reveal()), err)
		}
		token, err := check(t, db, text)
		if err != nil || token.ID() != id || token.EnvironmentID() != "one" {
			t.Fatal(token, err)
		}
		for _, scope := range serviceauth.Scopes {
			for _, environment := range []string{"one", "two", "", "ONE", "one "} {
				if got := token.May(scope, environment); got != (scope == serviceauth.TokensConsume && environment == "one") {
					t.Errorf("may %s in %q: %v", scope, environment, got)
				}
			}
		}
		if token.May("", "one") || token.May("tokens.*", "one") || token.May("tokens", "one") {
			t.Error("a scope is matched by parts")
		}
		for scope, want := range map[stepup.Scope]bool{"transfer:create": true, "transfer:create2": false, "transfer": false,
			"wallet:export": false, "": false} {
			if token.MayConsume(scope) != want {
				t.Errorf("may consume %q: %v", scope, !want)
			}
		}
		clock.Advance(time.Hour)
		if _, err := check(t, db, text); !errors.Is(err, serviceauth.ErrInvalid) {
			t.Errorf("expired: %v", err)
		}

		text, id, err = create(t, db, serviceauth.New{Name: "operator", Scopes: serviceauth.Scopes})
		if err != nil {
			t.Fatal(err)
		}
		if token, err = check(t, db, text); err != nil || !token.May(serviceauth.EnvironmentsWeaken, "any") ||
			!token.May(serviceauth.AuditRead, "") || !token.MayConsume("any:thing") {
			t.Errorf("for everything: %+v, %v", token, err)
		}
		revoke := func() error {
			return db.Write(t.Context(), func(tx *store.Tx) error { return serviceauth.Revoke(by, tx, id) })
		}
		if err := revoke(); err != nil {
			t.Fatal(err)
		}
		if err := revoke(); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("revoking twice: %v", err)
		}
		if _, err := check(t, db, text); !errors.Is(err, serviceauth.ErrInvalid) {
			t.Errorf("revoked: %v", err)
		}
		var rows []store.AuditRow
		var stored int64
		err = db.Read(t.Context(), func(tx *store.Tx) (err error) {
			if rows, err = storetest.AuditLog(tx, "", "service_token."); err != nil {
				return err
			}
			return tx.Row(`SELECT COUNT(*) FROM service_tokens WHERE id = $1 OR name = $1`, text.Reveal()).Scan(&stored)
		})
		if err != nil || len(rows) != 3 || stored != 0 {
			t.Errorf("%d entries, %v", len(rows), err)
		}
		for _, row := range rows {
			if strings.Contains(row.Detail, serviceauth.Prefix) {
				t.Error("the audit log holds a service token")
			}
		}
	}, storetest.WithClock(clock))
}

func TestCreateRefuses(t *testing.T) {
	db := storetest.SQLite(t)
	for _, n := range []serviceauth.New{
		{}, {Name: "x"}, {Scopes: []string{serviceauth.AuditRead}}, {Name: "x", Scopes: []string{"everything"}},
		{Name: "x", Scopes: []string{"tokens.consume", ""}},
		{Name: "x", Scopes: []string{serviceauth.TokensConsume}, TokenScopes: []stepup.Scope{"transfer:*"}},
		{Name: "x", Scopes: []string{serviceauth.TokensConsume}, TokenScopes: []stepup.Scope{"a:b c:d"}},
	} {
		if text, _, err := create(t, db, n); err == nil || text != "" {
			t.Errorf("%+v: made", n)
		}
	}
}

// Every prefix, suffix, changed character and other spelling is refused (C13).
func TestMutations(t *testing.T) {
	db := storetest.SQLite(t)
	right, _, err := create(t, db, serviceauth.New{Name: "x", Scopes: []string{serviceauth.AuditRead}})
	if err != nil {
		t.Fatal(err)
	}
	text := right.Reveal()
	mutants := []string{"", serviceauth.Prefix, " " + text, text + " ", text + "\n", text + "A", "A" + text, text + text,
		strings.ToLower(text), "STP_" + text[4:], text + strings.Repeat("A", 500)}
	for i := range text {
		mutants = append(mutants, text[:i], text[i+1:], text[:i]+string(text[i]^1)+text[i+1:], text[:i]+" "+text[i:])
	}
	for _, mutant := range mutants {
		if _, err := check(t, db, secret.Text(mutant)); !errors.Is(err, serviceauth.ErrInvalid) {
			t.Errorf("%q: %v", mutant, err)
		}
	}
	if _, err := check(t, db, right); err != nil {
		t.Error(err)
	}
}

func TestRevokeIn(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, open func(testing.TB) *store.DB) {
		db := open(t)
		for _, test := range []struct {
			environment, in string
			want            error
		}{{"one", "one", nil}, {"one", "two", store.ErrNotFound}, {"", "one", store.ErrNotFound}, {"", "", store.ErrNotFound}} {
			text, id, err := create(t, db, serviceauth.New{Name: "n", EnvironmentID: test.environment,
				Scopes: []string{serviceauth.UsersRead}})
			if err != nil {
				t.Fatal(err)
			}
			err = db.Write(t.Context(), func(tx *store.Tx) error { return serviceauth.RevokeIn(by, tx, test.in, id) })
			if _, dead := check(t, db, text); !errors.Is(err, test.want) || (dead != nil) != (test.want == nil) {
				t.Errorf("of %q, revoked in %q: %v, and then %v", test.environment, test.in, err, dead)
			}
		}
	})
}

// The last use is known to the minute, costs a request no write, and survives a store
// that fails for a time.
func TestUses(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, open func(testing.TB) *store.DB) {
		db := open(t)
		text, _, err := create(t, db, serviceauth.New{Name: "n", EnvironmentID: "one", Scopes: []string{serviceauth.UsersRead}})
		if err != nil {
			t.Fatal(err)
		}
		token, err := check(t, db, text)
		if err != nil {
			t.Fatal(err)
		}
		used := func() (at time.Time) {
			err := db.Read(t.Context(), func(tx *store.Tx) error {
				rows, err := tx.ServiceTokensOf("one")
				at = rows[0].LastUsedAt
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			return at
		}
		uses, noon := serviceauth.NewUses(), time.Date(2026, 4, 2, 12, 0, 0, 0, time.UTC)
		if !used().IsZero() {
			t.Error("a token that nobody used was used")
		}
		over, cancel := context.WithCancel(t.Context())
		cancel()
		uses.Saw(token, noon)
		if err := uses.Flush(over, db); err == nil {
			t.Fatal("a flush without a store succeeds")
		}
		for _, step := range []struct{ seen, want time.Duration }{
			{0, 0}, {30 * time.Second, 0}, {time.Minute, time.Minute}, {0, time.Minute},
		} {
			uses.Saw(token, noon.Add(step.seen))
			if err := uses.Flush(t.Context(), db); err != nil {
				t.Fatal(err)
			}
			if got := used(); !got.Equal(noon.Add(step.want)) {
				t.Errorf("used %v after noon, it is known as %v", step.seen, got)
			}
		}
	})
}

// A thief of a token keeps nothing by making more with it: they end with it, however many
// lie between, none is made with one that was revoked meanwhile, and none lives longer.
func TestTokensOfTokens(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, open func(testing.TB) *store.DB) {
		db := open(t)
		make := func(actor string, life time.Duration) (text secret.Text, id string, err error) {
			err = db.Write(t.Context(), func(tx *store.Tx) (err error) {
				text, id, err = serviceauth.Create(who.Caller{By: audit.By{Actor: actor}}, tx,
					serviceauth.New{Name: "t", Scopes: []string{serviceauth.UsersRead}, Life: life})
				return err
			})
			return text, id, err
		}
		_, first, err := make("operator:root", time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		_, second, err := make("service:"+first, 0)
		if err != nil {
			t.Fatal(err)
		}
		third, last, err := make("service:"+second, 1000*time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		err = db.Write(t.Context(), func(tx *store.Tx) error {
			row, err := tx.ServiceToken(last)
			if err != nil {
				return err
			}
			if row.ExpiresAt.IsZero() || row.ExpiresAt.After(tx.Now().Add(time.Hour)) {
				t.Errorf("it lives until %v, longer than the first", row.ExpiresAt)
			}
			if _, err := serviceauth.Check(tx, third); err != nil {
				t.Errorf("the third: %v", err)
			}
			if err := serviceauth.Revoke(who.Caller{By: audit.By{Actor: "operator:root"}}, tx, first); err != nil {
				return err
			}
			if _, err := serviceauth.Check(tx, third); !errors.Is(err, serviceauth.ErrInvalid) {
				t.Errorf("the first is revoked, and the third lives: %v", err)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := make("service:"+first, 0); !errors.Is(err, serviceauth.ErrInvalid) {
			t.Errorf("a revoked token makes one: %v", err)
		}
	})
}
