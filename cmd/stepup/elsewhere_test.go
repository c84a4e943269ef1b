package main

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"github.com/stepup-auth/stepup/internal/serviceauth"
)

// TestEveryCommandSaysWhereItWorks: each command is in the table, on the host alone for a
// reason, and nothing else is in it.
func TestEveryCommandSaysWhereItWorks(t *testing.T) {
	parser, err := kong.New(&commands{}, helpWords)
	if err != nil {
		t.Fatal(err)
	}
	var commands []string
	for _, leaf := range parser.Model.Leaves(false) {
		commands = append(commands, name(leaf))
	}
	slices.Sort(commands)
	if table := slices.Sorted(maps.Keys(reaches)); !slices.Equal(commands, table) {
		t.Errorf("there are %q, and the table has %q", commands, table)
	}
	for command, at := range reaches {
		if at.elsewhere && at.host != "" {
			t.Errorf("%s works elsewhere and does not", command)
		}
	}
}

// What stays on the host is refused with a server named, whichever way, and says why;
// doubt about which database is meant is refused too.
func TestWhere(t *testing.T) {
	const url = "https://auth.example.com"
	for command, at := range reaches {
		for _, in := range []struct {
			flags   commands
			environ []string
		}{{commands{URL: url}, nil}, {commands{}, []string{"STEPUP_URL=" + url}}} {
			e, err := in.flags.where(command, in.environ)
			switch {
			case at.host != "" && (err == nil || !strings.Contains(err.Error(), command) || !strings.Contains(err.Error(), at.host)):
				t.Errorf("%s goes elsewhere: %v", command, err)
			case at.host == "" && (err != nil || at.elsewhere != (e.url == url)):
				t.Errorf("%s asks %q: %v", command, e.url, err)
			}
		}
	}
	for _, test := range []struct {
		flags   commands
		environ []string
		want    string
		ok      bool
	}{
		{commands{}, []string{"STEPUP_DATABASE_URL=sqlite:x"}, "", true},
		{commands{}, []string{"STEPUP_URL=" + url, "STEPUP_DATABASE_URL=sqlite:x"}, "", false},
		{commands{}, []string{"STEPUP_URL=" + url, "STEPUP_DATABASE_URL_FILE=x"}, "", false},
		{commands{URL: url}, []string{"STEPUP_DATABASE_URL=sqlite:x"}, url, true},
		{commands{URL: url, Dev: true}, nil, "", false},
		{commands{Dev: true}, []string{"STEPUP_URL=" + url}, "", true},
		{commands{TokenFile: "x"}, nil, "", false},
		{commands{CAFile: "x"}, nil, "", false},
	} {
		e, err := test.flags.where("env list", test.environ)
		if (err == nil) != test.ok || test.ok && e.url != test.want {
			t.Errorf("%+v: %+v, %v", test, e, err)
		}
	}
	if _, err := (commands{}).where("nothing", nil); err == nil {
		t.Error("a command that is not in the table starts")
	}
}

// testServer is a development server with a service token for everything, and what is run
// against it in both ways.
type testServer struct {
	t         *testing.T
	address   string
	data      string
	tokenFile string
}

func startServer(t *testing.T) *testServer {
	t.Helper()
	s := &testServer{t: t, address: freeLoopback(t), data: filepath.Join(t.TempDir(), "data")}
	command := exec.CommandContext(t.Context(), "stepup", "serve", "--dev", "--listen", s.address, "--data", s.data)
	var output bytes.Buffer
	command.Stdout, command.Stderr = &output, &output
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = command.Wait() })
	if err := eventually("the server is ready", func() bool {
		response, err := http.Get("http://" + s.address + "/readyz")
		if err == nil {
			response.Body.Close()
		}
		return err == nil && response.StatusCode == http.StatusOK
	}); err != nil {
		t.Fatal(err)
	}
	s.tokenFile = s.token(serviceauth.Scopes...)
	return s
}

// token is a file with a new service token.
func (s *testServer) token(scopes ...string) string {
	s.t.Helper()
	made := s.local("token", "create", "--name", "test", "--scope", strings.Join(scopes, ","))
	file := filepath.Join(s.t.TempDir(), "token")
	if made.code != 0 || os.WriteFile(file, []byte(made.stdout), 0o600) != nil {
		s.t.Fatal(made.stderr)
	}
	return file
}

// said is what a command printed, and its exit status.
type said struct {
	stdout, stderr string
	code           int
}

func execute(t *testing.T, environ []string, args ...string) said {
	var stdout, stderr bytes.Buffer
	code := run(t.Context(), args, environ, &stdout, &stderr)
	return said{stdout.String(), stderr.String(), code}
}

func (s *testServer) local(args ...string) said {
	return execute(s.t, []string{"STEPUP_LISTEN=" + s.address}, append([]string{"--dev", "--data", s.data}, args...)...)
}

func (s *testServer) remote(args ...string) said { return s.remoteBy(s.tokenFile, args...) }

func (s *testServer) remoteBy(tokenFile string, args ...string) said {
	return execute(s.t, nil, append([]string{"--url", "http://" + s.address, "--token-file", tokenFile}, args...)...)
}

// inBoth are commands with what they print. {who} is another user in each way, {env}
// another environment; what {out} stands for is a new file.
var inBoth = []struct {
	name string // of the command
	args string // behind it
	ok   bool
}{
	{"env apply", "{env.yaml} --dry-run", true},
	{"env apply", "{env.yaml}", true},
	{"env apply", "{env.yaml}", true},
	{"env apply", "{wider.yaml} --dry-run", true},
	{"env apply", "{wider.yaml} --no-weakening", false},
	{"env apply", "{wider.yaml} --yes --revision 7", false},
	{"env apply", "{wider.yaml} --yes", true},
	{"env apply", "{wrong.yaml}", false},
	{"env show", "{env}", true},
	{"env show", "{env} --revision 1", true},
	{"env show", "{env} --revision 99", false},
	{"env show", "nope", false},
	{"env show", "..", false},
	{"env show", "a/../b?c#d", false},
	{"env set", "{env} limits.codeAttempts=4 --dry-run", true},
	{"env set", "{env} limits.codeAttempts=4", true},
	{"env set", "{env} nothing=1", false},
	{"env history", "{env}", true},
	{"env history", "nope", false},
	{"env revert", "{env} 1 --yes", true},
	{"env list", "", true},
	{"env accept", "{env} --dry-run", true},
	{"env accept", "{env} --yes", true},
	{"env accept", "nope --yes", false},
	{"keys rotate", "{env}", true},
	{"keys rotate", "{env} --at-once", true},
	{"keys rotate", "nope", false},
	{"readiness", "{env}", true},
	{"readiness", "{env} --json", true},
	{"readiness", "nope", false},
	{"policy explain", "{env} wallet:export --user-with email", true},
	{"policy explain", "nope wallet:export", false},
	{"policy test", "{cases.yaml}", true},
	{"policy diff", "{env} {wider.yaml}", true},
	{"external explain", "nope", false},
	{"mail preview", "{env} sign_in", true},
	{"mail preview", "nope sign_in", false},
	{"token create", "--name {who} --env {env} --scope users.read --expires 1h", true},
	{"token create", "--name {who} --env nope --scope users.read", false},
	{"token create", "--name {who} --env {env} --scope tokens.consume --consume nothing:here", false},
	{"token create", "--name {who} --env {env} --scope everything", false},
	{"token list", "", true},
	{"token revoke", "nope", false},
	{"token revoke", "{token}", true},
	{"token revoke", "{token}", false},
	{"user create", "{env} --email {who}@example.com --username {who} --external-id crm-{who}", true},
	{"user create", "{env} --email {who}@example.com", false},
	{"user create", "nope --email {who}@example.com", false},
	{"user list", "{env}", true},
	{"user list", "{env} {who}", true},
	{"user list", "{env} {who} --json", true},
	{"user list", "{env} nobody", false},
	{"user list", "{env} {who} --state disabled", false},
	{"user list", "nope", false},
	{"user show", "{env} {who}@example.com", true},
	{"user show", "{env} nobody", false},
	{"user show", "{env} {who}@exam", false},
	{"user invite", "{env} {who}", true},
	{"user disable", "{env} {who}", true},
	{"user list", "{env} --state disabled", true},
	{"user enable", "{env} crm-{who}", true},
	{"user enable", "{env} nobody", false},
	{"user revoke-sessions", "{env} {who}", true},
	{"user revoke-sessions", "{env} {who} --session nope", false},
	{"user unlock", "{env} {who}", true},
	{"user reset-mfa", "{env} {who}", true},
	{"user settle", "{env} {who} nope --keep", false},
	{"user unlink", "{env} {who} nope", false},
	{"user add-address", "{env} {who} --email new-{who}@example.com", false},
	{"user recover", "{env} {who} nope --reason lost", false},
	{"user recoveries", "{env}", true},
	{"user recoveries", "nope", false},
	{"user stop-recovery", "{env} nope", false},
	{"user imports", "{env}", true},
	{"user imports", "{env} nope", false},
	{"user imports", "nope", false},
	{"user export", "{env} {who}", true},
	{"user delete", "{env} {who} --confirm nobody", false},
	{"user delete", "{env} {who} --confirm {who}", true},
	{"user show", "{env} {who}", false},
	{"audit query", "--env {env} --action user.", true}, // elsewhere reading is on record too
	{"audit query", "--env {env} --action environment. --newest --limit 3 --outcome done", true},
	{"audit query", "--env nope", false},
	{"audit query", "--user nope", false},
	{"audit query", "--session nope", false},
	{"audit query", "--action environment.applied --until 2020-01-01T00:00:00Z", true},
	{"audit trail", "{env} nope", false},
	{"audit trail", "{env} {entry}", true},
	{"audit export", "--env {env} --action environment.", true},
	{"audit export", "--env {env} --action environment. --output {out}", true},
	{"audit export", "--env nope --output {out}", false},
	{"audit follow", "--env nope", false},
	{"env copy", "{env} --name Copied", true},
	{"env copy", "nope --name Copied", false},
	{"env delete", "{env}", true},
	{"env delete", "{env} --name wrong", false},
	{"env delete", "{env} --name Bank", true},
	{"env delete", "{env}", false},
}

// TestElsewhere runs each command beside the database and over the admin API of a server
// on it: both print the same, and end alike.
func TestElsewhere(t *testing.T) {
	s := startServer(t)
	ways := []struct {
		who, env string
		run      func(...string) said
	}{
		{"ada-here", "7f0c7a1e-2a54-4d7b-9b52-0d1f6c6f7a10", s.local}, {"ada-away", "7f0c7a1e-2a54-4d7b-9b52-0d1f6c6f7a11", s.remote},
	}
	folder := t.TempDir()
	fill := strings.NewReplacer
	tried := map[string]bool{}
	outs := 0
	for _, test := range inBoth {
		tried[test.name] = true
		var got [2]said
		for i, way := range ways {
			write := func(file, text string) string {
				path := filepath.Join(folder, way.who+file)
				if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
				return path
			}
			document := "id: " + way.env + "\nname: Bank\n"
			outs++
			args := strings.Fields(test.name + " " + fill("{who}", way.who, "{env}", way.env,
				"{env.yaml}", write(".yaml", document), "{wider.yaml}", write("-wider.yaml", document+"limits: {codeAttempts: 8}\n"),
				"{wrong.yaml}", write("-wrong.yaml", document+"nmae: x\n"),
				"{cases.yaml}", write("-cases.yaml",
					"environment: "+way.env+"\ncases:\n  - {scope: wallet:export, expect: {required: true}}\n"),
				"{out}", filepath.Join(folder, strings.Repeat("x", outs))).Replace(test.args))
			for j, arg := range args {
				switch arg {
				case "{token}":
					args[j] = s.find("token", "list", way.who)
				case "{entry}":
					args[j] = s.find("audit", "export", way.env)
				}
			}
			got[i] = way.run(args...)
			if (got[i].code == 0) != test.ok {
				t.Errorf("%s: %+v", strings.Join(args, " "), got[i])
			}
			for _, text := range []*string{&got[i].stdout, &got[i].stderr} {
				for _, way := range ways {
					*text = fill(way.who, "{who}", way.env, "{env}").Replace(*text)
				}
				for _, v := range varying {
					*text = v.pattern.ReplaceAllString(*text, v.name)
				}
			}
		}
		if got[0] != got[1] {
			t.Errorf("%s %s\nhere:\n%s%s\naway:\n%s%s", test.name, test.args, got[0].stdout, got[0].stderr, got[1].stdout, got[1].stderr)
		}
	}
	small := s.token(serviceauth.UsersRead)
	secret, err := os.ReadFile(small)
	if err != nil {
		t.Fatal(err)
	}
	for _, args := range []string{"env list", "token list", "token create --name x --scope audit.read", "audit query", "backup copy.db",
		"keys master", "audit prune --output x"} {
		if got := s.remoteBy(small, strings.Fields(args)...); got.code == 0 || got.stdout != "" && args != "env list" ||
			strings.Contains(got.stderr, strings.TrimSpace(string(secret))) {
			t.Errorf("%s with a small token: %+v", args, got)
		}
	}
	for command, at := range reaches {
		if at.elsewhere != tried[command] {
			t.Errorf("%s works elsewhere: %t, and is tried there: %t", command, at.elsewhere, tried[command])
		}
	}
}

// varying is what differs between two runs of the same command: times, ids, tokens, who
// did it and from where, and how long names are.
var varying = []struct {
	pattern *regexp.Regexp
	name    string
}{
	{regexp.MustCompile(`,\s*"(source|userAgent|sourceSalt|sourceHash|requestId)": ?"[^"]*"`), ""},
	{regexp.MustCompile(` \([a-z_]+, request \S+\)`), ""},
	{regexp.MustCompile(`\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?( UTC|Z)`), "TIME"},
	{regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`), "ID"},
	{regexp.MustCompile(`stp_[A-Z2-7]+`), "TOKEN"},
	{regexp.MustCompile(`[0-9a-f]{64}`), "HASH"},
	{regexp.MustCompile(`operator:\w+|service:ID`), "ACTOR"},
	{regexp.MustCompile(`Key \S+ |"kid": ?"[^"]+"`), "KEY "},
	{regexp.MustCompile(` +`), " "},
	{regexp.MustCompile(`(?m)^ID test .*\n`), ""}, // the token that the commands go by
}

// find is the id that a list shows in the line that names something; empty: none does.
func (s *testServer) find(command, list, named string) string {
	said := s.local(command, list)
	for line := range strings.Lines(said.stdout) {
		if !strings.Contains(line, named) {
			continue
		}
		if strings.HasPrefix(line, "{") {
			var entry struct{ ID string }
			if err := json.Unmarshal([]byte(line), &entry); err != nil {
				s.t.Fatal(err)
			}
			return entry.ID
		}
		return strings.Fields(line)[0]
	}
	return "nothing"
}
