package delivertest

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"net/textproto"
	"regexp"
	"strings"
)

// Mail is one message to one recipient, decoded.
type Mail struct {
	From    string // the From header, words decoded: "Name <a@b>"
	To      string // the recipient the client named to the server
	Subject string
	Text    string // the text/plain part
	HTML    string // the text/html part; empty if there is none
	Header  mail.Header
	Types   []string // media types of message and parts, outermost first

	Attached []string // Content-IDs of pictures that go with it

	Sender string // the envelope's sender
	User   string // who logged in, may be empty
	TLS    bool   // the message came encrypted
	Raw    []byte
}

var (
	webAddress = regexp.MustCompile(`https?://\S+`)
	sixDigits  = regexp.MustCompile(`(?:^|[^\w#])(\d{6}|\d{8})(?:\W|$)`)
)

// Code is the six digits that stand alone in the text, outside links; empty if
// there are none.
func (m Mail) Code() string {
	found := sixDigits.FindStringSubmatch(webAddress.ReplaceAllString(m.Text, " "))
	if found == nil {
		return ""
	}
	return found[1]
}

// Link is the first web address in the text; empty if there is none.
func (m Mail) Link() string { return webAddress.FindString(m.Text) }

func parse(raw []byte) (Mail, error) {
	message, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return Mail{}, fmt.Errorf("reading the header: %w", err)
	}
	m := Mail{Header: message.Header, Raw: raw}
	for _, once := range []string{"From", "To", "Subject", "Date", "Message-Id", "Mime-Version", "Content-Type"} {
		if count := len(message.Header[once]); count != 1 {
			return Mail{}, fmt.Errorf("header %s occurs %d times", once, count)
		}
	}
	var words mime.WordDecoder
	if m.Subject, err = words.DecodeHeader(message.Header.Get("Subject")); err != nil {
		return Mail{}, fmt.Errorf("decoding the subject: %w", err)
	}
	from, err := message.Header.AddressList("From")
	if err != nil || len(from) != 1 {
		return Mail{}, fmt.Errorf("reading the sender: %d addresses, %w", len(from), err)
	}
	m.From = from[0].Address
	if from[0].Name != "" {
		m.From = from[0].Name + " <" + from[0].Address + ">"
	}
	if _, err := message.Header.Date(); err != nil {
		return Mail{}, fmt.Errorf("reading the date: %w", err)
	}
	if err := m.part(textproto.MIMEHeader(message.Header), message.Body); err != nil {
		return Mail{}, err
	}
	if m.Text == "" {
		return Mail{}, errors.New("there is no plain text part")
	}
	return m, nil
}

// part reads one part, and the parts in it.
func (m *Mail) part(header textproto.MIMEHeader, body io.Reader) error {
	mediaType, params, err := mime.ParseMediaType(header.Get("Content-Type"))
	if err != nil {
		return fmt.Errorf("reading a content type: %w", err)
	}
	m.Types = append(m.Types, mediaType)
	if strings.HasPrefix(mediaType, "multipart/") {
		parts := multipart.NewReader(body, params["boundary"])
		for {
			// Raw, because NextPart would undo quoted-printable silently.
			part, err := parts.NextRawPart()
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return fmt.Errorf("reading a part: %w", err)
			}
			if err := m.part(part.Header, part); err != nil {
				return err
			}
		}
	}
	if strings.HasPrefix(mediaType, "image/") {
		m.Attached = append(m.Attached, header.Get("Content-Id"))
		return nil
	}
	content, err := decode(header.Get("Content-Transfer-Encoding"), body)
	if err != nil {
		return fmt.Errorf("decoding a part: %w", err)
	}
	switch {
	case !strings.EqualFold(params["charset"], "utf-8") && !strings.EqualFold(params["charset"], "us-ascii"):
		return fmt.Errorf("part %s has charset %q", mediaType, params["charset"])
	case mediaType == "text/plain" && m.Text == "":
		m.Text = content
	case mediaType == "text/html" && m.HTML == "":
		m.HTML = content
	}
	return nil
}

// decode also turns CRLF into the line ends Go likes.
func decode(encoding string, body io.Reader) (string, error) {
	switch strings.ToLower(encoding) {
	case "", "7bit", "8bit":
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	default:
		return "", fmt.Errorf("unknown encoding %q", encoding)
	}
	content, err := io.ReadAll(body)
	return strings.ReplaceAll(string(content), "\r\n", "\n"), err
}
