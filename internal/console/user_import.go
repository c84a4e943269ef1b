package console

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/importer"
	"github.com/stepup-auth/stepup/internal/operator"
	"github.com/stepup-auth/stepup/internal/store"
)

// maxImport bounds a file of users: it waits in the page that says what it would do, and
// in a step-up, as a field of a form. It is documented in docs/limits.md.
const maxImport = 512 << 10

// shownSkips is how many rows that would be left out are shown before an import.
const shownSkips = 50

// userImportPage asks for a file of users.
type userImportPage struct {
	Path    string
	Problem string
}

func (userImportPage) template() string { return "user_import" }
func (userImportPage) title() string    { return "Import users" }
func (userImportPage) crumbs() []crumb  { return []crumb{{"Users", "./users"}} }

func userImportAsk(r *request) (answer, error) {
	return show(userImportPage{Path: r.within("users")})
}

// userFile is a file on its way through the pages.
type userFile struct {
	Name   string
	Format importer.Format
	Text   string // as base64, which no browser changes
}

// uploaded is the file of a form.
func uploaded(r *request) (f userFile, err error) {
	file, head, err := r.FormFile("file")
	var over *http.MaxBytesError
	if errors.As(err, &over) || err == nil && head.Size > maxImport {
		return f, fault.New(fault.InvalidRequest,
			"The file is larger than %d KiB. Import it on the host (stepup user import), or in parts.", maxImport>>10)
	}
	if err != nil {
		return f, fault.New(fault.InvalidRequest, "Choose a file first.").Because(err)
	}
	defer file.Close()
	if f.Name, f.Format = head.Filename, importer.FormatOf(head.Filename); f.Format == "" {
		return f, fault.New(fault.InvalidRequest, "The name of the file does not say what it is: call it .ndjson, .jsonl or .csv.")
	}
	text, err := io.ReadAll(file)
	f.Text = base64.RawURLEncoding.EncodeToString(text)
	return f, err
}

// importing lets an import do in each transaction what its operator may still do.
type importing struct {
	*request
	vouch bool
}

func (i importing) Read(_ context.Context, f func(*store.Tx) error) error { return i.read(f) }

func (i importing) Write(_ context.Context, f func(*store.Tx) error) error {
	return i.write(func(tx *store.Tx) error {
		if i.vouch && !i.may(operator.EnvironmentsWeaken) {
			return errMayNot
		}
		return f(tx)
	})
}

// askedAnew is the form with what is wrong with the file; what is no fault of the file's
// is an error.
func askedAnew(r *request, err error, in string) (answer, error) {
	f := store.RefusalOf(err)
	if f == nil || f.Code != fault.InvalidRequest && f.Code != fault.Conflict {
		return nil, err
	}
	return again(userImportPage{Path: r.within("users"), Problem: f.Message + in})
}

// userImportForesee says what a file would do. It changes nothing.
func userImportForesee(r *request) (answer, error) {
	f, err := uploaded(r)
	if err != nil {
		return askedAnew(r, err, "")
	}
	p := importShowPage{Path: r.within("users"), File: f, MayVouch: r.may(operator.EnvironmentsWeaken)}
	p.Report, err = f.run(r, importer.Options{DryRun: true, Skipped: func(s importer.Skip) {
		if len(p.Skips) < shownSkips {
			p.Skips = append(p.Skips, s)
		}
	}})
	if err != nil {
		return askedAnew(r, err, "")
	}
	p.More = p.Report.Skipped - int64(len(p.Skips))
	return show(p)
}

// userImport imports a file that was looked at. To vouch for it weakens what an account
// is worth, and asks for a step-up.
func userImport(r *request) (answer, error) {
	f := userFile{Name: r.PostFormValue("name"), Format: importer.Format(r.PostFormValue("format")), Text: r.PostFormValue("text")}
	vouch := r.PostFormValue("vouch") != ""
	if vouch {
		if !r.may(operator.EnvironmentsWeaken) {
			return nil, errMayNot
		}
		r.route.scope = scopeSettings
	}
	report, err := f.run(r, importer.Options{Vouch: vouch, MayVouch: vouch, Operators: r.Operators()})
	if err != nil {
		in := ""
		if report.Rows > 0 {
			in = fmt.Sprintf(" Rows up to %d are in. Mend the file and import it again: what is in stays as it is.", report.Rows)
		}
		return askedAnew(r, err, in)
	}
	return redirect(reportPath(r.within("users"), report.ID), fmt.Sprintf("%s users are made.", number(report.Created)))
}

// run imports the file, or says what would happen.
func (f userFile) run(r *request, o importer.Options) (importer.Report, error) {
	text := base64.NewDecoder(base64.RawURLEncoding, strings.NewReader(f.Text))
	o.From, o.Name, o.Format = text, f.Name, f.Format
	return importer.Run(r.Context(), importing{r, o.Vouch}, r.caller(), r.environment.ID, o)
}
