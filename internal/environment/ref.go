package environment

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"

	"github.com/stepup-auth/stepup/internal/secret"
)

// maxSecret bounds the file of a secret.
const maxSecret = 64 << 10

// SecretsDir is the variable that says where the files of secrets are.
const SecretsDir = "STEPUP_SECRETS_DIR"

var variable = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// plainName is the name of a file that a shell and a terminal take as it is.
// Documents may hold others, which are shown in quotes and pasted nowhere: a
// tenant wrote them.
var plainName = regexp.MustCompile(`^[A-Za-z0-9_./@%+:,][A-Za-z0-9_./@%+:,-]*$`)

// IsZero reports whether r points nowhere.
func (r Ref) IsZero() bool { return r == Ref{} }

// String names the place, never the secret.
func (r Ref) String() string {
	switch {
	case r.File != "":
		if !plainName.MatchString(r.File) {
			return "file " + quoted(r.File)
		}
		return "file " + r.File
	case r.Env != "" && !variable.MatchString(r.Env):
		return "variable " + quoted(r.Env)
	case r.Env != "":
		return "variable " + r.Env
	}
	return "no secret"
}

// Old reports whether r names a whole path, as documents did before each
// environment had a folder of its own. Such a reference is never resolved; a
// document that has it already is read all the same, so that only what needs the
// secret stops.
func (r Ref) Old() bool { return filepath.IsAbs(r.File) }

// problem judges the one field that is set. It only refuses early what
// [Secrets.Resolve] would not read.
func (r Ref) problem() string {
	switch {
	case r.Env != "" && !variable.MatchString(r.Env):
		return quoted(r.Env) + " is not the name of a variable"
	case r.File != "" && !r.Old() && !filepath.IsLocal(r.File):
		return quoted(r.File) + " leaves the environment's folder: name a file below it, as in {file: github}"
	}
	return ""
}

// Secrets is where this server keeps what references point at: files below
// Dir/ENVIRONMENT/, and variables SECRET_ENVIRONMENT_NAME. Whoever may write a
// document names a secret in there and sees nothing else of the server: not its
// other files, not its variables, not another environment's secrets.
type Secrets struct {
	Dir    string                           // STEPUP_SECRETS_DIR; empty: there are no files
	Lookup func(name string) (string, bool) // of a variable; nil: [os.LookupEnv]
}

// Variable is the variable that {env: name} reads in the environment.
func Variable(environmentID, name string) string {
	return "SECRET_" + strings.ToUpper(strings.ReplaceAll(environmentID, "-", "")) + "_" + name
}

// Resolve reads a secret of the environment, without the line break at the end of
// a file. The error says what to do on the machine of the server. It is for
// operators there and their logs: it tells what exists.
func (s Secrets) Resolve(environmentID string, r Ref) (secret.Text, error) {
	value, err := s.read(environmentID, r)
	if err == nil && value == "" {
		err = errors.New("it is empty")
	}
	if err != nil {
		return "", fmt.Errorf("reading the secret from %s: %w", r, err)
	}
	return secret.Text(value), nil
}

func (s Secrets) read(environmentID string, r Ref) (string, error) {
	if !uuid.MatchString(environmentID) { // it is part of a path
		return "", errors.New("the environment has no id")
	}
	if (r.File == "") == (r.Env == "") {
		return "", errors.New("exactly one of file and env must be set")
	}
	if problem := r.problem(); problem != "" {
		return "", errors.New(problem)
	}
	if r.Env != "" {
		return s.variable(environmentID, r.Env)
	}
	folder := filepath.Join(s.Dir, environmentID)
	if s.Dir == "" {
		folder = "$" + SecretsDir + "/" + environmentID
	}
	if r.Old() {
		return "", fmt.Errorf("only files below %s are read: %s", folder, s.move(r.File, folder))
	}
	if s.Dir == "" {
		return "", errors.New(SecretsDir + " is not set: name the folder in which each environment has one of its own")
	}
	return readBelow(s.Dir, environmentID, r.File)
}

// move says how a file from before comes into the environment's folder. Whether
// it belongs there the operator has to judge: the tenant could name any file.
func (s Secrets) move(file, folder string) string {
	first := "if it is a secret of this environment, "
	if s.Dir == "" { // without it the commands would name a folder of the root
		first += "export " + SecretsDir + "=FOLDER where the server runs, "
	}
	if !plainName.MatchString(file) {
		return first + "move it there under a name of letters and digits, and write {file: NAME}"
	}
	return fmt.Sprintf("%smkdir -p %s && mv %s %[2]s/%[4]s, and write {file: %[4]s}", first, folder, file, filepath.Base(file))
}

func (s Secrets) variable(environmentID, name string) (string, error) {
	lookup := s.Lookup
	if lookup == nil {
		lookup = os.LookupEnv
	}
	full := Variable(environmentID, name)
	value, ok := lookup(full)
	if !ok {
		return "", fmt.Errorf("%s is not set: export %[1]s=\"$%s\" where the server runs", full, name)
	}
	if len(value) > maxSecret {
		return "", fmt.Errorf("%s is longer than %d bytes", full, maxSecret)
	}
	return value, nil
}

// readBelow follows links as long as they stay in the environment's folder, and
// waits for nothing: a pipe or a device is no file.
func readBelow(dir, environmentID, name string) (string, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return "", err
	}
	defer root.Close()
	folder, err := root.OpenRoot(environmentID)
	if err != nil {
		return "", err
	}
	defer folder.Close()
	file, err := folder.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if failed := (*os.PathError)(nil); errors.As(err, &failed) { // it has the name as the tenant wrote it
		err = fmt.Errorf("%w below %s", failed.Err, filepath.Join(dir, environmentID))
	}
	if err != nil {
		return "", err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() {
		return "", errors.New("it is not a regular file")
	}
	content, err := io.ReadAll(io.LimitReader(file, maxSecret+1))
	if err != nil {
		return "", err
	}
	if len(content) > maxSecret {
		return "", fmt.Errorf("it is longer than %d bytes", maxSecret)
	}
	return strings.TrimRight(string(content), "\r\n"), nil
}
