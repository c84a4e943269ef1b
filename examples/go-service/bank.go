package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"

	"github.com/stepup-auth/stepup"
)

// transferCreate is our own scope, declared at the issuer with our audience.
const transferCreate stepup.Scope = "transfer:create"

type config struct {
	issuer         string
	serviceToken   stepup.ServiceToken
	audience       string
	allowedOrigins []string // whose pages may call; none allows no browser
	plainHTTP      bool     // the issuer may be spoken to in clear
}

// newBank wires the bank: four lines make a guard, one guards a route. The
// issuer need not be up yet; until it is, the answer is 503.
func newBank(c config) (http.Handler, error) {
	verifier, err := stepup.NewVerifier(stepup.Config{Issuer: c.issuer, Audiences: []string{c.audience}, PlainHTTP: c.plainHTTP})
	if err != nil {
		return nil, fmt.Errorf("reading ISSUER: %w", err)
	}
	client, err := stepup.NewClient(stepup.ClientConfig{Issuer: c.issuer, ServiceToken: c.serviceToken, PlainHTTP: c.plainHTTP})
	if err != nil {
		return nil, err
	}
	guard, err := stepup.NewGuard(stepup.GuardConfig{
		Verifier: verifier,
		Client:   client,
		// An app that got no answer may send the same order again under the same
		// key: it is carried out once.
		Operation: func(r *http.Request) string { return r.Header.Get("Idempotency-Key") },
	})
	if err != nil {
		return nil, err
	}

	b := &bank{ledger: newLedger()}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", b.about)
	mux.HandleFunc("GET /healthz", b.health)
	mux.Handle("GET /accounts", guard.SignedIn(http.HandlerFunc(b.accounts)))
	mux.Handle("POST /transfers", guard.Require(transferCreate)(http.HandlerFunc(b.transfer)))
	mux.Handle("POST /transfers/confirmed", guard.Require(transferCreate, stepup.BoundTo(confirmed))(http.HandlerFunc(b.transfer)))
	return allowOrigins(c.allowedOrigins, mux), nil
}

type bank struct {
	ledger *ledger
}

// about says what this is to somebody who opens it in a browser.
func (b *bank) about(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = io.WriteString(w, `This is the example bank, a service that stepup guards. It has no pages of its own.

  GET  /accounts              your balance; takes a session
  POST /transfers             sends money; takes a proof as well, once per transfer
  POST /transfers/confirmed   the same, with a proof for exactly this payee and amount
  GET  /healthz               whether it runs
`)
}

func (b *bank) health(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, map[string]string{"status": "ok"})
}

type account struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Balance int64  `json:"balance"` // whole euros
}

// accounts shows the caller's own account. A session is enough for looking.
func (b *bank) accounts(w http.ResponseWriter, r *http.Request) {
	caller, _ := stepup.CallerFromContext(r.Context())
	answer(w, http.StatusOK, map[string][]account{"accounts": {
		{ID: caller.Subject, Name: "Your account", Balance: b.ledger.balance(caller.Subject)},
	}})
}

type order struct {
	To     string `json:"to"`
	Amount int64  `json:"amount"` // whole euros
}

// check reports what is wrong with an order, in words for the person who sent it.
func (o order) check() string {
	switch {
	case o.To == "" || len(o.To) > 64:
		return "Say whom to send money to, in at most 64 characters."
	case o.Amount <= 0 || o.Amount > 1_000_000:
		return "Send between 1 and 1,000,000."
	}
	return ""
}

// confirmed says what an order is, in the words its user confirms. All that
// matters stands in it: a token for it sends neither more nor to anybody else.
func confirmed(r *http.Request) (any, error) {
	o, err := readOrder(r.Body)
	return []map[string]string{{"type": "transfer", "amount": strconv.FormatInt(o.Amount, 10), "currency": "EUR", "payee": o.To}}, err
}

func readOrder(body io.Reader) (o order, err error) {
	decoder := json.NewDecoder(body)
	decoder.DisallowUnknownFields()
	err = decoder.Decode(&o)
	return o, err
}

// transfer sends money. It runs only when the user has just proved who they are,
// once per proof; the claims say how.
func (b *bank) transfer(w http.ResponseWriter, r *http.Request) {
	claims, _ := stepup.FromContext(r.Context())
	o, err := readOrder(http.MaxBytesReader(w, r.Body, 4<<10))
	if err != nil {
		refuse(w, http.StatusBadRequest, "malformed_order", `Send {"to": "bob", "amount": 25}.`)
		return
	}
	if problem := o.check(); problem != "" {
		refuse(w, http.StatusUnprocessableEntity, "invalid_order", problem)
		return
	}
	done, err := b.ledger.transfer(claims.Subject, o.To, o.Amount)
	if errors.Is(err, errInsufficient) {
		refuse(w, http.StatusUnprocessableEntity, "insufficient_funds", "There is not that much in your account.")
		return
	}
	answer(w, http.StatusCreated, done)
}

func refuse(w http.ResponseWriter, status int, code, message string) {
	answer(w, status, map[string]string{"error": message, "code": code})
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client may have gone
}
