package stepup

import (
	"fmt"
	"strings"
)

// A Scope names one thing an elevated access token allows, such as
// "wallet:export" or "transfer:create". Scopes form a flat, closed set: they
// are compared as whole strings, and there are no wildcards, prefixes or
// hierarchies (RFC 6749 section 3.3). The zero value is not a scope.
type Scope string

// The built-in scopes. Each service may add its own, see [Scope.Reserved].
const (
	WalletExport   Scope = "wallet:export"   // show a private key
	WalletSign     Scope = "wallet:sign"     // sign a message or transaction
	WalletRefresh  Scope = "wallet:refresh"  // renew key shares
	WalletReshare  Scope = "wallet:reshare"  // move key shares
	WalletDelegate Scope = "wallet:delegate" // let somebody else sign; opens refresh and reshare too
	WalletRestore  Scope = "wallet:restore"  // bring a wallet back from backup
	WalletDelete   Scope = "wallet:delete"   // destroy a wallet

	CredentialLink   Scope = "credential:link"   // add a means of proof
	CredentialUnlink Scope = "credential:unlink" // remove a means of proof
	CredentialUpdate Scope = "credential:update" // change email or phone

	UserUpdate Scope = "user:update" // change other profile fields
	UserDelete Scope = "user:delete" // delete the account

	ConsoleAdminActionReview      Scope = "console:admin_action:review"
	ConsoleApprovalWorkflowUpdate Scope = "console:approval_workflow:update"
	ConsoleMemberInvite           Scope = "console:member:invite"
	ConsoleMFAReset               Scope = "console:mfa:reset"
	ConsoleProjectDelete          Scope = "console:project:delete"
	ConsoleSettingsUpdate         Scope = "console:settings:update"
	ConsoleSSOUpdate              Scope = "console:sso:update"
	ConsoleUserDelete             Scope = "console:user:delete"
)

// MaxScopeLength is the longest scope, in bytes.
const MaxScopeLength = 128

var builtIn = [...]Scope{
	WalletExport, WalletSign, WalletRefresh, WalletReshare, WalletDelegate, WalletRestore, WalletDelete,
	CredentialLink, CredentialUnlink, CredentialUpdate,
	UserUpdate, UserDelete,
	ConsoleAdminActionReview, ConsoleApprovalWorkflowUpdate, ConsoleMemberInvite, ConsoleMFAReset,
	ConsoleProjectDelete, ConsoleSettingsUpdate, ConsoleSSOUpdate, ConsoleUserDelete,
}

// BuiltInScopes returns the scopes every environment knows. The slice is the
// caller's to change.
func BuiltInScopes() []Scope {
	return append([]Scope(nil), builtIn[:]...)
}

// ParseScope returns s as a Scope if it follows the grammar
//
//	[a-z][a-z0-9_]*(:[a-z0-9_]+)+
//
// and is at most [MaxScopeLength] long. Nothing is trimmed or folded: what is
// not written exactly so is an error.
func ParseScope(s string) (Scope, error) {
	if !Scope(s).Valid() {
		return "", fmt.Errorf("parsing scope %.40q: want lower-case words joined by colons, such as transfer:create", s)
	}
	return Scope(s), nil
}

// Valid reports whether s follows the grammar of [ParseScope].
func (s Scope) Valid() bool {
	if len(s) == 0 || len(s) > MaxScopeLength || s[0] < 'a' || s[0] > 'z' {
		return false
	}
	parts, size := 1, 0
	for i := range len(s) {
		switch c := s[i]; {
		case c == ':':
			if size == 0 {
				return false
			}
			parts, size = parts+1, 0
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '_':
			size++
		default:
			return false
		}
	}
	return parts > 1 && size > 0
}

// BuiltIn reports whether s is one of [BuiltInScopes].
func (s Scope) BuiltIn() bool {
	for _, known := range builtIn {
		if s == known {
			return true
		}
	}
	return false
}

// Reserved reports whether the first word of s belongs to stepup itself:
// wallet, credential, user, console or business_account. A scope of your own
// starts with another word.
func (s Scope) Reserved() bool {
	prefix, _, _ := strings.Cut(string(s), ":")
	switch prefix {
	case "wallet", "credential", "user", "console", "business_account":
		return true
	}
	return false
}

// parseScopes reads the scope claim: valid scopes, single spaces between them,
// none twice.
func parseScopes(list string) (scopes []Scope, ok bool) {
	words := strings.Split(list, " ")
	scopes = make([]Scope, 0, len(words))
	for _, word := range words {
		scope := Scope(word)
		if !scope.Valid() {
			return nil, false
		}
		for _, earlier := range scopes {
			if scope == earlier {
				return nil, false
			}
		}
		scopes = append(scopes, scope)
	}
	return scopes, true
}
