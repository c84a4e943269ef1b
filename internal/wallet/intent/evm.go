package intent

import (
	"encoding/hex"
	"errors"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/stepup-auth/stepup/internal/chain/evm"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/wallet"
)

func (i *Intent) signEVM(r wallet.SignRequest, w wallet.Wallet) error {
	i.line("Wallet", w.Address)
	var digest [32]byte
	switch r.Kind {
	case wallet.SignMessage:
		digest = evm.MessageDigest(r.Message)
		i.message(r.Message, w)
		if looksSignable(r.Message) {
			i.line("Note", "The message has the form of a transaction, an authorisation or typed data. It is signed as a message only "+
				"(EIP-191), which is none of these.")
		}
	case wallet.SignTypedData:
		d, err := evm.ParseTypedData(r.TypedData)
		if err != nil {
			return invalid("typedData", err)
		}
		digest = d.Digest()
		i.typedData(d)
	case wallet.SignTransaction:
		t, err := evm.ParseUnsigned(r.Transaction)
		if err != nil {
			return invalid("transaction", err)
		}
		digest = t.Digest()
		i.transaction(t)
		i.assemble = func(signature []byte) ([]byte, error) {
			signer, err := evm.Recover(digest, signature)
			if err != nil || signer.String() != w.Address {
				return nil, errors.New("the signature is not the wallet's over this transaction")
			}
			return t.Signed(signature)
		}
	case wallet.SignAuthorization:
		a, err := readAuthorization(*r.Authorization)
		if err != nil {
			return invalid("authorization", err)
		}
		digest = a.Digest()
		i.authorization(a, w)
	}
	i.ToSign = digest[:]
	return nil
}

func invalid(name string, err error) error {
	return fault.New(fault.InvalidRequest, "%s is not what it should be: %s.", name, err)
}

// hashLike is text that stands for a hash.
var hashLike = regexp.MustCompile(`^(0x)?[0-9A-Fa-f]{64}$`)

// message is text that whoever gets the signature makes of what they please: some
// exchanges take orders and withdrawals so. Only a sign-in is known to move nothing.
func (i *Intent) message(message []byte, w wallet.Wallet) {
	text := string(message)
	readable := utf8.Valid(message)
	for _, r := range text {
		readable = readable && (unicode.IsPrint(r) || r == '\n' || r == '\r' || r == '\t')
	}
	if !readable {
		i.Summary = "Sign a message of " + strconv.Itoa(len(message)) + " bytes that are no readable text."
		i.line("Message in hex", "0x"+hex.EncodeToString(message))
		i.unvalued("the message is no readable text, so what it allows cannot be told")
		i.hide("what the message says")
		return
	}
	shown, whole := short(text)
	i.Summary = "Sign the message " + shown + "."
	i.line("Message", quote(text))
	if !whole {
		i.hide("the end of the message")
	}
	switch {
	case hashLike.MatchString(text):
		i.unvalued("the message is a hash, and what it stands for is not said")
		i.hide("what the message is a hash of")
	case !signsIn(text, w):
		i.unvalued("the message is no sign-in, so what it promises to whoever reads it cannot be told")
	}
}

// looksSignable reports whether the bytes would be something else to sign, were
// they not signed as a message.
func looksSignable(b []byte) bool {
	_, notTransaction := evm.ParseUnsigned(b)
	_, notAuthorization := evm.ParseAuthorization(b)
	return notTransaction == nil || notAuthorization == nil || len(b) == 66 && b[0] == 0x19 && b[1] == 0x01
}

func (i *Intent) transaction(t *evm.Transaction) {
	where := networkName(t.ChainID)
	coin := native(t.ChainID)
	i.Network = chainID(t.ChainID)
	i.line("Network", where)
	if t.To == nil {
		i.Summary = "Create a contract on " + where
		if t.Value.Sign() > 0 {
			i.Summary += " and give it " + coin.say(t.Value)
		}
		i.line("Creates", "a contract of "+strconv.Itoa(len(t.Data))+" bytes of code")
		i.unvalued("what a new contract does cannot be told")
		i.hide("what the contract does")
	} else {
		i.line("To", t.To.String())
		if *t.To == (evm.Address{}) {
			i.line("Note", "The zero address belongs to nobody: what is sent there is lost.")
		}
		i.call(t)
	}
	to := ""
	if t.To != nil {
		to = t.To.String()
	}
	i.spend(coin.spend(t.ChainID, t.Value, to))
	i.line("Amount", coin.say(t.Value))
	if len(t.Data) > 0 {
		i.line("Data", "0x"+hex.EncodeToString(t.Data))
	}
	for _, a := range t.Authorizations {
		i.carried(a)
	}
	if len(t.Authorizations) > 0 {
		i.Summary += ", and hand accounts to code (" + strconv.Itoa(len(t.Authorizations)) + ", see the details)"
		i.hide("which accounts are handed to which code")
		i.unvalued("an account that is handed to code can be emptied by it")
	}
	if t.MaxCost().Sign() > 0 {
		i.Summary += ", with a gas fee of at most " + coin.say(t.MaxCost())
	}
	i.Summary += "."
	i.spend(coin.spend(t.ChainID, t.MaxCost(), ""))
	i.line("Gas fee, at most", coin.say(t.MaxCost()))
	i.line("Gas", strconv.FormatUint(t.Gas, 10))
	i.line("Nonce", strconv.FormatUint(t.Nonce, 10))
	i.line("Type",
		[...]string{evm.Legacy: "legacy", evm.AccessList: "EIP-2930", evm.DynamicFee: "EIP-1559", evm.SetCode: "EIP-7702"}[t.Type])
	for _, a := range t.AccessList {
		i.line("Access list", a.Address.String()+", "+strconv.Itoa(len(a.StorageKeys))+" storage keys")
	}
}

// call says what a transaction to an account or a contract does.
func (i *Intent) call(t *evm.Transaction) {
	where, to, coin := networkName(t.ChainID), t.To.String(), native(t.ChainID)
	if len(t.Data) == 0 {
		i.Summary = "Send " + coin.say(t.Value) + " to " + to + " on " + where
		return
	}
	c, known := evm.ParseCall(t.Data)
	switch {
	case known:
		i.line("Function", c.Function)
		for _, a := range c.Args {
			i.line("Argument "+a.Name, say(a.Value))
		}
		i.function(c, t.ChainID, *t.To)
	case len(t.Data) >= 4:
		selector := "0x" + hex.EncodeToString(t.Data[:4])
		i.line("Function", selector+", not known here")
		i.Summary = "Call an unknown function (" + selector + ") of " + to
		i.unvalued("the function called is not known here, so what it takes cannot be told")
		i.hide("what the function does, to whom and with how much")
	default:
		i.Summary = "Send data to " + to
		i.unvalued("what the data means to the contract cannot be told")
		i.hide("what the data means")
	}
	i.Summary += " on " + where
	if t.Value.Sign() > 0 {
		i.Summary += ", and pay " + coin.say(t.Value) + " to " + to
	}
}

// function puts a known call into words.
func (i *Intent) function(c evm.Call, chain uint64, contract evm.Address) {
	asset := token(chain, contract)
	address := func(name string) string { a, _ := c.Arg(name).(evm.Address); return a.String() }
	amount, _ := c.Arg("amount").(*big.Int)
	name, _, _ := strings.Cut(c.Function, "(")
	switch c.Function {
	case "transfer(address,uint256)":
		i.Summary = "Send " + asset.say(amount) + " to " + address("to")
		i.spend(asset.spend(chain, amount, address("to")))
		return
	case "transferFrom(address,address,uint256)":
		if asset.known() {
			i.Summary = "Send " + asset.say(amount) + " from " + address("from") + " to " + address("to")
			i.spend(asset.spend(chain, amount, address("to")))
			return
		}
		i.Summary = "Send " + amount.String() + " (an amount in the smallest unit, or the number of one item) of token " +
			contract.String() + " from " + address("from") + " to " + address("to")
		i.unvalued("the contract may be a token or a collection of items, so the value cannot be told")
		return
	case "approve(address,uint256)", "increaseAllowance(address,uint256)":
		i.Summary = "Let " + address("spender") + " spend " + allowance(asset, amount, 256)
		if name == "increaseAllowance" {
			i.Summary += " more"
		}
	case "decreaseAllowance(address,uint256)":
		i.Summary = "Let " + address("spender") + " spend less, by " + asset.say(amount)
	case "permit(address,address,uint256,uint256,uint8,bytes32,bytes32)":
		i.Summary = "Hand in a permit: let " + address("spender") + " spend " + allowance(asset, amount, 256) + " of " + address("owner")
	case "permit(address,address,uint256,uint256,bool,uint8,bytes32,bytes32)":
		i.Summary = "Hand in a permit: " + letAll(c.Arg("allowed"), address("spender"), "spend all "+asset.name()) + " of " +
			address("owner")
	case "setApprovalForAll(address,bool)":
		i.Summary = letAll(c.Arg("approved"), address("operator"), "move all items of the collection "+contract.String())
	case "approve(address,address,uint160,uint48)":
		other, _ := c.Arg("token").(evm.Address)
		i.Summary = "Let " + address("spender") + " spend " + allowance(token(chain, other), amount, 160) + " through " + contract.String()
	case "transferFrom(address,address,uint160,address)":
		other, _ := c.Arg("token").(evm.Address)
		i.Summary = "Send " + token(chain, other).
			say(amount) + " from " + address("from") + " to " + address("to") + " through " + contract.String()
		i.unvalued("the amount moves through another contract, so what it takes cannot be told")
		return
	default: // safeTransferFrom
		id, _ := c.Arg("id").(*big.Int)
		many := ""
		if amount != nil {
			many = amount.String() + " of "
		}
		i.Summary = "Send " + many + "item " + id.String() + " of the collection " + contract.String() + " from " + address("from") +
			" to " + address("to")
		i.unvalued("the value of an item cannot be told")
		if data, _ := c.Arg("data").([]byte); len(data) > 0 {
			i.hide("what the data that goes along means to the receiver")
		}
		return
	}
	i.unvalued("whoever may spend can take as much at any time")
}

// letAll is a right to everything, given or taken back.
func letAll(allowed any, who, what string) string {
	if allowed == true {
		return "Let " + who + " " + what
	}
	return "No longer let " + who + " " + what
}

// allowance is an amount that someone may spend; the largest number of so many
// bits stands for no limit.
func allowance(a asset, amount *big.Int, bits uint) string {
	most := new(big.Int).Lsh(big.NewInt(1), bits)
	if amount.Cmp(most.Sub(most, big.NewInt(1))) == 0 {
		return "unlimited " + a.name()
	}
	return a.say(amount)
}

// say writes one value in full.
func say(value any) string {
	switch v := value.(type) {
	case evm.Address:
		return v.String()
	case *big.Int:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	case []byte:
		return "0x" + hex.EncodeToString(v)
	case string:
		return quote(v)
	}
	return "none"
}

func readAuthorization(a wallet.Authorization) (out evm.Authorization, err error) {
	if out.ChainID, err = strconv.ParseUint(a.ChainID, 10, 64); err != nil || out.ChainID > evm.MaxChainID {
		return out, errors.New("chainId is no chain id in decimal digits")
	}
	if out.Nonce, err = strconv.ParseUint(a.Nonce, 10, 64); err != nil || out.Nonce == 1<<64-1 {
		return out, errors.New("nonce is no nonce in decimal digits")
	}
	out.Address, err = evm.ParseAddress(a.Address)
	return out, err
}

// authorization is one that the wallet is asked to sign.
func (i *Intent) authorization(a evm.Authorization, w wallet.Wallet) {
	i.Network = chainID(a.ChainID)
	where := authorizationNetwork(a)
	i.Summary = "Hand the account " + w.Address + " to the code at " + a.Address.String() + " on " + where +
		". The code can take everything in the account."
	if a.Address == (evm.Address{}) {
		i.Summary = "Take the code away from the account " + w.Address + " on " + where + "."
	}
	i.line("Network", where)
	i.line("Code", a.Address.String())
	i.line("Nonce", strconv.FormatUint(a.Nonce, 10))
	i.unvalued("an account that is handed to code can be emptied by it")
}

// carried is one that a transaction brings along.
func (i *Intent) carried(a evm.SignedAuthorization) {
	who := "an account that did not sign properly (without effect)"
	if authority, err := a.Authority(); err == nil {
		who = authority.String()
	}
	i.line("Hands to code", who+" to the code at "+a.Address.String()+" on "+authorizationNetwork(a.Authorization)+", nonce "+
		strconv.FormatUint(a.Nonce, 10))
}

func authorizationNetwork(a evm.Authorization) string {
	if a.ChainID == 0 {
		return "every chain"
	}
	return networkName(a.ChainID)
}
