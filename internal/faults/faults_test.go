// Package faults breaks servers under load, in suites that are named after what is broken,
// and has [history.Judge] judge what the clients saw. docs/faults.md is their record.
//
// `make faults` runs them as long as it is told; among all tests they run for a moment.
package faults

import (
	"flag"
	"os"
	"slices"
	"testing"

	"github.com/stepup-auth/stepup/internal/faults/history"
	"github.com/stepup-auth/stepup/internal/faults/load"
	"github.com/stepup-auth/stepup/internal/seal"
	"github.com/stepup-auth/stepup/internal/server/processtest"
	"github.com/stepup-auth/stepup/internal/server/servertest"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/store/storetest"
)

var (
	wantRounds = flag.Int("rounds", 0, "how often each suite breaks something; 0: a few times")
	wantEngine = flag.String("engine", "", "sqlite or postgres; empty: both")
)

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(processtest.Main(m))
}

// rounds is how often to break something, few times unless more were asked for.
func rounds(few int) int {
	if *wantRounds > 0 {
		return *wantRounds
	}
	return few
}

// onEngines runs a suite once per engine.
func onEngines(t *testing.T, suite func(t *testing.T, engine string)) {
	for _, engine := range []string{store.SQLite, store.Postgres} {
		t.Run(engine, func(t *testing.T) {
			if *wantEngine != "" && *wantEngine != engine {
				t.Skip("another engine was asked for")
			}
			suite(t, engine)
		})
	}
}

// installation is a database and what serves it.
type installation struct {
	env            []string
	guard, auditor string
	server         *processtest.Process
}

// install makes an installation in the database and starts its server.
func install(t *testing.T, url string, settings ...string) *installation {
	t.Helper()
	key, err := seal.NewMasterKey()
	if err != nil {
		t.Fatal(err)
	}
	i := &installation{}
	i.env = processtest.Environ(append([]string{"STEPUP_DATABASE_URL=" + url, "STEPUP_MASTER_KEY=" + key.Reveal(),
		"STEPUP_SMTP_URL=smtp://127.0.0.1:1", "STEPUP_PUBLIC_URL=" + processtest.PublicURL, "STEPUP_LISTEN=127.0.0.1:0",
		"STEPUP_TRUSTED_PROXIES=127.0.0.1/32"}, settings...)...)
	for _, document := range load.Documents() {
		processtest.Run(t, i.env, document, "env", "apply", "-")
	}
	i.guard = i.run(t, "token", "create", "--name", "guard", "--env", servertest.A, "--scope", "tokens.consume")
	i.auditor = i.run(t, "token", "create", "--name", "auditor", "--env", servertest.A, "--scope", "audit.read")
	i.server = processtest.Launch(t, slices.Clip(i.env), "serve")
	return i
}

func (i *installation) run(t *testing.T, args ...string) string {
	t.Helper()
	return processtest.Run(t, i.env, "", args...)
}

// load sets clients to work.
func (i *installation) load(t *testing.T) *load.Load {
	t.Helper()
	return load.Start(t, load.Options{URLs: []string{i.server.URL}, Guard: i.guard, Auditor: i.auditor})
}

// database is a fresh one that survives the kill of its server.
func database(t *testing.T, engine string) string {
	t.Helper()
	if engine == store.Postgres {
		return storetest.StartServer(t).Database(t)
	}
	return storetest.Empty(t, engine)
}

// restart starts the server again, and sends the clients there.
func (i *installation) restart(t *testing.T, l *load.Load) {
	t.Helper()
	i.server.Restart(t)
	l.Point(i.server.URL)
}

// report prints what was heard, and fails a suite in which nothing happened.
func report(t *testing.T, rounds int, tally history.Tally) {
	t.Helper()
	t.Logf("%d rounds: %d made, %d uses let through, %d refused as used, %d refused as void, %d of unknown outcome, %d not done\n%s",
		rounds,
		tally.Of(history.Made, history.Yes), tally.Of(history.Used, history.Yes), tally.Of(history.Used, history.Spent),
		tally.Of(history.Used, history.Void), tally.Of(history.Used, history.Unknown), tally.Of(history.Used, history.Not), tally)
	kinds := []history.Kind{history.Token, history.Nonce}
	if *wantRounds > 0 { // a few rounds may well pass without the rarer ones
		kinds = append(kinds, history.Recovery, history.MFAToken, history.Guesses)
	}
	for _, kind := range kinds {
		if tally[history.Heard{Kind: kind, Act: history.Used, Answer: history.Yes}] == 0 {
			t.Errorf("no %s was ever used", kind)
		}
	}
}
