package operate_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/operate"
)

// Operators are told where the page of prompts cannot use passkeys, and doctor asks the
// relying party as browsers do.
func TestPromptAndPasskeys(t *testing.T) {
	t.Parallel()
	lists := `{"origins":["https://auth.example.net"]}`
	party := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/.well-known/webauthn" || r.Host != "example.com" {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write([]byte(lists))
	}))
	defer party.Close()
	client := party.Client()
	transport := client.Transport.(*http.Transport)
	transport.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, party.Listener.Addr().String())
	}
	transport.TLSClientConfig.ServerName = "example.com" // which the test's certificate is for
	for _, test := range []struct{ name, lines, publicURL, listed, warning, problem string }{
		{"below", "", "https://auth.example.com", lists, "", ""},
		{"at it", "", "https://example.com/", lists, "", ""},
		{"elsewhere", "", "https://auth.example.org", lists, "at https://auth.example.org and leaves passkeys out", ""},
		{"by its own name", "origin: https://auth.example.com, ", "https://auth.example.org", lists, "", ""},
		{"not known", "", "", lists, "", ""},
		{"listed", "origin: https://auth.example.net, ", "", lists, "", ""},
		{"listed here alone", "origin: https://auth.example.net, ", "", `{"origins":["https://other.example"]}`, "", "does not list it"},
		{"listed badly", "origin: https://auth.example.net, ", "", "<html>", "", "cannot be read"},
	} {
		lists = test.listed
		env, err := environment.Parse([]byte("id: 11111111-2222-4333-8444-555555555555\nname: App\n" +
			"mfa: {methods: [{type: passkey, enabled: true}]}\n" +
			"passkeys: {rpId: example.com, origins: [https://example.com], relatedOrigins: [https://auth.example.net]}\n" +
			"prompt: {" + test.lines + "redirectUris: [https://example.com/back]}\n"))
		if err != nil {
			t.Fatal(err)
		}
		if got := operate.PromptWarning(env, test.publicURL); !strings.Contains(got, test.warning) || (got == "") != (test.warning == "") {
			t.Errorf("%s: warning %q", test.name, got)
		}
		got := operate.PromptProblem(t.Context(), client, env, test.publicURL)
		if !strings.Contains(got, test.problem) || (got == "") != (test.problem == "") {
			t.Errorf("%s: problem %q", test.name, got)
		}
		env.Prompt.RedirectURIs = nil // nobody is asked there
		if operate.PromptWarning(env, test.publicURL) != "" || operate.PromptProblem(t.Context(), client, env, test.publicURL) != "" {
			t.Errorf("%s: told although nobody is asked", test.name)
		}
	}
}
