package evm

import (
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/stepup-auth/stepup/internal/strictjson"
)

// TypedData is an EIP-712 document that was read in full: each member of each
// type is there, nothing else is, and each value is one of its type.
type TypedData struct {
	PrimaryType string
	Domain      Domain
	Fields      []Field // of the message, flattened in the order of the types
	Type        string  // encodeType of the primary type, which says what it is

	domain, message [32]byte // hashStruct of each
}

// Domain is what a document says about where it holds; empty or nil: not said.
type Domain struct {
	Name, Version, Salt string
	ChainID             *big.Int
	VerifyingContract   *Address
}

// Field is one value of the message.
type Field struct {
	Path  string // as in details.token or items[2].amount
	Type  string // atomic, or an array type when the array is empty
	Value any    // *big.Int, bool, Address, []byte, string, or nil for an empty array
}

// Limits of a document.
const (
	MaxDepth   = 64 // of nesting
	maxTypes   = 128
	maxMembers = 128 // of one type
)

// Digest is what the account signs: 0x19 0x01 ‖ domain ‖ message, hashed.
func (d *TypedData) Digest() [32]byte {
	return Keccak256([]byte{0x19, 0x01}, d.domain[:], d.message[:])
}

// Field is the value at a path; nil when there is none.
func (d *TypedData) Field(path string) any {
	for _, f := range d.Fields {
		if f.Path == path {
			return f.Value
		}
	}
	return nil
}

// ParseTypedData reads a document. The type EIP712Domain may be left out, as
// most libraries do; the domain's members then say which it is.
func ParseTypedData(document []byte) (*TypedData, error) {
	parsed, err := strictjson.Parse(document, MaxDepth)
	if err == nil {
		err = parsed.CheckTexts()
	}
	if err != nil {
		return nil, err
	}
	root, err := parsed.Object()
	if err != nil {
		return nil, err
	}
	if err := root.Only("types", "primaryType", "domain", "message"); err != nil {
		return nil, err
	}
	types, err := object(root, "types")
	if err != nil {
		return nil, err
	}
	domain, err := object(root, "domain")
	if err != nil {
		return nil, err
	}
	if _, err := object(root, "message"); err != nil {
		return nil, err
	}
	primary, err := root.Get("primaryType").Text()
	if err != nil || primary == "" {
		return nil, errors.New("primaryType is missing")
	}
	s := schema{structs: map[string][]structMember{}, hashes: map[string][32]byte{}}
	if err := s.read(types); err != nil {
		return nil, err
	}
	if err := s.domain(domain); err != nil {
		return nil, err
	}
	if primary == domainType {
		return nil, errors.New("a document with the primaryType EIP712Domain says nothing; set primaryType to the type of message")
	}
	if s.structs[primary] == nil {
		return nil, fmt.Errorf("primaryType %s is not among the types", quoted(primary))
	}
	if err := s.check(); err != nil {
		return nil, err
	}
	d := &TypedData{PrimaryType: primary, Type: s.encodeType(primary)}
	if d.domain, err = s.hashStruct(domainType, root.Get("domain"), "domain", nil); err != nil {
		return nil, err
	}
	if d.message, err = s.hashStruct(primary, root.Get("message"), "", &d.Fields); err != nil {
		return nil, err
	}
	d.Domain, err = readDomain(domain)
	return d, err
}

func object(o strictjson.Members, name string) (strictjson.Members, error) {
	value := o.Get(name)
	if !value.Exists() {
		return strictjson.Members{}, fmt.Errorf("%s is missing", name)
	}
	child, err := value.Object()
	if err != nil {
		return strictjson.Members{}, fmt.Errorf("%s is not an object", name)
	}
	return child, nil
}

const domainType = "EIP712Domain"

// domainMembers are those of EIP-712, in its order.
var domainMembers = []structMember{
	{"name", "string"}, {"version", "string"}, {"chainId", "uint256"}, {"verifyingContract", "address"}, {"salt", "bytes32"},
}

type structMember struct{ name, typ string }

// schema is the types of a document.
type schema struct {
	structs map[string][]structMember
	hashes  map[string][32]byte // typeHash, once computed
}

var (
	identifier = regexp.MustCompile(`^[A-Za-z_$][A-Za-z0-9_$]{0,127}$`)
	typeName   = regexp.MustCompile(`^[A-Za-z_$][A-Za-z0-9_$]{0,63}(:[A-Za-z_$][A-Za-z0-9_$]{0,63})?$|^[A-Za-z_$][A-Za-z0-9_$]{0,127}$`)
	reserved   = regexp.MustCompile(`^(u?int[0-9]*|bytes[0-9]*|address|bool|string|function|u?fixed.*|mapping|struct|enum)$`)
	arrayType  = regexp.MustCompile(`^(.+)\[([1-9][0-9]{0,8})?\]$`)
	integer    = regexp.MustCompile(`^(u?)int([1-9][0-9]{0,2})$`)
	fixedBytes = regexp.MustCompile(`^bytes([1-9][0-9]?)$`)
)

func (s *schema) read(types strictjson.Members) error {
	if types.Len() > maxTypes {
		return fmt.Errorf("more than %d types", maxTypes)
	}
	for name, value := range types.All() {
		if !typeName.MatchString(name) || reserved.MatchString(name) {
			return fmt.Errorf("%s cannot be the name of a type", quoted(name))
		}
		list, err := value.List()
		if err != nil || len(list) > maxMembers {
			return fmt.Errorf("type %s is not a list of at most %d members", name, maxMembers)
		}
		members := make([]structMember, 0, len(list))
		for _, entry := range list {
			o, err := entry.Object()
			if err != nil {
				return fmt.Errorf("a member of type %s is not an object of name and type", name)
			}
			if err := o.Only("name", "type"); err != nil {
				return fmt.Errorf("a member of type %s: %w", name, err)
			}
			m := structMember{}
			if m.name, err = o.Get("name").Text(); err != nil || !identifier.MatchString(m.name) {
				return fmt.Errorf("a member of type %s has no proper name", name)
			}
			if m.typ, err = o.Get("type").Text(); err != nil || len(m.typ) > 256 {
				return fmt.Errorf("member %s of type %s has no proper type", m.name, name)
			}
			if slices.ContainsFunc(members, func(other structMember) bool { return other.name == m.name }) {
				return fmt.Errorf("type %s has member %s twice", name, m.name)
			}
			members = append(members, m)
		}
		s.structs[name] = members
	}
	return nil
}

// domain checks the type of the domain, or makes it up.
func (s *schema) domain(domain strictjson.Members) error {
	members, given := s.structs[domainType]
	if given {
		for _, m := range members {
			if !slices.Contains(domainMembers, m) {
				return fmt.Errorf("EIP712Domain has no member %s of type %s", m.name, quoted(m.typ))
			}
		}
	} else {
		members = []structMember{}
		for _, m := range domainMembers {
			if domain.Has(m.name) {
				members = append(members, m)
			}
		}
		s.structs[domainType] = members
	}
	if len(members) == 0 {
		return errors.New("the domain is empty, so the document would hold everywhere; set at least name, chainId or verifyingContract")
	}
	return nil
}

// check refuses types that do not exist, and types that contain themselves,
// for whose values EIP-712 has no hash.
func (s *schema) check() error {
	for name, members := range s.structs {
		for _, m := range members {
			base := baseType(m.typ)
			if base == "uint" || base == "int" {
				return fmt.Errorf("member %s of type %s has the type %s, whose size a signature must name: write %s256", m.name, name,
					quoted(m.typ), base)
			}
			if s.structs[base] == nil && !atomic(base) {
				return fmt.Errorf("member %s of type %s has the unknown type %s", m.name, name, quoted(m.typ))
			}
			if strings.Count(m.typ, "[") > 4 {
				return fmt.Errorf("member %s of type %s is an array of more than 4 dimensions", m.name, name)
			}
		}
	}
	const visiting, done = 1, 2
	state := map[string]int{}
	var visit func(name string) error
	visit = func(name string) error {
		switch state[name] {
		case visiting:
			return fmt.Errorf("type %s contains itself", name)
		case done:
			return nil
		}
		state[name] = visiting
		for _, m := range s.structs[name] {
			if base := baseType(m.typ); s.structs[base] != nil {
				if err := visit(base); err != nil {
					return err
				}
			}
		}
		state[name] = done
		return nil
	}
	for name := range s.structs {
		if err := visit(name); err != nil {
			return err
		}
	}
	return nil
}

// baseType is the type without its dimensions.
func baseType(t string) string {
	for {
		m := arrayType.FindStringSubmatch(t)
		if m == nil {
			return t
		}
		t = m[1]
	}
}

func atomic(t string) bool {
	if m := integer.FindStringSubmatch(t); m != nil {
		bits, _ := strconv.Atoi(m[2])
		return bits <= 256 && bits%8 == 0
	}
	if m := fixedBytes.FindStringSubmatch(t); m != nil {
		size, _ := strconv.Atoi(m[1])
		return size <= 32
	}
	return t == "address" || t == "bool" || t == "string" || t == "bytes"
}

// encodeType is the type and, sorted after it, all that it refers to.
func (s *schema) encodeType(name string) string {
	seen := map[string]bool{name: true}
	order := []string{}
	var collect func(name string)
	collect = func(name string) {
		for _, m := range s.structs[name] {
			if base := baseType(m.typ); s.structs[base] != nil && !seen[base] {
				seen[base] = true
				order = append(order, base)
				collect(base)
			}
		}
	}
	collect(name)
	slices.Sort(order)
	var b strings.Builder
	for _, n := range append([]string{name}, order...) {
		b.WriteString(n + "(")
		for i, m := range s.structs[n] {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(m.typ + " " + m.name)
		}
		b.WriteByte(')')
	}
	return b.String()
}

func (s *schema) typeHash(name string) [32]byte {
	hash, known := s.hashes[name]
	if !known {
		hash = Keccak256([]byte(s.encodeType(name)))
		s.hashes[name] = hash
	}
	return hash
}

// hashStruct hashes a value of a struct type and notes its fields, unless they
// are wanted by nobody.
func (s *schema) hashStruct(name string, value strictjson.Value, path string, fields *[]Field) ([32]byte, error) {
	o, err := value.Object()
	if err != nil {
		return [32]byte{}, fmt.Errorf("%s is not an object of type %s", at(path), name)
	}
	members := s.structs[name]
	for _, have := range o.Names() {
		if !slices.ContainsFunc(members, func(m structMember) bool { return m.name == have }) {
			return [32]byte{}, fmt.Errorf("%s has the member %s, which type %s does not name", at(path), quoted(have), name)
		}
	}
	hash := s.typeHash(name)
	encoded := hash[:]
	for _, m := range members {
		value, inner := o.Get(m.name), join(path, m.name)
		if !value.Exists() {
			return [32]byte{}, fmt.Errorf("%s is missing", inner)
		}
		word, err := s.encode(m.typ, value, inner, fields)
		if err != nil {
			return [32]byte{}, err
		}
		encoded = append(encoded, word[:]...)
	}
	return Keccak256(encoded), nil
}

// encode is the word that stands for a value in the encoding of what holds it.
func (s *schema) encode(typ string, value strictjson.Value, path string, fields *[]Field) ([32]byte, error) {
	if m := arrayType.FindStringSubmatch(typ); m != nil {
		list, err := value.List()
		if err != nil || m[2] != "" && m[2] != strconv.Itoa(len(list)) {
			return [32]byte{}, fmt.Errorf("%s is not an array of type %s", path, typ)
		}
		if len(list) == 0 && fields != nil {
			*fields = append(*fields, Field{path, typ, nil})
		}
		var encoded []byte
		for i, element := range list {
			word, err := s.encode(m[1], element, path+"["+strconv.Itoa(i)+"]", fields)
			if err != nil {
				return [32]byte{}, err
			}
			encoded = append(encoded, word[:]...)
		}
		return Keccak256(encoded), nil
	}
	if s.structs[typ] != nil {
		return s.hashStruct(typ, value, path, fields)
	}
	v, word, err := readAtomic(typ, value)
	if err != nil {
		return [32]byte{}, fmt.Errorf("%s: %w", path, err)
	}
	if fields != nil {
		*fields = append(*fields, Field{path, typ, v})
	}
	return word, nil
}

func readAtomic(typ string, value strictjson.Value) (v any, word [32]byte, err error) {
	if m := integer.FindStringSubmatch(typ); m != nil {
		bits, _ := strconv.Atoi(m[2])
		n, err := Integer(value)
		if err != nil {
			return nil, word, err
		}
		low, high := new(big.Int), new(big.Int).Lsh(big.NewInt(1), uint(bits))
		if m[1] == "" {
			high.Rsh(high, 1)
			low.Neg(high)
		}
		if n.Cmp(low) < 0 || n.Cmp(high) >= 0 {
			return nil, word, fmt.Errorf("%s is out of the range of %s", n, typ)
		}
		twos := n
		if n.Sign() < 0 {
			twos = new(big.Int).Add(n, new(big.Int).Lsh(big.NewInt(1), 256))
		}
		twos.FillBytes(word[:])
		return n, word, nil
	}
	if typ == "bool" {
		b, err := value.Boolean()
		if err != nil {
			return nil, word, errors.New("is not true or false")
		}
		if b {
			word[31] = 1
		}
		return b, word, nil
	}
	text, err := value.Text()
	if err != nil {
		return nil, word, fmt.Errorf("is not a string, as %s is written", typ)
	}
	switch typ {
	case "string":
		return text, Keccak256([]byte(text)), nil
	case "address":
		a, err := ParseAddress(text)
		if err != nil {
			return nil, word, err
		}
		copy(word[12:], a[:])
		return a, word, nil
	}
	raw, err := Bytes(text)
	if err != nil {
		return nil, word, err
	}
	if typ == "bytes" {
		return raw, Keccak256(raw), nil
	}
	if typ != "bytes"+strconv.Itoa(len(raw)) {
		return nil, word, fmt.Errorf("has %d bytes, not those of %s", len(raw), typ)
	}
	copy(word[:], raw)
	return raw, word, nil
}

func readDomain(o strictjson.Members) (d Domain, err error) {
	text := func(name string) string {
		s, _ := o.Get(name).Text()
		return s
	}
	d.Name, d.Version, d.Salt = text("name"), text("version"), text("salt")
	if o.Has("chainId") {
		if d.ChainID, err = Integer(o.Get("chainId")); err != nil {
			return d, err
		}
	}
	if o.Has("verifyingContract") {
		a, err := ParseAddress(text("verifyingContract"))
		if err != nil {
			return d, err
		}
		d.VerifyingContract = &a
	}
	return d, nil
}

var (
	decimalText = regexp.MustCompile(`^(-?[1-9][0-9]{0,77}|0)$`)
	hexText     = regexp.MustCompile(`^0x[0-9A-Fa-f]{1,64}$`)
)

// Integer reads a whole number out of JSON: a string of decimal digits, a
// string of hex digits after 0x, or a number that JavaScript knows exactly.
func Integer(value strictjson.Value) (*big.Int, error) {
	switch v, _ := value.Text(); value.Kind() {
	case strictjson.Text:
		if hexText.MatchString(v) {
			n, _ := new(big.Int).SetString(v[2:], 16)
			return n, nil
		}
		if decimalText.MatchString(v) {
			n, _ := new(big.Int).SetString(v, 10)
			return n, nil
		}
		return nil, fmt.Errorf("%s is no whole number; write decimal digits, or hex digits after 0x", quoted(v))
	case strictjson.Number:
		digits := string(value.Raw())
		if !decimalText.MatchString(digits) {
			return nil, fmt.Errorf("%s is no whole number", clip(digits))
		}
		n, _ := new(big.Int).SetString(digits, 10)
		if n.BitLen() > 53 {
			return nil, fmt.Errorf("%s is larger than JavaScript counts exactly; write it as a string", n)
		}
		return n, nil
	}
	return nil, errors.New("is not a whole number")
}

// Bytes reads hex digits in pairs after 0x.
func Bytes(text string) ([]byte, error) {
	digits, found := strings.CutPrefix(text, "0x")
	raw, err := hex.DecodeString(digits)
	if !found || err != nil {
		return nil, fmt.Errorf("%s is no bytes; write hex digits in pairs after 0x", quoted(text))
	}
	return raw, nil
}

func quoted(text string) string { return strconv.Quote(clip(text)) }

// clip keeps an error readable.
func clip(text string) string {
	if len(text) > 80 {
		return text[:80] + "…"
	}
	return text
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

func at(path string) string {
	if path == "" {
		return "message"
	}
	return path
}
