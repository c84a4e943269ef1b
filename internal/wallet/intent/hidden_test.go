package intent

import (
	"strings"
	"testing"

	"github.com/stepup-auth/stepup/internal/wallet"
)

// tellsAll holds an intent to what it says of its summary: every recipient and every
// amount that leaves the wallet is in it, unless it says what is missing.
func tellsAll(t *testing.T, i Intent) {
	t.Helper()
	if i.Hidden != "" {
		return
	}
	for _, s := range i.Spends {
		if s.To != "" && !strings.Contains(i.Summary, s.To) {
			t.Errorf("the payee %s is not in %s", s.To, i.Summary)
		}
		if amount := decimal(s.Amount, s.Decimals); !strings.Contains(i.Summary, amount) {
			t.Errorf("the amount %s is not in %s", amount, i.Summary)
		}
	}
}

func TestWhatTheSummaryHides(t *testing.T) {
	to, who := strings.TrimPrefix(payee, "0x"), strings.TrimPrefix(nobodys, "0x")
	item := selector("safeTransferFrom(address,address,uint256,bytes)") + word(who) + word(to) + word("ff") + word("80")
	authorized := `{"transaction":{"type":"eip7702","chainId":1,"nonce":7,"gas":"50000","maxFeePerGas":"1",` +
		`"maxPriorityFeePerGas":"1","to":"` + payee +
		`","authorizationList":[{"chainId":1,"address":"` + nobodys + `","nonce":1,"yParity":0,"r":"1","s":"1"}]}}`
	for name, c := range map[string]struct{ body, hidden string }{
		"a payment":               {transaction(`"to":"` + payee + `","value":"5"`), ""},
		"a token":                 {call(usdc, selector("transfer(address,uint256)")+word(to)+word("beb7d0")), ""},
		"an approval":             {call(usdc, selector("approve(address,uint256)")+word(to)+unlimited), ""},
		"an item":                 {call(nobodys, item+word("0")), ""},
		"an item with data":       {call(nobodys, item+word("1")+"ab"+strings.Repeat("0", 62)), "the data that goes along"},
		"a new contract":          {transaction(`"data":"0x6000"`), "what the contract does"},
		"an unknown function":     {call(nobodys, "deadbeef"), "what the function does"},
		"data that is no call":    {call(nobodys, "dead"), "what the data means"},
		"accounts handed to code": {authorized, "which accounts"},
		"an authorisation alone":  {`{"authorization":{"chainId":1,"address":"` + nobodys + `","nonce":"0x2"}}`, ""},
		"a document nobody knows": {document(`{"Order":[{"name":"note","type":"string"}]}`, "Order", `{"note":"x"}`),
			"what the document allows"},
		"a short message":           {`{"message":"I agree."}`, ""},
		"a message with a long end": {`{"message":"` + strings.Repeat("I agree. ", 40) + `Pay eve."}`, "the end of the message"},
		"a message nobody reads":    {`{"message":"0xff00","encoding":"hex"}`, "what the message says"},
		"a hash":                    {`{"message":"` + unlimited + `"}`, "what the message is a hash of"},
	} {
		i := understood(t, c.body)
		if (i.Hidden == "") != (c.hidden == "") || !strings.Contains(i.Hidden, c.hidden) {
			t.Errorf("%s: hidden %q, want %q: %s", name, i.Hidden, c.hidden, i.Summary)
		}
		tellsAll(t, i)
	}
	key := strings.Repeat("k", 32)
	i, err := Decode(operation(t, wallet.Export, wallet.ExportRequest{PublicKey: []byte(key)}), evmWallet(t))
	if err != nil || i.Hidden != "" || !i.Unvalued || !strings.Contains(i.Summary, "a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s") {
		t.Errorf("an export: %+v, %v", i, err)
	}
}

// Text that is signed is worth what its reader makes of it, unless it signs in.
func TestOnlySignInTextsAreValued(t *testing.T) {
	e, s := evmWallet(t), solanaWallet()
	const tail = "\nURI: https://app.example/\nVersion: 1\nChain ID: 1\nNonce: 12345678\nIssued At: 2026-01-01T00:00:00Z"
	head := "app.example wants you to sign in with your Ethereum account:\n" + e.Address + "\n\n"
	for text, c := range map[string]struct {
		w     wallet.Wallet
		plain bool
	}{
		head + "Welcome.\n" + tail: {e, true},
		head + tail:                {e, true},
		head + "Welcome.\n" + tail + "\nExpiration Time: 2026-01-02T00:00:00.5Z\nResources:\n- https://app.example/terms": {e, true},
		"app.example wants you to sign in with your Solana account:\n" + s.Address:                                        {s, true},
		"app.example wants you to sign in with your Solana account:\n" + s.Address + "\n\nWelcome.":                       {s, true},
		"app.example wants you to sign in with your Solana account:\n" + s.Address + "\n\nWelcome.\n" + tail:              {s, true},

		"Withdraw 100 USDC to " + payee:                                              {e, false},
		`{"type":"order","amount":"1"}`:                                              {e, false},
		head + "Welcome.\n" + tail + "\nResources:\n- urn:recap:eyJhdHQiOnt9fQ":      {e, false}, // hands over rights
		head + "Welcome.\n" + tail + "\nResources:\n- URN:ReCap:eyJhdHQiOnt9fQ":      {e, false},
		head + "Welcome.\n" + tail + "\nWithdraw 100 USDC":                           {e, false}, // more than a sign-in
		"Withdraw 100 USDC\n" + head + "Welcome.\n" + tail:                           {e, false},
		head + "Welcome.\nWithdraw 100 USDC\n" + tail:                                {e, false},
		strings.Replace(head, e.Address, payee, 1) + "Welcome.\n" + tail:             {e, false}, // another wallet's
		"app.example wants you to sign in with your Ethereum account:\n" + s.Address: {s, false},
	} {
		i, err := understand(body(map[string]any{"message": text}), c.w)
		if err != nil || i.Unvalued == c.plain {
			t.Errorf("%q: unvalued %t %q, %v", text, i.Unvalued, i.Reason, err)
		}
	}
}
