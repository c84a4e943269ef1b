package main

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/stepup-auth/stepup/internal/deliver"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/token"
)

type doctorCommand struct{}

// mailDelay is when waiting mail is called a problem.
const mailDelay = 2 * time.Minute

// errUnwell makes the command fail, so that scripts can use it as a check.
var errUnwell = errors.New("there are problems; each line above that starts with PROBLEM says what to do")

func (c *doctorCommand) Run(s *session) error {
	problems := 0
	problem := func(text string) {
		problems++
		fmt.Fprintln(s.stdout, "PROBLEM  "+text)
	}
	good := func(text string) { fmt.Fprintln(s.stdout, "ok       "+text) }

	if s.dev {
		good("development mode: nothing to configure")
	} else if err := s.config.CheckServing(); err != nil {
		problem(err.Error())
	} else {
		good("configuration")
		if proxies := s.config.PlainHTTP(); proxies != "" {
			fmt.Fprintf(s.stdout, "warning  plain HTTP is taken from loopback and from %s only: a proxy that ends TLS elsewhere must be in STEPUP_TRUSTED_PROXIES\n", proxies)
		}
		if _, err := deliver.NewSMTP(s.config.SMTPURL, s.log); err != nil {
			problem("STEPUP_SMTP_URL: " + err.Error())
		}
		c.texts(s, problem, good)
	}
	db, err := s.open()
	if err != nil {
		problem("database: " + err.Error())
		return errUnwell
	}
	defer db.Close()
	good("database opens with this master key (" + db.Engine() + ")")

	durability, err := db.Durability(s.ctx)
	if err != nil {
		return err
	}
	for _, setting := range durability.Settings {
		fmt.Fprintf(s.stdout, "         %s = %s\n", setting.Name, setting.Value)
	}
	for _, text := range durability.Problems {
		problem(text)
	}
	if durability.Safe() {
		good("an acknowledged change survives a crash")
	}
	err = db.Read(s.ctx, func(tx *store.Tx) error {
		return examine(tx, s.dev || s.config.SMSURL != "", problem, good, s.stdout)
	})
	if err != nil {
		return err
	}
	if problems > 0 {
		return errUnwell
	}
	return nil
}

// texts looks at where text messages go; a server without them is fine.
func (c *doctorCommand) texts(s *session, problem, good func(string)) {
	if s.config.SMSURL == "" {
		return
	}
	if _, err := deliver.NewSMS(s.config.SMSURL, s.config.SMSSecret); err != nil {
		problem("STEPUP_SMS_URL, STEPUP_SMS_SECRET: " + err.Error())
		return
	}
	good("text messages have somewhere to go")
	for _, text := range deliver.SMSProblems(s.config.SMSURL, s.config.SMSSecret) {
		fmt.Fprintln(s.stdout, "warning  "+text)
	}
}

func examine(tx *store.Tx, texts bool, problem, good func(string), out io.Writer) error {
	rows, err := tx.Environments()
	if err != nil {
		return err
	}
	if len(rows) == 0 {
		problem("there is no environment: write one (stepup env example) and run stepup env apply FILE")
	}
	for _, row := range rows {
		env, err := environment.Parse([]byte(row.Document))
		if err != nil {
			problem(fmt.Sprintf("environment %s: %v", row.ID, err))
			continue
		}
		keys, err := token.Load(tx, row.ID)
		if err == nil {
			_, err = keys.SigningKeyID(tx.Now())
		}
		if err != nil {
			problem(fmt.Sprintf("environment %s: %v", row.ID, err))
			continue
		}
		good(fmt.Sprintf("environment %s (%s), minimum version %s", row.ID, row.Name, env.MinAPIVersion))
		if env.SMS.Enabled && !texts {
			problem(fmt.Sprintf("environment %s: sms is enabled, but this server sends no text messages: set STEPUP_SMS_URL", row.ID))
		}
		for _, entry := range env.Compatibility {
			fmt.Fprintf(out, "warning  environment %s: compatibility entry %s lets calls through without an elevated token\n", row.ID, entry)
		}
	}
	if err := undecided(tx, out); err != nil {
		return err
	}
	waiting, oldest, err := tx.OutboxWaiting()
	if err != nil {
		return err
	}
	if oldest > mailDelay {
		problem(fmt.Sprintf("%d messages wait, the oldest for %s: check the mail server, STEPUP_SMS_URL and the log", waiting, oldest.Round(time.Second)))
	} else {
		good("mail is flowing")
	}
	return nil
}

// undecided lists what waits for an operator's word about somebody's account.
func undecided(tx *store.Tx, out io.Writer) error {
	back, err := tx.CredentialsPutBack()
	if err != nil {
		return err
	}
	for _, row := range back {
		fmt.Fprintf(out, "warning  environment %s: user %s: an undo link of an earlier version put %s %s back, perhaps for a thief; it is not confirmed: stepup user settle %s %s %s --keep|--remove\n",
			row.EnvironmentID, row.UserID, row.Format, row.ID, row.EnvironmentID, row.UserID, row.ID)
	}
	disputed, err := tx.CredentialsDisputed()
	for _, row := range disputed {
		fmt.Fprintf(out, "warning  environment %s: user %s: %s %s is disputed since %s: stepup user settle %s %s %s --keep|--remove\n",
			row.EnvironmentID, row.UserID, row.Format, row.ID, row.DisputedAt.Format(time.RFC3339), row.EnvironmentID, row.UserID, row.ID)
	}
	return err
}
