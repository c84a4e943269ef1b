package console

import (
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/deliver"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/operate"
	"github.com/stepup-auth/stepup/internal/operator"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/store/storetest"
	"github.com/stepup-auth/stepup/internal/who"
)

var (
	serveAt = flag.String("preview", "", "serve every page with canned data at this address until interrupted, such as :8099")
	update  = flag.Bool("update", false, "write the golden files anew")
)

// A sample is a page with canned data, as the preview shows it.
type sample struct {
	name        string // of its golden file
	at          string // the path it would be shown at, with previewEnvironment in it
	page        page
	bare        bool // nobody is signed in
	development bool // the frame says so
}

// samples are all that the files _preview_test.go add.
var samples []sample

// canned adds pages with canned data to the preview and to the golden tests:
//
//	var _ = canned(sample{name: "user_show", at: inPreview + "users/…", page: userShowPage{…}})
func canned(added ...sample) bool {
	samples = append(samples, added...)
	return true
}

// The preview's environment, and the moment at which all is canned.
const (
	previewEnvironment = "7c1a9a52-55d0-4f0c-9d0e-2f6f7e1b3a10"
	inPreview          = Root + "e/" + previewEnvironment + "/"
)

var previewNow = time.Date(2026, time.April, 2, 9, 30, 0, 0, time.UTC)

// ada is who the preview is shown to.
var ada = operator.Operator{ID: "5f0c2b8e-6f55-4f0e-8a55-7d6a0f1f2b11", Email: "ada@example.com", Name: "Ada Lovelace",
	Grants: []operator.Grant{{Role: operator.Owner}}}

// canneds are visitors that need no session: every request is one operator's.
type canneds struct {
	operator operator.Operator // zero: nobody is signed in
	elevates bool
}

func (c canneds) visitor(*store.Tx, *http.Request) (visitor, error) {
	if c.operator.ID == "" {
		return visitor{}, errNobody
	}
	return visitor{Operator: c.operator, SessionID: "a-session"}, nil
}

func (c canneds) elevated(*store.Tx, visitor, stepup.Scope) (bool, error) { return c.elevates, nil }
func (c canneds) signIn(*request) (answer, error)                         { return redirect(Root+"sign-in", "") }
func (c canneds) stepUp(*request, stepup.Scope) (answer, error)           { return redirect(Root+"step-up", "") }
func (c canneds) used(*request) error                                     { return nil }
func (c canneds) routes() []route                                         { return (&sessions{}).routes() }

// previewed is a console with the preview's environments.
func previewed(t testing.TB, v visitors) *Console {
	t.Helper()
	db := storetest.SQLite(t)
	for _, e := range []struct{ id, name, version string }{
		{previewEnvironment, "Acme Pay", "2026_04_01"},
		{"1f9d3a0c-1111-4f0c-9d0e-2f6f7e1b3a11", "Acme Pay, staging", "2026_04_01"},
		{"2e8c4b1d-2222-4f0c-9d0e-2f6f7e1b3a12", "Legacy wallet", "2026_01_01"},
	} {
		document := fmt.Sprintf("id: %s\nname: %s\norigins: [https://app.example.com]\nminApiVersion: %q\ncreatedAtVersion: %[3]q\n",
			e.id, e.name, e.version)
		if err := db.Write(t.Context(), func(tx *store.Tx) error {
			by := who.Caller{By: audit.By{Actor: "operator"}}
			_, err := operate.Apply(by, tx, []byte(document), operate.ApplyOptions{MayWeaken: true})
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	c := build(Config{
		DB: db, Now: func() time.Time { return previewNow }, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		RequestID:  func(*http.Request) string { return "REQUEST5ID3OF2THE7PREVIEW" },
		ClientAddr: func(*http.Request) string { return "192.0.2.7" },
		PublicURL:  "https://auth.example.com", Secrets: environment.Secrets{}, Operators: func() []string { return nil },
		Mailer: new(deliver.Inbox), HTTP: http.DefaultClient,
	}, v)
	addComponents(t, c)
	return c
}

// drawn is a sample in its frame.
func drawn(t testing.TB, c *Console, s sample) []byte {
	t.Helper()
	req := httptest.NewRequestWithContext(t.Context(), http.MethodGet, s.at, nil)
	r := &request{Request: req, Console: c, id: c.RequestID(req)}
	if !s.bare {
		r.visitor = visitor{Operator: ada}
	}
	if rest, ok := strings.CutPrefix(s.at, Root+"e/"); ok {
		id, _, _ := strings.Cut(rest, "/")
		req.SetPathValue("environmentId", id)
		if err := c.DB.Read(t.Context(), func(tx *store.Tx) (err error) {
			r.environment, err = tx.Environment(id)
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	if s.development {
		loud := *c
		loud.Development, c = true, &loud
	}
	text, err := c.draw(r, s.page)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestPreview holds the <main> of every page to its golden file. With -preview it serves
// them instead, for people to look at:
//
//	cd internal/console && go test -run TestPreview -preview 127.0.0.1:8099 -timeout 0
func TestPreview(t *testing.T) {
	c := previewed(t, canneds{operator: ada, elevates: true})
	if *serveAt != "" {
		servePreview(t, c)
		return
	}
	seen := map[string]bool{}
	for _, s := range samples {
		t.Run(s.name, func(t *testing.T) {
			if seen[s.name] {
				t.Fatalf("%s is the name of two samples", s.name)
			}
			seen[s.name] = true
			text := string(drawn(t, c, s))
			_, text, _ = strings.Cut(text, "<main")
			text, _, ok := strings.Cut(text, "</main>")
			if !ok {
				t.Fatal("the page has no main part")
			}
			golden(t, filepath.Join("testdata", "golden", s.name+".html"), "<main"+text+"</main>\n")
		})
	}
	files, err := os.ReadDir("testdata/golden")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if !seen[strings.TrimSuffix(file.Name(), ".html")] {
			t.Errorf("testdata/golden/%s is of no sample", file.Name())
		}
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatalf("%v; type: go test ./internal/console -run TestPreview -update", err)
	}
	if got != string(want) {
		t.Errorf("%s is not what the page is now; look at it, then type: go test ./internal/console -run TestPreview -update", name)
	}
}

// TestEveryPageHasASample keeps pages out that nobody can look at.
func TestEveryPageHasASample(t *testing.T) {
	c := &Console{}
	for _, r := range c.routes() {
		if r.shows != nil && !slices.ContainsFunc(samples, func(s sample) bool { return s.page.template() == r.shows.template() }) {
			t.Errorf("%s %s shows %s, which has no sample: add one in a file _preview_test.go", r.method, r.path, r.shows.template())
		}
	}
}

// previewHandler shows every sample at /NAME, and a list of them at /.
func previewHandler(t testing.TB, c *Console) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+assetPath+"{name}", serveAsset)
	for _, s := range samples {
		mux.HandleFunc("GET /"+s.name, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			_, _ = w.Write(drawn(t, c, s))
		})
	}
	mux.HandleFunc("GET "+Root+"e/", func(w http.ResponseWriter, _ *http.Request) { // what pages show in frames
		_ = framed("<!doctype html><html lang=\"en\"><title>In a frame</title><p>In a frame.</p>").write(w, nil)
	})
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		for _, s := range samples {
			fmt.Fprintf(w, `<p><a href="/%[1]s">%[1]s</a></p>`, s.name)
		}
	})
	return secured(mux)
}

func servePreview(t *testing.T, c *Console) {
	listener, err := net.Listen("tcp", *serveAt)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Printf("%d pages at http://%s/\n", len(samples), listener.Addr())
	t.Fatal(http.Serve(listener, previewHandler(t, c)))
}
