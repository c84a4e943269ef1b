package console

import (
	"bytes"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stepup-auth/stepup/internal/operator"
	"github.com/stepup-auth/stepup/internal/store"
)

const inUsers = Root + "e/" + previewEnvironment + "/users"

// upload sends a file by a form.
func upload(t *testing.T, c http.Handler, path, name, text string) *http.Response {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	part, err := w.CreateFormFile("file", name)
	if err == nil {
		_, err = part.Write([]byte(text))
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	req := httptest.NewRequestWithContext(t.Context(), "POST", path, &b)
	req.Header.Set("Content-Type", w.FormDataContentType())
	answer := httptest.NewRecorder()
	c.ServeHTTP(answer, req)
	return answer.Result()
}

// known are the users with an external id, as their credentials are confirmed.
func known(t *testing.T, c *Console, ids ...string) map[string]bool {
	t.Helper()
	all := map[string]bool{}
	if err := c.DB.Read(t.Context(), func(tx *store.Tx) error {
		users, err := tx.UsersNamed(previewEnvironment, ids)
		for _, u := range users {
			all[u.ExternalID] = len(u.Credentials) > 0 && u.Credentials[0].Confirmed()
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return all
}

const twoAndAHalf = `{"externalId":"1001","email":"mary@example.com"}
{"externalId":"1002","email":"anne@example.com","metadata":{"line":"a\nb"}}
{"externalId":"1003","email":"mary@example.com"}
`

// A file is looked at first, which changes nothing; what was looked at is imported, each
// row once, and the report says what was left out and why.
func TestImportUsers(t *testing.T) {
	c := previewed(t, canneds{operator: ada})
	got := upload(t, c, inUsers+"/import", "users.ndjson", twoAndAHalf)
	page := body(t, got)
	if got.StatusCode != 200 || !strings.Contains(page, "Nothing was changed") || !strings.Contains(page, "Twice in the file") {
		t.Fatalf("%d\n%s", got.StatusCode, page)
	}
	if all := known(t, c, "1001", "1002", "1003"); len(all) != 0 {
		t.Fatalf("looking made users: %v", all)
	}
	got = post(t, c, inUsers+"/imports", fields(page))
	report := got.Header.Get("Location")
	if got.StatusCode != 303 || !strings.HasPrefix(report, inUsers+"/imports/") {
		t.Fatalf("%d to %q\n%s", got.StatusCode, report, body(t, got))
	}
	if all := known(t, c, "1001", "1002", "1003"); len(all) != 2 || all["1001"] || all["1002"] {
		t.Errorf("who is here, and confirmed: %v", all)
	}
	shown := body(t, call(t, c, "GET", report, nil))
	for _, want := range []string{"users.ndjson", "Finished", ">1003</code>", "Twice in the file", "operator:" + ada.ID} {
		if !strings.Contains(shown, want) {
			t.Errorf("the report lacks %q", want)
		}
	}
	if list := body(t, call(t, c, "GET", inUsers+"/imports", nil)); !strings.Contains(list, report) {
		t.Error("the list does not lead to the report")
	}
	again := body(t, upload(t, c, inUsers+"/import", "users.ndjson", twoAndAHalf))
	if !strings.Contains(again, "There is nothing to import") {
		t.Errorf("the same file again: %s", again)
	}
}

// What is wrong with a file is said on the form, and nothing of it is in.
func TestImportUsersRefuses(t *testing.T) {
	c := previewed(t, canneds{operator: ada})
	for _, test := range []struct{ name, text, says string }{
		{"users.txt", twoAndAHalf, "The name of the file does not say what it is"},
		{"users.csv", "externalId,password\n1,x\n", "passwords and second factors are not imported"},
		{"users.ndjson", strings.Repeat("\n", maxImport+1), "larger than 512 KiB"},
		{"users.ndjson", strings.Repeat("\n", 2*maxForm), "larger than 512 KiB"},
	} {
		got := upload(t, c, inUsers+"/import", test.name, test.text)
		if text := body(t, got); got.StatusCode != 422 || !strings.Contains(text, test.says) {
			t.Errorf("%s: %d\n%s", test.says, got.StatusCode, text)
		}
	}
	if got := post(t, c, inUsers+"/import", nil); got.StatusCode != 422 || !strings.Contains(body(t, got), "Choose a file first") {
		t.Errorf("no file: %d", got.StatusCode)
	}
	for _, text := range []string{"", "%%%"} {
		got := post(t, c, inUsers+"/imports", url.Values{"name": {"x"}, "format": {"xml"}, "text": {text}})
		if got.StatusCode != 422 {
			t.Errorf("%q: %d", text, got.StatusCode)
		}
	}
	// A quote out of place ends it: what came before is in, and that is said.
	broken := "externalId,email\n1001,mary@example.com\n1002,an\"ne@example.com\n"
	if got := upload(t, c, inUsers+"/import", "users.csv", broken); got.StatusCode != 422 || len(known(t, c, "1001")) != 0 {
		t.Errorf("broken: %d", got.StatusCode)
	}
	if got := call(t, c, "GET", inUsers+"/imports/nothing/report", nil); got.StatusCode != 404 {
		t.Errorf("no import: %d", got.StatusCode)
	}
	if got := call(t, c, "GET", inUsers+"/imports/nothing/report?after=x", nil); got.StatusCode != 400 {
		t.Errorf("no page: %d", got.StatusCode)
	}
}

// The largest file there may be goes through both forms as it is.
func TestLargestImport(t *testing.T) {
	c := previewed(t, canneds{operator: ada})
	text := "{\"externalId\":\"1001\",\"email\":\"mary@example.com\"}\n"
	text += strings.Repeat("\n", maxImport-len(text))
	page := body(t, upload(t, c, inUsers+"/import", "users.jsonl", text))
	if got := post(t, c, inUsers+"/imports", fields(page)); got.StatusCode != 303 || len(known(t, c, "1001")) != 1 {
		t.Errorf("%d: %s", got.StatusCode, body(t, got))
	}
}

// Nobody vouches for a file but who may weaken the environment, after a step-up.
func TestVouching(t *testing.T) {
	may := func(roles ...operator.Role) operator.Operator {
		o := operator.Operator{ID: "o", Email: "o@example.com"}
		for _, role := range roles {
			o.Grants = append(o.Grants, operator.Grant{EnvironmentID: previewEnvironment, Role: role})
		}
		return o
	}
	for i, test := range []struct {
		who     canneds
		offered bool
		status  int
		to      string
		vouched bool
	}{
		{canneds{operator: may(operator.Support), elevates: true}, false, 403, "", false},
		{canneds{operator: may(operator.Owner)}, true, 303, Root + "step-up", false},
		{canneds{operator: may(operator.Owner), elevates: true}, true, 303, "", true},
	} {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			c := previewed(t, test.who)
			page := body(t, upload(t, c, inUsers+"/import", "users.ndjson", twoAndAHalf))
			if offered := strings.Contains(page, `name="vouch"`); offered != test.offered {
				t.Errorf("offered %t", offered)
			}
			form := fields(page)
			form.Set("vouch", "yes")
			got := post(t, c, inUsers+"/imports", form)
			if got.StatusCode != test.status || test.to != "" && got.Header.Get("Location") != test.to {
				t.Errorf("%d to %q", got.StatusCode, got.Header.Get("Location"))
			}
			all := known(t, c, "1001", "1002")
			if all["1001"] != test.vouched || !test.vouched && len(all) != 0 {
				t.Errorf("confirmed: %v", all)
			}
			list := body(t, call(t, c, "GET", inUsers+"/imports", nil))
			if strings.Contains(list, "Vouched for") != test.vouched {
				t.Error("the list says otherwise")
			}
		})
	}
}

// fading is an operator whose role is gone after some requests and transactions.
type fading struct {
	canneds
	left *int
}

func (f fading) visitor(tx *store.Tx, req *http.Request) (visitor, error) {
	v, err := f.canneds.visitor(tx, req)
	if *f.left--; *f.left < 0 {
		v.Grants = []operator.Grant{{Role: operator.Auditor}}
	}
	return v, err
}

// Whose role is taken away during an import imports no further.
func TestRoleGoneDuringImport(t *testing.T) {
	left := 1 << 20
	c := previewed(t, fading{canneds{operator: ada}, &left})
	var text strings.Builder
	for i := range 1200 {
		fmt.Fprintf(&text, "{\"externalId\":\"%d\",\"email\":\"u%[1]d@example.com\"}\n", i)
	}
	form := fields(body(t, upload(t, c, inUsers+"/import", "users.ndjson", text.String())))
	left = 4 // the request, the issuer, the beginning, and one part
	if got := post(t, c, inUsers+"/imports", form); got.StatusCode != 403 {
		t.Errorf("%d: %s", got.StatusCode, body(t, got))
	}
	if all := known(t, c, "0", "499", "500", "1199"); len(all) != 2 {
		t.Errorf("who is here: %v", all)
	}
}
