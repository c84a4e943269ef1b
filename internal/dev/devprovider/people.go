package devprovider

import (
	"crypto/rand"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"net/http"
	"strings"
)

// Person is somebody made up.
type Person struct {
	Subject, Name, Email string
	Verified             bool // whether the provider vouches for the address
}

// People are those to choose from.
var People = []Person{
	{Subject: "dev-ada", Name: "Ada Example", Email: "ada@example.com", Verified: true},
	{Subject: "dev-ben", Name: "Ben Example", Email: "ben@example.com", Verified: true},
	{Subject: "dev-eve", Name: "Eve Example", Email: "ada@example.com"}, // says she has Ada's address, and it joins nothing
}

// personNamed finds somebody by subject, or makes somebody new.
func personNamed(subject string) Person {
	for _, p := range People {
		if p.Subject == subject {
			return p
		}
	}
	name := strings.ToLower(rand.Text()[:6])
	return Person{Subject: "dev-" + name, Name: "New " + name, Email: name + "@example.com", Verified: true}
}

func (p Person) claims() map[string]any {
	username, _, _ := strings.Cut(strings.ToLower(p.Name), " ")
	return map[string]any{"sub": p.Subject, "name": p.Name, "preferred_username": username, "email": p.Email, "email_verified": p.Verified}
}

var (
	//go:embed login.html
	loginHTML string
	loginPage = template.Must(template.New("login").Parse(loginHTML))

	policy = "default-src 'none'; style-src 'sha256-" + styleHash(loginHTML) +
		"'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

func showPeople(w http.ResponseWriter, request string) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", policy)
	w.Header().Set("Cache-Control", "no-store")
	// The status is out; a browser that went away is nobody's error.
	_ = loginPage.Execute(w, struct {
		Request string
		People  []Person
	}{request, People})
}

func styleHash(page string) string {
	_, rest, _ := strings.Cut(page, "<style>")
	style, _, _ := strings.Cut(rest, "</style>")
	sum := sha256.Sum256([]byte(style))
	return base64.StdEncoding.EncodeToString(sum[:])
}
