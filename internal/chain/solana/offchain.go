package solana

import (
	"bytes"
	"crypto/ed25519"
	"unicode/utf8"
)

const (
	// maxReach is how far into a message a transaction is looked for: the network
	// takes 1232 bytes now and 4096 in the next version of transactions.
	maxReach = 4096
	// minVersioned is less than any versioned transaction has: a version, a header,
	// a blockhash and the account that pays.
	minVersioned = 1 + 3 + 32 + 32
)

// offchainDomain starts the messages of Solana's off-chain format. No
// transaction starts like it.
var offchainDomain = []byte("\xffsolana offchain")

// IsTransaction reports whether bytes that are to be signed as a message could
// be taken for a transaction, by anybody: as the message its signers sign or in
// wire form, of any version, however careless the reader is about what follows,
// about counts that are too long and about indices that point nowhere. Text is
// no transaction unless it is long and bizarre.
func IsTransaction(raw []byte) bool {
	if len(raw) == 0 {
		return false
	}
	if raw[0] >= 0x80 {
		// A versioned transaction, of this version or of one to come. Text in UTF-8
		// starts at 0xC2, which would be version 66.
		return len(raw) >= minVersioned && !utf8.Valid(raw) && !bytes.HasPrefix(raw, offchainDomain)
	}
	raw = raw[:min(len(raw), maxReach)]
	r := reader{rest: raw, lax: true}
	if r.message(); r.err == nil {
		return true
	}
	return wire(raw)
}

// IsMessage reports whether the bytes are, from the first to the last, what the
// signers of a transaction sign, in a version that is or may come to be. It looks at
// the layout alone.
func IsMessage(raw []byte) bool {
	if len(raw) > maxTransaction {
		return false
	}
	if len(raw) > 0 && raw[0] > 0x80 {
		return true // a version of tomorrow: assume the worst
	}
	r := reader{rest: raw, lax: true}
	r.message()
	return r.err == nil && len(r.rest) == 0
}

// wire reports whether the bytes have the outline of a transaction in wire
// form: signatures, and a message that starts by asking for as many.
func wire(raw []byte) bool {
	r := reader{rest: raw, lax: true}
	n := r.count()
	r.take(n * ed25519.SignatureSize)
	if r.err != nil || len(r.rest) == 0 {
		return false
	}
	if r.rest[0] >= 0x80 {
		// Versions above 0 have another layout, which nothing here reads.
		if r.u8(); len(r.rest) == 0 {
			return false
		}
	}
	inner := r
	if inner.message(); inner.err == nil {
		return true
	}
	signers := int(r.u8())
	r.take(2)
	accounts := r.count()
	r.take(accounts * len(Address{}))
	return r.err == nil && n > 0 && min(signers, accounts) == n
}
