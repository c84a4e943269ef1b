package console

import (
	"strings"
	"testing"

	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/figures"
	"github.com/stepup-auth/stepup/internal/store"
)

// What happened just now is on the page, with what to do about it, and nothing of it on
// that of another environment.
func TestOverview(t *testing.T) {
	c := previewed(t, canneds{operator: ada})
	by := audit.By{Actor: "user:u", EnvironmentID: previewEnvironment, UserID: "u", SessionID: "s"}
	if err := c.DB.Write(t.Context(), func(tx *store.Tx) error {
		for range 33 {
			if err := audit.Record(tx, by, "proof.refused", audit.Detail{"method": "totp", "code": "wrong_code"}); err != nil {
				return err
			}
		}
		if err := audit.Record(tx, by, "proof.refused", audit.Detail{"method": "totp", "code": "mfa_rate_limited"}); err != nil {
			return err
		}
		return figures.Failed(tx, previewEnvironment, figures.Mail)
	}); err != nil {
		t.Fatal(err)
	}
	for _, period := range []string{"", "?period=hour", "?period=day", "?period=month", "?period=never"} {
		answer := get(c, inPreview+"overview"+period)
		body := answer.Body.String()
		for _, want := range []string{"33 wrong codes", "refused proofs 1 times", "1 mails and 0 texts", "<dd>34</dd>",
			"wrong code", "<svg"} {
			if answer.Code != 200 || !strings.Contains(body, want) {
				t.Errorf("%s: %d without %q", period, answer.Code, want)
			}
		}
	}
	other := get(c, Root+"e/1f9d3a0c-1111-4f0c-9d0e-2f6f7e1b3a11/overview").Body.String()
	if strings.Contains(other, "wrong") || !strings.Contains(other, "Nothing happened in this time") {
		t.Error("another environment's page shows it too")
	}
	old := get(c, Root+"e/2e8c4b1d-2222-4f0c-9d0e-2f6f7e1b3a12/overview")
	if old.Code != 200 {
		t.Errorf("the overview of an environment at the old version: %d", old.Code)
	}
}
