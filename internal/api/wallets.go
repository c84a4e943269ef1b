package api

import (
	"regexp"
	"slices"
	"unicode"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/chain"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/method"
	"github.com/stepup-auth/stepup/internal/method/walletsig"
	"github.com/stepup-auth/stepup/internal/secret"
	"github.com/stepup-auth/stepup/internal/shadow"
	"github.com/stepup-auth/stepup/internal/store"
)

func walletRoutes() []Route {
	public := Gate{Kind: PublicGate}
	link := Gate{Kind: ElevatedGate, Scopes: []stepup.Scope{stepup.CredentialLink}, Compatible: environment.LinkWallet,
		Call: shadow.LinkWallet}
	return []Route{
		{Method: "POST", Path: sdk + "/wallets/message", Gate: public, OptionalSession: true, Owing: true, Section: "ours, EIP-4361",
			Summary: "The text to sign, naming what it is for", handler: handle(walletMessage)},
		{Method: "POST", Path: sdk + "/wallets/signin", Gate: public, Section: "wire 7", Summary: "Sign in with a wallet",
			handler: handle(walletSignIn)},
		{Method: "POST", Path: sdk + "/verify", Gate: public, Device: true, Section: "wire 7.1", Summary: "Sign in with a wallet (React)",
			handler: handle(walletSignIn)},
		{Method: "POST", Path: sdk + "/wallets/verify", Gate: Gate{Kind: SessionGate}, Device: true, Owing: true, Section: "wire 7, 11.2",
			Summary: "Step up with a wallet", handler: handle(walletVerify)},
		{Method: "POST", Path: sdk + "/verify/link", Gate: link, Device: true, Section: "wire 7", Summary: "Link a wallet",
			handler: handle(walletLink)},
		{Method: "POST", Path: sdk + "/verify/transfer", Gate: link, Device: true, Section: "wire 7",
			Summary: "Move a wallet here from the account that has it", handler: handle(walletTransfer)},
		{Method: "PUT", Path: sdk + "/users/wallets/selection", Gate: Gate{Kind: SessionGate}, Section: "wire 7.1",
			Summary: "Choose the primary wallet", handler: handle(walletSelect)},
		{Method: "POST", Path: sdk + "/connect", Gate: public, Section: "wire 5", Summary: "A wallet was connected; nothing comes of it",
			handler: handle(walletConnect)},
		{Method: "POST", Path: sdk + "/prefetch", Gate: public, Section: "wire 5", Summary: "A wallet will be used; nothing comes of it",
			handler: handle(walletPrefetch)},
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

// embeddedWallet is the one provider whose wallets never vouch for their owner.
const embeddedWallet = "embeddedWallet"

var (
	walletProviders = []string{"browserExtension", "custodialService", "walletConnect", "qrCode", "deepLink", embeddedWallet,
		"smartContractWallet"}
	walletNameShape = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9 ._:-]{0,63}$`)
)

const maxWalletAddresses = 10

// proof is the method and the attempt that the request stands for.
func (r WalletRequest) proof(c *Call, door walletsig.Door) (m walletsig.Method, a method.Attempt, err error) {
	for _, field := range []struct{ name, value string }{
		{"messageToSign", r.MessageToSign}, {"signedMessage", r.SignedMessage}, {"publicWalletAddress", r.PublicWalletAddress},
		{"chain", r.Chain}, {"walletName", r.WalletName}, {"walletProvider", r.WalletProvider},
	} {
		if err := need(field.name, field.value); err != nil {
			return m, a, err
		}
	}
	if err := r.presentation(); err != nil {
		return m, a, err
	}
	kind, err := c.walletChain(r.Chain)
	if err != nil {
		return m, a, err
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
		Door: door, Chain: kind, Address: address, Message: r.MessageToSign, Detail: detail.JSON(),
		Contracts: c.api.contracts, Nodes: c.Tenant.Wallets.Nodes(), Undeployed: c.Tenant.Wallets.Undeployed,
	}
	return m, method.Attempt{Tenant: c.Tenant, Session: c.Session, Response: secret.Text(r.SignedMessage), Source: c.Source}, nil
}

// walletChain is a chain whose wallets count in this environment.
func (c *Call) walletChain(text string) (chain.Kind, error) {
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
	case r.WalletProvider == embeddedWallet:
		return fault.New(fault.InvalidVerification,
			"An embedded wallet cannot vouch for its owner. Use a wallet of your own, or another way that stepUp/check lists.")
	}
	return nil
}

func shortWord(s string) bool {
	return len(s) <= 200 && !slices.ContainsFunc([]rune(s), func(c rune) bool { return c > unicode.MaxASCII || c <= ' ' || c == 0x7f })
}

func walletSignIn(c *Call, r WalletRequest) (VerifyResponse, error) {
	m, attempt, err := r.proof(c, walletsig.SignIn)
	if err != nil {
		return VerifyResponse{}, err
	}
	return c.signInWith(m, attempt, r.SessionPublicKey, false)
}

func walletVerify(c *Call, r WalletRequest) (VerifyResponse, error) {
	m, attempt, err := r.proof(c, walletsig.StepUp)
	if err != nil {
		return VerifyResponse{}, err
	}
	m.Scopes, attempt.BindingID = r.RequestedScopes, r.BindingID
	return c.proveWith(m, attempt, r.RequestedScopes, nil)
}

func walletLink(c *Call, r WalletRequest) (VerifyResponse, error) {
	m, attempt, err := r.proof(c, walletsig.Link)
	if err != nil {
		return VerifyResponse{}, err
	}
	return c.proveWith(m, attempt, nil, c.linkWallet)
}

func (c *Call) linkWallet(tx *store.Tx, proof method.Proof) (store.CredentialRow, error) {
	return c.linkProven(tx, proof, environment.LinkWallet)
}

// walletTransfer takes the wallet from whoever has it: its signature is worth
// more than an old link. Nobody else's wallet can come along that way.
func walletTransfer(c *Call, r WalletRequest) (VerifyResponse, error) {
	m, attempt, err := r.proof(c, walletsig.Transfer)
	if err != nil {
		return VerifyResponse{}, err
	}
	return c.proveWith(m, attempt, nil, func(tx *store.Tx, proof method.Proof) (store.CredentialRow, error) {
		held, known := proof.Credential()
		if !known || held.UserID == c.Session.UserID {
			return c.linkWallet(tx, proof)
		}
		from, err := c.allowLink(tx, environment.LinkWallet)
		if err != nil {
			return held, err
		}
		return account.Transfer(tx, c.By, c.Tenant, c.Session.UserID, held, proven(proof.Evidence()), from)
	})
}

// WalletSelection names the wallet that becomes the primary one.
type WalletSelection struct {
	WalletID string `json:"walletId"`
}

func walletSelect(c *Call, r WalletSelection) (VerifyResponse, error) {
	if err := need("walletId", r.WalletID); err != nil {
		return VerifyResponse{}, err
	}
	return c.changed(func(tx *store.Tx) error {
		return account.SelectWallet(tx, c.By, c.Tenant, c.Session.UserID, r.WalletID)
	})
}
