// Package authz is how a custodian decides by itself whether an operation is
// allowed. The invariant: [Checker.Check] says yes only to what the issuer's
// signature says this user asked for in this session, exactly this operation on
// this wallet with this intent; that was proved by a token which fits, where the
// issuer asks for one; and that the issuer says was claimed for this operation
// while the token was live. Nothing the coordinator says is believed.
//
// What a token's DPoP key (cnf) has to prove is proved to the issuer;
// the proof does not travel, and the issuer's ticket stands for it.
package authz

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/jose"
	"github.com/stepup-auth/stepup/internal/jsonbody"
	"github.com/stepup-auth/stepup/internal/keyset"
	"github.com/stepup-auth/stepup/internal/strictjson"
	"github.com/stepup-auth/stepup/internal/wallet"
)

const (
	maxAhead = 30 * time.Second // how far the issuer's clock may be ahead
	maxLife  = time.Minute      // of a ticket
	maxDepth = 4
)

// opens are the scopes of elevated tokens that allow an action. An action that
// is not here has no scope, and no token allows it.
var opens = map[wallet.Action][]stepup.Scope{
	wallet.Sign:    {stepup.WalletSign},
	wallet.Export:  {stepup.WalletExport},
	wallet.Refresh: {stepup.WalletRefresh, stepup.WalletDelegate},
	wallet.Reshare: {stepup.WalletReshare, stepup.WalletDelegate},
	wallet.Restore: {stepup.WalletRestore},
	wallet.Delete:  {stepup.WalletDelete},
}

// DetailType is the type of an entry of authorization_details that binds a token
// to one intent of one wallet.
const DetailType = "stepup_wallet"

// Environment is what a custodian knows of the issuer of one environment.
type Environment struct {
	Issuer string // iss, and aud of elevated tokens
	Keys   stepup.KeySetWithAlgorithms
}

// Environments finds the issuer of an environment, see [Issuer].
type Environments interface {
	Environment(ctx context.Context, id string) (Environment, error)
}

// Claimer asks the issuer whether a token was spent by just this operation.
type Claimer interface {
	Claim(context.Context, wallet.Claim) (wallet.Claimed, error)
}

// Checker decides. Now nil means [time.Now].
type Checker struct {
	Environments Environments
	Claimer      Claimer
	Now          func() time.Time
}

// Authorized says what allowed an operation.
type Authorized struct {
	By        wallet.AuthorizedBy
	TicketID  string
	TokenID   string // jti of the elevated token; empty unless By is [wallet.ByElevatedToken]
	SingleUse bool   // that token serves one operation only
	ClaimedAt time.Time
}

// Check reports whether creds allow op, whose intent hash the caller has computed
// from the raw request. Every refusal is a *fault.Error; nothing is claimed for
// credentials that do not fit.
//
// A token that has expired since may still allow the operation it was claimed
// for while it was live, so that the operation can be resumed.
func (c *Checker) Check(ctx context.Context, op wallet.Operation, creds wallet.Credentials, intentHash string) (Authorized, error) {
	if op.ID == "" || op.EnvironmentID == "" || op.UserID == "" || op.SessionID == "" || op.WalletID == "" || op.Action == "" ||
		intentHash == "" {
		return Authorized{}, refused("the operation does not say everything that an authorisation is for")
	}
	now := time.Now()
	if c.Now != nil {
		now = c.Now()
	}
	environment, err := c.Environments.Environment(ctx, op.EnvironmentID)
	if err != nil {
		return Authorized{}, err
	}
	ticket, err := openTicket(ctx, environment, creds.Ticket)
	if err == nil {
		err = checkTicket(ticket, environment, op, intentHash, now)
	}
	if err != nil {
		return Authorized{}, err
	}
	a := Authorized{By: ticket.AuthorizedBy, TicketID: ticket.ID}
	var token stepup.Claims
	switch ticket.AuthorizedBy {
	case wallet.ByElevatedToken:
		token, err = openToken(ctx, environment, creds.ElevatedToken, now)
		if err == nil {
			err = checkToken(token, ticket, op, intentHash)
		}
		if err != nil {
			return Authorized{}, err
		}
		a.TokenID, a.SingleUse = token.ID, token.SingleUse
	case wallet.ByMFAToken, wallet.ByPolicy:
		if ticket.TokenID != "" || creds.ElevatedToken != "" {
			return Authorized{}, refused("there is an elevated token that the ticket does not rest on")
		}
	default:
		return Authorized{}, refused("the ticket does not say what authorised it")
	}
	claimed, err := c.Claimer.Claim(ctx,
		wallet.Claim{EnvironmentID: op.EnvironmentID, OperationID: op.ID, IntentHash: intentHash, TokenID: a.TokenID})
	if err != nil {
		return Authorized{}, err
	}
	a.ClaimedAt = time.Unix(claimed.ClaimedAt, 0)
	if claimed.ClaimedAt <= 0 || a.ClaimedAt.After(now.Add(maxAhead)) {
		return Authorized{}, refused("the issuer's claim is from the future")
	}
	if a.TokenID != "" && !a.ClaimedAt.Before(token.Expires) {
		return Authorized{}, denied(op, stepup.ReasonExpired, errors.New("it had expired when it was claimed"))
	}
	return a, nil
}

// openTicket verifies signature and kind and reads the claims.
func openTicket(ctx context.Context, environment Environment, text string) (wallet.Ticket, error) {
	var ticket wallet.Ticket
	token, err := keyset.Verify(ctx, environment.Keys, text)
	if errors.Is(err, keyset.ErrInvalid) {
		return ticket, refused("the ticket: %v", err)
	}
	if err != nil {
		return ticket, unavailable(err)
	}
	if token.Type != wallet.TicketType {
		return ticket, refused("the ticket has the typ %.40q", token.Type)
	}
	if err := jsonbody.Decode(token.Payload, &ticket, jsonbody.Rules{Depth: maxDepth, KnownOnly: true}); err != nil {
		return wallet.Ticket{}, refused("the ticket: %v", err)
	}
	return ticket, nil
}

func checkTicket(t wallet.Ticket, environment Environment, op wallet.Operation, intentHash string, now time.Time) error {
	issued, expires := time.Unix(t.IssuedAt, 0), time.Unix(t.Expires, 0)
	switch {
	case t.Issuer != environment.Issuer:
		return refused("the ticket is of another issuer")
	case t.Audience != wallet.TicketAudience:
		return refused("the ticket is for another audience")
	case t.EnvironmentID != op.EnvironmentID:
		return refused("the ticket is for another environment")
	case t.Subject != op.UserID:
		return refused("the ticket is for another user")
	case t.Session != op.SessionID:
		return refused("the ticket is for another session")
	case t.OperationID != op.ID:
		return refused("the ticket is for another operation")
	case t.WalletID != op.WalletID:
		return refused("the ticket is for another wallet")
	case t.Action != op.Action:
		return refused("the ticket is for another action")
	case t.IntentHash != intentHash:
		return refused("the ticket is for another intent")
	case t.ID == "":
		return refused("the ticket has no id")
	case issued.After(now.Add(maxAhead)), !expires.After(issued), expires.Sub(issued) > maxLife:
		return refused("the ticket's times are not those of a ticket")
	case !now.Before(expires):
		return refused("the ticket has expired")
	}
	return nil
}

// openToken verifies the token by itself, at now or, if it was good once, at the
// end of its life: whether it was claimed in time is for the issuer to say.
func openToken(ctx context.Context, environment Environment, text string, now time.Time) (stepup.Claims, error) {
	claims, err := verifyAt(ctx, environment, text, now)
	if errors.Is(err, stepup.ErrExpired) {
		var expires time.Time
		if expires, err = expiry(ctx, environment, text); err == nil {
			claims, err = verifyAt(ctx, environment, text, expires.Add(-time.Second))
		}
	}
	switch {
	case errors.Is(err, stepup.ErrUnavailable):
		return stepup.Claims{}, unavailable(err)
	case err != nil:
		return stepup.Claims{}, fault.New(fault.ElevatedTokenRequired,
			"The elevated access token is missing or is not one of this environment. Get a new one.").
			With(refusal{Reason: stepup.ReasonMissing}).Because(err)
	}
	return claims, nil
}

func verifyAt(ctx context.Context, environment Environment, text string, at time.Time) (stepup.Claims, error) {
	v, err := stepup.NewVerifier(stepup.Config{Issuer: environment.Issuer, Keys: environment.Keys, Now: func() time.Time { return at }})
	if err != nil {
		return stepup.Claims{}, err
	}
	return v.Elevated(ctx, text)
}

// expiry reads exp of a token whose signature it verifies.
func expiry(ctx context.Context, environment Environment, text string) (time.Time, error) {
	token, err := keyset.Verify(ctx, environment.Keys, text)
	if err != nil {
		return time.Time{}, err
	}
	claims := jose.Claims{Reader: strictjson.Reader{Members: token.Members}}
	return time.Unix(claims.Seconds("exp"), 0), claims.Err()
}

func checkToken(token stepup.Claims, ticket wallet.Ticket, op wallet.Operation, intentHash string) error {
	switch {
	case token.ID != ticket.TokenID:
		return denied(op, stepup.ReasonWrongSubject, errors.New("it is not the token that the ticket rests on"))
	case token.EnvironmentID != op.EnvironmentID:
		return denied(op, stepup.ReasonWrongSubject, errors.New("it is of another environment"))
	case token.Subject != op.UserID:
		return denied(op, stepup.ReasonWrongSubject, errors.New("it is of another user"))
	case token.Session != op.SessionID:
		return denied(op, stepup.ReasonWrongSubject, errors.New("it is of another session"))
	case !slices.ContainsFunc(opens[op.Action], token.Has):
		return denied(op, stepup.ReasonWrongScope, fmt.Errorf("no scope of it allows %s", op.Action))
	}
	if len(token.AuthorizationDetails) > 0 {
		if err := checkBinding(token.AuthorizationDetails, op, intentHash); err != nil {
			return denied(op, stepup.ReasonWrongBinding, err)
		}
	}
	return nil
}

// detail is an entry of authorization_details (RFC 9396) for a wallet.
type detail struct {
	Type       string        `json:"type"`
	WalletID   string        `json:"walletId"`
	Action     wallet.Action `json:"action"`
	IntentHash string        `json:"intentHash"`
}

// checkBinding wants exactly one entry, for exactly this: a token bound to two
// things was shown to its user as two.
func checkBinding(details []byte, op wallet.Operation, intentHash string) error {
	parsed, err := strictjson.Parse(details, maxDepth)
	if err != nil {
		return err
	}
	list, err := parsed.List()
	if err != nil {
		return err
	}
	if len(list) != 1 {
		return fmt.Errorf("it is bound to %d things", len(list))
	}
	var d detail
	if err := list[0].Decode(&d, strictjson.Refuse); err != nil {
		return err
	}
	switch {
	case d.Type != DetailType:
		return errors.New("it is bound to something that is no wallet")
	case d.WalletID != op.WalletID:
		return errors.New("it is bound to another wallet")
	case d.Action != op.Action:
		return errors.New("it is bound to another action")
	case d.IntentHash != intentHash:
		return errors.New("it is bound to another intent")
	}
	return nil
}

// refusal is the payload of a token that does not fit.
type refusal struct {
	Scope  stepup.Scope  `json:"scope,omitempty"`
	Reason stepup.Reason `json:"reason"`
}

// denied says that the user's token does not allow op.
func denied(op wallet.Operation, reason stepup.Reason, cause error) error {
	p := refusal{Reason: reason}
	if scopes := opens[op.Action]; len(scopes) > 0 {
		p.Scope = scopes[0]
	}
	return fault.New(fault.ElevatedTokenRequired,
		"The elevated access token does not allow this on this wallet. Get a new one for just this.").With(p).Because(cause)
}

// refused says that the issuer did not ask for this, whatever the token says.
func refused(cause string, args ...any) error {
	return fault.New(fault.WalletNotAuthorized, "The issuer has not authorised this. Ask again, with the same idempotency key.").
		Because(fmt.Errorf(cause, args...))
}

func unavailable(cause error) error {
	return fault.New(fault.Unavailable,
		"The issuer's keys are out of reach, so the answer is no. Try again in a moment, with the same idempotency key.").
		Because(cause).After(time.Second)
}
