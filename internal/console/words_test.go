package console

import (
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/operate"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/who"
)

// made makes a user as an operator does.
func made(t *testing.T, c *Console, email string) (id string) {
	t.Helper()
	if err := c.DB.Write(t.Context(), func(tx *store.Tx) error {
		by := who.Caller{By: audit.By{Actor: "operator"}}
		var err error
		id, err = operate.CreateUser(by, tx, previewEnvironment, operate.NewUser{Email: email})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return id
}

// The log is filtered by what people know users by, as the search among users finds them,
// and an export by the same; what nobody or more than one has is refused.
func TestAuditIsFilteredByPeople(t *testing.T) {
	c := previewed(t, canneds{operator: ada, elevates: true})
	grace, other := made(t, c, "grace@example.com"), made(t, c, "grace@example.com.example")
	by := audit.By{Actor: "service:gone", EnvironmentID: previewEnvironment}
	if err := c.DB.Write(t.Context(), func(tx *store.Tx) error {
		return errors.Join(audit.Record(tx, by.Concerning(grace), "thing.done",
			audit.Detail{"single_use": true, "list": []string{"a", "b"}}),
			audit.Record(tx, by.Concerning(other), "thing.other", nil))
	}); err != nil {
		t.Fatal(err)
	}
	for _, who := range []string{grace, strings.ToUpper(grace), "Grace@example.com"} {
		body := get(c, inPreview+"audit?user="+who).Body.String()
		if !strings.Contains(body, "thing.done") || strings.Contains(body, "thing.other") ||
			!strings.Contains(body, ">grace@example.com</a>") ||
			!strings.Contains(body, "by token gone") || !strings.Contains(body, "list a, b, single use<") {
			t.Errorf("of %s:\n%s", who, body)
		}
		if lines := get(c, inPreview+"audit/export?user="+who).Body.String(); !strings.Contains(lines, "thing.done") ||
			strings.Contains(lines, "thing.other") {
			t.Errorf("an export of %s:\n%s", who, lines)
		}
	}
	for who, want := range map[string]string{"nobody@example.com": "No user is found", "grace": "Several users"} {
		answer := get(c, inPreview+"audit?user="+who)
		if answer.Code != 422 || !strings.Contains(answer.Body.String(), want) || strings.Contains(answer.Body.String(), "thing.") {
			t.Errorf("%s: %d\n%s", who, answer.Code, answer.Body)
		}
		if answer := get(c, inPreview+"audit/export?user="+who); answer.Code == 200 {
			t.Errorf("an export of %s: %d", who, answer.Code)
		}
	}
}

// Values of the log are read by people.
func TestDetailsAreReadable(t *testing.T) {
	for text, want := range map[string]string{
		`"a"`: "a", `true`: "yes", `false`: "no", `null`: "none", `[]`: "none", `12`: "12", `["a","b"]`: "a|b",
		`[{"path":"origins","newValue":"x"},{"path":"name","tags":["p","q"]}]`: "new value x, path origins|path name, tags p, q",
		`{"a_b":{"c":1}}`: "a b c 1",
	} {
		if got := strings.Join(said([]byte(text)), "|"); got != want {
			t.Errorf("%s is said as %q, want %q", text, got, want)
		}
	}
}

func TestSpansInWords(t *testing.T) {
	for d, want := range map[time.Duration]string{
		340 * time.Millisecond: "300ms", 12300 * time.Millisecond: "12 s", time.Minute: "1 min", 62 * time.Second: "1 min 2 s",
		time.Hour:                 "1 h",
		time.Hour + 4*time.Minute: "1 h 4 min", time.Hour + 30*time.Second: "1 h 0 min 30 s",
	} {
		if got := spanInWords(d); got != want {
			t.Errorf("%v is said as %q, want %q", d, got, want)
		}
	}
}

// Forms say what is wrong by the labels of their fields.
func TestProblemsNameFields(t *testing.T) {
	problem := func(path, message string) error { return environment.Problems{{Line: 3, Path: path, Message: message}} }
	for _, test := range []struct {
		err    error
		labels map[string]string
		want   string
	}{
		{problem("origins[0]", "x has no scheme"), nil, "Allowed origins: x has no scheme."},
		{problem("origins[0]", "x has no scheme"), map[string]string{"origins": "App"}, "App: x has no scheme."},
		{problem("mail.templates[sign_in].texts[en].subject", "is too long"), nil, "Subject: is too long."},
		{problem("mfa.actions[wallet.waas.sign].required", "no"), nil, "Asks for a step-up: no."},
		{problem("limits.perHour", "no"), nil, "limits.perHour: no."},
		{&environment.EditError{Path: "origins[x]", Why: "no"}, nil, "Allowed origins: no."},
	} {
		if got := problemsInWords(test.err, test.labels); got != test.want {
			t.Errorf("%v is said as %q, want %q", test.err, got, test.want)
		}
	}
	c := previewed(t, canneds{operator: ada, elevates: true})
	answer := post(t, c, Root+"environments", url.Values{"name": {"Shop"}, "origin": {"shop.example.com"}})
	text := body(t, answer)
	if answer.StatusCode != 422 || !strings.Contains(text, "Where your app runs: ") || strings.Contains(text, "line ") {
		t.Errorf("%d\n%s", answer.StatusCode, text)
	}
}

// A user who never came is not seen on the day they were made, and the page offers nothing
// that would take the last way in away.
func TestUsersWhoNeverCame(t *testing.T) {
	c := previewed(t, canneds{operator: ada, elevates: true})
	id := made(t, c, "grace@example.com")
	for _, path := range []string{"users", "users/" + id} {
		body := get(c, inPreview+path).Body.String()
		if !strings.Contains(body, `<span class="muted">never</span>`) {
			t.Errorf("%s does not say that nobody came:\n%s", path, body)
		}
	}
	body := get(c, inPreview+"users/"+id).Body.String()
	if strings.Contains(body, "/unlink") || !strings.Contains(body, "The only way in") {
		t.Errorf("the last way in can be unlinked:\n%s", body)
	}
}
