package prompt

import (
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/door"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/store"
)

// Why a prompt is over, as pages are told.
const (
	reasonExpired   = "expired"
	reasonCancelled = "cancelled"
	reasonEnded     = "ended" // its session is over, or what was done elsewhere has overtaken it
	reasonFinished  = "finished"
)

// ended says why nothing can be done in the prompt any more; empty: it is open.
func ended(p store.PromptRow, now time.Time) string {
	switch {
	case p.EndedReason == reasonCancelled:
		return reasonCancelled
	case !p.EndedAt.IsZero() || p.Superseded:
		return reasonEnded
	case p.CodeHash != nil:
		return reasonFinished
	case !p.ExpiresAt.After(now):
		return reasonExpired
	}
	return ""
}

// PromptOver says why a prompt is over and where the page may send the person; no location:
// somebody was sent there already, or nobody may be.
type PromptOver struct {
	Reason   string `json:"reason"`
	Location string `json:"location,omitempty"`
}

func over(c *door.Call, p store.PromptRow, why string) *fault.Error {
	return fault.New(fault.PromptOver, "This prompt is over. Go back to the app, and ask for it again if you still want to.").
		With(PromptOver{Reason: why, Location: back(c, p, why)})
}

// back is where the page goes from a prompt that is over.
func back(c *door.Call, p store.PromptRow, why string) string {
	switch why {
	case reasonFinished:
		return ""
	case reasonExpired:
		return location(c, p, "error", "expired")
	}
	return location(c, p, "error", "access_denied")
}

// location is the app's address with an answer, as the app wrote it; empty: the
// environment does not list it any more.
func location(c *door.Call, p store.PromptRow, name, value string) string {
	if !c.Tenant.Prompt.Returns(p.RedirectURI) {
		return ""
	}
	answer := url.Values{name: {value}, "state": {p.State}, "iss": {c.Tenant.Issuer}}.Encode()
	switch {
	case !strings.Contains(p.RedirectURI, "?"):
		return p.RedirectURI + "?" + answer
	case strings.HasSuffix(p.RedirectURI, "?") || strings.HasSuffix(p.RedirectURI, "&"):
		return p.RedirectURI + answer
	}
	return p.RedirectURI + "&" + answer
}

// PromptLocation is where the page goes.
type PromptLocation struct {
	Location string `json:"location"`
}

// leave answers where to go from a prompt that was over when the request came.
func (f *Face) leave(c *door.Call) (PromptLocation, error) {
	p := *c.Prompt
	why := reasonEnded
	err := c.Read(func(tx *store.Tx) error {
		if err := c.Tenant.Pin(tx); err != nil { // nobody is sent to an address that is not listed any more
			return err
		}
		if found := ended(p, tx.Now()); found != "" {
			why = found
		}
		return nil
	})
	if err != nil {
		return PromptLocation{}, err
	}
	to := back(c, p, why)
	if to == "" {
		return PromptLocation{}, over(c, p, why)
	}
	return PromptLocation{to}, nil
}

func (f *Face) cancel(c *door.Call, _ door.None) (PromptLocation, error) {
	if c.Session == nil {
		return f.leave(c)
	}
	err := c.Write(func(tx *store.Tx) error { return end(c, tx, *c.Prompt, reasonCancelled) })
	if errors.Is(err, store.ErrNotFound) { // in another tab, a moment ago
		return PromptLocation{}, over(c, *c.Prompt, reasonFinished)
	}
	if err != nil {
		return PromptLocation{}, err
	}
	return PromptLocation{location(c, *c.Prompt, "error", "access_denied")}, nil
}

// end ends a prompt and says why.
func end(c *door.Call, tx *store.Tx, p store.PromptRow, reason string) error {
	if err := tx.EndPrompt(p.EnvironmentID, p.ID, reason); err != nil {
		return err
	}
	return audit.Record(tx, c.By.Concerning(p.UserID), "prompt.ended", audit.Detail{"prompt_id": p.ID, "reason": reason})
}
