package solana

import (
	"bytes"
	"crypto/ed25519"
	"strings"
	"testing"
)

func sign(b byte, m *Message) []byte { return ed25519.Sign(key(b), m.Bytes()) }

// both is a transaction that wallets 2 (who pays) and 1 sign.
func both() *Message { return build([]Address{you, me}, transfer(me, you, 5)) }

func refused(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %q", err, want)
	}
}

func TestASignatureGoesToItsPlace(t *testing.T) {
	m := both()
	unsigned, err := ParseToSign(m.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	half, err := unsigned.Assemble(me, sign(1, m))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(half[1:65], make([]byte, 64)) || !bytes.Equal(half[65:129], sign(1, m)) || !bytes.Equal(half[129:], m.Bytes()) {
		t.Fatalf("% x", half)
	}
	second, err := ParseToSign(half)
	if err != nil {
		t.Fatal(err)
	}
	refused(t, second.Verify(me), "signature of "+you.String()+" is missing")
	if err := second.CheckForeign(you); err != nil {
		t.Error(err)
	}
	whole, err := second.Assemble(you, sign(2, m))
	if err != nil {
		t.Fatal(err)
	}
	signed, err := ParseTransaction(whole)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range []Address{me, you} {
		if err := signed.Verify(a); err != nil {
			t.Error(err)
		}
	}
	refused(t, signed.Verify(other), "does not ask for the signature of "+other.String())
	if got, want := signed.ID(), (&Transaction{Signatures: [][64]byte{[64]byte(sign(2, m))}}).ID(); got != want {
		t.Errorf("named %s, want %s", got, want)
	}
	if unsigned.Signatures[1] != ([64]byte{}) {
		t.Error("assembling changed what was assembled from")
	}
}

func TestWrongSignaturesAreRefused(t *testing.T) {
	m := both()
	fresh, err := ParseToSign(m.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	_, err = fresh.Assemble(other, sign(3, m))
	refused(t, err, "does not ask for the signature")
	_, err = fresh.Assemble(me, sign(2, m))
	refused(t, err, "signature of "+me.String()+" in this transaction is wrong")
	_, err = fresh.Assemble(me, sign(1, legacy()))
	refused(t, err, "is wrong")
	_, err = fresh.Assemble(me, sign(1, m)[:63])
	refused(t, err, "64 bytes")

	fresh.Signatures[0] = [64]byte(sign(3, m)) // of somebody else
	foreign, err := ParseToSign(fresh.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	refused(t, foreign.CheckForeign(me), "signature of "+you.String()+" in this transaction is wrong")
	_, err = foreign.Assemble(me, sign(1, m))
	refused(t, err, "signature of "+you.String()+" in this transaction is wrong")
	refused(t, foreign.CheckForeign(other), "does not ask for the signature")
	if err := foreign.CheckForeign(you); err != nil {
		t.Errorf("the signer's own place counts: %v", err)
	}
}

func TestTransactionsTheNetworkRefusesAreRefused(t *testing.T) {
	m := both()
	wire := unsigned(m).Bytes()
	fewer := append([]byte{1}, append(make([]byte, 64), m.Bytes()...)...)
	_, err := ParseTransaction(fewer)
	refused(t, err, "places for 1 signatures and needs 2")
	_, err = ParseToSign(fewer)
	refused(t, err, "places for 1 signatures and needs 2")
	for n := range wire {
		if _, err := ParseTransaction(wire[:n]); err == nil {
			t.Errorf("%d of %d bytes are taken", n, len(wire))
		}
	}
	_, err = ParseTransaction(append(wire, 0))
	refused(t, err, "left over")
	long := legacy()
	long.Instructions[0].Data = make([]byte, 1232-len(long.Bytes())+11)
	if len(long.Bytes()) != 1232 {
		t.Fatal(len(long.Bytes()))
	}
	_, err = ParseToSign(long.Bytes())
	refused(t, err, "more than 1232 bytes with its signatures")
	_, err = ParseTransaction(unsigned(long).Bytes())
	refused(t, err, "more than 1232 bytes")
}

// hybrid is a message with three accounts and one instruction, and a
// transaction whose message, at byte 65, starts within the second account.
func hybrid() []byte {
	raw := make([]byte, 166)
	for i := range raw {
		raw[i] = byte(i)
	}
	copy(raw, []byte{1, 0, 1, 3})
	copy(raw[65:], []byte{1, 0, 1, 2})
	copy(raw[132:], []byte{1, 2, 0, 166 - 136}) // the instruction: its data is the rest
	raw[165] = 0                                // the inner message has none
	return raw
}

func TestBytesWithTwoMeaningsAreRefused(t *testing.T) {
	raw := hybrid()
	if _, err := ParseMessage(raw); err != nil {
		t.Fatal(err)
	}
	if _, err := ParseTransaction(raw); err != nil {
		t.Fatal(err)
	}
	_, err := ParseToSign(raw)
	refused(t, err, "in two ways")
}

func FuzzTransaction(f *testing.F) {
	f.Add(unsigned(both()).Bytes())
	f.Add(unsigned(legacy()).Bytes())
	f.Add(legacy().Bytes())
	f.Add(hybrid())
	f.Fuzz(func(t *testing.T, raw []byte) {
		if tx, err := ParseTransaction(raw); err == nil {
			if !bytes.Equal(tx.Bytes(), raw) {
				t.Fatalf("% x is written as % x", raw, tx.Bytes())
			}
			if !IsTransaction(raw) {
				t.Fatalf("% x could be signed as a message", raw)
			}
		}
		if tx, err := ParseToSign(raw); err == nil && len(tx.Bytes()) > maxTransaction {
			t.Fatalf("% x is too long when signed", raw)
		}
	})
}
