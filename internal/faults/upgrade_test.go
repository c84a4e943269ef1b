package faults

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stepup-auth/stepup/internal/faults/load"
	"github.com/stepup-auth/stepup/internal/seal"
	"github.com/stepup-auth/stepup/internal/server/processtest"
	"github.com/stepup-auth/stepup/internal/server/servertest"
	"github.com/stepup-auth/stepup/internal/store"
)

// Servers of two versions on one PostgreSQL: the first new one migrates the database under
// load, the old ones go on, one that starts anew is refused, and one after the other
// becomes new.
func TestRollingUpgrade(t *testing.T) {
	if *wantRounds == 0 && os.Getenv("LONG_TESTS") == "" {
		t.Skip("it builds another version, which takes a minute: make faults SUITE=RollingUpgrade ROUNDS=1")
	}
	before, now := processtest.Previous(t), processtest.Program(processtest.Binary(t))
	for range rounds(1) {
		upgrade(t, before, now)
	}
}

func upgrade(t *testing.T, before, now processtest.Program) {
	key, err := seal.NewMasterKey()
	if err != nil {
		t.Fatal(err)
	}
	env := processtest.Environ("STEPUP_DATABASE_URL="+database(t, store.Postgres), "STEPUP_MASTER_KEY="+key.Reveal(),
		"STEPUP_SMTP_URL=smtp://127.0.0.1:1", "STEPUP_PUBLIC_URL="+processtest.PublicURL, "STEPUP_LISTEN=127.0.0.1:0",
		"STEPUP_TRUSTED_PROXIES=127.0.0.1/32")
	for _, document := range load.Documents() {
		before.Run(t, env, document, "env", "apply", "-")
	}
	create := func(name, scope string) string {
		return before.Run(t, env, "", "token", "create", "--name", name, "--env", servertest.A, "--scope", scope)
	}
	guard, auditor := create("guard", "tokens.consume"), create("auditor", "audit.read")
	servers := []*processtest.Process{before.Launch(t, slices.Clip(env), "serve"), before.Launch(t, slices.Clip(env), "serve")}
	urls := func() (all []string) {
		for _, server := range servers {
			all = append(all, server.URL)
		}
		return all
	}
	l := load.Start(t, load.Options{URLs: urls(), Guard: guard, Auditor: auditor, Pace: 5 * time.Millisecond})
	l.Hear(300)

	servers = append(servers, now.Launch(t, slices.Clip(env), "serve")) // it migrates, while the others serve
	if !strings.Contains(servers[2].Log(), "migrated the database") {
		t.Error("the new version had nothing to migrate")
	}
	l.Point(urls()...)
	l.Hear(600)
	l.Settle()
	if _, stderr, err := before.Try(env, "", "serve"); err == nil || !strings.Contains(stderr, "run the newer version again") {
		t.Errorf("the old version on the new database: %v\n%s", err, stderr)
	}
	for i := range 2 {
		servers[i].Program = now
		servers[i].Restart(t)
		l.Point(urls()...)
		l.Hear(300)
		l.Settle()
	}
	report(t, 1, l.Stop())
}
