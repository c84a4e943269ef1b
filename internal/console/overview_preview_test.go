package console

import (
	"time"

	"github.com/stepup-auth/stepup/internal/figures"
	"github.com/stepup-auth/stepup/internal/operate"
)

func previewOverview() overviewPage {
	report := figures.Report{Step: time.Hour, Counts: map[string][]int64{}}
	for i := range 24 {
		report.Times = append(report.Times, previewNow.Truncate(time.Hour).Add(time.Duration(i-23)*time.Hour))
	}
	for name, most := range map[string]int{
		figures.Proven + "passkey": 40, figures.Proven + "totp": 22, figures.Proven + "email_otp": 9, figures.Refused + "email_otp": 4,
		figures.Reason + "wrong_email_verification_token": 4, figures.Reason + "rate_limited": 2, figures.Minted: 60, figures.Spent: 50,
		figures.Expired: 8, figures.SignIn + "email_otp": 30, figures.SignIn + "passkey": 25, figures.Took + "10": 30,
		figures.Took + "30": 12, figures.Took + "more": 3, figures.Mail: 2,
	} {
		for _, v := range wave(24, most) {
			report.Counts[name] = append(report.Counts[name], int64(v))
		}
	}
	p := overviewOf(operate.Overview{Report: report, Attention: []operate.Attention{
		{Urgent: true, Says: "3 mails and 0 texts could not be handed over in the last day.", Do: "Send a test message.", Page: "delivery"},
		{Says: "Compatibility entries let calls through without an elevated token: link-email (12 calls in 30 days).",
			Do: "Take out those that nobody uses any more.", Page: "version"},
	}}, "15:04")
	p.Periods = []periodTab{{"An hour", "?period=hour", false}, {"A day", "?period=day", true}, {"30 days", "?period=month", false}}
	return p
}

var _ = canned(
	sample{name: "overview", at: inPreview + "overview", page: previewOverview()},
	sample{name: "overview_nothing", at: inPreview + "overview", page: overviewPage{Nothing: true,
		Periods: []periodTab{{"A day", "?period=day", true}}}},
)
