package bench_test

import (
	"bufio"
	"cmp"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"text/tabwriter"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/stepuptest"
)

var (
	guards = flag.Bool("guards", false, "measure the guards in Go and on Node; without it they are not")
	rounds = flag.Int("rounds", 5, "how often each figure of the guards is measured, in turns")
)

// guardKey is the variable that makes this program the guarded service in Go; it holds the issuer's address.
const guardKey = "BENCH_GUARD"

// serveGuard is what sdk/typescript/scripts/bench-guard.mjs is on Node: a bare route and guarded ones.
func serveGuard(issuer string) error {
	verifier, err := stepup.NewVerifier(stepup.Config{Issuer: issuer})
	if err != nil {
		return err
	}
	client, err := stepup.NewClient(stepup.ClientConfig{Issuer: issuer, ServiceToken: stepup.ServiceToken(os.Getenv("SERVICE_TOKEN"))})
	if err != nil {
		return err
	}
	offline, err := stepup.NewGuard(stepup.GuardConfig{Verifier: verifier, OfflineOnly: true})
	if err != nil {
		return err
	}
	spending, err := stepup.NewGuard(stepup.GuardConfig{Verifier: verifier, Client: client})
	if err != nil {
		return err
	}
	bare := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux := http.NewServeMux()
	mux.Handle("/bare", bare)
	mux.Handle("/offline", offline.Require(stepup.UserUpdate)(bare))
	mux.Handle("/once", spending.Require(stepup.WalletExport)(bare))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(listener.Addr())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	return http.Serve(listener, mux)
}

// guardRow is one way to call the guarded services.
type guardRow struct {
	name, path string
	token      stepuptest.Token // Scopes is empty where none is sent
	again      bool             // one token for all requests, in place of one for each
}

var timeBound = stepuptest.Token{Scopes: []stepup.Scope{stepup.UserUpdate}, TimeBound: true}

var guardRows = []guardRow{
	{name: "bare handler", path: "/bare"},
	{name: "offline, the same token", path: "/offline", token: timeBound, again: true},
	{name: "offline, a token each", path: "/offline", token: timeBound},
	{name: "single-use, spent at the issuer", path: "/once", token: stepuptest.Token{Scopes: []stepup.Scope{stepup.WalletExport}}},
}

// tokensEach bounds how many requests of one measurement carry a token of their own.
const tokensEach = 4000

// TestGuards prints what the guards add to a bare handler, in Go and on Node side by side:
// both take the same requests from the same callers, in turns.
func TestGuards(t *testing.T) {
	if !*guards {
		t.Skip("it measures for minutes: make bench-guards")
	}
	issuer := stepuptest.NewIssuer(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	subjects := []*subject{
		startGuard(t, issuer, "Go", exec.Command(self)),
		startGuard(t, issuer, "Node", exec.Command("node", "../../sdk/typescript/scripts/bench-guard.mjs")),
	}
	found := map[guardCell][]measured{}
	for round := range *rounds + 1 { // the first is for warmth
		progress("the guards, round %d of %d", round, *rounds)
		for _, callers := range []int{1, 8} {
			for _, row := range guardRows {
				for _, s := range subjects {
					m := measure(t, s, row.name, callers, guardCall(t, issuer, s, row))
					if cell := (guardCell{row.name, s.engine, callers}); round > 0 {
						found[cell] = append(found[cell], m)
					}
				}
			}
		}
	}
	text := guardText(found)
	fmt.Print(text)
	if err := os.MkdirAll(*out, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(*out, "guards.txt"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// startGuard starts a guarded service, which ends with the test.
func startGuard(t *testing.T, issuer *stepuptest.Issuer, name string, cmd *exec.Cmd) *subject {
	t.Helper()
	cmd.Env = append(os.Environ(), guardKey+"="+issuer.URL(), "ISSUER="+issuer.URL(), "SERVICE_TOKEN="+string(issuer.ServiceToken()))
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = stdin.Close()
		_ = cmd.Wait()
	})
	address, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatalf("the service in %s did not start: %v", name, err)
	}
	return &subject{engine: name, urls: []string{"http://" + strings.TrimSpace(address)}, pid: cmd.Process.Pid}
}

// guardCall is one request of a row. Tokens are made before anything is measured.
func guardCall(t *testing.T, issuer *stepuptest.Issuer, s *subject, row guardRow) operation {
	t.Helper()
	header := http.Header{"Authorization": {"Bearer " + issuer.Session(t, stepuptest.Session{})}}
	if len(row.token.Scopes) == 0 {
		return func(int, int64) error { return call(http.MethodPost, s.urls[0]+row.path, header, nil, nil) }
	}
	tokens := make([]string, 1)
	if !row.again {
		tokens = make([]string, tokensEach)
	}
	for i := range tokens {
		tokens[i] = issuer.Token(t, row.token)
	}
	var next atomic.Int64
	return func(int, int64) error {
		n := next.Add(1) - 1
		if row.again {
			n = 0
		}
		if n >= int64(len(tokens)) {
			return errSpent
		}
		headers := http.Header{"Authorization": header["Authorization"], stepup.HeaderElevatedAccessToken: {tokens[n]}}
		return call(http.MethodPost, s.urls[0]+row.path, headers, nil, nil)
	}
}

// guardCell is a place in the table.
type guardCell struct {
	row, engine string
	callers     int
}

// guardText is the table. What is added is the difference to the bare handler of the same round.
func guardText(found map[guardCell][]measured) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "row\tguard\tcallers\trequests/s\tp50 ms\tp99 ms\tadded p50 ms\tcpu ms\tadded cpu ms\t")
	for _, callers := range []int{1, 8} {
		for _, row := range guardRows {
			for _, engine := range []string{"Go", "Node"} {
				own := found[guardCell{row.name, engine, callers}]
				bare := found[guardCell{guardRows[0].name, engine, callers}]
				figures := func(of func(int) float64, digits int) string {
					values := make([]float64, len(own))
					for round := range own {
						values[round] = of(round)
					}
					return spread(values, digits)
				}
				added, addedCPU := "", ""
				if row.path != guardRows[0].path {
					added = figures(func(round int) float64 { return own[round].P50 - bare[round].P50 }, 2)
					addedCPU = figures(func(round int) float64 { return own[round].processor() - bare[round].processor() }, 2)
				}
				fmt.Fprintf(w, "%s\t%s\t%d\t%s\t%s\t%s\t%s\t%s\t%s\t\n", row.name, engine, callers,
					figures(func(round int) float64 { return own[round].Rate }, 0),
					figures(func(round int) float64 { return own[round].P50 }, 2),
					figures(func(round int) float64 { return own[round].P99 }, 1), added,
					figures(func(round int) float64 { return own[round].processor() }, 2), addedCPU)
			}
		}
	}
	_ = w.Flush()
	return b.String()
}

// spread is the median of some values, with the least and the most.
func spread(values []float64, digits int) string {
	slices.SortFunc(values, cmp.Compare[float64])
	if len(values) == 0 {
		return "-"
	}
	return fmt.Sprintf("%.*f (%.*f–%.*f)", digits, values[len(values)/2], digits, values[0], digits, values[len(values)-1])
}
