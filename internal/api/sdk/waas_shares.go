package sdk

import (
	"github.com/stepup-auth/stepup/internal/door"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/waas"
	"github.com/stepup-auth/stepup/internal/wallet"
)

// RefreshRequest says nothing that matters here.
type RefreshRequest struct {
	ShareSetID string `json:"shareSetId,omitempty"`
}

func (a *API) waasRefresh(c *door.Call, _ RefreshRequest) (OperationResult, error) {
	outcome, err := a.do(c, wallet.Refresh, waas.Nothing())
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

func readReshare(c *door.Call, r ReshareRequest) waas.Reading {
	return func(w wallet.Wallet) (any, error) {
		if r.DelegateToProjectEnvironment || r.RevokeDelegation {
			return nil, fault.New(fault.InvalidRequest,
				"Nothing is delegated here: leave delegateToProjectEnvironment and revokeDelegation out.")
		}
		return waas.Reshare(c.Caller, wallet.Scheme(r.OldThresholdSignatureScheme), wallet.Scheme(r.NewThresholdSignatureScheme))(w)
	}
}

func (a *API) waasReshare(c *door.Call, r ReshareRequest) (OperationResult, error) {
	outcome, err := a.do(c, wallet.Reshare, readReshare(c, r))
	return viewOutcome(outcome), err
}

func (a *API) waasDisable(c *door.Call, _ door.None) (OperationResult, error) {
	outcome, err := a.do(c, wallet.Disable, waas.Nothing())
	return viewOutcome(outcome), err
}

func (a *API) waasRestore(c *door.Call, _ door.None) (OperationResult, error) {
	outcome, err := a.do(c, wallet.Restore, waas.Nothing())
	return viewOutcome(outcome), err
}

func (a *API) waasDelete(c *door.Call, _ door.None) (OperationResult, error) {
	outcome, err := a.do(c, wallet.Delete, waas.Nothing())
	return viewOutcome(outcome), err
}
