package console

import (
	"flag"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stepup-auth/stepup/internal/operator"
	"github.com/stepup-auth/stepup/internal/store"
)

var people = flag.Int("people", 0, "measure the pages of users at so many of them, on SQLite")

// times is what a page may cost, in bare handlers: one that shows a page, and asks the
// database for nothing but what every page asks for.
const times = 25

// TestPagesAtScale measures what operators wait for where there are many users: each page
// beside the bare handler, in one run on one machine. It holds to what was fixed from the
// first run, and prints what it measured:
//
//	go test ./internal/console -run TestPagesAtScale -people 1000000 -v -timeout 30m
func TestPagesAtScale(t *testing.T) {
	if *people == 0 {
		t.Skip("asked for by -people alone")
	}
	c := previewed(t, canneds{operator: ada, elevates: true})
	began := time.Now()
	crowd(t, c, *people)
	t.Logf("%d users made in %s", *people, time.Since(began).Round(time.Second))
	bare := tabled(t, canneds{operator: ada}, route{"GET", inEnvironment + "bare", operator.UsersRead, "",
		func(*request) (answer, error) { return show(userCreatePage{}) }, nil})
	floor := median(t, bare, []string{Root + "e/" + previewEnvironment + "/bare"}, nil)
	t.Logf("%-34s %8s", "the bare handler", floor)

	users := Root + "e/" + previewEnvironment + "/users"
	middle := *people / 2
	for _, page := range []struct {
		name, path, says string
	}{
		{"the first page", users, "Next"},
		{"a page in the middle", users + "?after=" + crowdID(middle), crowdID(middle - 1)},
		{"without MFA", users + "?state=without-mfa&after=" + crowdID(middle), crowdID(middle - 2)},
		{"disabled", users + "?state=disabled&after=" + crowdID(middle), "Disabled"},
		{"disputed", users + "?state=disputed", "Disputed"},
		{"unproven", users + "?state=unproven", "Unproven"},
		{"found by address", users + "?search=" + url.QueryEscape(fmt.Sprintf("User%07d@example.com", middle)), crowdID(middle)},
		{"found by the beginning of one", users + "?search=user00", "Type more of whom you look for"},
		{"found by number", users + "?search=" + url.QueryEscape(fmt.Sprintf("+1 415 %07d", middle/10*10)), crowdID(middle / 10 * 10)},
		{"found by id", users + "?search=" + crowdID(middle), crowdID(middle)},
		{"found by nothing", users + "?search=nobody", "Nobody is known by this"},
		{"one person", users + "/" + crowdID(middle), fmt.Sprintf("user%07d@example.com", middle)},
	} {
		cost := median(t, c, []string{page.path}, func(text string) {
			if !strings.Contains(text, page.says) {
				t.Errorf("%s: the page lacks %q", page.name, page.says)
			}
		})
		t.Logf("%-34s %8s  %4.1f times", page.name, cost, float64(cost)/float64(floor))
		if cost > times*floor && cost > 20*time.Millisecond {
			t.Errorf("%s costs %s, more than %d times the bare handler", page.name, cost, times)
		}
	}
}

// median is the time of the middle one of many requests, after some to warm up.
func median(t *testing.T, h http.Handler, paths []string, check func(text string)) time.Duration {
	t.Helper()
	var took []time.Duration
	for i := range 60 {
		began := time.Now()
		got := call(t, h, "GET", paths[i%len(paths)], nil)
		text := body(t, got)
		if i >= 20 {
			took = append(took, time.Since(began))
		}
		if got.StatusCode != http.StatusOK {
			t.Fatalf("%s: %d", paths[0], got.StatusCode)
		}
		if i == 0 && check != nil {
			check(text)
		}
	}
	slices.Sort(took)
	return took[len(took)/2].Round(10 * time.Microsecond)
}

// crowdID is the id of the user number n; ids grow with n, as those of real users do.
func crowdID(n int) string { return fmt.Sprintf("%08x-0000-7000-8000-%012x", n, n) }

// crowd makes users 0 to n-1 of the preview's environment: an address each, a number for
// one in ten, an app for every second, and some who are disabled, disputed or unproven.
func crowd(t *testing.T, c *Console, n int) {
	t.Helper()
	const (
		numbers = `WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < $2) `
		id      = `printf('%08x-0000-7000-8000-%012x', i, i)`
		email   = `printf('user%07d@example.com', i)`
		number  = `printf('+1415%07d', i)`
	)
	credential := func(kind, format, shown, search, disputed, provenance, where string) string {
		return `INSERT INTO credentials (id, environment_id, user_id, format, identifier, public_identifier, sign_in_enabled, provenance,
			created_at, detail, search, disputed_at, disputed_since)
			` + numbers + `SELECT printf('` + kind + `-%d', i), $1, ` + id + `, '` + format + `', ` + shown + `, ` + shown + `, 1, ` +
			provenance + `, 1700000000000, '{}', ` + search + `, ` + disputed + `, ` + disputed + ` FROM n WHERE ` + where
	}
	for _, statement := range []string{
		`INSERT INTO users (id, environment_id, username, profile, created_at, last_visit_at, disabled_at, search, factors)
			` + numbers + `SELECT ` + id + `, $1, printf('u%d', i), '{}', 1700000000000 + i, 1700000000000 + i,
			CASE WHEN i % 1000 = 0 THEN 1700000000000 END, CAST(printf('u%d', i) AS BLOB), i % 2 FROM n`,
		credential("mail", store.FormatEmail, email, `CAST(`+email+` AS BLOB)`, "NULL",
			"CASE WHEN i % 5000 = 0 THEN 'nothing' ELSE 'sign_up' END", "TRUE"),
		credential("phone", store.FormatPhone, number, `CAST(`+number+` AS BLOB)`, "NULL", "'elevated_token'", "i % 10 = 0"),
		credential("app", store.FormatTOTP, `printf('app %d', i)`, "NULL", "CASE WHEN i % 9999 = 1 THEN 1700000000000 END",
			"'elevated_token'", "i % 2 = 1"),
		`INSERT INTO audit_events (id, environment_id, at, action, actor, user_id, session_id, request_id, detail, hash)
			` + numbers + `SELECT printf('event-%d', i), $1, 1700000000000 + i, 'session.started', 'system', ` + id + `, '', '', '{}', ''
			FROM n`,
	} {
		if err := c.DB.Write(t.Context(), func(tx *store.Tx) error {
			_, err := tx.Exec(statement, previewEnvironment, n)
			return err
		}); err != nil {
			t.Fatalf("%v:\n%s", err, statement)
		}
	}
}
