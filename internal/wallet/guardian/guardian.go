// Package guardian is the second custodian: it checks every operation by itself,
// keeps the limits, and only then releases its pieces, sealed to a key of the
// signer's for this one operation. The invariant: no piece leaves without an
// order that [custody.Custodian.Permit] allows, counted against the limits in
// the very transaction that claims the operation. It never has a whole key.
package guardian

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/chain"
	"github.com/stepup-auth/stepup/internal/config"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/wallet"
	"github.com/stepup-auth/stepup/internal/wallet/authz"
	"github.com/stepup-auth/stepup/internal/wallet/custody"
	"github.com/stepup-auth/stepup/internal/wallet/intent"
	"github.com/stepup-auth/stepup/internal/wallet/kek"
	"github.com/stepup-auth/stepup/internal/wallet/peer"
	"github.com/stepup-auth/stepup/internal/wallet/sealed"
	"github.com/stepup-auth/stepup/internal/wallet/share"
)

//go:embed migrations
var migrations embed.FS

// Schema are the tables of the guardian's database.
func Schema() store.Schema { return custody.Schema(wallet.Guardian, migrations) }

// Config is what a guardian works with.
type Config struct {
	Custody *custody.Store // of a database opened with [Schema]
	Root    kek.Key        // the custody's root key
	Checker *authz.Checker
	File    config.CustodianFile
	Log     *slog.Logger
}

// Server is the guardian.
type Server struct {
	custody.Custodian
	file config.CustodianFile
	key  sealed.Key
}

// New makes a guardian. The key it is sealed to is made once and kept, wrapped.
func New(ctx context.Context, c Config) (*Server, error) {
	if c.Custody.Role() != wallet.Guardian {
		return nil, fmt.Errorf("starting the guardian: the custody is the %s's", c.Custody.Role())
	}
	s := &Server{Custodian: custody.Custodian{Custody: c.Custody, Checker: c.Checker, Log: c.Log}, file: c.File}
	var err error
	if s.key, err = transitKey(ctx, c.Custody.DB(), c.Root); err != nil {
		return nil, fmt.Errorf("starting the guardian: %w", err)
	}
	return s, nil
}

// transitKey reads the key that belongs to the root key, and makes it the first
// time. Of two nodes that make one at once the first wins.
func transitKey(ctx context.Context, db *store.DB, root kek.Key) (sealed.Key, error) {
	about := kek.Context{"use": "stepup wallet transit key", "role": string(wallet.Guardian)}
	for {
		var wrapped []byte
		err := db.Read(ctx, func(tx *store.Tx) error {
			return tx.Row(`SELECT wrapped FROM transit_keys WHERE root_id = $1`, root.ID()).Scan(&wrapped)
		})
		if err == nil {
			raw, err := root.Unwrap(ctx, wrapped, about)
			if err != nil {
				return sealed.Key{}, fmt.Errorf("unwrapping the transit key: %w", err)
			}
			defer clear(raw)
			return sealed.ParseKey(raw)
		}
		if !errors.Is(err, store.ErrNotFound) {
			return sealed.Key{}, fmt.Errorf("reading the transit key: %w", err)
		}
		if err := makeTransitKey(ctx, db, root, about); err != nil {
			return sealed.Key{}, fmt.Errorf("making the transit key: %w", err)
		}
	}
}

func makeTransitKey(ctx context.Context, db *store.DB, root kek.Key, about kek.Context) error {
	key, err := sealed.NewKey()
	if err != nil {
		return err
	}
	raw, err := key.Bytes()
	if err != nil {
		return err
	}
	defer clear(raw)
	wrapped, err := root.Wrap(ctx, raw, about)
	if err != nil {
		return err
	}
	return db.Write(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(`INSERT INTO transit_keys (root_id, wrapped, created_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`, root.ID(),
			wrapped, tx.Now().UnixMilli())
		return err
	})
}

// Endpoints are what the other roles may ask of the guardian.
func (s *Server) Endpoints() []peer.Endpoint {
	signer, coordinator := []wallet.Role{wallet.Signer}, []wallet.Role{wallet.Coordinator}
	return append(s.Custodian.Endpoints(),
		peer.Handle("/guardian/hello", signer, s.hello),
		peer.Handle("/guardian/drop", signer, s.drop),
		peer.Handle("/guardian/stage", signer, s.stage),
		peer.Handle("/guardian/contribute", signer, s.contribute),
		peer.Handle("/guardian/assemble", signer, s.assemble),
		peer.Handle("/guardian/verified", signer, s.verified),
		peer.Handle("/guardian/release", signer, s.release),
		peer.Handle("/guardian/digest", signer, s.digest),
		peer.Handle("/guardian/settle", []wallet.Role{wallet.Signer, wallet.Coordinator}, s.settle),
		peer.Handle("/guardian/preview", coordinator, s.preview),
	)
}

// Run destroys what is due and forgets what no limit needs any more, until ctx ends.
func (s *Server) Run(ctx context.Context) {
	done := make(chan struct{})
	go func() { defer close(done); s.Custodian.Run(ctx) }()
	defer func() { <-done }()
	ticker := time.NewTicker(time.Hour)
	defer ticker.Stop()
	for {
		if err := store.NewChores(s.Custody.DB(), chores()...).Round(ctx); err != nil && ctx.Err() == nil {
			s.Log.ErrorContext(ctx, "forgetting old uses; the next try is in an hour", "error", err)
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

func (s *Server) hello(_ context.Context, h Hello) (Hello, error) {
	if err := s.SameKey(h.KeyID); err != nil {
		return Hello{}, err
	}
	return Hello{KeyID: s.Custody.KeyID(), PublicKey: s.key.PublicKey()}, nil
}

// Place is what the pieces of a generation are bound to on their way.
func Place(purpose string, g custody.Shares, operationID string) sealed.Place {
	return sealed.Place{Purpose: purpose, EnvironmentID: g.EnvironmentID, WalletID: g.WalletID, OperationID: operationID,
		Generation: g.Number}
}

// drop removes what an earlier try of an operation has staged here, unless it was
// verified: then the signer has it too, and settles it.
func (s *Server) drop(ctx context.Context, o wallet.OperationRef) (struct{}, error) {
	return struct{}{}, s.Custody.DB().Write(ctx, func(tx *store.Tx) error {
		made, err := s.Custody.Made(tx, o)
		if fault.Has(err, fault.NotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		if made.State != wallet.Staged {
			return fault.New(fault.Conflict, "The shares of this operation are verified. Settle them.")
		}
		return s.Custody.Rollback(tx, audit.By{Actor: "system", EnvironmentID: o.EnvironmentID}, o)
	})
}

// stage takes the pieces of a new wallet.
func (s *Server) stage(ctx context.Context, r Stage) (struct{}, error) {
	if err := s.SameKey(r.KeyID); err != nil {
		return struct{}{}, err
	}
	p, err := s.Permit(ctx, r.Order, wallet.Create)
	if err != nil {
		return struct{}{}, err
	}
	g, err := p.Makes()
	if err != nil {
		return struct{}{}, err
	}
	w := p.Wallet
	w.Address, w.PublicKey = r.Address, r.PublicKey
	if address, err := chain.Kind(w.Chain).AddressOf(w.PublicKey); err != nil || address != w.Address {
		return struct{}{}, fault.New(fault.InvalidRequest, "The address is not that of the public key.").Because(err)
	}
	pieces, err := s.key.OpenPieces(Place(ForStage, g, g.OperationID), r.Pieces)
	if err != nil {
		return struct{}{}, fault.New(fault.InvalidRequest, "The pieces are not sealed for this.").Because(err)
	}
	defer pieces.Wipe()
	return struct{}{}, s.keep(ctx, p, w, g, pieces)
}

// keep claims the operation and stages pieces of a new generation.
func (s *Server) keep(ctx context.Context, p custody.Permit, w wallet.Wallet, g custody.Shares, pieces share.Pieces) error {
	record, err := s.Custody.Seal(ctx, g, pieces)
	if err != nil {
		return err
	}
	return s.Custody.DB().Write(ctx, func(tx *store.Tx) error {
		if _, err := p.Begin(tx); err != nil {
			return err
		}
		fresh, err := s.Custody.Stage(tx, p.By(), w, record)
		if err == nil && !fresh {
			err = fault.New(fault.Conflict, "The operation has staged other pieces before. Roll it back and start over.")
		}
		if err != nil {
			return err
		}
		_, err = tx.Exec(`INSERT INTO digests (wallet_id, generation, digest) VALUES ($1, $2, $3)
			ON CONFLICT (wallet_id, generation) DO UPDATE SET digest = excluded.digest`,
			g.WalletID, g.Number, custody.Digest(g, wallet.Guardian, pieces))
		return err
	})
}

// contribute renews the guardian's pieces: it takes the signer's contributions to
// what the guardian will hold, and answers with its own to what the signer will.
func (s *Server) contribute(ctx context.Context, r Contribute) (sealed.Pieces, error) {
	if err := s.SameKey(r.KeyID); err != nil {
		return sealed.Pieces{}, err
	}
	p, err := s.Permit(ctx, r.Order, wallet.Refresh, wallet.Reshare)
	if err != nil {
		return sealed.Pieces{}, err
	}
	g, err := p.Makes()
	if err != nil {
		return sealed.Pieces{}, err
	}
	var from custody.Sealed
	err = s.Custody.DB().Write(ctx, func(tx *store.Tx) error {
		if _, err := p.Begin(tx); err != nil {
			return err
		}
		from, err = s.Custody.Release(tx, g.EnvironmentID, g.WalletID, r.From)
		return err
	})
	if err != nil {
		return sealed.Pieces{}, err
	}
	held, err := s.Custody.Open(ctx, from)
	if err != nil {
		return sealed.Pieces{}, err
	}
	defer held.Wipe()
	own, err := share.Contribute(from.Scheme, g.Scheme, wallet.Guardian, held)
	if err != nil {
		return sealed.Pieces{}, err
	}
	defer own.Wipe()
	received, err := s.key.OpenPieces(Place(ForContribute, g, g.OperationID), r.Pieces)
	if err != nil {
		return sealed.Pieces{}, fault.New(fault.InvalidRequest, "The contributions are not sealed for this.").Because(err)
	}
	defer received.Wipe()
	merged, err := share.Merge(g.Scheme, wallet.Guardian, own, received)
	if err != nil {
		return sealed.Pieces{}, fault.New(fault.InvalidRequest, "The contributions do not fit.").Because(err)
	}
	defer merged.Wipe()
	theirs, err := own.Pick(share.HeldBy(g.Scheme, wallet.Signer))
	if err != nil {
		return sealed.Pieces{}, err
	}
	defer theirs.Wipe()
	answer, err := s.reply(r.ReplyKey, Place(ForContributed, g, g.OperationID), theirs)
	if err != nil {
		return sealed.Pieces{}, err
	}
	return answer, s.keep(ctx, p, p.Wallet, g, merged)
}

func (s *Server) reply(key []byte, where sealed.Place, pieces share.Pieces) (sealed.Pieces, error) {
	answer, err := sealed.SealPieces(key, where, pieces)
	if err != nil {
		return sealed.Pieces{}, fault.New(fault.InvalidRequest, "The reply key is no X25519 key.").Because(err)
	}
	return answer, nil
}

// assemble gives the signer all pieces of what the operation has staged, to verify
// them before they come into force.
func (s *Server) assemble(ctx context.Context, r Release) (sealed.Pieces, error) {
	if err := s.SameKey(r.KeyID); err != nil {
		return sealed.Pieces{}, err
	}
	p, err := s.Permit(ctx, r.Order, wallet.Create, wallet.Refresh, wallet.Reshare)
	if err != nil {
		return sealed.Pieces{}, err
	}
	op := r.Order.Operation
	var made custody.Sealed
	err = s.Custody.DB().Write(ctx, func(tx *store.Tx) error {
		if _, err := p.Begin(tx); err != nil {
			return err
		}
		made, err = s.Custody.Made(tx, op.Ref())
		return err
	})
	if err != nil {
		return sealed.Pieces{}, err
	}
	if made.State != wallet.Staged && made.State != wallet.Verified {
		return sealed.Pieces{}, fault.New(fault.Conflict, "The shares of this operation are in force already.")
	}
	pieces, err := s.Custody.Open(ctx, made)
	if err != nil {
		return sealed.Pieces{}, err
	}
	defer pieces.Wipe()
	return s.reply(r.ReplyKey, Place(ForVerify, made.Shares, op.ID), pieces)
}

// verified notes that the pieces stored here, and no others of the operation, were
// assembled to the wallet's key.
func (s *Server) verified(ctx context.Context, v Verified) (struct{}, error) {
	return struct{}{}, s.Custody.DB().Write(ctx, func(tx *store.Tx) error {
		made, err := s.Custody.Made(tx, v.ref()) // locks the wallet
		if err != nil {
			return err
		}
		var digest []byte
		if err := tx.Row(`SELECT digest FROM digests WHERE wallet_id = $1 AND generation = $2`, v.WalletID, made.Number).
			Scan(&digest); err != nil {
			return fmt.Errorf("reading the digest of generation %d of wallet %s: %w", made.Number, v.WalletID, err)
		}
		if !bytes.Equal(digest, v.Digest) {
			return fault.New(fault.Conflict, "Other pieces of this operation were staged meanwhile. Start over.")
		}
		return s.Custody.Verify(tx, audit.By{Actor: "system", EnvironmentID: v.EnvironmentID}, v.ref())
	})
}

// release gives the signer what it needs for one signature or export.
func (s *Server) release(ctx context.Context, r Release) (sealed.Pieces, error) {
	if err := s.SameKey(r.KeyID); err != nil {
		return sealed.Pieces{}, err
	}
	p, err := s.Permit(ctx, r.Order, wallet.Sign, wallet.Export)
	if err != nil {
		return sealed.Pieces{}, err
	}
	op := r.Order.Operation
	var released custody.Sealed
	err = s.Custody.DB().Write(ctx, func(tx *store.Tx) error {
		if err := lock(tx, op.WalletID); err != nil {
			return err
		}
		begun, err := p.Begin(tx)
		if err != nil {
			return err
		}
		if !begun.Again {
			if err := limitsOf(s.file, op.EnvironmentID).allow(tx, op.WalletID, p.Intent); err != nil {
				return err
			}
			if err := count(tx, op, p.Intent); err != nil {
				return err
			}
		}
		released, err = s.Custody.Release(tx, op.EnvironmentID, op.WalletID, r.Order.Generation)
		return err
	})
	if err != nil {
		return sealed.Pieces{}, err
	}
	held, err := s.Custody.Open(ctx, released)
	if err != nil {
		return sealed.Pieces{}, err
	}
	defer held.Wipe()
	responsible, err := held.Pick(share.Responsible(released.Scheme, wallet.Guardian))
	if err != nil {
		return sealed.Pieces{}, err
	}
	defer responsible.Wipe()
	return s.reply(r.ReplyKey, Place(ForRelease, released.Shares, op.ID), responsible)
}

// digest tells the signer whether the guardian's pieces are still readable and
// still those that were assembled once, without showing them.
func (s *Server) digest(ctx context.Context, g wallet.GenerationRef) (Digest, error) {
	var held custody.Sealed
	err := s.Custody.DB().Write(ctx, func(tx *store.Tx) error { // reading locks the wallet
		status, err := s.Custody.Status(tx, g.EnvironmentID, g.WalletID)
		if err != nil {
			return err
		}
		for _, known := range status.Generations {
			if known.Number == g.Generation {
				held, err = s.Custody.Made(tx, known.Ref())
				return err
			}
		}
		return fault.New(fault.NotFound, "The guardian has no generation %d of this wallet.", g.Generation)
	})
	if err != nil {
		return Digest{}, err
	}
	pieces, err := s.Custody.Open(ctx, held)
	if err != nil {
		return Digest{}, err
	}
	defer pieces.Wipe()
	return Digest{custody.Digest(held.Shares, wallet.Guardian, pieces)}, nil
}

// settle takes verdicts from the signer, who decides. A coordinator that repeats
// what is so already is agreed with.
func (s *Server) settle(ctx context.Context, v wallet.Settlement) (struct{}, error) {
	if peer.Caller(ctx) == wallet.Signer {
		return struct{}{}, s.Settle(ctx, v)
	}
	held, err := s.Status(ctx, wallet.WalletRef{EnvironmentID: v.EnvironmentID, WalletID: v.WalletID})
	if err != nil {
		return struct{}{}, err
	}
	state := wallet.GenerationState("")
	for _, g := range held.Generations {
		if g.OperationID == v.OperationID {
			state = g.State
		}
	}
	inForce := state == wallet.InForce || state == wallet.Retiring || state == wallet.Destroyed
	if v.Verdict == wallet.Rollback && state == "" || v.Verdict != wallet.Rollback && inForce {
		return struct{}{}, nil
	}
	return struct{}{}, fault.New(fault.Conflict, "Only the signer says what becomes of shares. Settle it there first.")
}

// preview says whether the limits would allow an operation now. It counts nothing.
func (s *Server) preview(ctx context.Context, r Preview) (struct{}, error) {
	op := r.Operation
	if op.Action == wallet.Create {
		return struct{}{}, nil
	}
	return struct{}{}, s.Custody.DB().Read(ctx, func(tx *store.Tx) error {
		w, err := s.Custody.Wallet(tx, op.EnvironmentID, op.WalletID)
		if err != nil {
			return err
		}
		if w.UserID != op.UserID {
			return fault.New(fault.NotFound, "There is no such wallet.").Because(errors.New("it is another user's"))
		}
		in, err := intent.Decode(op, w)
		if err != nil {
			return err
		}
		var counted int
		if err := tx.Row(`SELECT COUNT(*) FROM uses WHERE operation_id = $1`, op.ID).Scan(&counted); err != nil {
			return fmt.Errorf("looking for operation %s: %w", op.ID, err)
		}
		if counted > 0 {
			return nil
		}
		return limitsOf(s.file, op.EnvironmentID).allow(tx, op.WalletID, in)
	})
}
