package emailcode_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/method"
	"github.com/stepup-auth/stepup/internal/method/emailcode"
	"github.com/stepup-auth/stepup/internal/method/sentcode"
	"github.com/stepup-auth/stepup/internal/tenant/tenanttest"
)

// Guesses at somebody's sign-in make the codes longer; they never lock the
// owner out, and a short code that is out by then is no way in either.
func TestCodesGrowWhileGuessed(t *testing.T) {
	tenanttest.Engines(t, tenanttest.Document(manySends), func(t *testing.T, w *tenanttest.World) {
		ask := func(address, source string) (string, string) {
			t.Helper()
			return w.Ask(t, w.From(source), emailcode.Request{Purpose: method.SignIn, Address: address})
		}
		old, oldCode := ask("ada@example.com", "198.51.100.1")
		for i := range 10 {
			source := fmt.Sprintf("192.0.2.%d", i)
			id, code := ask("ada@example.com", source)
			if compared, _ := burst(t, w, []guess{{nil, id, wrong(code), source}}); compared != 1 {
				t.Fatalf("guess %d was not compared", i)
			}
		}
		try(t, w, nil, old, oldCode, fault.InvalidEmailVerification)
		id, code := ask("ada@example.com", "198.51.100.1")
		if len(code) != sentcode.LongDigits {
			t.Fatalf("the new code has %d digits, want %d", len(code), sentcode.LongDigits)
		}
		try(t, w, nil, id, code, "")
		if _, code := ask("grace@example.com", "198.51.100.2"); len(code) != sentcode.Digits {
			t.Errorf("somebody else's code has %d digits", len(code))
		}
		w.Clock.Advance(24 * time.Hour)
		if _, code := ask("ada@example.com", "198.51.100.1"); len(code) != sentcode.Digits {
			t.Errorf("a day later the code has %d digits", len(code))
		}
	})
}

// Spraying: a few guesses each at many people's sign-in.
func TestCodesGrowWhileSprayed(t *testing.T) {
	w := tenanttest.SQLite(t, tenanttest.Document(manySends))
	early, earlyCode := w.Ask(t, w.From("198.51.100.1"), emailcode.Request{Purpose: method.SignIn, Address: "ada@example.com"})
	for i := range 40 {
		source := fmt.Sprintf("192.0.2.%d", i)
		id, code := w.Ask(t, w.From(source), emailcode.Request{Purpose: method.SignIn, Address: fmt.Sprintf("user%d@example.com", i)})
		for range 5 {
			burst(t, w, []guess{{nil, id, wrong(code), source}})
		}
	}
	try(t, w, nil, early, earlyCode, fault.InvalidEmailVerification)
	id, code := w.Ask(t, w.From("198.51.100.1"), emailcode.Request{Purpose: method.SignIn, Address: "ada@example.com"})
	if len(code) != sentcode.LongDigits {
		t.Fatalf("the new code has %d digits, want %d", len(code), sentcode.LongDigits)
	}
	try(t, w, nil, id, code, "")
}
