package coordinator

import (
	"context"
	"fmt"

	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/wallet"
)

// OfflineShares are those of generations in force that wait to be collected.
func (s *Service) OfflineShares(ctx context.Context) (all []wallet.OfflineShare, err error) {
	err = s.config.DB.Read(ctx, func(tx *store.Tx) error {
		all = nil
		rows, err := tx.Rows(`SELECT s.wallet_id, s.generation, s.party, s.scheme, s.encapsulated_key, s.ciphertext FROM offline_shares s
			JOIN wallets w ON w.id = s.wallet_id AND w.generation = s.generation ORDER BY s.wallet_id, s.party`)
		return each(rows, err, func() error {
			var o wallet.OfflineShare
			err := rows.Scan(&o.WalletID, &o.Generation, &o.Party, &o.Scheme, &o.EncapsulatedKey, &o.Ciphertext)
			all = append(all, o)
			return err
		})
	})
	return all, err
}

// Collect hands each waiting share to keep, which stores it durably where the
// operator wants it, and then forgets it here. A share may be handed out twice
// after a crash. It returns how many were collected.
func (s *Service) Collect(ctx context.Context, keep func(wallet.OfflineShare) error) (collected int, err error) {
	all, err := s.OfflineShares(ctx)
	if err != nil {
		return 0, err
	}
	for _, share := range all {
		if err := keep(share); err != nil {
			return collected, fmt.Errorf("keeping the share of party %d of wallet %s: %w", share.Party, share.WalletID, err)
		}
		err := s.write(ctx, "collected", func(tx *store.Tx) error {
			n, err := tx.Exec(`DELETE FROM offline_shares WHERE wallet_id = $1 AND generation = $2 AND party = $3`, share.WalletID,
				share.Generation, share.Party)
			if err != nil || n == 0 {
				return err
			}
			return audit.Record(tx, audit.By{Actor: "operator"}, "wallet.offline_share.collected",
				audit.Detail{"walletId": share.WalletID, "generation": share.Generation, "party": share.Party})
		})
		if err != nil {
			return collected, err
		}
		collected++
	}
	return collected, nil
}
