package kek_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/stepup-auth/stepup/internal/wallet/kek"
)

func newFile(t testing.TB) (path string, key kek.Key) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "root")
	id, err := kek.CreateFile(path)
	if err != nil {
		t.Fatal(err)
	}
	key, err = kek.Open(t.Context(), "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	if key.ID() != id {
		t.Errorf("the id is %s, not %s", key.ID(), id)
	}
	return path, key
}

func TestFileKey(t *testing.T) {
	path, key := newFile(t)
	_, other := newFile(t)
	again, err := kek.Open(t.Context(), "file:"+path)
	if err != nil || again.ID() != key.ID() || other.ID() == key.ID() {
		t.Errorf("ids %s, %s, %s, %v", key.ID(), again.ID(), other.ID(), err)
	}
	pairs := rapid.MapOfN(rapid.StringN(0, 3, -1), rapid.StringN(0, 3, -1), 0, 3)
	ctx := t.Context()
	rapid.Check(t, func(t *rapid.T) {
		about, elsewhere := kek.Context(pairs.Draw(t, "about")), kek.Context(pairs.Draw(t, "elsewhere"))
		secret := rapid.SliceOfN(rapid.Byte(), 1, 64).Draw(t, "secret")
		wrapped, err := key.Wrap(ctx, secret, about)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := again.Unwrap(ctx, wrapped, about); err != nil || !bytes.Equal(got, secret) {
			t.Fatalf("Unwrap = %x, %v", got, err)
		}
		if _, err := other.Unwrap(ctx, wrapped, about); !errors.Is(err, kek.ErrUnwrap) {
			t.Fatalf("another key unwrapped it: %v", err)
		}
		if fmt.Sprint(about) != fmt.Sprint(elsewhere) {
			if _, err := key.Unwrap(ctx, wrapped, elsewhere); !errors.Is(err, kek.ErrUnwrap) {
				t.Fatalf("it opened in %v instead of %v: %v", elsewhere, about, err)
			}
		}
		changed := bytes.Clone(wrapped)
		changed[rapid.IntRange(0, len(changed)-1).Draw(t, "at")] ^= byte(rapid.IntRange(1, 255).Draw(t, "bits"))
		if _, err := key.Unwrap(ctx, changed, about); !errors.Is(err, kek.ErrUnwrap) {
			t.Fatalf("a changed wrapping opened: %v", err)
		}
	})
	if _, err := key.Wrap(t.Context(), make([]byte, 5000), nil); err == nil {
		t.Error("it wraps more than keys")
	}
}

// The parts of a context do not run into each other.
func TestContextParts(t *testing.T) {
	_, key := newFile(t)
	wrapped, err := key.Wrap(t.Context(), []byte("x"), kek.Context{"a": "bc"})
	if err != nil {
		t.Fatal(err)
	}
	for _, about := range []kek.Context{{"ab": "c"}, {"a": "b", "c": ""}, {"a": "bc", "": ""}, {}, nil} {
		if _, err := key.Unwrap(t.Context(), wrapped, about); !errors.Is(err, kek.ErrUnwrap) {
			t.Errorf("it opened in %v: %v", about, err)
		}
	}
}

func TestKeyFile(t *testing.T) {
	path, key := newFile(t)
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file has mode %v, %v", info.Mode(), err)
	}
	if _, err := kek.CreateFile(path); !errors.Is(err, os.ErrExist) {
		t.Errorf("a key file was made anew: %v", err)
	}
	if after, err := os.ReadFile(path); err != nil || !bytes.Equal(after, content) {
		t.Errorf("the key file changed: %v", err)
	}
	raw, err := kek.ParseFile(content)
	if err != nil || len(raw) != 32 {
		t.Fatalf("the file holds %d bytes, %v", len(raw), err)
	}
	for _, spelling := range []string{hex.EncodeToString(raw), base64.StdEncoding.EncodeToString(raw),
		base64.RawURLEncoding.EncodeToString(raw), hex.EncodeToString(raw[:8])} {
		for _, shown := range []string{key.ID(), fmt.Sprintf("%v %+v %#v %x", key, key, key, key)} {
			if strings.Contains(shown, spelling) {
				t.Errorf("%s shows the key", shown)
			}
		}
	}
	for _, mode := range []os.FileMode{0o640, 0o604, 0o660, 0o644, 0o601} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if _, err := kek.Open(t.Context(), "file:"+path); err == nil || !strings.Contains(err.Error(), "chmod 600") {
			t.Errorf("mode %v: %v", mode, err)
		}
	}
	for _, mode := range []os.FileMode{0o400, 0o440} { // the second is that of a mounted secret
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if _, err := kek.Open(t.Context(), "file:"+path); err != nil {
			t.Errorf("mode %v: %v", mode, err)
		}
	}
	other := filepath.Join(t.TempDir(), "other")
	for _, bad := range []string{"", "hunter2", string(content[:20]), string(content) + "x",
		"stepup-wallet-root-1:" + base64.RawURLEncoding.EncodeToString(raw[1:]), string(content) + "\n"} {
		if err := os.WriteFile(other, []byte(bad), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := kek.Open(t.Context(), "file:"+other); err == nil || bad != "" && strings.Contains(err.Error(), bad) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	for uri, want := range map[string]string{
		"file:": "stepup wallet key", "file:" + filepath.Join(t.TempDir(), "none"): "stepup wallet key",
		"file:" + t.TempDir(): "must be a file",
		"":                    "write file:PATH", "vault:x": "write file:PATH", "aws-kms:": "write aws-kms:KEY_ARN",
	} {
		if _, err := kek.Open(t.Context(), uri); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", uri, err, want)
		}
	}
}

func TestAWSNames(t *testing.T) {
	arn := "arn:aws:kms:eu-west-2:111122223333:key/12345678-aaaa-bbbb-cccc-123456789012"
	for _, good := range []string{arn, arn + "?region=us-east-1", "alias/x", arn + "?endpoint=https%3A%2F%2Fkms.example.com&timeout=3s",
		"k?endpoint=http://127.0.0.1:8080", "k?endpoint=http://[::1]:8080"} {
		if _, err := kek.ParseAWS(good); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for _, bad := range []string{
		"", "?region=x", "a b", "arn:aws:s3:::bucket", "k?regoin=x", "k?region=", "k?region=a&region=b", "k?timeout=0s", "k?timeout=2m",
		"k?timeout=soon", "k?%zz", "k?endpoint=http://kms.example.com", "k?endpoint=http://localhost:1",
		"k?endpoint=http://127.0.0.1.example.com", "k?endpoint=ftp://127.0.0.1", "k?endpoint=https://user:pw@kms.example.com",
		"k?endpoint=kms",
	} {
		if _, err := kek.ParseAWS(bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
	// The copies of a multi-Region key are one key; other keys are not.
	multi := "arn:aws:kms:%s:111122223333:key/mrk-1234"
	if a, b := kek.AWSKeyID(fmt.Sprintf(multi, "eu-west-2")), kek.AWSKeyID(fmt.Sprintf(multi, "us-east-1")); a != b {
		t.Errorf("one key is %s and %s", a, b)
	}
	if a, b := kek.AWSKeyID(arn), kek.AWSKeyID(strings.Replace(arn, "eu-west-2", "us-east-1", 1)); a == b || !strings.HasSuffix(a, arn) {
		t.Errorf("two keys are %s and %s", a, b)
	}
}

func FuzzKeyFile(f *testing.F) {
	f.Add([]byte("stepup-wallet-root-1:" + strings.Repeat("A", 43) + "\n"))
	f.Add([]byte("stepup-wallet-root-1:"))
	f.Fuzz(func(t *testing.T, text []byte) {
		raw, err := kek.ParseFile(text)
		if (err == nil) != (len(raw) == 32) {
			t.Fatalf("%q: %x, %v", text, raw, err)
		}
		// One key has one spelling.
		if want := "stepup-wallet-root-1:" + base64.RawURLEncoding.EncodeToString(raw); err == nil &&
			strings.TrimSuffix(string(text), "\n") != want {
			t.Errorf("%q is read as %q", text, want)
		}
	})
}

func FuzzAWSName(f *testing.F) {
	f.Add("arn:aws:kms:eu-west-2:111122223333:key/1?endpoint=https://kms.example.com&timeout=5s")
	f.Add("k?endpoint=http://127.0.0.1:80")
	f.Fuzz(func(t *testing.T, text string) {
		target, err := kek.ParseAWS(text)
		if err != nil || target.Endpoint() == "" {
			return
		}
		// What is wrapped never leaves this machine without TLS.
		u, err := url.Parse(target.Endpoint())
		if err != nil || u.Scheme != "https" &&
			(u.Scheme != "http" || !strings.HasPrefix(u.Hostname(), "127.") && !strings.Contains(u.Hostname(), ":")) {
			t.Errorf("%q asks %s", text, target.Endpoint())
		}
	})
}
