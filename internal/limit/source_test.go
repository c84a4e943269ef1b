package limit_test

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/limit"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/store/storetest"
)

func TestNetwork(t *testing.T) {
	limits := environment.Defaults().Limits
	for address, want := range map[string]string{
		"192.0.2.1":                     "192.0.2.1",
		"::ffff:192.0.2.1":              "192.0.2.1",
		"64:ff9b::c000:201":             "192.0.2.1",
		"2002:c000:201:1::1":            "192.0.2.1",
		"64:ff9b:1::c000:201":           "64:ff9b:1::/64", // local use: where the IPv4 address stands is not known
		"2001:db8:1:2:3:4:5:6":          "2001:db8:1:2::/64",
		"2001:db8:1:2:ffff:ffff:0:1%e0": "2001:db8:1:2::/64",
		"::1":                           "::/64",
		"unknown":                       "unknown",
		"":                              "",
	} {
		if got := limit.From(address, limits).Network(); got != want {
			t.Errorf("%s counts as %s, want %s", address, got, want)
		}
	}
	limits.IPv6Prefix = 56
	if got := limit.From("2001:db8:1:2ff::1", limits).Network(); got != "2001:db8:1:200::/56" {
		t.Errorf("with a shorter prefix: %s", got)
	}
}

// A network has what one address has; all of a site together have ten times as
// much; and what is refused counts nowhere.
func TestPerSource(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, open func(testing.TB) *store.DB) {
		db := open(t)
		rate := environment.Rate{Count: 2, Per: environment.Duration(time.Hour)}
		take := func(address string) (ok bool) {
			t.Helper()
			err := db.Write(t.Context(), func(tx *store.Tx) error {
				refused, _, err := limit.TakeAll(tx,
					limit.PerSource(tx, limit.From(address, environment.Defaults().Limits), rate, "test")...)
				ok = refused == nil
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			return ok
		}
		for i := range 4 {
			if ok := take(fmt.Sprintf("2001:db8::%x", i)); ok != (i < 2) {
				t.Errorf("address %d of one network: %v", i, ok)
			}
		}
		passed := 0
		for i := range 40 {
			if take(fmt.Sprintf("2001:db8:0:%x::1", i)) {
				passed++
			}
		}
		if passed != 18 {
			t.Errorf("%d passed from the rest of the site, want 18", passed)
		}
		if !take("2001:db8:1::1") || !take("192.0.2.1") {
			t.Error("another site is refused")
		}
		for i := range 40 { // refused for the site: their own networks' shares are whole
			if i > 17 && take(fmt.Sprintf("2001:db8:0:%x::1", i)) {
				t.Error("the site has more than its share")
			}
		}
		var counted int64
		err := db.Read(t.Context(), func(tx *store.Tx) error {
			return tx.Row(`SELECT CAST(SUM(count) AS BIGINT) FROM counters WHERE name LIKE 'test:%'`).Scan(&counted)
		})
		if err != nil || counted != 22 {
			t.Errorf("%d counted in networks, want the 22 that passed, %v", counted, err)
		}
	})
}

// What refuses last gives back what the others took.
func TestTakeAll(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, open func(testing.TB) *store.DB) {
		db := open(t)
		err := db.Write(t.Context(), func(tx *store.Tx) error {
			hour := environment.Duration(time.Hour)
			narrow := limit.Bound{Name: "narrow", Key: limit.For(tx, "narrow"), Rate: environment.Rate{Count: 5, Per: hour}}
			broad := limit.Bound{Name: "broad", Key: limit.For(tx, "broad"), Rate: environment.Rate{Count: 1, Per: hour}}
			for i := range 20 {
				refused, wait, err := limit.TakeAll(tx, narrow, broad)
				if err != nil {
					return err
				}
				if i == 0 && refused != nil || i > 0 && (refused == nil || refused.Name != "broad" || wait <= 0 || wait > time.Hour) {
					t.Errorf("event %d: %v, %v", i, refused, wait)
				}
			}
			for _, b := range []limit.Bound{narrow, broad} {
				if n, err := limit.Seen(tx, b.Key); n != 1 || err != nil {
					t.Errorf("%s: %d counted, %v", b.Name, n, err)
				}
			}
			if full, _, err := limit.Full(tx, narrow, broad); err != nil || full == nil || full.Name != "broad" {
				t.Errorf("full: %v, %v", full, err)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

// Whatever a request says its address is, counting it never fails, and two
// addresses of one network never count apart.
func FuzzNetwork(f *testing.F) {
	for _, seed := range []string{"192.0.2.1", "2001:db8::1", "::ffff:1.2.3.4", "64:ff9b::1.2.3.4", "2002:102:304::", "fe80::1%a",
		"unknown", ""} {
		f.Add(seed)
	}
	limits := environment.Defaults().Limits
	f.Fuzz(func(t *testing.T, address string) {
		network := limit.From(address, limits).Network()
		at, err := netip.ParseAddr(address)
		if err != nil {
			if network != address {
				t.Errorf("%q counts as %q", address, network)
			}
			return
		}
		if p, err := netip.ParsePrefix(network); err == nil {
			if p.Bits() != 64 || !p.Contains(at.WithZone("")) || limit.From(p.Addr().String(), limits).Network() != network {
				t.Errorf("%s counts as %s", at, network)
			}
		} else if v4, err := netip.ParseAddr(network); err != nil || !v4.Is4() {
			t.Errorf("%s counts as %s", at, network)
		}
	})
}
