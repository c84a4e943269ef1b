package api

import (
	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/wallet"
)

// RefreshRequest says nothing that matters here.
type RefreshRequest struct {
	ShareSetID string `json:"shareSetId,omitempty"`
}

func waasRefresh(c *Call, _ RefreshRequest) (OperationResult, error) {
	outcome, err := c.do(wallet.Refresh, stepup.WalletRefresh, fixed(struct{}{}))
	return viewOutcome(outcome), err
}

// ReshareRequest moves a key to another threshold scheme. Published clients send
// the other members; what asks for more than a new scheme is refused.
type ReshareRequest struct {
	OldThresholdSignatureScheme  string   `json:"oldThresholdSignatureScheme"`
	NewThresholdSignatureScheme  string   `json:"newThresholdSignatureScheme"`
	ClientKeygenIDs              []string `json:"clientKeygenIds,omitempty"`
	DelegateToProjectEnvironment bool     `json:"delegateToProjectEnvironment,omitempty"`
	RevokeDelegation             bool     `json:"revokeDelegation,omitempty"`
	ReshareKind                  string   `json:"reshareKind,omitempty"`
	ShareSetID                   string   `json:"shareSetId,omitempty"`
}

func readReshare(c *Call, r ReshareRequest) reader {
	return func(wallet.Wallet) (any, error) {
		if r.DelegateToProjectEnvironment || r.RevokeDelegation {
			return nil, fault.New(fault.InvalidRequest,
				"Nothing is delegated here: leave delegateToProjectEnvironment and revokeDelegation out.")
		}
		if err := c.offers(r.NewThresholdSignatureScheme); err != nil {
			return nil, err
		}
		return wallet.ReshareRequest{Old: wallet.Scheme(r.OldThresholdSignatureScheme),
			New: wallet.Scheme(r.NewThresholdSignatureScheme)}, nil
	}
}

func waasReshare(c *Call, r ReshareRequest) (OperationResult, error) {
	outcome, err := c.do(wallet.Reshare, stepup.WalletReshare, readReshare(c, r))
	return viewOutcome(outcome), err
}

func waasDisable(c *Call, _ none) (OperationResult, error) {
	outcome, err := c.do(wallet.Disable, "", fixed(struct{}{}))
	return viewOutcome(outcome), err
}

func waasRestore(c *Call, _ none) (OperationResult, error) {
	outcome, err := c.do(wallet.Restore, stepup.WalletRestore, fixed(struct{}{}))
	return viewOutcome(outcome), err
}

func waasDelete(c *Call, _ none) (OperationResult, error) {
	outcome, err := c.do(wallet.Delete, stepup.WalletDelete, fixed(struct{}{}))
	return viewOutcome(outcome), err
}
