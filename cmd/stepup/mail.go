package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/stepup-auth/stepup/internal/deliver"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/operate"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/tenant"
	"github.com/stepup-auth/stepup/internal/who"
)

type mailCommand struct {
	Templates mailTemplates `cmd:"" help:"List the mails that take words of an environment's own, with the names they fill in."`
	Preview   mailPreview   `cmd:"" help:"Print a mail as people of an environment get it."`
	Test      mailTest      `cmd:"" help:"Send a mail to an operator, and print what was said to the mail server."`
}

type mailTemplates struct{}

func (mailTemplates) Run(s *session) error {
	var list strings.Builder
	for _, name := range slices.Sorted(maps.Keys(environment.MailTemplates)) {
		fmt.Fprintf(&list, "%-20s {%s}\n", name, strings.Join(environment.MailTemplates[name], "} {"))
	}
	_, err := io.WriteString(s.stdout, list.String())
	return err
}

type mailPreview struct {
	Environment string `arg:"" help:"Environment id, or the path of its document."`
	Template    string `arg:"" help:"Which mail; stepup mail templates lists them."`
	Language    string `help:"In which language; without it as for readers of whom nothing is known." placeholder:"LANGUAGE"`
	HTML        bool   `name:"html" help:"Print the form with pictures and colours instead."`
}

func (c *mailPreview) Run(s *session) error {
	env, err := s.document(c.Environment)
	if err != nil {
		return err
	}
	senders, err := s.config.Senders()
	if err != nil {
		return err
	}
	t := &tenant.Tenant{Environment: env, MailFrom: tenant.Sender(env, "")}
	m, err := operate.Trial{Template: c.Template, Language: c.Language}.Write(t, senders)
	if err != nil {
		return err
	}
	if c.HTML {
		fmt.Fprintln(s.stdout, m.HTML)
		return nil
	}
	fmt.Fprintf(s.stdout, "Subject: %s\n\n%s", m.Subject, m.Text)
	return nil
}

type mailTest struct {
	Environment string `arg:"" help:"Environment id."`
	To          string `required:"" help:"One of STEPUP_OPERATORS. Nobody else is written to." placeholder:"ADDRESS"`
	Template    string `default:"sign_in" help:"Which mail; stepup mail templates lists them."`
	Language    string `help:"In which language." placeholder:"LANGUAGE"`
}

func (c *mailTest) Run(s *session) error {
	if s.dev {
		return errors.New("this is development, where mail goes to the inbox at /dev/inbox. For a test set STEPUP_SMTP_URL and " +
			"STEPUP_OPERATORS, and leave --dev out")
	}
	if len(s.config.Operators) == 0 {
		return errors.New("STEPUP_OPERATORS is not set, and a test goes to nobody else")
	}
	if !slices.Contains(s.config.Operators, c.To) {
		return errors.New("--to must be one of STEPUP_OPERATORS: a test goes to those who run this server, and to nobody else")
	}
	if s.config.SMTPURL == "" {
		return errors.New("STEPUP_SMTP_URL is not set, so there is no mail server to try")
	}
	mailer, err := deliver.NewSMTP(s.config.SMTPURL, s.log)
	if err != nil {
		return fmt.Errorf("STEPUP_SMTP_URL: %w", err)
	}
	senders, err := s.config.Senders()
	if err != nil {
		return err
	}
	var m deliver.Message
	err = s.write(func(by who.Caller, tx *store.Tx) error {
		row, err := tx.Environment(c.Environment)
		if err != nil {
			return orUnknown(err, "environment", c.Environment)
		}
		t, err := tenant.New(row, "")
		if err != nil {
			return err
		}
		if m, err = (operate.Trial{Template: c.Template, Language: c.Language}).Write(t, senders); err != nil {
			return err
		}
		return operate.AllowTrial(by, tx, c.Environment, c.To)
	})
	if err != nil {
		return err
	}
	m.To = c.To
	lines, err := mailer.Transcribe(s.ctx, m)
	for _, line := range lines {
		fmt.Fprintf(s.stdout, "%-7s %s\n", line.By, onOneLine(line.Text))
	}
	return err
}
