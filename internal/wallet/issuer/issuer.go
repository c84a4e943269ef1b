// Package issuer is the issuer's part in the wallet service: what it answers to the
// custodians, over a listener of their own. The invariant: a claim is confirmed only for
// an operation that the issuer has let through, for the same intent and by the same
// token, which was spent for that operation and no other. It spends nothing: that was
// done in the transaction that remembers the operation.
package issuer

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/tenant"
	"github.com/stepup-auth/stepup/internal/wallet"
	"github.com/stepup-auth/stepup/internal/wallet/authz"
	"github.com/stepup-auth/stepup/internal/wallet/peer"
)

// Server answers custodians.
type Server struct {
	DB      *store.DB
	Tenants *tenant.Registry
	Now     func() time.Time
}

// Endpoints are what the custodians may ask of the issuer.
func (s *Server) Endpoints() []peer.Endpoint {
	custodians := []wallet.Role{wallet.Signer, wallet.Guardian}
	return []peer.Endpoint{
		peer.Handle(authz.ClaimPath, custodians, func(ctx context.Context, c wallet.Claim) (wallet.Claimed, error) {
			return s.Claim(ctx, peer.Caller(ctx), c)
		}),
		peer.Query(authz.KeysPath, custodians, func(r *http.Request) (authz.KeysDocument, error) {
			return s.Keys(r.Context(), r.PathValue("id"))
		}),
	}
}

// Claim confirms to a custodian that the issuer let this operation through. That
// each custodian asked is audited once.
func (s *Server) Claim(ctx context.Context, custodian wallet.Role, c wallet.Claim) (wallet.Claimed, error) {
	refused := fault.New(fault.WalletNotAuthorized, "The issuer has not authorised this operation. Ask again at the issuer.")
	var claimed wallet.Claimed
	err := s.DB.Write(ctx, func(tx *store.Tx) error {
		row, err := tx.WalletOperation(c.EnvironmentID, c.OperationID)
		if errors.Is(err, store.ErrNotFound) {
			return refused.Because(errors.New("there is no such operation"))
		}
		if err != nil {
			return err
		}
		if row.IntentHash != c.IntentHash || row.TokenID != c.TokenID {
			return refused.Because(errors.New("the operation was claimed for another intent or by another token"))
		}
		if err := spentFor(tx, row); err != nil {
			return refused.Because(err)
		}
		claimed.ClaimedAt = row.ClaimedAt.Unix()
		first, err := tx.TellCustodian(row.EnvironmentID, row.ID, string(custodian))
		if err != nil || !first {
			return err
		}
		by := audit.By{Actor: "custodian:" + string(custodian), EnvironmentID: row.EnvironmentID, UserID: row.UserID,
			SessionID: row.SessionID}
		return audit.Record(tx, by, "wallet.custodian.claimed", audit.Detail{
			"operation_id": row.ID, "wallet_id": row.WalletID, "action": row.Action, "intent_hash": row.IntentHash, "token_id": row.TokenID,
		})
	})
	return claimed, err
}

// spentFor checks that a single-use token was spent in the very transaction that
// remembers the operation. A token that was purged was: its operation remains.
func spentFor(tx *store.Tx, row store.WalletOperationRow) error {
	if row.TokenID == "" {
		return nil
	}
	token, err := tx.ElevatedToken(row.EnvironmentID, row.TokenID)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err == nil && token.SingleUse && !token.ConsumedAt.Equal(row.ClaimedAt) {
		err = errors.New("the token was not spent for this operation")
	}
	return err
}

// Keys are the public keys of an environment and the name of its issuer.
func (s *Server) Keys(ctx context.Context, environmentID string) (authz.KeysDocument, error) {
	t, err := s.Tenants.Load(ctx, environmentID)
	if err != nil {
		return authz.KeysDocument{}, err
	}
	document := authz.KeysDocument{Issuer: t.Issuer, Keys: []json.RawMessage{}}
	for _, key := range t.Keys.JWKS(s.Now()).Keys {
		text, err := json.Marshal(key)
		if err != nil {
			return authz.KeysDocument{}, err
		}
		document.Keys = append(document.Keys, text)
	}
	return document, nil
}
