package account_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/assurance"
	"github.com/stepup-auth/stepup/internal/policytext"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/tenant/tenanttest"
)

// Each format of the store has one row in the table, each method of verification
// proves one kind, and each row says all that must be said.
func TestKindsAreComplete(t *testing.T) {
	formats, methods, words := map[string]int{}, map[assurance.Kind]int{}, map[string]int{}
	for _, kind := range account.Kinds {
		formats[kind.Format]++
		methods[kind.Method]++
		words[kind.Word]++
		if err := account.Complete(kind); err != nil {
			t.Errorf("the kind %s: %v", kind.Format, err)
		}
		if slices.Contains(store.Searched, kind.Format) && !kind.Address {
			t.Errorf("the kind %s finds users by what is not shown as theirs", kind.Format)
		}
	}
	for _, format := range storeFormats(t) {
		if formats[format] != 1 {
			t.Errorf("the format %s has %d rows in account.Kinds, not one", format, formats[format])
		}
		delete(formats, format)
	}
	if len(formats) > 0 {
		t.Errorf("no format of the store: %v", formats)
	}
	for _, method := range assurance.Kinds {
		if methods[method] != 1 {
			t.Errorf("the method %s proves %d kinds of credentials, not one", method, methods[method])
		}
		if !method.ACR().Meets(assurance.Federated) || len(method.AMR()) == 0 {
			t.Errorf("the method %s is worth nothing: give it a row in package assurance", method)
		}
		delete(methods, method)
	}
	if len(methods) > 0 {
		t.Errorf("methods that package assurance does not list: %v", methods)
	}
	for word, n := range words {
		if n > 1 {
			t.Errorf("%d kinds are called %q", n, word)
		}
	}
}

// Whoever has a credential of a kind, where the environment takes it, has a means of
// just that kind; and an unknown format is no means at all.
func TestKindsAreMeans(t *testing.T) {
	w := tenanttest.SQLite(t, tenanttest.Document(
		"mfa: {methods: [{type: totp, enabled: true}, {type: passkey, enabled: true}]}\n"+
			"passkeys: {rpId: example.com, origins: [https://app.example.com]}"))
	for _, kind := range account.Kinds {
		person, err := policytext.Person(w.Tenant.Environment, []string{kind.Word})
		if err != nil {
			t.Errorf("%s: %v", kind.Word, err)
			continue
		}
		if m := person.Means[0]; m.Format != kind.Format || m.Kind != kind.Method {
			t.Errorf("%s: %+v", kind.Word, m)
		}
		if account.IsFactor(store.CredentialRow{Format: kind.Format}) != kind.Method.Factor() || person.Enrolled() != kind.Method.MFA() {
			t.Errorf("%s: a factor by one account and none by the other", kind.Word)
		}
	}
	row := store.CredentialRow{Format: "password", SignInEnabled: true, Provenance: store.ProvenanceSignUp}
	means, err := account.Means(w.Tenant.Environment, row)
	if err != nil || means.Counts || means.Kind != "" || means.Type != "" || means.ACR != "" {
		t.Errorf("an unknown format: %+v, %v", means, err)
	}
	if account.IsFactor(row) || account.StepsUp(row) {
		t.Error("an unknown format is a second factor")
	}
}

// storeFormats are the formats that package store declares.
func storeFormats(t *testing.T) (formats []string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "../store/credentials.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || !strings.HasPrefix(spec.Names[0].Name, "Format") {
			return true
		}
		text, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		if err != nil {
			t.Fatal(err)
		}
		formats = append(formats, text)
		return true
	})
	if len(formats) == 0 {
		t.Fatal("package store declares no formats")
	}
	return formats
}
