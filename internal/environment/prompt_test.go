package environment_test

import "testing"

// Addresses are compared as texts. Whatever two readers could read differently is
// another text, and so another address.
func TestPromptReturns(t *testing.T) {
	t.Parallel()
	env := mustParse(t, head+`prompt: {redirectUris: ["https://app.example.com/back", "https://app.example.com/q?a=1", `+
		`"http://127.0.0.1/back", "http://localhost:3000/back", "http://[::1]/back", {uri: "com.example.app:/back", customScheme: true}]}`)
	for uri, may := range map[string]bool{
		"https://app.example.com/back":               true,
		"https://app.example.com/q?a=1":              true,
		"com.example.app:/back":                      true,
		"http://127.0.0.1/back":                      true,
		"http://127.0.0.1:54321/back":                true,
		"http://localhost/back":                      true,
		"http://localhost:65535/back":                true,
		"http://[::1]:8080/back":                     true,
		"":                                           false,
		"https://app.example.com/back/":              false,
		"https://app.example.com/back?":              false,
		"https://app.example.com/back#":              false,
		"https://app.example.com/back?x=1":           false,
		"https://app.example.com/Back":               false,
		"https://APP.example.com/back":               false,
		"HTTPS://app.example.com/back":               false,
		"https://app.example.com:443/back":           false,
		"https://app.example.com./back":              false,
		"https://app.example.com/%62ack":             false,
		"https://app.example.com/x/../back":          false,
		"https://app.example.com//back":              false,
		`https://app.example.com\back`:               false,
		"https://evil@app.example.com/back":          false,
		"https://app.example.com@evil.example/back":  false,
		"https://app.example.com.evil.example/back":  false,
		" https://app.example.com/back":              false,
		"https://app.example.com/back ":              false,
		"http://app.example.com/back":                false,
		"https://127.0.0.1/back":                     false,
		"http://127.0.0.1:0/back":                    false,
		"http://127.0.0.1:080/back":                  false,
		"http://127.0.0.1:65536/back":                false,
		"http://127.0.0.1:99999/back":                false,
		"http://127.0.0.1:/back":                     false,
		"http://127.0.0.1:80@evil.example/back":      false,
		"http://127.0.0.1:80:80/back":                false,
		"http://127.0.0.1.evil.example/back":         false,
		"http://127.0.0.2/back":                      false,
		"http://2130706433/back":                     false,
		"http://127.1/back":                          false,
		"http://localhost.evil.example/back":         false,
		"http://localhost:3000/back/":                false,
		"http://localhost:3000/../back":              false,
		"http://evil.example/?http://localhost/back": false,
		"http://user@localhost/back":                 false,
		"com.example.app:/back2":                     false,
		"com.example.app://back":                     false,
		"com.other.app:/back":                        false,
		"javascript:alert(1)":                        false,
	} {
		if got := env.Prompt.Returns(uri); got != may {
			t.Errorf("%q: %v, want %v", uri, got, may)
		}
	}
	if mustParse(t, head).Prompt.Returns("") {
		t.Error("an environment without addresses goes back to one")
	}
}

// The page uses passkeys at their domain, below it, and where that domain says so.
func TestPromptUsesPasskeys(t *testing.T) {
	t.Parallel()
	env := mustParse(t, head+`passkeys: {rpId: example.com, origins: [https://example.com], relatedOrigins: [https://example.net]}`)
	for origin, may := range map[string]bool{
		"https://example.com": true, "https://auth.example.com": true, "https://example.net": true,
		"https://badexample.com": false, "https://auth.example.net": false, "https://example.com.evil.example": false, "": false,
	} {
		if got := env.PromptUsesPasskeys(origin); got != may {
			t.Errorf("%q: %v, want %v", origin, got, may)
		}
	}
	if mustParse(t, head).PromptUsesPasskeys("https://example.com") {
		t.Error("passkeys are used where there are none")
	}
}
