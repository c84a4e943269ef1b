package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/stepup-auth/stepup/internal/jose"
	"github.com/stepup-auth/stepup/internal/keyset"
	"github.com/stepup-auth/stepup/internal/method/external"
	"github.com/stepup-auth/stepup/internal/outbound"
)

type externalCommand struct {
	Explain externalExplain `cmd:"" help:"Read a JWT of your own login from standard input; say which check it fails and what to change."`
}

// externalExplain takes no token as an argument: those are kept by shells and shown to
// whoever lists processes.
type externalExplain struct {
	Environment string `arg:"" help:"Environment id, or the path of its document."`
}

func (c *externalExplain) Run(s *session) error {
	env, err := s.document(c.Environment)
	if err != nil {
		return err
	}
	text, err := io.ReadAll(io.LimitReader(os.Stdin, jose.MaxLength+3))
	if err != nil {
		return fmt.Errorf("reading the token from standard input: %w", err)
	}
	keys := &keyset.Cache{HTTP: outbound.NewClient(s.config.OutboundAllow), Now: time.Now}
	d := external.Diagnose(s.ctx, keys, env, time.Now(), strings.TrimRight(string(text), "\r\n"))
	printFindings(s.stdout, "To sign in", d.Findings)
	printFindings(s.stdout, "To step up, as an assertion, besides", d.Assertion)
	if !d.SignsIn {
		return errors.New("this token would sign nobody in")
	}
	return nil
}

func printFindings(out io.Writer, heading string, findings []external.Finding) {
	fmt.Fprintf(out, "%s:\n", heading)
	for _, f := range findings {
		fmt.Fprintf(out, "  %-8s %-12s %s\n", f.Result, f.Check, onOneLine(f.Found))
		if f.Fix != "" {
			fmt.Fprintf(out, "  %-8s %-12s %s\n", "", "", onOneLine(f.Fix))
		}
	}
}
