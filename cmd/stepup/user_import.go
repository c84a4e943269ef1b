package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/stepup-auth/stepup/internal/api/admin"
	"github.com/stepup-auth/stepup/internal/importer"
)

type userImport struct {
	Env    string `arg:"" help:"Environment id."`
	File   string `arg:"" help:"File of users, as docs/import.md says: .ndjson or .csv; - reads what is piped in."`
	Format string `help:"ndjson or csv; by default the name of the file says it." enum:"ndjson,csv," default:""`
	Vouch  bool   `help:"Take the file's word for who the users are whom it makes: what it says of them counts as confirmed."`
	DryRun bool   `help:"Say what would happen, and change nothing."`
	Resume bool   `help:"Go on with the import that was interrupted, with the same file."`
	JSON   bool   `name:"json" help:"The report as JSON, as the admin API shows it."`
}

// shownSkips is how many rows that were left out are printed as they come.
const shownSkips = 50

// Run imports the file and says what became of it.
func (c *userImport) Run(s *session) error {
	format := importer.Format(c.Format)
	if format == "" {
		if format = importer.FormatOf(c.File); format == "" {
			return errors.New("the name of the file does not say what it is: give --format ndjson or csv")
		}
	}
	from, err := c.open()
	if err != nil {
		return err
	}
	defer from.Close()
	db, err := s.open()
	if err != nil {
		return err
	}
	defer db.Close()
	shown, told := 0, time.Now()
	report, err := importer.Run(s.ctx, db, operator(), c.Env, importer.Options{
		From: from, Name: filepath.Base(c.File), Format: format, Vouch: c.Vouch, DryRun: c.DryRun, Resume: c.Resume, MayVouch: true,
		Operators: s.config.Operators,
		Progress: func(r importer.Report) {
			if time.Since(told) >= time.Second {
				told = time.Now()
				fmt.Fprintf(s.stderr, "%d rows read: %d created, %d left out\n", r.Rows, r.Created, r.Skipped)
			}
		},
		Skipped: func(skip importer.Skip) {
			if shown++; shown <= shownSkips && !c.JSON {
				printSkip(s.stdout, skip)
			}
		},
	})
	if err != nil {
		if report.State == importer.Open {
			return fmt.Errorf("%s\n%d rows are in. The same command with --resume goes on behind them", message(err), report.Rows)
		}
		return orUnknown(err, "environment", c.Env)
	}
	if c.JSON {
		return json.NewEncoder(s.stdout).Encode(report)
	}
	c.print(s, report, shown)
	return nil
}

func (c *userImport) open() (io.ReadCloser, error) {
	if c.File == "-" {
		return io.NopCloser(os.Stdin), nil
	}
	return os.Open(c.File)
}

func (c *userImport) print(s *session, r importer.Report, skipped int) {
	if skipped > shownSkips {
		fmt.Fprintf(s.stdout, "and %d more rows that were left out\n", skipped-shownSkips)
	}
	if r.State == importer.DryRun {
		fmt.Fprintf(s.stdout, "Nothing was changed. It would be: %d created, %d updated, %d unchanged, %d left out.\n",
			r.Created, r.Updated, r.Unchanged, r.Skipped)
		return
	}
	fmt.Fprintf(s.stdout, "%d created, %d updated, %d unchanged, %d left out.\n", r.Created, r.Updated, r.Unchanged, r.Skipped)
	if r.Skipped > 0 {
		fmt.Fprintf(s.stdout, "Which and why: stepup user imports %s %s\n", c.Env, r.ID)
	}
}

func printSkip(w io.Writer, skip importer.Skip) {
	who := skip.ExternalID
	if who == "" {
		who = "-"
	}
	fmt.Fprintf(w, "row %d\t%s\t%s\t%s\n", skip.Row, onOneLine(who), skip.Reason, onOneLine(skip.Detail))
}

type userImports struct {
	Env    string `arg:"" help:"Environment id."`
	Import string `arg:"" optional:"" help:"Id of an import: its report, with every row that was left out."`
}

// Run lists the imports, or shows one.
func (c *userImports) Run(s *session) error {
	if c.Import != "" {
		return c.show(s)
	}
	imports, err := all(s, func(page admin.ImportList) ([]importer.Report, string) { return page.Imports, page.Next },
		"environments", c.Env, "imports")
	if err != nil {
		return err
	}
	return s.table("ID\tBEGUN\tSTATE\tROWS\tCREATED\tUPDATED\tUNCHANGED\tLEFT OUT\tFILE", func(w io.Writer) {
		for _, r := range imports {
			fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%d\t%d\t%d\t%d\t%s\n", r.ID, r.StartedAt.Format(time.RFC3339), r.State,
				r.Rows, r.Created, r.Updated, r.Unchanged, r.Skipped, onOneLine(r.Name))
		}
	})
}

func (c *userImports) show(s *session) error {
	path := []string{"environments", c.Env, "imports", c.Import}
	var r importer.Report
	if err := s.get(&r, nil, path...); err != nil {
		return err
	}
	fmt.Fprintf(s.stdout, "%s, %s, by %s: %d created, %d updated, %d unchanged, %d left out.\n", onOneLine(r.Name), r.State,
		onOneLine(r.Actor), r.Created, r.Updated, r.Unchanged, r.Skipped)
	for _, reason := range slices.Sorted(maps.Keys(r.Reasons)) {
		fmt.Fprintf(s.stdout, "%s: %d\n", reason, r.Reasons[reason])
	}
	for query := (url.Values{}); ; {
		var page admin.SkippedRows
		if err := s.get(&page, query, append(path, "skipped")...); err != nil {
			return err
		}
		for _, skip := range page.Skipped {
			printSkip(s.stdout, skip)
		}
		if page.Next == 0 {
			return nil
		}
		query.Set("after", strconv.FormatInt(page.Next, 10))
	}
}
