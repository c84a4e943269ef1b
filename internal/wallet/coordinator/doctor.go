package coordinator

import (
	"context"
	"fmt"
	"time"

	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/wallet"
)

// MaxSkew is how far the clock of a custodian may be from the coordinator's.
const MaxSkew = 5 * time.Second

// Finding is something that [Service.Doctor] does not like.
type Finding struct {
	EnvironmentID string
	WalletID      string // empty: it is about the service
	Text          string // what is wrong, and what to do
}

// Report is what [Service.Doctor] found.
type Report struct {
	Wallets     int // that were checked
	Findings    []Finding
	Uncollected int // offline shares that wait to be collected
	Underway    int // operations that are under way, which no finding is about
}

// Doctor checks every wallet: both custodians answer and have the generation in
// force, together they give its address, and nothing is there that nobody names.
// It changes nothing. progress, if not nil, hears of each wallet that is checked.
func (s *Service) Doctor(ctx context.Context, progress func(checked, all int)) (Report, error) {
	var report Report
	all, err := s.everyWallet(ctx)
	if err != nil {
		return report, err
	}
	known := map[string]bool{}
	skewed := map[wallet.Role]bool{}
	for i, w := range all {
		known[w.ID] = true
		found, err := s.examineSteady(ctx, w, skewed)
		if err != nil {
			return report, err
		}
		report.Findings = append(report.Findings, found...)
		report.Wallets++
		if progress != nil {
			progress(i+1, len(all))
		}
	}
	for role := range skewed {
		report.Findings = append(report.Findings, Finding{Text: fmt.Sprintf(
			"the clock of the %s differs by more than %s: synchronise the clocks, authorisations expire by them", role, MaxSkew)})
	}
	strays, err := s.strays(ctx, known)
	if err != nil {
		return report, err
	}
	report.Findings = append(report.Findings, strays...)
	shares, err := s.OfflineShares(ctx)
	if err != nil {
		return report, err
	}
	report.Uncollected = len(shares)
	err = s.config.DB.Read(ctx, func(tx *store.Tx) error {
		return tx.Row(`SELECT COUNT(*) FROM operations WHERE in_flight = 1`).Scan(&report.Underway)
	})
	return report, err
}

func (s *Service) everyWallet(ctx context.Context) (all []walletRow, err error) {
	err = s.config.DB.Read(ctx, func(tx *store.Tx) error {
		all = nil
		rows, err := tx.Rows(`SELECT ` + walletColumns + ` FROM wallets ORDER BY environment_id, id`)
		return each(rows, err, func() error {
			w, err := scanWallet(rows)
			all = append(all, w)
			return err
		})
	})
	return all, err
}

// examineSteady examines a wallet until nobody has changed it meanwhile.
func (s *Service) examineSteady(ctx context.Context, w walletRow, skewed map[wallet.Role]bool) ([]Finding, error) {
	for {
		var found []Finding
		s.examine(ctx, w, skewed, func(text string, args ...any) {
			found = append(found, Finding{w.EnvironmentID, w.ID, fmt.Sprintf(text, args...)})
		})
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		var now walletRow
		err := s.config.DB.Read(ctx, func(tx *store.Tx) (err error) {
			now, err = readWallet(tx, w.EnvironmentID, w.ID, "")
			return err
		})
		if err != nil {
			return nil, err
		}
		if len(found) == 0 || now.Generation == w.Generation && now.State == w.State && now.Busy == w.Busy && now.MarkedBy == w.MarkedBy {
			return found, nil
		}
		w = now
	}
}

// examine checks one wallet. One that an operation is changing is left alone but
// for its quorum, which must stand at every moment.
func (s *Service) examine(ctx context.Context, w walletRow, skewed map[wallet.Role]bool, find func(string, ...any)) {
	whole := true
	for _, at := range s.custodians() {
		asked := time.Now()
		status, err := at.Status(ctx, w.EnvironmentID, w.ID)
		if err != nil {
			find("the %s does not say what it has: %v", at.role, err)
			whole = false
			continue
		}
		// Half of the way there and back may be the network's.
		if took := time.Since(asked); status.Now.Sub(asked.Add(took/2)).Abs() > MaxSkew+took/2 {
			skewed[at.role] = true
		}
		if w.State == wallet.Deleted {
			if held(status) {
				find("the %s still has shares of the wallet, which is deleted: look at its log", at.role)
			}
			continue
		}
		if status.State == wallet.Deleted {
			find("the %s has shredded its shares of the wallet, which is %s: restore the custodians' databases from backups of one time",
				at.role, w.State)
			whole = false
			continue
		}
		whole = s.generations(w, at.role, status, find) && whole
		if w.Busy == "" && status.State != w.State {
			find("the %s says the wallet is %s, and it is %s: its user must ask for it again, or restore it", at.role,
				status.State, w.State)
		}
	}
	if !whole || w.State == wallet.Deleted {
		return
	}
	address, err := s.config.Signer.Check(ctx, w.Wallet)
	switch {
	case err != nil:
		find("the shares in force could not be assembled: %v", err)
	case address != w.Address:
		find("the shares in force give %s, and the wallet's address is %s: restore the custodians' databases from backups of one time",
			address, w.Address)
	}
}

// generations checks what a custodian has of a wallet and reports whether the
// generation in force is among it.
func (s *Service) generations(w walletRow, role wallet.Role, status wallet.Held, find func(string, ...any)) (present bool) {
	for _, g := range status.Generations {
		switch {
		case g.Number == w.Generation:
			present = g.State != wallet.Staged
			if w.Busy == "" && g.State != wallet.InForce {
				find("the %s has generation %d, which is in force, as %s: keep stepup wallet running, it tells the custodians", role,
					g.Number, g.State)
			}
		case w.Busy != "":
		case g.Number > w.Generation:
			find("the %s has generation %d (%s), which no wallet names: the next refresh drops it", role, g.Number, g.State)
		case g.State == wallet.InForce:
			find("the %s takes generation %d to be in force, and the wallet names %d: restore the databases from backups of one time", role,
				g.Number, w.Generation)
		}
	}
	if !present {
		find("the %s does not have generation %d, which is in force: restore its database from a backup; do not refresh", role,
			w.Generation)
	}
	return present
}

func held(status wallet.Held) bool {
	for _, g := range status.Generations {
		if g.State != wallet.Destroyed {
			return true
		}
	}
	return false
}

// strays are wallets that a custodian has shares of and the coordinator does not
// know: creations that were given up, or a coordinator's database that is older.
func (s *Service) strays(ctx context.Context, known map[string]bool) (found []Finding, err error) {
	for _, at := range s.custodians() {
		after := ""
		for {
			page, err := at.Holdings(ctx, after)
			if err != nil {
				return nil, fmt.Errorf("asking the %s what it has: %w", at.role, err)
			}
			if len(page) == 0 {
				break
			}
			for _, h := range page {
				after = h.WalletID
				if known[h.WalletID] {
					continue
				}
				known, err := s.knows(ctx, h)
				if err != nil {
					return nil, err
				}
				if known {
					continue
				}
				found = append(found, Finding{h.EnvironmentID, h.WalletID, fmt.Sprintf(
					"the %s has shares of a wallet that is not known here: if this database was restored, restore a newer one", at.role)})
			}
		}
	}
	return found, nil
}

// knows reports whether the wallet is there by now, or is being created.
func (s *Service) knows(ctx context.Context, h wallet.WalletRef) (known bool, err error) {
	err = s.config.DB.Read(ctx, func(tx *store.Tx) error {
		var n int
		err := tx.Row(`SELECT (SELECT COUNT(*) FROM wallets WHERE environment_id = $1 AND id = $2)
			+ (SELECT COUNT(*) FROM operations WHERE environment_id = $1 AND wallet_id = $2 AND in_flight = 1)`, h.EnvironmentID,
			h.WalletID).Scan(&n)
		known = n > 0
		return err
	})
	return known, err
}
