package shadow

import (
	"regexp"
	"strconv"
	"strings"
)

// Client is an SDK and its version, as the x-dyn-version header names them. The
// zero value is a caller that does not say.
type Client struct {
	SDK     string // ClientSDK, WalletKit, …
	Version string // 1.27.1, perhaps with a suffix
}

// clientShape bounds what is taken from a header: whatever else it holds is
// counted as other.
var clientShape = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9]{0,31})/([0-9]{1,5}\.[0-9]{1,5}\.[0-9]{1,5}(?:[-+][0-9A-Za-z.-]{1,32})?)$`)

// Other stands in for clients beyond the bound of a day and for headers of
// another shape; Unnamed for calls without the header.
const (
	Other   = "other"
	Unnamed = "unnamed"
)

// ParseClient reads the header. ok is false for a text of another shape.
func ParseClient(header string) (c Client, ok bool) {
	parts := clientShape.FindStringSubmatch(header)
	if parts == nil {
		return Client{}, header == ""
	}
	return Client{SDK: parts[1], Version: parts[2]}, true
}

// String is what the client is counted as.
func (c Client) String() string {
	if c.SDK == "" {
		return Unnamed
	}
	return c.SDK + "/" + c.Version
}

// Minimum is the first version of an SDK that speaks step-up at all.
type Minimum struct {
	Platform string // as people call it
	SDK      string // as the header spells it; empty: it does not name itself
	Version  string
}

// Minimums are the versions the migration guide and the public documentation
// name.
var Minimums = []Minimum{
	{"JavaScript", "ClientSDK", "0.24.1"},
	{"React and React Native", "WalletKit", "4.76.0"},
	{"Flutter", "FlutterSDK", "1.2.10"},
	{"Kotlin", "KotlinSDK", "1.0.8"},
	{"Swift", "SwiftSDK", "1.0.11"},
}

// Below reports whether the client is older than the first version of its SDK
// that speaks step-up, and which that is.
func (c Client) Below() (minimum string, below bool) {
	for _, m := range Minimums {
		if m.SDK == c.SDK && older(c.Version, m.Version) {
			return m.Version, true
		}
	}
	return "", false
}

// Call is a protected call as the table of clients tells them apart.
type Call string

// The calls that published clients make and that step-up protects.
const (
	RegisterTOTP    Call = "register an authenticator app"
	RegisterPasskey Call = "register a passkey"
	LinkSocial      Call = "link a social account"
	LinkWallet      Call = "link a wallet"
	LinkEmail       Call = "link an email address"
	LinkPhone       Call = "link a phone number"
	DeleteDevice    Call = "delete an MFA device"
	DeletePasskey   Call = "delete a passkey"
	UnlinkSocial    Call = "unlink a social account"
	UnlinkWallet    Call = "unlink a wallet"
	UpdateUser      Call = "update the user"
	DeleteUser      Call = "delete the user"
	ExportWallet    Call = "export a wallet"
	SignWallet      Call = "sign with a wallet"
	RefreshWallet   Call = "refresh a wallet"
	ReshareWallet   Call = "reshare a wallet"
	OtherCall       Call = "another call"
)

// since says from which version on an SDK attaches an elevated token to a call
// by itself (wire reference 11.4). What is not listed never does.
var since = map[string]map[Call]string{
	"ClientSDK": {
		RegisterTOTP: "0.24.1", RegisterPasskey: "0.24.1", LinkSocial: "0.24.1", DeleteDevice: "0.24.1", DeletePasskey: "0.24.1",
		UnlinkSocial: "1.20.0", ExportWallet: "0.24.1", SignWallet: "0.24.1",
	},
	"WalletKit":  native("4.76.0"),
	"FlutterSDK": native("1.2.10"),
	"KotlinSDK":  native("1.0.8"),
	"SwiftSDK":   native("1.0.11"),

	"StepUpClient": everywhere("0.1.0"), // our own, see sdk/typescript
}

// everywhere are the SDKs that attach a token to every protected call.
func everywhere(version string) map[Call]string {
	all := native(version)
	all[UpdateUser], all[DeleteUser], all[OtherCall] = version, version, version
	return all
}

// native are the SDKs that attach a token wherever there is one to attach: they
// leave out only changing and deleting the user.
func native(version string) map[Call]string {
	all := map[Call]string{}
	for _, call := range []Call{
		RegisterTOTP, RegisterPasskey, LinkSocial, LinkWallet, LinkEmail, LinkPhone, DeleteDevice, DeletePasskey, UnlinkSocial,
		UnlinkWallet, ExportWallet, SignWallet, RefreshWallet, ReshareWallet,
	} {
		all[call] = version
	}
	return all
}

// Attaches reports whether the client can send an elevated token on the call.
func (c Client) Attaches(call Call) bool {
	from, ok := since[c.SDK][call]
	return ok && !older(c.Version, from)
}

// older compares versions number by number; a suffix after the numbers makes a
// version older than the same without (SemVer 2.0.0, section 11).
func older(a, b string) bool {
	x, xs := numbers(a)
	y, ys := numbers(b)
	for i := range x {
		if x[i] != y[i] {
			return x[i] < y[i]
		}
	}
	return xs && !ys
}

func numbers(version string) (n [3]int, prerelease bool) {
	version, _, _ = strings.Cut(version, "+")
	plain, _, prerelease := strings.Cut(version, "-")
	for i, part := range strings.SplitN(plain, ".", 3) {
		n[i], _ = strconv.Atoi(part)
	}
	return n, prerelease
}
