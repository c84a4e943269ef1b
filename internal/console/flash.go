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

func leaveFlash(w http.ResponseWriter, req *http.Request, text string) {
	if len(text) > maxFlash {
		text = text[:maxFlash]
	}
	http.SetCookie(w, &http.Cookie{Name: flashCookie, Value: base64.RawURLEncoding.EncodeToString([]byte(text)), Path: Root, MaxAge: 60,
		HttpOnly: true, Secure: req.TLS != nil, SameSite: http.SameSiteStrictMode})
}

// takeFlash reads what the last action said, and forgets it.
func takeFlash(w http.ResponseWriter, req *http.Request) string {
	cookie, err := req.Cookie(flashCookie)
	if err != nil || req.Method != http.MethodGet {
		return ""
	}
	http.SetCookie(w, &http.Cookie{Name: flashCookie, Path: Root, MaxAge: -1})
	text, err := base64.RawURLEncoding.DecodeString(cookie.Value)
	if err != nil || len(text) > maxFlash {
		return ""
	}
	return string(text)
}
