package fault_test

import (
	"testing"
	"time"

	"github.com/stepup-auth/stepup/internal/fault"
)

func TestSpoken(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Second:                  "a second",
		0:                             "a second",
		time.Millisecond:              "a second",
		1500 * time.Millisecond:       "2 seconds",
		59*time.Second + 1:            "a minute",
		time.Minute:                   "a minute",
		61 * time.Second:              "a minute and a second",
		10 * time.Minute:              "10 minutes",
		time.Hour - time.Second:       "59 minutes and 59 seconds",
		time.Hour - time.Millisecond:  "an hour",
		time.Hour:                     "an hour",
		time.Hour + time.Second:       "an hour and a minute",
		2*time.Hour + 30*time.Minute:  "2 hours and 30 minutes",
		24 * time.Hour:                "24 hours",
		72*time.Hour - 29*time.Second: "72 hours",
	} {
		if got := fault.Spoken(d); got != want {
			t.Errorf("%v is spoken %q, want %q", d, got, want)
		}
	}
}
