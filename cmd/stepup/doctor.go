package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"time"

	"github.com/stepup-auth/stepup/internal/config"
	"github.com/stepup-auth/stepup/internal/deliver"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/operate"
	operators "github.com/stepup-auth/stepup/internal/operator"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/token"
)

type doctorCommand struct{}

// mailDelay is when waiting mail is called a problem.
const mailDelay = 2 * time.Minute

// mailPatience is how long the mail server has to answer.
const mailPatience = 10 * time.Second

// forwardingMemory is how long a problem with forwarded headers is told.
const forwardingMemory = 7 * 24 * time.Hour

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
			fmt.Fprintf(s.stdout, "warning  plain HTTP is taken from loopback and from %s only: a proxy that ends TLS elsewhere must be "+
				"in STEPUP_TRUSTED_PROXIES\n", proxies)
		}
		c.texts(s, problem, good)
	}
	c.transport(s, problem, good)
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
	accepted := 0
	for _, text := range durability.Problems {
		switch {
		case text != durability.NoStandby:
			problem(text)
		case s.config.SingleDatabase:
			accepted++
			fmt.Fprintln(s.stdout, "warning  "+text+" (accepted by STEPUP_SINGLE_DATABASE)")
		default:
			problem(text + ", or set STEPUP_SINGLE_DATABASE=accepted if that may be")
		}
	}
	if len(durability.Problems) == accepted {
		good("an acknowledged change survives a crash")
	}
	c.mail(s, problem, good)
	var named []*environment.Environment
	err = db.Read(s.ctx, func(tx *store.Tx) error {
		host, err := s.host()
		if err != nil {
			return err
		}
		all, err := host.AllProblems(tx)
		if err != nil {
			return err
		}
		for _, text := range all {
			problem(text)
		}
		unfounded, err := operators.Unfounded(tx)
		if err != nil {
			return err
		}
		for _, row := range unfounded {
			problem(fmt.Sprintf("service token %s (%s) was made by an operator who could not make it any more, before such tokens were "+
				"revoked: stepup token revoke %[1]s", row.ID, onOneLine(row.Name)))
		}
		if named, err = documents(tx); err != nil {
			return err
		}
		return examine(tx, s.dev || s.config.SMSURL != "", problem, good, s.stdout)
	})
	if err != nil {
		return err
	}
	for _, env := range named {
		for _, text := range s.issuerProblems(env) {
			problem(fmt.Sprintf("environment %s: %s", env.ID, text))
		}
		c.prompt(s, env, problem)
	}
	if problems > 0 {
		return errUnwell
	}
	return nil
}

// documents are those of all environments that can be read.
func documents(tx *store.Tx) (all []*environment.Environment, err error) {
	rows, err := tx.Environments()
	for _, row := range rows {
		if env, err := environment.Parse([]byte(row.Document)); err == nil {
			all = append(all, env)
		}
	}
	return all, err
}

// prompt looks whether browsers use passkeys on the page of an environment's prompts.
func (c *doctorCommand) prompt(s *session, env *environment.Environment, problem func(string)) {
	if warning := operate.PromptWarning(env, s.config.PublicURL); warning != "" {
		fmt.Fprintf(s.stdout, "warning  environment %s: %s\n", env.ID, warning)
	}
	ctx, cancel := context.WithTimeout(s.ctx, issuerTime)
	defer cancel()
	if text := operate.PromptProblem(ctx, s.outbound(), env, s.config.PublicURL); text != "" {
		problem(fmt.Sprintf("environment %s: %s", env.ID, text))
	}
}

// mail speaks to the mail server as if to send a message, and sends none.
func (c *doctorCommand) mail(s *session, problem, good func(string)) {
	if s.dev || s.config.SMTPURL == "" {
		return
	}
	mailer, err := deliver.NewSMTP(s.config.SMTPURL, s.log)
	if err != nil {
		problem("STEPUP_SMTP_URL: " + err.Error())
		return
	}
	mailer.Timeout = mailPatience
	host := "localhost"
	if u, err := url.Parse(s.config.PublicURL); err == nil && u.Hostname() != "" && net.ParseIP(u.Hostname()) == nil {
		host = u.Hostname()
	}
	if err := mailer.Probe(s.ctx, host); err != nil {
		problem(fmt.Sprintf("the mail server %v takes no mail from here: %v. Check STEPUP_SMTP_URL, its password and the way there",
			mailer, err))
		return
	}
	good(fmt.Sprintf("the mail server %v answers and lets us in", mailer))
}

// transport looks at how the way to the database is secured.
func (c *doctorCommand) transport(s *session, problem, good func(string)) {
	if s.dev {
		return
	}
	switch mode, host, err := store.TransportSecurity(s.config.DatabaseURL.Reveal()); {
	case err != nil || host == "": // SQLite, or a socket of this machine
	case mode == "verify-full":
		good("the connection to the database is encrypted, and its server verified")
	case config.Loopback(net.JoinHostPort(host, "0")):
	case mode == "verify-ca":
		problem("STEPUP_DATABASE_URL has sslmode=verify-ca, which takes a certificate of any host: set sslmode=verify-full")
	case mode == "require":
		problem("STEPUP_DATABASE_URL has sslmode=require, which takes any certificate: set sslmode=verify-full, with sslrootcert where " +
			"the authority is your own")
	default:
		problem(fmt.Sprintf("STEPUP_DATABASE_URL has sslmode=%s, so that what is kept may travel in the clear to %s: set "+
			"sslmode=verify-full, with sslrootcert where the authority is your own", mode, host))
	}
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
		old, err := tx.CountOldAudit(row.ID, tx.Now().Add(-env.Audit.Retention.Std()))
		if err != nil {
			return err
		}
		if old > 0 {
			fmt.Fprintf(out,
				"warning  environment %s: %d entries of the audit log are older than audit.retention (%v): run stepup audit prune\n",
				row.ID, old, env.Audit.Retention)
		}
		for _, entry := range env.Compatibility {
			fmt.Fprintf(out, "warning  environment %s: compatibility entry %s lets calls through without an elevated token\n",
				row.ID, entry)
		}
	}
	if err := undecided(tx, out); err != nil {
		return err
	}
	if err := examineSizes(tx, out); err != nil {
		return err
	}
	if forwarding, at, err := tx.Forwarding(); err != nil {
		return err
	} else if forwarding != "" && tx.Now().Sub(at) < forwardingMemory {
		fmt.Fprintf(out, "warning  %s (last seen %s)\n", forwarding, at.Format(time.RFC3339))
	}
	waiting, oldest, err := tx.OutboxWaiting()
	if err != nil {
		return err
	}
	if oldest > mailDelay {
		problem(fmt.Sprintf("%d messages wait, the oldest for %s: check the mail server, STEPUP_SMS_URL and the log", waiting,
			oldest.Round(time.Second)))
	} else {
		good("no message waits to be sent")
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
		fmt.Fprintf(out, "warning  environment %s: user %s: an undo link of an earlier version put %s %s back, perhaps for a thief; it is "+
			"not confirmed: stepup user settle %s %s %s --keep|--remove\n",
			row.EnvironmentID, row.UserID, row.Format, row.ID, row.EnvironmentID, row.UserID, row.ID)
	}
	disputed, err := tx.CredentialsDisputed()
	for _, row := range disputed {
		fmt.Fprintf(out, "warning  environment %s: user %s: %s %s is disputed since %s: stepup user settle %s %s %s --keep|--remove\n",
			row.EnvironmentID, row.UserID, row.Format, row.ID, row.DisputedAt.Format(time.RFC3339), row.EnvironmentID, row.UserID, row.ID)
	}
	return err
}

// examineSizes shows how much there is of what grows.
func examineSizes(tx *store.Tx, out io.Writer) error {
	tables, bytes, err := tx.Sizes()
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "         database = %d KiB\n", bytes>>10)
	for _, table := range tables {
		if table.Rows > 0 {
			fmt.Fprintf(out, "         %s = %d rows\n", table.Name, table.Rows)
		}
	}
	return nil
}
