package sdk

import (
	"regexp"
	"time"

	"github.com/stepup-auth/stepup/internal/binding"
	"github.com/stepup-auth/stepup/internal/chain"
	"github.com/stepup-auth/stepup/internal/door"
	"github.com/stepup-auth/stepup/internal/elevate"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/limit"
	"github.com/stepup-auth/stepup/internal/method/walletsig"
	"github.com/stepup-auth/stepup/internal/store"
)

// walletMessageRoutes make texts to sign, and take what wallets report.
func walletMessageRoutes() []door.Route {
	return []door.Route{
		{
			Method: "POST", Path: door.SDK + "/wallets/message", Section: "ours, EIP-4361",
			Summary: "The text to sign, naming what it is for",
			Gate:    door.Public(), OptionalSession: true, Owing: true,
			Handler: door.Handle(walletMessage),
		},
		{
			Method: "POST", Path: door.SDK + "/connect", Section: "wire 5",
			Summary: "A wallet was connected; nothing comes of it",
			Gate:    door.Public(),
			Handler: door.Handle(walletConnect),
		},
		{
			Method: "POST", Path: door.SDK + "/prefetch", Section: "wire 5",
			Summary: "A wallet will be used; nothing comes of it",
			Gate:    door.Public(),
			Handler: door.Handle(walletPrefetch),
		},
	}
}

// perSource bounds the calls of wallet clients from one address that nothing
// comes of.
var perSource = environment.Rate{Count: 300, Per: environment.Duration(time.Minute)}

// takeCall counts a call that needs no session and no proof.
func takeCall(c *door.Call, what string) error {
	return c.WriteCounting(func(tx *store.Tx) error {
		bounds := limit.PerSource(tx, limit.From(c.Source, c.Tenant.Limits), perSource, what, c.Tenant.ID)
		full, wait, err := limit.TakeAll(tx, bounds...)
		if full != nil && err == nil {
			err = fault.AtLimit("wallet_calls", fault.RateLimited,
				"Too many of these calls came from here. Try again in %s.", fault.Spoken(wait)).After(wait)
		}
		return err
	})
}

// WalletMessageRequest asks for a text to sign. Without a session it signs in;
// inside one it steps up for the scopes, or without scopes links the wallet.
type WalletMessageRequest struct {
	Address string   `json:"address"`
	Chain   string   `json:"chain"`
	Network string   `json:"network,omitempty"` // EVM: the chain id; default 1
	Origin  string   `json:"origin,omitempty"`  // of the app; default: that of the request
	Action  string   `json:"action,omitempty"`  // transfer: move the wallet here from another account
	Scopes  []string `json:"requestedScopes,omitempty"`

	BindingID string `json:"bindingId,omitempty"` // the transaction that the text says and the signature confirms
}

// WalletMessage is a text to sign, byte for byte.
type WalletMessage struct {
	Message   string    `json:"message"`
	ExpiresAt time.Time `json:"expiresAt"`
}

var networkShape = regexp.MustCompile(`^[1-9][0-9]{0,17}$`)

func walletMessage(c *door.Call, r WalletMessageRequest) (WalletMessage, error) {
	kind, err := walletChain(c, r.Chain)
	if err != nil {
		return WalletMessage{}, err
	}
	address, ok := kind.ReadAddress(r.Address)
	if !ok {
		return WalletMessage{}, fault.New(fault.InvalidWalletAddress, "The field address is no address of this chain: an EVM address is "+
			"0x and 40 hex digits, whose capitals, if it mixes them, are those of EIP-55; a Solana address is base58.")
	}
	text := walletsig.Text{Caller: c.Caller, Chain: kind, Address: address, Origin: r.Origin}
	if kind == chain.EVM {
		if text.ChainID = r.Network; text.ChainID == "" {
			text.ChainID = "1"
		}
		if !networkShape.MatchString(text.ChainID) {
			return WalletMessage{}, fault.New(fault.InvalidRequest, "The field network must be a chain id in decimal digits.")
		}
	}
	if text.Origin == "" {
		text.Origin = c.Origin
	}
	if !walletsig.WebOrigin(c.Tenant, text.Origin) {
		return WalletMessage{}, fault.New(fault.OriginNotAllowed,
			"The text names the app by its web origin: call from one that this environment lists, or send it as origin.")
	}
	if text.Action, err = purposeOf(c, r); err != nil {
		return WalletMessage{}, err
	}
	scopes, err := elevate.ParseScopes(c.Tenant, r.Scopes)
	if err != nil {
		return WalletMessage{}, err
	}
	for _, scope := range scopes {
		text.Scopes = append(text.Scopes, string(scope))
	}
	if err := takeCall(c, "wallet-message"); err != nil {
		return WalletMessage{}, err
	}
	var answer WalletMessage
	err = c.Read(func(tx *store.Tx) (err error) {
		if r.BindingID != "" {
			about, err := binding.Find(c.Caller, tx, r.BindingID)
			if err != nil {
				return err
			}
			text.About = &about
		}
		answer.Message, err = walletsig.Compose(tx, text)
		answer.ExpiresAt = tx.Now().Add(walletsig.Life).UTC().Truncate(time.Second)
		return err
	})
	return answer, err
}

// purposeOf is what the text is to be signed for.
func purposeOf(c *door.Call, r WalletMessageRequest) (walletsig.Action, error) {
	switch {
	case r.Action != "" && r.Action != string(walletsig.Transfer):
		return "", fault.New(fault.InvalidRequest, "The field action can only be transfer; otherwise leave it out.")
	case c.Session == nil && (r.Action != "" || len(r.Scopes) > 0):
		return "", fault.New(fault.SignInRequired, "Sign in first: without a session a wallet can only sign in.")
	case r.BindingID != "" && len(r.Scopes) != 1:
		return "", fault.New(fault.InvalidBinding,
			"A text that confirms a transaction names its scope: send that alone as requestedScopes.")
	case r.Action != "" && len(r.Scopes) > 0:
		return "", fault.New(fault.InvalidRequest, "A text is signed for one thing: send action or requestedScopes.")
	case c.Session == nil:
		return walletsig.SignIn, nil
	case r.Action != "":
		return walletsig.Transfer, nil
	case len(r.Scopes) > 0:
		return walletsig.StepUp, nil
	}
	return walletsig.Link, nil
}

// WalletConnection tells that a wallet was connected (wire reference 5).
type WalletConnection struct {
	Address    string `json:"address"`
	Chain      string `json:"chain"`
	Provider   string `json:"provider,omitempty"`
	WalletName string `json:"walletName,omitempty"`
	AuthMode   string `json:"authMode,omitempty"`
}

func walletConnect(c *door.Call, r WalletConnection) (door.None, error) {
	return door.None{}, visit(c, r.Address, r.Chain, r.Provider, r.WalletName, r.AuthMode)
}

// WalletPrefetch tells that a wallet will be used (wire reference 5).
type WalletPrefetch struct {
	PublicWalletAddress string `json:"publicWalletAddress"`
	Chain               string `json:"chain"`
}

func walletPrefetch(c *door.Call, r WalletPrefetch) (door.None, error) {
	return door.None{}, visit(c, r.PublicWalletAddress, r.Chain)
}

// visit judges what clients tell unasked, and keeps none of it.
func visit(c *door.Call, address, kind string, others ...string) error {
	if address == "" || !chain.Known(kind) {
		return fault.New(fault.InvalidRequest, "Send the address of a wallet and its chain.")
	}
	for _, text := range append(others, address) {
		if len(text) > 200 || !door.Clean(text) {
			return fault.New(fault.InvalidRequest, "One of the fields is longer than any real one.")
		}
	}
	return takeCall(c, "wallet-visit")
}
