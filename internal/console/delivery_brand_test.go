package console

import (
	"bytes"
	"image"
	"image/png"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/figures"
	"github.com/stepup-auth/stepup/internal/operator"
	"github.com/stepup-auth/stepup/internal/store"
)

// brand sends the form of the looks of mails; without a logo none was chosen.
func brand(t *testing.T, c http.Handler, typed url.Values, logo []byte) *http.Response {
	t.Helper()
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	for name, values := range typed {
		for _, value := range values {
			_ = form.WriteField(name, value)
		}
	}
	part, _ := form.CreateFormFile("logo", "logo.png")
	_, _ = part.Write(logo)
	form.Close()
	req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, atDelivery+"/brand", &b)
	req.Header.Set("Content-Type", form.FormDataContentType())
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	w := httptest.NewRecorder()
	c.ServeHTTP(w, req)
	return w.Result()
}

func drawnLogo(t *testing.T, width, height int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewNRGBA(image.Rect(0, 0, width, height))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// How mails look is shown with its effect and made as any change of the document is: what
// may deceive people needs a proof.
func TestBrandOfMails(t *testing.T) {
	c := previewed(t, canneds{operator: ada, elevates: true})
	inMail := func() environment.Mail {
		document, _ := inForce(t, c)
		env, err := environment.Parse([]byte(document))
		if err != nil {
			t.Fatal(err)
		}
		return env.Mail
	}
	all := url.Values{"language": {"en"}, "languages": environment.MailLanguages}
	if got := brand(t, c, all, nil); got.Header.Get("Location") != atDelivery {
		t.Fatalf("nothing: %d: %s", got.StatusCode, body(t, got))
	}
	typed := url.Values{"color": {"#12306B"}, "languages": {"en", "de"}, "language": {"de"}}
	seen := brand(t, c, typed, drawnLogo(t, 200, 80))
	page := body(t, seen)
	for _, part := range []string{"mail.brand.color", "PNG picture of", "weakens", "people who read ja"} {
		if !strings.Contains(page, part) {
			t.Errorf("%d, and the effect does not say %q: %s", seen.StatusCode, part, page)
		}
	}
	if inMail().Brand.Color != "" {
		t.Error("it was made before it was seen")
	}
	unproven := previewedAs(c, canneds{operator: ada})
	if got := send(t, unproven, inSecurity+"/apply", proposed(t, page)); got.Header.Get("Location") != Root+"step-up" {
		t.Errorf("another logo without a proof: %d", got.StatusCode)
	}
	if got := send(t, c, inSecurity+"/apply", proposed(t, page)); got.Header.Get("Location") != atDelivery {
		t.Fatalf("%d to %q: %s", got.StatusCode, got.Header.Get("Location"), body(t, got))
	}
	m := inMail()
	if _, err := m.Brand.Logo.Clean(); err != nil || m.Brand.Color != "#12306b" || m.Language != "de" || len(m.Languages) != 2 {
		t.Errorf("%v: %s, %s, %v", err, m.Brand.Color, m.Language, m.Languages)
	}
	for what, refused := range map[string]*http.Response{
		"a light colour":      brand(t, c, url.Values{"color": {"#ffff00"}, "languages": {"en"}, "language": {"en"}}, nil),
		"no language":         brand(t, c, url.Values{"language": {"en"}}, nil),
		"a large picture":     brand(t, c, all, drawnLogo(t, 700, 10)),
		"a long file":         brand(t, c, all, bytes.Repeat([]byte{'x'}, environment.MaxImage+1)),
		"what is no picture":  brand(t, c, all, []byte("<svg onload=alert(1)>")),
		"no spoken default":   brand(t, c, url.Values{"languages": {"en"}, "language": {"ja"}}, nil),
		"an unknown language": brand(t, c, url.Values{"languages": {"en", "xx"}, "language": {"en"}}, nil),
	} {
		if page := body(t, refused); refused.StatusCode != 422 || !strings.Contains(page, `role="alert"`) ||
			!strings.Contains(page, "Looks and languages") {
			t.Errorf("%s: %d: %s", what, refused.StatusCode, page)
		}
	}
	typed = url.Values{"color": {""}, "languages": {"en", "de"}, "language": {"de"}, "without-logo": {"true"}}
	if got := send(t, c, inSecurity+"/apply", proposed(t, body(t, brand(t, c, typed, nil)))); got.StatusCode != 303 {
		t.Errorf("without: %d", got.StatusCode)
	}
	if m := inMail(); m.Brand != (environment.Brand{}) || len(m.Languages) != 2 {
		t.Errorf("without: %+v", m)
	}
	auditor := previewedAs(c, canneds{operator: operator.Operator{ID: "a", Email: "a@example.com",
		Grants: []operator.Grant{{Role: operator.Auditor}}}, elevates: true})
	if got := brand(t, auditor, all, nil); got.StatusCode != 403 {
		t.Errorf("an auditor: %d", got.StatusCode)
	}
}

// Failures of this environment are listed by the hour, and nobody else's.
func TestDeliveryFailures(t *testing.T) {
	c := previewed(t, canneds{operator: ada})
	failed := func(environmentID, name string, times int) {
		if err := c.DB.Write(t.Context(), func(tx *store.Tx) error {
			for range times {
				if err := figures.Failed(tx, environmentID, name); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	failed("2e8c4b1d-2222-4f0c-9d0e-2f6f7e1b3a12", figures.Mail, 31)
	if page := body(t, call(t, c, "GET", atDelivery, nil)); !strings.Contains(page, "No try to hand a message over") {
		t.Errorf("with none: %s", page)
	}
	failed(previewEnvironment, figures.Mail, 17)
	failed(previewEnvironment, figures.Text, 23)
	page := body(t, call(t, c, "GET", atDelivery, nil))
	if !strings.Contains(page, `data-label="Mails">17<`) || !strings.Contains(page, `data-label="Texts">23<`) {
		t.Errorf("the failures are not listed: %s", page)
	}
}
