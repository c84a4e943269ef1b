package console

import (
	"time"

	"github.com/stepup-auth/stepup/internal/fault"
)

// errorPage says why not, and what to do.
type errorPage struct {
	Status     int
	Code       fault.Code
	Message    string
	RetryAfter time.Duration
	RequestID  string
}

func (errorPage) template() string { return "error" }

func (p errorPage) title() string {
	switch {
	case p.Status == 404:
		return "Not found"
	case p.Status == 403:
		return "Not allowed"
	case p.Status == 503:
		return "Not now"
	case p.Status >= 500:
		return "Something broke"
	}
	return "That did not work"
}

// Title is the headline.
func (p errorPage) Title() string { return p.title() }
