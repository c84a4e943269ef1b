package intent

import (
	"errors"
	"fmt"
	"math/big"
	"strconv"
	"strings"

	"github.com/stepup-auth/stepup/internal/chain/evm"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/strictjson"
	"github.com/stepup-auth/stepup/internal/wallet"
)

// ParseSign reads the body of POST /waas/{walletId}/signMessage: what to sign,
// in exactly one of its forms. Besides our own forms it reads those of the
// published client, which sends a hash (isFormatted) and what it was made of
// (context): a hash is signed only when we come to the same one.
func ParseSign(chain wallet.Chain, body []byte) (wallet.SignRequest, error) {
	o, err := parseBody(body)
	if err != nil {
		return wallet.SignRequest{}, fault.New(fault.InvalidJSON, "The body must be one JSON object without repeated members: %s.", err)
	}
	switch chain {
	case wallet.EVM:
		return parseEVM(o)
	case wallet.SOL:
		return parseSolana(o)
	}
	return wallet.SignRequest{}, fault.New(fault.ChainNotSupported, "Wallets of chain %q do not sign here.", chain)
}

// parseBody reads an object in which every string says something: what is signed
// must not be text that readers differ about.
func parseBody(body []byte) (strictjson.Members, error) {
	v, err := strictjson.Parse(body, evm.MaxDepth)
	if err == nil {
		err = v.CheckTexts()
	}
	if err != nil {
		return strictjson.Members{}, err
	}
	return v.Object()
}

const forms = "send exactly one of message, typedData, transaction and authorization"

func parseEVM(o strictjson.Members) (wallet.SignRequest, error) {
	var kind string
	for _, name := range []string{"message", "typedData", "transaction", "authorization"} {
		if o.Get(name).Absent() {
			continue
		}
		if kind != "" {
			return wallet.SignRequest{}, fault.New(fault.InvalidRequest, "Both %s and %s are there; %s.", kind, name, forms)
		}
		kind = name
	}
	formatted, err := flag(o, "isFormatted")
	if err != nil {
		return wallet.SignRequest{}, err
	}
	context, err := optionalObject(o, "context")
	if err != nil {
		return wallet.SignRequest{}, err
	}
	if kind != "message" {
		if formatted || len(preimages(context)) > 0 {
			return wallet.SignRequest{}, fault.New(fault.InvalidRequest, "isFormatted and context go with message only.")
		}
		if !o.Get("encoding").Absent() {
			return wallet.SignRequest{}, fault.New(fault.InvalidRequest, "encoding goes with message only.")
		}
	}
	var r wallet.SignRequest
	switch kind {
	case "message":
		if formatted {
			return parseHash(o, context)
		}
		return parseMessage(o, context)
	case "typedData":
		r = wallet.SignRequest{Kind: wallet.SignTypedData, TypedData: o.Get("typedData").Raw()}
		_, err = evm.ParseTypedData(r.TypedData)
	case "transaction":
		r, err = parseTransaction(o)
	case "authorization":
		r, err = parseAuthorization(o.Get("authorization"))
	default:
		return r, fault.New(fault.InvalidRequest, "There is nothing to sign; %s.", forms)
	}
	if err != nil {
		return wallet.SignRequest{}, invalid(kind, err)
	}
	return r, nil
}

// flag is a member that is true or false, or absent, which is false.
func flag(o strictjson.Members, name string) (bool, error) {
	value := o.Get(name)
	b, err := value.Boolean()
	if err != nil && !value.Absent() {
		return false, fault.New(fault.InvalidRequest, "%s must be true or false.", name)
	}
	return b, nil
}

// optionalObject is a member that is an object; none when it is absent or null.
func optionalObject(o strictjson.Members, name string) (strictjson.Members, error) {
	value := o.Get(name)
	child, err := value.Object()
	if err != nil && !value.Absent() {
		return strictjson.Members{}, fault.New(fault.InvalidRequest, "%s must be an object.", name)
	}
	return child, nil
}

// preimages are the members of a context that say what a hash was made of.
func preimages(context strictjson.Members) []string {
	var names []string
	for name, value := range context.All() {
		if !value.Absent() && name != "domain" {
			names = append(names, name)
		}
	}
	return names
}

func parseMessage(o, context strictjson.Members) (wallet.SignRequest, error) {
	text, err := messageText(o)
	if err != nil {
		return wallet.SignRequest{}, err
	}
	r := wallet.SignRequest{Kind: wallet.SignMessage, Message: []byte(text)}
	switch encodingOf(o, "utf8") {
	case "utf8":
	case "hex":
		if r.Message, err = evm.Bytes(text); err != nil {
			return wallet.SignRequest{}, invalid("message", err)
		}
	default:
		return wallet.SignRequest{}, fault.New(fault.InvalidRequest, "encoding must be utf8 or hex.")
	}
	if len(r.Message) == 0 {
		return wallet.SignRequest{}, fault.New(fault.InvalidRequest, "message is empty.")
	}
	for _, name := range preimages(context) {
		if name != "evmMessage" {
			return wallet.SignRequest{}, fault.New(fault.InvalidRequest, "context has %s, but without isFormatted the message is text. "+
				"Set isFormatted and send the hash as message, or leave context out.", strconv.Quote(name))
		}
		candidates, err := contextMessage(context)
		if err != nil {
			return wallet.SignRequest{}, invalid("context.evmMessage", err)
		}
		same := false
		for _, c := range candidates {
			same = same || string(c.Message) == string(r.Message)
		}
		if !same {
			return wallet.SignRequest{}, fault.New(fault.InvalidRequest, "context.evmMessage is another text than message.")
		}
	}
	return r, nil
}

// encodingOf is the member encoding; what is no text is no encoding.
func encodingOf(o strictjson.Members, unsaid string) string {
	value := o.Get("encoding")
	if value.Absent() {
		return unsaid
	}
	encoding, _ := value.Text()
	return encoding
}

func messageText(o strictjson.Members) (string, error) {
	text, err := o.Get("message").Text()
	if err != nil {
		return "", fault.New(fault.InvalidRequest,
			"message must be a string; send typed data as typedData and transactions as transaction.")
	}
	return text, nil
}

func blind(format string, args ...any) error {
	return fault.New(fault.BlindSigningRefused, format, args...)
}

// parseHash reads a hash together with what it was made of, and returns the
// latter.
func parseHash(o, context strictjson.Members) (wallet.SignRequest, error) {
	text, err := messageText(o)
	if err != nil {
		return wallet.SignRequest{}, err
	}
	hash, err := evm.Bytes("0x" + strings.TrimPrefix(text, "0x"))
	if err != nil || len(hash) != 32 {
		return wallet.SignRequest{}, fault.New(fault.InvalidRequest, "With isFormatted, message must be a hash: 64 hex digits.")
	}
	const send = "Send what it was made of as context.evmTransaction, context.evmTypedData, context.evmMessage or context.eip7702Auth, " +
		"or, without isFormatted and context, as transaction, typedData, message or authorization."
	if o.Get("context").Absent() {
		return wallet.SignRequest{}, blind("A hash alone is not signed, for nobody could say what it stands for. " + send)
	}
	names := preimages(context)
	if len(names) != 1 {
		return wallet.SignRequest{},
			blind("A hash is signed with exactly one thing that it was made of, and context has %d. "+send, len(names))
	}
	name := names[0]
	var candidates []wallet.SignRequest
	switch value := context.Get(name); name {
	case "evmTransaction":
		candidates, err = contextTransaction(value)
	case "evmTypedData":
		candidates = []wallet.SignRequest{{Kind: wallet.SignTypedData, TypedData: value.Raw()}}
		_, err = evm.ParseTypedData(value.Raw())
	case "evmMessage":
		candidates, err = contextMessage(context)
	case "eip7702Auth":
		candidates = make([]wallet.SignRequest, 1)
		candidates[0], err = parseAuthorization(value)
	case "rawSign":
		candidates, err = contextRaw(value)
	default:
		return wallet.SignRequest{}, blind("A hash of %s is not signed here. "+send, strconv.Quote(name))
	}
	if err != nil {
		return wallet.SignRequest{}, invalid("context."+name, err)
	}
	for _, c := range candidates {
		if digest, err := digestOf(c); err == nil && string(digest[:]) == string(hash) {
			return c, nil
		}
	}
	return wallet.SignRequest{},
		blind("The hash is not that of context.%s. Send all of it, or leave isFormatted and the hash out and let it be hashed here.", name)
}

// digestOf is what would be signed.
func digestOf(r wallet.SignRequest) (digest [32]byte, err error) {
	switch r.Kind {
	case wallet.SignMessage:
		return evm.MessageDigest(r.Message), nil
	case wallet.SignTypedData:
		d, err := evm.ParseTypedData(r.TypedData)
		if err != nil {
			return digest, err
		}
		return d.Digest(), nil
	case wallet.SignTransaction:
		return evm.Keccak256(r.Transaction), nil
	default:
		a, err := readAuthorization(*r.Authorization)
		return a.Digest(), err
	}
}

// contextMessage reads evmMessage: text, or hex as {raw}. Text in hex digits may
// have been meant as either; the hash tells.
func contextMessage(context strictjson.Members) ([]wallet.SignRequest, error) {
	value := context.Get("evmMessage")
	if o, err := value.Object(); err == nil {
		if err := o.Only("raw"); err != nil {
			return nil, err
		}
		text, err := o.Get("raw").Text()
		if err != nil {
			return nil, errors.New("raw is no hex string")
		}
		raw, err := evm.Bytes(text)
		return []wallet.SignRequest{{Kind: wallet.SignMessage, Message: raw}}, err
	}
	text, err := value.Text()
	if err != nil {
		return nil, errors.New("it is neither text nor {raw}")
	}
	candidates := []wallet.SignRequest{{Kind: wallet.SignMessage, Message: []byte(text)}}
	if raw, err := evm.Bytes(text); err == nil {
		candidates = append(candidates, wallet.SignRequest{Kind: wallet.SignMessage, Message: raw})
	}
	return candidates, nil
}

// contextRaw reads rawSign, the bytes that were hashed, if they are something
// that is signed here.
func contextRaw(value strictjson.Value) ([]wallet.SignRequest, error) {
	o, err := value.Object()
	if err != nil {
		return nil, errors.New("it is no object")
	}
	if hash, _ := o.Get("hashFunction").Text(); hash != "keccak256" {
		return nil, errors.New("hashFunction must be keccak256 for a wallet of EVM")
	}
	var b []byte
	for _, name := range []string{"prefix", "payload"} {
		value := o.Get(name)
		text, err := value.Text()
		if err != nil && (!value.Absent() || name == "payload") {
			return nil, fmt.Errorf("%s is no hex string", name)
		}
		part, err := evm.Bytes("0x" + strings.TrimPrefix(text, "0x"))
		if err != nil {
			return nil, err
		}
		b = append(b, part...)
	}
	if t, err := evm.ParseUnsigned(b); err == nil {
		return []wallet.SignRequest{{Kind: wallet.SignTransaction, Transaction: t.Unsigned()}}, nil
	}
	if a, err := evm.ParseAuthorization(b); err == nil {
		return []wallet.SignRequest{authorizationRequest(a)}, nil
	}
	if m, ok := evm.UnwrapMessage(b); ok {
		return []wallet.SignRequest{{Kind: wallet.SignMessage, Message: m}}, nil
	}
	return nil,
		errors.New("the payload is no transaction, authorisation or message with its prefix (EIP-191), so what it does cannot be said")
}

func parseAuthorization(value strictjson.Value) (wallet.SignRequest, error) {
	o, err := value.Object()
	if err != nil {
		return wallet.SignRequest{}, errors.New("it is no object of chainId, address and nonce")
	}
	if err := o.Only("chainId", "address", "nonce"); err != nil {
		return wallet.SignRequest{}, err
	}
	r := memberReader{o: o}
	a := evm.Authorization{ChainID: r.uint64("chainId"), Nonce: r.uint64("nonce")}
	if to := r.address("address"); to != nil {
		a.Address = *to
	} else {
		r.fail(errors.New("address is missing"))
	}
	return authorizationRequest(a), r.err
}

func authorizationRequest(a evm.Authorization) wallet.SignRequest {
	return wallet.SignRequest{Kind: wallet.SignAuthorization, Authorization: &wallet.Authorization{
		ChainID: strconv.FormatUint(a.ChainID, 10), Address: a.Address.String(), Nonce: strconv.FormatUint(a.Nonce, 10),
	}}
}

func parseTransaction(o strictjson.Members) (wallet.SignRequest, error) {
	value := o.Get("transaction")
	if text, err := value.Text(); err == nil {
		raw, err := evm.Bytes(text)
		if err != nil {
			return wallet.SignRequest{}, err
		}
		_, err = evm.ParseUnsigned(raw)
		return wallet.SignRequest{Kind: wallet.SignTransaction, Transaction: raw}, err
	}
	t, err := readTransaction(value)
	if err != nil {
		return wallet.SignRequest{}, err
	}
	if err := t.Check(); err != nil {
		return wallet.SignRequest{}, err
	}
	return wallet.SignRequest{Kind: wallet.SignTransaction, Transaction: t.Unsigned()}, nil
}

// contextTransaction reads evmTransaction. The published form does not say the
// type; where the fees leave it open, the hash tells.
func contextTransaction(value strictjson.Value) ([]wallet.SignRequest, error) {
	t, err := readTransaction(value)
	if err != nil {
		return nil, err
	}
	if err := t.Check(); err != nil {
		return nil, err
	}
	candidates := []wallet.SignRequest{{Kind: wallet.SignTransaction, Transaction: t.Unsigned()}}
	if t.Type == evm.Legacy {
		t.Type = evm.AccessList
		candidates = append(candidates, wallet.SignRequest{Kind: wallet.SignTransaction, Transaction: t.Unsigned()})
	}
	return candidates, nil
}

var transactionTypes = map[string]int{
	"legacy": evm.Legacy, "0x0": evm.Legacy, "0": evm.Legacy,
	"eip2930": evm.AccessList, "0x1": evm.AccessList, "1": evm.AccessList,
	"eip1559": evm.DynamicFee, "0x2": evm.DynamicFee, "2": evm.DynamicFee,
	"eip7702": evm.SetCode, "0x4": evm.SetCode, "4": evm.SetCode,
}

// readTransaction reads a transaction written as an object. Nothing is filled
// in for the caller except what is nothing: no value, no data, no access list.
func readTransaction(value strictjson.Value) (*evm.Transaction, error) {
	o, err := value.Object()
	if err != nil {
		return nil, errors.New("it is neither an object nor the hex of an unsigned transaction")
	}
	for name, hint := range map[string]string{
		"from": "leave from out: it is the wallet that signs", "gasLimit": "write gasLimit as gas", "input": "write input as data",
	} {
		if o.Has(name) {
			return nil, errors.New(hint)
		}
	}
	if err := o.Only("type", "chainId", "nonce", "gas", "gasPrice", "maxFeePerGas", "maxPriorityFeePerGas", "to", "value", "data",
		"accessList", "authorizationList"); err != nil {
		return nil, err
	}
	r := memberReader{o: o}
	t := &evm.Transaction{
		ChainID: r.uint64("chainId"), Nonce: r.uint64("nonce"), Gas: r.uint64("gas"),
		To: r.address("to"), Data: r.bytes("data"), Value: new(big.Int),
		AccessList: r.accessList(), Authorizations: r.authorizationList(),
	}
	if r.has("value") {
		t.Value = r.integer("value")
	}
	if t.Type, err = transactionType(o, r); err != nil {
		return nil, err
	}
	if t.Type == evm.Legacy || t.Type == evm.AccessList {
		t.GasPrice = r.integer("gasPrice")
		r.without("maxFeePerGas", "maxPriorityFeePerGas")
	} else {
		t.MaxFee, t.MaxPriorityFee = r.integer("maxFeePerGas"), r.integer("maxPriorityFeePerGas")
		r.without("gasPrice")
	}
	return t, r.err
}

// transactionType is the type that is named, or else the one that the fees and
// lists belong to.
func transactionType(o strictjson.Members, r memberReader) (int, error) {
	switch value := o.Get("type"); value.Kind() {
	case 0, strictjson.Null:
	case strictjson.Text:
		text, _ := value.Text()
		if typ, ok := transactionTypes[text]; ok {
			return typ, nil
		}
		return 0, fmt.Errorf("type %s is not signed here; use legacy, eip2930, eip1559 or eip7702", strconv.Quote(text))
	case strictjson.Number:
		if typ, ok := transactionTypes[string(value.Raw())]; ok {
			return typ, nil
		}
		return 0, fmt.Errorf("type %s is not signed here; use 0, 1, 2 or 4", value.Raw())
	default:
		return 0, errors.New("type must be a string or a number")
	}
	switch {
	case r.has("authorizationList"):
		return evm.SetCode, nil
	case r.has("gasPrice") && r.has("accessList"):
		return evm.AccessList, nil
	case r.has("gasPrice"):
		return evm.Legacy, nil
	}
	return evm.DynamicFee, nil
}

// memberReader reads members of an object; the first fault sticks.
type memberReader struct {
	o   strictjson.Members
	err error
}

func (r *memberReader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

func (r *memberReader) has(name string) bool {
	return !r.o.Get(name).Absent()
}

func (r *memberReader) without(names ...string) {
	for _, name := range names {
		if r.has(name) {
			r.fail(fmt.Errorf("%s does not belong to a transaction of this type; leave it out", name))
		}
	}
}

func (r *memberReader) integer(name string) *big.Int {
	value := r.o.Get(name)
	if value.Absent() {
		r.fail(fmt.Errorf("%s is missing; nothing is filled in, because what is signed is what was asked for", name))
		return new(big.Int)
	}
	n, err := evm.Integer(value)
	if err == nil && (n.Sign() < 0 || n.BitLen() > 256) {
		err = errors.New("is not between 0 and 2^256")
	}
	if err != nil {
		r.fail(fmt.Errorf("%s: %w", name, err))
		return new(big.Int)
	}
	return n
}

func (r *memberReader) uint64(name string) uint64 {
	n := r.integer(name)
	if !n.IsUint64() {
		r.fail(fmt.Errorf("%s is too large", name))
	}
	return n.Uint64()
}

func (r *memberReader) text(name string) (string, bool) {
	value := r.o.Get(name)
	text, err := value.Text()
	if err != nil && !value.Absent() {
		r.fail(fmt.Errorf("%s is not a string", name))
	}
	return text, err == nil
}

func (r *memberReader) address(name string) *evm.Address {
	text, ok := r.text(name)
	if !ok {
		return nil
	}
	a, err := evm.ParseAddress(text)
	if err != nil {
		r.fail(fmt.Errorf("%s: %w", name, err))
	}
	return &a
}

func (r *memberReader) bytes(name string) []byte {
	text, ok := r.text(name)
	if !ok {
		return nil
	}
	b, err := evm.Bytes(text)
	if err != nil {
		r.fail(fmt.Errorf("%s: %w", name, err))
	}
	return b
}

func (r *memberReader) list(name string) []strictjson.Value {
	value := r.o.Get(name)
	list, err := value.List()
	if err != nil && !value.Absent() {
		r.fail(fmt.Errorf("%s is not a list", name))
	}
	return list
}

func (r *memberReader) accessList() []evm.Access {
	var out []evm.Access
	for n, value := range r.list("accessList") {
		entry, err := readAccess(value)
		if err != nil {
			r.fail(fmt.Errorf("accessList[%d]: %w", n, err))
		}
		out = append(out, entry)
	}
	return out
}

func readAccess(value strictjson.Value) (evm.Access, error) {
	o, err := value.Object()
	if err != nil {
		return evm.Access{}, errors.New("is no object of address and storageKeys")
	}
	if err := o.Only("address", "storageKeys"); err != nil {
		return evm.Access{}, err
	}
	r := memberReader{o: o}
	address := r.address("address")
	if address == nil {
		return evm.Access{}, errors.New("address is missing")
	}
	a := evm.Access{Address: *address}
	for _, key := range r.list("storageKeys") {
		text, _ := key.Text()
		raw, err := evm.Bytes(text)
		if err != nil || len(raw) != 32 {
			return evm.Access{}, errors.New("a storage key is not 32 bytes in hex")
		}
		a.StorageKeys = append(a.StorageKeys, [32]byte(raw))
	}
	return a, r.err
}

func (r *memberReader) authorizationList() []evm.SignedAuthorization {
	var out []evm.SignedAuthorization
	for n, value := range r.list("authorizationList") {
		entry, err := readSignedAuthorization(value)
		if err != nil {
			r.fail(fmt.Errorf("authorizationList[%d]: %w", n, err))
		}
		out = append(out, entry)
	}
	return out
}

// readSignedAuthorization takes v, as some libraries add it, when it says the
// same as yParity.
func readSignedAuthorization(value strictjson.Value) (evm.SignedAuthorization, error) {
	o, err := value.Object()
	if err != nil {
		return evm.SignedAuthorization{}, errors.New("is no object of chainId, address, nonce, yParity, r and s")
	}
	if err := o.Only("chainId", "address", "nonce", "yParity", "r", "s", "v"); err != nil {
		return evm.SignedAuthorization{}, err
	}
	r := memberReader{o: o}
	a := evm.SignedAuthorization{R: r.integer("r"), S: r.integer("s")}
	a.ChainID, a.Nonce = r.uint64("chainId"), r.uint64("nonce")
	parity := r.uint64("yParity")
	if parity > 1 {
		r.fail(errors.New("yParity is 0 or 1"))
	}
	a.YParity = uint8(parity & 1)
	if r.has("v") && r.uint64("v") != parity+27 {
		r.fail(errors.New("v is not 27 + yParity; leave it out"))
	}
	address := r.address("address")
	if address == nil {
		return a, errors.New("address is missing")
	}
	a.Address = *address
	return a, r.err
}
