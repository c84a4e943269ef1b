package console

import (
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/stepup-auth/stepup/internal/operator"
	"github.com/stepup-auth/stepup/internal/store"
)

// bob is an operator besides ada.
var bob = operator.Operator{ID: "5f0c2b8e-6f55-4f0e-8a55-7d6a0f1f2b12", Email: "bob@example.com",
	Grants: []operator.Grant{{EnvironmentID: previewEnvironment, Role: operator.Support}}}

// longSince makes operators of long standing.
func longSince(t *testing.T, c *Console, all ...operator.Operator) {
	t.Helper()
	if err := c.DB.Write(t.Context(), func(tx *store.Tx) error {
		for _, o := range all {
			g := o.Grants[0]
			if err := tx.PutGrant(store.GrantRow{OperatorID: o.ID, EnvironmentID: g.EnvironmentID, Role: string(g.Role),
				GrantedBy: "host"}); err != nil {
				return err
			}
		}
		_, err := tx.Exec(`UPDATE operator_grants SET granted_at = 0`)
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

var approving = regexp.MustCompile(`action="([^"]*/recoveries/[^"]*)/(?:approve|stop)"`)

// asked sets an address of a new user and asks for a recovery by it, as ada.
func asked(t *testing.T, c *Console) (user, recovery string) {
	t.Helper()
	id, _, _ := person(t, c, "grace")
	user = inUsers + "/" + id
	if text := body(t, call(t, c, "GET", user+"/recover", nil)); !strings.Contains(text, "Set an address first") {
		t.Errorf("there is an address to recover by: %s", text)
	}
	if got := post(t, c, user+"/addresses", url.Values{"email": {" new@example.com "}}); got.Header.Get("Location") != user+"#credentials" {
		t.Fatalf("setting an address: %d %s", got.StatusCode, body(t, got))
	}
	if text := body(t, call(t, c, "GET", user, nil)); !strings.Contains(text, "new@example.com") ||
		!strings.Contains(text, "Waits to be confirmed") {
		t.Error("the address is not on the page, or counts")
	}
	form := body(t, call(t, c, "GET", user+"/recover", nil))
	_, credential, _ := strings.Cut(form, `name="credential" value="`)
	credential, _, _ = strings.Cut(credential, `"`)
	got := post(t, c, user+"/recover", url.Values{"credential": {credential}, "reason": {"lost the mailbox"}})
	if got.Header.Get("Location") != inUsers+"/recoveries" {
		t.Fatalf("asking: %d %s", got.StatusCode, body(t, got))
	}
	list := body(t, call(t, c, "GET", inUsers+"/recoveries", nil))
	found := approving.FindStringSubmatch(list)
	if found == nil || !strings.Contains(list, "lost the mailbox") || strings.Contains(list, "/approve") {
		t.Fatalf("the list has it not, or offers her to approve her own:\n%s", list)
	}
	return user, found[1]
}

// Who asked for a recovery never approves it; another operator does, after a step-up.
func TestRecoveryByTwo(t *testing.T) {
	c := previewed(t, canneds{operator: ada, elevates: true})
	longSince(t, c, ada, bob)
	user, recovery := asked(t, c)
	if got := post(t, c, recovery+"/approve", nil); got.StatusCode != 403 || !strings.Contains(body(t, got), "second_operator_needed") {
		t.Errorf("by who asked: %d", got.StatusCode)
	}
	c.visitors = canneds{operator: bob}
	if got := post(t, c, recovery+"/approve", nil); got.Header.Get("Location") != Root+"step-up" {
		t.Errorf("without a step-up: %d", got.StatusCode)
	}
	newcomer := bob
	newcomer.ID = "5f0c2b8e-6f55-4f0e-8a55-7d6a0f1f2b13"
	if err := c.DB.Write(t.Context(), func(tx *store.Tx) error {
		return tx.PutGrant(store.GrantRow{OperatorID: newcomer.ID, EnvironmentID: previewEnvironment, Role: "support", GrantedBy: "host"})
	}); err != nil {
		t.Fatal(err)
	}
	c.visitors = canneds{operator: newcomer, elevates: true}
	if got := post(t, c, recovery+"/approve", nil); got.StatusCode != 403 {
		t.Errorf("by an operator of today: %d", got.StatusCode)
	}
	if text := body(t, call(t, c, "GET", user, nil)); !strings.Contains(text, "Another person has to approve it") {
		t.Error("the user's page does not say that it waits")
	}
	c.visitors = canneds{operator: bob, elevates: true}
	if text := body(t, call(t, c, "GET", inUsers+"/recoveries", nil)); !strings.Contains(text, recovery+"/approve") {
		t.Error("another operator is not offered to approve")
	}
	if got := post(t, c, recovery+"/approve", nil); got.Header.Get("Location") != inUsers+"/recoveries" {
		t.Fatalf("by another one: %d %s", got.StatusCode, body(t, got))
	}
	list := body(t, call(t, c, "GET", inUsers+"/recoveries", nil))
	if !strings.Contains(list, "Approved") || !strings.Contains(list, "operator:"+bob.ID) || strings.Contains(list, "/approve") {
		t.Errorf("the list after it:\n%s", list)
	}
	if got := post(t, c, recovery+"/stop", nil); got.Header.Get("Location") != inUsers+"/recoveries" {
		t.Errorf("stopping: %d", got.StatusCode)
	}
	if got := post(t, c, recovery+"/stop", nil); got.StatusCode != 404 {
		t.Errorf("stopping again: %d", got.StatusCode)
	}
	if text := body(t, call(t, c, "GET", user, nil)); strings.Contains(text, "is open.") {
		t.Error("the user's page says that it is open")
	}
}

// What cannot be set or asked for is said on the form, with what was typed.
func TestRecoveryRefuses(t *testing.T) {
	c := previewed(t, canneds{operator: ada, elevates: true})
	user, _ := asked(t, c)
	for _, test := range []struct {
		path string
		form url.Values
		says string
	}{
		{"/addresses", nil, "Give an email address or a phone number."},
		{"/addresses", url.Values{"email": {"nothing"}}, `value="nothing"`},
		{"/addresses", url.Values{"phone": {"12"}}, "This is no phone number."},
		{"/addresses", url.Values{"email": {"new@example.com"}}, "The user has this address already."},
		{"/recover", url.Values{"reason": {" "}}, "Say why"},
		{"/recover", url.Values{"reason": {"again"}}, "There is an open recovery of this user."},
	} {
		got := post(t, c, user+test.path, test.form)
		if text := body(t, got); got.StatusCode != 422 || !strings.Contains(text, test.says) {
			t.Errorf("%s %v: %d\n%s", test.path, test.form, got.StatusCode, text)
		}
	}
	for _, path := range []string{"/addresses", "/recover"} {
		nobody := inUsers + "/0193c7de-0000-7f0e-8a55-7d6a0f1f2b11" + path
		if got := call(t, c, "GET", nobody, nil); got.StatusCode != 404 {
			t.Errorf("GET %s of nobody: %d", path, got.StatusCode)
		}
		if got := post(t, c, nobody, nil); got.StatusCode != 404 {
			t.Errorf("POST %s of nobody: %d", path, got.StatusCode)
		}
	}
	c.visitors = canneds{operator: operator.Operator{ID: "a", Grants: []operator.Grant{{Role: operator.Auditor}}}}
	if list := body(t, call(t, c, "GET", inUsers+"/recoveries", nil)); !strings.Contains(list, "lost the mailbox") ||
		strings.Contains(list, "/stop") {
		t.Error("an auditor does not see it, or may stop it")
	}
}
