package main

import (
	"errors"
	"strconv"
	"sync"
)

// openingBalance is a present to everybody, in whole euros.
const openingBalance = 1000

var errInsufficient = errors.New("insufficient funds")

// ledger keeps all accounts, in memory. An account exists from its first mention.
type ledger struct {
	mu        sync.Mutex
	balances  map[string]int64
	transfers int
}

func newLedger() *ledger {
	return &ledger{balances: map[string]int64{}}
}

func (l *ledger) balance(id string) int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.open(id)
}

// open returns a balance. The caller holds l.mu.
func (l *ledger) open(id string) int64 {
	if _, ok := l.balances[id]; !ok {
		l.balances[id] = openingBalance
	}
	return l.balances[id]
}

// A transfer is money that has moved.
type transfer struct {
	ID      string `json:"id"`
	To      string `json:"to"`
	Amount  int64  `json:"amount"`
	Balance int64  `json:"balance"` // what the sender has left
}

// transfer moves money, or nothing and errInsufficient.
func (l *ledger) transfer(from, to string, amount int64) (transfer, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open(from) < amount {
		return transfer{}, errInsufficient
	}
	l.open(to)
	l.balances[from] -= amount
	l.balances[to] += amount
	l.transfers++
	return transfer{ID: "transfer-" + strconv.Itoa(l.transfers), To: to, Amount: amount, Balance: l.balances[from]}, nil
}
