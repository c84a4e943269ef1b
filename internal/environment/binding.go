package environment

import (
	"cmp"
	"math/big"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/stepup-auth/stepup"
)

// Binding says when a token of the scope must be bound to one exact transaction.
type Binding struct {
	Require   string  `yaml:"require,omitempty" json:"require,omitempty"`     // never (default), always or above
	Displayed bool    `yaml:"displayed,omitempty" json:"displayed,omitempty"` // a binding counts only if the person was shown it
	Above     []Above `yaml:"above,omitempty" json:"above,omitempty"`         // with require: above
}

// Above is one amount up to which no binding is asked for. What is not of any
// of these counts as above.
type Above struct {
	Of    string `yaml:"of" json:"of"`       // a member of authorization_details; of a wallet scope an asset
	Limit string `yaml:"limit" json:"limit"` // a decimal number
}

// The words of Binding.Require.
const (
	BindNever  = "never"
	BindAlways = "always"
	BindAbove  = "above"
)

// bindings are the words of Binding.Require, the stricter the later.
var bindings = []string{BindNever, BindAbove, BindAlways}

// MaxSummary is the length of a summary's template, in bytes: it must fit into
// a text message beside a code.
const MaxSummary = 300

// MaxAllows is the length of the words that mails say of a scope, in bytes.
const MaxAllows = 60

var (
	decimal     = regexp.MustCompile(`^(0|[1-9][0-9]{0,77})(\.[0-9]{1,30})?$`)
	memberName  = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,63}$`)
	placeholder = regexp.MustCompile(`\{([^{}]*)\}`)
)

// Decimal reads an amount as limits and details write them: decimal digits,
// no sign, no exponent. It is exact.
func Decimal(text string) (*big.Rat, bool) {
	if !decimal.MatchString(text) {
		return nil, false
	}
	return new(big.Rat).SetString(text)
}

// Bindable reports whether tokens of the scope can be bound to a transaction:
// those of custom scopes, which guards elsewhere compare, and of wallets.
func Bindable(scope string) bool {
	return !stepup.Scope(scope).Reserved() || WalletScope(scope)
}

// BindingOf is when a token of the scope must be bound. An export of which the
// document says nothing follows signatures: whoever has the key takes more than any
// limit on them allows, so where some of them are bound, every export is.
func (e *Environment) BindingOf(scope string) Binding {
	own, _ := e.Scope(scope)
	sign, _ := e.Scope(string(stepup.WalletSign))
	if scope != string(stepup.WalletExport) || own.Binding.Require != "" || cmp.Or(sign.Binding.Require, BindNever) == BindNever {
		return own.Binding
	}
	return Binding{Require: BindAlways, Displayed: sign.Binding.Displayed}
}

// WalletScope reports whether the scope is about an embedded wallet.
func WalletScope(scope string) bool { return strings.HasPrefix(scope, "wallet:") }

// Placeholders are the members that a summary's template names.
func Placeholders(template string) []string {
	var names []string
	for _, match := range placeholder.FindAllStringSubmatch(template, -1) {
		names = append(names, match[1])
	}
	return names
}

func (c checker) binding(path string, s Scope) {
	b := s.Binding
	at := path + ".binding"
	if b.Require != "" {
		c.oneOf(at+".require", b.Require, bindings)
	}
	if (b.Require != "" || b.Displayed || len(b.Above) > 0) && stepup.Scope(s.Scope).Valid() && !Bindable(s.Scope) {
		c.at(at, "%s has no transaction to bind to: only scopes of your own and wallet scopes have", s.Scope)
		return
	}
	if b.Displayed && cmp.Or(b.Require, BindNever) == BindNever {
		c.at(at+".displayed", "is about bindings that are required: say in require when, or remove the line")
	}
	switch {
	case b.Require == BindAbove && len(b.Above) == 0:
		c.at(at+".above", "is missing: say above which amounts a binding is required, as in [{of: amount, limit: \"100\"}]")
	case b.Require != BindAbove && len(b.Above) > 0:
		c.at(at+".above", "is about require: above: write that, or remove the line")
	}
	names := make([]string, len(b.Above))
	for i, a := range b.Above {
		entry := index(at+".above", i)
		names[i] = a.Of
		switch {
		case a.Of == "":
			c.at(entry+".of", "is missing: name what is counted")
		case !WalletScope(s.Scope) && !memberName.MatchString(a.Of):
			c.at(entry+".of", "%s is no member of authorization_details: use letters, digits and _, a letter first", quoted(a.Of))
		case len(a.Of) > 128:
			c.at(entry+".of", "is longer than 128 bytes: shorten it")
		}
		if !decimal.MatchString(a.Limit) {
			c.at(entry+".limit", "%s is not an amount: write digits in quotes, with a point where there is a fraction, as in \"99.50\"",
				quoted(a.Limit))
		}
	}
	c.distinctKeys(at+".above", "of", names)
}

// allows is a few words on one line, which mails put into a sentence of theirs.
func (c checker) allows(path string, s Scope) {
	at := path + ".allows"
	switch {
	case s.Allows == "":
		return
	case stepup.Scope(s.Scope).Reserved():
		c.at(at, "a built-in scope has words of its own: remove the line")
	case len(s.Allows) > MaxAllows:
		c.at(at, "is longer than %d bytes: shorten it", MaxAllows)
	case strings.ContainsFunc(s.Allows, func(r rune) bool { return !unicode.IsPrint(r) }) || strings.TrimSpace(s.Allows) != s.Allows:
		c.at(at, "must be plain words on one line, without spaces around them")
	}
}

func (c checker) summary(path string, s Scope) {
	at := path + ".summary"
	switch {
	case s.Summary == "":
		return
	case stepup.Scope(s.Scope).Reserved():
		c.at(at, "a built-in scope has a summary of its own: remove the line")
	case len(s.Summary) > MaxSummary:
		c.at(at, "is longer than %d bytes: shorten it", MaxSummary)
	case strings.ContainsAny(placeholder.ReplaceAllString(s.Summary, ""), "{}"):
		c.at(at, "has a brace without its other: write members as {amount}")
	}
	for _, name := range Placeholders(s.Summary) {
		if !memberName.MatchString(name) {
			c.at(at, "{%.40s} is no member of authorization_details: use letters, digits and _, a letter first", name)
		}
	}
}

// The rules of weakening.

func (s step) bindingRequire() string {
	return looser(s.old.BindingOf(s.name), s.new.BindingOf(s.name))
}

func looser(before, after Binding) string {
	strictness := func(b Binding) int { return slices.Index(bindings, cmp.Or(b.Require, BindNever)) }
	switch {
	case strictness(after) < strictness(before):
		return "tokens that allow any transaction are accepted, or for more of them"
	case before.Displayed && !after.Displayed:
		return "people need not be shown what they confirm"
	}
	return ""
}

// aboveEntry: of a wallet scope what no entry names counts as above, so that
// naming more asks less; of a custom scope every member that is named is held to
// its limit, so that naming less does.
func aboveEntry(s step) string {
	_, rest, _ := strings.Cut(s.path, "[") // the innermost name is that of the amount
	s.name, _, _ = strings.Cut(rest, "]")
	before, after := s.scopes()
	if before.Binding.Require != BindAbove || after.Binding.Require != BindAbove || s.added() != WalletScope(after.Scope) {
		return ""
	}
	return "more amounts need no binding"
}

func aboveLimit(s step) string {
	before, was := Decimal(s.before.String())
	after, is := Decimal(s.after.String())
	return when(was && is && after.Cmp(before) > 0, "higher amounts of "+s.name+" need no binding")
}
