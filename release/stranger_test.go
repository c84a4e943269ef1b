package main

import (
	"bufio"
	"bytes"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	bytewise "encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/quotedprintable"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// environmentOfPage is the environment that docs/install.md applies.
const environmentOfPage = "7f0c7a1e-2a54-4d7b-9b52-0d1f6c6f7a10"

// TestStranger types docs/install.md on a fresh Debian that systemd runs: the package
// of the previous release, settings, the first environment, a green doctor, the unit,
// a step-up. Then it backs up, upgrades to this release while requests come, restores
// on another machine, and removes the package. The previous release is that of the
// last commit with an older database.
func TestStranger(t *testing.T) {
	if os.Getenv("LONG_TESTS") == "" {
		t.Skip("NOT TESTED: what a stranger does on a fresh Debian; LONG_TESTS=1 does it")
	}
	if os.Getenv(inside) == "" {
		debian(t) // needs the network
		t.Setenv("RELEASE_TEST_PREVIOUS", previous(t))
	}
	if !alone(t) {
		return
	}
	page := pageOfInstall(t)
	mails := catchMail(t)
	older, newer := onlyIn(t, os.Getenv("RELEASE_TEST_PREVIOUS"), ".deb"), only(t, ".deb")

	root := debian(t)
	prepare(t, root, older)
	first := boot(t, root)
	ada := first.atShell(t)
	ada.types(page["install"])
	// Packages from before made the folder at the first start of the unit only.
	ada.types("sudo test -d /var/lib/stepup || sudo install -d -o stepup -g stepup -m 700 /var/lib/stepup")
	ada.types(page["settings"])
	doctor := ada.types("as_stepup doctor")
	if strings.Contains(doctor, "PROBLEM") || !strings.Contains(doctor, "(Example Bank)") {
		t.Errorf("the doctor says:\n%s", doctor)
	}
	ada.types(page["step-up"], mails.code, mails.code)
	if said := ada.types(page["guard"]); !strings.Contains(said, `"result":"first"`) {
		t.Fatalf("the first step-up is not served:\n%s", said)
	}
	t.Log("a first step-up was served")

	u := &user{t: t, session: ada.types(`printf %s "$session"`), service: strings.TrimSpace(ada.types("cat bank.token"))}
	spent := ada.types(`printf %s "$token"`)
	u.enrol(mails)
	raced, unspent := u.stepUp(), u.stepUp()

	// The upgrade, with requests from two callers. One token is shown again and again,
	// under another operation each time: it is good once.
	ada.types(strings.Split(page["upgrade"], "\n")[0])
	prepare(t, root, newer)
	traffic := u.keepsAsking(raced, spent)
	ada.types(strings.Split(page["upgrade"], "\n")[1])
	ada.types("curl -sf --retry 120 --retry-connrefused --retry-delay 1 http://127.0.0.1:8080/readyz")
	traffic.judge(t)
	if was, is := version(t, older), ada.types("stepup version"); strings.Contains(is, was) {
		t.Errorf("after the upgrade the version is %s", is)
	}
	if u.operates("order-2", u.stepUp()) != "first" {
		t.Error("nobody steps up after the upgrade")
	}
	measured, _ := first.inside("sh", "-c", "grep -E 'VmHWM|VmRSS' /proc/$(systemctl show -P MainPID stepup)/status; "+
		"systemd-analyze security stepup | tail -n 1").CombinedOutput()
	t.Logf("the server:\n%s", measured)

	// Another machine, with the keys and the backup.
	elsewhere := debian(t)
	prepare(t, elsewhere, newer)
	run(t, "cp", "--archive", filepath.Join(root, "etc/stepup"), filepath.Join(elsewhere, "etc/"))
	ada.types("sudo apt remove stepup")
	if state := ada.types("sudo systemctl is-active stepup || true"); !strings.Contains(state, "inactive") {
		t.Errorf("after the package has gone the server is %s", state)
	}
	ada.types("sudo test -s /var/lib/stepup/stepup.db; sudo test -s /etc/stepup/master.key; sudo test -s /etc/stepup/stepup.env")
	first.halt()
	second := boot(t, elsewhere)
	ada = second.atShell(t)
	ada.types(strings.Split(page["install"], "\n")[0])
	ada.types(strings.Split(page["settings"], "\n")[0])
	run(t, "cp", filepath.Join(root, "var/lib/stepup/before.backup"), filepath.Join(elsewhere, "var/lib/stepup/"))
	run(t, "chroot", elsewhere, "chown", "stepup:stepup", "/var/lib/stepup/before.backup")
	ada.types(page["restore"])
	ada.types("curl -sf --retry 120 --retry-connrefused --retry-delay 1 http://127.0.0.1:8080/readyz")
	if code := u.operates("order-3", unspent); code != "superseded" {
		t.Errorf("an unspent token from before the backup is answered %q", code)
	}
	if code := u.operates("order-1", spent); code == "first" {
		t.Error("a spent token came back to life")
	}
	if u.operates("order-4", u.stepUp()) != "first" {
		t.Error("nobody steps up on the other machine")
	}
	u.signIn(mails)
	if u.operates("order-5", u.stepUp()) != "first" {
		t.Error("nobody signs in on the other machine")
	}
	if doctor := ada.types("as_stepup doctor || true"); strings.Contains(doctor, "PROBLEM") {
		t.Errorf("the doctor says on the other machine:\n%s", doctor)
	}
}

// previousEnding ends the name of the folder that the previous release lies in.
const previousEnding = "-previous"

// previous makes the packages of the last commit whose database is older, once.
func previous(t *testing.T) string {
	t.Helper()
	if folder := os.Getenv("RELEASE_TEST_PREVIOUS"); folder != "" {
		return folder
	}
	folder := made.folder + previousEnding
	if _, err := os.Stat(folder); err == nil {
		return folder
	}
	last := strings.TrimSpace(run(t, "git", "-C", "..", "log", "-1", "--diff-filter=A", "--format=%H", "--", "internal/store/migrations"))
	source, err := clone("..", filepath.Join(t.TempDir(), "source"))
	if err != nil {
		t.Fatal(err)
	}
	run(t, "git", "-C", source, "checkout", "--quiet", last+"^")
	if err := (release{repository: source, out: folder, say: func(string) {}}).make([]target{host}); err != nil {
		t.Fatal(errors.Join(err, os.RemoveAll(folder)))
	}
	t.Logf("the previous release is that of %s, before the migrations of %s", run(t, "git", "-C", source, "log", "-1", "--format=%h %s"),
		last[:9])
	return folder
}

func onlyIn(t *testing.T, folder, ending string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(folder, "*"+ending))
	if err != nil || len(found) != 1 {
		t.Fatalf("files that end in %s: %v, %v; one was wanted", ending, found, err)
	}
	return found[0]
}

// version is that of a package.
func version(t *testing.T, deb string) string {
	t.Helper()
	return strings.TrimSpace(run(t, "dpkg-deb", "--field", deb, "Version"))
}

// prepare makes a machine one that somebody has: an account that may use sudo, and a
// package in its folder. Questions of apt are answered with what it would do by itself.
func prepare(t *testing.T, root, deb string) {
	t.Helper()
	if _, err := os.Stat(filepath.Join(root, "home/ada")); err != nil {
		run(t, "chroot", root, "useradd", "--create-home", "--shell", "/bin/bash", "ada")
	}
	lay(t, root, "etc/sudoers.d/ada", laid{"ada ALL=(ALL) NOPASSWD: ALL\n", 0o440, 0, 0})
	answers := "APT::Get::Assume-Yes \"true\";\nDpkg::Options:: \"--force-confold\";\n"
	lay(t, root, "etc/apt/apt.conf.d/90answers", laid{answers, 0o644, 0, 0})
	lay(t, root, "etc/hostname", laid{"debian\n", 0o644, 0, 0})
	lay(t, root, "etc/hosts", laid{"127.0.0.1 localhost debian mail.example.com\n", 0o644, 0, 0})
	old, _ := filepath.Glob(filepath.Join(root, "home/ada/*.deb"))
	for _, o := range old {
		if err := os.Remove(o); err != nil {
			t.Fatal(err)
		}
	}
	lay(t, root, filepath.Join("home/ada", filepath.Base(deb)), laid{content(t, deb), 0o644, 0, 0})
}

// pageOfInstall are the blocks of docs/install.md that are typed, by what they do. The
// mail server is the test's own, which knows no password.
func pageOfInstall(t *testing.T) map[string]string {
	t.Helper()
	text := content(t, "../docs/install.md")
	_, text, _ = strings.Cut(text, "## Debian, Ubuntu")
	text, _, _ = strings.Cut(text, "\n## ")
	text = strings.ReplaceAll(text, "smtp://user:password@mail.example.com:587", "smtp://127.0.0.1:2525")
	text = strings.ReplaceAll(text, "_amd64.deb", "_"+runtime.GOARCH+".deb")
	blocks := regexp.MustCompile("(?s)```sh\n(.*?)\n```").FindAllStringSubmatch(text, -1)
	names := []string{"install", "settings", "step-up", "guard", "upgrade", "restore"}
	if len(blocks) != len(names) {
		t.Fatalf("docs/install.md has %d blocks to type; %v were wanted", len(blocks), names)
	}
	page := map[string]string{}
	for i, name := range names {
		page[name] = blocks[i][1]
	}
	return page
}

// mailbox is a mail server that keeps what it gets.
type mailbox chan string

// catchMail listens where the settings of the test send mail.
func catchMail(t *testing.T) mailbox {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:2525")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	box := make(mailbox, 100)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go box.serve(conn)
		}
	}()
	return box
}

// serve speaks as much SMTP as a sender without a password asks for.
func (b mailbox) serve(conn net.Conn) {
	defer conn.Close()
	say := func(line string) { _, _ = io.WriteString(conn, line+"\r\n") }
	say("220 mail.example.com")
	var text strings.Builder
	data := false
	for lines := bufio.NewScanner(conn); lines.Scan(); {
		line := lines.Text()
		switch verb := strings.ToUpper(line); {
		case data && line == ".":
			data = false
			b <- text.String()
			text.Reset()
			say("250 kept")
		case data:
			text.WriteString(line + "\r\n")
		case verb == "DATA":
			data = true
			say("354 go on")
		case strings.HasPrefix(verb, "QUIT"):
			say("221 bye")
			return
		default:
			say("250 fine")
		}
	}
}

// code is the one in the next mail that has one.
func (b mailbox) code() string {
	for mail := range b {
		plain, _ := io.ReadAll(quotedprintable.NewReader(strings.NewReader(mail)))
		if found := regexp.MustCompile(`(?m)^\s*(\d{6,8})\s*$`).FindSubmatch(plain); found != nil {
			return string(found[1])
		}
	}
	return ""
}

// user is the stranger's own, who has signed in and enrols an authenticator app.
type user struct {
	t                *testing.T
	session, service string
	secret           []byte
	step             int64 // the last time step that a code was used of
}

// call sends a request with a bearer token, and an elevated token if there is one.
func call(method, path, bearer, token string, body any) (status int, answer []byte, err error) {
	text, err := json.Marshal(body)
	if err != nil {
		return 0, nil, err
	}
	request, err := http.NewRequest(method, "http://127.0.0.1:8080/api/v0/sdk/"+environmentOfPage+path, bytes.NewReader(text))
	if err != nil {
		return 0, nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	if bearer != "" {
		request.Header.Set("Authorization", "Bearer "+bearer)
	}
	if token != "" {
		request.Header.Set("Elevated-Access-Token", token)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	answer, err = io.ReadAll(response.Body)
	return response.StatusCode, answer, err
}

// posts sends something that has to be taken.
func (u *user) posts(path string, body map[string]any, to any) {
	u.t.Helper()
	status, answer, err := call(http.MethodPost, path, u.session, "", body)
	if err == nil && status/100 == 2 {
		err = json.Unmarshal(answer, to)
	}
	if err != nil || status/100 != 2 {
		u.t.Fatalf("%s is answered %d, %v\n%s", path, status, err, answer)
	}
}

// elevated is what a verification answers.
type elevated struct {
	Token string `json:"elevatedAccessToken"`
}

// enrol proves the address for `credential:link` and adds an authenticator app.
func (u *user) enrol(mails mailbox) {
	u.t.Helper()
	var sent struct {
		ID string `json:"verificationUUID"`
	}
	scopes := []string{"credential:link"}
	u.posts("/emailVerifications/create", map[string]any{"email": "you@example.com", "requestedScopes": scopes}, &sent)
	var proved elevated
	u.posts("/emailVerifications/verify",
		map[string]any{"verificationUUID": sent.ID, "verificationToken": mails.code(), "requestedScopes": scopes}, &proved)
	status, answer, err := call(http.MethodGet, "/users/mfa/register/totp", u.session, proved.Token, nil)
	if err != nil {
		u.t.Fatal(err)
	}
	var app struct{ ID, Secret string }
	if err := json.Unmarshal(answer, &app); err != nil || app.Secret == "" {
		u.t.Fatalf("no app to enrol: %d, %v", status, err)
	}
	if u.secret, err = base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.TrimRight(app.Secret, "=")); err != nil {
		u.t.Fatal(err)
	}
	u.posts("/users/mfa/auth/totp", map[string]any{"code": u.code(), "id": app.ID}, &elevated{})
}

// code is one that was not used yet, by the clock of the server: of the earliest time
// step that it still takes.
func (u *user) code() string {
	u.t.Helper()
	var step int64
	if err := until(u.t, nil, func() bool {
		response, err := http.Get("http://127.0.0.1:8080/readyz")
		if err != nil {
			return false
		}
		response.Body.Close()
		now, err := http.ParseTime(response.Header.Get("Date"))
		step = max(u.step+1, now.Add(-25*time.Second).Unix()/30)
		return err == nil && step <= now.Add(25*time.Second).Unix()/30
	}); err != nil {
		u.t.Fatal(err)
	}
	u.step = step
	mac := hmac.New(sha1.New, u.secret)
	_ = bytewise.Write(mac, bytewise.BigEndian, step)
	sum := mac.Sum(nil)
	at := sum[len(sum)-1] & 15
	return fmt.Sprintf("%06d", bytewise.BigEndian.Uint32(sum[at:])&0x7fffffff%1_000_000)
}

// stepUp proves it with the app, and returns the token for a transfer. After a restore
// codes from before it are void, so the user does what the refusal says.
func (u *user) stepUp() string {
	u.t.Helper()
	body := map[string]any{"code": u.code(), "requestedScopes": []string{"transfer:create"}}
	for range 3 {
		_, answer, err := call(http.MethodPost, "/users/mfa/auth/totp", u.session, "", body)
		var proved elevated
		if err == nil && json.Unmarshal(answer, &proved) == nil && proved.Token != "" {
			return proved.Token
		}
		if !strings.Contains(string(answer), "Wait a minute and type a new one") {
			u.t.Fatalf("a step-up is answered %s, %v", answer, err)
		}
		body["code"] = u.code()
	}
	u.t.Fatal("waiting does not help after a restore")
	return ""
}

// signIn signs in anew, by mail.
func (u *user) signIn(mails mailbox) {
	u.t.Helper()
	var sent struct {
		ID string `json:"verificationUUID"`
	}
	u.session = ""
	u.posts("/emailVerifications/create", map[string]any{"email": "you@example.com"}, &sent)
	var signedIn struct{ MinifiedJWT string }
	u.posts("/emailVerifications/signin", map[string]any{"verificationUUID": sent.ID, "verificationToken": mails.code()}, &signedIn)
	u.session = signedIn.MinifiedJWT
}

// operates spends a token for an operation, as a guard does, and says what came of it:
// the result, or the reason of a refusal.
func (u *user) operates(operation, token string) string {
	result, err := u.tries(operation, token)
	if err != nil {
		u.t.Fatal(err)
	}
	return result
}

func (u *user) tries(operation, token string) (string, error) {
	var answer struct {
		Result, Code string
		Payload      struct{ Reason string }
	}
	_, text, err := call(http.MethodPost, "/tokens/consume", u.service, "", map[string]string{"token": token, "scope": "transfer:create",
		"operationId": operation, "requestDigest": "sha256:aaaa"})
	if err == nil {
		err = json.Unmarshal(text, &answer)
	}
	for _, said := range []string{answer.Result, answer.Payload.Reason, answer.Code} {
		if said != "" {
			return said, err
		}
	}
	return "", err
}

// traffic is what callers were answered while something happened.
type traffic struct {
	stop    chan struct{}
	callers sync.WaitGroup
	mu      sync.Mutex
	answers map[string]int
	longest time.Duration // without an answer
}

// keepsAsking asks whether a proof is needed, and shows two tokens: one unspent, under
// another operation each time, and one that is spent.
func (u *user) keepsAsking(unspent, spent string) *traffic {
	n, answered := &traffic{stop: make(chan struct{}), answers: map[string]int{}}, time.Now()
	count := func(what string, err error) {
		n.mu.Lock()
		defer n.mu.Unlock()
		if err != nil {
			what = "away"
		} else {
			n.longest, answered = max(n.longest, time.Since(answered)), time.Now()
		}
		n.answers[what]++
	}
	caller := func(ask func(i int)) {
		n.callers.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-n.stop:
					return
				default:
					ask(i)
				}
			}
		})
	}
	caller(func(int) {
		status, _, err := call(http.MethodPost, "/stepUp/check", u.session, "", map[string]string{"scope": "transfer:create"})
		count("check "+strconv.Itoa(status), err)
	})
	caller(func(i int) {
		result, err := u.tries(fmt.Sprintf("race-%d", i), unspent)
		count("unspent "+result, err)
		result, err = u.tries("order-1", spent)
		count("spent "+result, err)
	})
	return n
}

// judge ends the traffic. Nobody was told anything but the truth.
func (n *traffic) judge(t *testing.T) {
	t.Helper()
	close(n.stop)
	n.callers.Wait()
	t.Logf("while the package was upgraded requests were answered %v; the longest time without an answer was %v", n.answers, n.longest)
	if n.answers["unspent first"] != 1 {
		t.Errorf("a token let %d operations through", n.answers["unspent first"])
	}
	for what := range n.answers {
		switch what {
		case "away", "check 200", "check 503", "unspent first", "unspent spent", "spent replayed",
			"unspent temporarily_unavailable", "spent temporarily_unavailable", "unspent outcome_unknown", "spent outcome_unknown":
		default:
			t.Errorf("a caller was answered %s", what)
		}
	}
}

// TestStrangerRPM installs the package for Red Hat's family with rpm, into a root of
// its own, upgrades it and takes it away.
func TestStrangerRPM(t *testing.T) {
	if os.Getenv("LONG_TESTS") == "" {
		t.Skip("NOT TESTED: the package for Red Hat's family is not installed; LONG_TESTS=1 does it")
	}
	if os.Getuid() != 0 {
		t.Skip("NOT TESTED: only root may change the root of a process")
	}
	if _, err := exec.LookPath("rpm"); err != nil {
		t.Skip("NOT TESTED: rpm is not here; type: apt-get install -y rpm")
	}
	root, older, newer := debian(t), onlyIn(t, previous(t), ".rpm"), only(t, ".rpm")
	rpm := func(arguments ...string) string {
		return run(t, "rpm", append([]string{"--root", root}, arguments...)...)
	}
	rpm("--initdb")
	rpm("--install", "--nodeps", older) // what it needs is there, but from another family
	settings := filepath.Join(root, "etc/stepup/stepup.env")
	if err := os.WriteFile(settings, []byte("STEPUP_PUBLIC_URL=https://auth.example.com\n"), 0o640); err != nil {
		t.Fatal(err)
	}
	was := run(t, "chroot", root, "/usr/bin/stepup", "version")
	rpm("--upgrade", "--nodeps", newer)
	if is := run(t, "chroot", root, "/usr/bin/stepup", "version"); is == was {
		t.Errorf("after the upgrade the version is %s", is)
	}
	if kept := content(t, settings); !strings.Contains(kept, "auth.example.com") {
		t.Errorf("the settings are now %s", kept)
	}
	owners := run(t, "chroot", root, "stat", "--format=%U:%G %a", "/etc/stepup/stepup.env", "/var/lib/stepup")
	if owners != "root:stepup 640\nstepup:stepup 700\n" {
		t.Errorf("settings and folder belong to %s", owners)
	}
	rpm("--verify", "--nodeps", "--nogroup", "--noconfig", "stepup")
	rpm("--erase", "--nodeps", "stepup")
	if _, err := os.Stat(filepath.Join(root, "usr/bin/stepup")); err == nil {
		t.Error("the binary is still there")
	}
	if _, err := os.Stat(filepath.Join(root, "var/lib/stepup")); err != nil {
		t.Error("the database went with the package: ", err)
	}
}
