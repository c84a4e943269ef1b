package kms_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awskms "github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	localkms "github.com/nsmithuk/local-kms/src"
	"github.com/nsmithuk/local-kms/src/config"
	"github.com/nsmithuk/local-kms/src/data"

	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/wallet"
	"github.com/stepup-auth/stepup/internal/wallet/custody"
	"github.com/stepup-auth/stepup/internal/wallet/kek"
	"github.com/stepup-auth/stepup/internal/wallet/share"
)

const region = "eu-west-2"

func TestMain(m *testing.M) {
	config.AWSRegion, config.AWSAccountId = region, "111122223333"
	// No other credentials, profiles or endpoints than these.
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
		"AWS_EC2_METADATA_DISABLED": "true", "AWS_REGION": "", "AWS_DEFAULT_REGION": "", "AWS_PROFILE": "", "AWS_ENDPOINT_URL": "",
		"AWS_ENDPOINT_URL_KMS": "",
	} {
		if err := os.Setenv(name, value); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}

// service is a running key service.
type service struct {
	*httptest.Server
	admin *awskms.Client
}

func start(t *testing.T) service {
	t.Helper()
	database := data.NewDatabase(filepath.Join(t.TempDir(), "kms"))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		localkms.HandleRequest(w, r, database)
	}))
	t.Cleanup(func() {
		server.Close()
		database.Close()
	})
	return service{server, awskms.New(awskms.Options{
		Region: region, BaseEndpoint: aws.String(server.URL), Credentials: credentials.NewStaticCredentialsProvider("x", "x", ""),
	})}
}

// key makes a key and returns its ARN.
func (s service) key(t *testing.T, input *awskms.CreateKeyInput) string {
	t.Helper()
	made, err := s.admin.CreateKey(t.Context(), input)
	if err != nil {
		t.Fatal(err)
	}
	return *made.KeyMetadata.Arn
}

func (s service) uri(key string, options ...string) string {
	return "aws-kms:" + key + "?endpoint=" + url.QueryEscape(s.URL) + strings.Join(append([]string{""}, options...), "&")
}

func open(t *testing.T, uri string) kek.Key {
	t.Helper()
	key, err := kek.Open(t.Context(), uri)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestWrapping(t *testing.T) {
	s := start(t)
	arn := s.key(t, &awskms.CreateKeyInput{})
	key, other := open(t, s.uri(arn)), open(t, s.uri(s.key(t, &awskms.CreateKeyInput{})))
	secret, about := []byte(rand.Text()), kek.Context{"role": "signer", "environment": "e"}
	wrapped, err := key.Wrap(t.Context(), secret, about)
	if err != nil || bytes.Contains(wrapped, secret) {
		t.Fatalf("wrapped is %q, %v", wrapped, err)
	}
	if got, err := key.Unwrap(t.Context(), wrapped, about); err != nil || !bytes.Equal(got, secret) {
		t.Errorf("unwrapped is %q, %v", got, err)
	}
	changed := bytes.Clone(wrapped)
	changed[len(changed)-1] ^= 1
	for name, refused := range map[string]func() ([]byte, error){
		"another context": func() ([]byte, error) {
			return key.Unwrap(t.Context(), wrapped, kek.Context{"role": "guardian", "environment": "e"})
		},
		"less context":      func() ([]byte, error) { return key.Unwrap(t.Context(), wrapped, kek.Context{"role": "signer"}) },
		"no context":        func() ([]byte, error) { return key.Unwrap(t.Context(), wrapped, nil) },
		"another key":       func() ([]byte, error) { return other.Unwrap(t.Context(), wrapped, about) },
		"a changed byte":    func() ([]byte, error) { return key.Unwrap(t.Context(), changed, about) },
		"no ciphertext":     func() ([]byte, error) { return key.Unwrap(t.Context(), []byte("abc"), about) },
		"a file's wrapping": func() ([]byte, error) { return key.Unwrap(t.Context(), make([]byte, 60), about) },
	} {
		if got, err := refused(); !errors.Is(err, kek.ErrUnwrap) || got != nil {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

// However a key is named, it has one id, so that signer and guardian cannot share it
// unnoticed.
func TestOneKeyHasOneID(t *testing.T) {
	s := start(t)
	arn := s.key(t, &awskms.CreateKeyInput{})
	id := arn[strings.LastIndex(arn, "/")+1:]
	if _, err := s.admin.CreateAlias(t.Context(),
		&awskms.CreateAliasInput{AliasName: aws.String("alias/guardian"), TargetKeyId: &id}); err != nil {
		t.Fatal(err)
	}
	want := open(t, s.uri(arn)).ID()
	for _, name := range []string{id, "alias/guardian", "arn:aws:kms:" + region + ":111122223333:alias/guardian"} {
		if got := open(t, s.uri(name, "region="+region)).ID(); got != want {
			t.Errorf("%s has the id %s, not %s", name, got, want)
		}
	}
	if open(t, s.uri(s.key(t, &awskms.CreateKeyInput{}))).ID() == want {
		t.Error("two keys have one id")
	}
}

func TestUnusableKeys(t *testing.T) {
	s := start(t)
	disabled := s.key(t, &awskms.CreateKeyInput{})
	if _, err := s.admin.DisableKey(t.Context(), &awskms.DisableKeyInput{KeyId: &disabled}); err != nil {
		t.Fatal(err)
	}
	asymmetric := s.key(t, &awskms.CreateKeyInput{KeySpec: types.KeySpecEccNistP256, KeyUsage: types.KeyUsageTypeSignVerify})
	for uri, want := range map[string]string{
		s.uri("arn:aws:kms:eu-west-2:111122223333:key/00000000-0000-0000-0000-000000000000"): "NotFound",
		s.uri(disabled):         "enable it",
		s.uri(asymmetric):       "use a symmetric key",
		s.uri("alias/guardian"): "no region",
	} {
		if _, err := kek.Open(t.Context(), uri); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", uri, err, want)
		}
	}
}

// A key service that is gone, or silent, is an error within the time that was asked
// for, and temporary.
func TestServiceGone(t *testing.T) {
	s := start(t)
	key := open(t, s.uri(s.key(t, &awskms.CreateKeyInput{}), "timeout=500ms"))
	about := kek.Context{"a": "b"}
	wrapped, err := key.Wrap(t.Context(), []byte("secret"), about)
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	for name, ask := range map[string]func() error{
		"wrap":   func() error { _, err := key.Wrap(t.Context(), []byte("secret"), about); return err },
		"unwrap": func() error { _, err := key.Unwrap(t.Context(), wrapped, about); return err },
	} {
		begin := time.Now()
		if err := ask(); !fault.Has(err, fault.Unavailable) || time.Since(begin) > 5*time.Second {
			t.Errorf("%s: %v after %v", name, err, time.Since(begin))
		}
	}
	silent, err := net.Listen("tcp", "127.0.0.1:0") // the system takes the connection, nobody answers
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	begin := time.Now()
	_, err = kek.Open(t.Context(),
		"aws-kms:alias/x?region="+region+"&timeout=500ms&endpoint="+url.QueryEscape("http://"+silent.Addr().String()))
	if err == nil || time.Since(begin) > 5*time.Second {
		t.Errorf("a silent service: %v after %v", err, time.Since(begin))
	}
}

// A wallet's shares under the key service: kept, found again by another process, moved
// from a file's key, and out of reach while the service is away.
func TestCustodyUnderTheService(t *testing.T) {
	s := start(t)
	db, err := store.Open(t.Context(),
		store.Config{URL: "sqlite:" + filepath.Join(t.TempDir(), "signer.db"), Schema: custody.Schema(wallet.Signer)})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	path := filepath.Join(t.TempDir(), "root")
	if _, err := kek.CreateFile(path); err != nil {
		t.Fatal(err)
	}
	file, service := open(t, "file:"+path), open(t, s.uri(s.key(t, &awskms.CreateKeyInput{}), "timeout=2s"))
	keep := func(config custody.Config) *custody.Store {
		config.Role, config.DB = wallet.Signer, db
		c, err := custody.New(config)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	ctx, by := t.Context(), audit.By{Actor: "system"}
	w := wallet.Wallet{ID: "w", EnvironmentID: "e", UserID: "u", Chain: wallet.SOL, Address: "a", PublicKey: []byte("p")}
	secret := []byte(rand.Text() + rand.Text())[:share.Size]
	all, err := share.Split(wallet.TwoOfTwo, secret)
	if err != nil {
		t.Fatal(err)
	}
	mine, err := all.Pick(share.HeldBy(wallet.TwoOfTwo, wallet.Signer))
	if err != nil {
		t.Fatal(err)
	}
	read := func(c *custody.Store, ctx context.Context) (share.Pieces, error) {
		var sealed custody.Sealed
		err := db.Read(ctx, func(tx *store.Tx) (err error) {
			sealed, err = c.Release(tx, "e", "w", 1)
			return err
		})
		if err != nil {
			return nil, err
		}
		return c.Open(ctx, sealed)
	}
	check := func(name string, c *custody.Store) {
		t.Helper()
		if got, err := read(c, ctx); err != nil || !bytes.Equal(got[mine.Numbers()[0]], mine[mine.Numbers()[0]]) {
			t.Errorf("%s: the pieces are not those that were kept: %v", name, err)
		}
	}

	first := keep(custody.Config{Root: file})
	op := wallet.OperationRef{EnvironmentID: "e", WalletID: "w", OperationID: "o"}
	sealed, err := first.Seal(ctx,
		custody.Shares{
			Generation:    wallet.Generation{Number: 1, OperationID: op.OperationID},
			EnvironmentID: op.EnvironmentID, WalletID: op.WalletID, Scheme: wallet.TwoOfTwo,
		}, mine)
	if err != nil {
		t.Fatal(err)
	}
	err = db.Write(ctx, func(tx *store.Tx) error {
		_, err := first.Stage(tx, by, w, sealed)
		return errors.Join(err, first.Verify(tx, by, op), first.Commit(tx, by, op))
	})
	if err != nil {
		t.Fatal(err)
	}
	check("under the file's key", first)
	moving := keep(custody.Config{Root: service, Former: []kek.Key{file}})
	if moved, err := moving.Rewrap(ctx, by); err != nil || moved != 1 {
		t.Fatalf("Rewrap moved %d, %v", moved, err)
	}
	check("under the service, same process", moving)
	check("under the service, another process", keep(custody.Config{Root: service}))
	if _, err := read(keep(custody.Config{Root: file}), ctx); err == nil {
		t.Error("the file's key still opens the custody")
	}
	late := keep(custody.Config{Root: service})
	s.Close()
	if _, err := read(late, ctx); !fault.Has(err, fault.Unavailable) {
		t.Errorf("with the service gone: %v", err)
	}
	check("a process that has unwrapped the environment's key", moving)
}
