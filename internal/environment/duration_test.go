package environment_test

import (
	"testing"
	"time"

	"github.com/stepup-auth/stepup/internal/environment"
)

func TestDuration(t *testing.T) {
	for _, test := range []struct {
		text, canonical string
		want            time.Duration
	}{
		{"30s", "30s", 30 * time.Second},
		{"10m", "10m", 10 * time.Minute},
		{"90m", "1h30m", 90 * time.Minute},
		{"24h", "24h", 24 * time.Hour},
		{"1d", "24h", 24 * time.Hour},
		{"36h1s", "36h1s", 36*time.Hour + time.Second},
		{"1d12h", "36h", 36 * time.Hour},
		{"720h", "30d", 720 * time.Hour},
		{"2d1h", "2d1h", 49 * time.Hour},
	} {
		got, err := environment.ParseDuration(test.text)
		if err != nil || got.Std() != test.want || got.String() != test.canonical {
			t.Errorf("%s: %v %v, %v", test.text, got.Std(), got, err)
		}
		if again, err := environment.ParseDuration(got.String()); err != nil || again != got {
			t.Errorf("%s: %v came back as %v, %v", test.text, got, again, err)
		}
	}
	for _, text := range []string{"", "0s", "0d", "5", "-5m", "+5m", "1d-1h", "1d+1h", "1.5d", "500ms", "1m500ms", "d", "1dd", "99999d",
		"10m ", "9999999h", "65535d2562047h"} {
		if got, err := environment.ParseDuration(text); err == nil {
			t.Errorf("%q was read as %v", text, got)
		}
	}
}
