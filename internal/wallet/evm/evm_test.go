package evm

import (
	"bytes"
	"encoding/hex"
	"os"
	"strings"
	"testing"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"
)

// sign is what the signer does: r ‖ s ‖ v.
func sign(t testing.TB, key string, digest [32]byte) []byte {
	t.Helper()
	compact := ecdsa.SignCompact(secp256k1.PrivKeyFromBytes(unhex(t, key)), digest[:], false)
	return append(compact[1:], compact[0])
}

func unhex(t testing.TB, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.TrimPrefix(text, "0x"))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The example of EIP-155.
func TestEIP155Example(t *testing.T) {
	const unsigned = "ec098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a764000080018080"
	tx, err := ParseUnsigned(unhex(t, unsigned))
	if err != nil {
		t.Fatal(err)
	}
	if got := hex.EncodeToString(tx.Unsigned()); got != unsigned {
		t.Fatalf("encodes to %s", got)
	}
	digest := tx.Digest()
	if got := hex.EncodeToString(digest[:]); got != "daf5a779ae972f972197303d7b574746c7ef83eadac0f2791ad23db92e4c8e53" {
		t.Fatalf("digest %s", got)
	}
	signed, err := tx.Signed(sign(t, strings.Repeat("46", 32), digest))
	if err != nil {
		t.Fatal(err)
	}
	const want = "f86c098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a76400008025a028ef61340bd939bc2195fe537567866003e1a15d3c71ff63e1590620aa636276a067cbe9d8997f761aecb703304b3800ccf555c9f3dc64214b297fb1966a3b6d83"
	if got := hex.EncodeToString(signed); got != want {
		t.Fatalf("signed %s", got)
	}
	read, err := ParseSigned(signed)
	if err != nil || read.From.String() != "0x9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F" || !bytes.Equal(read.Transaction.Unsigned(), tx.Unsigned()) {
		t.Fatalf("%+v, %v", read, err)
	}
}

// The example of EIP-712.
func TestEIP712Example(t *testing.T) {
	document, err := os.ReadFile("testdata/mail.json")
	if err != nil {
		t.Fatal(err)
	}
	d, err := ParseTypedData(document)
	if err != nil {
		t.Fatal(err)
	}
	if d.Type != "Mail(Person from,Person to,string contents)Person(string name,address wallet)" {
		t.Errorf("type %s", d.Type)
	}
	if got := hex.EncodeToString(d.domain[:]); got != "f2cee375fa42b42143804025fc449deafd50cc031ca257e0b194a650a912090f" {
		t.Errorf("domain %s", got)
	}
	if got := hex.EncodeToString(d.message[:]); got != "c52c0ee5d84264471806290a3f2c4cecfc5490626bf912d01f240d7a274b371e" {
		t.Errorf("message %s", got)
	}
	if digest := d.Digest(); hex.EncodeToString(digest[:]) != "be609aee343fb3c4b28e1df9e632fca64fcfaede20f02e86244efddf30957bd2" {
		t.Errorf("digest %x", digest)
	}
}
