package bench_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stepup-auth/stepup/internal/store"
)

var (
	table   = flag.Bool("table", false, "make the table; without it nothing is measured")
	binary  = flag.String("binary", "", "the program to measure; empty: it is built of this tree")
	each    = flag.Duration("each", 5*time.Second, "how long each figure is measured")
	users   = flag.Int("users", 16000, "users of each database; each steps up once in a time step of their app")
	workers = flag.String("workers", "1,8,64", "how many callers at once")
	engines = flag.String("engines", store.SQLite+","+store.Postgres, "databases")
	only    = flag.String("only", "", "rows whose name holds this")
	nodes   = flag.Int("nodes", 1, "servers on one PostgreSQL; SQLite has one")
	grown   = flag.Int("grown", 0, "further users, with an address and a session each")
	spent   = flag.Int("spent", 0, "elevated tokens that were consumed before")
	over    = flag.Int("over", 300_000, "rows that wait for the purge while mixed is measured; 0: it is not")
	out     = flag.String("out", "../../artifacts/bench", "folder of table.txt, table.json and table.svg")
)

// TestMain is the reference handler, or the guarded service in Go, when it is started as that.
func TestMain(m *testing.M) {
	if how := os.Getenv(referenceKey); how != "" {
		serveReference(how)
		return
	}
	if issuer := os.Getenv(guardKey); issuer != "" {
		panic(serveGuard(issuer))
	}
	flag.Parse()
	os.Exit(m.Run())
}

// measured is one figure: an operation, by so many callers at once, on one database.
type measured struct {
	Row, Engine string
	Workers     int
	Count       int64 // operations that were answered as they should be
	Failed      int64
	Rate        float64 // a second
	P50, P99    float64 // milliseconds
	Max         float64
	Server      float64 // processor time of the server, milliseconds each
	Database    float64 // of PostgreSQL
	// Of the server, each. On a program that does not count them they are NaN in text and absent in JSON.
	Statements, RoundTrips, Transactions, Commits, Allocations figure
	Flushes, Bytes                                             figure // of the disk: SQLite's commits, PostgreSQL's syncs of its log
}

// figure is a number that may not be known.
type figure float64

// MarshalJSON implements [json.Marshaler].
func (f figure) MarshalJSON() ([]byte, error) {
	if math.IsNaN(float64(f)) {
		return []byte("null"), nil
	}
	return json.Marshal(float64(f))
}

func (f figure) String() string {
	if math.IsNaN(float64(f)) {
		return "-"
	}
	return fmt.Sprintf("%.1f", float64(f))
}

// processor is the time that an operation takes of all processors, in milliseconds.
func (m measured) processor() float64 { return m.Server + m.Database }

// operation is one request, by user number n; it reports whether the answer was the right one.
type operation func(worker int, n int64) error

// measure runs op by so many callers at once for a while.
func measure(t *testing.T, s *subject, row string, callers int, op operation) measured {
	t.Helper()
	m := measured{Row: row, Engine: s.engine, Workers: callers}
	var failed, count atomic.Int64
	var first atomic.Pointer[string]
	took := make([][]time.Duration, callers)
	before := s.usage(t)
	start := time.Now()
	end := start.Add(*each)
	var all sync.WaitGroup
	for worker := range callers {
		all.Go(func() {
			for time.Now().Before(end) {
				n := s.next.Add(1) - 1
				began := time.Now()
				err := op(worker, n)
				if err == errSpent {
					return
				}
				took[worker] = append(took[worker], time.Since(began))
				if err != nil {
					failed.Add(1)
					text := err.Error()
					first.CompareAndSwap(nil, &text)
					continue
				}
				count.Add(1)
			}
		})
	}
	all.Wait()
	elapsed := time.Since(start)
	after := s.usage(t)
	if text := first.Load(); text != nil {
		t.Errorf("%s on %s by %d: %d of %d failed, the first with %s", row, s.engine, callers, failed.Load(), count.Load(), *text)
	}
	m.Count, m.Failed = count.Load(), failed.Load()
	durations := slices.Concat(took...)
	slices.Sort(durations)
	if len(durations) == 0 || m.Count == 0 {
		return m
	}
	of := float64(m.Count)
	m.Rate = of / elapsed.Seconds()
	m.P50, m.P99, m.Max = ms(durations[len(durations)/2]), ms(durations[len(durations)*99/100]), ms(durations[len(durations)-1])
	m.Server, m.Database = ms(after.server-before.server)/of, ms(after.database-before.database)/of
	per := func(a, b figure) figure { return (a - b) / figure(of) }
	m.Statements, m.RoundTrips = per(after.statements, before.statements), per(after.roundTrips, before.roundTrips)
	m.Transactions, m.Commits = per(after.transactions, before.transactions), per(after.commits, before.commits)
	m.Allocations, m.Bytes = per(after.allocations, before.allocations), per(after.bytes, before.bytes)
	m.Flushes = per(after.flushes, before.flushes)
	return m
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// client is one for all callers, with a connection for each.
var client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 256, DisableCompression: true}, Timeout: 30 * time.Second}

// call sends a request and reads the answer into into, which may be nil.
func call(method, url string, header http.Header, body, into any) error {
	var reader io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return err
		}
		reader = bytes.NewReader(text)
	}
	request, err := http.NewRequest(method, url, reader)
	if err != nil {
		return err
	}
	for name, values := range header {
		request.Header[name] = values
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode/100 != 2 {
		return fmt.Errorf("%s %s: %d %.300s", method, url, response.StatusCode, text)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(text, into)
}

// progress says on stderr what is measured now, since a figure takes a while.
func progress(format string, values ...any) {
	fmt.Fprintf(os.Stderr, "measuring "+format+"\n", values...)
}

// TestTable makes the table of `make bench`.
func TestTable(t *testing.T) {
	if !*table {
		t.Skip("it measures for minutes: make bench")
	}
	progress("what this machine can do")
	limits := measureLimits(t)
	var rows []measured
	rows = append(rows, measureLibrary(t)...)
	var servers []process
	for _, engine := range strings.Split(*engines, ",") {
		t.Run(engine, func(t *testing.T) {
			s := start(t, engine)
			rows = append(rows, measureEngine(t, s)...)
			servers = append(servers, s.process(t))
		})
	}
	t.Run("wallets", func(t *testing.T) { rows = append(rows, measureWallets(t)...) })
	report := report{Limits: limits, Rows: rows, Servers: servers}
	text := report.text()
	fmt.Print(text)
	if err := os.MkdirAll(*out, 0o755); err != nil {
		t.Fatal(err)
	}
	written, err := json.MarshalIndent(report, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{"table.txt": []byte(text), "table.json": written, "table.svg": []byte(report.svg())} {
		if err := os.WriteFile(filepath.Join(*out, name), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
