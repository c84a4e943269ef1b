package signer

import (
	"context"
	"fmt"

	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/wallet"
	"github.com/stepup-auth/stepup/internal/wallet/custody"
	"github.com/stepup-auth/stepup/internal/wallet/guardian"
	"github.com/stepup-auth/stepup/internal/wallet/offline"
	"github.com/stepup-auth/stepup/internal/wallet/sealed"
	"github.com/stepup-auth/stepup/internal/wallet/share"
)

// renew makes the next generation of shares, the first one with the wallet itself,
// and verifies it. What an earlier try of the operation has staged on both sides is
// verified; what it has staged on one side only is dropped and made anew.
func (s *Server) renew(ctx context.Context, p custody.Permit) (wallet.Done, error) {
	g, err := p.Makes()
	if err != nil {
		return wallet.Done{}, err
	}
	if len(share.Offline(g.Scheme)) > 0 && s.offline == nil {
		return wallet.Done{}, fault.New(fault.InvalidRequest,
			"The scheme %s has parties that are offline, and the operator has set no key for their shares. Use %s.", g.Scheme,
			wallet.TwoOfTwo)
	}
	made := true
	var known custody.Sealed
	err = s.Custody.DB().Write(ctx, func(tx *store.Tx) error {
		if _, err := p.Begin(tx); err != nil {
			return err
		}
		var err error
		known, err = s.Custody.Made(tx, g.Ref())
		if made = !fault.Has(err, fault.NotFound); !made {
			return nil
		}
		return err
	})
	if err != nil {
		return wallet.Done{}, err
	}
	if made && (known.Number != g.Number || known.Scheme != g.Scheme) {
		return wallet.Done{}, fault.New(fault.OperationConflict, "This operation has made other shares. Make a new operation.")
	}
	if !made {
		if err := s.stage(ctx, p, g); err != nil {
			return wallet.Done{}, err
		}
	}
	return s.verify(ctx, p, g)
}

// stage makes both sides' pieces. The guardian's are stored first: what only the
// guardian has, the next try drops.
func (s *Server) stage(ctx context.Context, p custody.Permit, g custody.Shares) error {
	if err := s.guardian.Drop(ctx,
		g.Ref()); err != nil {
		return err
	}
	hello, err := s.hello(ctx)
	if err != nil {
		return err
	}
	w, pieces := p.Wallet, share.Pieces(nil)
	if p.Order.Operation.Action == wallet.Create {
		w, pieces, err = s.create(ctx, p, g, hello)
	} else {
		pieces, err = s.contribute(ctx, p, g, hello)
	}
	if err != nil {
		return err
	}
	defer pieces.Wipe()
	record, err := s.Custody.Seal(ctx, g, pieces)
	if err != nil {
		return err
	}
	return s.Custody.DB().Write(ctx, func(tx *store.Tx) error {
		fresh, err := s.Custody.Stage(tx, p.By(), w, record)
		if err == nil && !fresh {
			err = fault.New(fault.Conflict, "The operation is under way already. Ask again in a moment.")
		}
		if err != nil {
			return err
		}
		_, err = tx.Exec(`INSERT INTO quorums (wallet_id, generation, signer) VALUES ($1, $2, $3)
			ON CONFLICT (wallet_id, generation) DO UPDATE SET signer = excluded.signer, guardian = NULL`,
			g.WalletID, g.Number, custody.Digest(g, wallet.Signer, pieces))
		return err
	})
}

// create makes a key, gives the guardian its pieces, and returns the signer's.
func (s *Server) create(ctx context.Context, p custody.Permit, g custody.Shares, hello guardian.Hello) (wallet.Wallet,
	share.Pieces, error) {
	w := p.Wallet
	secret, err := newSecret(w.Chain)
	if err != nil {
		return w, nil, err
	}
	defer clear(secret)
	k, err := keyOf(w.Chain, secret)
	if err != nil {
		return w, nil, err
	}
	defer k.wipe()
	if w.Address, w.PublicKey, err = addressOf(w.Chain, k); err != nil {
		return w, nil, err
	}
	all, err := share.Split(g.Scheme, secret)
	if err != nil {
		return w, nil, err
	}
	defer all.Wipe()
	theirs, err := seal(hello, guardian.ForStage, g, all)
	if err != nil {
		return w, nil, err
	}
	if err := s.guardian.Stage(ctx,
		guardian.Stage{KeyID: s.Custody.KeyID(), Order: p.Order, Address: w.Address, PublicKey: w.PublicKey, Pieces: theirs}); err != nil {
		return w, nil, err
	}
	mine, err := all.Pick(share.HeldBy(g.Scheme, wallet.Signer))
	return w, mine, err
}

// seal seals to the guardian those pieces of all that it holds.
func seal(hello guardian.Hello, purpose string, g custody.Shares, all share.Pieces) (sealed.Pieces, error) {
	theirs, err := all.Pick(share.HeldBy(g.Scheme, wallet.Guardian))
	if err != nil {
		return sealed.Pieces{}, err
	}
	defer theirs.Wipe()
	return sealed.SealPieces(hello.PublicKey, guardian.Place(purpose, g, g.OperationID), theirs)
}

// contribute renews the pieces of the generation in force together with the
// guardian, without assembling the key, and returns the signer's new ones.
func (s *Server) contribute(ctx context.Context, p custody.Permit, g custody.Shares, hello guardian.Hello) (share.Pieces, error) {
	var from custody.Sealed
	err := s.Custody.DB().Read(ctx, func(tx *store.Tx) error {
		var err error
		from, err = s.Custody.Release(tx, g.EnvironmentID, g.WalletID, p.Wallet.Generation)
		return err
	})
	if err != nil {
		return nil, err
	}
	held, err := s.Custody.Open(ctx, from)
	if err != nil {
		return nil, err
	}
	defer held.Wipe()
	own, err := share.Contribute(from.Scheme, g.Scheme, wallet.Signer, held)
	if err != nil {
		return nil, err
	}
	defer own.Wipe()
	theirs, err := seal(hello, guardian.ForContribute, g, own)
	if err != nil {
		return nil, err
	}
	reply, err := sealed.NewKey()
	if err != nil {
		return nil, err
	}
	answer, err := s.guardian.Contribute(ctx,
		guardian.Contribute{KeyID: s.Custody.KeyID(), Order: p.Order, From: from.Number, Pieces: theirs, ReplyKey: reply.PublicKey()})
	if err != nil {
		return nil, err
	}
	received, err := reply.OpenPieces(guardian.Place(guardian.ForContributed, g, g.OperationID), answer)
	if err != nil {
		return nil, fmt.Errorf("opening the guardian's contributions: %w", err)
	}
	defer received.Wipe()
	return share.Merge(g.Scheme, wallet.Signer, own, received)
}

// verify assembles what both sides have stored, once, and compares it with the
// wallet's key. The moment serves to seal the offline parties' shares, too.
func (s *Server) verify(ctx context.Context, p custody.Permit, g custody.Shares) (wallet.Done, error) {
	var w wallet.Wallet
	var stored custody.Sealed
	err := s.Custody.DB().Write(ctx, func(tx *store.Tx) error { // reading locks the wallet
		var err error
		if w, err = s.Custody.Wallet(tx, g.EnvironmentID, g.WalletID); err != nil {
			return err
		}
		stored, err = s.Custody.Made(tx, g.Ref())
		return err
	})
	if err != nil {
		return wallet.Done{}, err
	}
	mine, err := s.Custody.Open(ctx, stored)
	if err != nil {
		return wallet.Done{}, err
	}
	defer mine.Wipe()
	reply, err := sealed.NewKey()
	if err != nil {
		return wallet.Done{}, err
	}
	answer, err := s.guardian.Assemble(ctx, guardian.Release{KeyID: s.Custody.KeyID(), Order: p.Order, ReplyKey: reply.PublicKey()})
	if err != nil {
		return wallet.Done{}, err
	}
	theirs, err := reply.OpenPieces(guardian.Place(guardian.ForVerify, g, g.OperationID), answer)
	if err != nil {
		return wallet.Done{}, fmt.Errorf("opening what the guardian has staged: %w", err)
	}
	defer theirs.Wipe()
	k, err := assemble(w, g.Scheme, mine, theirs)
	if err != nil {
		return wallet.Done{}, err
	}
	k.wipe()
	shares, err := offline.Seal(s.offline, w, g.Number, g.Scheme, union(mine, theirs))
	if err != nil {
		return wallet.Done{}, err
	}
	// The guardian first: what is verified here can then be committed on both sides.
	digest := custody.Digest(g, wallet.Guardian, theirs)
	if err := s.guardian.Verified(ctx,
		guardian.Verified{EnvironmentID: g.EnvironmentID, WalletID: g.WalletID, OperationID: g.OperationID, Digest: digest}); err != nil {
		return wallet.Done{}, err
	}
	err = s.Custody.DB().Write(ctx, func(tx *store.Tx) error {
		if err := s.Custody.Verify(tx, p.By(), g.Ref()); err != nil { // locks the wallet
			return err
		}
		same, err := tx.Exec(`UPDATE quorums SET guardian = $1 WHERE wallet_id = $2 AND generation = $3 AND signer = $4`,
			digest, g.WalletID, g.Number, custody.Digest(g, wallet.Signer, mine))
		if err == nil && same == 0 {
			err = fault.New(fault.Conflict, "Other pieces of this operation were staged meanwhile. Start over.")
		}
		return err
	})
	if err != nil {
		return wallet.Done{}, err
	}
	return wallet.Done{Address: w.Address, PublicKey: w.PublicKey, OfflineShares: shares}, nil
}
