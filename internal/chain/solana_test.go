package chain_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/binary"
	"slices"
	"strings"
	"testing"

	"github.com/stepup-auth/stepup/internal/chain/solana"
	"github.com/stepup-auth/stepup/internal/method/walletsig"
)

// text4361 is a sign-in text.
const text4361 = "service.org wants you to sign in with your Ethereum account:\n0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2\n\n" +
	"I accept the ServiceOrg Terms of Service: https://service.org/tos\n\nURI: https://service.org/login\nVersion: 1\nChain ID: 1\n" +
	"Nonce: 32891757\nIssued At: 2021-09-30T16:25:24.000Z"

// transaction is the message of a transfer: one signer, three accounts, one
// instruction.
func transaction(accounts int) []byte {
	b := []byte{1, 0, 1, byte(accounts)}
	b = append(b, bytes.Repeat([]byte{'a'}, accounts*32)...)
	b = append(b, bytes.Repeat([]byte{'h'}, 32)...)
	return append(b, 1 /* instruction */, 2, 2, 0, 1, 12, 2, 0, 0, 0, 64, 66, 15, 0, 0, 0, 0, 0)
}

// G7: a transaction is recognised, and no text that is taken could be one.
func TestG7TransactionAsMessage(t *testing.T) {
	t.Parallel()
	legacy := transaction(3)
	versioned := append([]byte{0x80}, append(slices.Clone(legacy), 0)...)
	for name, b := range map[string][]byte{
		"legacy": legacy, "version 0": versioned, "version 0 with a lookup": append([]byte{0x80},
			append(slices.Clone(legacy), append(append([]byte{1}, make([]byte, 32)...), 1, 5, 0)...)...),
		"a version of tomorrow": {0x81, 1, 2},
		"letters and digits":    letters(),
	} {
		if !solana.IsMessage(b) {
			t.Errorf("%s: not recognised", name)
		}
	}
	for name, b := range map[string][]byte{
		"cut off": legacy[:len(legacy)-1], "one byte more": append(slices.Clone(legacy), 0), "nothing": nil, "a text": []byte(text4361),
		"a long length": {1, 0, 0, 0xff, 0xff, 0xff},
	} {
		if solana.IsMessage(b) {
			t.Errorf("%s: taken for a transaction", name)
		}
	}
}

// letters is a transaction that is well-formed UTF-8 and could be sent as a
// message: 32 accounts and 33 empty instructions.
func letters() []byte {
	b := []byte{'A', 'B', 'C', ' '}
	b = append(b, bytes.Repeat([]byte{'k'}, 32*32)...)
	b = append(b, bytes.Repeat([]byte{'h'}, 32)...)
	b = append(b, '!') // 33 instructions
	for range '!' {
		b = append(b, 'p', '\x01', 'a', '\x00')
	}
	return b
}

// The envelope of hardware wallets is taken around the text itself and nothing else.
func TestOffchainEnvelope(t *testing.T) {
	t.Parallel()
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	length := string(binary.LittleEndian.AppendUint16(nil, uint16(len(text4361))))
	const domain = "\xffsolana offchain"
	zeros := strings.Repeat("\x00", 32)
	for envelope, good := range map[string]bool{
		text4361: true, domain + "\x00\x00" + length + text4361: true, domain + "\x00\x01" + length + text4361: true,
		domain + "\x00" + zeros + "\x01\x01" + string(public) + length + text4361:         true,
		domain + "\x01\x00" + length + text4361:                                           false, // a version of tomorrow
		domain + "\x00\x02" + length + text4361:                                           false, // what no screen shows
		domain + "\x00\x00" + length + text4361 + " ":                                     false,
		domain + "\x00\x00\x00\x00" + text4361:                                            false,
		domain + "\x00" + zeros + "\x01\x01" + zeros + length + text4361:                  false, // another signer
		domain + "\x00" + zeros + "\x01\x02" + string(public) + zeros + length + text4361: false,
		"solana offchain\x00\x00" + length + text4361:                                     false,
	} {
		err := solana.Address(public).VerifyText(text4361, ed25519.Sign(private, []byte(envelope)))
		if (err == nil) != good {
			t.Errorf("%q: %v", envelope[:20], err)
		}
	}
}

func FuzzIsMessage(f *testing.F) {
	f.Add(transaction(3))
	f.Add([]byte(text4361))
	f.Add([]byte{0x80, 1, 0, 0, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := walletsig.ParseMessage(string(b)); err == nil && solana.IsMessage(b) {
			t.Errorf("%q is a message and a transaction", b)
		}
	})
}
