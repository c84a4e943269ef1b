package external_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/netip"
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
	"github.com/stepup-auth/stepup/internal/method/external"
	"github.com/stepup-auth/stepup/internal/method/external/externaltest"
	"github.com/stepup-auth/stepup/internal/method/methodtest"
	"github.com/stepup-auth/stepup/internal/outbound"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/tenant/tenanttest"
)

func document(i *externaltest.Issuer, more string, lines ...string) string {
	return tenanttest.Document(append([]string{
		"externalAuth: {enabled: true, iss: \"" + externaltest.ISS + "\", aud: " + externaltest.AUD + ", jwksUrl: \"" + i.JWKSURL +
			"\"" + more + "}",
	}, lines...)...)
}

func keysOf(w *tenanttest.World) *keyset.Cache {
	return &keyset.Cache{HTTP: outbound.NewClient([]netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}), Now: w.Now}
}

// desk is a world with an external login.
type desk struct {
	*tenanttest.World
	issuer *externaltest.Issuer
	keys   *keyset.Cache
}

func sqlite(t testing.TB, more string, lines ...string) desk {
	t.Helper()
	i := externaltest.Start(t)
	w := tenanttest.SQLite(t, document(i, more, lines...))
	return desk{w, i, keysOf(w)}
}

func (d desk) verify(t testing.TB, text string) (external.Token, error) {
	t.Helper()
	return external.Verify(t.Context(), d.keys, d.Tenant, d.Now(), text)
}

// signIn signs a subject in, as a new user or a known one.
func (d desk) signIn(t testing.TB, subject string, changes map[string]any) (row store.SessionRow, err error) {
	t.Helper()
	token, err := d.verify(t, d.issuer.Sign(t, "RS256", externaltest.Claims(d.Now(), subject, "", changes)))
	if err != nil {
		return row, err
	}
	means, attempt := external.SignIn{Token: token}, method.Attempt{Caller: d.From("")}
	err = method.Check(t.Context(), d.DB, means, attempt, func(tx *store.Tx, p method.Proof) (err error) {
		row, err = tenanttest.Enter(tx, d.Tenant, p)
		return err
	})
	return row, err
}

func (d desk) mustSignIn(t testing.TB, subject string) store.SessionRow {
	t.Helper()
	row, err := d.signIn(t, subject, map[string]any{"exp": d.Now().Add(20 * time.Hour).Unix()})
	if err != nil {
		t.Fatal(err)
	}
	return row
}

// stepUp exchanges an assertion.
func (d desk) stepUp(t testing.TB, s store.SessionRow, text string) (string, error) {
	t.Helper()
	token, err := d.verify(t, text)
	if err != nil {
		return "", err
	}
	return d.Grant(t.Context(), external.Assertion{Token: token}, method.Attempt{Caller: d.As(&s)}, stepup.WalletExport)
}

func refused(t testing.TB, what string, err error) {
	t.Helper()
	if !fault.Has(err, fault.InvalidExternalAuth) {
		t.Errorf("%s: %v, want %s", what, err, fault.InvalidExternalAuth)
	}
}

func TestSignIn(t *testing.T) {
	t.Parallel()
	d := sqlite(t, "")
	ada := d.mustSignIn(t, "ada")
	if again := d.mustSignIn(t, "ada"); again.UserID != ada.UserID || again.ID == ada.ID {
		t.Error("the same subject is another user, or has the same session")
	}
	if bob := d.mustSignIn(t, "bob"); bob.UserID == ada.UserID {
		t.Error("another subject is the same user")
	}
	claims, err := d.Tenant.Verifier.Elevated(t.Context(), d.elevated(t, ada, "ada"))
	if err != nil || claims.ExternalIssuer != externaltest.ISS || claims.ExternalSubject != "ada" ||
		claims.ACR != string(assurance.Federated) {
		t.Errorf("%+v, %v", claims, err)
	}
	mail := d.SignIn(t, "ada@example.com")
	claims, err = d.Tenant.Verifier.Elevated(t.Context(), d.Elevate(t, mail, "ada@example.com", stepup.WalletExport))
	if err != nil || claims.ExternalIssuer != "" || claims.ExternalSubject != "" {
		t.Errorf("who signed in by mail: %+v, %v", claims, err)
	}
}

func (d desk) elevated(t testing.TB, s store.SessionRow, subject string) string {
	t.Helper()
	text, err := d.stepUp(t, s, d.issuer.Sign(t, "ES256", externaltest.Claims(d.Now(), subject, "wallet:export", nil)))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// A session lives no longer than the token that opened it, however often it is
// refreshed.
func TestSessionEndsWithTheToken(t *testing.T) {
	t.Parallel()
	d := sqlite(t, "")
	ada, err := d.signIn(t, "ada", map[string]any{"exp": d.Now().Add(30 * time.Minute).Unix()})
	if err != nil {
		t.Fatal(err)
	}
	d.Clock.Advance(20 * time.Minute)
	if d.Refresh(t, ada).ExpiresAt.After(ada.EndsAt) || ada.EndsAt.Sub(ada.CreatedAt) > 30*time.Minute {
		t.Errorf("from %s to %s", ada.CreatedAt, ada.EndsAt)
	}
	d.Clock.Advance(11 * time.Minute)
	err = d.DB.Read(t.Context(), func(tx *store.Tx) error {
		_, err := tx.LiveSession(tenanttest.ID, ada.ID)
		return err
	})
	if err != store.ErrNotFound {
		t.Errorf("after its end: %v", err)
	}
	long, err := d.signIn(t, "bob", map[string]any{"exp": d.Now().Add(1000 * time.Hour).Unix()})
	if err != nil || long.EndsAt.Sub(long.CreatedAt) > 24*time.Hour {
		t.Errorf("a token lengthened a session to %s, %v", long.EndsAt.Sub(long.CreatedAt), err)
	}
}

// TestD3 Each claim in turn is dropped, altered or of another type.
func TestD3(t *testing.T) {
	t.Parallel()
	d := sqlite(t, "")
	now := d.Now()
	for name, values := range map[string][]any{
		"iss": {nil, "", externaltest.ISS + "/", strings.ToUpper(externaltest.ISS), "https://evil.example", []string{externaltest.ISS}, 1},
		"aud": {nil, "", "another", []string{}, []string{"another"}, externaltest.AUD + " ", externaltest.AUD[:4],
			strings.ToUpper(externaltest.AUD), []any{1}, map[string]any{externaltest.AUD: true}, [][]string{{externaltest.AUD}}},
		"sub": {nil, "", " ", " ada", "a\nb", strings.Repeat("a", 256), 7, []string{"ada"}},
		"exp": {nil, 0, now.Add(-time.Second).Unix(), "9999999999", -1, 1e300, true, []int{1}},
		"iat": {now.Add(time.Hour).Unix(), "1", []int{1}, -5},
		"nbf": {now.Add(time.Hour).Unix(), "1"},
		"ISS": {externaltest.ISS}, "Sub": {"bob"}, "aUd": {externaltest.AUD},
	} {
		for _, value := range values {
			changes := map[string]any{name: value}
			if _, err := d.signIn(t, "ada", changes); err == nil {
				t.Errorf("%v signed in", changes)
			} else {
				refused(t, fmt.Sprint(changes), err)
			}
		}
	}
	for _, good := range []map[string]any{
		{"aud": []string{"another", externaltest.AUD}}, {"iat": nil}, {"nbf": now.Unix()}, {"iat": now.Add(20 * time.Second).Unix()},
		{"exp": float64(now.Add(time.Hour).Unix()) + 0.5}, {"extra": map[string]any{"deep": []int{1}}},
	} {
		if _, err := d.signIn(t, "ada", good); err != nil {
			t.Errorf("%v: %v", good, err)
		}
	}
}

// TestA6 An assertion is good once: without a jti, twice, or for too long it
// steps nobody up.
func TestA6(t *testing.T) {
	t.Parallel()
	d := sqlite(t, "")
	ada := d.mustSignIn(t, "ada")
	now := d.Now()
	for name, values := range map[string][]any{
		"jti": {nil, "", 7, strings.Repeat("j", 256)},
		"iat": {nil, now.Add(-6 * time.Minute).Unix(), now.Add(time.Hour).Unix()},
		"exp": {nil, now.Add(302 * time.Second).Unix(), now.Add(-time.Second).Unix()},
		"sub": {"bob", nil}, "iss": {nil, "https://evil.example"}, "aud": {nil, "another"},
		"scope": {nil, "", []string{"wallet:export"}},
	} {
		for _, value := range values {
			text, err := d.stepUp(t, ada,
				d.issuer.Sign(t, "RS256", externaltest.Claims(now, "ada", "wallet:export", map[string]any{name: value})))
			if err == nil || text != "" {
				t.Errorf("%s %v minted", name, value)
			}
		}
	}
	once := d.issuer.Sign(t, "RS256", externaltest.Claims(now, "ada", "wallet:export", map[string]any{"jti": "one"}))
	if _, err := d.stepUp(t, ada, once); err != nil {
		t.Fatal(err)
	}
	_, err := d.stepUp(t, ada, once)
	refused(t, "the same assertion", err)
	_, err = d.stepUp(t, ada,
		d.issuer.Sign(t, "ES256", externaltest.Claims(now.Add(time.Second), "ada", "wallet:export", map[string]any{"jti": "one"})))
	refused(t, "another assertion with its jti", err)
	if err := store.NewPurger(d.DB).Round(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, err = d.stepUp(t, ada, once)
	refused(t, "after a purge", err)
	if _, err := d.stepUp(t, ada,
		d.issuer.Sign(t, "EdDSA", externaltest.Claims(now, "ada", "wallet:export", map[string]any{"jti": "two"}))); err != nil {
		t.Errorf("another one: %v", err)
	}
}

// An address is shown when the login vouches for it, and joins nobody (E1, E2).
func TestEmail(t *testing.T) {
	t.Parallel()
	for more, want := range map[string]map[string]bool{
		"": {`true`: true, `false`: false, `"true"`: true, `"TRUE"`: false, `1`: false,
			`null`: false, ``: false},
		", assumeEmailVerified: true": {`true`: true, `false`: false, `"true"`: true, `"TRUE"`: false, `null`: false, ``: true},
	} {
		d := sqlite(t, more)
		owner := d.SignIn(t, "ada@example.com")
		for mark, shown := range want {
			changes := map[string]any{"email": "ada@example.com"}
			if mark != "" {
				changes["emailVerified"] = json.RawMessage(mark)
			}
			row, err := d.signIn(t, "subject:"+mark, changes)
			if err != nil || row.UserID == owner.UserID {
				t.Fatalf("%s: %v, joined %t", mark, err, row.UserID == owner.UserID)
			}
			d.Read(t, func(tx *store.Tx) error {
				rows, err := tx.Credentials(tenanttest.ID, row.UserID)
				if err == nil && (len(rows) != 1 || strings.Contains(rows[0].Detail, "ada@example.com") != shown) {
					err = fmt.Errorf("emailVerified %s shows %+v", mark, rows)
				}
				return err
			})
		}
	}
}

// An assertion that ends between being read and being spent is over.
func TestExpiresMeanwhile(t *testing.T) {
	t.Parallel()
	d := sqlite(t, "")
	ada := d.mustSignIn(t, "ada")
	token, err := d.verify(t, d.issuer.Sign(t, "RS256",
		externaltest.Claims(d.Now(), "ada", "wallet:export", map[string]any{"exp": d.Now().Add(30 * time.Second).Unix()})))
	if err != nil {
		t.Fatal(err)
	}
	d.Clock.Advance(31 * time.Second)
	_, err = d.Grant(t.Context(), external.Assertion{Token: token}, method.Attempt{Caller: d.As(&ada)}, stepup.WalletExport)
	refused(t, "over meanwhile", err)
}

// A refusal for another reason costs the user nothing: the jti is still good.
func TestRefusalSpendsNothing(t *testing.T) {
	t.Parallel()
	d := sqlite(t, "")
	ada, bob := d.mustSignIn(t, "ada"), d.mustSignIn(t, "bob")
	text := d.issuer.Sign(t, "RS256", externaltest.Claims(d.Now(), "ada", "wallet:export", nil))
	if _, err := d.stepUp(t, bob, text); !fault.Has(err, fault.MFAInvalidRequest) {
		t.Fatalf("somebody else's assertion: %v", err)
	}
	if _, err := d.stepUp(t, ada, text); err != nil {
		t.Errorf("its owner after that: %v", err)
	}
}

// One jti, many at once, one success, on each engine.
func TestRace(t *testing.T) {
	t.Parallel()
	i := externaltest.Start(t)
	tenanttest.Engines(t, document(i, ""), func(t *testing.T, w *tenanttest.World) {
		d := desk{w, i, keysOf(w)}
		ada := d.mustSignIn(t, "ada")
		text := i.Sign(t, "ES256", externaltest.Claims(d.Now(), "ada", "wallet:export", nil))
		var won atomic.Int64
		var done sync.WaitGroup
		for range 24 {
			done.Go(func() {
				if _, err := d.stepUp(t, ada, text); err == nil {
					won.Add(1)
				} else {
					refused(t, "a loser", err)
				}
			})
		}
		done.Wait()
		if won.Load() != 1 {
			t.Errorf("%d won", won.Load())
		}
	})
}

// Whoever has a second factor is not stepped up by an assertion, unless the
// operator says that assertions stand in for it (C1).
func TestSecondFactor(t *testing.T) {
	t.Parallel()
	for more, want := range map[string]assurance.ACR{"": "", ", assertionReplacesMfa: true": assurance.MFA} {
		d := sqlite(t, more, "mfa: {methods: [{type: totp, enabled: true}]}")
		ada := d.mustSignIn(t, "ada")
		d.Write(t, func(tx *store.Tx) error {
			_, err := account.Link(d.About(ada.UserID), tx, account.Address{Format: store.FormatTOTP, Identifier: "device",
				Written: "My phone"}, account.Authority{Provenance: store.ProvenanceElevatedToken})
			return err
		})
		text, err := d.stepUp(t, ada, d.issuer.Sign(t, "RS256", externaltest.Claims(d.Now(), "ada", "wallet:export", nil)))
		if want == "" {
			if !fault.Has(err, fault.MFAInvalidRequest) || text != "" {
				t.Errorf("minted past a second factor: %v", err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if claims, err := d.Tenant.Verifier.Elevated(t.Context(), text); err != nil || claims.ACR != string(want) {
			t.Errorf("%+v, %v", claims, err)
		}
	}
}

// TestC9 What the other login says of anything else changes nothing of ours.
func TestC9(t *testing.T) {
	t.Parallel()
	d := sqlite(t, "")
	ada := d.mustSignIn(t, "ada")
	evil := map[string]any{
		"acr": "urn:stepup:phr", "amr": []string{"hwk"}, "sid": "another", "environment_id": "another", "singleUse": false, "auth_time": 1,
		"credential_id": "another", "cnf": map[string]any{"jkt": "x"}, "ext_iss": "https://evil.example", "ext_sub": "root",
		"session_public_key": "02", "authorization_details": []int{1}, "nbf": 0,
	}
	text, err := d.stepUp(t, ada, d.issuer.Sign(t, "RS256", externaltest.Claims(d.Now(), "ada", "wallet:export", evil)))
	if err != nil {
		t.Fatal(err)
	}
	c, err := d.Tenant.Verifier.Elevated(t.Context(), text)
	if err != nil || c.ACR != string(assurance.Federated) || len(c.AMR) != 1 || c.Session != ada.ID || c.EnvironmentID != tenanttest.ID ||
		!c.SingleUse ||
		d.Now().Sub(c.AuthTime) > time.Minute || c.KeyThumbprint != "" || c.ExternalIssuer != externaltest.ISS ||
		c.ExternalSubject != "ada" || c.SessionPublicKey != "" || c.AuthorizationDetails != nil || c.Subject != ada.UserID {
		t.Errorf("%+v, %v", c, err)
	}
}

// Shapes of tokens that are refused before anything in them is believed (D1, D4, D5).
func TestShapes(t *testing.T) {
	t.Parallel()
	d := sqlite(t, "")
	good := d.issuer.Sign(t, "RS256", externaltest.Claims(d.Now(), "ada", "", nil))
	if _, err := d.verify(t, good); err != nil {
		t.Fatal(err)
	}
	encode := base64.RawURLEncoding.EncodeToString
	parts := strings.Split(good, ".")
	head := func(text string) string { return encode([]byte(text)) + "." + parts[1] + "." + parts[2] }
	bad := []string{
		"", ".", "..", "a.b", "a.b.c", good + ".", good + ".x", "." + good, good + "=", " " + good, good + "\n",
		strings.Repeat(".", 10_000), good + strings.Repeat("A", 9000),
		parts[0] + "." + parts[1] + ".", parts[0] + "." + parts[1] + "." + parts[2][1:], parts[0] + ".." + parts[2],
		parts[0] + "." + encode([]byte(`{"sub":"eve"}`)) + "." + parts[2],
		head(`{"alg":"none","kid":"RS256"}`), head(`{"alg":"HS256","kid":"RS256"}`), head(`{"alg":"RS512","kid":"RS256"}`),
		head(`{"alg":"ES256","kid":"RS256"}`), head(`{"alg":"rs256","kid":"RS256"}`),
		head(`{"alg":"RS256"}`), head(`{"alg":"RS256","kid":""}`), head(`{"alg":"RS256","kid":"../../etc/passwd"}`),
		head(`{"alg":"RS256","kid":"' OR 1=1"}`), head(`{"alg":"RS256","alg":"RS256","kid":"RS256"}`), head(`[]`), head(`null`),
		d.issuer.Sign(t, "RS256", externaltest.Claims(d.Now(), "ada", "", nil), map[string]any{"crit": []string{"x"}, "x": 1}),
		d.issuer.Sign(t, "RS256", externaltest.Claims(d.Now(), "ada", "", nil), map[string]any{"zip": "DEF"}),
		d.issuer.SignText(t, "RS256", `[]`), d.issuer.SignText(t, "RS256", `{}`), d.issuer.SignText(t, "RS256", `null`),
		d.issuer.SignText(t, "RS256", "\xff"),
		d.issuer.SignText(t, "RS256", fmt.Sprintf(`{"iss":%q,"aud":%q,"sub":"eve","sub":"ada","exp":%d}`, externaltest.ISS,
			externaltest.AUD, d.Now().Add(time.Hour).Unix())),
	}
	for _, text := range bad {
		if _, err := d.verify(t, text); err == nil {
			t.Errorf("%.200q was taken", text)
		}
	}
	for i := range good {
		flipped := good[:i] + string(good[i]^1) + good[i+1:]
		if _, err := d.verify(t, flipped); err == nil {
			t.Errorf("byte %d changed, and it was taken", i)
		}
	}
	other := externaltest.Start(t)
	_, err := d.verify(t, other.Sign(t, "RS256", externaltest.Claims(d.Now(), "ada", "", nil)))
	refused(t, "another login's key of the same name", err)
}

// TestE5 switched off means off, for tokens verified before too.
func TestE5(t *testing.T) {
	t.Parallel()
	d := sqlite(t, "")
	ada := d.mustSignIn(t, "ada")
	token, err := d.verify(t, d.issuer.Sign(t, "RS256", externaltest.Claims(d.Now(), "ada", "wallet:export", nil)))
	if err != nil {
		t.Fatal(err)
	}
	d.Apply(t, tenanttest.Document())
	_, err = d.Grant(t.Context(), external.Assertion{Token: token}, method.Attempt{Caller: d.As(&ada)}, stepup.WalletExport)
	refused(t, "verified before", err)
	_, err = d.signIn(t, "ada", nil)
	refused(t, "signing in", err)
	_, err = d.Grant(t.Context(), external.Assertion{}, method.Attempt{Caller: d.As(&ada)}, stepup.WalletExport)
	refused(t, "a token nobody verified", err)
}

// The suite that every method passes.
func TestHostile(t *testing.T) {
	t.Parallel()
	i := externaltest.Start(t)
	subjects := sync.Map{}
	assertion := func(t testing.TB, w *tenanttest.World, s store.SessionRow, changes map[string]any) methodtest.Try {
		d := desk{w, i, keysOf(w)}
		subject, _ := subjects.Load(s.UserID)
		token, err := d.verify(t, i.Sign(t, "ES256", externaltest.Claims(d.Now(), subject.(string), "wallet:export", changes)))
		if err != nil {
			t.Fatal(err)
		}
		return methodtest.Try{Method: external.Assertion{Token: token}, Attempt: method.Attempt{Caller: w.As(&s)}}
	}
	methodtest.Run(t, methodtest.Case{
		Kind: assurance.External, Document: document(i, ""), Off: tenanttest.Document(), OutlivesEpoch: true,
		Enrol: func(t testing.TB, w *tenanttest.World, name string) store.SessionRow {
			row := desk{w, i, keysOf(w)}.mustSignIn(t, name)
			subjects.Store(row.UserID, name)
			return row
		},
		Right: func(t testing.TB, w *tenanttest.World, s store.SessionRow) methodtest.Try {
			return assertion(t, w, s, nil)
		},
		Bound: func(t testing.TB, w *tenanttest.World, s store.SessionRow, x store.BindingRow) (methodtest.Try, error) {
			bound := assertion(t, w, s, map[string]any{"binding_hash": x.Hash})
			bound.Attempt.BindingID = x.ID
			return bound, nil
		},
		Wrong: func(t testing.TB, w *tenanttest.World, s store.SessionRow) methodtest.Try {
			return assertion(t, w, s, map[string]any{"jti": nil})
		},
	})
}

func FuzzVerify(f *testing.F) {
	i := externaltest.Start(f)
	w := tenanttest.SQLite(f, document(i, ""))
	d := desk{w, i, keysOf(w)}
	good := i.Sign(f, "ES256",
		externaltest.Claims(w.Now().Add(-time.Minute), "ada", "wallet:export", map[string]any{"exp": w.Now().Add(1000 * time.Hour).Unix()}))
	f.Add(good)
	f.Add(good + ".")
	f.Add("e30.e30.e30")
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := d.verify(t, text); err == nil && text != good {
			t.Errorf("%q was taken", text)
		}
	})
}
