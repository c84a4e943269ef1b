package intent

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"

	"github.com/stepup-auth/stepup/internal/chain/evm"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/wallet"
)

const (
	environment = "11111111-1111-4111-8111-111111111111"
	walletID    = "22222222-2222-4222-8222-222222222222"
	payee       = "0x3535353535353535353535353535353535353535"
	usdc        = "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48"
	nobodys     = "0x1111111111111111111111111111111111111111"
	unlimited   = "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
)

var key = secp256k1.PrivKeyFromBytes(bytes.Repeat([]byte{0x46}, 32))

func evmWallet(t testing.TB) wallet.Wallet {
	t.Helper()
	public := key.PubKey().SerializeCompressed()
	address, err := evm.AddressOf(public)
	if err != nil {
		t.Fatal(err)
	}
	return wallet.Wallet{ID: walletID, EnvironmentID: environment, Chain: wallet.EVM, Address: address.String(), PublicKey: public}
}

func operation(t testing.TB, action wallet.Action, request any) wallet.Operation {
	t.Helper()
	raw, err := json.Marshal(request)
	if err != nil {
		t.Fatal(err)
	}
	return wallet.Operation{ID: "op", EnvironmentID: environment, WalletID: walletID, Action: action, Request: raw}
}

// understand takes a body the whole way: as it comes from the user, as the
// roles hand it on, as each of them reads it.
func understand(body string, w wallet.Wallet) (Intent, error) {
	r, err := ParseSign(w.Chain, []byte(body))
	if err != nil {
		return Intent{}, err
	}
	raw, err := json.Marshal(r)
	if err != nil {
		return Intent{}, err
	}
	return Decode(wallet.Operation{EnvironmentID: environment, WalletID: walletID, Action: wallet.Sign, Request: raw}, w)
}

func understood(t testing.TB, body string) Intent {
	t.Helper()
	i, err := understand(body, evmWallet(t))
	if err != nil {
		t.Fatalf("%s\n%v", body, err)
	}
	return i
}

// transaction is a body with these members besides nonce, gas, fees and chain.
func transaction(members string) string {
	return `{"transaction":{"chainId":1,"nonce":7,"gas":"50000","maxFeePerGas":"1000000000","maxPriorityFeePerGas":"1",` + members + `}}`
}

func call(to, data string) string {
	return transaction(`"to":"` + to + `","data":"0x` + data + `"`)
}

func word(s string) string { return strings.Repeat("0", 64-len(s)) + s }

func selector(signature string) string {
	hash := evm.Keccak256([]byte(signature))
	return hex.EncodeToString(hash[:4])
}

const fee = "50000000000000" // 50000 gas at 1 gwei

func TestSummaries(t *testing.T) {
	to := strings.TrimPrefix(payee, "0x")
	who := strings.TrimPrefix(nobodys, "0x")
	for _, c := range []struct {
		name, body, summary string
		spends              string // asset amount to; the fee apart
		unvalued            bool
	}{
		{"native", transaction(`"to":"` + payee + `","value":"500000000000000000"`),
			"Send 0.5 ETH to " + payee + " on Ethereum (chain 1).", "eip155:1/native 500000000000000000 " + payee, false},
		{"native, all digits", transaction(`"to":"` + payee + `","value":"123456789012345678901"`),
			"Send 123.456789012345678901 ETH to " + payee + " on Ethereum (chain 1).",
			"eip155:1/native 123456789012345678901 " + payee, false},
		{"nothing", transaction(`"to":"` + payee + `"`), "Send 0 ETH to " + payee + " on Ethereum (chain 1).", "", false},
		{"another chain", `{"transaction":{"chainId":"0x3e7","nonce":0,"gas":50000,"gasPrice":"1000000000","to":"` + payee +
			`","value":"1"}}`, "Send 0.000000000000000001 coins of chain 999 to " + payee + " on chain 999.",
			"eip155:999/native 1 " + payee, false},
		{"creation with value", transaction(`"data":"0x6000","value":"1000000000000000000"`),
			"Create a contract on Ethereum (chain 1) and give it 1 ETH.", "eip155:1/native 1000000000000000000 ", true},
		{"creation", transaction(`"data":"0x6000"`), "Create a contract on Ethereum (chain 1).", "", true},
		{"known token", call(usdc, selector("transfer(address,uint256)")+word(to)+word("beb7d0")),
			"Send 12.498896 USDC (token " + usdc + ") to " + payee + " on Ethereum (chain 1).",
			"eip155:1/erc20:" + usdc + " 12498896 " + payee, false},
		{"other token", call(nobodys, selector("transfer(address,uint256)")+word(to)+word("0a")),
			"Send 10 of the smallest unit of token " + nobodys + " to " + payee + " on Ethereum (chain 1).",
			"eip155:1/erc20:" + nobodys + " 10 " + payee, false},
		{"transfer with value", transaction(`"to":"` + nobodys + `","value":"1000000000000000000","data":"0x` +
			selector("transfer(address,uint256)") + word(to) + word("0a") + `"`),
			"Send 10 of the smallest unit of token " + nobodys + " to " + payee + " on Ethereum (chain 1), and pay 1 ETH to " +
				nobodys + ".", "eip155:1/erc20:" + nobodys + " 10 " + payee + ", eip155:1/native 1000000000000000000 " + nobodys, false},
		{"transferFrom of a known token", call(usdc, selector("transferFrom(address,address,uint256)")+word(who)+word(to)+word("0f4240")),
			"Send 1 USDC (token " + usdc + ") from " + nobodys + " to " + payee + " on Ethereum (chain 1).",
			"eip155:1/erc20:" + usdc + " 1000000 " + payee, false},
		{"transferFrom, token or item", call(nobodys, selector("transferFrom(address,address,uint256)")+word(who)+word(to)+word("05")),
			"Send 5 (an amount in the smallest unit, or the number of one item) of token " + nobodys + " from " + nobodys + " to " + payee +
				" on Ethereum (chain 1).", "", true},
		{"approve", call(usdc, selector("approve(address,uint256)")+word(to)+unlimited),
			"Let " + payee + " spend unlimited USDC (token " + usdc + ") on Ethereum (chain 1).", "", true},
		{"approve some", call(usdc, selector("approve(address,uint256)")+word(to)+word("0f4240")),
			"Let " + payee + " spend 1 USDC (token " + usdc + ") on Ethereum (chain 1).", "", true},
		{"approve almost all", call(nobodys, selector("approve(address,uint256)")+word(to)+"f"+strings.Repeat("f", 62)+"e"),
			"Let " + payee +
				" spend 115792089237316195423570985008687907853269984665640564039457584007913129639934 of the smallest unit of token " +
				nobodys + " on Ethereum (chain 1).", "", true},
		{"increaseAllowance", call(usdc, selector("increaseAllowance(address,uint256)")+word(to)+word("0f4240")),
			"Let " + payee + " spend 1 USDC (token " + usdc + ") more on Ethereum (chain 1).", "", true},
		{"permit", call(usdc, selector("permit(address,address,uint256,uint256,uint8,bytes32,bytes32)")+word(who)+word(to)+word("0f4240")+
			word("ff")+word("1b")+unlimited+unlimited),
			"Hand in a permit: let " + payee + " spend 1 USDC (token " + usdc + ") of " + nobodys + " on Ethereum (chain 1).", "", true},
		{"approval for all", call(nobodys, selector("setApprovalForAll(address,bool)")+word(to)+word("1")),
			"Let " + payee + " move all items of the collection " + nobodys + " on Ethereum (chain 1).", "", true},
		{"approval taken back", call(nobodys, selector("setApprovalForAll(address,bool)")+word(to)+word("0")),
			"No longer let " + payee + " move all items of the collection " + nobodys + " on Ethereum (chain 1).", "", true},
		{"item", call(nobodys, selector("safeTransferFrom(address,address,uint256)")+word(who)+word(to)+word("ff")),
			"Send item 255 of the collection " + nobodys + " from " + nobodys + " to " + payee + " on Ethereum (chain 1).", "", true},
		{"items", call(nobodys, selector("safeTransferFrom(address,address,uint256,uint256,bytes)")+word(who)+word(to)+word("ff")+word("3")+
			word("a0")+word("1")+"ab"+strings.Repeat("0", 62)),
			"Send 3 of item 255 of the collection " + nobodys + " from " + nobodys + " to " + payee + " on Ethereum (chain 1).", "", true},
		{"Permit2 approve", call(nobodys, selector("approve(address,address,uint160,uint48)")+
			word(strings.TrimPrefix(strings.ToLower(usdc), "0x"))+word(to)+word(strings.Repeat("f", 40))+word("ff")),
			"Let " + payee + " spend unlimited USDC (token " + usdc + ") through " + nobodys + " on Ethereum (chain 1).", "", true},
		{"unknown", call(nobodys, "deadbeef"), "Call an unknown function (0xdeadbeef) of " + nobodys + " on Ethereum (chain 1).", "", true},
		{"transfer with more behind it", call(usdc, selector("transfer(address,uint256)")+word(to)+word("0a")+"00"),
			"Call an unknown function (0xa9059cbb) of " + usdc + " on Ethereum (chain 1).", "", true},
		{"transfer to a padded address", call(usdc, selector("transfer(address,uint256)")+"01"+word(to)[2:]+word("0a")),
			"Call an unknown function (0xa9059cbb) of " + usdc + " on Ethereum (chain 1).", "", true},
		{"too short for a function", call(nobodys, "dead"), "Send data to " + nobodys + " on Ethereum (chain 1).", "", true},
		{"message", `{"message":"hi"}`, `Sign the message "hi".`, "", true},
		{"message in hex", `{"message":"0x6869","encoding":"hex"}`, `Sign the message "hi".`, "", true},
		{"hex that is text", `{"message":"0x6869"}`, `Sign the message "0x6869".`, "", true},
		{"binary", `{"message":"0xff00","encoding":"hex"}`, "Sign a message of 2 bytes that are no readable text.", "", true},
		{"hash as text", `{"message":"0x` + unlimited + `"}`, `Sign the message "0x` + unlimited + `".`, "", true},
		{"authorization", `{"authorization":{"chainId":1,"address":"` + nobodys + `","nonce":"0x2"}}`,
			"Hand the account 0x9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F to the code at " + nobodys +
				" on Ethereum (chain 1). The code can take everything in the account.", "", true},
		{"authorization everywhere", `{"authorization":{"chainId":0,"address":"` + nobodys + `","nonce":2}}`,
			"Hand the account 0x9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F to the code at " + nobodys +
				" on every chain. The code can take everything in the account.", "", true},
		{"authorization taken back", `{"authorization":{"chainId":1,"address":"0x0000000000000000000000000000000000000000","nonce":2}}`,
			"Take the code away from the account 0x9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F on Ethereum (chain 1).", "", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			i := understood(t, c.body)
			if strings.HasPrefix(c.body, `{"transaction"`) {
				coin := "ETH"
				if i.Network != "1" {
					coin = "coins of chain " + i.Network
				}
				c.summary = strings.TrimSuffix(c.summary, ".") + ", with a gas fee of at most 0.00005 " + coin + "."
			}
			if i.Summary != c.summary {
				t.Errorf("summary\n%s, want\n%s", i.Summary, c.summary)
			}
			var spends []string
			for _, s := range i.Spends {
				if s.To != "" || s.Amount.String() != fee {
					spends = append(spends, s.Asset+" "+s.Amount.String()+" "+s.To)
				}
			}
			if got := strings.Join(spends, ", "); got != c.spends {
				t.Errorf("spends %s, want %s", got, c.spends)
			}
			if i.Unvalued != c.unvalued || (i.Reason != "") != c.unvalued {
				t.Errorf("unvalued %t %q, want %t", i.Unvalued, i.Reason, c.unvalued)
			}
			tellsAll(t, i)
		})
	}
}

func document(types, primary, message string) string {
	return `{"typedData":{"types":` + types + `,"primaryType":"` + primary + `","domain":{"name":"Test","chainId":1,"verifyingContract":"` +
		usdc + `"},"message":` + message + `}}`
}

func TestDocuments(t *testing.T) {
	const permitDetails = `"PermitDetails":[{"name":"token","type":"address"},{"name":"amount","type":"uint160"},{"name":"expiration",` +
		`"type":"uint48"},{"name":"nonce","type":"uint48"}]`
	details := func(amount string) string {
		return `{"token":"` + usdc + `","amount":"` + amount + `","expiration":1,"nonce":0}`
	}
	transfer := `[{"name":"from","type":"address"},{"name":"to","type":"address"},{"name":"value","type":"uint256"},{"name":"validAfter",` +
		`"type":"uint256"},{"name":"validBefore","type":"uint256"},{"name":"nonce","type":"bytes32"}]`
	for _, c := range []struct {
		name, body, summary string
		spends              int
		unvalued            bool
	}{
		{"ERC-2612", document(`{"Permit":[{"name":"owner","type":"address"},{"name":"spender","type":"address"},{"name":"value",`+
			`"type":"uint256"},{"name":"nonce","type":"uint256"},{"name":"deadline","type":"uint256"}]}`, "Permit",
			`{"owner":"`+nobodys+`","spender":"`+payee+`","value":"1000000","nonce":0,"deadline":1}`),
			"Let " + payee + " spend 1 USDC (token " + usdc + ") of " + nobodys + " on Ethereum (chain 1).", 0, true},
		{"DAI", document(`{"Permit":[{"name":"holder","type":"address"},{"name":"spender","type":"address"},{"name":"nonce",`+
			`"type":"uint256"},{"name":"expiry","type":"uint256"},{"name":"allowed","type":"bool"}]}`, "Permit",
			`{"holder":"`+nobodys+`","spender":"`+payee+`","nonce":0,"expiry":1,"allowed":true}`),
			"Let " + payee + " spend all USDC (token " + usdc + ") of " + nobodys + " on Ethereum (chain 1).", 0, true},
		{"Permit2 single", document(`{"PermitSingle":[{"name":"details","type":"PermitDetails"},{"name":"spender","type":"address"},`+
			`{"name":"sigDeadline","type":"uint256"}],`+permitDetails+`}`, "PermitSingle",
			`{"details":`+details("1461501637330902918203684832716283019655932542975")+`,"spender":"`+payee+`","sigDeadline":1}`),
			"Let " + payee + " spend unlimited USDC (token " + usdc + ") through " + usdc + " on Ethereum (chain 1).", 0, true},
		{"Permit2 batch", document(`{"PermitBatch":[{"name":"details","type":"PermitDetails[]"},{"name":"spender","type":"address"},`+
			`{"name":"sigDeadline","type":"uint256"}],`+permitDetails+`}`, "PermitBatch",
			`{"details":[`+details("1")+`,`+details("2000000")+`],"spender":"`+payee+`","sigDeadline":1}`),
			"Let " + payee + " spend 0.000001 USDC (token " + usdc + "), 2 USDC (token " + usdc + ") through " + usdc +
				" on Ethereum (chain 1).", 0, true},
		{"EIP-3009", document(`{"TransferWithAuthorization":`+transfer+`}`, "TransferWithAuthorization",
			`{"from":"`+nobodys+`","to":"`+payee+`","value":"1000000","validAfter":0,"validBefore":1,"nonce":"0x`+unlimited+`"}`),
			"Let anyone send 1 USDC (token " + usdc + ") from " + nobodys + " to " + payee + " on Ethereum (chain 1), once.", 1, false},
		{"another order of members", document(`{"TransferWithAuthorization":[`+
			strings.TrimPrefix(strings.Replace(transfer, `{"name":"from","type":"address"},{"name":"to","type":"address"}`,
				`{"name":"to","type":"address"},{"name":"from","type":"address"}`, 1), "[")+`}`, "TransferWithAuthorization",
			`{"from":"`+nobodys+`","to":"`+payee+`","value":"1000000","validAfter":0,"validBefore":1,"nonce":"0x`+unlimited+`"}`),
			`Sign a document of the type TransferWithAuthorization of "Test" for ` + usdc + " on Ethereum (chain 1).", 0, true},
		{"unknown", document(`{"Order":[{"name":"note","type":"string"}]}`, "Order", `{"note":"x\nTo: me"}`),
			`Sign a document of the type Order of "Test" for ` + usdc + " on Ethereum (chain 1).", 0, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			i := understood(t, c.body)
			if i.Summary != c.summary {
				t.Errorf("summary\n%s, want\n%s", i.Summary, c.summary)
			}
			if len(i.Spends) != c.spends || i.Unvalued != c.unvalued {
				t.Errorf("spends %v, unvalued %t", i.Spends, i.Unvalued)
			}
			if i.Network != "1" {
				t.Errorf("network %q", i.Network)
			}
		})
	}
}

// Foreign text cannot leave its line, turn it around or show nothing.
func TestForeignTextIsQuoted(t *testing.T) {
	const nasty = "a\nTo: 0xevil\r\t\u202e\u2066\u200b\u0000\u0085\u2028\u3164\u115f\\\""
	text, err := json.Marshal(nasty)
	if err != nil {
		t.Fatal(err)
	}
	// Between the roles no JSON holds a NUL, and a document travels as JSON.
	inside := strings.ReplaceAll(string(text), `\u0000`, "")
	mail := `{"typedData":{"types":{"M":[{"name":"s","type":"string"}]},"primaryType":"M","domain":{"name":` + inside + `,"version":` +
		inside + `},"message":{"s":` + inside + `}}}`
	for _, body := range []string{`{"message":` + string(text) + `}`, `{"message":"a\nb\u3164c"}`, mail} {
		i := understood(t, body)
		for _, line := range append(i.Lines, Line{"summary", i.Summary}) {
			if strings.ContainsAny(line.Label+line.Value, "\n\r\t\u202e\u2066\u200b\u0000\u0085\u2028\u3164\u115f") {
				t.Errorf("%q", line)
			}
		}
	}
}

// A long text is cut in the summary, which says so, and nowhere else.
func TestLongMessages(t *testing.T) {
	text := strings.Repeat("é", 160) + "!"
	i := understood(t, `{"message":"`+text+`"}`)
	if want := `Sign the message "` + strings.Repeat("é", 160) + `"… (321 bytes).`; i.Summary != want {
		t.Errorf("summary %s", i.Summary)
	}
	if !slices.Contains(i.Lines, Line{"Message", `"` + text + `"`}) {
		t.Errorf("%v", i.Lines)
	}
}

// What is asked for is what is shown: all there is to a transaction is in its
// lines.
func TestLinesSayEverything(t *testing.T) {
	a := evm.Authorization{ChainID: 1, Address: evm.Address(bytes.Repeat([]byte{0x22}, 20)), Nonce: 9}
	signature := sign(a.Digest())
	body := transaction(fmt.Sprintf(`"to":"%s","value":"3","data":"0xdeadbeef01","accessList":[{"address":"%s","storageKeys":["0x%s"]}],`+
		`"authorizationList":[{"chainId":1,"address":"%s","nonce":9,"yParity":%d,"r":"0x%x","s":"0x%x"}]`,
		payee, nobodys, unlimited, a.Address, signature[64]-27, signature[:32], signature[32:64]))
	i := understood(t, body)
	text := i.Summary
	for _, l := range i.Lines {
		text += "\n" + l.Label + ": " + l.Value
	}
	for _, want := range []string{"Network: Ethereum (chain 1)", "To: " + payee, "Amount: 0.000000000000000003 ETH", "Data: 0xdeadbeef01",
		"Gas fee, at most: 0.00005 ETH", "Nonce: 7", "Gas: 50000", "Type: EIP-7702",
		"Access list: " + nobodys + ", 1 storage keys", "Hands to code: " + evmWallet(t).Address + " to the code at " + a.Address.String() +
			" on Ethereum (chain 1), nonce 9", "hand accounts to code (1"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
	for _, reason := range []string{"the function called is not known here", "; an account that is handed to code"} {
		if !i.Unvalued || !strings.Contains(i.Reason, reason) {
			t.Errorf("%q is not among the reasons: %s", reason, i.Reason)
		}
	}
	burnt := understood(t, transaction(`"to":"0x0000000000000000000000000000000000000000","value":"1"`))
	if !strings.Contains(fmt.Sprint(burnt.Lines), "belongs to nobody") {
		t.Errorf("%v", burnt.Lines)
	}
}

func TestAMessageInTheFormOfATransactionSaysSo(t *testing.T) {
	i := understood(t,
		`{"message":"0xec098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a764000080018080","encoding":"hex"}`)
	if strings.Count(fmt.Sprint(i.Lines), "It is signed as a message only") != 1 || !i.Unvalued {
		t.Errorf("%+v", i)
	}
	tx := understood(t, `{"transaction":"0xec098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a764000080018080"}`)
	if bytes.Equal(tx.ToSign, i.ToSign) {
		t.Error("a message has the digest of a transaction")
	}
}

func sign(digest [32]byte) []byte {
	compact := ecdsa.SignCompact(key, digest[:], false)
	return append(compact[1:], compact[0])
}

func TestAssemble(t *testing.T) {
	i := understood(t, transaction(`"to":"`+payee+`","value":"1"`))
	signature := sign([32]byte(i.ToSign))
	raw, err := i.Assemble(signature)
	if err != nil {
		t.Fatal(err)
	}
	read, err := evm.ParseSigned(raw)
	if err != nil || read.From.String() != evmWallet(t).Address || read.Transaction.Nonce != 7 {
		t.Fatalf("%+v, %v", read, err)
	}
	other := understood(t, transaction(`"to":"`+payee+`","value":"2"`))
	if _, err := other.Assemble(signature); err == nil {
		t.Error("a signature over another transaction is taken")
	}
	if _, err := i.Assemble(signature[:64]); err == nil {
		t.Error("half a signature is taken")
	}
	message := understood(t, `{"message":"hi"}`)
	if raw, err := message.Assemble(sign([32]byte(message.ToSign))); raw != nil || err != nil {
		t.Errorf("a message was assembled: %x, %v", raw, err)
	}
}

// The published client sends a hash, and what it was made of.
func TestHashes(t *testing.T) {
	mail, err := os.ReadFile("../../chain/evm/testdata/mail.json")
	if err != nil {
		t.Fatal(err)
	}
	hash := func(body string) string { return hex.EncodeToString(understood(t, body).ToSign) }
	tx := `{"to":"` + payee + `","chainId":1,"nonce":3,"gas":"0x5208","value":"0x1","maxFeePerGas":"0x2","maxPriorityFeePerGas":"0x1"}`
	legacy := `{"to":"` + payee + `","chainId":1,"nonce":3,"gas":"0x5208","value":"0x1","gasPrice":"0x2"}`
	withType := func(tx, typ string) string { return strings.TrimSuffix(tx, "}") + `,"type":"` + typ + `"}` }
	auth := `{"chainId":1,"address":"` + nobodys + `","nonce":2}`
	good := map[string][2]string{
		"transaction":        {hash(`{"transaction":` + tx + `}`), `{"evmTransaction":` + tx + `}`},
		"legacy":             {hash(`{"transaction":` + legacy + `}`), `{"evmTransaction":` + legacy + `}`},
		"type 1":             {hash(`{"transaction":` + withType(legacy, "eip2930") + `}`), `{"evmTransaction":` + legacy + `}`},
		"typed data":         {hash(`{"typedData":` + string(mail) + `}`), `{"evmTypedData":` + string(mail) + `,"domain":"app.example"}`},
		"text":               {hash(`{"message":"hi"}`), `{"evmMessage":"hi"}`},
		"raw text":           {hash(`{"message":"hi"}`), `{"evmMessage":{"raw":"0x6869"}}`},
		"text in hex":        {hash(`{"message":"hi"}`), `{"evmMessage":"0x6869"}`},
		"text of hex digits": {hash(`{"message":"0x6869"}`), `{"evmMessage":"0x6869"}`},
		"authorization":      {hash(`{"authorization":` + auth + `}`), `{"eip7702Auth":` + auth + `}`},
		"raw message": {hash(`{"message":"hi"}`),
			fmt.Sprintf(`{"rawSign":{"payload":"%x","hashFunction":"keccak256"}}`, "\x19Ethereum Signed Message:\n2hi")},
		"raw, in two parts": {hash(`{"message":"hi"}`),
			fmt.Sprintf(`{"rawSign":{"prefix":"0x19","payload":"0x%x","hashFunction":"keccak256"}}`, "Ethereum Signed Message:\n2hi")},
		"raw authorization": {hash(`{"authorization":` + auth + `}`),
			`{"rawSign":{"payload":"05d70194111111111111111111111111111111111111111102","hashFunction":"keccak256"}}`},
	}
	for name, c := range good {
		for _, prefix := range []string{"", "0x"} {
			body := `{"message":"` + prefix + c[0] + `","isFormatted":true,"context":` + c[1] + `}`
			if got := hash(body); got != c[0] {
				t.Errorf("%s: signs %s, not %s", name, got, c[0])
			}
		}
		// Another hash than that of its context is refused, and so is a hash without any.
		for _, body := range []string{
			`{"message":"` + strings.Repeat("ab", 32) + `","isFormatted":true,"context":` + c[1] + `}`,
			`{"message":"` + c[0] + `","isFormatted":true}`,
			`{"message":"` + c[0] + `","isFormatted":true,"context":{}}`,
			`{"message":"` + c[0] + `","isFormatted":true,"context":{"domain":"app.example"}}`,
		} {
			refused(t, body, fault.BlindSigningRefused)
		}
	}
	h := good["text"][0]
	refused(t, `{"message":"`+h+`","isFormatted":true,"context":{"evmMessage":"hi","eip7702Auth":`+auth+`}}`, fault.BlindSigningRefused)
	refused(t, `{"message":"`+h+`","isFormatted":true,"context":{"evmUserOperation":{}}}`, fault.BlindSigningRefused)
	refused(t, `{"message":"`+h+`","isFormatted":true,"context":{"svmMessage":"hi"}}`, fault.BlindSigningRefused)
	refused(t, `{"message":"`+h+`","isFormatted":true,"context":{"rawSign":{"payload":"abcd","hashFunction":"keccak256"}}}`,
		fault.InvalidRequest)
	refused(t, `{"message":"`+h+`","isFormatted":true,"context":{"rawSign":{"payload":"abcd","hashFunction":"sha256"}}}`,
		fault.InvalidRequest)
	// A domain and a struct hashed elsewhere say nothing.
	refused(t, `{"message":"`+h+`","isFormatted":true,"context":{"rawSign":{"payload":"1901`+strings.Repeat("ab", 64)+
		`","hashFunction":"keccak256"}}}`, fault.InvalidRequest)
	refused(t, `{"message":"`+h+`","isFormatted":true,"context":{"evmTransaction":{"to":"`+payee+`","chainId":1}}}`, fault.InvalidRequest)
	// What is given as what was hashed is read as strictly as what is to be hashed.
	wrapped := fmt.Sprintf("%x", "\x19Ethereum Signed Message:\n2hi")
	for _, context := range []string{
		`{"evmTypedData":{}}`, `{"evmTransaction":5}`, `{"evmTransaction":"0x00"}`, `{"eip7702Auth":5}`,
		`{"evmMessage":5}`, `{"evmMessage":{"raw":5}}`, `{"evmMessage":{"raw":"0x6869","text":"ho"}}`, `{"evmMessage":{"raw":"hi"}}`,
		`{"rawSign":5}`, `{"rawSign":{"hashFunction":"keccak256"}}`, `{"rawSign":{"payload":"xy","hashFunction":"keccak256"}}`,
		`{"rawSign":{"payload":"` + wrapped + `","hashFunction":"sha256"}}`, `{"rawSign":{"payload":"` + wrapped + `"}}`,
		`{"rawSign":{"prefix":5,"payload":"` + wrapped + `","hashFunction":"keccak256"}}`,
	} {
		refused(t, `{"message":"`+h+`","isFormatted":true,"context":`+context+`}`, fault.InvalidRequest)
	}
	const unsigned = "ec098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a764000080018080"
	if got, want := hash(`{"message":"daf5a779ae972f972197303d7b574746c7ef83eadac0f2791ad23db92e4c8e53","isFormatted":true,`+
		`"context":{"rawSign":{"payload":"`+unsigned+`","hashFunction":"keccak256"}}}`),
		hash(`{"transaction":"0x`+unsigned+`"}`); got != want {
		t.Errorf("signs %s", got)
	}
	if got := hash(`{"message":"hi","isFormatted":false,"context":{"evmMessage":"hi"}}`); got != h {
		t.Errorf("signs %s", got)
	}
}

func refused(t *testing.T, body string, code fault.Code) {
	t.Helper()
	i, err := understand(body, evmWallet(t))
	var f *fault.Error
	if !errors.As(err, &f) || f.Code != code {
		t.Errorf("%s\nis understood as %q, or refused otherwise: %v", body, i.Summary, err)
	}
}

// Names of types may hold a colon, and are shown whole; what has no size is refused
// with what to write.
func TestNamesOfTypes(t *testing.T) {
	body := func(name, typ string) string {
		return `{"typedData":{"types":{"` + name + `":[{"name":"amount","type":"` + typ + `"}]},"primaryType":"` + name +
			`","domain":{"name":"Exchange","chainId":1},"message":{"amount":"1"}}}`
	}
	i := understood(t, body("Exchange:UsdSend", "uint64"))
	if !slices.Contains(i.Lines, Line{"Document", "Exchange:UsdSend"}) {
		t.Errorf("%+v", i.Lines)
	}
	for typ, want := range map[string]string{"uint": "write uint256", "int": "write int256", "uint[]": "write uint256",
		"uint7": "unknown type"} {
		if _, err := understand(body("Send", typ), evmWallet(t)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", typ, err)
		}
	}
	for _, name := range []string{":Send", "Send:", "a::b", "a:b:c", "a b", "a\u200b", "uint:x y"} {
		if _, err := understand(body(name, "uint64"), evmWallet(t)); err == nil {
			t.Errorf("%q is a type", name)
		}
	}
}

// What one role hands to another has one meaning, or none.
func TestARequestIsReadInOneWay(t *testing.T) {
	for action, requests := range map[wallet.Action][]string{
		wallet.Create: {`{"chain":"SOL","chain":"EVM","scheme":"TWO_OF_TWO"}`, `{"Chain":"EVM","scheme":"TWO_OF_TWO"}`},
		wallet.Export: {`{"exportPublicKey":"` + strings.Repeat("AAAA", 10) + `AAA=","exportPublicKey":"` +
			strings.Repeat("BBBB", 10) + `BBA="}`},
		wallet.Sign: {`{"kind":"message","message":"aGk=","message":"aG8="}`, `{"kind":"message","message":"aGk=","MESSAGE":"aG8="}`,
			`{"kind":"message","message":"aGk="}{}`, `null`},
		wallet.Disable: {`{"a":1}`, `{}{}`, `[]`},
	} {
		for _, request := range requests {
			_, err := Decode(wallet.Operation{EnvironmentID: environment, WalletID: walletID, Action: action, Request: []byte(request)},
				evmWallet(t))
			if !fault.Has(err, fault.InvalidJSON) && !fault.Has(err, fault.InvalidRequest) {
				t.Errorf("%s %s: %v", action, request, err)
			}
		}
	}
	for _, request := range []string{``, `{}`} {
		if _, err := Decode(wallet.Operation{EnvironmentID: environment, WalletID: walletID, Action: wallet.Disable,
			Request: []byte(request)}, evmWallet(t)); err != nil {
			t.Errorf("%q: %v", request, err)
		}
	}
}

func TestRefusals(t *testing.T) {
	hash := strings.Repeat("ab", 32)
	for name, c := range map[string]struct {
		body, says string
	}{
		"nothing":              {`{}`, "exactly one of"},
		"two kinds":            {`{"message":"hi","transaction":"0x00"}`, "Both message and transaction"},
		"no JSON":              {`{"message":"hi"`, "one JSON object"},
		"a member twice":       {`{"message":"hi","message":"ho"}`, "appears twice"},
		"an array":             {`["hi"]`, "one JSON object"},
		"empty message":        {`{"message":""}`, "message is empty"},
		"number as message":    {`{"message":5}`, "message must be a string"},
		"unknown encoding":     {`{"message":"hi","encoding":"base64"}`, "encoding must be utf8 or hex"},
		"odd hex":              {`{"message":"0xabc","encoding":"hex"}`, "hex digits in pairs"},
		"isFormatted as text":  {`{"message":"hi","isFormatted":"true"}`, "true or false"},
		"short hash":           {`{"message":"abcd","isFormatted":true}`, "64 hex digits"},
		"context alone":        {`{"message":"hi","context":{"evmTransaction":{}}}`, "Set isFormatted"},
		"another text":         {`{"message":"hi","context":{"evmMessage":"ho"}}`, "another text"},
		"context as text":      {`{"message":"hi","context":"hi"}`, "context must be an object"},
		"context of own form":  {`{"transaction":"0x00","context":{"evmMessage":"hi"}}`, "message only"},
		"hash of own form":     {`{"transaction":"0x00","isFormatted":true}`, "message only"},
		"encoding of own form": {`{"transaction":"0x00","encoding":"hex"}`, "message only"},
		"no chain":             {`{"transaction":{"to":"` + payee + `","nonce":1,"gas":1,"gasPrice":1}}`, "chainId is missing"},
		"no nonce":             {`{"transaction":{"to":"` + payee + `","chainId":1,"gas":1,"gasPrice":1}}`, "nonce is missing"},
		"no gas":               {`{"transaction":{"to":"` + payee + `","chainId":1,"nonce":1,"gasPrice":1}}`, "gas is missing"},
		"no fee":               {`{"transaction":{"to":"` + payee + `","chainId":1,"nonce":1,"gas":1}}`, "maxFeePerGas is missing"},
		"half a fee": {`{"transaction":{"to":"` + payee + `","chainId":1,"nonce":1,"gas":1,"maxFeePerGas":1}}`,
			"maxPriorityFeePerGas is missing"},
		"both fees": {`{"transaction":{"to":"` + payee + `","chainId":1,"nonce":1,"gas":1,"gasPrice":1,"maxFeePerGas":1}}`,
			"maxFeePerGas does not belong"},
		"more tip than fee": {`{"transaction":{"to":"` + payee +
			`","chainId":1,"nonce":1,"gas":1,"maxPriorityFeePerGas":2,"maxFeePerGas":1}}`, "is more than"},
		"no gas price": {`{"transaction":{"type":"legacy","to":"` + payee + `","chainId":1,"nonce":1,"gas":1}}`,
			"gasPrice is missing"},
		"no gas at all": {`{"transaction":{"type":0,"to":"` + payee + `","chainId":1,"nonce":1,"gas":0,"gasPrice":1}}`,
			"gas is zero"},
		"blobs":             {`{"transaction":{"type":3,"to":"` + payee + `"}}`, "use 0, 1, 2 or 4"},
		"blobs by hash":     {transaction(`"blobVersionedHashes":[]`), "not known here"},
		"type by a boolean": {transaction(`"type":true`), "must be a string or a number"},
		"unknown type":      {transaction(`"type":"eip4844"`), "use legacy"},
		"from":              {transaction(`"from":"` + payee + `"`), "leave from out"},
		"gasLimit":          {transaction(`"gasLimit":1`), "gasLimit as gas"},
		"nobody to pay":     {transaction(`"value":"1"`), "set to"},
		"mistyped address":  {transaction(`"to":"0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eb48"`), "mistyped"},
		"name as address":   {transaction(`"to":"vitalik.eth"`), "40 hex digits"},
		"large number":      {transaction(`"to":"` + payee + `","value":10000000000000000000`), "write it as a string"},
		"fraction":          {transaction(`"to":"` + payee + `","value":0.5`), "no whole number"},
		"exponent":          {transaction(`"to":"` + payee + `","value":1e3`), "no whole number"},
		"negative":          {transaction(`"to":"` + payee + `","value":"-1"`), "between 0 and 2^256"},
		"too large":         {transaction(`"to":"` + payee + `","value":"0x` + unlimited + `0"`), "no whole number"},
		"access list with more": {transaction(`"to":"` + payee + `","accessList":[{"address":"` + payee + `","keys":[]}]`),
			"not known here"},
		"7702 without list": {transaction(`"to":"` + payee + `","type":4`), "needs an authorizationList"},
		"7702 creation": {transaction(`"data":"0x00","authorizationList":[{"chainId":1,"address":"` + payee +
			`","nonce":0,"yParity":0,"r":1,"s":1}]`), "type 4 needs to"},
		"v that disagrees": {transaction(`"to":"` + payee + `","authorizationList":[{"chainId":1,"address":"` + payee +
			`","nonce":0,"yParity":0,"r":1,"s":1,"v":28}]`), "leave it out"},
		"signed already": {`{"transaction":"0xf86c098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a764` +
			`00008025a028ef61340bd939bc2195fe537567866003e1a15d3c71ff63e1590620aa636276a067cbe9d8997f761aecb703304b3800ccf555c9f3dc6` +
			`4214b297fb1966a3b6d83"}`, "signed already"},
		"without chain id": {`{"transaction":"0xe9098504a817c80082520894353535353535353535353535353535353535353` +
			`5880de0b6b3a764000080"}`, "has no chain id"},
		"no transaction":        {`{"transaction":"0x00"}`, "no transaction of a type"},
		"not hex":               {`{"transaction":"deadbeef"}`, "hex digits in pairs"},
		"authorization, short":  {`{"authorization":{"chainId":1,"nonce":1}}`, "address is missing"},
		"authorization, more":   {`{"authorization":{"chainId":1,"nonce":1,"address":"` + payee + `","to":1}}`, "not known here"},
		"authorization, text":   {`{"authorization":"0x"}`, "no object"},
		"typed data, text":      {`{"typedData":"0x"}`, "not a JSON object"},
		"hash as a transaction": {`{"transaction":"0x` + hash + `"}`, "no transaction of a type"},
		"transaction, a number": {`{"transaction":5}`, "neither an object nor the hex"},
		"nonce beyond 64 bits": {`{"transaction":{"to":"` + payee +
			`","chainId":1,"nonce":"18446744073709551616","gas":1,"gasPrice":1}}`, "nonce is too large"},
		"to, a number":           {transaction(`"to":5,"data":"0x00"`), "to is not a string"},
		"data, no hex":           {transaction(`"to":"` + payee + `","data":"0xabc"`), "hex digits in pairs"},
		"access list, an object": {transaction(`"to":"` + payee + `","accessList":{}`), "accessList is not a list"},
		"access list of numbers": {transaction(`"to":"` + payee + `","accessList":[5]`), "accessList[0]: is no object"},
		"access list, no address": {transaction(`"to":"` + payee + `","accessList":[{"storageKeys":[]}]`),
			"accessList[0]: address is missing"},
		"access list, short key": {transaction(`"to":"` + payee + `","accessList":[{"address":"` + payee + `","storageKeys":["0x01"]}]`),
			"not 32 bytes"},
		"access list, no hex": {transaction(`"to":"` + payee + `","accessList":[{"address":"` + payee + `","storageKeys":["` +
			unlimited + `"]}]`), "not 32 bytes"},
		"list of numbers": {transaction(`"to":"` + payee + `","authorizationList":[5]`), "authorizationList[0]: is no object"},
		"list with more": {transaction(`"to":"` + payee + `","authorizationList":[{"chainId":1,"address":"` + payee +
			`","nonce":0,"yParity":0,"r":1,"s":1,"from":1}]`), "not known here"},
		"list, parity of 2": {transaction(`"to":"` + payee + `","authorizationList":[{"chainId":1,"address":"` + payee +
			`","nonce":0,"yParity":2,"r":1,"s":1}]`), "yParity is 0 or 1"},
		"list, no address": {transaction(`"to":"` + payee +
			`","authorizationList":[{"chainId":1,"nonce":0,"yParity":0,"r":1,"s":1}]`), "address is missing"},
		"authorization, huge chain": {`{"authorization":{"chainId":"18446744073709551615","nonce":1,"address":"` + payee + `"}}`,
			"chainId"},
		"authorization, huge nonce": {`{"authorization":{"chainId":1,"nonce":"18446744073709551615","address":"` + payee + `"}}`, "nonce"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := understand(c.body, evmWallet(t))
			var f *fault.Error
			if !errors.As(err, &f) || !strings.Contains(f.Message, c.says) {
				t.Errorf("%s\n%v does not say %q", c.body, err, c.says)
			}
		})
	}
}

func TestAbove(t *testing.T) {
	eth, other := "eip155:1/native", "eip155:1/erc20:"+usdc
	spends := func(pairs ...any) Intent {
		var i Intent
		for n := 0; n < len(pairs); n += 2 {
			i.spend(Spend{Asset: pairs[n].(string), Amount: big.NewInt(int64(pairs[n+1].(int)))})
		}
		return i
	}
	limits := map[string]*big.Int{eth: big.NewInt(10)}
	for name, c := range map[string]struct {
		i      Intent
		limits map[string]*big.Int
		want   bool
	}{
		"no limits":              {Intent{Unvalued: true}, nil, false},
		"unvalued":               {Intent{Unvalued: true}, limits, true},
		"at the limit":           {spends(eth, 10), limits, false},
		"above the limit":        {spends(eth, 11), limits, true},
		"two that add up":        {spends(eth, 6, eth, 5), limits, true},
		"an asset without limit": {spends(other, 1), limits, true},
		"nothing":                {spends(other, 0), limits, false},
	} {
		if got := c.i.Above(c.limits); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
	// The fee counts: else a thief could burn what the limit keeps.
	i := understood(t, transaction(`"to":"`+payee+`","value":"1"`))
	if got := i.Totals(); len(got) != 1 || got[eth].String() != "50000000000001" {
		t.Errorf("totals %v", maps.Collect(maps.All(got)))
	}
}

func TestParseAsset(t *testing.T) {
	for text, want := range map[string]string{
		"eip155:1/native":                         "eip155:1/native",
		"eip155:1/erc20:" + strings.ToLower(usdc): "eip155:1/erc20:" + usdc,
		"eip155:1/erc20:" + usdc:                  "eip155:1/erc20:" + usdc,
		"solana/native":                           "solana/native",
		"solana/token:Es9vMFrzaCERmJfrF4H2FYD4KCoNkY11McCe8BenwNYB": "solana/token:Es9vMFrzaCERmJfrF4H2FYD4KCoNkY11McCe8BenwNYB",
		"eip155:01/native": "", "eip155:0/native": "", "ETH": "", "": "", "eip155:1/erc20:0x00": "",
		"eip155:1/erc20:0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eb48": "",
	} {
		if got, err := ParseAsset(text); got != want || (err == nil) != (want != "") {
			t.Errorf("%s: %q, %v", text, got, err)
		}
	}
}

func TestTokensAreWellSpelt(t *testing.T) {
	for id, list := range tokens {
		if networks[id].name == "" {
			t.Errorf("chain %d has no name", id)
		}
		for text := range list {
			if a, err := evm.ParseAddress(text); err != nil || a.String() != text {
				t.Errorf("%s: %v", text, err)
			}
		}
	}
}

// The hash is that of exactly the operation: whatever changes what is done
// changes it, and nothing else does.
func TestHash(t *testing.T) {
	w := evmWallet(t)
	decode := func(op wallet.Operation) Intent {
		t.Helper()
		i, err := Decode(op, w)
		if err != nil {
			t.Fatal(err)
		}
		return i
	}
	create := decode(operation(t, wallet.Create, wallet.CreateRequest{Chain: wallet.EVM, Scheme: wallet.TwoOfTwo}))
	// printf '{"action":"create","environmentId":"11111111-1111-4111-8111-111111111111",'\
	// '"request":{"chain":"EVM","scheme":"TWO_OF_TWO"},"walletId":"22222222-2222-4222-8222-222222222222"}' | sha256sum
	if want := "44a03bfae61c3c737a9e1ad6ca906fa58a59209927bf0957721d9c8da8fa75d1"; create.Hash != want {
		t.Errorf("create: %s", create.Hash)
	}
	message := decode(operation(t, wallet.Sign, wallet.SignRequest{Kind: wallet.SignMessage, Message: []byte("hi")}))
	// signingHash: viem's hashMessage('hi')
	if want := "b4dfacfb97614ac732137843c6c2d2e3f0cc9be165db888200bf328159d56348"; message.Hash != want {
		t.Errorf("sign: %s, %x", message.Hash, message.ToSign)
	}
	seen := map[string]string{}
	note := func(name string, op wallet.Operation) {
		w.ID, w.EnvironmentID = op.WalletID, op.EnvironmentID
		h := decode(op).Hash
		if other, twice := seen[h]; twice {
			t.Errorf("%s and %s have one hash", name, other)
		}
		seen[h] = name
	}
	for _, action := range []wallet.Action{wallet.Refresh, wallet.Disable, wallet.Restore, wallet.Delete} {
		note(string(action), operation(t, action, struct{}{}))
	}
	note("create", operation(t, wallet.Create, wallet.CreateRequest{Chain: wallet.EVM, Scheme: wallet.TwoOfTwo}))
	note("create, other chain", operation(t, wallet.Create, wallet.CreateRequest{Chain: wallet.SOL, Scheme: wallet.TwoOfTwo}))
	note("create, other scheme", operation(t, wallet.Create, wallet.CreateRequest{Chain: wallet.EVM, Scheme: wallet.TwoOfThree}))
	note("export", operation(t, wallet.Export, wallet.ExportRequest{PublicKey: make([]byte, 32)}))
	note("export, other key", operation(t, wallet.Export, wallet.ExportRequest{PublicKey: bytes.Repeat([]byte{1}, 32)}))
	note("reshare", operation(t, wallet.Reshare, wallet.ReshareRequest{Old: wallet.TwoOfTwo, New: wallet.TwoOfThree}))
	note("reshare back", operation(t, wallet.Reshare, wallet.ReshareRequest{Old: wallet.TwoOfThree, New: wallet.TwoOfTwo}))
	note("message", operation(t, wallet.Sign, wallet.SignRequest{Kind: wallet.SignMessage, Message: []byte("hi")}))
	note("other message", operation(t, wallet.Sign, wallet.SignRequest{Kind: wallet.SignMessage, Message: []byte("ho")}))
	other := operation(t, wallet.Refresh, struct{}{})
	other.WalletID = environment
	note("other wallet", other)
	other.EnvironmentID = walletID
	note("other environment", other)
	same := operation(t, wallet.Refresh, struct{}{})
	w.ID, w.EnvironmentID = same.WalletID, same.EnvironmentID
	same.ID, same.UserID, same.SessionID, same.RequestID = "another", "u", "s", "r"
	if seen[decode(same).Hash] != "refresh" {
		t.Error("the hash depends on who asks")
	}
}

// What a hostile role hands on is refused.
func TestDecodeRefusals(t *testing.T) {
	w := evmWallet(t)
	for name, op := range map[string]wallet.Operation{
		"unknown action":     {Action: "steal", Request: []byte(`{}`)},
		"unknown chain":      {Action: wallet.Create, Request: []byte(`{"chain":"BTC","scheme":"TWO_OF_TWO"}`)},
		"unknown scheme":     {Action: wallet.Create, Request: []byte(`{"chain":"EVM","scheme":"ONE_OF_ONE"}`)},
		"short export key":   {Action: wallet.Export, Request: []byte(`{"exportPublicKey":"AAAA"}`)},
		"more than asked":    {Action: wallet.Refresh, Request: []byte(`{"scheme":"TWO_OF_TWO"}`)},
		"two requests":       {Action: wallet.Refresh, Request: []byte(`{}{}`)},
		"no request":         {Action: wallet.Sign},
		"two things to sign": {Action: wallet.Sign, Request: []byte(`{"kind":"message","message":"aGk=","transaction":"aGk="}`)},
		"another than named": {Action: wallet.Sign, Request: []byte(`{"kind":"message","transaction":"aGk="}`)},
		"nothing to sign":    {Action: wallet.Sign, Request: []byte(`{"kind":"message"}`)},
		"unknown kind":       {Action: wallet.Sign, Request: []byte(`{"kind":"hash"}`)},
		"bad transaction":    {Action: wallet.Sign, Request: []byte(`{"kind":"transaction","transaction":"aGk="}`)},
		"bad document":       {Action: wallet.Sign, Request: []byte(`{"kind":"typed_data","typedData":{}}`)},
		"bad create":         {Action: wallet.Create, Request: []byte(`{"chain":"EVM","scheme":"TWO_OF_TWO","more":1}`)},
		"bad export":         {Action: wallet.Export, Request: []byte(`{"exportPublicKey":"` + strings.Repeat("A", 43) + `=","more":1}`)},
		"bad reshare": {Action: wallet.Reshare,
			Request: []byte(`{"oldThresholdSignatureScheme":"TWO_OF_TWO","newThresholdSignatureScheme":"TWO_OF_THREE","more":1}`)},
		"unknown old scheme": {Action: wallet.Reshare,
			Request: []byte(`{"oldThresholdSignatureScheme":"ONE_OF_ONE","newThresholdSignatureScheme":"TWO_OF_THREE"}`)},
		"unknown new scheme": {Action: wallet.Reshare,
			Request: []byte(`{"oldThresholdSignatureScheme":"TWO_OF_TWO","newThresholdSignatureScheme":"ONE_OF_ONE"}`)},
		"bad sign": {Action: wallet.Sign, Request: []byte(`{"kind":"message","message":"aGk=","hash":"aGk="}`)},
		"nonce in hex": {Action: wallet.Sign,
			Request: []byte(`{"kind":"authorization","authorization":{"chainId":"1","address":"` + payee + `","nonce":"0x1"}}`)},
		"huge nonce": {Action: wallet.Sign, Request: []byte(`{"kind":"authorization","authorization":{"chainId":"1","address":"` +
			payee + `","nonce":"18446744073709551615"}}`)},
		"huge chain": {Action: wallet.Sign, Request: []byte(
			`{"kind":"authorization","authorization":{"chainId":"18446744073709551615","address":"` + payee + `","nonce":"0"}}`)},
		"bad authorization": {Action: wallet.Sign,
			Request: []byte(`{"kind":"authorization","authorization":{"chainId":"0x1","address":"` + payee + `","nonce":"0"}}`)},
	} {
		var f *fault.Error
		op.WalletID, op.EnvironmentID = w.ID, w.EnvironmentID
		if i, err := Decode(op, w); !errors.As(err, &f) {
			t.Errorf("%s is understood as %q: %v", name, i.Summary, err)
		}
	}
	for _, other := range []wallet.Wallet{{ID: w.ID, EnvironmentID: w.ID}, {ID: environment, EnvironmentID: environment}} {
		if _, err := Decode(operation(t, wallet.Refresh, struct{}{}), other); err == nil {
			t.Error("an operation is decoded for another wallet")
		}
	}
}

// The examples of the documentation mean what stands below them.
func TestDocumentedRequests(t *testing.T) {
	page, err := os.ReadFile("../../../docs/wallets.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(page), "## What is signed\n")
	section, _, _ = strings.Cut(section, "\n## ")
	evmPart, solanaPart, _ := strings.Cut(section, "\n### On Solana\n")
	for part, w := range map[string]wallet.Wallet{evmPart: evmWallet(t), solanaPart: solanaWallet()} {
		examples := regexp.MustCompile("(?s)```json\n(.*?)```\n\n> ([^\n]*)\n").FindAllStringSubmatch(part, -1)
		if len(examples) < 3 || len(examples) != strings.Count(part, "```json") {
			t.Fatalf("%d examples for %s", len(examples), w.Chain)
		}
		for _, e := range examples {
			if i, err := understand(e[1], w); err != nil || i.Summary != e[2] {
				t.Errorf("%s\nmeans %s, %v", e[1], i.Summary, err)
			}
		}
	}
}

func FuzzParseSign(f *testing.F) {
	for _, seed := range []string{`{"message":"hi"}`, transaction(`"to":"` + payee + `","value":"1"`),
		`{"authorization":{"chainId":1,"address":"` + payee + `","nonce":1}}`,
		`{"message":"00","isFormatted":true,"context":{"evmMessage":{"raw":"0x"}}}`,
		document(`{"Order":[{"name":"note","type":"string"}]}`, "Order", `{"note":"x"}`)} {
		f.Add([]byte(seed))
	}
	w := evmWallet(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		i, err := understand(string(body), w)
		if err != nil {
			var refusal *fault.Error
			if !errors.As(err, &refusal) {
				t.Fatalf("%s: %v is no refusal", body, err)
			}
			return
		}
		if len(i.ToSign) != 32 || i.Summary == "" || len(i.Hash) != 64 {
			t.Fatalf("%+v", i)
		}
		for _, l := range append(i.Lines, Line{"", i.Summary}) {
			if strings.ContainsAny(l.Label+l.Value, "\n\r\u202e\u2028") {
				t.Fatalf("%q", l)
			}
		}
		tellsAll(t, i)
	})
}
