package sealed

import (
	"bytes"
	"testing"

	"github.com/stepup-auth/stepup/internal/wallet"
)

func TestAnExportIsForOneOperationAndOneKey(t *testing.T) {
	k, secret := newKey(t), bytes.Repeat([]byte{1}, 32)
	op := wallet.Operation{ID: "op", EnvironmentID: "env", WalletID: "w"}
	for chain, want := range map[wallet.Chain]string{
		wallet.EVM: "0101010101010101010101010101010101010101010101010101010101010101",
		wallet.SOL: "2AXDGYSE4f2sz7tvMMzyHvUfcoJmxudvdhBcmiUSo6iuCXagjUCKEQF21awZnUGxmwD4m9vGXuC3qieHXJQHAcT",
	} {
		e, err := Export(op, wallet.ExportRequest{PublicKey: k.PublicKey()}, chain, secret)
		if err != nil {
			t.Fatal(err)
		}
		text, err := k.Open(e.EncapsulatedKey, wallet.ExportInfo(op), e.Ciphertext)
		if err != nil || string(text) != want {
			t.Errorf("%s: %s, %v", chain, text, err)
		}
		for _, other := range []wallet.Operation{{ID: "other", EnvironmentID: "env", WalletID: "w"},
			{ID: "op", EnvironmentID: "other", WalletID: "w"}, {ID: "op", EnvironmentID: "env", WalletID: "other"}} {
			if _, err := k.Open(e.EncapsulatedKey, wallet.ExportInfo(other), e.Ciphertext); err == nil {
				t.Errorf("%s: opens for %+v", chain, other)
			}
		}
	}
	for name, err := range map[string]error{
		"a short key":    second(Export(op, wallet.ExportRequest{PublicKey: []byte{1}}, wallet.EVM, secret)),
		"a short secret": second(Export(op, wallet.ExportRequest{PublicKey: k.PublicKey()}, wallet.EVM, secret[1:])),
		"another chain":  second(Export(op, wallet.ExportRequest{PublicKey: k.PublicKey()}, "BTC", secret)),
	} {
		if err == nil {
			t.Errorf("%s is sealed", name)
		}
	}
}

func second[T any](_ T, err error) error { return err }
