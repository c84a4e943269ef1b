package main

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestGracefulStop sends SIGTERM while a request is being read: the listener
// closes, the request is answered, and the program ends without complaint.
func TestGracefulStop(t *testing.T) {
	address := freeLoopback(t)
	server := exec.CommandContext(t.Context(), "stepup", "serve", "--dev", "--listen", address, "--data",
		filepath.Join(t.TempDir(), "data"))
	var output bytes.Buffer
	server.Stdout, server.Stderr = &output, &output
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	if err := eventually("the server is ready", func() bool {
		response, err := http.Get("http://" + address + "/readyz")
		if err == nil {
			response.Body.Close()
		}
		return err == nil && response.StatusCode == http.StatusOK
	}); err != nil {
		t.Fatal(err, output.String())
	}

	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	// With Expect, the server says 100 when it begins to read the body: from then
	// on the request is open.
	const body = `{"email":"ada@example.com"}`
	const head = "POST /api/v0/sdk/11111111-2222-4333-8444-555555555555/emailVerifications/create HTTP/1.1\r\n" +
		"Host: HOST\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: 27\r\n\r\n"
	if _, err := io.WriteString(conn, strings.Replace(head, "HOST", address, 1)); err != nil {
		t.Fatal(err)
	}
	answers := bufio.NewReader(conn)
	if line, err := answers.ReadString('\n'); err != nil || !strings.Contains(line, "100 Continue") {
		t.Fatal(line, err)
	}
	if _, err := answers.ReadString('\n'); err != nil { // the empty line after it
		t.Fatal(err)
	}
	if err := server.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := eventually("nobody else is let in", func() bool {
		other, err := net.Dial("tcp", address)
		if err == nil {
			other.Close()
		}
		return err != nil
	}); err != nil {
		t.Fatal(err, output.String())
	}
	if _, err := io.WriteString(conn, body); err != nil {
		t.Fatal(err)
	}
	response, err := http.ReadResponse(answers, nil)
	if err != nil {
		t.Fatal("the open request was cut off: ", err)
	}
	answer, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK || !bytes.Contains(answer, []byte("verificationUUID")) {
		t.Errorf("%s %s %v", response.Status, answer, err)
	}
	if err := server.Wait(); err != nil {
		t.Errorf("the server ended with %v: %s", err, output.String())
	}
}

func freeLoopback(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}
