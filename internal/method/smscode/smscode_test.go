package smscode_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/method"
	"github.com/stepup-auth/stepup/internal/method/emailcode"
	"github.com/stepup-auth/stepup/internal/method/smscode"
	"github.com/stepup-auth/stepup/internal/phone"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/tenant/tenanttest"
	"github.com/stepup-auth/stepup/internal/who"
)

func link(tx *store.Tx, w *tenanttest.World, s store.SessionRow, number string) error {
	n, err := phone.ParseE164(number)
	if err != nil {
		return err
	}
	_, err = account.Link(w.About(s.UserID), tx, account.PhoneAddress(n),
		account.Authority{Provenance: store.ProvenanceElevatedToken})
	return err
}

// textsOn is a line for [tenanttest.Document] that switches text messages on.
const textsOn = "sms: {enabled: true, countries: [US, GB]}"

func numberOf(t testing.TB, w *tenanttest.World, s store.SessionRow) (number string) {
	t.Helper()
	w.Read(t, func(tx *store.Tx) error {
		rows, err := tx.Credentials(tenanttest.ID, s.UserID)
		for _, row := range rows {
			if row.Format == store.FormatPhone {
				number = row.Identifier
			}
		}
		return err
	})
	return number
}

// send asks for a code as the server does: a refusal counts too.
func send(t testing.TB, w *tenanttest.World, c who.Caller, r smscode.Request) (challengeID string, refused error) {
	t.Helper()
	w.Write(t, func(tx *store.Tx) error {
		row, err := smscode.Create(c, tx, r)
		challengeID, refused = row.ID, nil
		if f := (*fault.Error)(nil); errors.As(err, &f) {
			refused, err = err, nil
		}
		return err
	})
	return challengeID, refused
}

func try(w *tenanttest.World, t testing.TB, s *store.SessionRow, id, typed string) error {
	return method.Check(t.Context(), w.DB, smscode.Method{}, w.Attempt(s, id, typed),
		func(*store.Tx, method.Proof) error { return nil })
}

// B10: 1,000 sends to one range of numbers stop at the cap, whoever asks and to
// whichever number in it; another range goes on, and so does the range an hour
// later.
func TestB10Pumping(t *testing.T) {
	t.Parallel()
	document := tenanttest.Document("sms: {enabled: true, countries: [US], perPrefix: {count: 30, per: 1h}}")
	tenanttest.Engines(t, document, func(t *testing.T, w *tenanttest.World) {
		pump := func(prefix string) (sent int) {
			for i := range 1000 {
				_, refused := send(t, w, w.From(fmt.Sprint("source ", i)), smscode.Request{Purpose: method.SignIn,
					Address: fmt.Sprintf("%s%04d", prefix, i)})
				switch {
				case refused == nil:
					sent++
				case !fault.Has(refused, fault.RateLimited):
					t.Fatal(refused)
				}
			}
			return sent
		}
		if sent := pump("+1415555"); sent != 30 {
			t.Errorf("%d of 1,000 sends, want 30", sent)
		}
		if texts := w.Mails(t); len(texts) != 30 {
			t.Errorf("%d texts, want 30", len(texts))
		}
		if _, refused := send(t, w, w.From(""), smscode.Request{Purpose: method.SignIn, Address: "+12125550123"}); refused != nil {
			t.Errorf("another range: %v", refused)
		}
		w.Clock.Advance(time.Hour)
		if _, refused := send(t, w, w.From(""), smscode.Request{Purpose: method.SignIn, Address: "+14155550123"}); refused != nil {
			t.Errorf("an hour later: %v", refused)
		}
	})
}

// B10: the cap on the whole environment holds over all ranges.
func TestB10Environment(t *testing.T) {
	t.Parallel()
	w := tenanttest.SQLite(t, tenanttest.Document("sms: {enabled: true, countries: [US], perHour: 20}"))
	for i := range 60 {
		r := smscode.Request{Purpose: method.SignIn, Address: fmt.Sprintf("+1415%03d0123", 200+i)}
		_, refused := send(t, w, w.From(fmt.Sprint(i)), r)
		if fault.Has(refused, fault.RateLimited) != (i >= 20) {
			t.Fatalf("send %d: %v", i, refused)
		}
	}
}

// B8: strangers who use a range up keep nobody in it from stepping up.
func TestStrangersCannotUseUpTheOwnersRange(t *testing.T) {
	t.Parallel()
	w := tenanttest.SQLite(t, tenanttest.Document("sms: {enabled: true, countries: [US], perPrefix: {count: 3, per: 1h}}"))
	ada := w.SignInByText(t, "+14155550100")
	mallory := w.SignIn(t, "mallory@example.com")
	w.Clock.Advance(25 * time.Hour)
	refusals := 0
	for i := range 10 {
		r := smscode.Request{Purpose: method.InSession, Address: fmt.Sprintf("+141555501%02d", i)}
		if _, refused := send(t, w, w.As(&mallory), r); refused != nil {
			refusals++
		}
	}
	if refusals != 7 {
		t.Errorf("%d refusals, want 7", refusals)
	}
	if _, refused := send(t, w, w.As(&ada),
		smscode.Request{Purpose: method.InSession, Address: "+14155550100"}); refused != nil {
		t.Errorf("the owner gets no code: %v", refused)
	}
	// An account that was made on the way has no half of its own.
	w.Mails(t)
	young := w.SignIn(t, "young@example.com")
	w.Write(t, func(tx *store.Tx) error {
		_, err := tx.Exec(`UPDATE credentials SET user_id = $1 WHERE identifier = '+14155550100'`, young.UserID)
		return err
	})
	_, refused := send(t, w, w.As(&young), smscode.Request{Purpose: method.InSession, Address: "+14155550100"})
	if !fault.Has(refused, fault.RateLimited) {
		t.Errorf("an account of today: %v", refused)
	}
}

// N4: off unless the environment switches it on, and then for its countries and
// types only, as the numbering plan has them.
func TestN4WhatIsTexted(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, sms, number string
		want              fault.Code
	}{
		{"unless switched on", "", "+14155550123", fault.NoSMSProvider},
		{"countries without being on", "sms: {countries: [US]}", "+14155550123", fault.NoSMSProvider},
		{"a country", "sms: {enabled: true, countries: [US]}", "+14155550123", ""},
		{"another country", "sms: {enabled: true, countries: [US]}", "+447400123456", fault.InvalidPhone},
		{"another country with the same code", "sms: {enabled: true, countries: [US]}", "+18095550123", fault.InvalidPhone},
		{"premium rate",
			"sms: {enabled: true, countries: [US], numberTypes: [mobile, fixed_line_or_mobile, fixed_line, voip, personal_number]}",
			"+19005550123", fault.InvalidPhone},
		{"a land line", "sms: {enabled: true, countries: [GB]}", "+442079460000", fault.InvalidPhone},
		{"a land line that is meant", "sms: {enabled: true, countries: [GB], numberTypes: [fixed_line]}", "+442079460000", ""},
		{"a mobile", "sms: {enabled: true, countries: [GB], numberTypes: [mobile]}", "+447400123456", ""},
		{"a mobile where only land lines are meant", "sms: {enabled: true, countries: [GB], numberTypes: [fixed_line]}", "+447400123456",
			fault.InvalidPhone},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := tenanttest.SQLite(t, tenanttest.Document(test.sms))
			_, refused := send(t, w, w.From(""), smscode.Request{Purpose: method.SignIn, Address: test.number})
			if test.want == "" && refused != nil || test.want != "" && !fault.Has(refused, test.want) {
				t.Errorf("%v, want %q", refused, test.want)
			}
			if texts := w.Mails(t); (len(texts) == 1) != (test.want == "") {
				t.Errorf("%d texts", len(texts))
			}
		})
	}
}

// B11: a code works for its channel, session, user and purpose alone; a try
// elsewhere costs its owner nothing.
func TestB11Doors(t *testing.T) {
	t.Parallel()
	tenanttest.Engines(t, tenanttest.Document(textsOn), func(t *testing.T, w *tenanttest.World) {
		number := "+14155550123"
		ada, again, mallory := w.SignInByText(t, number), w.SignInByText(t, number), w.SignIn(t, "mallory@example.com")
		if ada.UserID != again.UserID {
			t.Fatal("one number made two users")
		}
		inside, code := w.AskText(t, w.As(&ada), smscode.Request{Purpose: method.InSession, Address: number})
		outside, outsideCode := w.AskText(t, w.From("192.0.2.1"), smscode.Request{Purpose: method.SignIn, Address: number})
		mailed, mailedCode := w.Ask(t, w.From("192.0.2.1"), emailcode.Request{Purpose: method.SignIn, Address: "mallory@example.com"})
		for range 6 {
			for name, err := range map[string]error{
				"another session":        try(w, t, &again, inside, code),
				"another user":           try(w, t, &mallory, inside, code),
				"sign-in":                try(w, t, nil, inside, code),
				"a session, for sign-in": try(w, t, &ada, outside, outsideCode),
				"mail at the text door":  try(w, t, nil, mailed, mailedCode),
			} {
				if !fault.Has(err, fault.InvalidSMSVerification) {
					t.Errorf("%s: %v", name, err)
				}
			}
			if err := w.Check(t.Context(), w.Attempt(nil, outside, outsideCode),
				func(*store.Tx, method.Proof) error { return nil }); !fault.Has(err, fault.InvalidEmailVerification) {
				t.Errorf("a text at the mail door: %v", err)
			}
		}
		if n := w.Count(t, `SELECT SUM(attempts) FROM code_challenges WHERE consumed_at IS NULL`); n != 0 {
			t.Errorf("%d tries were counted", n)
		}
		if err := try(w, t, &ada, inside, code); err != nil {
			t.Error(err)
		}
		if err := try(w, t, nil, outside, outsideCode); err != nil {
			t.Error(err)
		}
	})
}

// N2: a code is tried five times at most, works once and lives as long as the
// environment says; it is kept as a hash.
func TestN2Life(t *testing.T) {
	t.Parallel()
	w := tenanttest.SQLite(t, tenanttest.Document(textsOn, "limits: {codeExpiry: 2m}"))
	number := "+14155550123"
	ask := func() (id, code string) {
		return w.AskText(t, w.From("192.0.2.1"), smscode.Request{Purpose: method.SignIn, Address: number})
	}
	id, code := ask()
	w.Clock.Advance(2*time.Minute + time.Second)
	if err := try(w, t, nil, id, code); !fault.Has(err, fault.InvalidSMSVerification) {
		t.Errorf("too late: %v", err)
	}
	id, code = ask()
	for range 5 {
		if err := try(w, t, nil, id, wrong(code)); !fault.Has(err, fault.WrongSMSCode) {
			t.Errorf("wrong: %v", err)
		}
	}
	if err := try(w, t, nil, id, code); !fault.Has(err, fault.TooManySMSAttempts) {
		t.Errorf("after five wrong ones: %v", err)
	}
	id, code = ask()
	if n := w.Count(t, `SELECT COUNT(*) FROM code_challenges WHERE code_hash = $1`, []byte(code)); n != 0 || len(code) != 6 {
		t.Errorf("%d codes of %d digits in the clear", n, len(code))
	}
	if err := try(w, t, nil, id, code); err != nil {
		t.Error(err)
	}
	if err := try(w, t, nil, id, code); !fault.Has(err, fault.InvalidSMSVerification) {
		t.Errorf("again: %v", err)
	}
}

// What was proven is the number, with its country, and steps up for its owner
// where texts still go to it.
func TestProof(t *testing.T) {
	t.Parallel()
	w := tenanttest.SQLite(t, tenanttest.Document(textsOn))
	ada := w.SignInByText(t, "+447400123456")
	w.Read(t, func(tx *store.Tx) error {
		rows, err := tx.Credentials(tenanttest.ID, ada.UserID)
		if len(rows) != 1 || rows[0].Identifier != "+447400123456" || rows[0].PublicIdentifier != "+447400123456" {
			t.Fatalf("%+v", rows)
		}
		detail, _ := account.ReadDetail(rows[0].Detail)
		if detail.PhoneNumber != "7400123456" || detail.PhoneCountryCode != "44" || detail.ISOCountryCode != "GB" {
			t.Errorf("%+v", detail)
		}
		return err
	})
	id, code := w.AskText(t, w.As(&ada), smscode.Request{Purpose: method.InSession, Address: numberOf(t, w, ada)})
	w.Apply(t, tenanttest.Document("sms: {enabled: true, countries: [US]}"))
	if _, err := w.Grant(t.Context(), smscode.Method{}, w.Attempt(&ada, id, code), stepup.WalletExport); err == nil {
		t.Error("a number of a country that is out stepped up")
	}
	w.Apply(t, tenanttest.Document(textsOn))
	if text, err := w.Grant(t.Context(), smscode.Method{}, w.Attempt(&ada, id, code), stepup.WalletExport); err != nil || text == "" {
		t.Errorf("stepping up: %v", err)
	}
}

// A resent code replaces the earlier one, for the same number and session only.
func TestResend(t *testing.T) {
	t.Parallel()
	w := tenanttest.SQLite(t, tenanttest.Document(textsOn))
	number, other := "+14155550123", "+14155550124"
	id, first := w.AskText(t, w.From(""), smscode.Request{Purpose: method.SignIn, Address: number})
	resend := func(n string, challenge string) (code string, err error) {
		err = w.DB.Write(t.Context(), func(tx *store.Tx) error {
			_, err := smscode.Resend(w.From(""), tx, smscode.Request{Address: n}, challenge)
			return err
		})
		for _, m := range w.Mails(t) {
			code = tenanttest.CodeIn(m)
		}
		return code, err
	}
	if _, err := resend(other, id); !fault.Has(err, fault.InvalidSMSVerification) {
		t.Errorf("to another number: %v", err)
	}
	mailed, _ := w.Ask(t, w.From(""), emailcode.Request{Purpose: method.SignIn, Address: "ada@example.com"})
	if _, err := resend(number, mailed); !fault.Has(err, fault.InvalidSMSVerification) {
		t.Errorf("of a mailed code: %v", err)
	}
	second, err := resend(number, id)
	if err != nil {
		t.Fatal(err)
	}
	if first != second {
		if err := try(w, t, nil, id, first); !fault.Has(err, fault.WrongSMSCode) {
			t.Errorf("the earlier code: %v", err)
		}
	}
	if err := try(w, t, nil, id, second); err != nil {
		t.Error(err)
	}
}

// Closed sign-up answers a stranger like everybody else, and texts nothing.
func TestClosedSignUp(t *testing.T) {
	t.Parallel()
	w := tenanttest.SQLite(t, tenanttest.Document(textsOn))
	w.SignInByText(t, "+14155550123")
	w.Apply(t, tenanttest.Document(textsOn, "signUp: {enabled: false}"))
	for number, texts := range map[string]int{"+14155550123": 1, "+14155550124": 0} {
		id, refused := send(t, w, w.From("192.0.2.9"), smscode.Request{Purpose: method.SignIn, Address: number})
		if id == "" || refused != nil {
			t.Errorf("%s: %q, %v", number, id, refused)
		}
		if got := w.Mails(t); len(got) != texts {
			t.Errorf("%s: %d texts, want %d", number, len(got), texts)
		}
	}
}

func TestTextSaysWhatTheCodeIsFor(t *testing.T) {
	t.Parallel()
	w := tenanttest.SQLite(t, tenanttest.Document(textsOn))
	ada := w.SignInByText(t, "+14155550123")
	for _, r := range []smscode.Request{
		{Purpose: method.SignIn, Address: numberOf(t, w, ada)}, {Purpose: method.InSession, Address: numberOf(t, w, ada)},
		{Purpose: method.Update, Address: "+14155550124"},
	} {
		c := w.As(&ada)
		if r.Purpose == method.SignIn {
			c = w.As(nil)
		}
		if _, refused := send(t, w, c, r); refused != nil {
			t.Fatal(refused)
		}
		texts := w.Mails(t)
		if len(texts) != 1 || texts[0].To != r.Address || strings.Contains(texts[0].Text, "sign-in") != (r.Purpose == method.SignIn) ||
			tenanttest.CodeIn(texts[0]) == "" {
			t.Errorf("%s: %v", r.Purpose, texts)
		}
	}
}
