package fault

import (
	"fmt"
	"time"
)

// Spoken writes how long something takes as people say it: "an hour", "59 minutes and
// 59 seconds". It rounds up, to the minute from an hour on, so that whoever waits that
// long has waited long enough.
func Spoken(d time.Duration) string {
	unit := time.Second
	if d > time.Hour-time.Second {
		unit = time.Minute
	}
	n := max(1, int64((d+unit-1)/unit))
	if unit == time.Minute {
		return both(count(n/60, "an hour", "hours"), count(n%60, "a minute", "minutes"))
	}
	return both(count(n/60, "a minute", "minutes"), count(n%60, "a second", "seconds"))
}

// count is n things, and nothing where there are none.
func count(n int64, one, many string) string {
	switch n {
	case 0:
		return ""
	case 1:
		return one
	}
	return fmt.Sprintf("%d %s", n, many)
}

func both(large, small string) string {
	if large == "" || small == "" {
		return large + small
	}
	return large + " and " + small
}
