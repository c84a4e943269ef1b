package attack_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mr-tron/base58"

	"github.com/stepup-auth/stepup/internal/server/servertest"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/store/storetest"
	"github.com/stepup-auth/stepup/internal/wallet/sealed"
)

// spellings are the ways in which a secret could turn up: whole, in halves, and in
// every encoding that is used anywhere near it.
func spellings(secret []byte) map[string][]byte {
	all := map[string][]byte{
		"raw, first half": secret[:16], "raw, second half": secret[16:32],
		"hex":    []byte(hex.EncodeToString(secret[:16])),
		"HEX":    []byte(strings.ToUpper(hex.EncodeToString(secret[:16]))),
		"base58": []byte(base58.Encode(secret)),
	}
	for shift := range 3 { // inside a longer text the alphabet starts elsewhere
		text := base64.RawStdEncoding.EncodeToString(append(make([]byte, shift), secret...))
		middle := text[(shift*8+5)/6 : (shift*8+5)/6+20]
		all["base64 "+string(rune('0'+shift))] = []byte(middle)
		all["base64url "+string(rune('0'+shift))] = []byte(strings.NewReplacer("+", "-", "/", "_").Replace(middle))
	}
	return all
}

// scan reports what of the secrets is in a text.
func scan(secrets map[string][]byte, text []byte) (found []string) {
	for name, secret := range secrets {
		for how, spelling := range spellings(secret) {
			if bytes.Contains(text, spelling) {
				found = append(found, name+" as "+how)
			}
		}
	}
	return found
}

// D9: the keys of wallets, which are whole in one process's memory only, turn up
// in no database of any role, no log at its most talkative, no audit entry and no
// answer, through create, sign, refresh, reshare, export and what is refused.
func TestD9WalletKeysLeaveNoTrace(t *testing.T) {
	t.Parallel()
	folder, log := t.TempDir(), &buffer{}
	url := storetest.URL(t, store.SQLite)
	s := start(t, servertest.WithDatabase(url, &storetest.Clock{}), servertest.WithLog(log), servertest.WithCustodians(folder))
	s.Apply(t, servertest.Document(servertest.A, servertest.WalletsOn))
	user := s.SignIn(t, servertest.A, "wallet-canary@example.com")
	var answers bytes.Buffer
	do := func(path string, scope string, body any) servertest.Response {
		t.Helper()
		header := user.Header()
		if scope != "" {
			header = user.Header(s.StepUp(t, user, scope))
		}
		r := s.Do(t, "POST", user.Path(path), header, body)
		answers.Write(r.Body)
		return r
	}
	secrets := map[string][]byte{}
	for _, chain := range []string{"EVM", "SOL"} {
		id := do("/waas/create", "", m{"chain": chain}).Want(t, 200, "").Member("walletId")
		one := "/waas/" + id
		do(one+"/signMessage", "wallet:sign", m{"message": "canary"}).Want(t, 200, "")
		do(one+"/refresh", "wallet:refresh", m{}).Want(t, 200, "")
		do(one+"/reshare", "wallet:reshare", m{"oldThresholdSignatureScheme": "TWO_OF_TWO", "newThresholdSignatureScheme": "TWO_OF_THREE"}).
			Want(t, 200, "")
		do(one+"/signMessage", "wallet:sign", m{"message": "canary"}).Want(t, 200, "")
		do(one+"/signMessage", "wallet:export", m{"message": "canary"}).Want(t, 403, "")
		do(one+"/privateKey/export", "wallet:export", m{"exportPublicKey": "short"})
		key, err := sealed.NewKey()
		if err != nil {
			t.Fatal(err)
		}
		var export struct{ EncapsulatedKey, Ciphertext, Info string }
		do(one+"/privateKey/export", "wallet:export", m{"exportPublicKey": base64.RawURLEncoding.EncodeToString(key.PublicKey())}).
			Want(t, 200, "").JSON(t, &export)
		text, err := key.Open(unbase64(t, export.EncapsulatedKey), []byte(export.Info), unbase64(t, export.Ciphertext))
		if err != nil {
			t.Fatalf("opening the export: %v", err)
		}
		secret, err := hex.DecodeString(string(text))
		if chain == "SOL" {
			secret, err = base58.Decode(string(text))
		}
		if err != nil || len(secret) < 32 {
			t.Fatalf("the export of a %s wallet has %d bytes: %v", chain, len(secret), err)
		}
		secrets["the key of "+chain] = secret[:32]
	}

	files := 0
	for _, root := range []string{folder, filepath.Dir(strings.TrimPrefix(url, "sqlite:"))} {
		err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			text, err := os.ReadFile(path)
			files++
			for _, found := range scan(secrets, text) {
				t.Errorf("%s holds %s", filepath.Base(path), found)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range map[string][]byte{"the log": []byte(log.String()), "the audit log": []byte(s.auditLog(t)),
		"an answer": answers.Bytes()} {
		for _, found := range scan(secrets, text) {
			t.Errorf("%s holds %s", name, found)
		}
	}
	if files < 8 || log.String() == "" {
		t.Errorf("only %d files were looked at", files)
	}

	// What is looked for would be found.
	for _, secret := range secrets {
		for _, planted := range []string{
			string(secret), hex.EncodeToString(secret), base64.StdEncoding.EncodeToString(secret),
			base64.RawURLEncoding.EncodeToString(append([]byte("x"), secret...)),
			base64.StdEncoding.EncodeToString(append([]byte("xy"), secret...)), base58.Encode(secret),
		} {
			if len(scan(secrets, []byte("before"+planted+"after"))) == 0 {
				t.Errorf("%q would not be found", planted)
			}
		}
	}
}

func unbase64(t *testing.T, text string) []byte {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}
