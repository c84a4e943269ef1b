package console

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/operate"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/wallet"
)

// keeper is a wallet service of which only the lists are asked.
type keeper struct {
	wallet.Service
	wallets []wallet.Wallet
	err     error
}

func (k keeper) Wallets(_ context.Context, environmentID, userID string) (list []wallet.Wallet, err error) {
	for _, w := range k.wallets {
		if w.EnvironmentID == environmentID && w.UserID == userID {
			list = append(list, w)
		}
	}
	return list, k.err
}

// keep puts a wallet among the credentials of somebody.
func keep(t *testing.T, c *Console, userID, walletID, address string) {
	t.Helper()
	if err := c.DB.Write(t.Context(), func(tx *store.Tx) error {
		return tx.InsertCredential(store.CredentialRow{ID: "credential-" + walletID, EnvironmentID: previewEnvironment, UserID: userID,
			Format: store.FormatBlockchain, Identifier: address, PublicIdentifier: address, Provenance: store.ProvenanceEmbedded,
			Detail: account.Detail{EmbeddedWalletID: walletID, Chain: "eip155"}.JSON()})
	}); err != nil {
		t.Fatal(err)
	}
}

// What the wallet service knows stands beside what the server knows, which stays where it
// does not answer.
func TestWallets(t *testing.T) {
	c := previewed(t, canneds{operator: ada})
	const wallets = inPreview + "wallets"
	main := func(path string) string {
		_, page, _ := strings.Cut(body(t, call(t, c, "GET", path, nil)), "<main")
		return page
	}
	if page := main(wallets); !strings.Contains(page, "No wallets are kept here") {
		t.Errorf("without any: %s", page)
	}
	grace, _, _ := person(t, c, "grace") // and a wallet that she brought along
	alan, _, _ := person(t, c, "alan")
	keep(t, c, grace, "of-grace", "0xAAAA01")
	keep(t, c, grace, "gone", "0xAAAA02")
	keep(t, c, alan, "of-alan", "0xBBBB01")
	if page := main(wallets); !strings.Contains(page, "has no wallet service") || !strings.Contains(page, "0xAAAA01") ||
		strings.Contains(page, "0xgrace") {
		t.Errorf("without a service: %s", page)
	}
	c.Wallets = keeper{wallets: []wallet.Wallet{
		{ID: "of-grace", EnvironmentID: previewEnvironment, UserID: grace, Scheme: wallet.TwoOfThree, Generation: 7,
			State: wallet.Disabled},
		{ID: "of-alan", EnvironmentID: "another", UserID: alan, Scheme: wallet.ThreeOfFive, Generation: 9, State: wallet.Active},
	}}
	page := main(wallets)
	for _, part := range []string{"two of three", "generation 7", "disabled", "not at the wallet service", "grace@example.com",
		`href="` + inPreview + "users/" + alan + `"`} {
		if !strings.Contains(page, part) {
			t.Errorf("the list does not say %q:\n%s", part, page)
		}
	}
	for search, want := range map[string]string{"0xaaaa02": "0xAAAA02", "alan@example.com": "0xBBBB01", alan: "0xBBBB01"} {
		if page := main(wallets + "?search=" + search); !strings.Contains(page, want) || strings.Contains(page, "0xAAAA01") {
			t.Errorf("%s: %s", search, page)
		}
	}
	c.Wallets = keeper{err: errors.New("connection refused")}
	if page := main(wallets); !strings.Contains(page, "does not answer") || !strings.Contains(page, "0xBBBB01") {
		t.Errorf("with the service away: %s", page)
	}
	if got := call(t, c, "GET", wallets+"?after=x", nil); got.StatusCode != 400 {
		t.Errorf("a page behind nonsense: %d", got.StatusCode)
	}
}

// Pages have each wallet once, however many one user has.
func TestWalletPages(t *testing.T) {
	c := previewed(t, canneds{operator: ada})
	var of []string
	for _, name := range []string{"grace", "alan"} {
		id, _, _ := person(t, c, name)
		of = append(of, id)
	}
	const many = 2*operate.WalletsAtOnce + 3
	for i := range many {
		keep(t, c, of[i%2], fmt.Sprintf("w%02d", i), fmt.Sprintf("0xA%02d", i))
	}
	seen := map[string]int{}
	path, pages := inPreview+"wallets", 0
	for ; path != "" && pages < 9; pages++ {
		page := body(t, call(t, c, "GET", path, nil))
		for i := range many {
			address := fmt.Sprintf("0xA%02d", i)
			seen[address] += strings.Count(page, ">"+address+"<")
		}
		_, next, _ := strings.Cut(page, `?after=`)
		next, _, _ = strings.Cut(next, `"`)
		if path = ""; next != "" {
			path = inPreview + "wallets?after=" + next
		}
	}
	for address, n := range seen {
		if n != 1 {
			t.Errorf("%s is there %d times", address, n)
		}
	}
	if pages != 3 || len(seen) != many {
		t.Errorf("%d wallets on %d pages", len(seen), pages)
	}
}
