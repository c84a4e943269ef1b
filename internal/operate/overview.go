package operate

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/figures"
	"github.com/stepup-auth/stepup/internal/shadow"
	"github.com/stepup-auth/stepup/internal/store"
)

// Overview is how an environment does: how often things happened in a period, and what
// somebody should look at.
type Overview struct {
	Report    figures.Report
	Attention []Attention
}

// Attention is something to look at, most urgent first.
type Attention struct {
	Urgent bool
	Says   string // what is the matter
	Do     string // what to do about it
	Page   string // of the console, below the environment; empty: none
}

// ViewOverview makes the overview of a period, of which durability knows what the
// database keeps.
func ViewOverview(tx *store.Tx, row store.EnvironmentRow, p figures.Period, durability store.Durability) (Overview, error) {
	var o Overview
	for _, problem := range durability.Problems {
		o.Attention = append(o.Attention, Attention{Urgent: true, Says: "The database may lose what it has acknowledged: " + problem + ".",
			Do: "Run stepup doctor on the server; it names the setting to change."})
	}
	var err error
	if o.Report, err = figures.Read(tx, row.ID, p); err != nil {
		return o, err
	}
	day, err := figures.Read(tx, row.ID, figures.Day)
	if err != nil {
		return o, err
	}
	o.Attention = append(o.Attention, fromFigures(day)...)
	entries, err := entriesInUse(tx, row)
	o.Attention = append(o.Attention, entries...)
	return o, err
}

// fromFigures finds what stands out in the last day.
func fromFigures(day figures.Report) (all []Attention) {
	if wrong, usual := wrongCodes(day); wrong >= 20 && wrong > 4*usual {
		all = append(all, Attention{Urgent: true,
			Says: fmt.Sprintf("%d wrong codes in the last hours, where %d are usual: somebody may be guessing.", wrong, usual),
			Do:   "Look at whose accounts and from where. Limits hold each account; lower limits.codeAttempts if it goes on.",
			Page: "audit?action=proof.refused"})
	}
	limited := int64(0)
	for reason, n := range day.Of(figures.Reason) {
		if slices.Contains([]fault.Code{fault.RateLimited, fault.MFARateLimited, fault.TooManyAttempts, fault.TooManyEmailAttempts,
			fault.TooManySMSAttempts}, fault.Code(reason)) {
			limited += n
		}
	}
	if limited > 0 {
		all = append(all, Attention{
			Says: fmt.Sprintf("Limits refused proofs %d times in the last day, which may have been owners.", limited),
			Do:   "Find whom they refused; unlock them on their page, or raise the limit it names.", Page: "audit?action=proof.refused"})
	}
	if mails, texts := day.Sum(figures.Mail), day.Sum(figures.Text); mails+texts > 0 {
		all = append(all, Attention{Urgent: true,
			Says: fmt.Sprintf("%d mails and %d texts could not be handed over in the last day.", mails, texts),
			Do:   "Send a test message: its transcript says who refuses it, and why.", Page: "delivery"})
	}
	return all
}

// wrongCodes are those of this hour and the one before, and what is usual in two hours of
// the day.
func wrongCodes(day figures.Report) (now, usual int64) {
	last := len(day.Times) - 2
	for name, counts := range day.Counts {
		if !strings.HasPrefix(name, figures.Reason+"wrong") {
			continue
		}
		for i, n := range counts {
			if i >= last {
				now += n
			} else {
				usual += n
			}
		}
	}
	return now, usual * 2 / int64(last)
}

// entriesInUse tells of the compatibility entries that are on, with how often each let a
// call through in 30 days.
func entriesInUse(tx *store.Tx, row store.EnvironmentRow) ([]Attention, error) {
	env, err := environment.Parse([]byte(row.Document))
	if err != nil || len(env.Compatibility) == 0 {
		return nil, err
	}
	counts, err := tx.ShadowCounts(row.ID, tx.Now().AddDate(0, 0, -30).Format(time.DateOnly))
	uses := map[string]int64{}
	for _, c := range counts {
		if c.Verdict == string(shadow.Waived) {
			uses[c.Reason] += c.Count
		}
	}
	words := make([]string, len(env.Compatibility))
	for i, entry := range env.Compatibility {
		words[i] = fmt.Sprintf("%s (%d calls in 30 days)", entry, uses[string(entry)])
	}
	return []Attention{{Says: "Compatibility entries let calls through without an elevated token: " + strings.Join(words, ", ") + ".",
		Do: "Take out those that nobody uses any more, and update the apps that use the others.", Page: "version"}}, err
}
