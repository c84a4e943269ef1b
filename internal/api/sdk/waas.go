// Wallets that are kept for the user, wallets as a service (wire reference 17), in
// this file and those that begin with its name. The user's own are in wallets.go.

package sdk

import (
	"encoding/base64"
	"encoding/hex"
	"time"

	"github.com/mr-tron/base58"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/door"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/shadow"
	"github.com/stepup-auth/stepup/internal/waas"
	"github.com/stepup-auth/stepup/internal/wallet"
)

func (a *API) waasRoutes() []door.Route {
	const waas, one = door.SDK + "/waas", door.SDK + "/waas/{walletId}"
	return []door.Route{
		{
			Method: "POST", Path: waas + "/create", Section: "wire 17",
			Summary: "Make a wallet",
			Gate:    door.SignedIn(), Operation: true, Event: "keygen_complete",
			Handler: door.Handle(a.waasCreate),
		},
		{
			Method: "GET", Path: waas, Section: "ours",
			Summary: "List the wallets that are kept here",
			Gate:    door.SignedIn(),
			Handler: door.Handle(a.waasList),
		},
		{
			Method: "GET", Path: one, Section: "ours",
			Summary: "Show a wallet",
			Gate:    door.SignedIn(),
			Handler: door.Handle(a.waasGet),
		},
		{
			Method: "POST", Path: one + "/intents", Section: "ours",
			Summary: "Say what a request would do, in plain words",
			Gate:    door.SignedIn(),
			Handler: door.HandleBody[IntentRequest](a.waasIntent),
		},
		{
			Method: "POST", Path: one + "/signMessage", Section: "wire 17",
			Summary: "Sign a message, typed data, a transaction or an authorization",
			Gate:    door.Elevated(stepup.WalletSign).As(shadow.SignWallet), Operation: true, Event: "room_created",
			Handler: door.HandleBody[SignMessageRequest](a.waasSign),
		},
		{
			Method: "POST", Path: one + "/transactions/broadcast", Section: "ours",
			Summary: "Send a transaction that the wallet signed",
			Gate:    door.SignedIn(),
			Handler: door.Handle(a.waasBroadcast),
		},
		{
			Method: "POST", Path: one + "/privateKey/export", Section: "wire 17",
			Summary: "Hand out the private key, sealed to a key of the client",
			Gate:    door.Elevated(stepup.WalletExport).As(shadow.ExportWallet), Operation: true, Event: "room_created",
			Handler: door.Handle(a.waasExport),
		},
		{
			Method: "POST", Path: one + "/refresh", Section: "wire 17",
			Summary:   "Renew the shares of the key",
			Gate:      door.Elevated(stepup.WalletRefresh).OrMFAToken(environment.Refresh).As(shadow.RefreshWallet),
			Operation: true, Event: "room_created", OptionalBody: true,
			Handler: door.Handle(a.waasRefresh),
		},
		{
			Method: "POST", Path: one + "/reshare", Section: "wire 17",
			Summary:   "Move the key to another threshold scheme",
			Gate:      door.Elevated(stepup.WalletReshare).OrMFAToken(environment.Reshare).As(shadow.ReshareWallet),
			Operation: true, Event: "room_created",
			Handler: door.Handle(a.waasReshare),
		},
		{
			Method: "POST", Path: one + "/disable", Section: "ours",
			Summary: "Stop a wallet from signing and exporting",
			Gate:    door.SignedIn(), Operation: true,
			Handler: door.Handle(a.waasDisable),
		},
		{
			Method: "POST", Path: one + "/restore", Section: "ours",
			Summary: "Take back that a wallet was disabled or deleted",
			Gate:    door.Elevated(stepup.WalletRestore), Operation: true,
			Handler: door.Handle(a.waasRestore),
		},
		{
			Method: "DELETE", Path: one, Section: "ours",
			Summary: "Delete a wallet, after a time of grace",
			Gate:    door.Elevated(stepup.WalletDelete), Operation: true,
			Handler: door.Handle(a.waasDelete),
		},
	}
}

// EmbeddedWallet is a wallet that is kept for the user.
type EmbeddedWallet struct {
	WalletID string `json:"walletId"`
	// split: two custodians hold shares, and one of them puts the key together to sign
	CustodyModel             string     `json:"custodyModel"`
	Chain                    string     `json:"chain"`
	Address                  string     `json:"address"`
	PublicKey                string     `json:"publicKey"` // EVM: 0x and the compressed key in hex; Solana: base58
	ThresholdSignatureScheme string     `json:"thresholdSignatureScheme"`
	Generation               int        `json:"generation"` // of the shares; each refresh and reshare makes a new one
	State                    string     `json:"state"`      // active, disabled, deleting or deleted
	CreatedAt                time.Time  `json:"createdAt"`
	ExportedAt               *time.Time `json:"exportedAt,omitempty"` // when the key last left; absent: it never did
	DeleteAt                 *time.Time `json:"deleteAt,omitempty"`   // when the shares will be shredded
}

func viewWallet(w wallet.Wallet) EmbeddedWallet {
	view := EmbeddedWallet{
		WalletID: w.ID, CustodyModel: wallet.CustodyModel, Chain: string(w.Chain), Address: w.Address,
		PublicKey:                writeKey(w.Chain, w.PublicKey),
		ThresholdSignatureScheme: string(w.Scheme), Generation: w.Generation, State: string(w.State), CreatedAt: w.CreatedAt,
	}
	if !w.ExportedAt.IsZero() {
		view.ExportedAt = &w.ExportedAt
	}
	if !w.DeleteAt.IsZero() {
		view.DeleteAt = &w.DeleteAt
	}
	return view
}

func writeKey(c wallet.Chain, key []byte) string {
	if c == wallet.SOL {
		return base58.Encode(key)
	}
	return "0x" + hex.EncodeToString(key)
}

// OperationResult is what every operation answers. The room and the two lists
// are what published clients look for; there is nothing behind them to join.
type OperationResult struct {
	EmbeddedWallet
	OperationID        string   `json:"operationId"`
	IntentHash         string   `json:"intentHash"`
	RoomID             string   `json:"roomId"`
	ServerKeygenIDs    []string `json:"serverKeygenIds"`
	NewServerKeygenIDs []string `json:"newServerKeygenIds"`
}

func viewOutcome(o wallet.Outcome) OperationResult {
	return OperationResult{
		EmbeddedWallet: viewWallet(o.Wallet), OperationID: o.OperationID, IntentHash: o.IntentHash, RoomID: o.OperationID,
		ServerKeygenIDs: []string{}, NewServerKeygenIDs: []string{},
	}
}

// ask names the operation of a call for the wallet in its address.
func ask(c *door.Call, action wallet.Action) waas.Ask {
	return waas.Ask{OperationID: c.OperationID, Again: c.Again, WalletID: c.Path("walletId"), Action: action}
}

// do understands an operation and has it done.
func (a *API) do(c *door.Call, action wallet.Action, read waas.Reading) (wallet.Outcome, error) {
	p, err := a.wallets.Understand(c.Context(), c.Caller, ask(c, action), read)
	if err != nil {
		return wallet.Outcome{}, err
	}
	return a.perform(c, p)
}

// perform spends what opens the operation's gate and has it done.
func (a *API) perform(c *door.Call, p waas.Plan) (wallet.Outcome, error) {
	authorised, err := a.wallets.Authorise(c.Context(), c.Caller, p, c.Demand(p.Scope()))
	if err != nil {
		return wallet.Outcome{}, err
	}
	switch {
	case authorised.ByMFAToken():
		c.NoteMFAToken(p.Scope())
	case authorised.Entry != "":
		c.NoteWaived(p.Scope(), authorised.Entry)
	}
	return a.wallets.Perform(c.Context(), c.Caller, authorised)
}

// writeBytes is how answers spell bytes of a chain: EVM: 0x and hex; Solana: base64.
func writeBytes(c wallet.Chain, b []byte) string {
	switch {
	case len(b) == 0:
		return ""
	case c == wallet.SOL:
		return base64.StdEncoding.EncodeToString(b)
	}
	return "0x" + hex.EncodeToString(b)
}
