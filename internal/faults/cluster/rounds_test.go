package cluster_test

import (
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stepup-auth/stepup/internal/faults/history"
	"github.com/stepup-auth/stepup/internal/faults/load"
)

// fault breaks something and mends it again. What it leaves behind heals by itself.
type fault struct {
	name  string
	moves bool // another machine must lead afterwards
	quiet bool // no client may hear that something could not be done
	run   func(t *testing.T, s *site)
}

// faults are taken by turns.
var faults = []fault{
	{name: "restart servers", quiet: true, run: func(t *testing.T, s *site) {
		for _, m := range s.machines {
			s.restart(t, m)
		}
	}},
	{name: "kill servers", run: func(t *testing.T, s *site) {
		for _, m := range s.machines[:2] {
			m.signal(syscall.SIGKILL, "stepup")
			s.waitServing(t, 3)
		}
	}},
	// PostgreSQL dies; Patroni, which lives, starts it again or lets another lead.
	{name: "kill PostgreSQL", run: func(t *testing.T, s *site) {
		s.leader().signal(syscall.SIGKILL, "postgres")
	}},
	{name: "kill the primary", moves: true, run: func(t *testing.T, s *site) {
		old := s.leader()
		old.signal(syscall.SIGKILL)
		s.waitOther(t, old)
		s.power(t, old)
	}},
	{name: "kill the standby", run: func(t *testing.T, s *site) {
		m := s.follower()
		m.signal(syscall.SIGKILL)
		s.power(t, m)
	}},
	// It wakes in the belief that no time has passed and that it still leads.
	{name: "freeze the primary", moves: true, run: func(t *testing.T, s *site) {
		old := s.leader()
		old.signal(syscall.SIGSTOP)
		s.waitOther(t, old)
		old.signal(syscall.SIGCONT)
	}},
	// What takes the lead from PostgreSQL is frozen, PostgreSQL is not: two take writes.
	{name: "freeze the watchman", moves: true, run: func(t *testing.T, s *site) {
		old := s.leader()
		old.signal(syscall.SIGSTOP, "patroni", "etcd")
		s.waitOther(t, old)
		old.signal(syscall.SIGCONT, "patroni", "etcd")
	}},
	{name: "cut the primary off", moves: true, run: func(t *testing.T, s *site) {
		old := s.leader()
		old.cut(t, front, peers)
		s.waitOther(t, old)
		old.join(t, front, peers)
	}},
	// The others do not see it, servers and clients do: again two take writes for a while.
	{name: "part the primary", moves: true, run: func(t *testing.T, s *site) {
		old := s.leader()
		old.cut(t, peers)
		s.waitOther(t, old)
		old.join(t, peers)
	}},
	{name: "part all", run: func(t *testing.T, s *site) {
		for _, m := range s.machines {
			m.cut(t, peers)
		}
		if !within(time.Minute, func() bool { return s.leader() == nil }) {
			t.Error("a machine leads although none sees another")
		}
		for _, m := range s.machines {
			m.join(t, peers)
		}
	}},
	{name: "switch over", moves: true, run: func(t *testing.T, s *site) {
		old, next := s.leader(), s.follower()
		body := fmt.Sprintf(`{"leader":%q,"candidate":%q}`, old.name, next.name)
		if _, err := s.patroni(old, "POST", "/switchover", body); err != nil {
			t.Fatal("switching over: ", err)
		}
		s.waitOther(t, old)
	}},
}

// waitOther waits until another machine leads.
func (d *databases) waitOther(t *testing.T, old *machine) {
	t.Helper()
	if !within(2*time.Minute, func() bool {
		return slices.ContainsFunc(d.machines, func(m *machine) bool { return m != old && d.leads(m) })
	}) {
		t.Fatalf("nobody takes over from %s: %+v", old.name, d.members())
	}
}

// timeline is that which the leader writes.
func (d *databases) timeline(t *testing.T) (name string) {
	t.Helper()
	if !within(time.Minute, func() bool {
		leader := d.leader()
		return leader != nil && d.ask(leader, `SELECT left(pg_walfile_name(pg_current_wal_insert_lsn()), 8)`, &name) == nil
	}) {
		t.Fatal("nobody leads")
	}
	return name
}

func (s *site) load(t *testing.T) *load.Load {
	t.Helper()
	return load.Start(t, load.Options{URLs: []string{s.url}, Guard: s.guard, Auditor: s.auditor, Clients: 4, Pace: 40 * time.Millisecond})
}

// round lets one fault happen under load, and waits until all is as before.
func (s *site) round(t *testing.T, l *load.Load, f fault) {
	t.Helper()
	l.Hear(60)
	from, timeline, before := l.Log.Now(), s.timeline(t), l.Log.Tally()
	began := time.Now()
	f.run(t, s)
	over := time.Since(began)
	s.waitHealthy(t)
	s.waitServing(t, 3)
	l.Hear(60)
	moved := s.timeline(t) != timeline
	if moved {
		l.Log.Moved(history.Epoch(from, l.Log.Now()))
	}
	if f.moves && !moved {
		t.Errorf("%s: nobody took over", f.name)
	}
	l.Settle()
	after := l.Log.Tally()
	unsure := func(a history.Answer) int {
		return after.Of(history.Used, a) + after.Of(history.Looked, a) - before.Of(history.Used, a) - before.Of(history.Looked, a)
	}
	if f.quiet && unsure(history.Not)+unsure(history.Unknown) > 0 {
		t.Errorf("%s: %d requests were refused for the time being and %d have an unknown outcome", f.name, unsure(history.Not),
			unsure(history.Unknown))
	}
	t.Logf("%-20s fault %5.1f s, healed after %5.1f s, moved %v; not done %d, unknown %d", f.name, over.Seconds(),
		time.Since(began).Seconds(), moved, unsure(history.Not), unsure(history.Unknown))
}

// TestRounds is the suite: rounds of faults on a synchronous cluster, in which nothing is lost.
func TestRounds(t *testing.T) {
	needCluster(t)
	s := startSite(t, true)
	if text := s.doctor(); !strings.Contains(text, "ok       an acknowledged change survives a crash") {
		t.Errorf("stepup doctor does not see that replication is synchronous:\n%s", text)
	}
	chosen := slices.DeleteFunc(slices.Clone(faults), func(f fault) bool {
		return *kinds != "" && !slices.Contains(strings.Split(*kinds, ","), f.name)
	})
	if len(chosen) == 0 {
		t.Fatalf("-kinds names no fault: %s", *kinds)
	}
	l := s.load(t)
	for n := range *rounds {
		s.round(t, l, chosen[n%len(chosen)])
	}
	tally, findings := l.Verdict()
	shown := map[history.Rule]int{}
	for _, f := range findings {
		if shown[f.Rule]++; shown[f.Rule] <= 2 { // the others of its sort say no more
			t.Error(f)
		}
	}
	t.Logf("%d rounds; found: %v\n%s", *rounds, shown, tally)
}

// TestPlantedLoss shows that the suite finds what it looks for: with asynchronous
// replication, which the operator accepted, a parted primary acknowledges what the others
// never hear of.
func TestPlantedLoss(t *testing.T) {
	needCluster(t)
	if *kinds != "" {
		t.Skip("only some faults were asked for")
	}
	s := startSite(t, false)
	if text := s.doctor(); !strings.Contains(text, "losing the primary loses acknowledged commits") {
		t.Errorf("stepup doctor does not see that replication is asynchronous:\n%s", text)
	}
	l := s.load(t)
	i := slices.IndexFunc(faults, func(f fault) bool { return f.name == "part the primary" })
	s.round(t, l, faults[i])
	tally, findings := l.Verdict()
	if len(findings) == 0 {
		t.Errorf("acknowledged commits were lost and nothing was found:\n%s", tally)
	}
	rules := map[history.Rule]int{}
	for _, f := range findings {
		rules[f.Rule]++
	}
	t.Logf("found: %v", rules)
}
