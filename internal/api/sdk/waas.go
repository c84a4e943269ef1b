package sdk

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"time"

	"github.com/google/uuid"
	"github.com/mr-tron/base58"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/door"
	"github.com/stepup-auth/stepup/internal/enforce"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/policy"
	"github.com/stepup-auth/stepup/internal/shadow"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/token"
	"github.com/stepup-auth/stepup/internal/wallet"
	"github.com/stepup-auth/stepup/internal/wallet/authz"
	"github.com/stepup-auth/stepup/internal/wallet/intent"
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

const (
	ticketLife  = time.Minute
	performTime = 25 * time.Second // for what has been claimed, whether or not the client still waits
)

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

// coordinator is the wallet service, where there is one for this environment.
func (a *API) coordinator(c *door.Call) (wallet.Service, error) {
	if a.Wallets == nil {
		return nil, fault.New(fault.WalletServiceOff, "This server has no wallet service. The operator starts one with `stepup wallet` "+
			"and tells the server where it is, see docs/wallets.md.")
	}
	if !c.Tenant.EmbeddedWallets.Enabled {
		return nil, fault.New(fault.WalletServiceOff,
			"This environment keeps no wallets for its users. The operator sets embeddedWallets.enabled.")
	}
	return a.Wallets, nil
}

// errand is an operation that was understood.
type errand struct {
	operation wallet.Operation
	intent    intent.Intent
	scope     stepup.Scope
	claimed   store.WalletOperationRow // once it is claimed
}

// reader makes the request of an operation from what the client sent, for the
// wallet that it is about.
type reader func(w wallet.Wallet) (any, error)

func fixed(request any) reader { return func(wallet.Wallet) (any, error) { return request, nil } }

// understand finds the caller's wallet and reads what is to be done with it.
func (a *API) understand(c *door.Call, action wallet.Action, scope stepup.Scope, read reader) (errand, error) {
	coordinator, err := a.coordinator(c)
	if err != nil {
		return errand{}, err
	}
	w, err := coordinator.Wallet(c.Context(), c.Tenant.ID, c.Session.UserID, c.Path("walletId"))
	if err != nil {
		return errand{}, err
	}
	return intend(c, action, scope, w, read)
}

// intend makes the operation and its intent, here: what the coordinator thinks
// of it is not asked.
func intend(c *door.Call, action wallet.Action, scope stepup.Scope, w wallet.Wallet, read reader) (errand, error) {
	request, err := read(w)
	if err != nil {
		return errand{}, err
	}
	raw, err := json.Marshal(request)
	if err != nil {
		return errand{}, err
	}
	e := errand{scope: scope, operation: wallet.Operation{
		ID: c.OperationID, EnvironmentID: c.Tenant.ID, UserID: c.Session.UserID, SessionID: c.Session.ID, WalletID: w.ID,
		Action: action, Request: raw, RequestID: c.By.RequestID,
	}}
	e.intent, err = intent.Decode(e.operation, w)
	return e, err
}

// do understands an operation and performs it.
func (a *API) do(c *door.Call, action wallet.Action, scope stepup.Scope, read reader) (wallet.Outcome, error) {
	e, err := a.understand(c, action, scope, read)
	if err != nil {
		return wallet.Outcome{}, err
	}
	return a.perform(c, e, nil)
}

// perform asks whether the operation can be done, claims it, and has it done.
// What was claimed goes on although the client may have left.
func (a *API) perform(c *door.Call, e errand, first func(*store.Tx) error) (wallet.Outcome, error) {
	if !c.Claimed {
		if _, err := a.Wallets.Prepare(c.Context(), e.operation); err != nil {
			return wallet.Outcome{}, err
		}
	}
	var err error
	if e.claimed, err = claim(c, e, first); err != nil {
		return wallet.Outcome{}, err
	}
	credentials, err := a.credentialsFor(c, e.claimed)
	if err != nil {
		return wallet.Outcome{}, err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.Context()), performTime)
	defer cancel()
	outcome, refused := a.Wallets.Perform(ctx, e.operation, credentials)
	if err := a.finish(ctx, c, e, outcome, refused); err != nil {
		return wallet.Outcome{}, undecided(err)
	}
	return outcome, undecided(refused)
}

// undecided is what is said of an operation that was claimed and of which nobody can
// tell what came: its token is spent, so only the same operation may be tried again.
func undecided(err error) error {
	if f := store.RefusalOf(err); f != nil && f.Code == fault.Unavailable {
		return fault.New(fault.OutcomeUnknown, "%s", f.Message).Because(err)
	}
	return err
}

// details are the authorization_details (RFC 9396) that the operation amounts
// to: what a bound token must be bound to.
func (e errand) details() []WalletBinding {
	return []WalletBinding{{Type: authz.DetailType, WalletID: e.operation.WalletID, Action: string(e.operation.Action),
		IntentHash: e.intent.Hash}}
}

func claim(c *door.Call, e errand, first func(*store.Tx) error) (row store.WalletOperationRow, err error) {
	details, err := json.Marshal(e.details())
	if err != nil {
		return row, err
	}
	bound, err := stepup.HashDetails(details)
	if err != nil {
		return row, err
	}
	demand := c.Demand(e.scope)
	demand.DetailsHash = bound
	demand.Operation = e.operation.ID
	demand.Within = func(rule policy.Binding) bool { return !rule.Spends(e.amounts()) }
	asked := enforce.WalletOperation{
		WalletID: e.operation.WalletID, Action: e.operation.Action, IntentHash: e.intent.Hash, Summary: e.intent.Summary, First: first,
	}
	err = c.Write(func(tx *store.Tx) error {
		opened, err := enforce.Spend(c.Caller, tx, demand, asked)
		row = opened.Claimed
		return err
	})
	if err == nil {
		err = noteEntry(c, row, e.scope)
	}
	return row, err
}

// noteEntry notes that a compatibility entry let the operation through: for a
// token of action-based MFA, or for a user without a second factor.
func noteEntry(c *door.Call, row store.WalletOperationRow, scope stepup.Scope) error {
	switch {
	case row.AuthorizedBy == string(wallet.ByMFAToken):
		c.UsedMFAToken(scope)
	case row.AuthorizedBy == string(wallet.ByPolicy) && scope != "":
		decision, err := policy.Decide(c.Tenant.Environment, policy.Person{}, scope)
		if err != nil || decision.Entry == "" {
			return err
		}
		c.Waived(scope, decision.Entry)
	}
	return nil
}

// credentialsFor are what each custodian checks by itself. Call it after the claim
// has committed: a ticket for what is not durable must never leave.
func (a *API) credentialsFor(c *door.Call, row store.WalletOperationRow) (wallet.Credentials, error) {
	now := a.Now()
	ticket, err := c.Tenant.Keys.Sign(now, token.Ticket, wallet.Ticket{
		Issuer: c.Tenant.Issuer, Audience: wallet.TicketAudience, Subject: row.UserID, Session: row.SessionID,
		EnvironmentID: row.EnvironmentID, ID: uuid.NewString(), IssuedAt: now.Unix(), Expires: now.Add(ticketLife).Unix(),
		OperationID: row.ID, WalletID: row.WalletID,
		Action: wallet.Action(row.Action), IntentHash: row.IntentHash, AuthorizedBy: wallet.AuthorizedBy(row.AuthorizedBy),
		Scope: row.Scope, TokenID: row.TokenID,
	})
	if err != nil || row.TokenID == "" {
		return wallet.Credentials{Ticket: ticket}, err
	}
	// spent by now, and expired perhaps: it is judged by when it was claimed
	return wallet.Credentials{Ticket: ticket, ElevatedToken: c.Elevated.Text()}, nil
}

const resultDone = "done"

// finish records what came of an operation, each result once.
func (a *API) finish(ctx context.Context, c *door.Call, e errand, outcome wallet.Outcome, refused error) error {
	row := e.claimed
	result := resultDone
	if refused != nil {
		result = codeOf(refused)
	}
	return a.DB.Write(ctx, func(tx *store.Tx) error {
		news, err := tx.FinishWalletOperation(row.EnvironmentID, row.ID, result)
		if err != nil || !news {
			return err
		}
		if e.operation.Action == wallet.Create && refused == nil {
			if err := keepWallet(c, tx, outcome.Wallet); err != nil {
				return err
			}
		}
		detail := audit.Detail{
			"operation_id": row.ID, "wallet_id": row.WalletID, "intent_hash": row.IntentHash, "summary": e.intent.Summary, "result": result,
			"authorized_by": row.AuthorizedBy, "scope": row.Scope, "token_id": row.TokenID, "method": row.Method,
			"signer": outcome.Verdicts.Signer, "guardian": outcome.Verdicts.Guardian, "generation": outcome.Wallet.Generation,
		}
		return audit.Record(tx, c.By, "wallet."+row.Action+".finished", detail)
	})
}

// codeOf names a refusal for the audit log.
func codeOf(err error) string {
	if f := store.RefusalOf(err); f != nil {
		return string(f.Code)
	}
	return string(fault.Internal)
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
