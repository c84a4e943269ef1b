package console

import (
	"github.com/stepup-auth/stepup/internal/deliver"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/operate"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/tenant"
)

// mailTriedPage is what was said to the mail server about a mail to the operator.
type mailTriedPage struct {
	To    string
	Taken bool
	Lines []deliver.Line
	Path  string
}

func (mailTriedPage) template() string { return "mail_tried" }
func (mailTriedPage) title() string    { return "What the mail server said" }
func (mailTriedPage) crumbs() []crumb  { return []crumb{{"Delivery", "./delivery"}} }

// mailTry sends a mail to the operator who asks, and to no other address.
func mailTry(r *request) (answer, error) {
	if r.Mailer == nil {
		return nil, fault.New(fault.Unavailable, "This server has no mail server to try.")
	}
	var m deliver.Message
	err := r.write(func(tx *store.Tx) error {
		t, err := tenant.New(r.environment, "")
		if err != nil {
			return err
		}
		m, err = operate.Trial{Template: r.FormValue("template"), Language: r.FormValue("language")}.Write(t, r.Senders)
		if err != nil {
			return err
		}
		return operate.AllowTrial(r.caller(), tx, r.environment.ID, r.visitor.Email)
	})
	if err != nil {
		return nil, err
	}
	m.To = r.visitor.Email
	p := mailTriedPage{To: m.To, Path: r.within("delivery")}
	p.Lines, err = r.Mailer.Transcribe(r.Context(), m)
	p.Taken = err == nil
	return show(p)
}
