package deliver

import (
	"bytes"
	"crypto/rand"
	"strings"

	mail "github.com/wneessen/go-mail"
)

// maxSubject keeps the subject within one header line of RFC 5322, encoded.
const maxSubject = 250

// compose renders m for the wire: multipart/alternative with the plain part
// first, both quoted-printable, so that all of it is ASCII and no line is long.
func (m Message) compose(e envelope) ([]byte, error) {
	msg := mail.NewMsg(
		mail.WithNoDefaultUserAgent(),
		mail.WithCharset(mail.CharsetUTF8),
		mail.WithEncoding(mail.EncodingQP),
	)
	msg.FromMailAddress(e.from)
	if err := msg.To(e.to); err != nil {
		return nil, err
	}
	msg.Subject(m.Subject)
	msg.SetDate()
	// Random, and not made from the content: relays log message ids, and a
	// digest of a text with a six-digit code in it gives the code away.
	_, domain, _ := strings.Cut(e.from.Address, "@")
	msg.SetMessageIDWithValue(rand.Text() + "@" + domain)
	msg.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: no holiday replies, please
	msg.SetGenHeader("X-Auto-Response-Suppress", "All")
	msg.SetBodyString(mail.TypeTextPlain, m.Text)
	if m.HTML != "" {
		msg.AddAlternativeString(mail.TypeTextHTML, m.HTML)
		if len(m.Logo.Data) > 0 && strings.Contains(m.HTML, logoURL) {
			err := msg.EmbedReader("logo", bytes.NewReader(m.Logo.Data), mail.WithFileContentID("<"+LogoID+">"),
				mail.WithFileContentType(mail.ContentType(m.Logo.Type)))
			if err != nil {
				return nil, err
			}
		}
	}
	var out bytes.Buffer
	if _, err := msg.WriteTo(&out); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
