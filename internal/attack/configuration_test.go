package attack_test

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/stepup-auth/stepup/internal/config"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/method/social/socialtest"
	"github.com/stepup-auth/stepup/internal/server/servertest"
	"github.com/stepup-auth/stepup/internal/serviceauth"
	"github.com/stepup-auth/stepup/internal/store"
)

// writer may change documents, and weaken none.
func (s scene) writer(t testing.TB, environment string) func(document string) servertest.Response {
	t.Helper()
	token := servertest.Bearer(s.ServiceToken(t, environment, []string{serviceauth.EnvironmentsRead, serviceauth.EnvironmentsWrite}))
	token.Set("Content-Type", "application/yaml")
	return func(document string) servertest.Response {
		t.Helper()
		id, _, _ := strings.Cut(strings.TrimPrefix(document, "id: "), "\n")
		return s.Do(t, "PUT", servertest.Admin(url.PathEscape(id)), token, document)
	}
}

// Each step takes something away from the people of an environment, in a way that
// hides: a preset beside a floor, a second factor that is weaker than the one
// there was, a name that is somebody else's, a chain under another one's name.
func TestL14HiddenWeakening(t *testing.T) {
	t.Parallel()
	s := start(t)
	apply := s.writer(t, servertest.A)
	plain := servertest.Document(servertest.A, "")
	scopes := func(entry string) string {
		return strings.Replace(plain, `audience: "https://bank.example"}`, `audience: "https://bank.example"`+entry+`}`, 1)
	}
	methods := func(list string) string {
		return plain + "passkeys: {rpId: a.example, origins: [https://a.example]}\nmfa: {methods: [" + list + "]}\n"
	}
	network := func(entry string) string {
		return plain + "embeddedWallets: {networks: [{name: Main, rpc: https://rpc.example, chain: EVM, " + entry + "}]}\n"
	}
	provider := func(entry string) string {
		return plain + "providers: [{provider: acme, issuer: https://login.example, clientId: a" + entry + "}]\n"
	}
	passkeys := "{type: passkey, enabled: true, allowBackupCodes: false}"
	for _, step := range []struct{ name, old, next string }{
		{"the preset of a floor is gone", scopes(", floor: {preset: asvs-l3}"), plain},
		{"the floor is gone", scopes(`, floor: {withoutMfa: "urn:stepup:mfa"}`), plain},
		{"apps beside passkeys", methods(passkeys), methods(passkeys + ", {type: totp, enabled: true, allowBackupCodes: false}")},
		{"recovery codes beside passkeys", methods(passkeys), methods("{type: passkey, enabled: true, allowBackupCodes: true}")},
		{"another name", plain, strings.Replace(plain, "name: Environment a", "name: Example Bank", 1)},
		{"another name in mails", plain, plain + "mail: {appName: Example Bank}\n"},
		{"a chain under another's name", network("chainId: 1"), network("chainId: 137")},
		{"a secret for a provider", provider(""), provider(", clientSecret: {env: PROVIDER}")},
		{"another secret for a provider", provider(", clientSecret: {env: PROVIDER}"), provider(", clientSecret: {env: OTHER}")},
		{"a provider's token endpoint", provider(""), provider(", endpoints: {token: https://evil.example/token}")},
		{"a provider's own endpoint again", provider(", endpoints: {token: https://login.example/token}"), provider("")},
	} {
		s.Apply(t, step.old)
		if got := apply(step.next); got.Status != 403 || got.Code != "insufficient_service_scope" {
			t.Errorf("%s: %d %s\n%s", step.name, got.Status, got.Code, got.Body)
		}
	}
}

// What was once allowed to be weak is weak again by going back to it, and one place
// of a document is enough: neither is a way around the permission.
func TestL14WeakeningByTheSide(t *testing.T) {
	t.Parallel()
	s := start(t)
	plain := servertest.Document(servertest.A, "")
	s.Apply(t, plain+"redirectOrigins: [https://evil.example]\n")
	s.Apply(t, plain)
	token := servertest.Bearer(s.ServiceToken(t, servertest.A, []string{serviceauth.EnvironmentsRead, serviceauth.EnvironmentsWrite}))
	at := servertest.Admin(servertest.A)
	var history struct {
		Revisions []struct {
			Revision int64
			Weakens  []string
		}
	}
	s.Do(t, "GET", at+"/revisions", token, nil).Want(t, 200, "").JSON(t, &history)
	weak := int64(0)
	for _, revision := range history.Revisions {
		if len(revision.Weakens) > 0 {
			weak = revision.Revision
		}
	}
	if weak == 0 {
		t.Fatalf("no revision weakened: %+v", history)
	}
	for name, got := range map[string]servertest.Response{
		"a revert": s.Do(t, "POST", fmt.Sprintf("%s/revisions/%d/revert", at, weak), token, nil),
		"an edit": s.Do(t, "PATCH", at, token, map[string]any{"edits": []map[string]any{
			{"path": "signUp.enabled", "value": "false"}, {"path": "redirectOrigins[https://evil.example]"},
		}}),
		"an edit that takes away": s.Do(t, "PATCH", at, token, map[string]any{"edits": []map[string]any{
			{"path": "scopes[transfer:create]", "remove": true},
		}}),
		"a document in JSON": s.Do(t, "PUT", at, token, `{"id": "`+servertest.A+`", "name": "Environment a"}`),
	} {
		if got.Status != 403 || got.Code != "insufficient_service_scope" {
			t.Errorf("%s: %d %s\n%s", name, got.Status, got.Code, got.Body)
		}
	}
	s.Do(t, "GET", at+"/revisions", token, nil).Want(t, 200, "").JSON(t, &history)
	for _, revision := range history.Revisions[:1] {
		if len(revision.Weakens) > 0 {
			t.Error("it weakened after all")
		}
	}
}

// elsewhere is a listener whose connections come from wherever the test says.
type elsewhere struct {
	net.Listener
	from *atomic.Pointer[net.TCPAddr]
}

func (e elsewhere) Accept() (net.Conn, error) {
	conn, err := e.Listener.Accept()
	return farConn{conn, e.from.Load()}, err
}

type farConn struct {
	net.Conn
	from *net.TCPAddr
}

func (c farConn) RemoteAddr() net.Addr { return c.from }

// A proxy is named; that makes nobody else's plain HTTP good, whatever it says
// about itself.
func TestL13PlainHTTPPerConnection(t *testing.T) {
	t.Parallel()
	from := &atomic.Pointer[net.TCPAddr]{}
	from.Store(&net.TCPAddr{IP: net.IPv6loopback, Port: 1})
	s := start(t,
		servertest.WithListener(func(l net.Listener) net.Listener { return elsewhere{l, from} }),
		servertest.WithConfig(func(p *config.Production) {
			p.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::7/128")}
		}))
	for _, peer := range []struct {
		from    string
		trusted bool
	}{
		{"127.0.0.1", true}, {"127.9.9.9", true}, {"::1", true}, {"::ffff:127.0.0.1", true},
		{"10.0.0.1", true}, {"::ffff:10.0.0.1", true}, {"fd00::7", true},
		{"11.0.0.1", false}, {"203.0.113.9", false}, {"::ffff:203.0.113.9", false}, {"fd00::8", false}, {"fe80::1%eth0", false},
		{"192.168.0.1", false}, {"64:ff9b::a00:1", false}, {"2002:a00:1::", false}, {"::10.0.0.1", false}, {"0.0.0.0", false},
		{"::", false},
	} {
		address := netip.MustParseAddr(peer.from)
		from.Store(&net.TCPAddr{IP: address.WithZone("").AsSlice(), Zone: address.Zone(), Port: 4711})
		for _, claim := range []http.Header{
			{}, {"X-Forwarded-Proto": {"https"}, "X-Forwarded-For": {"10.0.0.1"}, "Forwarded": {"for=10.0.0.1;proto=https"}},
			{"X-Forwarded-For": {"127.0.0.1"}, "X-Real-Ip": {"127.0.0.1"}},
		} {
			header := claim.Clone()
			header.Set("Connection", "close")
			path := sdk("/settings")
			want, code := 200, ""
			if !peer.trusted {
				want, code = 403, "https_required"
			}
			if got := s.Do(t, "GET", path, header, nil); got.Status != want || got.Code != code {
				t.Errorf("from %s with %v: %d %s, want %d", peer.from, claim, got.Status, got.Code, want)
			}
			for _, open := range []string{"/healthz", "/readyz"} {
				if got := s.Do(t, "GET", open, header, nil); got.Status != 200 {
					t.Errorf("%s from %s: %d", open, peer.from, got.Status)
				}
			}
			for _, odd := range []string{"/healthz/", "/healthz/../api", "//healthz", "/readyz/x", "/.well-known/webauthn",
				"/api/v0/admin/environments"} {
				if got := s.Do(t, "GET", odd, header, nil); !peer.trusted && got.Code != "https_required" {
					t.Errorf("%s from %s: %d %s", odd, peer.from, got.Status, got.Code)
				}
			}
		}
	}
}

// A tenant's administrator points the secret of a provider of theirs at whatever
// the server has: nothing but the environment's own secrets is read, and the
// answer is one and the same, whether there is something, and why it is not read.
func TestL3SecretsOfOthers(t *testing.T) {
	t.Parallel()
	s := start(t)
	p := socialtest.Start(t, s.Now)
	own := s.PutSecret(t, servertest.A, "own", socialtest.ClientSecret)
	theirs := s.PutSecret(t, servertest.B, "theirs", socialtest.ClientSecret)
	folder := filepath.Dir(own)
	outside := filepath.Join(t.TempDir(), "master.key")
	for _, err := range []error{
		os.WriteFile(outside, []byte(socialtest.ClientSecret), 0o600), os.Mkdir(filepath.Join(folder, "folder"), 0o700),
		syscall.Mkfifo(filepath.Join(folder, "pipe"), 0o600), os.WriteFile(filepath.Join(folder, "long"), make([]byte, 64<<10+1), 0o600),
		os.WriteFile(filepath.Join(folder, "shut"), nil, 0),
		os.Symlink("own", filepath.Join(folder, "inside")), os.Symlink(outside, filepath.Join(folder, "out")),
		os.Symlink(theirs, filepath.Join(folder, "neighbour")), os.Symlink("/proc/self/environ", filepath.Join(folder, "environ")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	admin := servertest.Bearer(s.ServiceToken(t, servertest.A, []string{serviceauth.EnvironmentsWrite, serviceauth.EnvironmentsWeaken}))
	apply := func(ref string) servertest.Response {
		return s.Do(t, "PUT", servertest.Admin(servertest.A), admin,
			servertest.Document(servertest.A, `redirectOrigins: ["`+servertest.Origin(servertest.A)+`"]
providers: [{provider: acme, issuer: "`+p.URL+`", clientId: `+socialtest.ClientID+`, clientSecret: `+ref+`}]`))
	}
	signIn := func() servertest.Response {
		state, code := s.SocialLogin(t, servertest.A, "acme", after, nil)
		return s.Do(t, "POST", sdk("/providers/acme/signIn"), nil, m{"code": code, "state": state})
	}
	for _, ref := range []string{"{file: own}", "{file: inside}", "{file: ./folder/../own}"} {
		apply(ref).Want(t, 200, "")
		if got := signIn(); got.Status != 200 {
			t.Fatalf("%s: %d %s", ref, got.Status, got.Body)
		}
	}
	answer := ""
	for _, ref := range []string{
		"{file: none}", "{file: folder}", "{file: .}", "{file: pipe}", "{file: long}", "{file: shut}", "{file: out}", "{file: neighbour}",
		"{file: environ}", "{file: own/x}", "{file: OWN}",
		"{env: PATH}", "{env: HOME}", "{env: STEPUP_MASTER_KEY}", "{env: " + environment.Variable(servertest.B, "X") + "}",
	} {
		apply(ref).Want(t, 200, "")
		got := signIn()
		text := strings.ReplaceAll(string(got.Body), got.Member("requestId"), "")
		if answer == "" {
			answer = text
		}
		if got.Status != 422 || got.Code != "provider_not_enabled" || text != answer {
			t.Errorf("%s: %d %s, want the answer of all others, %s", ref, got.Status, got.Body, answer)
		}
	}
	for _, ref := range []string{
		"{file: " + outside + "}", "{file: /proc/self/environ}", "{file: " + own + "}", "{file: ../" + servertest.B + "/theirs}",
		"{file: ..}", "{file: folder/../../x}", `{file: "own\0"}`, `{env: "A=B"}`, `{env: "A\0"}`, "{env: A/B}",
		"{file: own, env: A}", "{}",
	} {
		if got := apply(ref); got.Status != 422 || got.Code != "invalid_environment_document" {
			t.Errorf("%s: %d %s", ref, got.Status, got.Body)
		}
	}
}

// A document from before names a whole path. It goes on working but for that one
// provider, and what is in force can be applied again.
func TestL3OldReference(t *testing.T) {
	t.Parallel()
	s := start(t)
	p := socialtest.Start(t, s.Now)
	s.PutSecret(t, servertest.A, "new", socialtest.ClientSecret)
	old := filepath.Join(t.TempDir(), "old")
	if err := os.WriteFile(old, []byte(socialtest.ClientSecret), 0o600); err != nil {
		t.Fatal(err)
	}
	document := servertest.Document(servertest.A, `redirectOrigins: ["`+servertest.Origin(servertest.A)+`"]
providers:
  - {provider: before, issuer: "`+p.URL+`", clientId: `+socialtest.ClientID+`, clientSecret: {file: `+old+`}}
  - {provider: acme, issuer: "`+p.URL+`", clientId: `+socialtest.ClientID+`, clientSecret: {file: new}}
`)
	err := s.DB.Write(t.Context(), func(tx *store.Tx) error {
		row, err := tx.LockEnvironment(servertest.A)
		if err != nil {
			return err
		}
		return tx.PutEnvironment(row.ID, row.Name, document, row.Revision)
	})
	if err != nil {
		t.Fatal(err)
	}
	s.SignIn(t, servertest.A, "ada@example.com")
	s.socially(t)
	s.Do(t, "POST", sdk("/providers/before/initAuth"), nil, m{"state": strings.Repeat("s", 32), "redirectUrl": after}).
		Want(t, 422, "provider_not_enabled")
	if settings := s.Do(t, "GET", sdk("/settings"), nil, nil).Want(t, 200, ""); strings.Contains(string(settings.Body), `"before"`) {
		t.Error("a provider that is refused is offered")
	}
	s.writer(t, servertest.A)(strings.Replace(document, "codesPerIP: {count: 10000", "codesPerIP: {count: 9999", 1)).Want(t, 200, "")
}

// One environment's mail never comes from another's name and domain, whatever its
// document says or said before.
func TestL12Senders(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.WithConfig(func(p *config.Production) {
		p.PublicURL = "https://auth.example.com"
		p.MailDomains = []string{servertest.A + "=a.example", servertest.B + "=b.example"}
	}))
	token := servertest.Bearer(s.ServiceToken(t, "", []string{serviceauth.EnvironmentsWrite, serviceauth.EnvironmentsWeaken}))
	apply := func(environment, from string) servertest.Response {
		return s.Do(t, "PUT", servertest.Admin(environment), token, servertest.Document(environment, "mail: {from: \""+from+"\"}\n"))
	}
	sender := func(environment, address string) string {
		s.SendCode(t, environment, address, nil)
		return s.Inbox.Wait(t, address, 0).From
	}
	if got, want := sender(servertest.A, "one@example.com"), `"Environment a" <no-reply@auth.example.com>`; got != want {
		t.Errorf("by default mail comes from %s, want %s", got, want)
	}
	apply(servertest.A, "A <hello@a.example>").Want(t, 200, "")
	if got, want := sender(servertest.A, "two@example.com"), "A <hello@a.example>"; got != want {
		t.Errorf("mail comes from %s, want %s", got, want)
	}
	for _, from := range []string{"B <hello@b.example>", "B <ceo@auth.example.com>", "B <x@sub.a.example>", "x@evil.example",
		"A <hello@a.example.evil.example>", "B <x@localhost>"} {
		if got := apply(servertest.A, from); got.Status != 422 || got.Code != "invalid_environment_document" {
			t.Errorf("%s: %d %s", from, got.Status, got.Body)
		}
	}
	// A sender from before the operator's word is replaced on its way out, under its name.
	s.Apply(t, servertest.Document(servertest.B, "mail: {from: \"Example Bank <hello@bank.example>\"}\n"))
	if got, want := sender(servertest.B, "three@example.com"), `"Example Bank" <no-reply@auth.example.com>`; got != want {
		t.Errorf("mail comes from %s, want %s", got, want)
	}
	// Notices to operators about the changes above come from there too.
	for i, message := range s.Inbox.To(servertest.Operator) {
		if !strings.HasSuffix(message.From, "@auth.example.com>") && !strings.HasSuffix(message.From, "@a.example>") {
			t.Errorf("notice %d comes from %s", i, message.From)
		}
	}
	if got := s.Inbox.Wait(t, servertest.Operator, 0).Subject; !strings.Contains(got, "Environment a") {
		t.Errorf("operators were told %q", got)
	}
}

// The version of an environment changes by accepting alone, and no document brings
// an older one in by the way.
func TestVersionByDocument(t *testing.T) {
	t.Parallel()
	s := start(t)
	strong := servertest.Bearer(s.ServiceToken(t, "",
		[]string{serviceauth.EnvironmentsRead, serviceauth.EnvironmentsWrite, serviceauth.EnvironmentsWeaken}))
	put := func(id, document string) servertest.Response {
		return s.Do(t, "PUT", servertest.Admin(id), strong, document)
	}
	version := func(line string) string {
		return strings.Replace(servertest.Document(servertest.Legacy, ""), `minApiVersion: "2026_01_01"`+"\n", line, 1)
	}
	if got := put(servertest.Legacy, version(`minApiVersion: "2026_04_01"`+"\n")); got.Status != 422 ||
		!strings.Contains(got.Member("error"), `write minApiVersion: "2026_01_01"`) {
		t.Errorf("a document that names the newest version: %d %s", got.Status, got.Body)
	}
	put(servertest.Legacy, version("")).Want(t, 200, "")
	if got := s.Do(t, "GET", servertest.Admin(servertest.Legacy), strong, nil).
		Member("document"); !strings.Contains(got, `minApiVersion: "2026_01_01"`) {
		t.Errorf("leaving the line out changed the version:\n%s", got)
	}
	const fresh = "dddddddd-0000-4000-8000-000000000004"
	old := "id: " + fresh + "\nname: New\nminApiVersion: 2026_01_01\ncreatedAtVersion: 2026_01_01\n"
	if got := s.writer(t, "")(old); got.Status != 403 || got.Code != "insufficient_service_scope" {
		t.Errorf("a new environment at the old version: %d %s", got.Status, got.Body)
	}
	if got := put(fresh, old).
		Want(t, 200, ""); !strings.Contains(string(got.Body), `"warnings":["createdAtVersion: the environment begins at 2026_01_01`) {
		t.Errorf("nobody is told that a new environment begins at the old version: %s", got.Body)
	}
	if got := s.Inbox.Wait(t, servertest.Operator, 0).Text; !strings.Contains(got, "begins at 2026_01_01") {
		t.Errorf("operators were told:\n%s", got)
	}
}

// Accepting turns on what clients seen lately need. A file from before would take it
// away by the way: it is told so, whose calls that refuses, and the line to write.
func TestEntriesDroppedByAnOldFile(t *testing.T) {
	t.Parallel()
	s := start(t)
	strong := servertest.Bearer(s.ServiceToken(t, "",
		[]string{serviceauth.EnvironmentsRead, serviceauth.EnvironmentsWrite, serviceauth.EnvironmentsWeaken}))
	document := servertest.Document(servertest.Legacy, "mfa: {actions: [{action: user.update, required: true}]}\n")
	s.Apply(t, document)
	user := s.SignIn(t, servertest.Legacy, "ada@example.com")
	call := func() {
		header := user.Header()
		header.Set("x-dyn-version", "WalletKit/5.3.2") // attaches no token to changes of the profile
		s.Do(t, "PUT", user.Path("/users"), header, m{"alias": "ada"}).Want(t, 200, "")
	}
	call()
	type answer struct {
		TurnedOn, Lines, Warnings []string
	}
	accept := func(body m) (a answer) {
		s.Do(t, "POST", servertest.Admin(servertest.Legacy)+"/version", strong, body).Want(t, 200, "").JSON(t, &a)
		return a
	}
	line := `compatibility: [update-user, delete-user]`
	got := accept(m{"minApiVersion": "2026_04_01"})
	if !slices.Equal(got.TurnedOn, []string{"update-user", "delete-user"}) ||
		!slices.Equal(got.Lines, []string{`minApiVersion: "2026_04_01"`, line}) {
		t.Fatalf("%+v", got)
	}
	call()
	s.Do(t, "GET", servertest.Admin(servertest.Legacy)+"/readiness", strong, nil).Want(t, 200, "") // counts what waits in memory
	file := strings.Replace(document, `minApiVersion: "2026_01_01"`+"\n", "", 1)
	put := func(document, query string) (a answer) {
		s.Do(t, "PUT", servertest.Admin(servertest.Legacy)+query, strong, document).Want(t, 200, "").JSON(t, &a)
		return a
	}
	if got := put(file+line+"\n", ""); len(got.Warnings) != 0 {
		t.Errorf("the file with its lines is warned of: %q", got.Warnings)
	}
	for _, query := range []string{"?dryRun=true", ""} {
		want := []string{
			"compatibility: the document drops update-user, which accepting turned on. 1 call(s) of the last 30 days went through by it, " +
				"from WalletKit/5.3.2: such calls are refused without it.",
			"compatibility: the document drops delete-user, which accepting turned on. No call of the last 30 days needed it.",
			"To keep what was turned on, write " + line + ".",
		}
		if got := put(file, query); !slices.Equal(got.Warnings, want) {
			t.Errorf("%s: told %q", query, got.Warnings)
		}
	}
	// Gone with a word, it is said once; what somebody wrote themselves is theirs to drop.
	put(file+line+"\n", "")
	if got := put(file, ""); len(got.Warnings) != 0 {
		t.Errorf("entries of a file are called turned on: %q", got.Warnings)
	}
}
