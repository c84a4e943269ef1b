package server

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/stepup-auth/stepup/internal/figures"
	"github.com/stepup-auth/stepup/internal/store"
)

// healthz says that the process answers; it looks at nothing else.
func (s *Server) healthz(w http.ResponseWriter, _ *http.Request) { say(w, http.StatusOK, "ok") }

// maxSkew is how far this node's clock may be from the database's: tokens are
// timed by the one and judged by the other.
const maxSkew = 5 * time.Second

// readyz says whether this node may be sent traffic: its database answers, and
// both agree what time it is.
func (s *Server) readyz(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
	defer cancel()
	var skew time.Duration
	err := s.config.DB.Read(ctx, func(tx *store.Tx) error {
		skew = tx.Now().Sub(s.config.Now()).Abs()
		_, err := tx.Epoch()
		return err
	})
	if err != nil {
		s.config.Log.Error("not ready", "error", err)
		say(w, http.StatusServiceUnavailable, "the database does not answer")
		return
	}
	if skew > maxSkew {
		s.config.Log.Error("not ready: this machine's clock is off", "skew", skew)
		say(w, http.StatusServiceUnavailable, "the clocks of this node and its database differ")
		return
	}
	say(w, http.StatusOK, "ready")
}

func say(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text + "\n"))
}

// metrics have their own listener: nothing of them is public, and they carry
// no address, id or token.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.HistogramVec
	refusals *prometheus.CounterVec
	mails    *prometheus.CounterVec
	texts    *prometheus.CounterVec
	codes    *prometheus.CounterVec
	full     *prometheus.CounterVec
	rows     *prometheus.GaugeVec
	bytes    prometheus.Gauge
	unsafe   prometheus.Gauge
	purged   *prometheus.CounterVec
	purging  prometheus.Histogram
	minted   prometheus.Counter
	spent    prometheus.Counter
	expired  prometheus.Counter
	consumed *prometheus.CounterVec
	limits   *prometheus.CounterVec
}

func newMetrics(db *store.DB) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "stepup_request_duration_seconds", Help: "Time to answer, by route and status.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 5},
		}, []string{"route", "status"}),
		refusals: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "stepup_refusals_total",
			Help: "Requests that were refused, by code, and by the reason where a fresh proof was missing."}, []string{"code", "reason"}),
		mails: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "stepup_mails_total",
			Help: "Mails handed to the mail server, by result."}, []string{"result"}),
	}
	m.texts = prometheus.NewCounterVec(prometheus.CounterOpts{Name: "stepup_texts_total", Help: "Text messages handed over, by result."},
		[]string{"result"})
	m.codes = prometheus.NewCounterVec(prometheus.CounterOpts{Name: "stepup_codes_total",
		Help: "Codes by method: sent, and proved when one came back right."}, []string{"method", "event"})
	m.purged = prometheus.NewCounterVec(prometheus.CounterOpts{Name: "stepup_purged_rows_total",
		Help: "Rows removed because their time was over, by table."}, []string{"table"})
	m.purging = prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "stepup_purge_batch_seconds", Help: "How long the work of one batch of removals took, which others wait for on SQLite.",
		Buckets: []float64{.001, .005, .01, .025, .05, .1, .5},
	})
	waiting := prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "stepup_outbox_oldest_seconds",
		Help: "Age of the oldest mail that waits; 0 when none does, -1 when the database does not say."}, func() float64 {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		age := -1.0
		_ = db.Read(ctx, func(tx *store.Tx) error {
			_, oldest, err := tx.OutboxWaiting()
			if err == nil {
				age = oldest.Seconds()
			}
			return err
		})
		return age
	})
	m.full = prometheus.NewCounterVec(prometheus.CounterOpts{Name: "stepup_limit_reached_total",
		Help: "Codes asked for while a limit of a whole environment was used up, by the limit."}, []string{"limit"})
	m.rows = prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "stepup_table_rows",
		Help: "Rows by table, every 10 minutes; on PostgreSQL an estimate."}, []string{"table"})
	m.bytes = prometheus.NewGauge(prometheus.GaugeOpts{Name: "stepup_database_bytes", Help: "Size of the database, every 10 minutes."})
	m.unsafe = prometheus.NewGauge(prometheus.GaugeOpts{Name: "stepup_durability_problems",
		Help: "Settings of the database by which an acknowledged change could be lost, every 10 minutes; doctor names them."})
	m.minted = prometheus.NewCounter(prometheus.CounterOpts{Name: "stepup_tokens_minted_total",
		Help: "Elevated tokens minted, as the audit log tells: a minute or two later, on one node of all."})
	m.spent = prometheus.NewCounter(prometheus.CounterOpts{Name: "stepup_tokens_spent_total",
		Help: "Single-use tokens that were spent, likewise."})
	m.expired = prometheus.NewCounter(prometheus.CounterOpts{Name: "stepup_tokens_expired_total",
		Help: "Single-use tokens that nobody spent in time, likewise."})
	m.consumed = prometheus.NewCounterVec(prometheus.CounterOpts{Name: "stepup_consume_results_total",
		Help: "What guards of other services were answered: first, replayed, refused, or unknown where it could not be found out."},
		[]string{"result"})
	m.limits = prometheus.NewCounterVec(prometheus.CounterOpts{Name: "stepup_limits_hit_total",
		Help: "Requests that were refused because a limit of a session, account, address or source was hit, by the limit."},
		[]string{"limit"})
	for _, result := range []string{"first", "replayed", "refused", "unknown"} {
		m.consumed.WithLabelValues(result) // there from the start, so that the first one is an increase
	}
	m.registry.MustRegister(m.minted, m.spent, m.expired, m.consumed, m.limits)
	m.registry.MustRegister(storeCounts(db)...)
	m.registry.MustRegister(m.requests, m.refusals, m.mails, m.texts, m.codes, m.full, m.rows, m.bytes, m.unsafe, m.purged, m.purging,
		waiting,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// storeCounts show [store.Counts].
func storeCounts(db *store.DB) (all []prometheus.Collector) {
	for _, c := range []struct {
		name, help string
		of         func(store.Counts) int64
	}{
		{"transactions", "Transactions of the database that were asked for.", func(c store.Counts) int64 { return c.Transactions }},
		{"statements", "Statements of those.", func(c store.Counts) int64 { return c.Statements }},
		{"round_trips", "Messages to PostgreSQL whose answer was waited for.", func(c store.Counts) int64 { return c.RoundTrips }},
		{"commits", "Commits that changed something; on SQLite transactions share one.", func(c store.Counts) int64 { return c.Commits }},
	} {
		all = append(all, prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "stepup_store_" + c.name + "_total", Help: c.help},
			func() float64 { return float64(c.of(db.Counts())) }))
	}
	return all
}

func (m *metrics) request(route string, status int, took time.Duration) {
	m.requests.WithLabelValues(route, strconv.Itoa(status)).Observe(took.Seconds())
}

func (m *metrics) refused(code, reason string) { m.refusals.WithLabelValues(code, reason).Inc() }

func (m *metrics) limited(limit string)  { m.limits.WithLabelValues(limit).Inc() }
func (m *metrics) consume(result string) { m.consumed.WithLabelValues(result).Inc() }

// tokens adds what was counted of the audit log.
func (m *metrics) tokens(c figures.Counted) {
	m.minted.Add(float64(c.Minted))
	m.spent.Add(float64(c.Spent))
	m.expired.Add(float64(max(0, c.Expired)))
}

func (m *metrics) mail(ok bool) { m.mails.WithLabelValues(result(ok)).Inc() }
func (m *metrics) text(ok bool) { m.texts.WithLabelValues(result(ok)).Inc() }

// code counts codes that were sent and codes that came back, so that the two can be
// compared: whoever is paid for receiving texts asks for many and types none.
func (m *metrics) code(method, event string) { m.codes.WithLabelValues(method, event).Inc() }

// measure reads how large the tables are and how safe the database is, for the metrics
// that say so.
func (m *metrics) measure(ctx context.Context, db *store.DB) error {
	durability, err := db.Durability(ctx)
	if err != nil {
		return err
	}
	m.unsafe.Set(float64(len(durability.Problems)))
	return db.Read(ctx, func(tx *store.Tx) error {
		tables, bytes, err := tx.Sizes()
		for _, table := range tables {
			m.rows.WithLabelValues(table.Name).Set(float64(table.Rows))
		}
		m.bytes.Set(float64(bytes))
		return err
	})
}

func (m *metrics) purge(table string, gone int64, took time.Duration) {
	m.purged.WithLabelValues(table).Add(float64(gone))
	m.purging.Observe(took.Seconds())
}

// certificate shows when the public listener's certificate ends, so that a renewal that
// does not happen is seen in time.
func (m *metrics) certificate(c *certificate) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "stepup_certificate_end_timestamp_seconds",
		Help: "When the certificate of the public listener ends, in seconds since 1970."},
		func() float64 { return float64(c.ends().Unix()) }))
}

func result(ok bool) string {
	if ok {
		return "sent"
	}
	return "failed"
}

func (m *metrics) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{}))
	return mux
}
