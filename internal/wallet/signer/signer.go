// Package signer is the custodian that assembles keys: the only place where a key
// is ever whole, for the time of one operation. The invariants: a key is assembled
// for an order only that this signer has allowed and claimed itself and for which
// the guardian has released its pieces; what is assembled is compared with the
// wallet's public key before it is used; and it is wiped before the answer leaves.
//
// The signer also decides what becomes of generations of shares, and tells the
// guardian, see [Server.settle].
package signer

import (
	"bytes"
	"context"
	"crypto/subtle"
	"embed"
	"errors"
	"fmt"
	"log/slog"
	"maps"

	"github.com/stepup-auth/stepup/internal/config"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/wallet"
	"github.com/stepup-auth/stepup/internal/wallet/authz"
	"github.com/stepup-auth/stepup/internal/wallet/custody"
	"github.com/stepup-auth/stepup/internal/wallet/guardian"
	"github.com/stepup-auth/stepup/internal/wallet/peer"
	"github.com/stepup-auth/stepup/internal/wallet/sealed"
	"github.com/stepup-auth/stepup/internal/wallet/share"
)

//go:embed migrations
var migrations embed.FS

// Schema are the tables of the signer's database.
func Schema() store.Schema { return custody.Schema(wallet.Signer, migrations) }

// Config is what a signer works with.
type Config struct {
	Custody  *custody.Store // of a database opened with [Schema]
	Checker  *authz.Checker
	Guardian *guardian.Client
	File     config.CustodianFile
	Log      *slog.Logger
}

// Server is the signer.
type Server struct {
	custody.Custodian
	guardian *guardian.Client
	file     config.CustodianFile
	offline  []byte // public key that offline shares are sealed to; nil: there is none
}

// New makes a signer.
func New(c Config) (*Server, error) {
	if c.Custody.Role() != wallet.Signer {
		return nil, fmt.Errorf("starting the signer: the custody is the %s's", c.Custody.Role())
	}
	offline, err := c.File.Offline()
	if err != nil {
		return nil, fmt.Errorf("starting the signer: %w", err)
	}
	return &Server{
		Custodian: custody.Custodian{Custody: c.Custody, Checker: c.Checker, Log: c.Log},
		guardian:  c.Guardian, file: c.File, offline: offline,
	}, nil
}

// Endpoints are what the coordinator may ask of the signer.
func (s *Server) Endpoints() []peer.Endpoint {
	coordinator := []wallet.Role{wallet.Coordinator}
	return append(s.Custodian.Endpoints(),
		peer.Handle("/signer/do", coordinator, s.do),
		peer.Handle("/signer/check", coordinator, s.check),
		peer.Handle("/signer/settle", coordinator, s.settle),
	)
}

// Hello reaches the guardian and refuses to work with one under the same root key.
// Each message between the two says it again.
func (s *Server) Hello(ctx context.Context) error {
	_, err := s.hello(ctx)
	return err
}

func (s *Server) hello(ctx context.Context) (guardian.Hello, error) {
	h, err := s.guardian.Hello(ctx, guardian.Hello{KeyID: s.Custody.KeyID()})
	if err != nil {
		return guardian.Hello{}, err
	}
	return h, s.SameKey(h.KeyID)
}

func (s *Server) do(ctx context.Context, o wallet.Order) (wallet.Done, error) {
	if o.Operation.Action == wallet.Export && s.file.ExportDisabled {
		return wallet.Done{}, fault.New(fault.ExportDisabled, "Private keys are not exported here: the operator has switched it off.")
	}
	p, err := s.Permit(ctx, o, wallet.Create, wallet.Refresh, wallet.Reshare, wallet.Sign, wallet.Export)
	if err != nil {
		return wallet.Done{}, err
	}
	switch o.Operation.Action {
	case wallet.Sign:
		return s.use(ctx, p, sign)
	case wallet.Export:
		return s.use(ctx, p, export)
	}
	return s.renew(ctx, p)
}

// use assembles the key of a wallet for one signature or export.
func (s *Server) use(ctx context.Context, p custody.Permit,
	with func(custody.Permit, assembled) (wallet.Done, error)) (wallet.Done, error) {
	op := p.Order.Operation
	var own custody.Sealed
	err := s.Custody.DB().Write(ctx, func(tx *store.Tx) error {
		if _, err := p.Begin(tx); err != nil {
			return err
		}
		var err error
		own, err = s.Custody.Release(tx, op.EnvironmentID, op.WalletID, p.Order.Generation)
		return err
	})
	if err != nil {
		return wallet.Done{}, err
	}
	reply, err := sealed.NewKey()
	if err != nil {
		return wallet.Done{}, err
	}
	released, err := s.guardian.Release(ctx, guardian.Release{KeyID: s.Custody.KeyID(), Order: p.Order, ReplyKey: reply.PublicKey()})
	if err != nil {
		return wallet.Done{}, err
	}
	theirs, err := reply.OpenPieces(guardian.Place(guardian.ForRelease, own.Shares, op.ID), released)
	if err != nil {
		return wallet.Done{}, fmt.Errorf("opening what the guardian released: %w", err)
	}
	defer theirs.Wipe()
	mine, err := s.Custody.Open(ctx, own)
	if err != nil {
		return wallet.Done{}, err
	}
	defer mine.Wipe()
	k, err := assemble(p.Wallet, own.Scheme, mine, theirs)
	if err != nil {
		return wallet.Done{}, err
	}
	defer k.wipe()
	return with(p, k)
}

// assemble puts a key together, and gives it out only if it is the wallet's.
func assemble(w wallet.Wallet, scheme wallet.Scheme, pieces ...share.Pieces) (assembled, error) {
	secret, err := share.Combine(scheme, pieces...)
	if err != nil {
		return assembled{}, fmt.Errorf("assembling the key of wallet %s: %w", w.ID, err)
	}
	pin(secret)
	k, err := keyOf(w.Chain, secret)
	if err != nil {
		clear(secret)
		return assembled{}, fmt.Errorf("assembling the key of wallet %s: %w", w.ID, err)
	}
	whole := assembled{k, secret}
	address, public, err := addressOf(w.Chain, k)
	if err != nil || address != w.Address || subtle.ConstantTimeCompare(public, w.PublicKey) != 1 {
		whole.wipe()
		return assembled{}, fmt.Errorf("assembling the key of wallet %s: the pieces give another wallet's key", w.ID)
	}
	return whole, nil
}

func sign(p custody.Permit, k assembled) (wallet.Done, error) {
	signature, err := k.sign(p.Intent.ToSign)
	if err != nil {
		return wallet.Done{}, fmt.Errorf("signing with wallet %s: %w", p.Wallet.ID, err)
	}
	transaction, err := p.Intent.Assemble(signature)
	if err != nil {
		return wallet.Done{}, fmt.Errorf("signing with wallet %s: %w", p.Wallet.ID, err)
	}
	return wallet.Done{Signature: &wallet.Signature{Signature: signature, SignedTransaction: transaction}}, nil
}

// export seals the key to the user's export key. The plaintext exists here only.
func export(p custody.Permit, k assembled) (wallet.Done, error) {
	op := p.Order.Operation
	var request wallet.ExportRequest
	if err := op.ReadRequest(&request); err != nil {
		return wallet.Done{}, err
	}
	e, err := sealed.Export(op, request, p.Wallet.Chain, k.secret)
	if err != nil {
		return wallet.Done{}, fault.New(fault.InvalidRequest, "The exportPublicKey is of no use: send an X25519 key of 32 bytes.").
			Because(err)
	}
	return wallet.Done{Export: &e}, nil
}

// check says whether the generation in force is still what was assembled once: its
// pieces can be read at both custodians and are the same. The key is not assembled,
// and the guardian shows no piece.
func (s *Server) check(ctx context.Context, g wallet.GenerationRef) (Checked, error) {
	var w wallet.Wallet
	var mine custody.Sealed
	var signers, guardians []byte
	err := s.Custody.DB().Write(ctx, func(tx *store.Tx) error { // reading locks the wallet
		status, err := s.Custody.Status(tx, g.EnvironmentID, g.WalletID)
		if err != nil {
			return err
		}
		w = status.Wallet
		made := wallet.OperationRef{EnvironmentID: g.EnvironmentID, WalletID: g.WalletID}
		for _, known := range status.Generations {
			if known.Number == g.Generation {
				made = known.Ref()
			}
		}
		if mine, err = s.Custody.Made(tx, made); err != nil {
			return err
		}
		return tx.Row(`SELECT signer, guardian FROM quorums WHERE wallet_id = $1 AND generation = $2`, g.WalletID, g.Generation).
			Scan(&signers, &guardians)
	})
	if errors.Is(err, store.ErrNotFound) {
		err = fault.New(fault.Conflict, "Generation %d of this wallet was never verified here.", g.Generation)
	}
	if err != nil {
		return Checked{}, err
	}
	pieces, err := s.Custody.Open(ctx, mine)
	if err != nil {
		return Checked{}, err
	}
	defer pieces.Wipe()
	theirs, err := s.guardian.Digest(ctx, g)
	if err != nil {
		return Checked{}, err
	}
	if !bytes.Equal(signers, custody.Digest(mine.Shares, wallet.Signer, pieces)) {
		return Checked{}, fault.New(fault.Conflict,
			"The signer's shares of generation %d are not those that were verified: restore them from a backup.", g.Generation)
	}
	if !bytes.Equal(guardians, theirs) {
		return Checked{}, fault.New(fault.Conflict,
			"The guardian's shares of generation %d are not those that were verified: restore them from a backup.", g.Generation)
	}
	return Checked{Address: w.Address}, nil
}

// settle decides what becomes of a generation, here first, and tells the guardian.
// Only what is in force here comes into force there, and only what can never come
// into force here is rolled back there, so the two never keep different ones. It
// may be repeated until the guardian was reached.
func (s *Server) settle(ctx context.Context, v wallet.Settlement) (struct{}, error) {
	if v.Verdict == wallet.Retire {
		// Older shares may go once the guardian, too, has put the newer in force.
		commit := v
		commit.Verdict = wallet.Commit
		if _, err := s.settle(ctx, commit); err != nil {
			return struct{}{}, err
		}
	}
	if err := s.Settle(ctx, v); err != nil {
		return struct{}{}, err
	}
	return struct{}{}, s.guardian.Settle(ctx, v)
}

// union is what two holders have together. The pieces stay theirs.
func union(a, b share.Pieces) share.Pieces {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return all
}
