package offline_test

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/stepup-auth/stepup/internal/wallet"
	"github.com/stepup-auth/stepup/internal/wallet/offline"
	"github.com/stepup-auth/stepup/internal/wallet/sealed"
	"github.com/stepup-auth/stepup/internal/wallet/share"
)

// operator has an offline key.
type operator struct {
	key    sealed.Key
	public []byte
	path   string
}

func newOperator(t testing.TB) operator {
	t.Helper()
	o := operator{path: filepath.Join(t.TempDir(), "offline")}
	text, err := offline.CreateKey(o.path)
	if err != nil {
		t.Fatal(err)
	}
	if o.public, err = base64.RawURLEncoding.DecodeString(text); err != nil {
		t.Fatal(err)
	}
	if o.key, err = offline.ReadKey(o.path); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(o.key.PublicKey(), o.public) {
		t.Error("the public key is not the private key's")
	}
	return o
}

// newWallet is a wallet with its key and all pieces of its first generation.
func newWallet(t testing.TB, chain wallet.Chain, scheme wallet.Scheme) (wallet.Wallet, share.Pieces) {
	t.Helper()
	secret := make([]byte, share.Size)
	rand.Read(secret)
	address, err := offline.AddressOf(chain, secret)
	if err != nil {
		t.Fatal(err)
	}
	all, err := share.Split(scheme, secret)
	if err != nil {
		t.Fatal(err)
	}
	return wallet.Wallet{ID: uuid.NewString(), EnvironmentID: "env", Chain: chain, Address: address, Scheme: scheme, Generation: 1}, all
}

// Addresses from other implementations.
func TestAddresses(t *testing.T) {
	for _, c := range []struct {
		chain           wallet.Chain
		secret, address string
	}{
		// The example key of Ganache and Truffle's documentation.
		{wallet.EVM, "4f3edf983ac636a65a842ce7c78d9aa706d3b113bce9c46f30d7d21715b23b1d", "0x90F8bf6A479f320ead074411a4B0e7944Ea8c9C1"},
		// Secret 1.
		{wallet.EVM, strings.Repeat("0", 63) + "1", "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf"},
		// RFC 8032, test 1: public key d75a98…511a.
		{wallet.SOL, "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", "FVen3X669xLzsi6N2V91DoiyzHzg1uAgqiT8jZ9nS96Z"},
	} {
		secret, err := hex.DecodeString(c.secret)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := offline.AddressOf(c.chain, secret); err != nil || got != c.address {
			t.Errorf("%s: %s, %v, want %s", c.chain, got, err, c.address)
		}
	}
	order, _ := hex.DecodeString("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141")
	for name, secret := range map[string][]byte{"zero": make([]byte, 32), "the order": order, "above it": bytes.Repeat([]byte{0xff}, 32)} {
		if got, err := offline.AddressOf(wallet.EVM, secret); err == nil {
			t.Errorf("%s is the key of %s", name, got)
		}
	}
	if _, err := offline.AddressOf("BTC", order); err == nil {
		t.Error("there is an address of another chain")
	}
}

func TestShareFiles(t *testing.T) {
	me, other := newOperator(t), newOperator(t)
	for _, scheme := range wallet.Schemes {
		w, all := newWallet(t, wallet.EVM, scheme)
		files, err := offline.Seal(me.public, w, 1, scheme, all)
		if err != nil {
			t.Fatal(err)
		}
		var parties []int
		folder := t.TempDir()
		for _, file := range files {
			parties = append(parties, file.Party)
			path, err := offline.Write(folder, file)
			if err != nil {
				t.Fatal(err)
			}
			info, err := os.Stat(path)
			if err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("the file has mode %v, %v", info.Mode(), err)
			}
			if again, err := offline.Write(folder, file); err != nil || again != path {
				t.Errorf("writing the same share again: %s, %v", again, err)
			}
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			for n, piece := range all {
				for _, spelling := range []string{string(piece), hex.EncodeToString(piece), base64.StdEncoding.EncodeToString(piece)} {
					if bytes.Contains(text, []byte(spelling)) {
						t.Errorf("the file holds piece %d in clear", n)
					}
				}
			}
			read, err := offline.Read(path)
			if err != nil {
				t.Fatal(err)
			}
			opened, err := offline.Open(me.key, read)
			if err != nil {
				t.Fatal(err)
			}
			if opened.Address != w.Address || opened.EnvironmentID != "env" || opened.Party != file.Party || opened.Generation != 1 {
				t.Errorf("opened %+v", opened)
			}
			for _, n := range share.Held(scheme, file.Party) {
				if !bytes.Equal(opened.Pieces[n], all[n]) {
					t.Errorf("piece %d is another one", n)
				}
			}
			if _, err := offline.Open(other.key, read); err == nil {
				t.Error("another operator opened it")
			}
			for name, change := range map[string]func(*wallet.OfflineShare){
				"wallet":     func(s *wallet.OfflineShare) { s.WalletID = uuid.NewString() },
				"generation": func(s *wallet.OfflineShare) { s.Generation++ },
				"scheme":     func(s *wallet.OfflineShare) { s.Scheme = wallet.TwoOfTwo },
				"party":      func(s *wallet.OfflineShare) { s.Party++ },
				"ciphertext": func(s *wallet.OfflineShare) {
					s.Ciphertext = bytes.Clone(s.Ciphertext)
					s.Ciphertext[3] ^= 1
				},
			} {
				changed := read
				change(&changed)
				if _, err := offline.Open(me.key, changed); err == nil {
					t.Errorf("it opened with another %s", name)
				}
			}
			// Sealed by a stranger to the same key, for the same place, but not what it says.
			for name, change := range map[string]func(*offline.Share){
				"wallet":     func(s *offline.Share) { s.WalletID = uuid.NewString() },
				"generation": func(s *offline.Share) { s.Generation = 2 },
				"party": func(s *offline.Share) {
					s.Party = parties[0] + len(share.Offline(scheme)) - 1
					s.Pieces = second(all.Pick(share.Held(scheme, s.Party)))
				},
			} {
				inside := opened
				if change(&inside); inside.Party == file.Party && name == "party" {
					continue
				}
				text, err := json.Marshal(inside)
				if err != nil {
					t.Fatal(err)
				}
				forged := read
				forged.EncapsulatedKey, forged.Ciphertext, err = sealed.Seal(me.public,
					fmt.Appendf(nil, "stepup wallet offline share v1\n%s\n%d\n%s\n%d", w.ID, 1, scheme, file.Party), text)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := offline.Open(me.key, forged); err == nil || !strings.Contains(err.Error(), "another share is inside") {
					t.Errorf("with another %s inside: %v", name, err)
				}
			}
			next := file
			next.Ciphertext = []byte("other")
			if _, err := offline.Write(folder, next); !errors.Is(err, os.ErrExist) {
				t.Errorf("another share replaced it: %v", err)
			}
			next.WalletID = "../../x"
			if _, err := offline.Write(folder, next); err == nil {
				t.Error("a path was taken for a wallet id")
			}
		}
		if !slices.Equal(parties, share.Offline(scheme)) {
			t.Errorf("%s: files of the parties %v", scheme, parties)
		}
		if len(parties) > 0 {
			if _, err := offline.Seal(me.public, w, 1, scheme, share.Pieces{1: all[1]}); !errors.Is(err, share.ErrMissing) {
				t.Errorf("sealing without all pieces: %v", err)
			}
		}
	}
}

func TestKeyFiles(t *testing.T) {
	me := newOperator(t)
	if info, err := os.Stat(me.path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file has mode %v, %v", info.Mode(), err)
	}
	if _, err := offline.CreateKey(me.path); !errors.Is(err, os.ErrExist) {
		t.Errorf("a key was made anew: %v", err)
	}
	secret := "hunter2"
	path := filepath.Join(t.TempDir(), "bad")
	if err := os.WriteFile(path, []byte("stepup-wallet-offline-1:"+secret), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := offline.ReadKey(path); err == nil || strings.Contains(err.Error(), secret) {
		t.Errorf("a bad key file: %v", err)
	}
	if err := os.WriteFile(path, bytes.Repeat([]byte(" "), 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := offline.Read(path); err == nil || !strings.Contains(err.Error(), "too large") {
		t.Errorf("a large file: %v", err)
	}
}

// The operator's drill: custodians and files together, the files alone, and what a
// wrong share does to it.
func TestDrill(t *testing.T) {
	me := newOperator(t)
	for _, chain := range []wallet.Chain{wallet.EVM, wallet.SOL} {
		for _, scheme := range wallet.Schemes {
			w, all := newWallet(t, chain, scheme)
			holders := map[int]share.Pieces{}
			for _, who := range []wallet.Role{wallet.Signer, wallet.Guardian} {
				mine, err := all.Pick(share.HeldBy(scheme, who))
				if err != nil {
					t.Fatal(err)
				}
				parties, err := offline.Custodian(scheme, who, mine)
				if err != nil {
					t.Fatal(err)
				}
				maps.Copy(holders, parties)
			}
			files, err := offline.Seal(me.public, w, 1, scheme, all)
			if err != nil {
				t.Fatal(err)
			}
			for _, file := range files {
				opened, err := offline.Open(me.key, file)
				if err != nil {
					t.Fatal(err)
				}
				holders[file.Party] = opened.Pieces
			}
			quorums, err := offline.Drill(scheme, chain, w.Address, holders)
			if want := map[wallet.Scheme]int{wallet.TwoOfTwo: 1, wallet.TwoOfThree: 3, wallet.ThreeOfFive: 10}[scheme]; err != nil ||
				len(quorums) != want {
				t.Fatalf("%s: %d quorums, %v", scheme, len(quorums), err)
			}
			for _, q := range quorums {
				if q.Problem != "" {
					t.Errorf("%s %s: %v: %s", chain, scheme, q.Parties, q.Problem)
				}
			}
			for _, q := range second(offline.Drill(scheme, chain, "0xother", holders)) {
				if q.Problem == "" {
					t.Errorf("%s: %v give the key of any address", scheme, q.Parties)
				}
			}
			// Party 1 has a damaged piece: the quorums that use it say so, the others stand.
			damaged := maps.Clone(holders)
			first, err := holders[1].Pick(holders[1].Numbers())
			if err != nil {
				t.Fatal(err)
			}
			first[first.Numbers()[0]][5] ^= 0x10
			damaged[1] = first
			for _, q := range second(offline.Drill(scheme, chain, w.Address, damaged)) {
				if bad := q.Problem != ""; bad != slices.Contains(q.Parties, 1) {
					t.Errorf("%s with a damaged piece of party 1: %v: %q", scheme, q.Parties, q.Problem)
				}
			}
			// Party 1's share of another generation.
			damaged[1] = share.Pieces{}
			for _, n := range holders[1].Numbers() {
				damaged[1][n] = make([]byte, share.Size)
				rand.Read(damaged[1][n])
			}
			for _, q := range second(offline.Drill(scheme, chain, w.Address, damaged)) {
				if bad := q.Problem != ""; bad != slices.Contains(q.Parties, 1) {
					t.Errorf("%s with a share of another generation: %v: %q", scheme, q.Parties, q.Problem)
				}
			}
			damaged[1] = all // more than its own: a party stands for itself
			for _, q := range second(offline.Drill(scheme, chain, w.Address, damaged)) {
				if bad := q.Problem != ""; bad != slices.Contains(q.Parties, 1) {
					t.Errorf("%s with a party that brings too much: %v: %q", scheme, q.Parties, q.Problem)
				}
			}
			few := maps.Clone(holders)
			for party := share.Threshold(scheme); party <= share.Parties(scheme); party++ {
				delete(few, party)
			}
			if _, err := offline.Drill(scheme, chain, w.Address, few); err == nil {
				t.Errorf("%s: too few parties are a quorum", scheme)
			}
			few[9] = all
			if _, err := offline.Drill(scheme, chain, w.Address, few); err == nil {
				t.Errorf("%s has a party 9", scheme)
			}
		}
	}
	if _, err := offline.Custodian(wallet.TwoOfThree, wallet.Signer, share.Pieces{}); err == nil {
		t.Error("a custodian without pieces holds something")
	}
}

func second[T any](v T, _ error) T { return v }

func FuzzShareFile(f *testing.F) {
	me := newOperator(f)
	w, all := newWallet(f, wallet.SOL, wallet.TwoOfThree)
	files, err := offline.Seal(me.public, w, 1, wallet.TwoOfThree, all)
	if err != nil {
		f.Fatal(err)
	}
	text, err := offline.Text(files[0])
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte(`{"walletId":"a","generation":1,"scheme":"TWO_OF_THREE","party":3}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := offline.Parse(text)
		if err != nil {
			return
		}
		again, err := offline.Text(s)
		if err != nil {
			t.Fatal(err)
		}
		if back, err := offline.Parse(again); err != nil || back.WalletID != s.WalletID || !bytes.Equal(back.Ciphertext, s.Ciphertext) {
			t.Errorf("%s became %s: %v", text, again, err)
		}
	})
}

func FuzzShare(f *testing.F) {
	f.Add([]byte(`{"environmentId":"e","walletId":"w","chain":"SOL","address":"a","generation":1,"scheme":"TWO_OF_THREE",` +
		`"party":3,"pieces":{"1":"` + strings.Repeat("A", 43) + `=","2":"` + strings.Repeat("A", 43) + `="}}`))
	f.Add([]byte(`{}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := offline.ParseShare(text)
		if err == nil && (len(s.Pieces) != len(share.Held(s.Scheme, s.Party)) || !slices.Contains(share.Offline(s.Scheme), s.Party)) {
			t.Errorf("%s is a share", text)
		}
	})
}

func FuzzKeyFile(f *testing.F) {
	f.Add([]byte("stepup-wallet-offline-1:" + strings.Repeat("A", 43) + "\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		key, err := offline.ParseKey(text)
		if err == nil && len(key.PublicKey()) != sealed.PublicKeySize {
			t.Errorf("%q is a key", text)
		}
	})
}
