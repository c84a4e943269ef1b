// Command go-service is a small bank: anybody who is signed in sees their
// balance, and sending money needs a fresh proof of who they are. It shows all
// that a service of yours needs to be guarded by stepup; read bank.go first.
//
// It is configured by the environment:
//
//	ISSUER               base address of the environment at the issuer (required)
//	SERVICE_TOKEN        service token that may consume, or
//	SERVICE_TOKEN_FILE   a file with it, waited for if it is not there yet
//	AUDIENCE             what transfer:create was declared for (https://bank.example)
//	LISTEN               address to listen on (127.0.0.1:8090)
//	ALLOWED_ORIGINS      browser origins that may call, separated by commas, exactly as browsers write them (none)
//	PLAIN_HTTP           1: ISSUER may be http:// on another machine, on a network that nobody else is on
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/stepup-auth/stepup"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		log.Fatal("go-service: ", err)
	}
}

// run serves until ctx ends.
func run(ctx context.Context) error {
	token, err := serviceToken(ctx)
	if err != nil {
		return err
	}
	bank, err := newBank(config{
		issuer:         os.Getenv("ISSUER"),
		serviceToken:   token,
		audience:       cmp.Or(os.Getenv("AUDIENCE"), "https://bank.example"),
		allowedOrigins: strings.Split(os.Getenv("ALLOWED_ORIGINS"), ","),
		plainHTTP:      os.Getenv("PLAIN_HTTP") == "1",
	})
	if err != nil {
		return err
	}
	server := &http.Server{
		Addr:              cmp.Or(os.Getenv("LISTEN"), "127.0.0.1:8090"),
		Handler:           bank,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    32 << 10,
	}
	go func() {
		<-ctx.Done()
		ending, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = server.Shutdown(ending) // what is not done by then is cut off
	}()
	log.Printf("the bank listens on http://%s", server.Addr)
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving: %w", err)
	}
	return nil
}

// serviceToken finds the token we show the issuer. A file that is not there yet
// is waited for, so that issuer and bank may be started together.
func serviceToken(ctx context.Context) (stepup.ServiceToken, error) {
	if token := os.Getenv("SERVICE_TOKEN"); token != "" {
		return stepup.ServiceToken(token), nil
	}
	path := os.Getenv("SERVICE_TOKEN_FILE")
	if path == "" {
		return "", errors.New("set SERVICE_TOKEN or SERVICE_TOKEN_FILE; `stepup token create` makes a token")
	}
	for waiting := false; ; waiting = true {
		content, err := os.ReadFile(path)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return "", fmt.Errorf("reading service token: %w", err)
		}
		if token := strings.TrimSpace(string(content)); token != "" {
			return stepup.ServiceToken(token), nil
		}
		if !waiting {
			log.Printf("waiting for a service token in %s", path)
		}
		select {
		case <-ctx.Done():
			return "", fmt.Errorf("waiting for a service token: %w", context.Cause(ctx))
		case <-time.After(200 * time.Millisecond):
		}
	}
}
