package cluster_test

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// The tests here start nothing; `make test` runs them.

// TestDocumentedProxy holds that the HAProxy of the suite is the one that operators are
// told to set up, but for its addresses.
func TestDocumentedProxy(t *testing.T) {
	page, err := os.ReadFile("../../../docs/operating.md")
	if err != nil {
		t.Fatal(err)
	}
	_, block, _ := strings.Cut(string(page), "internal/faults/cluster uses this one -->\n```text\n")
	block, _, found := strings.Cut(block, "```")
	if !found {
		t.Fatal("docs/operating.md has no such file for HAProxy")
	}
	own := strings.NewReplacer("FOLDER/haproxy.sock", "/run/haproxy/admin.sock", "bind 127.0.0.1:8000",
		"bind :443 ssl crt /etc/haproxy/site.pem", "SERVERS\n", proxyServers([]*machine{{name: "m1", number: 1}, {name: "m2", number: 2},
			{name: "m3", number: 3}})).Replace(proxyConfig)
	if own != block {
		t.Errorf("the suite runs\n%s\nand docs/operating.md says\n%s", own, block)
	}
}

// TestMissing holds that a machine which lacks something says what.
func TestMissing(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	why := missing()
	if os.Geteuid() != 0 {
		if !strings.Contains(why, "root") {
			t.Errorf("without root: %q", why)
		}
		return
	}
	for _, name := range []string{"patroni", "etcd-server", "haproxy", "iproute2"} {
		if !slices.Contains(strings.Fields(why), name) {
			t.Errorf("without programs: %q does not name %s", why, name)
		}
	}
}

// TestFaultsAreNamed holds that -kinds can choose each of them.
func TestFaultsAreNamed(t *testing.T) {
	seen := map[string]bool{}
	for _, f := range faults {
		if f.name == "" || strings.Contains(f.name, ",") || seen[f.name] || f.run == nil || f.quiet && f.moves {
			t.Errorf("%q is no name of its own", f.name)
		}
		seen[f.name] = true
	}
}
