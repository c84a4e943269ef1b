package console

import (
	"cmp"
	"strings"
	"time"
)

// codeNames are methods and reasons, of figures and of the audit log, as people read them.
var codeNames = map[string]string{
	"email_otp": "email code", "sms_otp": "text message code", "totp": "authenticator app", "recovery_codes": "recovery code",
	"wrong_email_verification_token": "wrong email code", "wrong_sms_verification_token": "wrong text message code",
	"mfa_invalid_code": "wrong app code", "rate_limited": "too often", "mfa_rate_limited": "too often with a factor",
	"invalid_email_verification": "no open email code", "invalid_sms_verification": "no open text message code",
	"too_many_verification_attempts": "too many tries", "too_many_email_verification_attempts": "too many tries with an email code",
	"too_many_sms_verification_attempts": "too many tries with a text message code",
}

// codeInWords is a code as people read it: known ones by name, others with their words
// apart.
func codeInWords(code string) string {
	return cmp.Or(codeNames[code], strings.ReplaceAll(code, "_", " "))
}

// spanInWords is how long something took, to the second; less than one by tenths.
func spanInWords(d time.Duration) string {
	if d < time.Second {
		return d.Round(100 * time.Millisecond).String()
	}
	text := d.Round(time.Second).String()
	for _, unit := range []string{"h", "m"} {
		text = strings.Replace(text, unit, unit+" ", 1)
	}
	text = strings.TrimSuffix(strings.TrimSuffix(text, " 0s"), " 0m")
	return strings.NewReplacer("h", " h", "m", " min", "s", " s").Replace(text)
}
