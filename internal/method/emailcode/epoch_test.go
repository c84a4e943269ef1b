package emailcode_test

import (
	"testing"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/method"
	"github.com/stepup-auth/stepup/internal/method/emailcode"
	"github.com/stepup-auth/stepup/internal/nonce"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/store/storetest"
	"github.com/stepup-auth/stepup/internal/tenant/tenanttest"
)

// restart closes the store between using a code and replaying it.
func restart(t *testing.T, engine string) {
	url, clock := storetest.URL(t, engine), &storetest.Clock{}
	var spent, open, spentCode, openCode string
	t.Run("before", func(t *testing.T) {
		w := tenanttest.New(t, storetest.Open(t, url, storetest.WithClock(clock)), clock, tenanttest.Document())
		spent, spentCode = w.Ask(t, w.From(""), emailcode.Request{Purpose: method.SignIn, Address: "ada@example.com"})
		try(t, w, nil, spent, spentCode, "")
		open, openCode = w.Ask(t, w.From(""), emailcode.Request{Purpose: method.SignIn, Address: "ada@example.com"})
		try(t, w, nil, open, wrong(openCode), fault.WrongEmailCode)
	})
	t.Run("after", func(t *testing.T) {
		w := tenanttest.Open(storetest.Open(t, url, storetest.WithClock(clock)), clock)
		w.Reload(t)
		try(t, w, nil, spent, spentCode, fault.InvalidEmailVerification)
		if n := attempts(t, w, open); n != 1 {
			t.Errorf("%d attempts after the restart, want 1", n)
		}
		try(t, w, nil, open, openCode, "")
	})
}

// A moved epoch voids what is used once or lives minutes. Sessions stand.
func TestEpochMoves(t *testing.T) {
	t.Parallel()
	tenanttest.Engines(t, tenanttest.Document(), func(t *testing.T, w *tenanttest.World) {
		ada := w.SignIn(t, "ada@example.com")
		single := w.Elevate(t, ada, "ada@example.com", stepup.WalletExport)
		timeBound := w.Elevate(t, ada, "ada@example.com", stepup.CredentialLink)
		id, code := w.Ask(t, w.From(""), emailcode.Request{Purpose: method.SignIn, Address: "ada@example.com"})
		once := nonce.New(w.DB.Hasher(), tenanttest.ID, storetest.Epoch(t, w.DB), w.Now())

		if err := store.RestoreEpoch(t.Context(), w.DB); err != nil {
			t.Fatal(err)
		}
		try(t, w, nil, id, code, fault.InvalidEmailVerification)
		err := w.DB.Write(t.Context(), func(tx *store.Tx) error {
			_, err := emailcode.Resend(w.From(""), tx, emailcode.Request{Address: "ada@example.com"}, id)
			return err
		})
		if !fault.Has(err, fault.InvalidEmailVerification) {
			t.Errorf("resending a code of another epoch: %v", err)
		}
		for token, scope := range map[string]stepup.Scope{single: stepup.WalletExport, timeBound: stepup.CredentialLink} {
			if err := w.Judge(t, ada, token, scope); !fault.Has(err, fault.ElevatedTokenRequired) {
				t.Errorf("%s: judged %v", scope, err)
			}
			if _, err := w.Spend(t, ada, token, scope); !fault.Has(err, fault.ElevatedTokenRequired) {
				t.Errorf("%s: spent %v", scope, err)
			}
		}
		if err := w.DB.Write(t.Context(),
			func(tx *store.Tx) error { return nonce.Spend(tx, tenanttest.ID, once) }); err != nonce.ErrInvalid {
			t.Errorf("nonce of another epoch: %v", err)
		}
		w.Read(t, func(tx *store.Tx) error {
			_, err := tx.LiveSession(tenanttest.ID, ada.ID)
			return err
		})
		fresh := w.Elevate(t, ada, "ada@example.com", stepup.WalletExport)
		if _, err := w.Spend(t, ada, fresh, stepup.WalletExport); err != nil {
			t.Errorf("a token of the new epoch: %v", err)
		}
	})
}
