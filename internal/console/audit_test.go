package console

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/operator"
	"github.com/stepup-auth/stepup/internal/store"
)

// hostile is text that would do something if it ever became markup.
const hostile = `"'><script src=//evil></script>{{7}}`

// What strangers can write into the log, every column and the row beside it included, is
// shown as text: in the list, on the page of one step-up, and in an export.
func TestAuditShowsText(t *testing.T) {
	c := previewed(t, canneds{operator: ada})
	by := audit.By{Actor: "user:" + hostile, EnvironmentID: previewEnvironment, UserID: "u" + hostile, SessionID: hostile,
		RequestID: hostile, From: audit.From(hostile, hostile)}
	var id string
	if err := c.DB.Write(t.Context(), func(tx *store.Tx) error {
		detail := audit.Detail{"token_id": hostile, hostile: hostile, "list": []string{hostile}}
		return audit.RecordPersonal(tx, by, "thing"+hostile, detail, audit.Detail{"to": hostile})
	}); err != nil {
		t.Fatal(err)
	}
	if err := c.DB.Read(t.Context(), func(tx *store.Tx) error {
		page, err := audit.Find(tx, audit.Query{EnvironmentIDs: []string{previewEnvironment}, Newest: true, Limit: 1})
		id = page.Rows[0].ID
		return err
	}); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"audit", "audit?action=" + "%22%3E%3Cscript%3E", "audit/" + id} {
		answer := get(c, inPreview+path)
		if body := answer.Body.String(); answer.Code != 200 || strings.Contains(body, "<script src=//evil") ||
			strings.Contains(body, `"><script>`) {
			t.Errorf("%s: %d\n%s", path, answer.Code, body)
		}
	}
	if body := get(c, inPreview+"audit/"+id).Body.String(); strings.Count(body, "&lt;script src=//evil&gt;") < 8 {
		t.Errorf("the page does not show what is in the log:\n%s", body)
	}
	answer := get(c, inPreview+"audit/export")
	if answer.Header().Get("Content-Type") != "application/x-ndjson" || answer.Header().Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("an export is sent as %v", answer.Header())
	}
}

func get(c *Console, path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	c.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	return w
}

// Pages of the log are walked by key, an export has all of them, and neither they nor an
// entry's own page are there for an operator of another environment.
func TestAuditPages(t *testing.T) {
	c := previewed(t, canneds{operator: ada})
	by := audit.By{Actor: "system", EnvironmentID: previewEnvironment}
	if err := c.DB.Write(t.Context(), func(tx *store.Tx) error {
		for n := range 120 {
			if err := audit.Record(tx, by, "thing.done", audit.Detail{"n": fmt.Sprint("number", n, ".")}); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	seen, path, pages := 0, inPreview+"audit?action=thing.done", 0
	var entry string
	for ; path != "" && pages < 5; pages++ {
		body := get(c, path).Body.String()
		seen += strings.Count(body, `class="row-link mono"`)
		_, link, _ := strings.Cut(body, `class="row-link mono" href="`)
		entry, _, _ = strings.Cut(link, `"`)
		_, next, ok := strings.Cut(body, `<span class="grow"></span>
  <a class="button small" href="`)
		if path = ""; ok {
			path, _, _ = strings.Cut(next, `"`)
			path = strings.ReplaceAll(path, "&amp;", "&")
		}
	}
	if seen != 120 || pages != 3 {
		t.Errorf("%d entries on %d pages, want 120 on 3", seen, pages)
	}
	if lines := strings.Count(get(c, inPreview+"audit/export?action=thing.done").Body.String(), "\n"); lines != 120 {
		t.Errorf("an export of %d lines, want 120", lines)
	}
	for _, bad := range []string{"since=yesterday", "outcome=perhaps", "after=nothing"} {
		if answer := get(c, inPreview+"audit?"+bad); answer.Code != 422 {
			t.Errorf("%s: %d", bad, answer.Code)
		}
	}
	stranger := operator.Operator{ID: "s", Grants: []operator.Grant{{EnvironmentID: "1f9d3a0c-1111-4f0c-9d0e-2f6f7e1b3a11",
		Role: operator.Owner}}}
	c.visitors = canneds{operator: stranger}
	elsewhere := Root + "e/1f9d3a0c-1111-4f0c-9d0e-2f6f7e1b3a11/" + strings.TrimPrefix(entry, inPreview)
	for _, path := range []string{inPreview + "audit", inPreview + "audit/export", entry, elsewhere} {
		if answer := get(c, path); answer.Code != 404 || strings.Contains(answer.Body.String(), "number") {
			t.Errorf("%s: %d for a stranger", path, answer.Code)
		}
	}
}

// What an operator does says from where it was asked.
func TestOperatorsComeFromSomewhere(t *testing.T) {
	c := previewed(t, canneds{operator: ada, elevates: true})
	req := httptest.NewRequest(http.MethodGet, inPreview+"audit", nil)
	req.Header.Set("User-Agent", "Browser/1.0")
	r := &request{Request: req, Console: c, visitor: visitor{Operator: ada}}
	r.SetPathValue("environmentId", previewEnvironment)
	if err := c.DB.Write(t.Context(), func(tx *store.Tx) error { return audit.Record(tx, r.caller().By, "thing.done", nil) }); err != nil {
		t.Fatal(err)
	}
	line := get(c, inPreview+"audit/export?action=thing.done").Body.String()
	for _, want := range []string{`"source":"192.0.2.7"`, `"userAgent":"Browser/1.0"`, `"actor":"operator:` + ada.ID + `"`} {
		if !strings.Contains(line, want) {
			t.Errorf("without %s: %s", want, line)
		}
	}
}

// Who takes the log out stands in it, and only some do at a time.
func TestExportsAreRecordedAndBounded(t *testing.T) {
	c := previewed(t, canneds{operator: ada, elevates: true})
	get(c, inPreview+"audit/export?action=thing.done")
	entries := get(c, inPreview+"audit/export?action=audit.exported").Body.String()
	if !strings.Contains(entries, `"action":"thing.done"`) || !strings.Contains(entries, `"actor":"operator:`+ada.ID+`"`) {
		t.Errorf("an export left no entry: %s", entries)
	}
	for range maxExports {
		c.exports <- struct{}{}
	}
	if answer := get(c, inPreview+"audit/export"); answer.Code != 503 || answer.Header().Get("Content-Disposition") != "" {
		t.Errorf("one export too many: %d", answer.Code)
	}
	<-c.exports
	for range 2 { // the place is given back
		if answer := get(c, inPreview+"audit/export"); answer.Code != 200 {
			t.Errorf("with a place free: %d", answer.Code)
		}
	}
}
