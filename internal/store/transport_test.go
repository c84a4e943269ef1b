package store_test

import (
	"testing"

	"github.com/stepup-auth/stepup/internal/store"
)

func TestTransportSecurity(t *testing.T) {
	t.Setenv("PGSSLMODE", "")
	for _, test := range []struct{ url, mode, host string }{
		{"sqlite:/var/lib/stepup.db", "", ""},
		{"postgres://u:p@db.example.com/stepup", "prefer", "db.example.com"},
		{"postgres://u:p@db.example.com:6432/stepup?sslmode=disable", "disable", "db.example.com"},
		{"postgresql://u:p@db.example.com/stepup?sslmode=verify-full", "verify-full", "db.example.com"},
		{"postgres://u:p@db.example.com/stepup?application_name=x&sslmode=require", "require", "db.example.com"},
		{"postgres://u:p@10.0.0.5/stepup?sslmode=allow", "allow", "10.0.0.5"},
		{"postgres:///stepup?host=/var/run/postgresql", "", ""},
		{"postgres://u:p@/stepup?host=db.example.com&sslmode=prefer", "prefer", "db.example.com"},
	} {
		mode, host, err := store.TransportSecurity(test.url)
		if err != nil || mode != test.mode || host != test.host {
			t.Errorf("%s: %q to %q, %v; want %q to %q", test.url, mode, host, err, test.mode, test.host)
		}
	}
	t.Setenv("PGSSLMODE", "require")
	if mode, _, _ := store.TransportSecurity("postgres://u:p@db.example.com/stepup"); mode != "require" {
		t.Errorf("PGSSLMODE is passed over: %q", mode)
	}
}
