// Package crashtest runs the coordinator, the signer and the guardian as processes
// of their own and kills each, with SIGKILL, at every edge of an operation: before
// and after each durable step, and before and after each answer. Whatever was
// killed, the wallet keeps its address and signs, exactly one generation is in
// force, nothing is orphaned, and the operation ends under its own id.
package crashtest

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/stepup-auth/stepup/internal/chain/evm"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/store/storetest"
	"github.com/stepup-auth/stepup/internal/wallet"
	"github.com/stepup-auth/stepup/internal/wallet/coordinator"
	"github.com/stepup-auth/stepup/internal/wallet/intent"
	"github.com/stepup-auth/stepup/internal/wallet/kek"
	"github.com/stepup-auth/stepup/internal/wallet/peer"
	"github.com/stepup-auth/stepup/internal/wallet/wallettest"
)

// childEnv makes the test binary a role.
const childEnv = "WALLET_CRASHTEST_CHILD"

// logEnv lets the roles log to standard error.
const logEnv = "WALLET_CRASHTEST_LOG"

func TestMain(m *testing.M) {
	if text := os.Getenv(childEnv); text != "" {
		if err := runChild(text); err != nil {
			fail(err)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

var roles = []wallet.Role{wallet.Coordinator, wallet.Signer, wallet.Guardian}

// installation is the three roles as processes that are started again when they
// die, and the issuer in this one.
type installation struct {
	t         *testing.T
	folder    string
	issuer    *wallettest.Issuer
	service   *coordinator.Client
	processes map[wallet.Role]*process
}

func install(t *testing.T, engine string) *installation {
	t.Helper()
	in := &installation{t: t, folder: t.TempDir(), issuer: wallettest.NewIssuer(t, wallettest.NewClock()),
		processes: map[wallet.Role]*process{}}
	if err := peer.Init(in.folder); err != nil {
		t.Fatal(err)
	}
	identity, err := peer.Load(in.folder, wallet.Issuer)
	if err != nil {
		t.Fatal(err)
	}
	listeners, address := map[wallet.Role]*net.TCPListener{}, map[wallet.Role]string{}
	for _, role := range append(slices.Clone(roles), wallet.Issuer) {
		listener, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			t.Fatal(err)
		}
		listeners[role], address[role] = listener, listener.Addr().String()
	}
	custodyServer := peer.NewServer(identity, slog.New(slog.DiscardHandler), in.issuer.Endpoints()...)
	go func() { _ = custodyServer.ServeTLS(listeners[wallet.Issuer], "", "") }()
	t.Cleanup(func() { _ = custodyServer.Close() })

	var server *storetest.Server
	if engine == store.Postgres {
		server = storetest.StartServer(t) // on the disk: what was acknowledged must last
	}
	for _, role := range roles {
		config := childConfig{Role: role, Certs: in.folder, Address: address,
			Database: "sqlite:" + filepath.Join(in.folder, string(role)+".db")}
		if server != nil {
			config.Database = server.Database(t)
		}
		if role != wallet.Coordinator {
			path := filepath.Join(in.folder, string(role)+".kek")
			if _, err := kek.CreateFile(path); err != nil {
				t.Fatal(err)
			}
			config.Key = "file:" + path
		}
		in.processes[role] = start(t, config, listeners[role])
	}
	client, err := peer.NewClient(identity, wallet.Coordinator, address[wallet.Coordinator])
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	in.service = coordinator.NewClient(client)
	return in
}

// process is a role that is started again, on the same socket, whenever it dies.
type process struct {
	t      *testing.T
	config childConfig
	socket *os.File

	mu      sync.Mutex
	running *running
	deaths  int
	ending  bool
}

type running struct {
	cmd     *exec.Cmd
	orders  io.WriteCloser
	answers *bufio.Reader
}

func start(t *testing.T, config childConfig, listener *net.TCPListener) *process {
	t.Helper()
	socket, err := listener.File()
	if err != nil {
		t.Fatal(err)
	}
	_ = listener.Close()
	p := &process{t: t, config: config, socket: socket}
	if err := p.launch(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.ending = true
		_ = p.running.orders.Close() // which ends it
	})
	return p
}

// launch starts the process and waits until it serves.
func (p *process) launch() error {
	text, err := json.Marshal(p.config)
	if err != nil {
		return err
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+string(text))
	cmd.Stderr, cmd.ExtraFiles = os.Stderr, []*os.File{p.socket}
	orders, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	output, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	r := &running{cmd: cmd, orders: orders, answers: bufio.NewReader(output)}
	if _, err := r.answers.ReadBytes('\n'); err != nil {
		return fmt.Errorf("the %s did not start: %w", p.config.Role, err)
	}
	p.running = r
	exited := make(chan struct{})
	go func() { _ = waitProcess(cmd); close(exited) }()
	go p.watch(exited)
	return nil
}

// waitProcess waits for the process alone: cmd.Wait would close the pipe under its
// reader.
func waitProcess(cmd *exec.Cmd) error { _, err := cmd.Process.Wait(); return err }

func (p *process) watch(exited chan struct{}) {
	<-exited
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ending {
		return
	}
	p.deaths++
	if err := p.launch(); err != nil {
		p.t.Error(err)
	}
}

// died is how often the process has died.
func (p *process) died() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.deaths
}

// tell gives an order and waits for the answer.
func (p *process) tell(order command) (r reply, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	text, err := json.Marshal(order)
	if err != nil {
		return r, err
	}
	if _, err := p.running.orders.Write(append(text, '\n')); err != nil {
		return r, err
	}
	line, err := p.running.answers.ReadBytes('\n')
	if err != nil {
		return r, err
	}
	err = json.Unmarshal(line, &r)
	if err == nil && r.Error != "" {
		err = fmt.Errorf("the %s: %s", p.config.Role, r.Error)
	}
	return r, err
}

func (in *installation) must(role wallet.Role, order command) reply {
	in.t.Helper()
	r, err := in.processes[role].tell(order)
	if err != nil {
		in.t.Fatalf("%s: %v", order.Do, err)
	}
	return r
}

// advance moves the clocks of databases, for a process that is started again too.
func (in *installation) advance(d time.Duration, roles ...wallet.Role) {
	in.t.Helper()
	for _, role := range roles {
		p := in.processes[role]
		p.mu.Lock()
		p.config.Offset += d
		offset := p.config.Offset
		p.mu.Unlock()
		in.must(role, command{Do: "clock", Offset: offset})
	}
}

// asked is an operation with what allows it, which a retry takes along.
type asked struct {
	wallet.Operation
	token, tokenID, hash string
}

func (in *installation) ask(w wallet.Wallet, action wallet.Action, request any) asked {
	in.t.Helper()
	in.tick()
	a := asked{Operation: in.issuer.Operation(w.ID, action, request)}
	meant, err := intent.Decode(a.Operation, w)
	if err != nil {
		in.t.Fatal(err)
	}
	a.hash = meant.Hash
	if action != wallet.Create && action != wallet.Disable {
		claims := in.issuer.TokenFor(a.Operation)
		a.tokenID, _ = claims["jti"].(string)
		a.token = in.issuer.Mint(claims)
	}
	return a
}

// tick sets the issuer's clock, which stands still by itself.
func (in *installation) tick() { in.issuer.Clock.Advance(time.Since(in.issuer.Clock.Now())) }

// perform asks with a new ticket and the same token, as the issuer does for a retry.
func (in *installation) perform(a asked) (wallet.Outcome, error) {
	ctx, cancel := context.WithTimeout(in.t.Context(), 25*time.Second)
	defer cancel()
	in.tick()
	ticket := in.issuer.Sign(wallet.TicketType, in.issuer.TicketFor(a.Operation, a.hash, a.tokenID))
	return in.service.Perform(ctx, a.Operation, wallet.Credentials{Ticket: ticket, ElevatedToken: a.token})
}

func (in *installation) create(scheme wallet.Scheme) wallet.Wallet {
	in.t.Helper()
	id := uuid.NewString()
	future := wallet.Wallet{ID: id, EnvironmentID: in.issuer.EnvironmentID, UserID: "user-1", Chain: wallet.EVM, Scheme: scheme}
	outcome, err := in.perform(in.ask(future, wallet.Create, wallet.CreateRequest{Chain: wallet.EVM, Scheme: scheme}))
	if err != nil {
		in.t.Fatalf("creating a wallet: %v", err)
	}
	return outcome.Wallet
}

// signs checks that the wallet signs, and that it is still its key that does.
func (in *installation) signs(w wallet.Wallet) {
	in.t.Helper()
	message := []byte("it is still me " + uuid.NewString())
	outcome, err := in.perform(in.ask(w, wallet.Sign, wallet.SignRequest{Kind: wallet.SignMessage, Message: message}))
	if err != nil {
		in.t.Errorf("signing: %v", err)
		return
	}
	if from, err := evm.Recover(evm.MessageDigest(message), outcome.Signature.Signature); err != nil || from.String() != w.Address {
		in.t.Errorf("the signature is of %s, and the wallet is %s: %v", from, w.Address, err)
	}
}

// healthy lets the coordinator resume and has the doctor look at everything.
func (in *installation) healthy(ignore func(coordinator.Finding) bool) {
	in.t.Helper()
	in.must(wallet.Coordinator, command{Do: "resume"})
	r := in.must(wallet.Coordinator, command{Do: "doctor"})
	if r.Underway != 0 {
		in.t.Errorf("%d operations are still under way", r.Underway)
	}
	for _, finding := range r.Findings {
		if !ignore(finding) {
			in.t.Errorf("the doctor finds of wallet %s: %s", finding.WalletID, finding.Text)
		}
	}
}

func none(coordinator.Finding) bool { return false }

// half is what the doctor says of a deletion that one custodian has yet to hear of.
func half(f coordinator.Finding) bool { return strings.Contains(f.Text, "must ask for it again") }

// clocks is what it says of clocks that a test has moved.
func clocks(f coordinator.Finding) bool { return strings.HasPrefix(f.Text, "the clock") }

// scenario is one operation and what is so once it is done.
type scenario struct {
	action     wallet.Action
	request    any
	generation int
	scheme     wallet.Scheme
	state      wallet.State
}

var scenarios = []scenario{
	{wallet.Refresh, struct{}{}, 2, wallet.TwoOfTwo, wallet.Active},
	{wallet.Reshare, wallet.ReshareRequest{Old: wallet.TwoOfTwo, New: wallet.ThreeOfFive}, 2, wallet.ThreeOfFive, wallet.Active},
	{wallet.Export, wallet.ExportRequest{PublicKey: somebodysKey}, 1, wallet.TwoOfTwo, wallet.Active},
	{wallet.Delete, struct{}{}, 1, wallet.TwoOfTwo, wallet.Deleting},
}

// somebodysKey is a public key of X25519, the base point.
var somebodysKey = append([]byte{9}, make([]byte, 31)...)

// every is which part of the edges a short run takes.
func every() int {
	if os.Getenv("LONG_TESTS") != "" {
		return 1
	}
	return 5
}

// Each process is killed at each edge of each operation.
func TestKillAtEveryEdge(t *testing.T) {
	engines := []string{store.SQLite}
	if os.Getenv("LONG_TESTS") != "" {
		engines = append(engines, store.Postgres)
	}
	for _, engine := range engines {
		t.Run(engine, func(t *testing.T) {
			in := install(t, engine)
			kills := 0
			for _, s := range scenarios {
				edges := in.edges(s)
				for _, role := range roles {
					t.Logf("%s: the %s passes %d edges: %s", s.action, role, len(edges[role]), strings.Join(edges[role], ", "))
					if len(edges[role]) < 4 {
						t.Errorf("only %d edges", len(edges[role]))
					}
					for i, edge := range edges[role] {
						if kills++; kills%every() != 0 {
							continue
						}
						t.Run(fmt.Sprintf("%s/%s/%d %s", s.action, role, i+1, edge), func(t *testing.T) {
							in.t = t
							in.kill(s, role, i+1)
						})
						in.t = t
					}
				}
			}
		})
	}
}

// A custodian is killed at each edge of the shredding of a deleted wallet: it goes
// on where it was, and the wallet is deleted only when both are done.
func TestKillWhileShredding(t *testing.T) {
	in := install(t, store.SQLite)
	for _, role := range []wallet.Role{wallet.Signer, wallet.Guardian} {
		for at := 1; ; at++ {
			in.t = t
			w := in.create(wallet.TwoOfThree)
			if _, err := in.perform(in.ask(w, wallet.Delete, struct{}{})); err != nil {
				t.Fatal(err)
			}
			in.advance(8*24*time.Hour, roles...)
			p := in.processes[role]
			deaths := p.died()
			in.must(role, command{Do: "arm", KillAt: at})
			if _, err := p.tell(command{Do: "sweep"}); err == nil {
				if passed := in.must(role, command{Do: "edges"}).Edges; at < 3 {
					t.Errorf("the %s passes only %v while it shreds", role, passed)
				}
				break
			}
			in.dies(p, deaths)
			in.must(wallet.Coordinator, command{Do: "resume"})
			for _, each := range []wallet.Role{role, wallet.Signer, wallet.Guardian} {
				if now, err := in.service.Wallet(t.Context(), w.EnvironmentID, w.UserID, w.ID); err != nil || now.State != wallet.Deleting {
					t.Errorf("edge %d of the %s: %+v, %v", at, role, now, err)
				}
				in.must(each, command{Do: "sweep"})
			}
			in.healthy(clocks)
			if now, err := in.service.Wallet(t.Context(), w.EnvironmentID, w.UserID, w.ID); err != nil || now.State != wallet.Deleted ||
				now.Address != w.Address {
				t.Errorf("edge %d of the %s: %+v, %v", at, role, now, err)
			}
			if _, err := in.perform(in.ask(w, wallet.Sign,
				wallet.SignRequest{Kind: wallet.SignMessage, Message: []byte("gone")})); !fault.Has(err, fault.Conflict) {
				t.Errorf("a deleted wallet signs: %v", err)
			}
		}
	}
}

// dies waits for a death that is due.
func (in *installation) dies(p *process, deaths int) {
	in.t.Helper()
	deadline := time.Now().Add(time.Minute)
	for p.died() == deaths {
		if time.Now().After(deadline) {
			in.t.Fatalf("the %s did not die", p.config.Role)
		}
		time.Sleep(time.Millisecond)
	}
}

// edges are those that the operation passes in each process.
func (in *installation) edges(s scenario) map[wallet.Role][]string {
	in.t.Helper()
	a := in.ask(in.create(wallet.TwoOfTwo), s.action, s.request)
	for _, role := range roles {
		in.must(role, command{Do: "arm"})
	}
	if _, err := in.perform(a); err != nil {
		in.t.Fatalf("%s: %v", s.action, err)
	}
	all := map[wallet.Role][]string{}
	for _, role := range roles {
		all[role] = in.must(role, command{Do: "edges"}).Edges
	}
	return all
}

func (in *installation) kill(s scenario, role wallet.Role, at int) {
	t := in.t
	w := in.create(wallet.TwoOfTwo)
	a := in.ask(w, s.action, s.request)
	p := in.processes[role]
	deaths := p.died()
	in.must(role, command{Do: "arm", KillAt: at})
	first, err := in.perform(a)
	if err != nil && !fault.Has(err, fault.Unavailable) {
		t.Errorf("the death of the %s is told as %v", role, err)
	}
	in.dies(p, deaths)

	in.advance(time.Minute, wallet.Coordinator)
	ignore := none
	if s.action == wallet.Delete {
		ignore = half
	}
	in.healthy(ignore)
	now, lookErr := in.service.Wallet(t.Context(), w.EnvironmentID, w.UserID, w.ID)
	if lookErr != nil || now.Address != w.Address {
		t.Fatalf("the wallet is %+v: %v", now, lookErr)
	}
	if now.State == wallet.Active {
		in.signs(now)
	}

	outcome, retryErr := in.perform(a)
	if retryErr != nil {
		t.Fatalf("the retry under the same id: %v", retryErr)
	}
	if err == nil && !sameOutcome(first, outcome) {
		t.Errorf("the first answer was %+v, and the retry's %+v", first, outcome)
	}
	if again, err := in.perform(a); err != nil || !sameOutcome(again, outcome) {
		t.Errorf("a third try answers %+v: %v", again, err)
	}
	in.healthy(none)
	now, err = in.service.Wallet(t.Context(), w.EnvironmentID, w.UserID, w.ID)
	if err != nil || now.Address != w.Address || now.Generation != s.generation || now.Scheme != s.scheme || now.State != s.state {
		t.Errorf("after all the wallet is %+v: %v", now, err)
	}
	if s.action == wallet.Export && (outcome.Export == nil || now.ExportedAt.IsZero()) {
		t.Errorf("%+v of %+v", outcome, now)
	}
	if s.state == wallet.Active {
		in.signs(now)
	}
}

func sameOutcome(a, b wallet.Outcome) bool {
	x, _ := json.Marshal(a)
	y, _ := json.Marshal(b)
	return string(x) == string(y)
}
