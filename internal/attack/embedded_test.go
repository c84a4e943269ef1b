package attack_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stepup-auth/stepup/internal/server/servertest"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/wallet"
)

// exportKey is an X25519 public key.
func exportKey(n byte) string {
	return base64.RawURLEncoding.EncodeToString(bytes.Repeat([]byte{n}, 32))
}

// withEmbedded signs somebody in and makes an embedded wallet, whose path it returns.
func (s scene) withEmbedded(t testing.TB, environment, email string) (*servertest.Session, string) {
	t.Helper()
	user := s.SignIn(t, environment, email)
	id := s.Do(t, "POST", user.Path("/waas/create"), user.Header(), m{"chain": "EVM"}).Want(t, 200, "").Member("walletId")
	return user, user.Path("/waas/" + id)
}

func keyed(header http.Header, key string) http.Header {
	header = header.Clone()
	header.Set("X-Idempotency-Key", key)
	return header
}

// withWalletService runs an attack on a server with a wallet service, per engine.
func withWalletService(t *testing.T, attack func(t *testing.T, s scene, service *servertest.Wallets)) {
	t.Parallel()
	for _, engine := range []string{store.SQLite, store.Postgres} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			service := &servertest.Wallets{}
			s := start(t, servertest.WithEngine(engine), servertest.WithWallets(service))
			s.Apply(t, servertest.Document(servertest.A, servertest.WalletsOn))
			attack(t, s, service)
		})
	}
}

// One token, a hundred exports at the same moment: one key leaves. The same
// request a hundred times under one idempotency key: one export, a hundred times
// the same answer.
func TestEmbeddedExportRace(t *testing.T) {
	withWalletService(t, func(t *testing.T, s scene, service *servertest.Wallets) {
		user, path := s.withEmbedded(t, servertest.A, "race@example.com")
		header := user.Header(s.StepUp(t, user, "wallet:export"))
		var answers tally
		together(100, func(i int) {
			answers.addAnswer(s.Do(t, "POST", path+"/privateKey/export", header, m{"exportPublicKey": exportKey(byte(i + 1))}), nil)
		})
		if answers.of("200 ") != 1 || answers.of("403 elevated_access_token_required") != 99 || service.Done(wallet.Export) != 1 {
			t.Errorf("%d keys left; answers %s", service.Done(wallet.Export), &answers)
		}

		header = keyed(user.Header(s.StepUp(t, user, "wallet:export")), "the-same")
		var same tally
		together(100, func(int) {
			same.add(s.Do(t, "POST", path+"/privateKey/export", header, m{"exportPublicKey": exportKey(9)}).Member("ciphertext"))
		})
		if len(same.counts) != 1 || same.of("") != 0 || service.Done(wallet.Export) != 2 {
			t.Errorf("%d exports under one key, %d different answers", service.Done(wallet.Export)-1, len(same.counts))
		}
	})
}

// The answer gets lost, and by the time the client asks again its token has
// expired too.
func TestEmbeddedRetryAfterALostAnswer(t *testing.T) {
	withWalletService(t, func(t *testing.T, s scene, service *servertest.Wallets) {
		user, path := s.withEmbedded(t, servertest.A, "lost@example.com")
		var lost atomic.Bool
		service.Lose = func(o wallet.Operation) bool { return o.Action == wallet.Export && !lost.Swap(true) }
		header, body := keyed(user.Header(s.StepUp(t, user, "wallet:export")), "retry"), m{"exportPublicKey": exportKey(9)}
		s.Do(t, "POST", path+"/privateKey/export", header, body).Want(t, 503, "outcome_unknown")
		first := s.Do(t, "POST", path+"/privateKey/export", header, body).Want(t, 200, "")
		s.Clock.Advance(10 * time.Minute)
		later := s.Do(t, "POST", path+"/privateKey/export", header, body).Want(t, 200, "")
		without := s.Do(t, "POST", path+"/privateKey/export", keyed(user.Header(), "retry"), body).Want(t, 200, "")
		for _, again := range []servertest.Response{later, without} {
			if again.Member("ciphertext") == "" || again.Member("ciphertext") != first.Member("ciphertext") {
				t.Error("a retry gave another answer")
			}
		}
		if n := service.Done(wallet.Export); n != 1 {
			t.Errorf("%d exports", n)
		}
		// Under another key, or without one, the same token is just spent.
		s.Clock.Advance(-10 * time.Minute)
		wantRefused(t, s.Do(t, "POST", path+"/privateKey/export", keyed(header, "other"), body), "spent")
		header.Del("X-Idempotency-Key")
		wantRefused(t, s.Do(t, "POST", path+"/privateKey/export", header, body), "spent")
	})
}

// The key of an operation opens nothing but that operation: no other body, no
// other route or wallet, no other session of its user, and nobody else's.
func TestEmbeddedSwappedBodyUnderOneKey(t *testing.T) {
	withWalletService(t, func(t *testing.T, s scene, service *servertest.Wallets) {
		user, path := s.withEmbedded(t, servertest.A, "swap@example.com")
		second := s.Do(t, "POST", sdk("/waas/create"), user.Header(), m{"chain": "EVM"}).Want(t, 200, "").Member("walletId")
		header := keyed(user.Header(s.StepUp(t, user, "wallet:sign")), "key")
		s.Do(t, "POST", path+"/signMessage", header, m{"message": "pay Bob"}).Want(t, 200, "")
		s.Do(t, "POST", path+"/signMessage", header, m{"message": "pay Bob"}).Want(t, 200, "")
		s.Do(t, "POST", path+"/signMessage", header, m{"message": "pay Mallory"}).Want(t, 409, "operation_conflict")
		fresh := keyed(user.Header(s.StepUp(t, user, "wallet:sign")), "key")
		s.Do(t, "POST", path+"/signMessage", fresh, m{"message": "pay Mallory"}).Want(t, 409, "operation_conflict")
		wantRefused(t, s.Do(t, "POST", sdk("/waas/"+second+"/signMessage"), header, m{"message": "pay Bob"}), "spent")
		wantRefused(t, s.Do(t, "POST", path+"/privateKey/export", header, m{"exportPublicKey": exportKey(9)}), "wrong_scope")

		again := s.SignIn(t, servertest.A, user.Email)
		wantRefused(t, s.Do(t, "POST", path+"/signMessage", keyed(again.Header(), "key"), m{"message": "pay Bob"}), "missing")
		s.Do(t, "POST", path+"/signMessage", keyed(again.Header(s.StepUp(t, again, "wallet:sign")), "key"), m{"message": "pay Bob"}).
			Want(t, 409, "operation_conflict")
		thief := s.SignIn(t, servertest.A, "thief@example.com")
		wantRefused(t, s.Do(t, "POST", path+"/signMessage", keyed(thief.Header(), "key"), m{"message": "pay Bob"}), "missing")
		if n := service.Done(wallet.Sign); n != 1 {
			t.Errorf("%d signatures, want 1", n)
		}
		// The refusals cost nothing.
		fresh.Set("X-Idempotency-Key", "another-key")
		s.Do(t, "POST", path+"/signMessage", fresh, m{"message": "pay Mallory"}).Want(t, 200, "")
	})
}

// Nobody learns which wallets exist, and no refusal costs a token.
func TestEmbeddedOrderOfRefusals(t *testing.T) {
	withWalletService(t, func(t *testing.T, s scene, service *servertest.Wallets) {
		_, theirs := s.withEmbedded(t, servertest.A, "owner@example.com")
		thief, own := s.withEmbedded(t, servertest.A, "prober@example.com")
		unknown := sdk("/waas/00000000-0000-4000-8000-000000000000")
		body := m{"exportPublicKey": exportKey(9)}
		for _, path := range []string{theirs, unknown, own} {
			s.Do(t, "POST", path+"/privateKey/export", nil, "{").Want(t, 401, "sign_in_required")
			wantRefused(t, s.Do(t, "POST", path+"/privateKey/export", thief.Header(), "{"), "missing")
			wantRefused(t, s.Do(t, "POST", path+"/privateKey/export", thief.Header(), body), "missing")
		}
		token := s.StepUp(t, thief, "wallet:export")
		for _, path := range []string{theirs, unknown} {
			for _, sent := range []any{body, m{"exportPublicKey": "short"}, m{}} { // what is wrong with the body would tell as well
				s.Do(t, "POST", path+"/privateKey/export", thief.Header(token), sent).Want(t, 404, "wallet_not_found")
			}
			s.Do(t, "GET", path, thief.Header(), nil).Want(t, 404, "wallet_not_found")
			s.Do(t, "POST", path+"/disable", thief.Header(), nil).Want(t, 404, "wallet_not_found")
			s.Do(t, "POST", path+"/intents", thief.Header(), m{"message": "x"}).Want(t, 404, "wallet_not_found")
			s.Do(t, "POST", path+"/transactions/broadcast", thief.Header(), m{"signedTransaction": "0x02"}).Want(t, 404, "wallet_not_found")
		}
		s.Do(t, "POST", own+"/privateKey/export", thief.Header(token), m{"exportPublicKey": "short"}).Want(t, 400, "invalid_request")
		s.Do(t, "POST", own+"/privateKey/export", thief.Header(token), m{"exportId": "x"}).Want(t, 422, "export_public_key_required")
		s.Do(t, "POST", own+"/disable", thief.Header(), nil).Want(t, 200, "")
		s.Do(t, "POST", own+"/privateKey/export", thief.Header(token), body).Want(t, 409, "conflict")
		if service.Done(wallet.Export) != 0 {
			t.Error("a key left")
		}
		s.Do(t, "POST", own+"/restore", thief.Header(s.StepUp(t, thief, "wallet:restore")), nil).Want(t, 200, "")
		s.Do(t, "POST", own+"/privateKey/export", thief.Header(token), body).Want(t, 200, "")
	})
}

// A database that was restored may have forgotten that a token was spent: no
// token of before opens anything. What was let through before stays let through.
func TestEmbeddedTokenOfAnotherEpoch(t *testing.T) {
	withWalletService(t, func(t *testing.T, s scene, service *servertest.Wallets) {
		user, path := s.withEmbedded(t, servertest.A, "epoch@example.com")
		unspent, done := user.Header(s.StepUp(t, user, "wallet:export")), keyed(user.Header(s.StepUp(t, user, "wallet:export")), "done")
		s.Do(t, "POST", path+"/privateKey/export", done, m{"exportPublicKey": exportKey(9)}).Want(t, 200, "")
		if err := store.RestoreEpoch(t.Context(), s.DB); err != nil {
			t.Fatal(err)
		}
		wantRefused(t, s.Do(t, "POST", path+"/privateKey/export", unspent, m{"exportPublicKey": exportKey(9)}), "superseded")
		s.Do(t, "POST", path+"/privateKey/export", done, m{"exportPublicKey": exportKey(9)}).Want(t, 200, "")
		if n := service.Done(wallet.Export); n != 1 {
			t.Errorf("%d exports", n)
		}
	})
}

// However many wallets are asked for at once, no user has more than allowed.
func TestEmbeddedWalletsPerUser(t *testing.T) {
	withWalletService(t, func(t *testing.T, s scene, service *servertest.Wallets) {
		s.Apply(t, servertest.Document(servertest.A, "embeddedWallets: {enabled: true, perUser: 3}\n"))
		user := s.SignIn(t, servertest.A, "many@example.com")
		var answers tally
		together(30, func(i int) {
			answers.addAnswer(s.Do(t, "POST", sdk("/waas/create"), keyed(user.Header(), fmt.Sprint(i%10)), m{"chain": "EVM"}), nil)
		})
		if n := service.Done(wallet.Create); n != 3 || answers.of("422 max_wallets_per_user") == 0 {
			t.Errorf("%d wallets; %s", n, &answers)
		}
	})
}
