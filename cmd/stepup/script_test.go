package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	_ "modernc.org/sqlite"

	"github.com/stepup-auth/stepup/internal/deliver/delivertest"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/store/storetest"
)

func TestMain(m *testing.M) {
	testscript.Main(building{m}, map[string]func(){
		"signin": signIn,
		"sqlite": changeFile,
		"epoch":  printEpoch,
		"status": printStatus,

		"wrongpassword": printWrongPassword,
	})
}

// building puts the real binary on the path of all tests. It is built without
// the race detector, which would make a hundred starts slow.
type building struct{ m *testing.M }

func (b building) Run() int {
	folder, err := os.MkdirTemp("", "stepup-binary")
	if err == nil {
		build := exec.Command("go", "build", "-o", folder, ".")
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		build.Stderr = os.Stderr
		err = build.Run()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "building stepup:", err)
		return 1
	}
	defer os.RemoveAll(folder)
	os.Setenv("PATH", folder+string(filepath.ListSeparator)+os.Getenv("PATH"))
	return b.m.Run()
}

// TestScripts runs testdata/*.txt against the real binary. Beside what
// testscript knows they may use:
//
//	exec stepup ARGS…       the program under test
//	exec signin BASE EMAIL  signs in at a development server and prints the user's id
//	exec sqlite FILE SQL    changes a database behind the program's back
//	exec epoch FILE         prints the stored epoch of a database
//	exec wrongpassword URL  prints the URL of a mail server with another password
//	exec status URL         prints the status of a GET
//	address NAME            puts a free loopback address into the variable NAME
//	smtp NAME               puts the URL of a mail server that takes mail with a password into NAME
//	mail FILE ADDRESS       waits for a mail to ADDRESS at that server, and puts its sender and text into FILE
//	postgres NAME           puts the URL of a fresh PostgreSQL database into NAME
//	ready URL               waits until URL answers 200
//	holds FILE PATTERN      waits until FILE matches
//	save NAME               puts what the last command printed into NAME
func TestScripts(t *testing.T) {
	var mailServers sync.Map // the last one of each script
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(env *testscript.Env) error {
			env.Setenv("ENV", "7f0c7a1e-2a54-4d7b-9b52-0d1f6c6f7a10")
			env.Setenv("DEMO", "11111111-2222-4333-8444-555555555555")
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"address": func(ts *testscript.TestScript, _ bool, args []string) { ts.Setenv(args[0], freeAddress(ts)) },
			"smtp": func(ts *testscript.TestScript, _ bool, args []string) {
				server := delivertest.Start(t, delivertest.Options{RequireAuth: true})
				mailServers.Store(ts.Name(), server)
				ts.Setenv(args[0], server.URL)
			},
			"mail": func(ts *testscript.TestScript, _ bool, args []string) {
				server, _ := mailServers.Load(ts.Name())
				ts.Check(eventually("a mail to "+args[1], func() bool {
					for _, mail := range server.(*delivertest.Server).Mails() {
						if mail.To == args[1] {
							ts.Check(os.WriteFile(ts.MkAbs(args[0]),
								[]byte("From: "+mail.From+"\nSender: "+mail.Sender+"\n\n"+mail.Text), 0o600))
							return true
						}
					}
					return false
				}))
			},
			"postgres": func(ts *testscript.TestScript, _ bool, args []string) {
				ts.Setenv(args[0], storetest.Empty(t, store.Postgres))
			},
			"expand": func(ts *testscript.TestScript, _ bool, args []string) {
				ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(os.Expand(ts.ReadFile(args[0]), ts.Getenv)), 0o600))
			},
			"issuer": func(ts *testscript.TestScript, _ bool, args []string) { ts.Setenv(args[0], startIssuer(t)) },
			"ready":  ready,
			"holds":  holds,
			"save": func(ts *testscript.TestScript, _ bool, args []string) {
				ts.Setenv(args[0], strings.TrimSpace(ts.ReadFile("stdout")))
			},
		},
	})
}

// startIssuer runs a login provider whose name ends in a slash.
func startIssuer(t *testing.T) string {
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w,
			`{"issuer":"%[1]s/","authorization_endpoint":"%[1]s/authorize","token_endpoint":"%[1]s/token","jwks_uri":"%[1]s/keys"}`,
			server.URL)
	})
	return server.URL
}

// printWrongPassword prints the URL of a mail server with another password.
func printWrongPassword() {
	u, err := url.Parse(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	u.User = url.UserPassword(u.User.Username(), "wrong-password")
	fmt.Println(u)
}

func freeAddress(ts *testscript.TestScript) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Check(listener.Close())
	return listener.Addr().String()
}

// eventually asks again and again until the condition holds.
func eventually(what string, holds func() bool) error {
	deadline := time.After(time.Minute)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-deadline:
			return fmt.Errorf("waited in vain until %s", what)
		case <-tick.C:
		}
	}
	return nil
}

func ready(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(eventually(args[0]+" answers", func() bool {
		response, err := http.Get(args[0])
		if err != nil {
			return false
		}
		response.Body.Close()
		return response.StatusCode == http.StatusOK
	}))
}

func holds(ts *testscript.TestScript, _ bool, args []string) {
	pattern, err := regexp.Compile("(?m)" + args[1])
	ts.Check(err)
	path := ts.MkAbs(args[0])
	ts.Check(eventually(args[0]+" matches "+args[1], func() bool {
		text, err := os.ReadFile(path)
		return err == nil && pattern.Match(text)
	}))
}

// signIn is the program of that name.
func signIn() {
	if err := signInAt(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "signin:", err)
		os.Exit(1)
	}
}

func signInAt(base, email string) error {
	server, _, _ := strings.Cut(base, "/api/")
	earlier, err := codes(server, email)
	if err != nil {
		return err
	}
	var sent struct{ VerificationUUID string }
	if err := post(base+"/emailVerifications/create", map[string]string{"email": email}, &sent); err != nil {
		return err
	}
	var inbox []string
	err = eventually("the code arrives", func() bool {
		inbox, err = codes(server, email)
		return err == nil && len(inbox) > len(earlier)
	})
	if err != nil {
		return err
	}
	var signed struct {
		User struct{ ID string }
	}
	err = post(base+"/emailVerifications/signin",
		map[string]string{"verificationUUID": sent.VerificationUUID, "verificationToken": inbox[0]}, &signed)
	if err == nil {
		fmt.Println(signed.User.ID)
	}
	return err
}

// codes lists what was sent to the address, newest first.
func codes(server, email string) ([]string, error) {
	var inbox struct {
		Messages []struct{ To, Code string }
	}
	err := call("GET", server+"/dev/inbox.json", nil, &inbox)
	var list []string
	for _, mail := range inbox.Messages {
		if mail.To == email {
			list = append(list, mail.Code)
		}
	}
	return list, err
}

func post(url string, body any, into any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	return call("POST", url, bytes.NewReader(text), into)
}

func call(method, url string, body io.Reader, into any) error {
	request, err := http.NewRequestWithContext(context.Background(), method, url, body)
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s: %s: %s", method, url, response.Status, text)
	}
	return json.Unmarshal(text, into)
}

// changeFile is the program sqlite.
func changeFile() {
	db, err := sql.Open("sqlite", os.Args[1])
	if err == nil {
		_, err = db.Exec(os.Args[2])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "sqlite:", err)
		os.Exit(1)
	}
}

func printEpoch() {
	db, err := sql.Open("sqlite", os.Args[1])
	var epoch string
	if err == nil {
		err = db.QueryRow("SELECT value FROM store_meta WHERE key = 'epoch'").Scan(&epoch)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "epoch:", err)
		os.Exit(1)
	}
	fmt.Println(epoch)
}

func printStatus() {
	response, err := http.Get(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, "status:", err)
		os.Exit(1)
	}
	fmt.Println(response.StatusCode)
}
