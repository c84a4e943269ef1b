package bench_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stepup-auth/stepup/internal/server/servertest"
)

// signing is the environment of the wallets: a token signs for ten minutes.
const signing = servertest.EmbeddedOn + `mfa:
  actions: [{action: wallet.waas.sign, required: true, tokenBehavior: time_bound}]
`

// measureWallets measures a signature of an embedded wallet, with the server and the three
// roles of the wallet service in this process, over mutual TLS, each with a database of its
// own. A wallet may sign 30 times in a minute, so there are many.
func measureWallets(t *testing.T) (all []measured) {
	const name, wallets = "wallet sign, all roles and the caller", 48
	if !strings.Contains(name, *only) {
		return nil
	}
	progress("%s", name)
	s := servertest.Start(t, servertest.WithCustodians(diskFolder(t)))
	s.Apply(t, servertest.Document(servertest.A, signing))
	type signer struct {
		path   string
		header map[string][]string
	}
	var signers []signer
	for i := range wallets {
		user := s.SignIn(t, servertest.A, fmt.Sprintf("bench-%d@example.com", i))
		id := s.Do(t, "POST", user.Path("/waas/create"), user.Header(), map[string]any{"chain": "EVM"}).Want(t, 200, "").Member("walletId")
		signers = append(signers, signer{user.Path("/waas/" + id + "/signMessage"), user.Header(s.StepUp(t, user, "wallet:sign"))})
	}
	own := &subject{engine: "sqlite", pid: os.Getpid()}
	end := *each
	defer func() { *each = end }()
	for text := range strings.SplitSeq(*workers, ",") {
		own.next.Store(0)
		all = append(all, measure(t, own, name, number(text), func(_ int, n int64) error {
			if n >= wallets*9 { // three figures within a minute
				return errSpent
			}
			at := signers[n%wallets]
			return call("POST", s.URL+at.path, at.header, map[string]any{"message": "hi"}, nil)
		}))
	}
	return all
}
