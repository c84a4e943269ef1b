package evm

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/big"
	"os"
	"slices"
	"strconv"
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
	const want = "f86c098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a76400008025a028ef61340bd939bc2195fe5375678" +
		"66003e1a15d3c71ff63e1590620aa636276a067cbe9d8997f761aecb703304b3800ccf555c9f3dc64214b297fb1966a3b6d83"
	if got := hex.EncodeToString(signed); got != want {
		t.Fatalf("signed %s", got)
	}
	read, err := ParseSigned(signed)
	if err != nil || read.From.String() != "0x9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F" ||
		!bytes.Equal(read.Transaction.Unsigned(), tx.Unsigned()) {
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

type vectors struct {
	Key, Address, PublicKey string
	Transactions            []struct{ Unsigned, Digest, Signed, Hash string }
	Documents               []struct {
		Document json.RawMessage
		Digest   string
	}
	Messages       []struct{ Message, Digest string }
	Authorizations []struct {
		ChainID uint64 `json:"chainId"`
		Address string
		Nonce   uint64
		Digest  string
	}
}

func readVectors(t testing.TB) (v vectors) {
	t.Helper()
	text, err := os.ReadFile("testdata/viem.json")
	if err == nil {
		err = json.Unmarshal(text, &v)
	}
	if err != nil || len(v.Transactions) < 7 || len(v.Documents) < 3 || len(v.Messages) < 4 || len(v.Authorizations) < 3 {
		t.Fatalf("%+v, %v", v, err)
	}
	return v
}

func text(b []byte) string { return "0x" + hex.EncodeToString(b) }

func TestWhatViemMakesOfIt(t *testing.T) {
	v := readVectors(t)
	if a, err := AddressOf(unhex(t, v.PublicKey)); err != nil || a.String() != v.Address {
		t.Errorf("address %s, %v", a, err)
	}
	for _, c := range v.Transactions {
		tx, err := ParseUnsigned(unhex(t, c.Unsigned))
		if err != nil {
			t.Errorf("%s: %v", c.Unsigned, err)
			continue
		}
		digest := tx.Digest()
		if text(tx.Unsigned()) != c.Unsigned || text(digest[:]) != c.Digest {
			t.Errorf("%s is read as %s with digest %x", c.Unsigned, text(tx.Unsigned()), digest)
		}
		signed, err := tx.Signed(sign(t, v.Key, digest))
		if err != nil || text(signed) != c.Signed {
			t.Errorf("%s is signed as %x, %v", c.Unsigned, signed, err)
		}
		read, err := ParseSigned(signed)
		if err != nil || read.From.String() != v.Address || text(read.Hash[:]) != c.Hash ||
			!bytes.Equal(read.Transaction.Unsigned(), tx.Unsigned()) {
			t.Errorf("%s is read as %+v, %v", c.Signed, read, err)
		}
		for _, a := range tx.Authorizations {
			if who, err := a.Authority(); err != nil || who.String() != v.Address {
				t.Errorf("authority %s, %v", who, err)
			}
		}
		if _, err := ParseUnsigned(signed); err == nil {
			t.Errorf("%s passes for unsigned", c.Signed)
		}
		if _, err := ParseSigned(unhex(t, c.Unsigned)); err == nil {
			t.Errorf("%s passes for signed", c.Unsigned)
		}
	}
	for _, c := range v.Documents {
		d, err := ParseTypedData(c.Document)
		if err != nil {
			t.Errorf("%s: %v", c.Document, err)
			continue
		}
		if digest := d.Digest(); text(digest[:]) != c.Digest {
			t.Errorf("%s: %x", c.Document, digest)
		}
	}
	for _, c := range v.Messages {
		if digest := MessageDigest(unhex(t, c.Message)); text(digest[:]) != c.Digest {
			t.Errorf("%s: %x", c.Message, digest)
		}
	}
	for _, c := range v.Authorizations {
		a := Authorization{ChainID: c.ChainID, Address: Address(unhex(t, c.Address)), Nonce: c.Nonce}
		if digest := a.Digest(); text(digest[:]) != c.Digest {
			t.Errorf("%+v: %x", a, digest)
		}
		if back, err := ParseAuthorization(a.unsigned()); err != nil || back != a {
			t.Errorf("%+v is read as %+v, %v", a, back, err)
		}
	}
}

// The examples of EIP-55.
func TestAddresses(t *testing.T) {
	for _, good := range []string{
		"0x52908400098527886E0F7030069857D2E4169EE7", "0x8617E340B3D01FA5F11F306F4090FD50E238070D",
		"0xde709f2102306220921060314715629080e2fb77", "0x27b1fdb04752bbc536007a920d24acb045561c26",
		"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
		"0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB", "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
	} {
		if a, err := ParseAddress(good); err != nil || a.String() != good {
			t.Errorf("%s is read as %s, %v", good, a, err)
		}
		lower := strings.ToLower(good)
		if a, err := ParseAddress(lower); err != nil || a.String() != good {
			t.Errorf("%s is read as %s, %v", lower, a, err)
		}
	}
	for _, bad := range []string{"", "0x", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD", "5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
		"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAe", "0X5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
		"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed00", "5aaeb6053f3e94c9b9a09f33669435e7ef1beaed",
		"0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaexy"} {
		if a, err := ParseAddress(bad); err == nil {
			t.Errorf("%s is read as %s", bad, a)
		}
	}
	if _, err := AddressOf(make([]byte, 33)); err == nil {
		t.Error("no point has an address")
	}
}

// A value has one encoding: the others are refused.
func TestRLPIsCanonical(t *testing.T) {
	nested := func(depth int) []byte {
		b := rlpList()
		for range depth {
			b = rlpList(b)
		}
		return b
	}
	for _, good := range []string{hex.EncodeToString(nested(maxRLPDepth)), "00", "7f", "80", "8180", "83646f67", "c0", "c88363617483646f67",
		"c7c0c1c0c3c0c1c0", "b838" + strings.Repeat("61", 56), "f838" + strings.Repeat("61", 56)} {
		it, err := decodeRLP(unhex(t, good))
		if err != nil {
			t.Errorf("%s: %v", good, err)
		} else if got := hex.EncodeToString(it.encode()); got != good {
			t.Errorf("%s is read as %s", good, got)
		}
	}
	for _, bad := range []string{"", "8100", "817f", "81", "8364", "c181", "c28100", "c3c28100", "b9", "b901", "b800",
		"b837" + strings.Repeat("61", 55), "b90038" + strings.Repeat("61", 56), "f800", "f837" + strings.Repeat("61", 55), "c1", "c200",
		"0000", "c000", "bfffffffffffffffff", "ffffffffffffffffff", hex.EncodeToString(nested(maxRLPDepth + 1))} {
		if it, err := decodeRLP(unhex(t, bad)); err == nil {
			t.Errorf("%s is read as %+v", bad, it)
		}
	}
}

// encode is only for comparing: transactions are encoded field by field.
func (it item) encode() []byte {
	if !it.isList {
		return rlpBytes(it.bytes)
	}
	var list [][]byte
	for _, child := range it.list {
		list = append(list, child.encode())
	}
	return rlpList(list...)
}

func TestUnwrapMessage(t *testing.T) {
	for _, message := range []string{"hi", "0", "12345678901", strings.Repeat("7", 1000)} {
		wrapped := "\x19Ethereum Signed Message:\n" + strconv.Itoa(len(message)) + message
		if got, ok := UnwrapMessage([]byte(wrapped)); !ok || string(got) != message {
			t.Errorf("%q is read as %q", wrapped, got)
		}
		if digest := MessageDigest([]byte(message)); digest != Keccak256([]byte(wrapped)) {
			t.Errorf("%q", message)
		}
	}
	for _, other := range []string{"", "hi", "\x19Ethereum Signed Message:\n", "\x19Ethereum Signed Message:\n3hi",
		"\x19Ethereum Signed Message:\n02hi"} {
		if got, ok := UnwrapMessage([]byte(other)); ok {
			t.Errorf("%q is read as %q", other, got)
		}
	}
}

func TestTransactionsThatAreRefused(t *testing.T) {
	good := func() *Transaction {
		to := Address{19: 1}
		return &Transaction{Type: DynamicFee, ChainID: 1, Gas: 21000, MaxFee: big.NewInt(2), MaxPriorityFee: big.NewInt(1), To: &to,
			Value: new(big.Int)}
	}
	if _, err := ParseUnsigned(good().Unsigned()); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Transaction){
		"chain 0":        func(x *Transaction) { x.ChainID = 0 },
		"a huge chain":   func(x *Transaction) { x.ChainID = MaxChainID + 1 },
		"a huge nonce":   func(x *Transaction) { x.Nonce = maxNonce + 1 },
		"no gas":         func(x *Transaction) { x.Gas = 0 },
		"a larger tip":   func(x *Transaction) { x.MaxPriorityFee = big.NewInt(3) },
		"a huge value":   func(x *Transaction) { x.Value = new(big.Int).Lsh(big.NewInt(1), 256) },
		"nobody":         func(x *Transaction) { x.To = nil },
		"too much data":  func(x *Transaction) { x.Data = make([]byte, MaxData+1) },
		"an empty list":  func(x *Transaction) { x.Type = SetCode },
		"a 7702 factory": func(x *Transaction) { x.Type, x.To, x.Data = SetCode, nil, []byte{1} },
	} {
		tx := good()
		change(tx)
		if _, err := ParseUnsigned(tx.Unsigned()); err == nil {
			t.Errorf("%s passes", name)
		}
	}
	// A byte more or less, anywhere, is another transaction or none.
	raw := good().Unsigned()
	for at := range raw {
		for _, other := range [][]byte{append(bytes.Clone(raw[:at]), raw[at+1:]...),
			append(append(bytes.Clone(raw[:at]), 0), raw[at:]...)} {
			if tx, err := ParseUnsigned(other); err == nil && !bytes.Equal(tx.Unsigned(), other) {
				t.Errorf("%x is read as %x", other, tx.Unsigned())
			}
		}
	}
}

func TestCheck(t *testing.T) {
	one, to := big.NewInt(1), Address{19: 1}
	legacy := Transaction{Type: Legacy, ChainID: 1, Gas: 1, GasPrice: one, To: &to, Value: one}
	dynamic := Transaction{Type: DynamicFee, ChainID: 1, Gas: 1, MaxFee: one, MaxPriorityFee: one, To: &to, Value: one}
	for _, good := range []Transaction{legacy, dynamic} {
		if err := good.Check(); err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range map[string]struct {
		tx     Transaction
		change func(*Transaction)
	}{
		"type 3":                 {dynamic, func(x *Transaction) { x.Type = 3 }},
		"legacy, no price":       {legacy, func(x *Transaction) { x.GasPrice = nil }},
		"legacy, a maximum":      {legacy, func(x *Transaction) { x.MaxFee = one }},
		"legacy, a tip":          {legacy, func(x *Transaction) { x.MaxPriorityFee = one }},
		"legacy, a list":         {legacy, func(x *Transaction) { x.AccessList = []Access{{}} }},
		"dynamic, a price":       {dynamic, func(x *Transaction) { x.GasPrice = one }},
		"dynamic, no maximum":    {dynamic, func(x *Transaction) { x.MaxFee = nil }},
		"dynamic, no tip":        {dynamic, func(x *Transaction) { x.MaxPriorityFee = nil }},
		"dynamic, authorisation": {dynamic, func(x *Transaction) { x.Authorizations = []SignedAuthorization{{}} }},
		"no value":               {dynamic, func(x *Transaction) { x.Value = nil }},
		"a negative value":       {dynamic, func(x *Transaction) { x.Value = big.NewInt(-1) }},
		"a negative price":       {legacy, func(x *Transaction) { x.GasPrice = big.NewInt(-1) }},
		"a huge maximum":         {dynamic, func(x *Transaction) { x.MaxFee = new(big.Int).Lsh(one, 256) }},
	} {
		c.change(&c.tx)
		if err := c.tx.Check(); err == nil {
			t.Errorf("%s passes", name)
		}
	}
	for _, signature := range [][]byte{nil, make([]byte, 64), make([]byte, 65), append(make([]byte, 64), 26), append(make([]byte, 65), 27),
		append(make([]byte, 64), 29)} {
		if raw, err := legacy.Signed(signature); err == nil {
			t.Errorf("%x is a signature: %x", signature, raw)
		}
	}
}

// Each field of each transaction is replaced by what it should not be. What is
// read nevertheless must be written the same again.
func TestFieldsHaveOneForm(t *testing.T) {
	strange := []item{
		{isList: true}, {isList: true, list: []item{{bytes: []byte{1}}}}, {isList: true, list: []item{{isList: true}}},
		{}, {bytes: []byte{0}}, {bytes: []byte{1}}, {bytes: []byte{2}}, {bytes: []byte{0, 1}}, {bytes: make([]byte, 19)},
		{bytes: make([]byte, 20)}, {bytes: make([]byte, 21)},
		{bytes: bytes.Repeat([]byte{0xff}, 8)}, {bytes: bytes.Repeat([]byte{0xff}, 9)}, {bytes: bytes.Repeat([]byte{0xff}, 31)},
		{bytes: bytes.Repeat([]byte{0xff}, 32)}, {bytes: bytes.Repeat([]byte{0xff}, 33)},
	}
	rewritten := func(raw []byte) []byte { // of a signed transaction
		tx, tail, err := parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		fields := tx.fields()
		for _, it := range tail {
			fields = append(fields, it.encode())
		}
		return tx.envelope(fields)
	}
	try := func(raw []byte) {
		if tx, err := ParseUnsigned(raw); err == nil && !bytes.Equal(tx.Unsigned(), raw) {
			t.Errorf("%x is read as %x", raw, tx.Unsigned())
		}
		signed, err := ParseSigned(raw)
		if err == nil && !bytes.Equal(rewritten(raw), raw) {
			t.Errorf("%x is read as %x", raw, rewritten(raw))
		}
		if err == nil {
			if err := signed.Transaction.Check(); err != nil {
				t.Errorf("%x: %v", raw, err)
			}
		}
		if a, err := ParseAuthorization(raw); err == nil && !bytes.Equal(a.unsigned(), raw) {
			t.Errorf("%x is read as %x", raw, a.unsigned())
		}
	}
	var each func(it *item, whole func() []byte)
	each = func(it *item, whole func() []byte) {
		keep := *it
		for _, other := range strange {
			*it = other
			try(whole())
		}
		*it = keep
		for i := range it.list {
			each(&it.list[i], whole)
		}
		if it.isList { // one more, one less
			it.list = append(slices.Clone(keep.list), item{bytes: []byte{1}})
			try(whole())
			if len(keep.list) > 0 {
				it.list = keep.list[:len(keep.list)-1]
				try(whole())
			}
			*it = keep
		}
	}
	v := readVectors(t)
	raws := [][]byte{Authorization{ChainID: 1, Nonce: 1}.unsigned()}
	for _, c := range v.Transactions {
		raws = append(raws, unhex(t, c.Unsigned), unhex(t, c.Signed))
	}
	for _, raw := range raws {
		var prefix []byte
		if raw[0] < 0xc0 {
			prefix, raw = raw[:1], raw[1:]
		}
		it, err := decodeRLP(raw)
		if err != nil {
			t.Fatal(err)
		}
		each(&it, func() []byte { return append(bytes.Clone(prefix), it.encode()...) })
	}
}

func TestDocumentsThatAreRefused(t *testing.T) {
	mail, err := os.ReadFile("testdata/mail.json")
	if err != nil {
		t.Fatal(err)
	}
	change := func(pairs ...string) string {
		s := string(mail)
		for i := 0; i < len(pairs); i += 2 {
			if !strings.Contains(s, pairs[i]) {
				t.Fatalf("%s is not there", pairs[i])
			}
			s = strings.Replace(s, pairs[i], pairs[i+1], 1)
		}
		return s
	}
	contents := `{"name": "contents", "type": "string"}`
	typed := func(typ, value string) string {
		return change(contents, `{"name": "contents", "type": "`+typ+`"}`, `"Hello, Bob!"`, value)
	}
	for name, c := range map[string]struct{ document, says string }{
		"no JSON":               {"{", "not JSON"},
		"a list":                {"[]", "not a JSON object"},
		"a member more":         {change(`"primaryType"`, `"note": 1, "primaryType"`), "not known here"},
		"a member twice":        {change(`"primaryType"`, `"primaryType": "Person", "primaryType"`), "twice"},
		"a value twice":         {change(`"contents": "Hello`, `"contents": "", "contents": "Hello`), "twice"},
		"no types":              {`{"primaryType":"A","domain":{"name":"x"},"message":{}}`, "types is missing"},
		"no domain":             {`{"types":{"A":[]},"primaryType":"A","message":{}}`, "domain is missing"},
		"no message":            {`{"types":{"A":[]},"primaryType":"A","domain":{"name":"x"}}`, "message is missing"},
		"no primary type":       {`{"types":{"A":[]},"domain":{"name":"x"},"message":{}}`, "primaryType is missing"},
		"an empty domain":       {`{"types":{"A":[]},"primaryType":"A","domain":{},"message":{}}`, "domain is empty"},
		"the domain as message": {change(`"primaryType": "Mail"`, `"primaryType": "EIP712Domain"`), "says nothing"},
		"another primary type":  {change(`"primaryType": "Mail"`, `"primaryType": "mail"`), "not among the types"},
		"an unknown type":       {change(contents, `{"name": "contents", "type": "Text"}`), "unknown type"},
		"uint":                  {typed("uint", "1"), "write uint256"},
		"uint7":                 {typed("uint7", "1"), "unknown type"},
		"uint264":               {typed("uint264", "1"), "unknown type"},
		"uint08":                {typed("uint08", "1"), "unknown type"},
		"bytes0":                {typed("bytes0", `"0x"`), "unknown type"},
		"bytes33":               {typed("bytes33", `"0x"`), "unknown type"},
		"an array of no size":   {typed("string[0]", "[]"), "unknown type"},
		"a space in a type":     {typed("string []", "[]"), "unknown type"},
		"half an array":         {typed("string[", "[]"), "unknown type"},
		"five dimensions":       {typed("string[][][][][]", "[]"), "4 dimensions"},
		"a type called uint256": {change(`"Person": [`, `"uint256": [], "Person": [`), "name of a type"},
		"a type called bytes":   {change(`"Person": [`, `"bytes": [], "Person": [`), "name of a type"},
		"a type of two words":   {change(`"Person": [`, `"a b": [], "Person": [`), "name of a type"},
		"a type that is text":   {change(`"Person": [`, `"B": "x", "Person": [`), "is not a list"},
		"a member that is text": {change(contents, `"contents"`), "not an object of name and type"},
		"a member with more":    {change(contents, `{"name": "contents", "type": "string", "indexed": true}`), "not known here"},
		"a member without name": {change(contents, `{"type": "string"}`), "no proper name"},
		"a member of two words": {change(contents, `{"name": "a,b c", "type": "string"}`), "no proper name"},
		"a member without type": {change(contents, `{"name": "contents"}`), "no proper type"},
		"two members of a name": {change(contents, contents+`,`+contents), "member contents twice"},
		"a cycle": {change(`{"name": "wallet", "type": "address"}`, `{"name": "wallet", "type": "Mail[]"}`),
			"contains itself"},
		"itself":          {change(`{"name": "wallet", "type": "address"}`, `{"name": "wallet", "type": "Person"}`), "contains itself"},
		"a value missing": {change(`"contents": "Hello, Bob!"`, `"contents2": 1`), "does not name"},
		"a value less": {change(`,
    "contents": "Hello, Bob!"`, ``), "contents is missing"},
		"a value more": {change(`"name": "Cow"`, `"name": "Cow", "age": 5`), "does not name"},
		"null":         {change(`"Hello, Bob!"`, `null`), "is not a string"},
		"null as a struct": {change(`{"name": "Cow", "wallet": "0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826"}`, `null`),
			"is not an object"},
		"number as a string":     {change(`"Hello, Bob!"`, `5`), "is not a string"},
		"string as an address":   {change(`"0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826"`, `"cow.eth"`), "40 hex digits"},
		"mistyped address":       {change(`0xCD2a3d9F`, `0xcD2a3d9F`), "mistyped"},
		"int8 too large":         {typed("int8", "128"), "out of the range"},
		"int8 too small":         {typed("int8", `"-129"`), "out of the range"},
		"uint8 too large":        {typed("uint8", "256"), "out of the range"},
		"uint8 negative":         {typed("uint8", "-1"), "out of the range"},
		"a large number":         {typed("uint256", "9007199254740992"), "write it as a string"},
		"a fraction":             {typed("uint256", "1.0"), "no whole number"},
		"leading zeros":          {typed("uint256", `"007"`), "no whole number"},
		"negative zero":          {typed("int256", `"-0"`), "no whole number"},
		"bool as a number":       {typed("uint8", "true"), "not a whole number"},
		"bool as text":           {typed("bool", `"true"`), "not true or false"},
		"bool as 1":              {typed("bool", "1"), "not true or false"},
		"short bytes4":           {typed("bytes4", `"0x010203"`), "has 3 bytes"},
		"long bytes4":            {typed("bytes4", `"0x0102030405"`), "has 5 bytes"},
		"text as bytes":          {typed("bytes", `"hello"`), "hex digits in pairs"},
		"half a byte":            {typed("bytes", `"0x1"`), "hex digits in pairs"},
		"short array":            {typed("string[2]", `["a"]`), "not an array"},
		"text as an array":       {typed("string[]", `"a"`), "not an array"},
		"wrong element":          {typed("uint8[]", `[1, 256]`), "contents[1]"},
		"no hex prefix":          {typed("bytes", `"abcd"`), "hex digits in pairs"},
		"a huge type name":       {typed("uint8"+strings.Repeat("[1]", 90), "1"), "no proper type"},
		"a primary type of 5":    {change(`"primaryType": "Mail"`, `"primaryType": 5`), "primaryType is missing"},
		"a primary type of none": {change(`"primaryType": "Mail"`, `"primaryType": ""`), "primaryType is missing"},
		"a domain that is text":  {`{"types":{"A":[]},"primaryType":"A","domain":"x","message":{}}`, "domain is not an object"},
		"too many types": {`{"types":{"A0":[]` + repeat(maxTypes, `,"A%d":[]`) +
			`},"primaryType":"A0","domain":{"name":"x"},"message":{}}`, "more than 128 types"},
		"too many members": {`{"types":{"A":[{"name":"m0","type":"bool"}` + repeat(maxMembers, `,{"name":"m%d","type":"bool"}`) +
			`]},"primaryType":"A","domain":{"name":"x"},"message":{}}`, "at most 128 members"},
		"a domain of its own": {change(`{"name": "version", "type": "string"}`, `{"name": "owner", "type": "string"}`),
			"EIP712Domain has no member owner"},
		"a domain retyped": {change(`{"name": "chainId", "type": "uint256"}`, `{"name": "chainId", "type": "uint64"}`),
			"EIP712Domain has no member chainId"},
		"a domain with more":     {change(`"name": "Ether Mail"`, `"name": "Ether Mail", "salt": "0x00"`), "does not name"},
		"a domain with less":     {change(`"version": "1",`, ``), "domain.version is missing"},
		"a domain without chain": {change(`"chainId": 1`, `"chainId": "mainnet"`), "domain.chainId"},
	} {
		t.Run(name, func(t *testing.T) {
			d, err := ParseTypedData([]byte(c.document))
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%s\nis read as %+v; %v does not say %q", c.document, d, err, c.says)
			}
		})
	}
}

// repeat writes the format with 1 to n in it.
func repeat(n int, format string) (all string) {
	for i := 1; i <= n; i++ {
		all += fmt.Sprintf(format, i)
	}
	return all
}

// Each value of the message is there to be shown, and so is the domain.
func TestDocumentsAreShown(t *testing.T) {
	d, err := ParseTypedData([]byte(`{"types":{
		"A":[{"name":"b","type":"B[]"},{"name":"none","type":"int8[]"},{"name":"raw","type":"bytes"},{"name":"n","type":"int16"}],
		"B":[{"name":"ok","type":"bool"},{"name":"to","type":"address"}]},
		"primaryType":"A","domain":{"name":"N","version":"V","chainId":"0x7a69",
			"verifyingContract":"0x000000000000000000000000000000000000dead","salt":"0x` +
		strings.Repeat("ab", 32) + `"},
		"message":{"b":[{"ok":true,"to":"0x0000000000000000000000000000000000000001"}],"none":[],"raw":"0x0102","n":"0xff"}}`))
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(d.Fields); got != "[{b[0].ok bool true} {b[0].to address 0x0000000000000000000000000000000000000001} {none "+
		"int8[] <nil>} {raw bytes [1 2]} {n int16 255}]" {
		t.Errorf("fields %s", got)
	}
	if d.Field("b[0].ok") != true || d.Field("b") != nil {
		t.Errorf("%v, %v", d.Field("b[0].ok"), d.Field("b"))
	}
	if o := d.Domain; o.Name != "N" || o.Version != "V" || o.ChainID.Int64() != 31337 ||
		o.VerifyingContract.String() != "0x000000000000000000000000000000000000dEaD" || o.Salt != "0x"+strings.Repeat("ab", 32) {
		t.Errorf("domain %+v", o)
	}
}

func TestCalls(t *testing.T) {
	selector := func(signature string) string { h := Keccak256([]byte(signature)); return hex.EncodeToString(h[:4]) }
	// The selectors that everyone knows.
	for signature, want := range map[string]string{"transfer(address,uint256)": "a9059cbb", "approve(address,uint256)": "095ea7b3",
		"transferFrom(address,address,uint256)": "23b872dd", "setApprovalForAll(address,bool)": "a22cb465",
		"safeTransferFrom(address,address,uint256,bytes)":               "b88d4fde",
		"permit(address,address,uint256,uint256,uint8,bytes32,bytes32)": "d505accf"} {
		if got := selector(signature); got != want {
			t.Errorf("%s: %s", signature, got)
		}
		if _, known := functions[[4]byte(unhex(t, want))]; !known {
			t.Errorf("%s is not known", signature)
		}
	}
	word := func(s string) string { return strings.Repeat("0", 64-len(s)) + s }
	items := selector("safeTransferFrom(address,address,uint256,bytes)") + word("01") + word("02") + word("03")
	c, ok := ParseCall(unhex(t, items+word("80")+word("03")+"aabbcc"+strings.Repeat("0", 58)))
	if !ok || text(c.Arg("data").([]byte)) != "0xaabbcc" || c.Arg("id").(*big.Int).Int64() != 3 || c.Arg("nothing") != nil {
		t.Errorf("%+v, %t", c, ok)
	}
	if c, ok := ParseCall(unhex(t, items+word("80")+word("0"))); !ok || len(c.Arg("data").([]byte)) != 0 {
		t.Errorf("%+v, %t", c, ok)
	}
	for name, data := range map[string]string{
		"nothing":             "",
		"half a selector":     "a9059c",
		"no arguments":        "a9059cbb",
		"half the arguments":  "a9059cbb" + word("01"),
		"more than arguments": "a9059cbb" + word("01") + word("02") + word("03"),
		"a long address":      "a9059cbb" + "01" + word("02")[2:] + word("02"),
		"a bool of 2":         selector("setApprovalForAll(address,bool)") + word("01") + word("02"),
		"a wide uint160": selector("approve(address,address,uint160,uint48)") + word("01") + word("02") +
			word("1"+strings.Repeat("0", 40)) + word("0"),
		"a wide uint48": selector("approve(address,address,uint160,uint48)") + word("01") + word("02") + word("0") +
			word("1"+strings.Repeat("0", 12)), "no tail": items + word("80"),
		"a size over the end": items + word("80") + word("ff"),
		"another offset":      items + word("a0") + word("0"),
		"a huge offset":       items + strings.Repeat("f", 64) + word("0"),
		"a huge size":         items + word("80") + strings.Repeat("f", 64),
		"a size too large":    items + word("80") + word("21") + word("0"),
		"filled padding":      items + word("80") + word("01") + "aabb" + strings.Repeat("0", 60),
		"no padding":          items + word("80") + word("01") + "aa",
		"more than padding":   items + word("80") + word("01") + "aa" + strings.Repeat("0", 62) + word("0"),
	} {
		if c, ok := ParseCall(unhex(t, data)); ok {
			t.Errorf("%s is read as %+v", name, c)
		}
	}
}

func FuzzRLP(f *testing.F) {
	for _, seed := range []string{"c88363617483646f67", "8180", "b838" + strings.Repeat("61", 56), "8100", "c7c0c1c0c3c0c1c0"} {
		f.Add(unhex(f, seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if it, err := decodeRLP(b); err == nil && !bytes.Equal(it.encode(), b) {
			t.Fatalf("%x is read as %x", b, it.encode())
		}
	})
}

func FuzzTransaction(f *testing.F) {
	for _, c := range readVectors(f).Transactions {
		f.Add(unhex(f, c.Unsigned))
		f.Add(unhex(f, c.Signed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if tx, err := ParseUnsigned(b); err == nil {
			if !bytes.Equal(tx.Unsigned(), b) {
				t.Fatalf("%x is read as %x", b, tx.Unsigned())
			}
			if _, err := ParseSigned(b); err == nil {
				t.Fatalf("%x is both", b)
			}
			tx.MaxCost()
		}
		if signed, err := ParseSigned(b); err == nil {
			if signed.Hash != Keccak256(b) {
				t.Fatalf("%x has another hash", b)
			}
			if again, err := ParseUnsigned(signed.Transaction.Unsigned()); err != nil ||
				!bytes.Equal(again.Unsigned(), signed.Transaction.Unsigned()) {
				t.Fatalf("%x: %v", b, err)
			}
		}
		if a, err := ParseAuthorization(b); err == nil && !bytes.Equal(a.unsigned(), b) {
			t.Fatalf("%x is read as %x", b, a.unsigned())
		}
		ParseCall(b)
	})
}

func FuzzTypedData(f *testing.F) {
	for _, c := range readVectors(f).Documents {
		f.Add([]byte(c.Document))
	}
	f.Fuzz(func(t *testing.T, document []byte) {
		d, err := ParseTypedData(document)
		if err != nil {
			return
		}
		again, err := ParseTypedData(document)
		if err != nil || again.Digest() != d.Digest() {
			t.Fatalf("%s is read in two ways: %v", document, err)
		}
		for _, field := range d.Fields {
			if strings.ContainsAny(field.Path+field.Type, " \n") {
				t.Fatalf("%q", field)
			}
		}
	})
}
