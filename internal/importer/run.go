package importer

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"math/bits"
	"slices"

	"github.com/google/uuid"

	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/deliver"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/outbox"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/tenant"
	"github.com/stepup-auth/stepup/internal/who"
)

// Options are how users are imported.
type Options struct {
	From   io.Reader
	Name   string // of the file, for the report
	Format Format
	Vouch  bool // what the file says of users whom it makes counts as confirmed
	DryRun bool // say what would happen, and change nothing
	Resume bool // go on with the newest import that is open; the file must begin as it did

	MayVouch  bool     // whoever asks may weaken the environment
	Operators []string // who is mailed of a file that vouches

	Progress func(Report) // told after each transaction; nil: nobody is
	Skipped  func(Skip)   // told of each row that is left out, in their order; nil likewise
}

// Begin opens an import.
func Begin(c who.Caller, tx *store.Tx, environmentID string, o Options) (Report, error) {
	env, err := environmentOf(tx, environmentID)
	if err != nil {
		return Report{}, err
	}
	if err := mayVouch(o); err != nil {
		return Report{}, err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return Report{}, err
	}
	c.By.EnvironmentID = env.ID
	row := store.ImportRow{
		ID: id.String(), EnvironmentID: env.ID, Name: shortly(o.Name), Format: string(o.Format), Vouched: o.Vouch, Actor: c.By.Actor,
		StartedAt: tx.Now(),
	}
	if err := tx.InsertImport(row); err != nil {
		return Report{}, err
	}
	if o.Vouch {
		if err := warn(c, tx, env, row, o.Operators); err != nil {
			return Report{}, err
		}
	}
	return report(row), audit.Record(tx, c.By, "import.begun", audit.Detail{
		"import_id": row.ID, "name": row.Name, "format": row.Format, "vouched": row.Vouched,
	})
}

func mayVouch(o Options) error {
	if o.Vouch && !o.MayVouch {
		return fault.New(fault.InsufficientServiceScope,
			"To vouch is to take a file's word for who its users are, which needs environments.weaken.")
	}
	return nil
}

// warn tells the operators of a file that vouches.
func warn(c who.Caller, tx *store.Tx, env *environment.Environment, row store.ImportRow, operators []string) error {
	for _, to := range operators {
		message := deliver.EnvironmentWeakened(deliver.Weakened{EnvironmentName: env.Name, From: tenant.Sender(env, ""), To: to,
			At: tx.Now(), Actor: c.By.Actor, Changes: []string{fmt.Sprintf(
				"users: import %s vouches for the users whom its file %q makes: they count as who the file says, without a proof.",
				row.ID, row.Name)}})
		if err := outbox.Enqueue(tx, env.ID, message, outbox.NoticeLife); err != nil {
			return err
		}
	}
	return nil
}

// Batch are rows to be added to an import.
type Batch struct {
	ImportID string
	After    int64 // how many rows must have been read until now
	Rows     []Row // at most [RowsAtOnce], with growing numbers above After
	MayVouch bool
}

// Add adds rows to an open import, all in this transaction, and returns those that were
// left out. Rows that are in already are refused.
func Add(c who.Caller, tx *store.Tx, environmentID string, b Batch) (Report, []Skip, error) {
	row, err := locked(tx, environmentID, b.ImportID)
	if err != nil {
		return Report{}, nil, err
	}
	if err := mayVouch(Options{Vouch: row.Vouched, MayVouch: b.MayVouch}); err != nil {
		return report(row), nil, err
	}
	switch {
	case row.RowsRead != b.After:
		return report(row), nil, fault.New(fault.Conflict,
			"Rows up to %d of this import are in, and these come behind row %d: go on behind %d.", row.RowsRead, b.After, row.RowsRead)
	case len(b.Rows) > RowsAtOnce:
		return report(row), nil, fault.New(fault.InvalidRequest, "Send at most %d rows at once.", RowsAtOnce)
	case len(b.Rows) > 0 && b.Rows[len(b.Rows)-1].Number > MaxRows:
		return report(row), nil, tooMany()
	}
	c.By.EnvironmentID = environmentID
	if len(b.Rows) > 0 {
		row.Digest = b.Rows[len(b.Rows)-1].digest
	}
	if doubled(b.After-int64(len(b.Rows)), b.After) { // before any user is locked
		if err := tx.Remeasure(); err != nil {
			return Report{}, nil, err
		}
	}
	skipped, err := add(c, tx, &row, b.Rows)
	if err != nil {
		return Report{}, nil, err
	}
	return report(row), skipped, tx.UpdateImport(row)
}

// doubled reports whether as many rows are in as make the tables other ones for the database:
// twice as many as when it was last so.
func doubled(before, now int64) bool {
	return bits.Len64(uint64(max(before, 0)/RowsAtOnce)) < bits.Len64(uint64(max(now, 0)/RowsAtOnce))
}

func tooMany() *fault.Error {
	return fault.New(fault.InvalidRequest,
		"An import has at most %d rows. Split the file, and import its parts one after the other.", MaxRows)
}

// Finish closes an import. One that is closed stays so.
func Finish(c who.Caller, tx *store.Tx, environmentID, importID string) (Report, error) {
	row, err := tx.LockImport(environmentID, importID)
	if err != nil {
		return Report{}, orUnknown(err)
	}
	if !row.FinishedAt.IsZero() {
		return report(row), nil
	}
	row.FinishedAt = tx.Now()
	if err := tx.UpdateImport(row); err != nil {
		return Report{}, err
	}
	made := report(row)
	if err := made.count(tx); err != nil {
		return made, err
	}
	c.By.EnvironmentID = environmentID
	return made, audit.Record(tx, c.By, "import.finished", audit.Detail{
		"import_id": row.ID, "rows": row.RowsRead, "created": row.Created, "updated": row.Updated, "unchanged": row.Unchanged,
		"skipped": row.Skipped, "vouched": row.Vouched,
	})
}

func locked(tx *store.Tx, environmentID, importID string) (store.ImportRow, error) {
	row, err := tx.LockImport(environmentID, importID)
	if err != nil {
		return row, orUnknown(err)
	}
	if !row.FinishedAt.IsZero() {
		return row, fault.New(fault.Conflict, "This import is finished. Begin another one: what is in already stays as it is.")
	}
	return row, nil
}

func orUnknown(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return fault.New(fault.NotFound, "There is no import with this id in this environment.").Because(err)
	}
	return err
}

func environmentOf(tx *store.Tx, id string) (*environment.Environment, error) {
	row, err := tx.Environment(id)
	if errors.Is(err, store.ErrNotFound) {
		return nil, fault.New(fault.EnvironmentNotFound, "There is no environment with this id.")
	}
	if err != nil {
		return nil, err
	}
	return environment.Parse([]byte(row.Document))
}

// Issuer is that of the environment's own login, which rows may name people of; empty: it
// has none.
func Issuer(tx *store.Tx, environmentID string) (string, error) {
	env, err := environmentOf(tx, environmentID)
	if err != nil || !env.ExternalAuth.Enabled {
		return "", err
	}
	return env.ExternalAuth.Issuer, nil
}

// Store is where users are kept: a [store.DB], or one that first asks in each
// transaction whether whoever imports may still do so.
type Store interface {
	Read(ctx context.Context, f func(*store.Tx) error) error
	Write(ctx context.Context, f func(*store.Tx) error) error
}

// run is an import of a whole file.
type run struct {
	who.Caller
	ctx         context.Context //nolint:containedctx // it lives as long as one call
	db          Store
	environment string
	file        *File
	options     Options
	report      Report
	seen        *seen // of a dry run; nil: the database knows
}

// Run imports a file. If it ends with an error, what was read until then is in, and the
// report says how much; with Resume the same file goes on from there.
func Run(ctx context.Context, db Store, c who.Caller, environmentID string, o Options) (Report, error) {
	r := run{Caller: c, ctx: ctx, db: db, environment: environmentID, options: o}
	var issuer string
	err := db.Read(ctx, func(tx *store.Tx) (err error) {
		issuer, err = Issuer(tx, environmentID)
		return err
	})
	if err != nil {
		return r.report, err
	}
	if r.file, err = NewFile(o.From, o.Format, issuer); err != nil {
		return r.report, refuse(err)
	}
	if err := r.begin(); err != nil {
		return r.report, err
	}
	for {
		rows, err := r.next()
		if len(rows) > 0 {
			if failed := r.add(rows); failed != nil {
				return r.report, failed
			}
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return r.report, refuse(err)
		}
	}
	if o.DryRun {
		return r.report, nil
	}
	return r.report, db.Write(ctx, func(tx *store.Tx) (err error) {
		r.report, err = Finish(c, tx, environmentID, r.report.ID)
		return err
	})
}

// refuse says to whoever sent the file what is wrong with it.
func refuse(err error) error {
	var refused *fault.Error
	if errors.As(err, &refused) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return fault.New(fault.InvalidRequest, "The file: %v.", err).Because(err)
}

// begin opens the import, or takes up one that was open.
func (r *run) begin() error {
	o := r.options
	switch {
	case o.DryRun:
		r.seen = &seen{seed: maphash.MakeSeed(), at: map[uint64]int64{}}
		r.report = Report{EnvironmentID: r.environment, Name: shortly(o.Name), Format: o.Format, Vouched: o.Vouch,
			Actor: r.By.Actor, State: DryRun, Reasons: map[Reason]int64{}}
		return mayVouch(o)
	case !o.Resume:
		return r.db.Write(r.ctx, func(tx *store.Tx) (err error) {
			r.report, err = Begin(r.Caller, tx, r.environment, o)
			return err
		})
	}
	var row store.ImportRow
	err := r.db.Read(r.ctx, func(tx *store.Tx) (err error) {
		row, err = tx.OpenImport(r.environment, string(o.Format))
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return fault.New(fault.NotFound, "There is no open import of a %s file to go on with. Begin one.", o.Format)
	}
	if err != nil {
		return err
	}
	r.report = report(row)
	if row.Vouched != o.Vouch {
		return fault.New(fault.Conflict, "The open import %s was begun with vouching %t. Go on with the same.", row.ID, row.Vouched)
	}
	if err := mayVouch(o); err != nil {
		return err
	}
	return r.skipTo(row)
}

// skipTo reads the rows that are in already.
func (r *run) skipTo(row store.ImportRow) error {
	var last Row
	for last.Number < row.RowsRead {
		next, err := r.file.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return refuse(err)
		}
		last = next
	}
	if last.Number != row.RowsRead || last.digest != row.Digest {
		return fault.New(fault.Conflict,
			"This is not the file of the open import %s, of which %d rows are in: it begins otherwise.", row.ID, row.RowsRead)
	}
	return nil
}

// next reads as many rows as go into a transaction. The error is about what follows them.
func (r *run) next() (rows []Row, err error) {
	for len(rows) < RowsAtOnce {
		row, err := r.file.Next()
		if err != nil {
			return rows, err
		}
		if row.Number > MaxRows {
			return rows, tooMany()
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// add adds rows in a transaction. One that met somebody who signed up with an identifier
// of theirs in that very moment is made again in two parts, and of one row until it is in.
func (r *run) add(rows []Row) error {
	if r.options.DryRun {
		return r.foresee(rows)
	}
	var report Report
	var skipped []Skip
	err := r.db.Write(r.ctx, func(tx *store.Tx) (err error) {
		report, skipped, err = Add(r.Caller, tx, r.environment,
			Batch{ImportID: r.report.ID, After: r.report.Rows, Rows: rows, MayVouch: r.options.MayVouch})
		return err
	})
	if store.IsUnique(err) {
		half := len(rows) / 2
		if half > 0 {
			if err := r.add(rows[:half]); err != nil {
				return err
			}
		}
		return r.add(rows[half:])
	}
	if err != nil {
		return err
	}
	r.report = report
	r.tell(skipped)
	return nil
}

func (r *run) tell(skipped []Skip) {
	if r.options.Skipped != nil {
		for _, skip := range skipped {
			r.options.Skipped(skip)
		}
	}
	if r.options.Progress != nil {
		r.options.Progress(r.report)
	}
}

// foresee says what would become of the rows.
func (r *run) foresee(rows []Row) error {
	var skipped []Skip
	counts := r.report
	err := r.db.Read(r.ctx, func(tx *store.Tx) error {
		h, err := look(tx, r.environment, "", rows)
		if err != nil {
			return err
		}
		skipped, counts = nil, r.report
		for _, row := range rows {
			p := r.seen.judge(h, row)
			switch p.deed {
			case create:
				counts.Created++
			case update:
				counts.Updated++
			case leave:
				counts.Unchanged++
			case skip:
				counts.Skipped++
				skipped = append(skipped, p.why)
			}
			counts.Rows = row.Number
		}
		return nil
	})
	if err != nil {
		return err
	}
	r.report = counts
	for _, skip := range skipped {
		r.report.Reasons[skip.Reason]++
	}
	r.tell(skipped)
	return nil
}

// seen is what the earlier rows of a dry run have named: the row, by a hash. It takes
// some 16 bytes a name, and [MaxRows] bounds it.
type seen struct {
	seed maphash.Seed
	at   map[uint64]int64
}

func (s *seen) hash(k key) uint64 {
	return maphash.String(s.seed, k.format+"\x00"+k.identifier)
}

// judge is [holding.judge] of a row whose forerunners are in no database.
func (s *seen) judge(h holding, row Row) plan {
	p := h.judge("", row)
	if p.deed == skip {
		return p
	}
	keys := append(row.keys(), key{"externalId", row.ExternalID})
	for _, k := range slices.Backward(keys) { // the id first
		if earlier, ok := s.at[s.hash(k)]; ok && earlier != row.Number {
			field := k.field()
			if k.format == "externalId" {
				field = k.format
			}
			return plan{deed: skip, why: Skip{Row: row.Number, ExternalID: row.ExternalID, Reason: Twice, Field: field,
				Detail: fmt.Sprintf("Row %d has the same %s.", earlier, field)}}
		}
	}
	for _, k := range keys {
		s.at[s.hash(k)] = row.Number
	}
	return p
}
