package deliver

import (
	"net/http"

	"github.com/stepup-auth/stepup/internal/secret"
)

// Sign signs a webhook's body by a secret as operators write it.
func Sign(s secret.Text, id, at, body string) string {
	key, err := signingKey(s)
	if err != nil {
		panic(err)
	}
	return sign(key, id, at, []byte(body))
}

// CheckSender reports why from cannot be the sender of a mail.
func CheckSender(from string) error {
	_, err := parseSender(from)
	return err
}

// SetClient has a texter trust a test's server.
func SetClient(s *SMS, client *http.Client) { s.client = client }
