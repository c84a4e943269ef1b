package deliver

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/stepup-auth/stepup/internal/phone"
	"github.com/stepup-auth/stepup/internal/strictjson"
)

var (
	twilioAccount = regexp.MustCompile(`^AC[0-9a-f]{32}$`)
	twilioService = regexp.MustCompile(`^MG[0-9a-f]{32}$`)
	twilioSender  = regexp.MustCompile(`^[A-Za-z0-9 ]{1,11}$`) // alphanumeric sender id
)

// twilio builds requests to Twilio's Messages resource.
func twilio(u *url.URL) (func(context.Context, Text, time.Time) (*http.Request, error), error) {
	token, _ := u.User.Password()
	account := u.User.Username()
	query, err := url.ParseQuery(u.RawQuery)
	from := query.Get("from")
	if strings.HasPrefix(from, " ") { // a + that nobody percent-encoded
		from = "+" + from[1:]
	}
	switch {
	case err != nil || len(query) != 1 || u.Path != "" && u.Path != "/" || u.Fragment != "":
		return nil, errors.New("SMS URL: write it as twilio://SID:TOKEN@api.twilio.com?from=+14155550123")
	case !twilioAccount.MatchString(account) || token == "":
		return nil,
			errors.New("SMS URL: give the account SID (AC…) and its token, as in twilio://SID:TOKEN@api.twilio.com?from=+14155550123")
	}
	sender := "From"
	if twilioService.MatchString(from) {
		sender = "MessagingServiceSid"
	} else if _, err := phone.ParseE164(from); err != nil && !twilioSender.MatchString(from) {
		return nil, errors.New("SMS URL: from must be a number such as +14155550123, a messaging service (MG…) or a sender name")
	}
	to := "https://" + cmp.Or(u.Host, "api.twilio.com") + "/2010-04-01/Accounts/" + account + "/Messages.json"
	return func(ctx context.Context, t Text, _ time.Time) (*http.Request, error) {
		form := url.Values{"To": {t.To}, "Body": {t.Body}, sender: {from}}
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, to, strings.NewReader(form.Encode()))
		if err != nil {
			return nil, err
		}
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		request.SetBasicAuth(account, token)
		return request, nil
	}, nil
}

// aboutNumber are Twilio's refusals of this number or text, which no other try
// will change: unreachable, not a mobile, unsubscribed, blocked, no permission
// for the region.
var aboutNumber = map[int]bool{
	21211: true, 21214: true, 21217: true, 21408: true, 21610: true, 21612: true, 21614: true, 21617: true, 30003: true, 30004: true,
	30005: true, 30006: true,
}

func refusedByTwilio(status int, body []byte) bool {
	var answer struct {
		Code int `json:"code"`
	}
	return status == http.StatusBadRequest && strictjson.Decode(body, &answer, strictjson.Ignore) == nil && aboutNumber[answer.Code]
}
