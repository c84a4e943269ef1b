package environment

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/stepup-auth/stepup/internal/secret"
)

// maxSecret bounds the file of a secret.
const maxSecret = 64 << 10

var variable = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// IsZero reports whether r points nowhere.
func (r Ref) IsZero() bool { return r == Ref{} }

// String names the place, never the secret.
func (r Ref) String() string {
	switch {
	case r.File != "":
		return "file " + r.File
	case r.Env != "":
		return "variable " + r.Env
	}
	return "no secret"
}

// problem judges the one field that is set. The server's own variables are out
// of bounds: whoever may write an environment could otherwise have the master
// key sent to a login provider.
func (r Ref) problem() string {
	switch {
	case r.File != "" && !filepath.IsAbs(r.File):
		return "the file must be given by its whole path, from /"
	case r.Env != "" && !variable.MatchString(r.Env):
		return quoted(r.Env) + " is not the name of a variable"
	case strings.HasPrefix(strings.ToUpper(r.Env), "STEPUP_"):
		return "variables named STEPUP_ belong to the server itself: use another name"
	}
	return ""
}

// Resolve reads the secret, without the line break at the end of a file.
// A Ref that points nowhere, or at nothing, is an error.
func (r Ref) Resolve() (secret.Text, error) {
	if (r.File == "") == (r.Env == "") {
		return "", fmt.Errorf("reading secret: exactly one of file and env must be set")
	}
	if problem := r.problem(); problem != "" {
		return "", fmt.Errorf("reading secret from %s: %s", r, problem)
	}
	var value string
	if r.Env != "" {
		value = os.Getenv(r.Env)
	} else {
		file, err := os.Open(r.File)
		if err != nil {
			return "", fmt.Errorf("reading secret: %w", err)
		}
		defer file.Close()
		content, err := io.ReadAll(io.LimitReader(file, maxSecret+1))
		if err != nil {
			return "", fmt.Errorf("reading secret: %w", err)
		}
		if len(content) > maxSecret {
			return "", fmt.Errorf("reading secret from %s: it is longer than %d bytes", r, maxSecret)
		}
		value = strings.TrimRight(string(content), "\r\n")
	}
	if value == "" {
		return "", fmt.Errorf("reading secret from %s: it is empty or not set", r)
	}
	return secret.Text(value), nil
}
