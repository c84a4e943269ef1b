package importer_test

import (
	"fmt"
	"io"
	"testing"

	"github.com/stepup-auth/stepup/internal/importer"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/store/storetest"
	"github.com/stepup-auth/stepup/internal/tenant/tenanttest"
)

// rows writes n users, each with an address and a username.
func rows(to *io.PipeWriter, n int) {
	for i := range n {
		const row = `{"externalId":"%d","email":"u%[1]d@example.com","username":"user%[1]d","firstName":"U"}` + "\n"
		if _, err := fmt.Fprintf(to, row, i); err != nil {
			return
		}
	}
	_ = to.Close()
}

// Run it with -benchtime 1x: an iteration imports 100,000 users.
func BenchmarkImport(b *testing.B) {
	for _, engine := range []string{store.SQLite, store.Postgres} {
		b.Run(engine, func(b *testing.B) {
			for range b.N {
				clock := &storetest.Clock{}
				db := storetest.Open(b, storetest.URL(b, engine), storetest.WithClock(clock))
				w := tenanttest.New(b, db, clock, tenanttest.Document())
				from, to := io.Pipe()
				go rows(to, 100_000)
				report, err := importer.Run(b.Context(), w.DB, caller, tenanttest.ID, importer.Options{From: from, Format: importer.NDJSON})
				if err != nil || report.Created+report.Skipped != 100_000 {
					b.Fatalf("%+v, %v", report, err)
				}
				b.ReportMetric(100_000/b.Elapsed().Seconds(), "rows/s")
			}
		})
	}
}
