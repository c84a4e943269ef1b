package deliver

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/stepup-auth/stepup/internal/secret"
)

// SMS hands text messages to an HTTP endpoint of the operator's: a webhook that
// gets {"to","body"}, or Twilio.
type SMS struct {
	Now func() time.Time // nil means time.Now; set it before use

	client *http.Client
	host   string // named in messages to people
	build  func(ctx context.Context, t Text, now time.Time) (*http.Request, error)
	// refused reports whether an answer is about the message and final.
	refused func(status int, body []byte) bool
}

// Format keeps passwords out of whatever prints texters.
func (s *SMS) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.host) }

// NewSMS reads an address of the operator's:
//
//	https://host/path                          a webhook; http:// too
//	twilio://SID:TOKEN@host?from=+14155550123  Twilio; host may be left out, and from be a messaging service (MG…)
//
// A webhook's requests are signed by the Standard Webhooks scheme when there is
// a signing secret (whsec_ and Base64 of 24 to 64 bytes). Errors never repeat
// the URL or the secret. Nothing is sent yet.
func NewSMS(rawURL, signingSecret secret.Text) (*SMS, error) {
	u, err := url.Parse(rawURL.Reveal())
	if err != nil {
		return nil, errors.New("SMS URL: write it as https://host/path, or twilio://SID:TOKEN@api.twilio.com?from=+14155550123, and " +
			"percent-encode special characters")
	}
	s := &SMS{client: textClient(), host: u.Host}
	switch u.Scheme {
	case "https", "http":
		if u.Hostname() == "" || u.Fragment != "" {
			return nil, errors.New("SMS URL: write it as https://host/path")
		}
		key, err := signingKey(signingSecret)
		if err != nil {
			return nil, err
		}
		s.build, s.refused = webhook(u, key), refusedByWebhook
	case "twilio":
		if signingSecret != "" {
			return nil, errors.New("SMS secret: Twilio takes none; it knows us by the token in the URL")
		}
		if s.build, err = twilio(u); err != nil {
			return nil, err
		}
		s.refused = refusedByTwilio
	default:
		return nil, errors.New("SMS URL: must start with https://, http:// or twilio://")
	}
	return s, nil
}

// SMSProblems says what is legal and unwise about these settings.
func SMSProblems(rawURL, signingSecret secret.Text) []string {
	u, err := url.Parse(rawURL.Reveal())
	if err != nil || u.Scheme == "twilio" {
		return nil
	}
	var problems []string
	if signingSecret == "" {
		problems = append(problems,
			"texts are handed over unsigned, so anybody who finds the endpoint can have it send theirs: set STEPUP_SMS_SECRET")
	}
	if u.Scheme == "http" && !isLoopback(u.Hostname()) {
		problems = append(problems, "texts with codes travel unencrypted: use https:// in STEPUP_SMS_URL")
	}
	return problems
}

func textClient() *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	return &http.Client{
		Timeout: textTimeout, Transport: transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // a code goes where the operator said
	}
}

// SendText implements [Texter].
func (s *SMS) SendText(ctx context.Context, t Text) error {
	if err := t.check(); err != nil {
		return &sendError{text: true, step: "composing", cause: err, permanent: true}
	}
	now := time.Now
	if s.Now != nil {
		now = s.Now
	}
	request, err := s.build(ctx, t, now())
	if err != nil {
		return &sendError{text: true, step: "composing", cause: errors.New("the request cannot be made")}
	}
	response, err := s.client.Do(request)
	if err != nil {
		return &sendError{text: true, step: s.host, cause: inner(err)}
	}
	defer func() { _ = response.Body.Close() }()
	body, _ := io.ReadAll(io.LimitReader(response.Body, 4<<10))
	if response.StatusCode/100 == 2 {
		return nil
	}
	// What it said may repeat the text, so only the number is told.
	return &sendError{text: true, step: s.host, code: response.StatusCode, permanent: s.refused(response.StatusCode, body)}
}

// inner is err without the URL, which may hold a password.
func inner(err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		return wrapped.Err
	}
	return err
}

func webhook(to *url.URL, key []byte) func(context.Context, Text, time.Time) (*http.Request, error) {
	return func(ctx context.Context, t Text, now time.Time) (*http.Request, error) {
		body, err := json.Marshal(struct {
			To   string `json:"to"`
			Body string `json:"body"`
		}{t.To, t.Body})
		if err != nil {
			return nil, err
		}
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, to.String(), bytes.NewReader(body))
		if err != nil {
			return nil, err
		}
		at := strconv.FormatInt(now.Unix(), 10)
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Webhook-Id", t.ID)
		request.Header.Set("Webhook-Timestamp", at)
		if key != nil {
			request.Header.Set("Webhook-Signature", sign(key, t.ID, at, body))
		}
		return request, nil
	}
}

// refusedByWebhook: 422 is how an endpoint says that this number gets no text,
// because it was ported yesterday, say. All else may be mended.
func refusedByWebhook(status int, _ []byte) bool {
	return status == http.StatusUnprocessableEntity || status == http.StatusRequestEntityTooLarge
}

func sign(key []byte, id, at string, body []byte) string {
	mac := hmac.New(sha256.New, key)
	_, _ = fmt.Fprintf(mac, "%s.%s.", id, at)
	_, _ = mac.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// signingKey decodes a secret of the Standard Webhooks scheme; nil for none.
func signingKey(s secret.Text) ([]byte, error) {
	if s == "" {
		return nil, nil
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(s.Reveal(), "whsec_"))
	if err != nil || !strings.HasPrefix(s.Reveal(), "whsec_") || len(key) < 24 || len(key) > 64 {
		return nil, errors.New(
			"SMS secret: write whsec_ and then 24 to 64 random bytes in Base64, as in: echo whsec_$(head -c 32 /dev/urandom | base64)")
	}
	return key, nil
}
