package guardian

import (
	"fmt"
	"maps"
	"math/big"
	"slices"
	"time"

	"github.com/stepup-auth/stepup/internal/config"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/wallet"
	"github.com/stepup-auth/stepup/internal/wallet/intent"
)

// What holds where the guardian's file says nothing. There is no limit of value.
const (
	DefaultSignaturesPerMinute = 30
	DefaultExportsPerDay       = 1
)

const (
	minute = time.Minute
	day    = 24 * time.Hour
)

// Limit is the payload of a refusal: which limit of the guardian's file it was.
type Limit struct {
	Limit string `json:"limit"`
	Asset string `json:"asset,omitempty"` // of valuePerDay
}

// limits are those of one environment.
type limits struct {
	signaturesPerMinute, exportsPerDay int
	exportDisabled                     bool
	exportLimited                      bool // exportsPerDay is the operator's word, not the default
	valuePerDay                        map[string]config.Amount
}

func limitsOf(f config.CustodianFile, environmentID string) limits {
	of := f.Of(environmentID)
	l := limits{signaturesPerMinute: DefaultSignaturesPerMinute, exportsPerDay: DefaultExportsPerDay, exportDisabled: f.ExportDisabled,
		valuePerDay: of.ValuePerDay}
	if of.SignaturesPerMinute != nil {
		l.signaturesPerMinute = *of.SignaturesPerMinute
	}
	if of.ExportsPerDay != nil {
		l.exportsPerDay, l.exportLimited = *of.ExportsPerDay, true
	}
	if of.ExportDisabled != nil && *of.ExportDisabled {
		l.exportDisabled = true
	}
	return l
}

// allow reports whether the limits leave room for one more operation on the wallet.
func (l limits) allow(tx *store.Tx, walletID string, in intent.Intent) error {
	switch in.Action {
	case wallet.Export:
		if err := l.mayExport(); err != nil {
			return err
		}
		exports := bound{"exportsPerDay", l.exportsPerDay, day}
		return exports.allow(tx, walletID, in.Action)
	case wallet.Sign:
		signatures := bound{"signaturesPerMinute", l.signaturesPerMinute, minute}
		if err := signatures.allow(tx, walletID, in.Action); err != nil {
			return err
		}
		return l.value(tx, walletID, in)
	}
	return nil
}

// mayExport refuses exports that are switched off, and those that would pass a limit
// of value: whoever has the key can take everything.
func (l limits) mayExport() error {
	switch {
	case l.exportDisabled:
		return fault.New(fault.ExportDisabled, "Private keys are not exported here: the operator has switched it off.")
	case len(l.valuePerDay) > 0 && !l.exportLimited:
		return fault.New(fault.WalletLimit,
			"Whoever has the private key can take everything, and the operator has limited the value that may leave a wallet. "+
				"Exports need a limit of their own beside it, exportsPerDay.").With(Limit{Limit: "valuePerDay"})
	}
	return nil
}

// bound is how often a wallet may be used in one way within the window before now.
type bound struct {
	name   string // in the guardian's file
	most   int
	window time.Duration
}

func (b bound) allow(tx *store.Tx, walletID string, action wallet.Action) error {
	var count, oldest int64
	err := tx.Row(`SELECT COUNT(*), COALESCE(MIN(used_at), 0) FROM uses WHERE wallet_id = $1 AND action = $2 AND used_at > $3`,
		walletID, action, tx.Now().Add(-b.window).UnixMilli()).Scan(&count, &oldest)
	if err != nil {
		return fmt.Errorf("counting what wallet %s was used for: %w", walletID, err)
	}
	if count < int64(b.most) {
		return nil
	}
	wait := b.window
	if count > 0 {
		wait = time.UnixMilli(oldest).Add(b.window).Sub(tx.Now())
	}
	return fault.New(fault.RateLimited, "This wallet may do that %s in %s. Try again later.", times(b.most), fault.Spoken(b.window)).
		With(Limit{Limit: b.name}).After(wait)
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

// value adds what would leave the wallet to what has left it. What cannot be valued
// is above every limit, and so is an asset without one: a contract can look like a
// token and move something else.
func (l limits) value(tx *store.Tx, walletID string, in intent.Intent) error {
	if len(l.valuePerDay) == 0 {
		return nil
	}
	if in.Unvalued {
		return fault.New(fault.WalletLimit,
			"The value of this cannot be told (%s), and the operator has limited the value that may leave a wallet.", in.Reason).
			With(Limit{Limit: "valuePerDay"})
	}
	totals := in.Totals()
	for _, asset := range slices.Sorted(maps.Keys(totals)) {
		most, limited := l.valuePerDay[asset]
		if !limited {
			return fault.New(fault.WalletLimit,
				"Some of %s would leave the wallet, and the operator has limited the value that may leave it and set no limit for that.",
				asset).With(Limit{Limit: "valuePerDay", Asset: asset})
		}
		spent, err := spentOf(tx, walletID, asset)
		if err != nil {
			return err
		}
		if spent.Add(spent, totals[asset]).Cmp(most.Int) > 0 {
			return fault.New(fault.WalletLimit,
				"More of %s would leave the wallet within 24 hours than the operator allows. Sign less, or later.", asset).
				With(Limit{Limit: "valuePerDay", Asset: asset})
		}
	}
	return nil
}

func spentOf(tx *store.Tx, walletID, asset string) (*big.Int, error) {
	rows, err := tx.Rows(`SELECT amount FROM spends WHERE wallet_id = $1 AND asset = $2 AND spent_at > $3`, walletID, asset,
		tx.Now().Add(-day).UnixMilli())
	if err != nil {
		return nil, fmt.Errorf("adding up what left wallet %s: %w", walletID, err)
	}
	defer rows.Close()
	sum := new(big.Int)
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, fmt.Errorf("adding up what left wallet %s: %w", walletID, err)
		}
		amount, ok := new(big.Int).SetString(text, 10)
		if !ok {
			return nil, fmt.Errorf("adding up what left wallet %s: %q is no amount", walletID, text)
		}
		sum.Add(sum, amount)
	}
	return sum, rows.Err()
}

// count notes that the operation uses the limits. The wallet's row is locked, so
// that what allow has seen still holds.
func count(tx *store.Tx, op wallet.Operation, in intent.Intent) error {
	if in.Action != wallet.Sign && in.Action != wallet.Export {
		return nil
	}
	now := tx.Now().UnixMilli()
	_, err := tx.Exec(`INSERT INTO uses (operation_id, wallet_id, action, used_at) VALUES ($1, $2, $3, $4)`, op.ID, op.WalletID,
		op.Action, now)
	totals := in.Totals()
	for _, asset := range slices.Sorted(maps.Keys(totals)) {
		if err == nil {
			_, err = tx.Exec(`INSERT INTO spends (operation_id, asset, wallet_id, amount, spent_at) VALUES ($1, $2, $3, $4, $5)`, op.ID,
				asset, op.WalletID, totals[asset].String(), now)
		}
	}
	if err != nil {
		return fmt.Errorf("counting operation %s: %w", op.ID, err)
	}
	return nil
}

// lock serialises the operations on a wallet until the transaction ends.
func lock(tx *store.Tx, walletID string) error {
	var id string
	if err := tx.Row(`SELECT id FROM wallets WHERE id = $1`+tx.ForUpdate(), walletID).Scan(&id); err != nil {
		return fmt.Errorf("locking wallet %s: %w", walletID, err)
	}
	return nil
}

// chores delete what no window reaches any more.
func chores() []store.Chore {
	var all []store.Chore
	for _, of := range []struct{ table, column string }{{"uses", "used_at"}, {"spends", "spent_at"}} {
		all = append(all, store.Chore{Name: of.table, Do: func(tx *store.Tx, limit int) (int64, bool, error) {
			gone, err := tx.DeleteBefore(of.table, of.column, tx.Now().Add(-2*day).UnixMilli(), limit)
			return gone, gone == int64(limit), err
		}})
	}
	return all
}
