package console

import (
	"net/http"
	"strings"

	"github.com/stepup-auth/stepup/internal/pages"
)

// assetPath is where scripts and style sheets are. Their names hold a hash of what is
// in them, so browsers may keep them.
const assetPath = Root + "assets/"

// contentPolicy lets a page load our own files and send forms to us, and nothing else. Markup
// made of text is refused but by the one place of live.ts that has a policy for it.
var contentPolicy = strings.Join([]string{
	"default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data:", "connect-src 'self'", "frame-src 'self'",
	"form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'",
	"require-trusted-types-for 'script'", "trusted-types console",
}, "; ")

// secured puts the headers on every answer, and refuses what another site's page sends.
func secured(next http.Handler) http.Handler {
	guarded := http.NewCrossOriginProtection().Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		header := w.Header()
		header.Set("Content-Security-Policy", contentPolicy)
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("X-Frame-Options", "DENY")
		header.Set("Referrer-Policy", "same-origin")
		header.Set("Cross-Origin-Opener-Policy", "same-origin")
		header.Set("Cross-Origin-Resource-Policy", "same-origin")
		header.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=(), publickey-credentials-get=(self)")
		header.Set("Cache-Control", "no-store")
		guarded.ServeHTTP(w, req)
	})
}

func serveAsset(w http.ResponseWriter, req *http.Request) {
	content, mediaType, ok := pages.File(pages.Console, req.PathValue("name"))
	if !ok {
		http.NotFound(w, req)
		return
	}
	w.Header().Set("Content-Type", mediaType)
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	_, _ = w.Write(content)
}
