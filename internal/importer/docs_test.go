package importer_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stepup-auth/stepup/internal/importer"
	"github.com/stepup-auth/stepup/internal/tenant/tenanttest"
)

// The files of docs/import.md are what it says: the same users twice.
func TestFilesOfTheDocumentation(t *testing.T) {
	w := tenanttest.SQLite(t, tenanttest.Document())
	for i, name := range []string{"users.ndjson", "users.csv"} {
		path := filepath.Join("..", "..", "docs", "import", name)
		file, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		report, err := importer.Run(t.Context(), w.DB, caller, tenanttest.ID,
			importer.Options{From: file, Format: importer.FormatOf(path)})
		if err != nil || report.Skipped != 0 || report.Created != int64(4*(1-i)) || report.Unchanged != int64(4*i) {
			t.Errorf("%s: %+v, %v", name, report, err)
		}
	}
	if u, rows := user(t, w, "1004"); u.DisabledAt.IsZero() || len(rows) != 1 {
		t.Errorf("the closed account: %+v", u)
	}
	var profile struct{ Metadata json.RawMessage }
	u, _ := user(t, w, "1003")
	if err := json.Unmarshal([]byte(u.Profile), &profile); err != nil || string(profile.Metadata) != `{"plan":"pro","since":2019}` {
		t.Errorf("metadata: %s", u.Profile)
	}
}
