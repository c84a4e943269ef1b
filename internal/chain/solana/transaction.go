package solana

import (
	"crypto/ed25519"
	"errors"
	"fmt"

	"github.com/mr-tron/base58"
)

// Transaction is a message with a place for the signature of each of its
// signers; a place of zeros is empty.
type Transaction struct {
	Signatures [][ed25519.SignatureSize]byte
	Message    *Message
}

// ParseTransaction reads a transaction in its wire form. Its signatures are not
// verified: see [Transaction.Verify].
func ParseTransaction(raw []byte) (*Transaction, error) {
	if len(raw) > maxTransaction {
		return nil, fmt.Errorf("this is no Solana transaction: it has more than %d bytes", maxTransaction)
	}
	r := reader{rest: raw}
	n := r.count()
	places := r.take(n * ed25519.SignatureSize)
	if r.err != nil {
		return nil, fmt.Errorf("this is no Solana transaction: %w", r.err)
	}
	m, err := ParseMessage(r.rest)
	if err != nil {
		return nil, err
	}
	if n != int(m.Signatures) {
		return nil, fmt.Errorf("this transaction has places for %d signatures and needs %d", n, m.Signatures)
	}
	t := unsigned(m)
	for i := range t.Signatures {
		copy(t.Signatures[i][:], places[i*ed25519.SignatureSize:])
	}
	return t, nil
}

func unsigned(m *Message) *Transaction {
	return &Transaction{Signatures: make([][ed25519.SignatureSize]byte, m.Signatures), Message: m}
}

// ParseToSign reads what a client hands over to be signed: a transaction in its
// wire form, with or without the signatures of others, or the message alone.
// Bytes that could be either are refused, for they would say two things.
func ParseToSign(raw []byte) (*Transaction, error) {
	m, notMessage := ParseMessage(raw)
	t, notTransaction := ParseTransaction(raw)
	switch {
	case notMessage == nil && notTransaction == nil:
		return nil,
			errors.New("these bytes can be read as a Solana transaction in two ways; send it in its wire form with empty signatures")
	case notTransaction == nil:
		return t, nil
	case notMessage != nil && wire(raw):
		return nil, notTransaction
	case notMessage != nil:
		return nil, notMessage
	}
	t = unsigned(m)
	if len(t.Bytes()) > maxTransaction {
		return nil, fmt.Errorf("this transaction would have more than %d bytes with its signatures", maxTransaction)
	}
	return t, nil
}

// Bytes are the wire form.
func (t *Transaction) Bytes() []byte {
	out := appendCount(nil, len(t.Signatures))
	for _, s := range t.Signatures {
		out = append(out, s[:]...)
	}
	return append(out, t.Message.Bytes()...)
}

// Assemble puts a wallet's signature in its place and gives the wire form. A
// signature that is not the wallet's over this message is refused, and so is a
// wrong one of somebody else that came along.
func (t *Transaction) Assemble(wallet Address, signature []byte) ([]byte, error) {
	place, ok := t.Message.Signer(wallet)
	if !ok {
		return nil, notSigner(wallet)
	}
	if len(signature) != ed25519.SignatureSize {
		return nil, errors.New("an Ed25519 signature is 64 bytes")
	}
	signed := &Transaction{Signatures: bytesOf(t.Signatures), Message: t.Message}
	signed.Signatures[place] = [ed25519.SignatureSize]byte(signature)
	if err := signed.verify(true); err != nil {
		return nil, err
	}
	return signed.Bytes(), nil
}

func bytesOf(s [][ed25519.SignatureSize]byte) [][ed25519.SignatureSize]byte {
	return append([][ed25519.SignatureSize]byte(nil), s...)
}

// Verify reports whether a wallet's transaction can be broadcast: the wallet is
// among the signers, and each of them has signed.
func (t *Transaction) Verify(wallet Address) error {
	if _, ok := t.Message.Signer(wallet); !ok {
		return notSigner(wallet)
	}
	return t.verify(false)
}

// CheckForeign refuses a transaction that came with a wrong signature: it could
// never be executed, so nobody should be asked to sign it.
func (t *Transaction) CheckForeign(wallet Address) error {
	place, ok := t.Message.Signer(wallet)
	if !ok {
		return notSigner(wallet)
	}
	others := &Transaction{Signatures: bytesOf(t.Signatures), Message: t.Message}
	others.Signatures[place] = [ed25519.SignatureSize]byte{}
	return others.verify(true)
}

// verify checks each signature; empty places may be allowed.
func (t *Transaction) verify(empty bool) error {
	message := t.Message.Bytes()
	for i, s := range t.Signatures {
		account := t.Message.Accounts[i]
		if s == ([ed25519.SignatureSize]byte{}) {
			if empty {
				continue
			}
			return fmt.Errorf("the signature of %s is missing in this transaction", account)
		}
		if !ed25519.Verify(account[:], message, s[:]) {
			return fmt.Errorf("the signature of %s in this transaction is wrong", account)
		}
	}
	return nil
}

// ID is the transaction's name on the chain: its first signature.
func (t *Transaction) ID() string { return base58.Encode(t.Signatures[0][:]) }

func notSigner(wallet Address) error {
	return fmt.Errorf("this transaction does not ask for the signature of %s", wallet)
}
