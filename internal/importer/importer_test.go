package importer_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"strings"
	"testing"

	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/importer"
	"github.com/stepup-auth/stepup/internal/operate"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/tenant/tenanttest"
	"github.com/stepup-auth/stepup/internal/who"
)

var caller = who.Caller{By: audit.By{Actor: "operator:importer", RequestID: "test"}}

func engines(t *testing.T, run func(t *testing.T, w *tenanttest.World)) {
	tenanttest.Engines(t, tenanttest.Document(), run)
}

// ndjson imports lines and says what became of them, as created/updated/unchanged/skipped,
// with the reasons.
func ndjson(t testing.TB, w *tenanttest.World, o importer.Options, lines ...string) string {
	t.Helper()
	o.Format, o.From = importer.NDJSON, strings.NewReader(strings.Join(lines, "\n"))
	text := ""
	o.Skipped = func(s importer.Skip) { text += fmt.Sprintf(" %d:%s:%s", s.Row, s.Reason, s.Field) }
	report, err := importer.Run(t.Context(), w.DB, caller, tenanttest.ID, o)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%d/%d/%d/%d%s", report.Created, report.Updated, report.Unchanged, report.Skipped, text)
}

// user is who has the external id, with their credentials.
func user(t testing.TB, w *tenanttest.World, externalID string) (u store.UserRow, rows []store.CredentialRow) {
	t.Helper()
	w.Read(t, func(tx *store.Tx) (err error) {
		if u, err = tx.UserByExternalID(tenanttest.ID, externalID); err != nil {
			return err
		}
		rows, err = tx.Credentials(tenanttest.ID, u.ID)
		return err
	})
	return u, rows
}

// The same file again changes nothing; another one changes users whom nobody has been yet.
func TestImportIsIdempotent(t *testing.T) {
	engines(t, func(t *testing.T, w *tenanttest.World) {
		file := []string{
			`{"externalId":"1","email":"one@example.com","phone":"+442079460958","firstName":"One"}`,
			`{"externalId":"2","email":"two@example.com","username":"two"}`,
		}
		if got := ndjson(t, w, importer.Options{}, file...); got != "2/0/0/0" {
			t.Fatalf("imported: %s", got)
		}
		first, rows := user(t, w, "1")
		if len(rows) != 2 || rows[0].Provenance != store.ProvenanceImport || rows[0].Confirmed() || !first.FirstVisitAt.IsZero() {
			t.Errorf("imported: %+v, %+v", first, rows)
		}
		if got := ndjson(t, w, importer.Options{}, file...); got != "0/0/2/0" {
			t.Errorf("again: %s", got)
		}
		other := `{"externalId":"1","email":"other@example.com","phone":"+442079460958"}`
		if got := ndjson(t, w, importer.Options{}, other); got != "0/1/0/0" {
			t.Errorf("changed: %s", got)
		}
		again, rows := user(t, w, "1")
		shown := account.Email(w.Tenant.Environment, rows)
		if again.ID != first.ID || shown != "other@example.com" || len(rows) != 2 || again.Profile != "{}" {
			t.Errorf("changed to %+v, %+v", again, rows)
		}
		if n := w.Audited(t, "user.imported"); n != 3 {
			t.Errorf("%d entries for three changes", n)
		}
	})
}

// Each row that is left out says why, and leaves the others alone, in one transaction and
// across two.
func TestImportLeavesRowsOut(t *testing.T) {
	engines(t, func(t *testing.T, w *tenanttest.World) {
		w.SignIn(t, "held@example.com")
		var filler []string
		for i := range importer.RowsAtOnce {
			filler = append(filler, fmt.Sprintf(`{"externalId":"f%d","email":"f%d@example.com"}`, i, i))
		}
		file := append([]string{
			`{"externalId":"1","email":"one@example.com","username":"one"}`,
			`{"externalId":"1","email":"one-more@example.com"}`,
			`{"externalId":"2","email":"ONE@example.com"}`,
			`{"externalId":"3","email":"held@example.com"}`,
			`{"externalId":"4","email":"four@example.com","username":"one"}`,
			`{"externalId":"5"`,
		}, filler...)
		file = append(file, `{"externalId":"6","email":"one@example.com"}`, `{"externalId":"f0","email":"f0@example.com"}`)
		const want = "501/0/0/7 2:twice_in_file:externalId 3:twice_in_file:email 4:held:email 5:twice_in_file:username 6:unreadable: " +
			"507:twice_in_file:email 508:twice_in_file:externalId"
		if got := ndjson(t, w, importer.Options{DryRun: true}, file...); got != want {
			t.Errorf("foreseen:\n%s\nwant\n%s", got, want)
		}
		if n := w.Count(t, `SELECT COUNT(*) FROM users`) + w.Count(t, `SELECT COUNT(*) FROM imports`); n != 1 {
			t.Fatalf("a dry run left %d rows", n)
		}
		if got := ndjson(t, w, importer.Options{Name: "users.ndjson"}, file...); got != want {
			t.Errorf("imported:\n%s\nwant\n%s", got, want)
		}
		w.Read(t, func(tx *store.Tx) error {
			list, _, err := importer.List(tx, tenanttest.ID, "")
			if err != nil || len(list) != 1 || list[0].State != importer.Finished || list[0].Name != "users.ndjson" || list[0].Rows != 508 {
				t.Fatalf("listed: %+v, %v", list, err)
			}
			shown, err := importer.View(tx, tenanttest.ID, list[0].ID)
			want := map[importer.Reason]int64{importer.Twice: 5, importer.Held: 1, importer.Unreadable: 1}
			if err != nil || !maps.Equal(shown.Reasons, want) {
				t.Errorf("shown: %+v, %v", shown, err)
			}
			skipped, next, err := importer.Skipped(tx, tenanttest.ID, list[0].ID, 3)
			if err != nil || len(skipped) != 5 || skipped[0].Row != 4 || skipped[0].ExternalID != "3" || next != 0 {
				t.Errorf("left out: %+v, %d, %v", skipped, next, err)
			}
			_, err = importer.View(tx, "another", list[0].ID)
			if !fault.Has(err, fault.NotFound) {
				t.Errorf("shown to another environment: %v", err)
			}
			return nil
		})
	})
}

// breaking reads some bytes of a file, and then nothing more.
type breaking struct {
	io.Reader
	left int
}

func (b *breaking) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errors.New("the disk is gone")
	}
	n, err := b.Reader.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}

// An import that was cut off goes on where it was, with the same file and no other.
func TestImportResumes(t *testing.T) {
	engines(t, func(t *testing.T, w *tenanttest.World) {
		var text strings.Builder
		text.WriteString("externalId,email,firstName\n")
		for i := range 1300 {
			fmt.Fprintf(&text, "%d,u%d@example.com,\"two\nlines\"\n", i, i)
		}
		o := importer.Options{Format: importer.CSV}
		resume := func(o importer.Options, file io.Reader) (importer.Report, error) {
			o.From = file
			return importer.Run(t.Context(), w.DB, caller, tenanttest.ID, o)
		}
		report, err := resume(o, &breaking{strings.NewReader(text.String()), text.Len() - 500})
		if err == nil || report.State != importer.Open || report.Created < 1000 || report.Created == 1300 {
			t.Fatalf("cut off: %+v, %v", report, err)
		}
		begun := report.ID
		o.Resume = true
		other := strings.Replace(text.String(), "u7@example.com", "thief@example.com", 1)
		if _, err := resume(o, strings.NewReader(other)); !fault.Has(err, fault.Conflict) {
			t.Errorf("another file goes on: %v", err)
		}
		if _, err := resume(o, strings.NewReader(text.String()[:1000])); !fault.Has(err, fault.Conflict) {
			t.Errorf("a shorter file goes on: %v", err)
		}
		vouching := o
		vouching.Vouch, vouching.MayVouch = true, true
		if _, err := resume(vouching, strings.NewReader(text.String())); !fault.Has(err, fault.Conflict) {
			t.Errorf("it goes on vouching: %v", err)
		}
		report, err = resume(o, strings.NewReader(text.String()))
		if err != nil || report.ID != begun || report.Created != 1300 || report.Skipped != 0 || report.State != importer.Finished {
			t.Errorf("went on: %+v, %v", report, err)
		}
		if _, err := resume(o, strings.NewReader(text.String())); !fault.Has(err, fault.NotFound) {
			t.Errorf("a finished import goes on: %v", err)
		}
	})
}

// Somebody may sign up with an address of the file while it is read: their row is left
// out, and the import goes on.
func TestImportMeetsSignUp(t *testing.T) {
	engines(t, func(t *testing.T, w *tenanttest.World) {
		var lines []string
		for i := range 40 * importer.RowsAtOnce / 10 {
			lines = append(lines, fmt.Sprintf(`{"externalId":"%d","email":"u%d@example.com"}`, i, i))
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		met := make(chan error)
		go func() {
			var err error
			for i := len(lines) - 1; err == nil && ctx.Err() == nil && i > 0; i-- {
				address, _ := account.EmailAddress(fmt.Sprintf("u%d@example.com", i))
				err = w.DB.Write(ctx, func(tx *store.Tx) error {
					_, _, _, err := account.SignIn(w.From(""), tx, address, nil)
					return err
				})
			}
			met <- err
		}()
		made := ndjson(t, w, importer.Options{}, lines...)
		cancel()
		if err := <-met; err != nil && !fault.Has(err, fault.AccountWithEmailExists) && !errors.Is(err, context.Canceled) {
			t.Errorf("signing up: %v", err)
		}
		if w.Count(t, `SELECT COUNT(*) FROM users WHERE external_id IS NULL`) > 0 && !strings.Contains(made, ":held:email") {
			t.Errorf("imported over those who signed up: %s", made)
		}
		if n := w.Count(t, `SELECT COUNT(*) FROM users`); n != 2000 {
			t.Errorf("%d users", n)
		}
		if n := w.Count(t, `SELECT COUNT(*) FROM credentials WHERE format = 'email'`); n != w.Count(t, `SELECT COUNT(*) FROM users`) {
			t.Errorf("%d addresses", n)
		}
	})
}

// Vouching is a word of its own, told to the operators, and covers those whom the file makes.
func TestVouching(t *testing.T) {
	engines(t, func(t *testing.T, w *tenanttest.World) {
		const line = `{"externalId":"1","email":"one@example.com","phone":"+442079460958"}`
		o := importer.Options{From: strings.NewReader(line), Format: importer.NDJSON, Vouch: true}
		_, err := importer.Run(t.Context(), w.DB, caller, tenanttest.ID, o)
		if !fault.Has(err, fault.InsufficientServiceScope) {
			t.Errorf("vouching without environments.weaken: %v", err)
		}
		if got := ndjson(t, w, importer.Options{}, line); got != "1/0/0/0" {
			t.Fatal(got)
		}
		o.MayVouch, o.Operators = true, []string{"operator@example.com"}
		if got := ndjson(t, w, o, `{"externalId":"1","email":"thief@example.com","phone":"+442079460958"}`,
			`{"externalId":"2","email":"two@example.com","phone":"+442079460959"}`); got != "1/1/0/0" {
			t.Fatal(got)
		}
		_, rows := user(t, w, "1")
		for _, row := range rows {
			if row.Confirmed() {
				t.Errorf("vouched for a user whom another file made: %+v", row)
			}
		}
		_, rows = user(t, w, "2")
		for _, row := range rows {
			if !row.Confirmed() || row.Provenance != store.ProvenanceImport {
				t.Errorf("not vouched for: %+v", row)
			}
		}
		mails := w.Mails(t)
		if len(mails) != 1 || mails[0].To != "operator@example.com" || !strings.Contains(mails[0].Text, "vouches") {
			t.Errorf("operators were told: %+v", mails)
		}
		if s := w.SignIn(t, "two@example.com"); s.UserID != rows[0].UserID {
			t.Error("a vouched user signs in as somebody else")
		}
	})
}

// What a file takes away by being read again is what nobody has ever used; a user who was
// disabled stays so.
func TestImportTouchesNobodyWhoWasHere(t *testing.T) {
	engines(t, func(t *testing.T, w *tenanttest.World) {
		const line = `{"externalId":"1","email":"one@example.com","phone":"+442079460958","firstName":"A"}`
		ndjson(t, w, importer.Options{}, line, `{"externalId":"2","email":"two@example.com"}`)
		s := w.SignIn(t, "one@example.com")
		for _, again := range []string{
			`{"externalId":"1","email":"thief@example.com"}`,
			`{"externalId":"1","email":"one@example.com","phone":"+442079460959"}`,
			`{"externalId":"1","email":"one@example.com",` +
				`"wallets":[{"chain":"EVM","address":"0x52908400098527886E0F7030069857D2E4169EE7"}]}`,
		} {
			if got := ndjson(t, w, importer.Options{}, again); !strings.HasPrefix(got, "0/0/0/1 1:signed_in:") {
				t.Errorf("%s: %s", again, got)
			}
		}
		if got := ndjson(t, w, importer.Options{}, `{"externalId":"1","email":"one@example.com","firstName":"B"}`); got != "0/0/1/0" {
			t.Errorf("a known address: %s", got)
		}
		u, rows := user(t, w, "1")
		if u.ID != s.UserID || len(rows) != 2 || !strings.Contains(u.Profile, `"A"`) {
			t.Errorf("changed: %+v, %+v", u, rows)
		}
		w.Write(t, func(tx *store.Tx) error {
			u, err := tx.UserByExternalID(tenanttest.ID, "2")
			if err != nil {
				return err
			}
			return operate.SetUserDisabled(caller, tx, tenanttest.ID, u.ID, true)
		})
		if got := ndjson(t, w, importer.Options{}, `{"externalId":"2","email":"two-new@example.com"}`); got != "0/1/0/0" {
			t.Errorf("a disabled user: %s", got)
		}
		if u, _ := user(t, w, "2"); u.DisabledAt.IsZero() {
			t.Error("a file enabled a disabled user")
		}
	})
}
