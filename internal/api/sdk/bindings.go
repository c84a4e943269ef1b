package sdk

import (
	"encoding/json"
	"time"

	"github.com/stepup-auth/stepup/internal/binding"
	"github.com/stepup-auth/stepup/internal/door"
	"github.com/stepup-auth/stepup/internal/elevate"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/policy"
	"github.com/stepup-auth/stepup/internal/store"
)

func bindingRoutes() []door.Route {
	return []door.Route{
		{
			Method: "POST", Path: door.SDK + "/stepUp/bindings", Section: "ours, RFC 9396",
			Summary: "Register the one transaction that a step-up is to confirm",
			Gate:    door.SignedIn(), Owing: true,
			Handler: door.Handle(registerBinding),
		},
	}
}

// BindingRequest says what is to be done, before anything is proven.
type BindingRequest struct {
	Scope                string                       `json:"scope"`
	AuthorizationDetails []map[string]json.RawMessage `json:"authorizationDetails"` // RFC 9396: objects, each with a type
}

// Binding names a registered transaction. Send bindingId with the step-up.
type Binding struct {
	BindingID string    `json:"bindingId"`
	Hash      string    `json:"hash"`    // SHA-256 over the canonical form (RFC 8785), in hexadecimal
	Summary   string    `json:"summary"` // what the person is shown
	ExpiresAt time.Time `json:"expiresAt"`
	// only a proof by a method that shows the summary confirms it
	MustDisplay bool `json:"mustDisplay,omitempty"`
}

func registerBinding(c *door.Call, r BindingRequest) (Binding, error) {
	if err := door.Need("scope", r.Scope); err != nil {
		return Binding{}, err
	}
	scopes, err := elevate.ParseScopes(c.Tenant, []string{r.Scope})
	if err != nil {
		return Binding{}, err
	}
	switch {
	case environment.WalletScope(r.Scope):
		return Binding{}, fault.New(fault.InvalidScopes, "What a wallet is to do is decoded and registered at /waas/{walletId}/intents.")
	case !environment.Bindable(r.Scope):
		return Binding{}, fault.New(fault.InvalidScopes,
			"A token for %s is bound to no transaction: its calls name nothing that could be confirmed beforehand.", r.Scope)
	}
	details, err := json.Marshal(r.AuthorizationDetails) // members as they came: the order means nothing
	if err != nil {
		return Binding{}, err
	}
	summary, err := binding.Summarize(c.Tenant.Environment, scopes[0], details)
	if err != nil {
		return Binding{}, err
	}
	rule, err := policy.RuleFor(c.Tenant.Environment, scopes[0])
	if err != nil {
		return Binding{}, err
	}
	return registerTransaction(c, binding.Transaction{
		Scope: scopes[0], Details: details, Summary: summary, Shown: true,
		MustDisplay: rule.Binding.Displayed && rule.Binding.Details(details),
	})
}

func registerTransaction(c *door.Call, what binding.Transaction) (Binding, error) {
	var row store.BindingRow
	err := c.Write(func(tx *store.Tx) (err error) {
		row, err = binding.Register(c.Caller, tx, what)
		return err
	})
	if err != nil {
		return Binding{}, err
	}
	return Binding{
		BindingID: row.ID, Hash: row.Hash, Summary: row.Summary, ExpiresAt: row.ExpiresAt.UTC(), MustDisplay: row.MustDisplay,
	}, nil
}
