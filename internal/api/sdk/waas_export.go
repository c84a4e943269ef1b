package sdk

import (
	"encoding/base64"

	"github.com/stepup-auth/stepup/internal/door"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/waas"
	"github.com/stepup-auth/stepup/internal/wallet"
)

// ExportRequest names the key that the private key is sealed to. Published
// clients send the other members, for a protocol that is not this one.
type ExportRequest struct {
	ExportPublicKey string `json:"exportPublicKey"` // X25519, 32 bytes in base64url; make a new pair for each export
	ExportID        string `json:"exportId,omitempty"`
	AddressType     string `json:"addressType,omitempty"`
	ShareSetID      string `json:"shareSetId,omitempty"`
}

// ExportResult is the private key, sealed with HPKE (RFC 9180): base mode,
// DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM. Whoever has the private
// half of exportPublicKey opens it with info and without associated data, and
// gets text: EVM: hex without 0x; Solana: base58 of seed and public key.
type ExportResult struct {
	OperationResult
	EncapsulatedKey string `json:"encapsulatedKey"` // base64url
	Ciphertext      string `json:"ciphertext"`      // base64url
	Info            string `json:"info"`            // the HPKE info, as text
}

func (a *API) waasExport(c *door.Call, r ExportRequest) (ExportResult, error) {
	p, err := a.wallets.Understand(c.Context(), c.Caller, ask(c, wallet.Export), waas.Export(c.Caller, r.ExportPublicKey))
	if err != nil {
		return ExportResult{}, err
	}
	outcome, err := a.perform(c, p)
	if err != nil {
		return ExportResult{}, err
	}
	if outcome.Export == nil {
		return ExportResult{}, fault.New(fault.Conflict,
			"This export was done and its answer is not kept any longer. Step up and export again.")
	}
	return ExportResult{
		OperationResult: viewOutcome(outcome), EncapsulatedKey: base64.RawURLEncoding.EncodeToString(outcome.Export.EncapsulatedKey),
		Ciphertext: base64.RawURLEncoding.EncodeToString(outcome.Export.Ciphertext), Info: string(wallet.ExportInfo(p.Operation())),
	}, nil
}
