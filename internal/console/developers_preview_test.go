package console

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const previewIssuer = "https://auth.example.com/api/v0/sdk/" + previewEnvironment

func cannedDevelopers(sdk string, change func(*developersPage)) developersPage {
	p := developersPage{
		EnvironmentID: previewEnvironment, BaseURL: "https://auth.example.com", Issuer: previewIssuer,
		JWKS: previewIssuer + "/.well-known/jwks", Origins: []string{"https://app.example.com", "https://staging.example.com"},
		Path: inPreview + "developers", MayWrite: true, Docs: "docs/sdk/" + sdk + ".md",
		Tokens: []tokenItem{
			{ID: "t1", Name: "transfers", Scopes: []string{"tokens.consume"}, TokenScopes: []string{"transfer:create"},
				Maker: "ada@example.com", CreatedAt: previewNow.AddDate(0, -2, 0), LastUsedAt: previewNow.Add(-2 * time.Minute)},
			{ID: "t2", Name: "<i>pipeline</i>", Scopes: []string{"environments.read", "environments.write"},
				Maker: "<b>mallory</b>@example.com", CreatedAt: previewNow.AddDate(0, -3, 0), ExpiresAt: previewNow.AddDate(0, 1, 0)},
			{ID: "t3", Name: "old export job", Scopes: []string{"users.read", "audit.read"}, Maker: "the host (root)",
				CreatedAt: previewNow.AddDate(-1, 0, 0), LastUsedAt: previewNow.AddDate(0, -4, 0), ExpiresAt: previewNow.AddDate(0, -1, 0),
				Expired: true},
		},
	}
	for _, s := range sdks {
		p.SDKs = append(p.SDKs, sdkTab{s.name, p.Path + "?sdk=" + s.folder, s.folder == sdk})
	}
	var err error
	if p.Snippets, err = snippets(sdk, snippetData{previewEnvironment, p.BaseURL, p.Issuer,
		guarded{"transfer:create", "https://api.example.com"}}); err != nil {
		panic(err)
	}
	change(&p)
	return p
}

var _ = canned(
	sample{name: "developers", at: inPreview + "developers", page: cannedDevelopers("javascript", func(*developersPage) {})},
	sample{name: "developers_react", at: inPreview + "developers", page: cannedDevelopers("react", func(*developersPage) {})},
	sample{name: "developers_react_native", at: inPreview + "developers",
		page: cannedDevelopers("react-native", func(*developersPage) {})},
	sample{name: "developers_node", at: inPreview + "developers",
		page: cannedDevelopers("node", func(p *developersPage) { p.Tokens = nil })},
	sample{name: "developers_go", at: inPreview + "developers", page: cannedDevelopers("go", func(p *developersPage) {
		p.Tokens, p.MayWrite, p.Origins = nil, false, nil
	})},
	sample{name: "token_create", at: inPreview + "developers/tokens/new", page: cannedTokenForm(tokenCreatePage{})},
	sample{name: "token_create_again", at: inPreview + "developers/tokens", page: cannedTokenForm(tokenCreatePage{
		Problem:     "Choose at least one thing that it may do.",
		NameProblem: "Give it a name of at most 100 characters, such as what will use it.",
	})},
	sample{name: "token_created", at: inPreview + "developers/tokens",
		page: tokenCreatedPage{"transfers", "stp_5QW6JX2M4K7A3T9YV8BNCDEFGHQ5QW6JX2M4K7A3T9YV8BNCDEFGHQ", inPreview + "developers"}},
)

func cannedTokenForm(p tokenCreatePage) tokenCreatePage {
	p.Path, p.Lives = inPreview+"developers", livesOfTokens
	p.Once = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	for _, s := range scopesOfTokens {
		p.Scopes = append(p.Scopes, tokenScope{choice{s.scope, s.scope, false}, s.says})
	}
	for _, s := range []string{"transfer:create", "wallet:export", "wallet:sign", "credential:link"} {
		p.TokenScopes = append(p.TokenScopes, choice{s, s, false})
	}
	return p
}

func TestSnippets(t *testing.T) {
	for _, s := range sdks {
		found, err := snippets(s.folder, snippetData{"ID", "BASE", "ISSUER", guarded{"a:b", "AUDIENCE"}})
		if err != nil || len(found) < 2 {
			t.Errorf("%s: %d snippets, %v", s.name, len(found), err)
		}
		for _, snippet := range found {
			if s.folder == "go" && strings.HasPrefix(snippet.Text, "package ") {
				checkGo(t, snippet.Text)
			}
		}
	}
}

// checkGo compiles a snippet, as a package that imports this tree. (Those in TypeScript are
// compiled by the suite of the JavaScript packages.)
func checkGo(t *testing.T, text string) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "snippet.go")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if output, err := exec.CommandContext(t.Context(), "go", "build", "-o", os.DevNull, name).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, output)
	}
}

// What a document says stays data in code that people copy.
func TestSnippetsHoldNoCode(t *testing.T) {
	const evil = "https://x/'+require('child_process').execSync(`id`)+'\"\n\u2028//"
	for _, s := range sdks {
		found, err := snippets(s.folder, snippetData{"ID", "BASE", "ISSUER", guarded{"a:b", evil}})
		if err != nil {
			t.Fatal(err)
		}
		for _, snippet := range found {
			rest := strings.ReplaceAll(snippet.Text, `"https://x/'+require('child_process').execSync(`+"`id`"+`)+'\"\n\u2028//`, "")
			if strings.Contains(rest, "child_process") {
				t.Errorf("%s: %s", s.name, snippet.Text)
			}
			if s.folder == "go" && strings.HasPrefix(snippet.Text, "package ") {
				checkGo(t, snippet.Text)
			}
		}
	}
}
