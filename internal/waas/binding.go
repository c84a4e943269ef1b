package waas

import (
	"encoding/json"
	"math/big"
	"unicode/utf8"

	"github.com/stepup-auth/stepup/internal/binding"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/policy"
	"github.com/stepup-auth/stepup/internal/wallet/authz"
	"github.com/stepup-auth/stepup/internal/who"
)

// Detail is the authorization_details object (RFC 9396) of one operation on a wallet.
type Detail struct {
	Type       string `json:"type"` // stepup_wallet
	WalletID   string `json:"walletId"`
	Action     string `json:"action"`
	IntentHash string `json:"intentHash"`
}

// Detail is what a token must be bound to that is to open the plan and nothing else.
func (p Plan) Detail() Detail {
	return Detail{Type: authz.DetailType, WalletID: p.operation.WalletID, Action: string(p.Action), IntentHash: p.intent.Hash}
}

// Details are the authorization_details with the plan's object alone.
func (p Plan) Details() ([]byte, error) { return json.Marshal([]Detail{p.Detail()}) }

// Transaction is the operation as a person confirms it. Where all of it does not fit
// beside a code, its hash stands for it, unless the policy asks for a confirmation of
// what was shown: then it cannot be confirmed.
func (p Plan) Transaction(c who.Caller) (binding.Transaction, error) {
	details, err := p.Details()
	if err != nil {
		return binding.Transaction{}, err
	}
	rule, err := policy.RuleFor(c.Tenant.Environment, p.Scope())
	if err != nil {
		return binding.Transaction{}, err
	}
	t := binding.Transaction{
		Scope: p.Scope(), Details: details, Summary: p.intent.Summary, Shown: p.intent.Hidden == "",
		MustDisplay: rule.Binding.Displayed && rule.Binding.Spends(p.amounts()),
	}
	if t.MustDisplay && !t.Shown {
		return t, fault.New(fault.InvalidAuthorizationDetails,
			"This cannot be confirmed here: a person must be shown all of it, and nobody can be shown %s.", p.intent.Hidden)
	}
	if !t.MustDisplay && (utf8.RuneCountInString(t.Summary) > binding.MaxSummary || !binding.Showable(t.Summary)) {
		t.Shown = false
		t.Summary = "Do with wallet " + p.operation.WalletID + " what the app shows, because it is too long for this message (" +
			string(p.Action) + ", hash " + p.intent.Hash + ")."
	}
	return t, nil
}

// amounts are what leaves the wallet, as policies limit it: by asset, in its smallest
// unit.
func (p Plan) amounts() (amounts []policy.Amount, unvalued bool) {
	for asset, total := range p.intent.Totals() {
		amounts = append(amounts, policy.Amount{Of: asset, Value: new(big.Rat).SetInt(total)})
	}
	return amounts, p.intent.Unvalued
}
