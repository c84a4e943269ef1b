package wallettest

import (
	"maps"
	"time"

	"github.com/google/uuid"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/wallet"
)

// Attack is one way in which a coordinator that does not belong to its operator
// any more bends an order that a user has asked for.
type Attack struct {
	Name string
	Code fault.Code // of the refusal

	bend func(*Bent)
}

// Bent is an order before it is signed: an attack changes what is signed, or puts
// itself in place of the order afterwards.
type Bent struct {
	Order  wallet.Order
	Token  map[string]any
	Ticket wallet.Ticket

	by    *Custodians
	other any           // a request of the same kind, for something else
	after []func(*Bent) // on what is signed
}

// Attack is the order as an attack bends it, and the honest one: the same
// operation with the same token. The other request is what the attacker would
// rather have done.
func (c *Custodians) Attack(a Attack, w wallet.Wallet, action wallet.Action, request, other any) (bent, honest wallet.Order) {
	c.tb.Helper()
	honest = c.Order(w, action, request)
	b := &Bent{Order: honest, Token: c.Issuer.TokenFor(honest.Operation), by: c, other: other}
	id, _ := b.Token["jti"].(string)
	b.Ticket = c.Issuer.TicketFor(honest.Operation, c.Hash(honest.Operation, w), id)
	token, ticket := maps.Clone(b.Token), b.Ticket
	a.bend(b)
	b.Order.Credentials = wallet.Credentials{Ticket: c.Issuer.Sign(wallet.TicketType, b.Ticket), ElevatedToken: c.Issuer.Mint(b.Token)}
	for _, after := range b.after {
		after(b)
	}
	honest.Credentials = wallet.Credentials{Ticket: c.Issuer.Sign(wallet.TicketType, ticket), ElevatedToken: c.Issuer.Mint(token)}
	return b.Order, honest
}

// signed changes the order after its credentials were signed: all that a
// coordinator can do by itself.
func signed(change func(*Bent)) func(*Bent) {
	return func(b *Bent) { b.after = append(b.after, change) }
}

// bound binds the token to the operation, but for one word.
func bound(key string, value any) func(*Bent) {
	return func(b *Bent) {
		details := Bind(b.Order.Operation, b.Ticket.IntentHash)
		details[0][key] = value
		b.Token["authorization_details"] = details
	}
}

const alien = "00000000-0000-4000-8000-000000000000"

// Attacks are the ways. Those that need the issuer's key show that a custodian
// believes no part of a credential for the sake of another.
func Attacks() []Attack {
	const noTicket, noToken = fault.WalletNotAuthorized, fault.ElevatedTokenRequired
	return []Attack{
		// With what was honestly issued, or nothing.
		{"no ticket", noTicket, signed(func(b *Bent) { b.Order.Credentials.Ticket = "" })},
		{"forged ticket", noTicket, signed(func(b *Bent) {
			b.Order.Credentials.Ticket = b.by.Issuer.Forge(wallet.TicketType, b.Ticket)
		})},
		{"no token", noToken, signed(func(b *Bent) { b.Order.Credentials.ElevatedToken = "" })},
		{"forged token", noToken, signed(func(b *Bent) {
			b.Order.Credentials.ElevatedToken = b.by.Issuer.Forge(stepup.TypeElevated, b.Token)
		})},
		{"another user's wallet", fault.NotFound, signed(func(b *Bent) { b.Order.Operation.UserID = "user-2" })},
		{"another session", noTicket, signed(func(b *Bent) { b.Order.Operation.SessionID = "session-2" })},
		{"another operation", noTicket, signed(func(b *Bent) { b.Order.Operation.ID = uuid.NewString() })},
		{"another wallet", noTicket, signed(func(b *Bent) {
			other := b.by.Create(wallet.EVM, wallet.TwoOfTwo)
			b.Order.Operation.WalletID, b.Order.Wallet = other.ID, other
		})},
		{"another environment", fault.NotFound, signed(func(b *Bent) { b.Order.Operation.EnvironmentID = alien })},
		{"another intent", noTicket, signed(func(b *Bent) {
			b.Order.Operation.Request = b.by.Issuer.Operation(b.Order.Wallet.ID, b.Order.Operation.Action, b.other).Request
		})},
		{"a ticket and a token of another operation", noTicket, signed(func(b *Bent) {
			b.Order.Credentials = b.by.Order(b.Order.Wallet, b.Order.Operation.Action, b.other).Credentials
		})},
		{"the ticket of an action that needs no token", noTicket, signed(func(b *Bent) {
			b.Order.Credentials = b.by.New(wallet.EVM, wallet.TwoOfTwo).Credentials
		})},
		{"the token of another ticket", noToken, signed(func(b *Bent) {
			b.Order.Credentials.ElevatedToken = b.by.Order(b.Order.Wallet, b.Order.Operation.Action, b.other).Credentials.ElevatedToken
		})},

		// With tickets that say something else.
		{"expired ticket", noTicket, func(b *Bent) { b.Ticket.IssuedAt -= 60; b.Ticket.Expires -= 60 }},
		{"ticket for another user", noTicket, func(b *Bent) { b.Ticket.Subject = "user-2" }},
		{"ticket for another session", noTicket, func(b *Bent) { b.Ticket.Session = "session-2" }},
		{"ticket for another operation", noTicket, func(b *Bent) { b.Ticket.OperationID = alien }},
		{"ticket for another wallet", noTicket, func(b *Bent) { b.Ticket.WalletID = alien }},
		{"ticket for another action", noTicket, func(b *Bent) { b.Ticket.Action = wallet.Disable }},
		{"ticket for another intent", noTicket, func(b *Bent) { b.Ticket.IntentHash = b.by.otherHash(b) }},
		{"ticket for another environment", noTicket, func(b *Bent) { b.Ticket.EnvironmentID = alien }},

		// With tokens that say something else.
		{"wrong scope", noToken, func(b *Bent) { b.Token["scope"] = "wallet:create wallet:list transfer:create" }},
		{"expired token", noToken, func(b *Bent) {
			b.begin()
			now := b.by.Clock.Now()
			b.Token["iat"], b.Token["exp"] = now.Add(-5*time.Minute).Unix(), now.Unix()
		}},
		{"spent token", noToken, func(b *Bent) {
			b.begin()
			b.Token["singleUse"], b.Token["exp"] = true, b.by.Clock.Now().Add(5*time.Minute).Unix()
			b.by.Issuer.Mint(b.Token)
			_, err := b.by.Issuer.Claim(b.by.tb.Context(),
				wallet.Claim{EnvironmentID: b.Order.Operation.EnvironmentID, OperationID: uuid.NewString(), TokenID: b.Ticket.TokenID})
			check(b.by.tb, err)
		}},
		{"token of another user", noToken, func(b *Bent) { b.Token["sub"] = "user-2" }},
		{"token of another session", noToken, func(b *Bent) { b.Token["sid"] = "session-2" }},
		{"token of another environment", noToken, func(b *Bent) { b.Token["environment_id"] = alien }},
		{"token bound to another wallet", noToken, bound("walletId", alien)},
		{"token bound to another action", noToken, bound("action", wallet.Disable)},
		{"token bound to another intent", noToken, func(b *Bent) { bound("intentHash", b.by.otherHash(b))(b) }},
	}
}

// begin makes it an operation and a token of its own, of which the issuer has seen
// neither.
func (b *Bent) begin() {
	id := uuid.NewString()
	b.Token["jti"], b.Ticket.TokenID = id, id
	b.Order.Operation.ID = uuid.NewString()
	b.Ticket.OperationID = b.Order.Operation.ID
}

// otherHash is the intent hash of what the attacker would rather have done.
func (c *Custodians) otherHash(b *Bent) string {
	return c.Hash(c.Issuer.Operation(b.Order.Wallet.ID, b.Order.Operation.Action, b.other), b.Order.Wallet)
}

// Share are n orders to sign, on wallets in turn, that share one single-use token.
func (c *Custodians) Share(wallets []wallet.Wallet, n int) []wallet.Order {
	c.tb.Helper()
	token := c.Issuer.TokenFor(c.Issuer.Operation("", wallet.Sign, struct{}{}))
	token["singleUse"], token["exp"] = true, c.Clock.Now().Add(5*time.Minute).Unix()
	id, _ := token["jti"].(string)
	text := c.Issuer.Mint(token)
	orders := make([]wallet.Order, n)
	for i := range orders {
		o := c.Message(wallets[i%len(wallets)], "hello")
		o.Credentials = wallet.Credentials{Ticket: c.Issuer.Sign(wallet.TicketType,
			c.Issuer.TicketFor(o.Operation, c.Hash(o.Operation, o.Wallet), id)), ElevatedToken: text}
		orders[i] = o
	}
	return orders
}
