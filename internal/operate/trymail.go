package operate

import (
	"context"
	"strings"
	"time"

	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/deliver"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/limit"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/tenant"
	"github.com/stepup-auth/stepup/internal/who"
)

// trials bounds the mails that are sent to try the way, per operator and together.
var (
	trials    = environment.Rate{Count: 5, Per: environment.Duration(time.Hour)}
	allTrials = environment.Rate{Count: 50, Per: environment.Duration(time.Hour)}
)

// Transcriber sends a mail and tells what was said.
type Transcriber interface {
	Transcribe(ctx context.Context, m deliver.Message) ([]deliver.Line, error)
}

// Trial is a mail that tries the way: to whoever asks for it, and to nobody else.
type Trial struct {
	Template string // one of the mails with words of an environment's own
	Language string // empty: as messages to readers of whom nothing is known
}

// Write makes the mail, as the environment's own would look. Its code is good for
// nothing.
func (r Trial) Write(t *tenant.Tenant, senders deliver.Senders) (deliver.Message, error) {
	style := t.Style(r.Language)
	if r.Language != "" && style.Language != r.Language {
		return deliver.Message{}, fault.New(fault.InvalidRequest, "This environment writes no mails in %.20q. Its languages are "+
			"%s.", r.Language,
			strings.Join(t.Mail.Languages, ", "))
	}
	m, ok := deliver.Sample(r.Template, style, t.Mail.AppName, senders.Sender(t.ID, t.MailFrom))
	if !ok {
		return m, fault.New(fault.NotFound, "There is no mail %.40q; `stepup mail templates` lists them.", r.Template)
	}
	m.Logo = t.Logo
	return m, nil
}

// AllowTrial counts and records a trial. to is the asker's own confirmed address; who
// calls has made sure of that, so that nobody makes the server write to others.
func AllowTrial(c who.Caller, tx *store.Tx, environmentID, to string) error {
	refused, wait, err := limit.TakeAll(tx,
		limit.Bound{Key: limit.For(tx, "mail-trial", c.By.Actor), Rate: trials},
		limit.Bound{Key: limit.For(tx, "mail-trials"), Rate: allTrials})
	if err != nil {
		return err
	}
	if refused != nil {
		return fault.New(fault.RateLimited, "%d mails were sent to try the way within an hour. Try again in %s.", refused.Rate.Count,
			fault.Spoken(wait)).After(wait)
	}
	c.By.EnvironmentID = environmentID
	return audit.Record(tx, c.By, "mail.tried", audit.Detail{"to": deliver.MaskEmail(to)})
}
