package bench_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/store/storetest"
	"github.com/stepup-auth/stepup/stepuptest"
)

// limits are what the primitives cost on this machine, in this run.
type limits struct {
	Sign, Verify float64 // one ES256 signature, microseconds
	Offline      float64 // one elevated token by the library, the first time, microseconds
	Again        float64 // the same token by the same verifier again
	Sync, Sync99 float64 // one page and one sync, milliseconds
	Reference    measured
	Group        map[string]float64 // rows a second of 32 callers, each in a transaction of its own, by database
}

func measureLimits(t *testing.T) limits {
	t.Helper()
	l := limits{Group: map[string]float64{}}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	digest := sha256.Sum256([]byte("stepup"))
	signature, err := ecdsa.SignASN1(rand.Reader, key, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	issuer := stepuptest.NewIssuer(t)
	keys := stepup.StaticKeySet{issuer.RotateKey(t, stepup.ES256)}
	verifier, token := issuer.Verifier(t), issuer.Token(t, stepuptest.Token{Scopes: []stepup.Scope{"transfer:create"}})
	least(&l.Sign, func() { _, _ = ecdsa.SignASN1(rand.Reader, key, digest[:]) })
	least(&l.Verify, func() { ecdsa.VerifyASN1(&key.PublicKey, digest[:], signature) })
	verify := func(v *stepup.Verifier) {
		if _, err := v.Elevated(t.Context(), token); err != nil {
			t.Fatal(err)
		}
	}
	least(&l.Again, func() { verify(verifier) })
	least(&l.Offline, func() {
		fresh, err := stepup.NewVerifier(stepup.Config{Issuer: issuer.URL(), Keys: keys, Now: issuer.Now})
		if err != nil {
			t.Fatal(err)
		}
		verify(fresh)
	})
	l.Sync, l.Sync99 = syncs(t)
	l.Reference = reference(t)
	for _, engine := range strings.Split(*engines, ",") {
		l.Group[engine] = groupCommitted(t, engine)
	}
	return l
}

// least is the least of five rounds, in microseconds each.
func least(into *float64, op func()) {
	for range 5 {
		const times = 500
		start := time.Now()
		for range times {
			op()
		}
		took := float64(time.Since(start)) / times / float64(time.Microsecond)
		if *into == 0 || took < *into {
			*into = took
		}
	}
}

func syncs(t *testing.T) (median, p99 float64) {
	t.Helper()
	file, err := os.Create(filepath.Join(diskFolder(t), "page"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	page := make([]byte, 4096)
	var took []time.Duration
	for i := range int64(500) {
		start := time.Now()
		if _, err := file.WriteAt(page, i*4096); err != nil {
			t.Fatal(err)
		}
		if err := file.Sync(); err != nil {
			t.Fatal(err)
		}
		took = append(took, time.Since(start))
	}
	slices.Sort(took)
	return ms(took[len(took)/2]), ms(took[len(took)*99/100])
}

// groupCommitted is how many rows a second a database takes from 32 callers at once.
func groupCommitted(t *testing.T, engine string) float64 {
	t.Helper()
	url := "sqlite:" + filepath.Join(diskFolder(t), "group.db")
	if engine == store.Postgres {
		url = storetest.StartServer(t).Database(t)
	}
	db := storetest.Open(t, url)
	write := func(statement string, args ...any) error {
		return db.Write(context.Background(), func(tx *store.Tx) error {
			_, err := tx.Exec(statement, args...)
			return err
		})
	}
	if err := write(`CREATE TABLE things (id BIGINT PRIMARY KEY)`); err != nil {
		t.Fatal(err)
	}
	var n atomic.Int64
	end := time.Now().Add(min(*each, 2*time.Second))
	start := time.Now()
	var all sync.WaitGroup
	for range 32 {
		all.Go(func() {
			for time.Now().Before(end) {
				if err := write(`INSERT INTO things (id) VALUES ($1)`, n.Add(1)); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	return float64(n.Load()) / time.Since(start).Seconds()
}

// referenceKey is the variable that makes this program the reference handler; it holds a public key.
const referenceKey = "BENCH_REFERENCE"

// reference measures a server of the standard library that verifies one signature for each request.
func reference(t *testing.T) measured {
	t.Helper()
	s, address, header := startReference(t, "bare")
	return measure(t, s, "reference", 8, func(int, int64) error { return call("GET", address, header, nil, nil) })
}

// measureLibrary measures what services do without asking the server: it has no database.
func measureLibrary(t *testing.T) (all []measured) {
	issuer := stepuptest.NewIssuer(t)
	keys := stepup.StaticKeySet{issuer.RotateKey(t, stepup.ES256)}
	verifier, token := issuer.Verifier(t), issuer.Token(t, stepuptest.Token{Scopes: []stepup.Scope{"transfer:create"}})
	guarded, address, header := startReference(t, "guarded")
	own := &subject{engine: "none", pid: os.Getpid()}
	for _, row := range []struct {
		name string
		s    *subject
		op   operation
	}{
		{"offline verify, the first time", own, func(int, int64) error {
			fresh, err := stepup.NewVerifier(stepup.Config{Issuer: issuer.URL(), Keys: keys, Now: issuer.Now})
			if err == nil {
				_, err = fresh.Elevated(context.Background(), token)
			}
			return err
		}},
		{"offline verify, again", own, func(int, int64) error {
			_, err := verifier.Elevated(context.Background(), token)
			return err
		}},
		{"middleware, forwarded", guarded, func(int, int64) error { return call("GET", address, header, nil, nil) }},
	} {
		if !strings.Contains(row.name, *only) {
			continue
		}
		progress("%s", row.name)
		for text := range strings.SplitSeq(*workers, ",") {
			all = append(all, measure(t, row.s, row.name, number(text), row.op))
		}
	}
	return all
}

// startReference starts this program as a handler; see [serveReference].
func startReference(t *testing.T, how string) (*subject, string, http.Header) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), referenceKey+"="+how)
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	var told struct {
		Address string
		Header  http.Header
	}
	if err := json.NewDecoder(pipe).Decode(&told); err != nil {
		t.Fatal(err)
	}
	return &subject{engine: "none", pid: cmd.Process.Pid}, told.Address, told.Header
}

// serveReference is a handler that tells on its standard output where it is and what to
// send there. Bare, it verifies one signature for each request; guarded, the library lets
// a caller's session and time-bound token through.
func serveReference(how string) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	digest := sha256.Sum256([]byte("stepup"))
	signature, err := ecdsa.SignASN1(rand.Reader, key, digest[:])
	if err != nil {
		panic(err)
	}
	answer := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"ok":true}`))
	})
	var handler http.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !ecdsa.VerifyASN1(&key.PublicKey, digest[:], signature) {
			http.Error(w, "no", http.StatusForbidden)
			return
		}
		answer(w, r)
	})
	header := http.Header{"Authorization": {"Bearer x"}}
	if how == "guarded" {
		handler, header = guarded(answer)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	told := map[string]any{"address": "http://" + listener.Addr().String() + "/", "header": header}
	if err := json.NewEncoder(os.Stdout).Encode(told); err != nil {
		panic(err)
	}
	panic(http.Serve(listener, handler))
}

// guarded puts the middleware before a handler, with keys made here.
func guarded(handler http.Handler) (http.Handler, http.Header) {
	t := &testing.T{}
	issuer := stepuptest.NewIssuer(t)
	guard, err := stepup.NewGuard(stepup.GuardConfig{Verifier: issuer.Verifier(t), OfflineOnly: true})
	if err != nil {
		panic(err)
	}
	return guard.Require(stepup.UserUpdate)(handler), http.Header{
		"Authorization":                  {"Bearer " + issuer.Session(t, stepuptest.Session{})},
		stepup.HeaderElevatedAccessToken: {issuer.Token(t, stepuptest.Token{Scopes: []stepup.Scope{stepup.UserUpdate}, TimeBound: true})},
	}
}

func freePort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
}
