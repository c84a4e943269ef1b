package intent

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/mr-tron/base58"

	"github.com/stepup-auth/stepup/internal/chain/solana"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/wallet"
)

func solanaKey(b byte) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{b}, ed25519.SeedSize))
}

func solanaAddress(b byte) solana.Address {
	return solana.Address(solanaKey(b).Public().(ed25519.PublicKey))
}

func solanaWallet() wallet.Wallet {
	a := solanaAddress(1)
	return wallet.Wallet{ID: walletID, EnvironmentID: environment, Chain: wallet.SOL, Address: a.String(), PublicKey: a[:]}
}

// halfSOL sends half a SOL from wallet 1 to wallet 2; wallet 3 signs as well.
func halfSOL() *solana.Message {
	return &solana.Message{
		Version: solana.V0, Signatures: 2, ReadonlySigned: 1, ReadonlyUnsigned: 1,
		Accounts:     []solana.Address{solanaAddress(1), solanaAddress(3), solanaAddress(2), {}},
		Instructions: []solana.Instruction{{Program: 3, Accounts: []byte{0, 2}, Data: []byte{2, 0, 0, 0, 0, 0x65, 0xcd, 0x1d, 0, 0, 0, 0}}},
	}
}

// wire is the transaction with the signature of wallet 3.
func wire(m *solana.Message) []byte {
	t, err := solana.ParseToSign(m.Bytes())
	if err != nil {
		panic(err)
	}
	signed, err := t.Assemble(solanaAddress(3), ed25519.Sign(solanaKey(3), m.Bytes()))
	if err != nil {
		panic(err)
	}
	return signed
}

func body(members map[string]any) string {
	text, err := json.Marshal(members)
	if err != nil {
		panic(err)
	}
	return string(text)
}

func b64(raw []byte) string { return base64.StdEncoding.EncodeToString(raw) }

func TestSolanaTransaction(t *testing.T) {
	m := halfSOL()
	i, err := understand(body(map[string]any{"transaction": b64(wire(m))}), solanaWallet())
	if err != nil {
		t.Fatal(err)
	}
	action := "Send 0.5 SOL to " + solanaAddress(2).String()
	if want := action + ", with a network fee of at most 0.00001 SOL."; i.Summary != want {
		t.Errorf("%s, want %s", i.Summary, want)
	}
	if i.Unvalued || i.Totals()["solana/native"].Cmp(big.NewInt(500_010_000)) != 0 || i.Spends[0].To != solanaAddress(2).String() ||
		i.Network != "" {
		t.Errorf("%+v", i)
	}
	for _, want := range []Line{{"Wallet", solanaAddress(1).String()}, {"Instruction 1", action},
		{"Network fee, at most", "0.00001 SOL, paid by this wallet"}, {"Also to be signed by", solanaAddress(3).String()}} {
		if !slices.Contains(i.Lines, want) {
			t.Errorf("%+v is not among %+v", want, i.Lines)
		}
	}
	if !bytes.Equal(i.ToSign, m.Bytes()) {
		t.Error("what is signed is not the message")
	}
	signed, err := i.Assemble(ed25519.Sign(solanaKey(1), i.ToSign))
	if err != nil {
		t.Fatal(err)
	}
	sent, err := solana.ParseTransaction(signed)
	if err != nil {
		t.Fatal(err)
	}
	if err := sent.Verify(solanaAddress(1)); err != nil {
		t.Error(err)
	}
	if _, err := i.Assemble(ed25519.Sign(solanaKey(2), i.ToSign)); err == nil {
		t.Error("the signature of another is taken")
	}
}

// However it is written, the same signature is the same operation.
func TestSolanaHash(t *testing.T) {
	m := halfSOL()
	hashes := map[string]bool{}
	for _, text := range []string{
		body(map[string]any{"transaction": b64(m.Bytes())}),
		body(map[string]any{"transaction": b64(wire(m)), "encoding": "base64"}),
		body(map[string]any{"transaction": base58.Encode(wire(m)), "encoding": "base58"}),
		body(map[string]any{"transaction": hex.EncodeToString(m.Bytes()), "encoding": "hex"}),
		body(map[string]any{"message": hex.EncodeToString(m.Bytes()), "isFormatted": true,
			"context": map[string]any{"svmTransaction": map[string]any{"chainId": "101", "method": "signTransaction",
				"serializedTransactions": []string{b64(wire(m))}}}}),
		body(map[string]any{"message": base58.Encode(m.Bytes()), "context": map[string]any{"domain": "example.com",
			"svmTransaction": map[string]any{"serializedTransactions": []string{base58.Encode(m.Bytes())}}}}),
	} {
		i, err := understand(text, solanaWallet())
		if err != nil {
			t.Fatalf("%s\n%v", text, err)
		}
		hashes[i.Hash] = true
	}
	other := halfSOL()
	other.Blockhash[0] = 1
	i, err := understand(body(map[string]any{"transaction": b64(other.Bytes())}), solanaWallet())
	if err != nil || len(hashes) != 1 || hashes[i.Hash] {
		t.Errorf("%v, %s, %v", hashes, i.Hash, err)
	}
}

func TestSolanaMessages(t *testing.T) {
	hi := "Hi\nthere"
	for name, c := range map[string]struct {
		body     map[string]any
		signed   string
		unvalued bool
	}{
		"text":            {map[string]any{"message": hi}, hi, true},
		"utf8":            {map[string]any{"message": hi, "encoding": "utf8"}, hi, true},
		"hex":             {map[string]any{"message": "0x4869", "encoding": "hex"}, "Hi", true},
		"base64":          {map[string]any{"message": "SGk=", "encoding": "base64"}, "Hi", true},
		"base58":          {map[string]any{"message": base58.Encode([]byte("Hi")), "encoding": "base58"}, "Hi", true},
		"bytes":           {map[string]any{"message": "ff", "encoding": "hex"}, "\xff", true},
		"digits are text": {map[string]any{"message": "4869"}, "4869", true},
		"with its text":   {map[string]any{"message": hi, "context": map[string]any{"svmMessage": hi}}, hi, true},
		"in hex, with text": {map[string]any{"message": hex.EncodeToString([]byte(hi)), "isFormatted": true,
			"context": map[string]any{"svmMessage": hi}}, hi, true},
		"in hex twice": {map[string]any{"message": "4869", "isFormatted": true, "context": map[string]any{"svmMessage": "0x4869"}},
			"Hi", true},
		"digits with digits":  {map[string]any{"message": "4869", "context": map[string]any{"svmMessage": "4869"}}, "4869", true},
		"context of a domain": {map[string]any{"message": hi, "context": map[string]any{"domain": "example.com"}}, hi, true},
	} {
		i, err := understand(body(c.body), solanaWallet())
		if err != nil || string(i.ToSign) != c.signed || i.Unvalued != c.unvalued || len(i.Spends) > 0 || i.Summary == "" {
			t.Errorf("%s: %+v, %v", name, i, err)
		}
		if signed, err := i.Assemble(nil); signed != nil || err != nil {
			t.Errorf("%s: %x, %v", name, signed, err)
		}
	}
}

func TestSolanaRefusals(t *testing.T) {
	m := halfSOL()
	foreign := wire(m)
	foreign[1+64] ^= 1 // the first byte of wallet 3's signature
	elsewhere := halfSOL()
	elsewhere.Accounts[0] = solanaAddress(4)
	later := append([]byte{0x81}, m.Bytes()[1:]...)
	svm := func(texts ...string) map[string]any {
		return map[string]any{"svmTransaction": map[string]any{"serializedTransactions": texts}}
	}
	for name, c := range map[string]struct {
		body map[string]any
		code fault.Code
		say  string
	}{
		"nothing":    {map[string]any{}, fault.InvalidRequest, "exactly one of message and transaction"},
		"both":       {map[string]any{"message": "a", "transaction": "b"}, fault.InvalidRequest, "exactly one"},
		"typed data": {map[string]any{"typedData": 1}, fault.InvalidRequest, "Solana has no typedData"},
		"an authorisation": {map[string]any{"message": "a", "authorization": 1}, fault.InvalidRequest,
			"Solana has no authorization"},
		"no text":          {map[string]any{"message": 1}, fault.InvalidRequest, "message must be a string"},
		"an empty message": {map[string]any{"message": ""}, fault.InvalidRequest, "empty"},
		"an encoding": {map[string]any{"message": "a", "encoding": "rot13"}, fault.InvalidRequest,
			"utf8, base64, base58 or hex"},
		"a transaction as text": {map[string]any{"transaction": "a", "encoding": "utf8"}, fault.InvalidRequest,
			"base64, base58 or hex"},
		"much base58": {map[string]any{"message": strings.Repeat("2", 2049), "encoding": "base58"}, fault.InvalidRequest,
			"use base64"},
		"no base64":      {map[string]any{"transaction": "a"}, fault.InvalidRequest, "transaction is not what it should be"},
		"no transaction": {map[string]any{"transaction": "SGk="}, fault.InvalidRequest, "no Solana transaction"},
		"version 1":      {map[string]any{"transaction": b64(later)}, fault.InvalidRequest, "version 1"},
		"not the wallet's": {map[string]any{"transaction": b64(elsewhere.Bytes())}, fault.InvalidRequest,
			"does not ask for the signature of " + solanaAddress(1).String()},
		"a foreign signature, wrong": {map[string]any{"transaction": b64(foreign)}, fault.InvalidRequest,
			"signature of " + solanaAddress(3).String() + " in this transaction is wrong"},
		"a message as message": {map[string]any{"message": b64(m.Bytes()), "encoding": "base64"}, fault.BlindSigningRefused,
			"Send it as transaction"},
		"a transaction as message": {map[string]any{"message": b64(wire(m)), "encoding": "base64"}, fault.BlindSigningRefused,
			"Send it as transaction"},
		"with zeros": {map[string]any{"message": b64(append(m.Bytes(), 0)), "encoding": "base64"},
			fault.BlindSigningRefused, "Send it as transaction"},
		"a version to come": {map[string]any{"message": b64(later), "encoding": "base64"}, fault.BlindSigningRefused,
			"Send it as transaction"},
		"as told by the context": {map[string]any{"message": hex.EncodeToString(m.Bytes()), "isFormatted": true,
			"context": map[string]any{"svmMessage": hex.EncodeToString(m.Bytes())}}, fault.BlindSigningRefused, "Send it as transaction"},
		"bytes alone": {map[string]any{"message": "4869", "isFormatted": true}, fault.BlindSigningRefused,
			"with context.svmTransaction"},
		"an encoding and a context": {map[string]any{"message": "4869", "encoding": "hex", "context": map[string]any{"svmMessage": "Hi"}},
			fault.InvalidRequest, "encoding goes neither"},
		"another text": {map[string]any{"message": "4869", "isFormatted": true,
			"context": map[string]any{"svmMessage": "Ho"}}, fault.BlindSigningRefused, "not that of context.svmMessage"},
		"text as bytes": {map[string]any{"message": "Hi there", "isFormatted": true,
			"context": map[string]any{"svmMessage": "Hi there"}}, fault.BlindSigningRefused, "not that of context.svmMessage"},
		"another transaction": {map[string]any{"message": hex.EncodeToString(elsewhere.Bytes()), "isFormatted": true,
			"context": svm(b64(m.Bytes()))}, fault.BlindSigningRefused, "not that of context.svmTransaction"},
		"two transactions": {map[string]any{"message": hex.EncodeToString(m.Bytes()),
			"context": svm(b64(m.Bytes()), b64(m.Bytes()))}, fault.InvalidRequest, "one transaction"},
		"no list": {map[string]any{"message": "4869", "context": map[string]any{"svmTransaction": "x"}},
			fault.InvalidRequest, "serializedTransactions"},
		"a list of numbers": {map[string]any{"message": "4869",
			"context": map[string]any{"svmTransaction": map[string]any{"serializedTransactions": []int{1}}}}, fault.InvalidRequest,
			"hold strings"},
		"two contexts": {map[string]any{"message": "4869",
			"context": map[string]any{"svmMessage": "Hi", "svmTransaction": 1}}, fault.BlindSigningRefused, "context has 2"},
		"a context of EVM": {map[string]any{"message": "4869", "context": map[string]any{"evmMessage": "Hi"}},
			fault.BlindSigningRefused, "not signed by a wallet of Solana"},
		"a context of a transaction": {map[string]any{"transaction": b64(m.Bytes()), "context": map[string]any{"svmMessage": "Hi"}},
			fault.InvalidRequest, "go with message only"},
		"no text in the context": {map[string]any{"message": "4869", "context": map[string]any{"svmMessage": 1}}, fault.InvalidRequest,
			"svmMessage must be a string"},
	} {
		_, err := understand(body(c.body), solanaWallet())
		if !fault.Has(err, c.code) || !strings.Contains(err.Error(), c.say) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A custodian decodes what another role hands it: the roles' own form says no
// more than the user's.
func TestCustodiansRefuseWhatTheIssuerRefuses(t *testing.T) {
	for name, r := range map[string]wallet.SignRequest{
		"a transaction as message": {Kind: wallet.SignMessage, Message: halfSOL().Bytes()},
		"typed data":               {Kind: wallet.SignTypedData, TypedData: json.RawMessage(`{}`)},
		"an authorisation":         {Kind: wallet.SignAuthorization, Authorization: &wallet.Authorization{}},
		"no transaction":           {Kind: wallet.SignTransaction, Transaction: []byte("hi")},
	} {
		if i, err := Decode(operation(t, wallet.Sign, r), solanaWallet()); err == nil {
			t.Errorf("%s: %+v", name, i)
		}
	}
}

func FuzzParseSolana(f *testing.F) {
	f.Add(body(map[string]any{"transaction": b64(halfSOL().Bytes())}))
	f.Add(body(map[string]any{"message": "4869", "isFormatted": true, "context": map[string]any{"svmMessage": "Hi"}}))
	f.Add(body(map[string]any{"message": hex.EncodeToString(halfSOL().Bytes()),
		"context": map[string]any{"svmTransaction": map[string]any{"serializedTransactions": []string{b64(wire(halfSOL()))}}}}))
	f.Fuzz(func(t *testing.T, text string) {
		i, err := understand(text, solanaWallet())
		if err != nil {
			return
		}
		if isMessage := !slices.ContainsFunc(i.Lines, func(l Line) bool { return strings.HasPrefix(l.Label, "Network fee") }); isMessage &&
			solana.IsTransaction(i.ToSign) {
			t.Fatalf("%s signs a transaction as a message", text)
		}
		tellsAll(t, i)
	})
}
