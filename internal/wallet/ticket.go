package wallet

// TicketType is the JOSE header typ of a ticket.
const TicketType = "wallet-authz+jwt"

// TicketAudience is its aud.
const TicketAudience = "stepup-wallet"

// AuthorizedBy says what opened the gate for an operation.
type AuthorizedBy string

// What opens a gate.
const (
	ByElevatedToken AuthorizedBy = "elevated_token" // the token travels along, and each custodian checks it too
	ByMFAToken      AuthorizedBy = "mfa_token"      // a legacy token, which only the issuer can check
	ByPolicy        AuthorizedBy = "not_required"   // the environment asks for no step-up here
)

// Ticket are the claims of the issuer's word for one operation: this user, in
// this session, asked the issuer for just this. A stolen coordinator can
// neither make one nor bend one to another operation. It lives a minute; a
// retry gets a new one for the same operation.
type Ticket struct {
	Issuer        string       `json:"iss"`
	Audience      string       `json:"aud"` // TicketAudience
	Subject       string       `json:"sub"`
	Session       string       `json:"sid"`
	EnvironmentID string       `json:"environment_id"`
	ID            string       `json:"jti"`
	IssuedAt      int64        `json:"iat"`
	Expires       int64        `json:"exp"`
	OperationID   string       `json:"operation_id"`
	WalletID      string       `json:"wallet_id"`
	Action        Action       `json:"action"`
	IntentHash    string       `json:"intent_hash"` // hex, see package intent
	AuthorizedBy  AuthorizedBy `json:"authorized_by"`
	Scope         string       `json:"scope,omitempty"`    // the gate's scope; empty: the action has none
	TokenID       string       `json:"token_id,omitempty"` // jti of the elevated token, with ByElevatedToken
}

// Claim is a custodian's question to the issuer: was this token spent by just
// this operation? It is how each custodian consumes the token by itself.
type Claim struct {
	EnvironmentID string `json:"environmentId"`
	OperationID   string `json:"operationId"`
	IntentHash    string `json:"intentHash"`
	TokenID       string `json:"tokenId"` // empty where no token was needed
}

// Claimed is the issuer's yes; everything else is an error.
type Claimed struct {
	ClaimedAt int64 `json:"claimedAt"` // Unix seconds; a token must have been live then
}
