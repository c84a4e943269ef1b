package store_test

import (
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/store/storetest"
)

// BenchmarkConsume is the durable consumption of single-use things by many callers
// at once. The metric "per-sync" is its ratio to what the disk can do one by one,
// measured in the same run: above 1, commits are shared.
func BenchmarkConsume(b *testing.B) {
	for _, engine := range []string{store.SQLite, store.Postgres} {
		for _, callers := range []int{1, 32, 128} {
			b.Run(fmt.Sprintf("%s/%d", engine, callers), func(b *testing.B) {
				db := storetest.Open(b, storetest.URL(b, engine), func(c *store.Config) { c.MaxConns = 64 })
				things(b, db)
				if err := db.Write(b.Context(), func(tx *store.Tx) error {
					for i := range b.N {
						if _, err := tx.Exec(insertThing, fmt.Sprint(i)); err != nil {
							return err
						}
					}
					return nil
				}); err != nil {
					b.Fatal(err)
				}
				limit := rawSyncs(b)
				var next atomic.Int64
				b.SetParallelism(callers)
				b.ResetTimer()
				b.RunParallel(func(pb *testing.PB) {
					for pb.Next() {
						won, err := consume(b.Context(), db, fmt.Sprint(next.Add(1)-1))
						if err != nil || !won {
							b.Errorf("consume = %v, %v", won, err)
							return
						}
					}
				})
				rate := float64(b.N) / b.Elapsed().Seconds()
				b.ReportMetric(rate, "ops/s")
				b.ReportMetric(rate/limit, "per-sync")
			})
		}
	}
}

// BenchmarkRead is a read by key.
func BenchmarkRead(b *testing.B) {
	for _, engine := range []string{store.SQLite, store.Postgres} {
		b.Run(engine, func(b *testing.B) {
			db := storetest.Open(b, storetest.URL(b, engine))
			things(b, db, "one")
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					err := db.Read(b.Context(), func(tx *store.Tx) error {
						var id string
						return tx.Row(`SELECT id FROM things WHERE id = $1`, "one").Scan(&id)
					})
					if err != nil {
						b.Error(err)
					}
				}
			})
		})
	}
}

// rawSyncs is how often per second this disk takes a page and a sync, one by one.
func rawSyncs(b *testing.B) float64 {
	b.Helper()
	file, err := os.Create(filepath.Join(b.TempDir(), "raw"))
	if err != nil {
		b.Fatal(err)
	}
	defer file.Close()
	page := make([]byte, 4096)
	const enough = 300 * time.Millisecond
	start, n := time.Now(), 0
	for ; time.Since(start) < enough; n++ {
		if _, err := file.WriteAt(page, int64(n)*int64(len(page))); err != nil {
			b.Fatal(err)
		}
		if err := file.Sync(); err != nil {
			b.Fatal(err)
		}
	}
	return float64(n) / time.Since(start).Seconds()
}
