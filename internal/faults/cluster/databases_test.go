package cluster_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/stepup-auth/stepup/internal/store/storetest"
)

// databases are PostgreSQL on each machine, kept by Patroni, which agrees on who leads
// by etcd.
type databases struct {
	machines    []*machine
	synchronous bool
	http        *http.Client
}

// startDatabases starts them and waits until one leads and the others follow.
func startDatabases(t *testing.T, synchronous bool, folder string) *databases {
	t.Helper()
	d := &databases{synchronous: synchronous, http: &http.Client{Timeout: time.Second}}
	layNetworks(t)
	for number := range 3 {
		d.machines = append(d.machines, newMachine(t, number+1, folder))
	}
	command(t, "chown", "-R", "postgres:", folder)
	t.Cleanup(func() {
		if t.Failed() {
			for _, m := range d.machines {
				t.Log(m.lastLines(15))
			}
		}
		eachAtOnce(d.machines, func(m *machine) { m.signal(syscall.SIGKILL) })
	})
	for _, m := range d.machines {
		d.configure(t, m)
		d.power(t, m)
	}
	d.waitHealthy(t)
	leader := d.leader()
	for _, statement := range []string{`CREATE ROLE stepup LOGIN PASSWORD 'stepup'`, `CREATE DATABASE stepup OWNER stepup`} {
		d.sql(t, leader, statement)
	}
	for _, m := range d.machines { // a driver gives up at a host that does not know the database
		if !within(time.Minute, func() bool {
			conn, err := pgx.Connect(t.Context(), "postgres://stepup@"+m.address(front)+"/stepup?sslmode=disable")
			if err == nil {
				_ = conn.Close(t.Context())
			}
			return err == nil
		}) {
			t.Fatalf("the database does not come to %s", m.name)
		}
	}
	return d
}

// power starts what the machine starts when it is switched on, servers of stepup apart.
func (d *databases) power(t *testing.T, m *machine) {
	t.Helper()
	var all []string
	for _, other := range d.machines {
		all = append(all, other.name+"=http://"+other.address(peers)+":2380")
	}
	own := "http://" + m.address(peers)
	m.start(t, "etcd", os.Environ(), "etcd", "--name", m.name, "--data-dir", filepath.Join(m.folder, "etcd"),
		"--initial-cluster", strings.Join(all, ","), "--initial-advertise-peer-urls", own+":2380", "--listen-peer-urls", own+":2380",
		"--listen-client-urls", own+":2379", "--advertise-client-urls", own+":2379",
		"--heartbeat-interval", "200", "--election-timeout", "2000", "--log-level", "warn")
	m.start(t, "patroni", os.Environ(), "patroni", filepath.Join(m.folder, "patroni.yaml"))
}

// timeToLive is how long a leader that is not heard of keeps the lead. With the others it
// is as short as a crowded machine allows; Patroni's defaults are 30, 10 and 10 seconds.
const timeToLive = 12 * time.Second

func (d *databases) configure(t *testing.T, m *machine) {
	t.Helper()
	bin, err := storetest.BinFolder()
	if err != nil {
		t.Fatal(err)
	}
	var etcd []string
	for _, other := range d.machines {
		etcd = append(etcd, other.address(peers)+":2379")
	}
	text := strings.NewReplacer("NAME", m.name, "PEER", m.address(peers), "FOLDER", m.folder, "BIN", bin, "ETCD", strings.Join(etcd, ","),
		"SYNCHRONOUS", fmt.Sprint(d.synchronous), "TTL", fmt.Sprint(int(timeToLive.Seconds()))).Replace(patroniConfig)
	if err := os.WriteFile(filepath.Join(m.folder, "patroni.yaml"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

const patroniConfig = `
scope: stepup
name: NAME
restapi: {listen: "0.0.0.0:8008", connect_address: "PEER:8008"}
etcd3: {hosts: "ETCD"}
bootstrap:
  dcs:
    ttl: TTL
    loop_wait: 1
    retry_timeout: 3
    maximum_lag_on_failover: 16777216
    synchronous_mode: SYNCHRONOUS
    postgresql:
      use_pg_rewind: true
      parameters: {max_connections: 150, wal_keep_size: 64MB}
  initdb: [{encoding: UTF8}, {locale: C}, no-sync]
postgresql:
  listen: "0.0.0.0:5432"
  connect_address: "PEER:5432"
  data_dir: FOLDER/data
  bin_dir: BIN
  pgpass: FOLDER/pgpass
  authentication:
    superuser: {username: postgres, password: postgres}
    replication: {username: replicator, password: replicator}
  parameters: {unix_socket_directories: FOLDER, shared_buffers: 32MB, wal_log_hints: "on", autovacuum_naptime: 1h}
  pg_hba:
    - local all all trust
    - host all all samehost trust
    - host all all samenet trust
    - host replication replicator samenet trust
`

// sql runs a statement on one machine as the superuser, through its own socket.
func (d *databases) sql(t *testing.T, m *machine, statement string) string {
	t.Helper()
	return command(t, "psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1", "--host", m.folder,
		"--username", "postgres", "--dbname", "postgres", "--command", statement)
}

// member is what Patroni says of one machine.
type member struct {
	Name, Role, State string
	Lag               any // a number, or "unknown"
}

// members asks any machine that answers.
func (d *databases) members() []member {
	for _, m := range d.machines {
		var answer struct{ Members []member }
		if body, err := d.patroni(m, "GET", "/cluster", ""); err == nil && json.Unmarshal(body, &answer) == nil {
			return answer.Members
		}
	}
	return nil
}

// patroni makes one request to the machine's Patroni.
func (d *databases) patroni(m *machine, method, path, body string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, "http://"+m.address(front)+":8008"+path, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	client := d.http
	if method != http.MethodGet {
		client = http.DefaultClient
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode/100 != 2 {
		err = fmt.Errorf("%s: %s", response.Status, text)
	}
	return text, err
}

// leads reports whether the machine's own Patroni says that it leads.
func (d *databases) leads(m *machine) bool {
	_, err := d.patroni(m, http.MethodGet, "/primary", "")
	return err == nil
}

// leader is the machine that leads, nil while there is none.
func (d *databases) leader() *machine {
	for _, m := range d.machines {
		if d.leads(m) {
			return m
		}
	}
	return nil
}

// follower is the machine whose acknowledgement the leader waits for; of asynchronous
// ones any that follows.
func (d *databases) follower() *machine {
	for _, m := range d.machines {
		path := "/replica"
		if d.synchronous {
			path = "/synchronous"
		}
		if _, err := d.patroni(m, http.MethodGet, path, ""); err == nil {
			return m
		}
	}
	return nil
}

// healthy is empty when one machine leads and its PostgreSQL says that both others stream
// from it and that a commit waits for one of them where it should. Patroni's own word is
// some seconds old.
func (d *databases) healthy() string {
	leader := d.leader()
	if leader == nil {
		return fmt.Sprintf("nobody leads: %+v", d.members())
	}
	var streaming, synchronous int
	err := d.ask(leader, `SELECT count(*) FILTER (WHERE state = 'streaming' AND pg_wal_lsn_diff(sent_lsn, replay_lsn) < 1000000),
		count(*) FILTER (WHERE sync_state = 'sync') FROM pg_stat_replication`, &streaming, &synchronous)
	if err != nil || streaming != 2 || d.synchronous && synchronous == 0 || d.follower() == nil {
		return fmt.Sprintf("%s leads, %d stream, %d synchronously: %v: %+v", leader.name, streaming, synchronous, err, d.members())
	}
	return ""
}

// ask asks the PostgreSQL of one machine, as the superuser.
func (d *databases) ask(m *machine, query string, answer ...any) error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, "postgres://postgres@"+m.address(front)+"/postgres?sslmode=disable")
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	return conn.QueryRow(ctx, query).Scan(answer...)
}

// waitHealthy waits for that. A follower that Patroni cannot bring back is copied anew, as
// docs/operating.md tells operators to do.
func (d *databases) waitHealthy(t *testing.T) {
	t.Helper()
	state := ""
	healthy := func() bool { state = d.healthy(); return state == "" }
	if within(90*time.Second, healthy) {
		return
	}
	for _, state := range d.members() {
		i := slices.IndexFunc(d.machines, func(m *machine) bool { return m.name == state.Name })
		if i >= 0 && state.State == "running" && state.Role != "leader" && !d.streams(d.machines[i]) {
			_, err := d.patroni(d.machines[i], http.MethodPost, "/reinitialize", `{"force":true}`)
			t.Logf("%s does not follow; it is copied anew: %v", state.Name, err)
		}
	}
	if !within(4*time.Minute, healthy) {
		t.Fatalf("the databases are not healthy again: %s", state)
	}
}

// streams reports whether the machine follows the leader, with next to nothing between them.
func (d *databases) streams(m *machine) bool {
	_, err := d.patroni(m, http.MethodGet, "/replica?lag=1MB", "")
	return err == nil
}

// within asks until it is so, and reports whether it ever was.
func within(limit time.Duration, so func() bool) bool {
	late := time.NewTimer(limit)
	defer late.Stop()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for !so() {
		select {
		case <-tick.C:
		case <-late.C:
			return false
		}
	}
	return true
}
