package sdk

import (
	"time"

	"github.com/google/uuid"

	"github.com/stepup-auth/stepup/internal/door"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/strictjson"
	"github.com/stepup-auth/stepup/internal/waas"
	"github.com/stepup-auth/stepup/internal/wallet"
	"github.com/stepup-auth/stepup/internal/wallet/intent"
)

// IntentRequest is the body of the request that is to follow, with the action it
// is for; without one it is for signMessage.
type IntentRequest struct {
	Action string `json:"action,omitempty"` // sign, export, refresh, reshare, restore or delete
	SignMessageRequest
	ExportPublicKey             string `json:"exportPublicKey,omitempty"`
	OldThresholdSignatureScheme string `json:"oldThresholdSignatureScheme,omitempty"`
	NewThresholdSignatureScheme string `json:"newThresholdSignatureScheme,omitempty"`
}

// IntentAnswer says what the request would do. A step-up with the bindingId gives
// a token that opens this request, and no other.
type IntentAnswer struct {
	BindingID   string        `json:"bindingId"`
	BindingHash string        `json:"bindingHash"` // of authorizationDetails, as the token carries it
	ExpiresAt   time.Time     `json:"expiresAt"`   // of the binding
	IntentHash  string        `json:"intentHash"`
	Summary     string        `json:"summary"`
	Lines       []IntentLine  `json:"lines"`
	Spends      []IntentSpend `json:"spends"`
	Unvalued    bool          `json:"unvalued"` // what it may cost cannot be told, so it counts as above every limit
	Reason      string        `json:"reason,omitempty"`
	// the summary tells every recipient, amount and call; else no token bound to it says displayed
	Shown       bool   `json:"shown"`
	Hidden      string `json:"hidden,omitempty"`      // what it does not tell
	MustDisplay bool   `json:"mustDisplay,omitempty"` // only a proof by a method that shows the summary confirms it
	Scope       string `json:"scope"`
	// what a token must be bound to that is to open this and nothing else
	AuthorizationDetails []WalletBinding `json:"authorizationDetails"`
}

// WalletBinding are authorization_details (RFC 9396) of one operation on a wallet.
type WalletBinding struct {
	Type       string `json:"type"` // stepup_wallet
	WalletID   string `json:"walletId"`
	Action     string `json:"action"`
	IntentHash string `json:"intentHash"`
}

// IntentLine is one fact for a person.
type IntentLine struct {
	Label string `json:"label"`
	Value string `json:"value"`
}

// IntentSpend is an amount of one asset that leaves the wallet.
type IntentSpend struct {
	Asset    string `json:"asset"`
	Symbol   string `json:"symbol,omitempty"`
	Amount   string `json:"amount"` // in the smallest unit
	Decimals int    `json:"decimals"`
	To       string `json:"to,omitempty"` // empty: the network's fee
	ChainID  string `json:"chainId,omitempty"`
}

func (a *API) waasIntent(c *door.Call, body []byte) (IntentAnswer, error) {
	var r IntentRequest
	if err := strictjson.Decode(body, &r, strictjson.Ignore); err != nil {
		return IntentAnswer{}, err
	}
	action := wallet.Action(r.Action)
	if action == "" {
		action = wallet.Sign
	}
	if waas.Scopes[action] == "" {
		return IntentAnswer{}, fault.New(fault.InvalidRequest,
			"There is no action %.40q to bind a token to. Send sign, export, refresh, reshare, restore or delete.", r.Action)
	}
	read := waas.Nothing()
	switch action {
	case wallet.Sign:
		read = waas.Sign(body)
	case wallet.Export:
		read = waas.Export(c.Caller, r.ExportPublicKey)
	case wallet.Reshare:
		read = readReshare(c, ReshareRequest{OldThresholdSignatureScheme: r.OldThresholdSignatureScheme,
			NewThresholdSignatureScheme: r.NewThresholdSignatureScheme})
	}
	c.OperationID = uuid.NewString()
	p, err := a.wallets.Understand(c.Context(), c.Caller, ask(c, action), read)
	if err != nil {
		return IntentAnswer{}, err
	}
	answer := viewIntent(p.Intent())
	answer.Scope = string(p.Scope())
	answer.AuthorizationDetails = []WalletBinding{WalletBinding(p.Detail())}
	transaction, err := p.Transaction(c.Caller)
	if err != nil {
		return IntentAnswer{}, err
	}
	registered, err := registerTransaction(c, transaction)
	answer.BindingID, answer.BindingHash, answer.ExpiresAt = registered.BindingID, registered.Hash, registered.ExpiresAt
	answer.MustDisplay = registered.MustDisplay
	return answer, err
}

func viewIntent(i intent.Intent) IntentAnswer {
	answer := IntentAnswer{IntentHash: i.Hash, Summary: i.Summary, Lines: []IntentLine{}, Spends: []IntentSpend{}, Unvalued: i.Unvalued,
		Reason: i.Reason, Shown: i.Hidden == "", Hidden: i.Hidden}
	for _, line := range i.Lines {
		answer.Lines = append(answer.Lines, IntentLine(line))
	}
	for _, s := range i.Spends {
		answer.Spends = append(answer.Spends,
			IntentSpend{Asset: s.Asset, Symbol: s.Symbol, Amount: s.Amount.String(), Decimals: s.Decimals, To: s.To, ChainID: s.ChainID})
	}
	return answer
}
