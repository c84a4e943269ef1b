package social_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stepup-auth/stepup/internal/method/social"
)

var origins = []string{"https://app.example.com", "http://localhost:3000", "https://app.example.com:8443"}

// TestE6 Open redirects: what does not begin with a listed origin, byte for byte
// and in every reading, is refused.
func TestE6(t *testing.T) {
	for _, good := range []string{
		"https://app.example.com", "https://app.example.com/", "https://app.example.com/after?x=1&y=https://evil.example",
		"https://app.example.com#/route", "https://app.example.com?x",
		"http://localhost:3000/after", "https://app.example.com:8443/a/b", "https://app.example.com/@evil.example",
		"https://app.example.com/%2e%2e/x",
	} {
		if err := social.CheckRedirect(good, origins); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for _, bad := range redirectCorpus {
		if social.CheckRedirect(bad, origins) == nil {
			t.Errorf("%q was let through", bad)
		}
	}
	if social.CheckRedirect("https://app.example.com", nil) == nil {
		t.Error("an empty list allows something")
	}
}

var redirectCorpus = []string{
	"", " ", "/", "/after", "//evil.example", "///evil.example", `\\evil.example`, "https:evil.example", "https:/app.example.com",
	"https:///app.example.com", "https://evil.example", "https://evil.example/https://app.example.com",
	"https://app.example.com.evil.example", "https://app.example.comevil.example", "https://app.example.com-evil.example",
	"https://app.example.com@evil.example", "https://app.example.com:443@evil.example/", "https://user@app.example.com",
	"https://user:pass@app.example.com/", "https://:@app.example.com",
	`https://app.example.com\@evil.example`, `https://app.example.com\.evil.example`, `https:\\app.example.com`,
	`https://app.example.com/\evil.example`, "https://app.example.com%2f@evil.example",
	"https://app.example.com%00.evil.example", "https://app.example.com%40evil.example", "https://app.example.com%23@evil.example",
	"https://app%2eexample.com", "https://%61pp.example.com",
	"https://app.example.com:443", "https://app.example.com:444", "https://app.example.com:", "https://app.example.com:8443.evil.example",
	"https://app.example.com:84430", "http://app.example.com",
	"HTTPS://app.example.com", "https://APP.example.com", "https://app.example.com./", "https://app。example.com", "https://аpp.example.com",
	"https://app.example.com／evil.example", "https://app.example.com?@evil.example/\u2028",
	"https://xn--pp-7cd.example.com", "javascript:alert(1)", "javascript://app.example.com/%0aalert(1)", "data:text/html,x",
	"https://app.example.com/\r\nLocation: https://evil.example", "https://app.example.com/\x00", "https://app.example.com/a b",
	"\thttps://app.example.com", "https://app.example.com\t.evil.example", "https://app.example.com//evil.example",
	"http://localhost:30000", "http://localhost:3000@evil.example", "http://localhost", "https://localhost:3000",
	"https://[::1]", "https://app.example.com" + strings.Repeat("/a", 1100),
}

// FuzzRedirect: whatever is let through goes, in the reading of a parser, to a
// listed origin, and so does what becomes of it on the way back.
func FuzzRedirect(f *testing.F) {
	for _, text := range append(redirectCorpus, "https://app.example.com/after?x=1#y") {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		if social.CheckRedirect(raw, origins) != nil {
			return
		}
		for _, text := range []string{raw, social.Back(raw, url.Values{"dynamicOauthCode": {"c&d"}, "dynamicOauthState": {"s"}})} {
			u, err := url.Parse(text)
			if err != nil || u.User != nil ||
				(u.Scheme+"://"+u.Host != origins[0] && u.Scheme+"://"+u.Host != origins[1] && u.Scheme+"://"+u.Host != origins[2]) {
				t.Errorf("%q became %q, %v", raw, text, err)
			}
			if strings.ContainsAny(text, "\r\n\\\x00") {
				t.Errorf("%q became %q", raw, text)
			}
		}
		if u, _ := url.Parse(social.Back(raw, url.Values{"dynamicOauthCode": {"c&d"}})); len(u.Query()["dynamicOauthCode"]) != 1 ||
			u.Query().Get("dynamicOauthCode") != "c&d" {
			t.Errorf("%q lost its code", raw)
		}
	})
}
