package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/stepup-auth/stepup/internal/adminclient"
	"github.com/stepup-auth/stepup/internal/api/admin"
	"github.com/stepup-auth/stepup/internal/door"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/tenant"
)

// administration is what commands ask: the admin API of a server elsewhere, or the same
// routes in this process, over the database that the settings name.
type administration interface {
	Do(ctx context.Context, call adminclient.Call, into any) error
}

// elsewhere is the server that a command asks, as it is told; the zero value is none.
type elsewhere struct {
	url, tokenFile, caFile string
}

// readElsewhere takes flags before variables. A flag that names a database wins over a
// variable that names a server; two variables are a doubt, and refused.
func readElsewhere(c commands, environ []string) (elsewhere, error) {
	given := map[string]string{}
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		given[name] = value
	}
	e := elsewhere{cmp.Or(c.URL, given["STEPUP_URL"]), cmp.Or(c.TokenFile, given["STEPUP_TOKEN_FILE"]),
		cmp.Or(c.CAFile, given["STEPUP_CA_FILE"])}
	database := given["STEPUP_DATABASE_URL"] + given["STEPUP_DATABASE_URL_FILE"]
	switch {
	case c.Dev && c.URL != "":
		return e, errors.New("--dev is about a database here and --url about a server elsewhere: give one of them")
	case c.Dev:
		return elsewhere{}, nil
	case c.URL == "" && e.url != "" && database != "":
		return e, errors.New("STEPUP_URL and STEPUP_DATABASE_URL are both set, and a command works on one of them: unset the other")
	case e.url == "" && c.TokenFile+c.CAFile != "":
		return e, errors.New("--token-file and --ca-file are for a server elsewhere: name it with --url or STEPUP_URL")
	}
	return e, nil
}

// api is the administration that the command works on.
func (s *session) api() (administration, error) {
	switch {
	case s.administration != nil:
		return s.administration, nil
	case s.elsewhere.url != "":
		client, err := adminclient.New(adminclient.Config{URL: s.elsewhere.url, TokenFile: s.elsewhere.tokenFile,
			CAFile: s.elsewhere.caFile, Agent: "stepup/" + version()})
		if err != nil {
			return nil, err
		}
		s.administration = client
		return client, nil
	}
	host, err := s.host()
	if err != nil {
		return nil, err
	}
	db, err := s.openDB(!s.begins)
	if err != nil {
		return nil, err
	}
	s.close = db.Close
	routes := admin.New(admin.Config{DB: db, Senders: host.Senders, Operators: func() []string { return s.config.Operators }}).Routes()
	tenants := tenant.NewRegistry(db, s.publicURL(), time.Now)
	s.administration = onHost{door.NewHost(door.Config{DB: db, Tenants: tenants, Now: time.Now, Log: s.log}, operator(), routes)}
	return s.administration, nil
}

// onHost is the administration in this process.
type onHost struct{ host *door.Host }

// Do makes a call as a client would, and reads the answer as one.
func (h onHost) Do(ctx context.Context, call adminclient.Call, into any) error {
	request, err := call.Request(ctx, "http://localhost")
	if err != nil {
		return err
	}
	answer, err := h.host.Do(request)
	if err != nil || into == nil {
		return err
	}
	text, err := json.Marshal(answer)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, into)
}

// do makes a call. Of an environment that is not there it says so in the command's words.
func (s *session) do(call adminclient.Call, into any) error {
	api, err := s.api()
	if err != nil {
		return err
	}
	err = api.Do(s.ctx, call, into)
	if fault.Has(err, fault.EnvironmentNotFound) && len(call.Path) > 1 && call.Path[0] == "environments" {
		return unknown("environment", call.Path[1])
	}
	return err
}

func (s *session) get(into any, query url.Values, path ...string) error {
	return s.do(adminclient.Call{Method: http.MethodGet, Path: path, Query: query}, into)
}

func (s *session) post(body, into any, path ...string) error {
	return s.do(adminclient.Call{Method: http.MethodPost, Path: path, Body: body}, into)
}

// flags is a query of one flag, if it is set.
func flags(name string, set bool) url.Values {
	if !set {
		return nil
	}
	return url.Values{name: {"true"}}
}

// all reads the pages of a list, one behind the other.
func all[Page, Entry any](s *session, of func(Page) (entries []Entry, next string), path ...string) (list []Entry, err error) {
	query := url.Values{}
	for {
		var page Page
		if err := s.get(&page, query, path...); err != nil {
			return list, err
		}
		entries, next := of(page)
		list = append(list, entries...)
		if next == "" {
			return list, nil
		}
		query.Set("after", next)
	}
}

// printJSON prints an answer as it came, with indents.
func printJSON(w io.Writer, answer json.RawMessage) error {
	var text bytes.Buffer
	if err := json.Indent(&text, answer, "", "  "); err != nil {
		return err
	}
	_, err := fmt.Fprintln(w, text.String())
	return err
}

// unknown says that there is no such thing, and where to look.
func unknown(what, id string) error {
	return fmt.Errorf("there is no %s %q; %s shows what there is", what, id, lister[what])
}

var lister = map[string]string{
	"environment":        "`stepup env list`",
	"user":               "`stepup user list ENV`",
	"operator":           "`stepup console list`",
	"live service token": "`stepup token list`",
}
