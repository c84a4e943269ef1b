package console

import (
	"encoding/base64"
	"net/http"
)

// flashCookie carries what an action said to the page after it. It is text, shown as
// text, and never holds a secret.
const (
	flashCookie = "stepup-console-flash"
	maxFlash    = 300
)

// flash is the cookie with a value. As the cookie of the session it has the prefix that
// keeps other hosts of the domain from planting one, but on plain HTTP in development.
func (c *Console) flash(value string, maxAge int) *http.Cookie {
	name := "__Host-" + flashCookie
	if c.plain {
		name = flashCookie
	}
	return &http.Cookie{Name: name, Value: value, Path: "/", MaxAge: maxAge, HttpOnly: true, Secure: !c.plain,
		SameSite: http.SameSiteStrictMode}
}

func (c *Console) leaveFlash(w http.ResponseWriter, text string) {
	if len(text) > maxFlash {
		text = text[:maxFlash]
	}
	http.SetCookie(w, c.flash(base64.RawURLEncoding.EncodeToString([]byte(text)), 60))
}

// takeFlash reads what the last action said, and forgets it.
func (c *Console) takeFlash(w http.ResponseWriter, req *http.Request) string {
	gone := c.flash("", -1)
	cookies := req.CookiesNamed(gone.Name)
	if len(cookies) == 0 || req.Method != http.MethodGet {
		return ""
	}
	http.SetCookie(w, gone)
	if len(cookies) > 1 { // somebody planted one
		return ""
	}
	text, err := base64.RawURLEncoding.DecodeString(cookies[0].Value)
	if err != nil || len(text) > maxFlash {
		return ""
	}
	return string(text)
}
