package operate

import (
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/typed"
)

// WalletsAtOnce is the most wallets that a page of a list has.
const WalletsAtOnce = 25

// WalletQuery says which of the wallets that are kept for users are listed. The zero
// value lists all, those of the newest user first.
type WalletQuery struct {
	Search string // only those with this address, or of who is meant by this text, see [SearchUsers]
	After  string // behind the wallet that a page before named as next; not together with Search
}

// WalletPage is a page of wallets.
type WalletPage struct {
	Wallets []KeptWallet
	Next    string // what to ask for the page behind it by; empty: there is none
	More    bool   // a search found more than it shows
}

// KeptWallet is a wallet as it stands among the credentials of its user. How its key is
// kept, and whether it may be used, the wallet service alone knows.
type KeptWallet struct {
	ID        string // the wallet's
	UserID    string
	Chain     string // eip155, solana
	Address   string
	CreatedAt time.Time
}

// ViewWallets is a page of the wallets that are kept for the users of the environment.
func ViewWallets(tx *store.Tx, environmentID string, q WalletQuery) (page WalletPage, err error) {
	if text := typed.Line(q.Search); text != "" {
		return searchWallets(tx, environmentID, text)
	}
	userID, id, both := strings.Cut(q.After, ".")
	if q.After != "" && (!both || uuid.Validate(userID) != nil) {
		return page, fault.New(fault.InvalidRequest, "after is what the page before named as next, and nothing else.")
	}
	rows, err := tx.KeptWallets(environmentID, userID, id, WalletsAtOnce+1)
	if len(rows) > WalletsAtOnce {
		rows = rows[:WalletsAtOnce]
		last := rows[WalletsAtOnce-1]
		page.Next = last.UserID + "." + last.ID
	}
	for _, row := range rows {
		page.Wallets = append(page.Wallets, keptWallet(row))
	}
	return page, err
}

// searchWallets finds the wallets with an address that begins with the text, or else
// those of the users whom the text may mean.
func searchWallets(tx *store.Tx, environmentID, text string) (page WalletPage, err error) {
	users, more, err := SearchUsers(tx, environmentID, text)
	if err != nil {
		return page, err
	}
	ids := make([]string, len(users))
	for i, user := range users {
		ids[i] = user.ID
	}
	credentials, err := tx.CredentialsOf(environmentID, ids)
	if err != nil {
		return page, err
	}
	var theirs, named []KeptWallet
	for _, id := range ids {
		for _, row := range credentials[id] {
			if row.Provenance != store.ProvenanceEmbedded {
				continue
			}
			theirs = append(theirs, keptWallet(row))
			if strings.HasPrefix(strings.ToLower(row.PublicIdentifier), strings.ToLower(text)) {
				named = append(named, keptWallet(row))
			}
		}
	}
	if page.Wallets = theirs; len(named) > 0 {
		page.Wallets = named
	}
	if page.More = more; len(page.Wallets) > WalletsAtOnce {
		page.Wallets, page.More = page.Wallets[:WalletsAtOnce], true
	}
	return page, nil
}

func keptWallet(row store.CredentialRow) KeptWallet {
	detail, _ := account.ReadDetail(row.Detail) // one that nobody can read leaves the wallet without its id
	return KeptWallet{ID: detail.EmbeddedWalletID, UserID: row.UserID, Chain: detail.Chain, Address: row.PublicIdentifier,
		CreatedAt: row.CreatedAt}
}
