package console

import (
	"context"
	"net/url"
	"strings"
	"time"

	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/operate"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/wallet"
)

// walletListPage lists the wallets that are kept for users, those of the newest user
// first: their addresses and how their keys are kept, never a key.
type walletListPage struct {
	Path     string
	Search   string
	More     bool // the search found others
	Behind   bool // it is not the first page
	Rules    environment.EmbeddedWallets
	Document string // path of where the rules stand
	Wallets  []walletItem
	None     bool // this server has no wallet service
	Away     bool // it does not answer
	Pager    Pager
}

type walletItem struct {
	ID, Chain, Address string
	Owner, OwnerPath   string
	CreatedAt          time.Time
	Kept               *wallet.Wallet // as the wallet service knows it; nil: it did not say
	Missing            bool           // it says that there is no such wallet
}

func (walletListPage) template() string { return "wallet_list" }
func (walletListPage) title() string    { return "Wallets" }

// Quorum is the threshold scheme as people read it.
func (w walletItem) Quorum() string {
	return strings.ToLower(strings.ReplaceAll(string(w.Kept.Scheme), "_", " "))
}

// walletAnswerTime is how long a page waits for the wallet service, for all of its users.
const walletAnswerTime = 2 * time.Second

func walletList(r *request) (answer, error) {
	env, err := environment.Parse([]byte(r.environment.Document))
	if err != nil {
		return nil, err
	}
	query := operate.WalletQuery{Search: strings.TrimSpace(r.FormValue("search")), After: r.FormValue("after")}
	if query.Search != "" {
		query.After = ""
	}
	p := walletListPage{Path: r.within("wallets"), Search: query.Search, Behind: query.After != "", Rules: env.EmbeddedWallets,
		Document: r.within("security/document"), None: r.Console.Wallets == nil}
	var found operate.WalletPage
	if err := r.read(func(tx *store.Tx) (err error) {
		if found, err = operate.ViewWallets(tx, r.environment.ID, query); err != nil {
			return err
		}
		known := names{tx: tx, r: r}
		for _, w := range found.Wallets {
			p.Wallets = append(p.Wallets, walletItem{ID: w.ID, Chain: chainName(w.Chain), Address: w.Address, Owner: known.of(w.UserID),
				OwnerPath: r.within("users/" + url.PathEscape(w.UserID)), CreatedAt: w.CreatedAt})
		}
		return known.err
	}); err != nil {
		return nil, err
	}
	p.More, p.Pager = found.More, pager(r, query.After, found.Next)
	if !p.None {
		p.Away = !askWallets(r, found.Wallets, p.Wallets)
	}
	return show(p)
}

// askWallets adds what the wallet service knows, and reports whether it answered. It is
// asked once for each user.
func askWallets(r *request, found []operate.KeptWallet, items []walletItem) bool {
	ctx, cancel := context.WithTimeout(r.Context(), walletAnswerTime)
	defer cancel()
	of := map[string]map[string]wallet.Wallet{}
	for i, w := range found {
		kept, asked := of[w.UserID]
		if !asked {
			list, err := r.Console.Wallets.Wallets(ctx, r.environment.ID, w.UserID)
			if err != nil {
				r.Log.Warn("the wallet service does not answer", "request_id", r.id, "error", err)
				return false
			}
			kept = map[string]wallet.Wallet{}
			for _, one := range list {
				kept[one.ID] = one
			}
			of[w.UserID] = kept
		}
		if one, ok := kept[w.ID]; ok {
			items[i].Kept = &one
		} else {
			items[i].Missing = true
		}
	}
	return true
}

// chainName is a chain as people know it.
func chainName(chain string) string {
	switch chain {
	case "eip155":
		return "EVM"
	case "solana":
		return "Solana"
	}
	return chain
}
