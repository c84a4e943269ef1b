package roles_test

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/server/servertest"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/stepuptest"
)

type m = map[string]any

const signing = servertest.EmbeddedOn + `mfa:
  actions: [{action: wallet.waas.sign, required: true, tokenBehavior: time_bound}]
`

// BenchmarkSign compares a signature of an embedded wallet, from request to
// answer, with its floor: what its primitives cost one after the other in the same
// process. End to end: the gate, two custodians that each verify and claim, the
// key assembled, one signature. The floor: three ES256 verifications, the four
// durable commits that the promises need (the claim, each custodian's record of
// the operation, the result), one secp256k1 signature, three loopback round trips.
func BenchmarkSign(b *testing.B) {
	s := servertest.Start(b, servertest.WithCustodians(b.TempDir()))
	s.Apply(b, servertest.Document(servertest.A, signing))
	// A wallet may sign 30 times in a minute, so there is a new one now and then.
	users := 0
	wallet := func(b *testing.B) (path string, header http.Header) {
		b.Helper()
		users++
		user := s.SignIn(b, servertest.A, fmt.Sprintf("bench-%d@example.com", users))
		id := s.Do(b, "POST", user.Path("/waas/create"), user.Header(), m{"chain": "EVM"}).Want(b, 200, "").Member("walletId")
		return user.Path("/waas/" + id + "/signMessage"), user.Header(s.StepUp(b, user, "wallet:sign"))
	}
	b.Run("end to end", func(b *testing.B) {
		path, header := wallet(b)
		for n := 0; b.Loop(); n++ {
			if n%25 == 24 {
				b.StopTimer()
				path, header = wallet(b)
				b.StartTimer()
			}
			s.Do(b, "POST", path, header, m{"message": "hi"}).Want(b, 200, "")
		}
	})

	issuer := stepuptest.NewIssuer(b)
	issuer.RotateKey(b, stepup.ES256)
	verifier := issuer.Verifier(b)
	token := issuer.Token(b, stepuptest.Token{Scopes: []stepup.Scope{"transfer:create"}})
	key, err := secp256k1.GeneratePrivateKey()
	if err != nil {
		b.Fatal(err)
	}
	digest := sha256.Sum256([]byte("hi"))
	echo := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	defer echo.Close()
	client := echo.Client()
	verify := func(b *testing.B) {
		if _, err := verifier.Elevated(b.Context(), token); err != nil {
			b.Fatal(err)
		}
	}
	commit := func(b *testing.B) {
		if err := s.DB.Write(b.Context(), func(tx *store.Tx) error {
			_, err := tx.Exec(`UPDATE store_meta SET value = value WHERE key = 'mode'`)
			return err
		}); err != nil {
			b.Fatal(err)
		}
	}
	trip := func(b *testing.B) {
		answer, err := client.Get(echo.URL)
		if err != nil {
			b.Fatal(err)
		}
		_ = answer.Body.Close()
	}
	b.Run("floor", func(b *testing.B) {
		for b.Loop() {
			for range 3 {
				verify(b)
				trip(b)
			}
			for range 4 {
				commit(b)
			}
			ecdsa.SignCompact(key, digest[:], false)
		}
	})
}
