package stepup_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/stepup-auth/stepup"

// goPackage is what `go list -json` says about a package of this module.
type goPackage struct {
	ImportPath string
	Standard   bool
	Imports    []string // of its code
	Deps       []string // of its code, and theirs
}

// A rule forbids an import. Paths are inside this module; "internal/method/..."
// is internal/method and all below, "internal/method/*" only what is below.
type rule struct {
	from   string   // who
	except []string // but not these
	to     string   // what they may not import
	but    []string // but these of it they may
	reason string
	direct bool // only what the code itself imports; else also by way of others
}

// below is what the public library stands on: standard library only, like itself.
var below = []string{"internal/strictjson", "internal/jose"}

// rules are section 8.2 of the layout as a map of forbidden import to reason.
// Packages that do not exist are no matter.
var rules = []rule{
	{from: "", to: "internal/...", but: below, reason: "the public library must be usable without the server"},
	{from: "", to: "stepuptest", reason: "the public library must not carry its test issuer into production"},
	{from: "stepuptest", to: "internal/...", but: below, reason: "strangers test with it"},
	{from: "examples/...", to: "internal/...", but: below, reason: "an example shows what a stranger can do"},

	{from: "internal/store", to: "internal/api/...", reason: "the store knows nobody above it"},
	{from: "internal/store", to: "internal/console", reason: "the store knows nobody above it"},
	{from: "internal/store", to: "internal/server", reason: "the store knows nobody above it"},
	{from: "internal/store", to: "internal/session", reason: "the store knows nobody above it"},
	{from: "internal/store", to: "internal/policy", reason: "the store knows nobody above it"},
	{from: "internal/store", to: "internal/elevate", reason: "the store knows nobody above it"},
	{from: "internal/store", to: "internal/enforce", reason: "the store knows nobody above it"},
	{from: "internal/store", to: "internal/method/...", reason: "the store knows nobody above it"},
	{from: "internal/store", to: "internal/token", reason: "the store knows nobody above it"},
	{from: "internal/store", to: "internal/audit", reason: "the store knows nobody above it"},
	{from: "internal/store", to: "internal/limit", reason: "the store knows nobody above it"},
	{from: "internal/store", to: "internal/deliver/...", reason: "the store knows nobody above it"},
	{from: "internal/store", to: "internal/tenant", reason: "the store knows nobody above it"},
	{from: "internal/store", to: "internal/environment", reason: "the store keeps documents, it does not read them"},
	{from: "internal/store", to: "internal/legacymfa", reason: "the store knows nobody above it"},

	{from: "internal/method/...", except: []string{"internal/method/methodtest", "internal/method/passkey/passkeytest"},
		to: "internal/elevate", reason: "a verification gives a proof; only elevate turns proofs into tokens"},
	{from: "internal/method/...", to: "internal/api/...", reason: "a method does not know how it is called"},
	{from: "internal/policy", to: "internal/api/...", reason: "a decision does not depend on the transport"},
	{from: "internal/policy", to: "internal/console", reason: "a decision does not depend on the transport"},
	{from: "internal/policy", to: "internal/elevate", reason: "deciding comes before minting"},
	{from: "internal/elevate", to: "internal/api/...", reason: "minting does not depend on the transport"},
	{from: "internal/token", to: "internal/api/...", reason: "signing does not depend on the transport"},
	{from: "internal/environment", to: "internal/store/...", reason: "a document can be judged without a database"},
	{from: "internal/seal", to: "internal/store/...", reason: "sealing is below the store"},
	{from: "internal/outbound", to: "internal/...", reason: "the guard at the way out knows nobody inside"},
	{from: "internal/secret", to: "internal/...", reason: "a secret string depends on nothing"},

	{from: "internal/chain/...", to: "internal/wallet/...", reason: "chains are known without any wallet"},
	{from: "internal/chain", to: "internal/store/...", reason: "an address is read without a database"},
	{from: "internal/catalogue", to: "internal/store/...", reason: "providers are data"},
	{from: "internal/catalogue", to: "internal/method/...", reason: "providers are data"},
	{from: "internal/account", to: "internal/method/*", reason: "what an account is, is not for a method to say"},

	{from: "internal/wallet/coordinator", to: "internal/wallet/kek", reason: "the coordinator has no right to decrypt"},
	{from: "internal/wallet/coordinator", to: "internal/wallet/custody", reason: "the coordinator holds no shares"},
	{from: "internal/wallet/coordinator", to: "internal/wallet/share", reason: "the coordinator puts no key together"},
	{from: "internal/wallet/coordinator", to: "internal/wallet/signer", reason: "the coordinator asks the signer over the wire"},
	{from: "internal/wallet/coordinator", to: "internal/wallet/guardian", reason: "the coordinator asks the guardian over the wire"},
	{from: "internal/wallet/guardian", to: "internal/wallet/signer", reason: "the guardian releases shares; it signs nothing"},
	{from: "internal/wallet/guardian", to: "internal/wallet/coordinator", reason: "a custodian believes nothing the coordinator says"},
	{from: "internal/wallet/signer", to: "internal/wallet/coordinator", reason: "a custodian believes nothing the coordinator says"},
	{from: "internal/wallet/*", except: []string{"internal/wallet/issuer"}, to: "internal/token",
		reason: "only the issuer has keys that sign tokens and tickets"},
	{from: "internal/wallet/*", to: "internal/elevate", reason: "only the issuer mints"},
	{from: "internal/wallet/*", to: "internal/enforce", reason: "custodians judge by what is signed, in authz"},
	{from: "internal/wallet/*", to: "internal/api/...", reason: "the wallet service does not know how the issuer is called"},
	{from: "internal/wallet/*", to: "internal/wallet/issuer", reason: "the other roles ask the issuer over the wire"},
	{from: "internal/wallet/...", to: "internal/method/...", reason: "a wallet proves nobody"},
	{from: "internal/wallet/intent", to: "internal/store",
		reason: "issuer, coordinator and custodians read a request alike, with nothing but the request"},
	{from: "internal/...", except: []string{"internal/server/servertest", "internal/wallet/roles", "internal/wallet/wallettest"},
		to: "internal/wallet/roles", direct: true, reason: "the binary wires the roles"},
	{from: "internal/api/...", to: "internal/wallet/coordinator", reason: "the issuer knows a wallet service, not its inside"},
	{from: "internal/api/...", to: "internal/wallet/custody", reason: "the issuer never sees a share"},
	{from: "internal/server", to: "internal/wallet/custody", reason: "the issuer never sees a share"},

	{from: "internal/door", to: "internal/signin", reason: "the door knows nothing of what is behind it"},
	{from: "internal/door", to: "internal/waas", reason: "the door knows nothing of what is behind it"},
	{from: "internal/door", to: "internal/api/...", reason: "the door knows nothing of what is behind it"},
	{from: "internal/door", to: "internal/console", reason: "the door knows nothing of what is behind it"},
	{from: "internal/signin", to: "internal/door", reason: "what happens behind the door does not know how it was called"},
	{from: "internal/signin", to: "internal/api/...", reason: "what happens behind the door does not know how it was called"},
	{from: "internal/waas", to: "internal/door", reason: "what happens behind the door does not know how it was called"},
	{from: "internal/waas", to: "internal/api/...", reason: "what happens behind the door does not know how it was called"},
	{from: "internal/api/*", to: "internal/api", reason: "the table is made of the endpoints, not they of it"},
	{from: "internal/api/sdk", to: "internal/api/guard", reason: "faces of one house; none is behind another"},
	{from: "internal/api/sdk", to: "internal/api/admin", reason: "faces of one house; none is behind another"},
	{from: "internal/api/guard", to: "internal/api/sdk", reason: "faces of one house; none is behind another"},
	{from: "internal/api/guard", to: "internal/api/admin", reason: "faces of one house; none is behind another"},
	{from: "internal/api/admin", to: "internal/api/sdk", reason: "faces of one house; none is behind another"},
	{from: "internal/api/admin", to: "internal/api/guard", reason: "faces of one house; none is behind another"},
	{from: "internal/prompt", to: "internal/api/...", reason: "faces of one house; none is behind another"},
	{from: "internal/prompt", to: "internal/console", reason: "faces of one house; none is behind another"},
	{from: "internal/api/*", to: "internal/prompt", reason: "faces of one house; none is behind another"},
	{from: "internal/door", to: "internal/prompt", reason: "the door knows nothing of what is behind it"},
	{from: "internal/signin", to: "internal/prompt", reason: "what happens behind the door does not know how it was called"},
	{from: "internal/method/...", to: "internal/prompt", reason: "a method does not know how it is called"},
	{from: "internal/api/...", to: "internal/console", reason: "two doors of one house; neither is behind the other"},
	{from: "internal/console", to: "internal/api/...", reason: "two doors of one house; neither is behind the other"},
	{from: "internal/...", except: []string{"internal/server"}, to: "internal/legacymfa", direct: true,
		reason: "action-based MFA can be deleted as a whole"},
	{from: "cmd/...", to: "internal/legacymfa", direct: true, reason: "action-based MFA can be deleted as a whole"},
	{from: "internal/...", except: []string{"internal/server", "internal/dev", "internal/dev/*"}, to: "internal/dev", direct: true,
		reason: "development routes are wired in one place, where production leaves them out"},
	{from: "internal/...", to: "cmd/...", reason: "the binary wires; nothing wires the binary"},
	{from: "internal/...", to: "examples/...", reason: "examples are not a library"},
	{from: "cmd/stepup", to: "stepuptest", reason: "the server must not carry a fake issuer"},
}

// TestImports reads what the compiler would: the code of every package, without
// its tests.
func TestImports(t *testing.T) {
	packages := list(t, "./...")
	for _, p := range packages {
		path := inside(p.ImportPath)
		for _, r := range rules {
			if !covers(r.from, path) || slices.ContainsFunc(r.except, func(e string) bool { return covers(e, path) }) {
				continue
			}
			imports := p.Deps
			if r.direct {
				imports = p.Imports
			}
			for _, to := range imports {
				if to != p.ImportPath && strings.HasPrefix(to+"/", module+"/") && covers(r.to, inside(to)) && inside(to) != path &&
					!slices.Contains(r.but, inside(to)) {
					t.Errorf("%q imports %q: %s", path, inside(to), r.reason)
				}
			}
		}
	}
}

// TestBehindTheDoorIsNoHTTP keeps what happens behind the door callable by whatever
// stands in front of it.
func TestBehindTheDoorIsNoHTTP(t *testing.T) {
	for _, p := range list(t, "./internal/...") {
		if path := inside(p.ImportPath); path != "internal/signin" && path != "internal/waas" {
			continue
		}
		if slices.Contains(p.Imports, "net/http") {
			t.Errorf("%s imports net/http: requests and answers are the door's", p.ImportPath)
		}
	}
}

// TestPublicPackagesNeedNothing keeps what strangers import free of other modules.
func TestPublicPackagesNeedNothing(t *testing.T) {
	for _, p := range list(t, "-deps", ".", "./stepuptest", "./examples/go-service") {
		if !p.Standard && !slices.Contains(append([]string{"", "stepuptest", "examples/go-service"}, below...), inside(p.ImportPath)) {
			t.Errorf("%s is not in the standard library; the library, its test issuer and its example need nothing else", p.ImportPath)
		}
	}
}

// list runs `go list`. Packages that do not build are listed as far as they go.
func list(t *testing.T, arguments ...string) []goPackage {
	t.Helper()
	command := exec.CommandContext(t.Context(), "go",
		append([]string{"list", "-e", "-json=ImportPath,Standard,Imports,Deps"}, arguments...)...)
	var problems bytes.Buffer
	command.Stderr = &problems
	output, err := command.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, problems.Bytes())
	}
	var packages []goPackage
	for decoder := json.NewDecoder(bytes.NewReader(output)); ; {
		var p goPackage
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, p)
	}
	if len(packages) == 0 {
		t.Fatal("go list names no package")
	}
	return packages
}

// inside is a path within this module; that of the module itself is "".
func inside(importPath string) string {
	return strings.TrimPrefix(strings.TrimPrefix(importPath, module), "/")
}

// covers reports whether a pattern of a rule means the package at path.
func covers(pattern, path string) bool {
	if below, ok := strings.CutSuffix(pattern, "/*"); ok {
		return strings.HasPrefix(path, below+"/")
	}
	if root, ok := strings.CutSuffix(pattern, "/..."); ok {
		return path == root || strings.HasPrefix(path, root+"/")
	}
	return path == pattern
}

func TestCovers(t *testing.T) {
	for _, test := range []struct {
		pattern, path string
		want          bool
	}{
		{"", "", true}, {"", "internal/api", false}, {"internal/...", "internal/api", true}, {"internal/...", "internal", true},
		{"internal/...", "internals", false}, {"internal/api", "internal/api/x", false}, {"internal/dev/*", "internal/dev", false},
		{"internal/dev/*", "internal/dev/static", true},
	} {
		if got := covers(test.pattern, test.path); got != test.want {
			t.Errorf("covers(%q, %q) = %v, want %v", test.pattern, test.path, got, test.want)
		}
	}
}
