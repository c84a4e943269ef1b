package shadow_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/shadow"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/store/storetest"
)

var noon = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

func counts(t *testing.T, db *store.DB, environmentID string) (list []store.ShadowCount) {
	t.Helper()
	if err := db.Read(t.Context(), func(tx *store.Tx) (err error) {
		list, err = tx.ShadowCounts(environmentID, "")
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return list
}

func TestCounting(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, open func(testing.TB) *store.DB) {
		db := open(t)
		now := noon
		a, b := shadow.NewCounter(func() time.Time { return now }), shadow.NewCounter(func() time.Time { return now })
		seen := shadow.Observation{EnvironmentID: "e", Client: "ClientSDK/1.27.1", Scope: "wallet:sign", Call: shadow.SignWallet,
			Verdict: shadow.Prompt}
		var group sync.WaitGroup
		for _, counter := range []*shadow.Counter{a, b} {
			for range 4 {
				group.Go(func() {
					for range 100 {
						counter.Add(seen)
						counter.See("e", "WalletKit/5.3.2")
					}
				})
			}
		}
		group.Wait()
		for _, counter := range []*shadow.Counter{a, b, a} {
			if err := counter.Flush(t.Context(), db); err != nil {
				t.Fatal(err)
			}
		}
		now = noon.Add(24 * time.Hour)
		a.Add(seen)
		if err := a.Flush(t.Context(), db); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, c := range counts(t, db, "e") {
			if c.Verdict != string(shadow.Seen) {
				got = append(got, fmt.Sprintf("%s %s %s %d", c.Day, c.Client, c.Verdict, c.Count))
			}
		}
		if want := []string{"2026-05-01 ClientSDK/1.27.1 prompt 800", "2026-05-02 ClientSDK/1.27.1 prompt 1"}; !slices.Equal(got, want) {
			t.Errorf("counted %v, want %v", got, want)
		}
	})
}

// The header is anybody's to write: an environment keeps 200 names a day, over
// all nodes together.
func TestClientsAreBounded(t *testing.T) {
	db := storetest.SQLite(t)
	for node := range 2 {
		counter := shadow.NewCounter(func() time.Time { return noon })
		for i := range 1000 {
			counter.Add(shadow.Observation{EnvironmentID: "e", Client: fmt.Sprintf("ClientSDK/%d.0.%d", node, i), Verdict: shadow.Pass})
		}
		if err := counter.Flush(t.Context(), db); err != nil {
			t.Fatal(err)
		}
	}
	clients := map[string]int64{}
	var all int64
	for _, c := range counts(t, db, "e") {
		clients[c.Client] += c.Count
		all += c.Count
	}
	if len(clients) > shadow.MaxClients+1 || all != 2000 || clients[shadow.Other] != 2000-shadow.MaxClients {
		t.Errorf("%d clients, %d calls, %d of them other", len(clients), all, clients[shadow.Other])
	}
}

func TestFlushThatFailsLosesNothing(t *testing.T) {
	broken := false
	db := storetest.SQLite(t, storetest.WithFault(func(op string) error {
		if broken && op == "exec" {
			return errors.New("disk full")
		}
		return nil
	}))
	counter := shadow.NewCounter(func() time.Time { return noon })
	counter.Add(shadow.Observation{EnvironmentID: "e", Client: "ClientSDK/1.0.0", Verdict: shadow.Pass})
	broken = true
	if err := counter.Flush(t.Context(), db); err == nil {
		t.Fatal("the fault was not injected")
	}
	broken = false
	if err := counter.Flush(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	if got := counts(t, db, "e"); len(got) != 1 || got[0].Count != 1 {
		t.Errorf("counted %v", got)
	}
}

func TestParseClient(t *testing.T) {
	for header, want := range map[string]string{
		"": shadow.Unnamed, "ClientSDK/1.27.1": "ClientSDK/1.27.1", "WalletKit/5.3.2-alpha.1": "WalletKit/5.3.2-alpha.1",
		"ClientSDK/harness": "", "ClientSDK/1.27": "", "ClientSDK": "", "1/2.3.4": "", "A B/1.2.3": "", "ClientSDK/1.27.1\n": "",
		"ClientSDK/1.27.1 x": "", strings.Repeat("A", 33) + "/1.2.3": "", "<script>/1.2.3": "", "ClientSDK/123456.1.1": "",
	} {
		c, ok := shadow.ParseClient(header)
		if ok != (want != "") || ok && c.String() != want {
			t.Errorf("ParseClient(%q) = %v, %v", header, c, ok)
		}
	}
}

func FuzzParseClient(f *testing.F) {
	f.Add("ClientSDK/1.27.1")
	f.Add("WalletKit/4.76.0-beta.2+x")
	f.Fuzz(func(t *testing.T, header string) {
		c, ok := shadow.ParseClient(header)
		if !ok {
			return
		}
		if again, ok := shadow.ParseClient(c.String()); header != "" && (!ok || again != c || c.String() != header) {
			t.Errorf("%q is read as %q", header, c)
		}
		c.Below()
		c.Attaches(shadow.LinkSocial)
	})
}

// The minimums of the migration guide and of the public documentation.
func TestBelow(t *testing.T) {
	for _, row := range []struct {
		client string
		below  bool
	}{
		{"ClientSDK/0.24.0", true}, {"ClientSDK/0.24.1", false}, {"ClientSDK/0.24.1-rc.1", true}, {"ClientSDK/1.0.0", false},
		{"ClientSDK/0.9.30", true}, {"WalletKit/4.75.9", true}, {"WalletKit/4.76.0", false}, {"WalletKit/10.0.0", false},
		{"FlutterSDK/1.2.9", true}, {"FlutterSDK/1.2.10", false}, {"KotlinSDK/1.0.7", true}, {"KotlinSDK/1.0.8", false},
		{"SwiftSDK/1.0.10", true}, {"SwiftSDK/1.0.11", false}, {"Unheard/0.0.1", false},
	} {
		c, _ := shadow.ParseClient(row.client)
		if _, below := c.Below(); below != row.below {
			t.Errorf("%s below the minimum: %v", row.client, below)
		}
	}
}

// Table 11.4 of the wire reference, written out a second time.
func TestAttaches(t *testing.T) {
	js, react := "ClientSDK/1.27.1", "WalletKit/5.3.2"
	for _, row := range []struct {
		call      shadow.Call
		js, react bool
	}{
		{shadow.RegisterTOTP, true, true}, {shadow.RegisterPasskey, true, true}, {shadow.LinkSocial, true, true},
		{shadow.LinkWallet, false, true}, {shadow.LinkEmail, false, true}, {shadow.LinkPhone, false, true},
		{shadow.DeleteDevice, true, true}, {shadow.DeletePasskey, true, true},
		{shadow.UnlinkSocial, true, true}, {shadow.UnlinkWallet, false, true}, {shadow.UpdateUser, false, false},
		{shadow.DeleteUser, false, false}, {shadow.ExportWallet, true, true}, {shadow.SignWallet, true, true},
		{shadow.RefreshWallet, false, true}, {shadow.ReshareWallet, false, true}, {shadow.OtherCall, false, false},
	} {
		for client, want := range map[string]bool{js: row.js, react: row.react} {
			c, _ := shadow.ParseClient(client)
			if c.Attaches(row.call) != want {
				t.Errorf("%s attaches a token to %q: %v", client, row.call, !want)
			}
		}
		if ours, _ := shadow.ParseClient("StepUpClient/0.1.0"); !ours.Attaches(row.call) {
			t.Errorf("our own client attaches no token to %q", row.call)
		}
	}
	old, _ := shadow.ParseClient("ClientSDK/1.1.0")
	if old.Attaches(shadow.UnlinkSocial) {
		t.Error("1.1.0 attaches no token to a social unlink")
	}
}

func TestNeeded(t *testing.T) {
	react := shadow.Client{SDK: "WalletKit", Version: "5.3.2"}
	js := shadow.Client{SDK: "ClientSDK", Version: "1.27.1"}
	for _, row := range []struct {
		clients []shadow.Client
		want    []environment.Compatible
	}{
		{nil, []environment.Compatible{}},
		{[]shadow.Client{{}}, []environment.Compatible{}},
		{[]shadow.Client{react}, []environment.Compatible{environment.UpdateUser, environment.DeleteUser}},
		{[]shadow.Client{react, js}, []environment.Compatible{
			environment.LinkWallet, environment.LinkEmail, environment.LinkPhone, environment.UnlinkWallet, environment.UpdateUser,
			environment.DeleteUser, environment.Refresh, environment.Reshare,
			environment.RefreshWithoutMFA, environment.ReshareWithoutMFA}},
		{[]shadow.Client{{SDK: "ClientSDK", Version: "0.20.0"}}, environment.Compatibilities},
	} {
		if got := shadow.Needed(row.clients); !slices.Equal(got, row.want) {
			t.Errorf("Needed(%v) = %v, want %v", row.clients, got, row.want)
		}
	}
}

// What counting adds to a request, beside the cost of one lock.
func BenchmarkAdd(b *testing.B) {
	counter := shadow.NewCounter(time.Now)
	o := shadow.Observation{EnvironmentID: "11111111-2222-4333-8444-555555555555", Client: "ClientSDK/1.27.1", Scope: "wallet:sign",
		Call: shadow.SignWallet, Verdict: shadow.Pass}
	b.Run("add", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			counter.Add(o)
		}
	})
	var mu sync.Mutex
	b.Run("lock", func(b *testing.B) {
		for b.Loop() {
			mu.Lock()
			mu.Unlock() //lint:ignore SA2001 the limit that the lock itself sets
		}
	})
}
