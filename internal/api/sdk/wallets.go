// Wallets of a user's own, which prove who somebody is (wire reference 7). Wallets
// that are kept for the user are in the files that begin with waas.

package sdk

import (
	"regexp"
	"slices"
	"unicode"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/chain"
	"github.com/stepup-auth/stepup/internal/door"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/method"
	"github.com/stepup-auth/stepup/internal/method/walletsig"
	"github.com/stepup-auth/stepup/internal/secret"
	"github.com/stepup-auth/stepup/internal/shadow"
	"github.com/stepup-auth/stepup/internal/signin"
	"github.com/stepup-auth/stepup/internal/store"
)

func (a *API) walletRoutes() []door.Route {
	return []door.Route{
		{
			Method: "POST", Path: door.SDK + "/wallets/signin", Section: "wire 7",
			Summary: "Sign in with a wallet",
			Gate:    door.Public(), Device: true,
			Handler: door.Handle(a.walletSignIn),
		},
		{
			Method: "POST", Path: door.SDK + "/verify", Section: "wire 7.1",
			Summary: "Sign in with a wallet (React)",
			Gate:    door.Public(), Device: true,
			Handler: door.Handle(a.walletSignIn),
		},
		{
			Method: "POST", Path: door.SDK + "/wallets/verify", Section: "wire 7, 11.2",
			Summary: "Step up with a wallet",
			Gate:    door.SignedIn(), Device: true, Owing: true,
			Handler: door.Handle(a.walletVerify),
		},
		{
			Method: "POST", Path: door.SDK + "/verify/link", Section: "wire 7",
			Summary: "Link a wallet",
			Gate:    door.Elevated(stepup.CredentialLink).Waived(environment.LinkWallet).As(shadow.LinkWallet), Device: true,
			Handler: door.Handle(a.walletLink),
		},
		{
			Method: "POST", Path: door.SDK + "/verify/transfer", Section: "wire 7",
			Summary: "Move a wallet here from the account that has it",
			Gate:    door.Elevated(stepup.CredentialLink).Waived(environment.LinkWallet).As(shadow.LinkWallet), Device: true,
			Handler: door.Handle(a.walletTransfer),
		},
		{
			Method: "PUT", Path: door.SDK + "/users/wallets/selection", Section: "wire 7.1",
			Summary: "Choose the primary wallet",
			Gate:    door.SignedIn(),
			Handler: door.Handle(a.walletSelect),
		},
	}
}

// WalletRequest carries a text that a wallet signed (wire reference 7.1).
type WalletRequest struct {
	MessageToSign             string                  `json:"messageToSign"`
	SignedMessage             string                  `json:"signedMessage"`
	PublicWalletAddress       string                  `json:"publicWalletAddress"`
	Chain                     string                  `json:"chain"`
	WalletName                string                  `json:"walletName"`
	WalletProvider            string                  `json:"walletProvider"`
	Network                   string                  `json:"network,omitempty"`
	AdditionalWalletAddresses []account.WalletAddress `json:"additionalWalletAddresses,omitempty"`
	RequestedScopes           []string                `json:"requestedScopes,omitempty"`
	CaptchaToken              string                  `json:"captchaToken,omitempty"`
	SessionPublicKey          string                  `json:"sessionPublicKey,omitempty"`
	BindingID                 string                  `json:"bindingId,omitempty"` // wallets/verify: must be that of the text
}

var (
	walletProviders = []string{"browserExtension", "custodialService", "walletConnect", "qrCode", "deepLink", account.EmbeddedProvider,
		"smartContractWallet"}
	walletNameShape = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9 ._:-]{0,63}$`)
)

const maxWalletAddresses = 10

// walletProof is the method and the attempt that the request stands for.
func (a *API) walletProof(c *door.Call, r WalletRequest, action walletsig.Action) (m walletsig.Method, attempt method.Attempt, err error) {
	for _, field := range []struct{ name, value string }{
		{"messageToSign", r.MessageToSign}, {"signedMessage", r.SignedMessage}, {"publicWalletAddress", r.PublicWalletAddress},
		{"chain", r.Chain}, {"walletName", r.WalletName}, {"walletProvider", r.WalletProvider},
	} {
		if err := door.Need(field.name, field.value); err != nil {
			return m, attempt, err
		}
	}
	if err := r.presentation(); err != nil {
		return m, attempt, err
	}
	kind, err := walletChain(c, r.Chain)
	if err != nil {
		return m, attempt, err
	}
	address, ok := kind.ReadAddress(r.PublicWalletAddress)
	if !ok {
		address = r.PublicWalletAddress // which the method refuses
	}
	detail := account.Detail{
		Address: address, Chain: kind.Namespace(), WalletName: r.WalletName, WalletProvider: r.WalletProvider,
		WalletAdditionalAddresses: r.AdditionalWalletAddresses,
	}
	m = walletsig.Method{
		Action: action, Chain: kind, Address: address, Message: r.MessageToSign, Detail: detail.JSON(),
		Contracts: a.contracts, Nodes: c.Tenant.Wallets.Nodes(), Undeployed: c.Tenant.Wallets.Undeployed,
	}
	return m, method.Attempt{Caller: c.Caller, Response: secret.Text(r.SignedMessage)}, nil
}

// walletChain is a chain whose wallets count in this environment.
func walletChain(c *door.Call, text string) (chain.Kind, error) {
	kind, ok := chain.Parse(text)
	switch {
	case !ok && chain.Known(text):
		return "", fault.New(fault.ChainNotSupported, "Wallets of %s cannot be verified here. Use an EVM or a Solana wallet.", text)
	case !ok:
		return "", fault.New(fault.ChainNotSupported, "There is no chain %.40q. Use EVM or SOL.", text)
	case !c.Tenant.Wallets.Accepts(string(kind)):
		return "", fault.New(fault.ChainNotSupported,
			"This environment takes no %s wallets. The operator adds the chain to wallets.chains.", kind)
	}
	return kind, nil
}

// presentation judges how the wallet presents itself.
func (r WalletRequest) presentation() error {
	if len(r.AdditionalWalletAddresses) > maxWalletAddresses {
		return fault.New(fault.InvalidRequest, "The field additionalWalletAddresses may name %d addresses at most.", maxWalletAddresses)
	}
	for _, a := range r.AdditionalWalletAddresses {
		if a.Address == "" || !shortWord(a.Address) || !shortWord(a.PublicKey) || !shortWord(a.Type) || !shortWord(a.Network) {
			return fault.New(fault.InvalidRequest, "The field additionalWalletAddresses holds something that is no address.")
		}
	}
	switch {
	case !walletNameShape.MatchString(r.WalletName):
		return fault.New(fault.InvalidRequest, "The field walletName must be a short name, such as metamaskevm.")
	case !slices.Contains(walletProviders, r.WalletProvider):
		return fault.New(fault.InvalidRequest,
			"The field walletProvider is none we know. Send browserExtension, walletConnect or the like.")
	case r.WalletProvider == account.EmbeddedProvider:
		return fault.New(fault.InvalidVerification,
			"An embedded wallet cannot vouch for its owner. Use a wallet of your own, or another way that stepUp/check lists.")
	}
	return nil
}

func shortWord(s string) bool {
	return len(s) <= 200 && !slices.ContainsFunc([]rune(s), func(c rune) bool { return c > unicode.MaxASCII || c <= ' ' || c == 0x7f })
}

func (a *API) walletSignIn(c *door.Call, r WalletRequest) (VerifyResponse, error) {
	m, attempt, err := a.walletProof(c, r, walletsig.SignIn)
	if err != nil {
		return VerifyResponse{}, err
	}
	return a.signInWith(c, m, attempt, r.SessionPublicKey, false)
}

func (a *API) walletVerify(c *door.Call, r WalletRequest) (VerifyResponse, error) {
	m, attempt, err := a.walletProof(c, r, walletsig.StepUp)
	if err != nil {
		return VerifyResponse{}, err
	}
	m.Scopes, attempt.BindingID = r.RequestedScopes, r.BindingID
	return a.proveWith(c, m, attempt, r.RequestedScopes, signin.Step{})
}

func (a *API) walletLink(c *door.Call, r WalletRequest) (VerifyResponse, error) {
	m, attempt, err := a.walletProof(c, r, walletsig.Link)
	if err != nil {
		return VerifyResponse{}, err
	}
	return a.proveWith(c, m, attempt, nil, signin.Step{Otherwise: func(tx *store.Tx, proof method.Proof) (store.CredentialRow, error) {
		return signin.Link(c.Caller, tx, proof, c.Spending(stepup.CredentialLink, environment.LinkWallet))
	}})
}

func (a *API) walletTransfer(c *door.Call, r WalletRequest) (VerifyResponse, error) {
	m, attempt, err := a.walletProof(c, r, walletsig.Transfer)
	if err != nil {
		return VerifyResponse{}, err
	}
	return a.proveWith(c, m, attempt, nil, signin.Step{Otherwise: func(tx *store.Tx, proof method.Proof) (store.CredentialRow, error) {
		return signin.Transfer(c.Caller, tx, proof, c.Spending(stepup.CredentialLink, environment.LinkWallet))
	}})
}

// WalletSelection names the wallet that becomes the primary one.
type WalletSelection struct {
	WalletID string `json:"walletId"`
}

func (a *API) walletSelect(c *door.Call, r WalletSelection) (VerifyResponse, error) {
	if err := door.Need("walletId", r.WalletID); err != nil {
		return VerifyResponse{}, err
	}
	return a.changed(c, func(tx *store.Tx) error {
		return account.SelectWallet(c.Caller, tx, r.WalletID)
	})
}
