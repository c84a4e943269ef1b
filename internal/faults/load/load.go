// Package load drives servers from outside, as an app and its guards would, while
// somebody breaks them, and writes down what it hears for [history.Judge].
//
// Servers need nothing but the environments of [Documents], two service tokens, and, so
// that clients count as coming from many addresses, a trusted way to them
// (STEPUP_TRUSTED_PROXIES=127.0.0.1/32 where nothing is in between). No mail is sent.
//
//	l := load.Start(t, load.Options{URLs: urls, Guard: guard, Auditor: auditor})
//	l.Hear(100)     // wait for so many answers, then break something, and mend it
//	l.Point(urls…)  // if it came back elsewhere
//	l.Settle()      // ask again about everything that was touched since the last time
//	tally := l.Stop() // the last Settle; what broke a rule fails the test
//
// Faults by which things end before their time are told with l.Log.Moved.
package load

import (
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stepup-auth/stepup/internal/faults/history"
	"github.com/stepup-auth/stepup/internal/server/servertest"
)

// Documents are the environments that the servers must have: one at the newest version,
// one with action-based MFA.
func Documents() []string {
	const more = "wallets: {chains: [EVM]}\nsessions: {lifetime: 2d, idle: 2d}\n"
	mfa := "mfa: {methods: [{type: totp, enabled: true, allowBackupCodes: true}], actions: [{action: user.update, required: true}]}\n"
	limits := fmt.Sprintf("limits:\n  factorGuesses: %d\n  factorHardStop: %d\n", history.GuessLimit, history.GuessLimit)
	newest := servertest.Document(servertest.A, more+"mfa: {methods: [{type: totp, enabled: true, allowBackupCodes: true}]}\n")
	return []string{replace(newest, "limits:\n", limits), servertest.Document(servertest.Legacy, more+mfa)}
}

// Options say what is driven, and how hard.
type Options struct {
	URLs    []string // base addresses; each request goes to one of them
	Guard   string   // service token with tokens.consume
	Auditor string   // service token with audit.read

	Clients  int           // 8 unless said
	Patience time.Duration // how long a client waits for an answer; 10 s unless said
	Pace     time.Duration // pause of a client between requests; none unless said

	Now func() time.Time // the clock of the servers; this machine's unless said
}

// Load is clients at work.
type Load struct {
	Log *history.Log

	t       testing.TB
	options Options
	http    *http.Client
	ended   chan struct{}
	running sync.WaitGroup
	stopped bool
	work    sync.RWMutex // held for reading by each step of a client, for writing while settling

	mu      sync.Mutex
	urls    []string
	tokens  []*token   // of late, for everybody to try
	touched []settling // since the last Settle
}

// Start signs clients in and sets them to work until Stop, or the end of the test.
func Start(t testing.TB, o Options) *Load {
	t.Helper()
	if o.Clients == 0 {
		o.Clients = 8
	}
	if o.Patience == 0 {
		o.Patience = 10 * time.Second
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	l := &Load{
		Log: history.New(), t: t, options: o, urls: o.URLs, ended: make(chan struct{}),
		http: &http.Client{Timeout: o.Patience, Transport: &http.Transport{
			MaxIdleConnsPerHost: o.Clients, IdleConnTimeout: time.Minute, DisableCompression: true,
			DialContext: (&net.Dialer{Timeout: o.Patience}).DialContext,
		}},
	}
	for i := range o.Clients {
		c := &client{Load: l, random: rand.New(rand.NewPCG(uint64(i), rand.Uint64()))}
		l.running.Go(c.run)
	}
	t.Cleanup(l.end)
	return l
}

func (l *Load) end() {
	l.mu.Lock()
	first := !l.stopped
	l.stopped = true
	l.mu.Unlock()
	if first {
		close(l.ended)
	}
	l.running.Wait()
	l.http.CloseIdleConnections()
}

// Point sends requests to other addresses from now on.
func (l *Load) Point(urls ...string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.urls = urls
}

// Hear waits until clients have heard so many more answers that decide something.
func (l *Load) Hear(answers int) {
	l.t.Helper()
	l.until(l.Log.Heard, l.Log.Heard()+answers)
}

func (l *Load) until(count func() int, want int) {
	l.t.Helper()
	deadline := time.After(2 * time.Minute)
	for count() < want {
		select {
		case <-deadline:
			l.t.Fatalf("clients wait too long:\n%s", l.Log.Tally())
		case <-time.After(time.Millisecond):
		}
	}
}

// End lets clients finish what they are at, and asks about nothing.
func (l *Load) End() { l.end() }

// Cut is the load as it would be if the servers had gone at that moment and come back at
// the address as they were then, with what clients had touched shortly before. It must
// have ended, and none of it been settled.
func (l *Load) Cut(moment time.Time, shortly time.Duration, url string) *Load {
	at := l.Log.At(moment)
	cut := &Load{Log: l.Log.Until(at), t: l.t, options: l.options, http: l.http, urls: []string{url}, ended: l.ended, stopped: true}
	recent := cut.Log.Since(at - shortly)
	for _, one := range l.touched {
		if recent[one.of()] {
			cut.touched = append(cut.touched, one)
		}
	}
	return cut
}

// Wait waits until clients have sent so many more requests, whatever they heard.
func (l *Load) Wait(requests int) {
	l.t.Helper()
	l.until(l.Log.Len, l.Log.Len()+requests)
}

// Stop ends the load, asks once more about everything that is still open, and fails the
// test for each rule that was broken.
func (l *Load) Stop() history.Tally {
	l.t.Helper()
	tally, findings := l.Verdict()
	for i, f := range findings {
		if i == 5 {
			l.t.Errorf("and %d more", len(findings)-i)
			break
		}
		l.t.Error(f)
	}
	return tally
}

// Verdict is Stop for whoever wants to see the findings.
func (l *Load) Verdict() (history.Tally, []history.Finding) {
	l.t.Helper()
	l.end()
	silent := l.settleAll()
	return l.Log.Tally(), append(l.Log.Judge(), silent...)
}
