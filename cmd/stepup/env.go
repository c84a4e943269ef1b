package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/stepup-auth/stepup/internal/adminclient"
	"github.com/stepup-auth/stepup/internal/api/admin"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/method/social"
	"github.com/stepup-auth/stepup/internal/operate"
	"github.com/stepup-auth/stepup/internal/outbound"
	"github.com/stepup-auth/stepup/internal/store"
)

type envCommand struct {
	Apply   envApply   `cmd:"" help:"Make a YAML document the environment's; prints what changed and what weakens."`
	Show    envShow    `cmd:"" help:"Print an environment's document."`
	Set     envSet     `cmd:"" help:"Change single places of an environment's document and leave the rest."`
	History envHistory `cmd:"" help:"List the documents that an environment has had: who, when, what changed, what it weakened."`
	Revert  envRevert  `cmd:"" help:"Apply the document of an earlier revision again; what it weakens is judged anew."`
	Accept  envAccept  `cmd:"" help:"Set the minimum API version: shows the readiness report first, and asks."`
	Copy    envCopy    `cmd:"" help:"Make an environment that begins with the settings of another one."`
	Delete  envDelete  `cmd:"" help:"Delete an environment with its users and keys, for good: says what goes, and asks for its name."`
	List    envList    `cmd:"" help:"List environments."`
	Example envExample `cmd:"" help:"Print a document that shows and explains every key."`
}

type envApply struct {
	File   string `arg:"" help:"YAML or JSON document; - for standard input."`
	DryRun bool   `help:"Say what would change, and change nothing."`
	Yes    bool   `help:"Do not ask, although it weakens." short:"y"`

	NoWeakening bool  `help:"Refuse a document that weakens; for pipelines that nobody watches."`
	Revision    int64 `help:"Refuse if another revision than this one is in force." placeholder:"REVISION"`
}

func (c *envApply) Run(s *session) error {
	document, err := readDocument(c.File)
	if err != nil {
		return err
	}
	env, err := operate.ReadDocument(document)
	if err != nil {
		return err
	}
	if problems := s.issuerProblems(env); len(problems) > 0 {
		return errors.New(strings.Join(problems, "\n"))
	}
	if err := c.apply(s, env.ID, document); err != nil {
		return err
	}
	if warning := operate.PromptWarning(env, s.config.PublicURL); warning != "" {
		fmt.Fprintln(s.stdout, "WARNING: "+warning+".")
	}
	return s.printReferences(env)
}

// issuerTime is how long the issuers of one document are waited for.
const issuerTime = 10 * time.Second

// issuerProblems asks the issuers that a document names who they are.
func (s *session) issuerProblems(env *environment.Environment) []string {
	ctx, cancel := context.WithTimeout(s.ctx, issuerTime)
	defer cancel()
	return social.NewClient(s.outbound(), nil, s.config.Secrets(), time.Now).IssuerProblems(ctx, env)
}

// outbound is how the server reaches addresses that tenants wrote.
func (s *session) outbound() *http.Client {
	allow := s.config.OutboundAllow
	if s.dev {
		allow = append(slices.Clone(allow), netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128"))
	}
	return outbound.NewClient(allow)
}

// printReferences checks what the document points at, as far as this command has
// the variables that the server has, and says what it could not check.
func (s *session) printReferences(env *environment.Environment) error {
	host, err := s.host()
	if err != nil {
		return err
	}
	for _, p := range env.Providers {
		ref := p.ClientSecret
		missing := environment.SecretsDir
		known := ref.File != "" && (s.config.SecretsDir != "" || ref.Old())
		if ref.Env != "" {
			missing = environment.Variable(env.ID, ref.Env)
			_, known = os.LookupEnv(missing)
		}
		switch _, err := host.Secrets.Resolve(env.ID, ref); {
		case ref.IsZero():
		case s.elsewhere.url != "":
			fmt.Fprintf(s.stdout, "NOTE: the secret of provider %s was not checked: the server looks for it when it is used.\n", p.Provider)
		case err == nil:
		case !known:
			fmt.Fprintf(s.stdout, "NOTE: the secret of provider %s was not checked: %s is not set here, and the server needs it.\n",
				p.Provider, missing)
		default:
			fmt.Fprintf(s.stdout, "WARNING: provider %s will be refused: %v\n", p.Provider, err)
		}
	}
	if env.Mail.From != "" && s.config.PublicURL == "" && s.elsewhere.url == "" {
		fmt.Fprintln(s.stdout, "NOTE: mail.from was not checked: STEPUP_PUBLIC_URL is not set here.")
	}
	return nil
}

// apply applies the document. Where there is no database yet, a dry run makes none.
func (c *envApply) apply(s *session, id string, document []byte) error {
	s.begins = !c.DryRun
	if _, err := s.api(); c.DryRun && errors.Is(err, store.ErrNoDatabase) {
		applied, err := operate.Preview(document)
		if err == nil {
			s.printApplied(applied, true)
		}
		return err
	}
	return s.change(change{dryRun: c.DryRun, yes: c.Yes, noWeakening: c.NoWeakening, revision: c.Revision,
		call: func(dryRun bool, revision int64) adminclient.Call {
			query := url.Values{}
			if dryRun {
				query.Set("dryRun", "true")
			}
			if revision != 0 {
				query.Set("revision", strconv.FormatInt(revision, 10))
			}
			if c.NoWeakening {
				query.Set("noWeakening", "true")
			}
			return adminclient.Call{Method: http.MethodPut, Path: []string{"environments", id}, Query: query, Document: document}
		}})
}

func readDocument(name string) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(io.LimitReader(os.Stdin, environment.MaxSize+1))
	}
	return readFile(name)
}

// readFile reads a file that the command line names.
func readFile(name string) ([]byte, error) {
	text, err := os.ReadFile(name)
	return text, unreadable(name, err)
}

// mustBeFiles refuses names on the command line that lead to no file, before anything
// is done.
func mustBeFiles(names ...string) error {
	for _, name := range names {
		info, err := os.Stat(name)
		if err == nil && info.IsDir() {
			err = syscall.EISDIR
		}
		if err != nil {
			return unreadable(name, err)
		}
	}
	return nil
}

// unreadable says in a sentence why a file cannot be read.
func unreadable(name string, err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("there is no file %s", name)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%s may not be read by this account", name)
	case errors.Is(err, syscall.EISDIR):
		return fmt.Errorf("%s is a folder; name a file in it", name)
	}
	return err
}

type envShow struct {
	ID       string `arg:"" help:"Environment id."`
	Revision int64  `help:"The document of this revision; the one in force unless said." placeholder:"REVISION"`
}

func (c *envShow) Run(s *session) error {
	var shown operate.EnvironmentDocument
	if err := s.get(&shown, nil, "environments", c.ID); err != nil {
		return err
	}
	if c.Revision != 0 && c.Revision != shown.Revision {
		var then operate.Revision
		if err := s.get(&then, nil, "environments", c.ID, "revisions", strconv.FormatInt(c.Revision, 10)); err != nil {
			return err
		}
		shown.Revision, shown.UpdatedAt, shown.Document = then.Revision, then.AppliedAt, then.Document
	}
	fmt.Fprintf(s.stdout, "# revision %d, applied %s\n%s", shown.Revision, shown.UpdatedAt.Format(time.RFC3339), shown.Document)
	return nil
}

type envList struct{}

func (c *envList) Run(s *session) error {
	var list admin.EnvironmentList
	if err := s.get(&list, nil, "environments"); err != nil {
		return err
	}
	return s.table("ID\tNAME\tREVISION\tAPPLIED", func(w io.Writer) {
		for _, env := range list.Environments {
			fmt.Fprintf(w, "%s\t%s\t%d\t%s\n", env.ID, env.Name, env.Revision, env.UpdatedAt.Format(time.RFC3339))
		}
	})
}

type envExample struct{}

func (c *envExample) Run(s *session) error {
	_, err := io.WriteString(s.stdout, environment.Example)
	return err
}

// table prints aligned columns.
func (s *session) table(head string, rows func(io.Writer)) error {
	w := tabwriter.NewWriter(s.stdout, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, head)
	rows(w)
	return w.Flush()
}
