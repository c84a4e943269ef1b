package console

import (
	"bytes"
	"embed"
	"encoding/json"
	"strings"
	"text/template"
	"time"

	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/operator"
	"github.com/stepup-auth/stepup/internal/store"
)

//go:embed snippets
var snippetFiles embed.FS

// developersPage is what an app needs to know to use an environment, and the service
// tokens there are.
type developersPage struct {
	EnvironmentID string
	BaseURL       string
	Issuer        string
	JWKS          string
	Origins       []string
	SecurityPath  string
	SDKs          []sdkTab
	Snippets      []snippet // of the chosen one
	Docs          string
	Tokens        []tokenItem
	Path          string
	MayWrite      bool
}

// sdkTab is an SDK that can be chosen.
type sdkTab struct {
	Name, Path string
	Current    bool
}

// snippet is code to copy.
type snippet struct{ Label, Text string }

type tokenItem struct {
	ID, Name            string
	Scopes, TokenScopes []string
	Maker               string
	CreatedAt           time.Time
	LastUsedAt          time.Time
	ExpiresAt           time.Time // zero: until revoked
	Expired             bool
}

func (developersPage) template() string { return "developers" }
func (developersPage) title() string    { return "API & SDK keys" }

// sdks are those with snippets, which lie in the folder of the name.
var sdks = []struct{ folder, name, docs string }{
	{"javascript", "JavaScript", "docs/sdk/javascript.md"},
	{"react", "React", "docs/sdk/react.md"},
	{"react-native", "React Native", "docs/sdk/react-native.md"},
	{"go", "Go server", "docs/quickstart.md"},
	{"node", "Node server", "docs/sdk/node-server.md"},
}

func developers(r *request) (answer, error) {
	p := developersPage{
		EnvironmentID: r.environment.ID, BaseURL: r.PublicURL, Issuer: r.PublicURL + "/api/v0/sdk/" + r.environment.ID,
		Path: r.within("developers"), MayWrite: r.may(operator.TokensWrite),
	}
	p.JWKS = p.Issuer + "/.well-known/jwks"
	chosen := sdks[0]
	for _, s := range sdks {
		if s.folder == r.FormValue("sdk") {
			chosen = s
		}
	}
	for _, s := range sdks {
		p.SDKs = append(p.SDKs, sdkTab{s.name, p.Path + "?sdk=" + s.folder, s.folder == chosen.folder})
	}
	p.Docs = chosen.docs
	env, err := environment.Parse([]byte(r.environment.Document))
	if err != nil {
		return nil, err
	}
	p.Origins = env.Origins
	if p.Snippets, err = snippets(chosen.folder, snippetData{p.EnvironmentID, p.BaseURL, p.Issuer, ownScope(env)}); err != nil {
		return nil, err
	}
	err = r.read(func(tx *store.Tx) error {
		rows, err := tx.ServiceTokensOf(r.environment.ID)
		for _, row := range rows {
			maker, err := operator.NameOf(tx, row.MadeBy)
			if err != nil {
				return err
			}
			p.Tokens = append(p.Tokens, tokenItem{
				row.ID, row.Name, row.Scopes, row.TokenScopes, maker, row.CreatedAt, row.LastUsedAt, row.ExpiresAt,
				!row.ExpiresAt.IsZero() && !row.ExpiresAt.After(tx.Now()),
			})
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return show(p)
}

// guarded is a scope and whose it is, for examples.
type guarded struct{ Scope, Audience string }

// ownScope is the first scope that the environment declares itself, or one to begin with.
func ownScope(env *environment.Environment) guarded {
	for _, s := range env.Scopes {
		if s.Audience != "" {
			return guarded{string(s.Scope), s.Audience}
		}
	}
	return guarded{"transfer:create", "https://api.example.com"}
}

// snippetData is what snippets are about.
type snippetData struct {
	EnvironmentID, BaseURL, Issuer string
	guarded
}

// literal is text as a string literal of Go and of JavaScript, which JSON's is of both:
// what a document says is data in code that people copy, whatever is in it.
func literal(parts ...string) (string, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(strings.Join(parts, ""))
	return strings.TrimSuffix(b.String(), "\n"), err
}

// snippets are the files of an SDK, in the order of their names. The first line of each
// is its label, after its comment sign. Values stand in them by [literal] alone.
func snippets(sdk string, data snippetData) (all []snippet, err error) {
	files, err := snippetFiles.ReadDir("snippets/" + sdk)
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		text := mustRead(snippetFiles, "snippets/"+sdk+"/"+file.Name())
		label, code, _ := strings.Cut(text, "\n")
		t, err := template.New(file.Name()).Funcs(template.FuncMap{"literal": literal}).Parse(code)
		if err != nil {
			return nil, err
		}
		var b strings.Builder
		if err := t.Execute(&b, data); err != nil {
			return nil, err
		}
		all = append(all, snippet{strings.TrimLeft(label, "/# "), b.String()})
	}
	return all, nil
}
