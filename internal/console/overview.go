package console

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/stepup-auth/stepup/internal/figures"
	"github.com/stepup-auth/stepup/internal/operate"
	"github.com/stepup-auth/stepup/internal/store"
)

// overviewPage is how the environment does, and what needs attention.
type overviewPage struct {
	Attention []operate.Attention
	Periods   []periodTab
	Figures   []overviewFigure
	Charts    []Chart
	UpTo      time.Time // what came later is not counted yet; zero: all is
	Nothing   bool      // nothing happened at all
}

type periodTab struct {
	Name, Path string
	Current    bool
}

type overviewFigure struct {
	Name, Note string
	Count      int64
}

func (overviewPage) template() string { return "overview" }
func (overviewPage) title() string    { return "Overview" }

var periods = []struct {
	period figures.Period
	name   string
	label  string // how its steps are written
}{
	{figures.Hour, "An hour", "15:04 UTC"}, {figures.Day, "A day", "2 Jan, 15:04 UTC"}, {figures.Month, "30 days", "2 Jan"},
}

func overview(r *request) (answer, error) {
	chosen := 1
	for i, p := range periods {
		if string(p.period) == r.FormValue("period") {
			chosen = i
		}
	}
	durability, err := r.DB.Durability(r.Context())
	if err != nil {
		return nil, err
	}
	var o operate.Overview
	err = r.read(func(tx *store.Tx) (err error) {
		o, err = operate.ViewOverview(tx, r.environment, periods[chosen].period, durability)
		return err
	})
	if err != nil {
		return nil, err
	}
	p := overviewOf(o, periods[chosen].label)
	for i, period := range periods {
		p.Periods = append(p.Periods, periodTab{period.name, r.within("overview?period=" + string(period.period)), i == chosen})
	}
	return show(p)
}

// overviewOf draws a report.
func overviewOf(o operate.Overview, label string) overviewPage {
	report := o.Report
	labels := make([]string, len(report.Times))
	for i, at := range report.Times {
		labels[i] = at.UTC().Format(label)
	}
	proven, refused := total(report.Of(figures.Proven)), total(report.Of(figures.Refused))
	signIns := total(report.Of(figures.SignIn))
	p := overviewPage{Attention: o.Attention, UpTo: report.UpTo, Nothing: len(report.Counts) == 0, Figures: []overviewFigure{
		{"Step-ups proven", "", proven}, {"Step-ups refused", "wrong or too late", refused},
		{"Tokens issued", "", report.Sum(figures.Minted)}, {"Sign-ins", "", signIns},
	}}
	byMethod := Chart{Title: "Step-ups by method", Kind: Stacked, Labels: labels, Series: seriesOf(report, figures.Proven, "")}
	outcome := Chart{Title: "Step-ups by outcome", Labels: labels, Series: []Series{
		{Name: "Proven", Tone: "good", Values: sumOf(report, figures.Proven)},
		{Name: "Refused", Tone: "bad", Values: sumOf(report, figures.Refused)}}}
	reasons := Chart{Title: "Refusals by reason", Kind: Stacked, Labels: labels, Series: seriesOf(report, figures.Reason, "")}
	took := Chart{Title: "Time to prove a step-up", Series: []Series{{Name: "Proofs"}}}
	for i, seconds := range figures.Times {
		name := "up to " + seconds + " s"
		if i == len(figures.Times)-1 {
			name = "longer"
		}
		took.Labels = append(took.Labels, name)
		took.Series[0].Values = append(took.Series[0].Values, float64(report.Sum(figures.Took+seconds)))
	}
	tokens := Chart{Title: "Elevated tokens", Kind: Lines, Labels: labels, Series: []Series{
		{Name: "Issued", Values: sumOf(report, figures.Minted)}, {Name: "Spent", Tone: "good", Values: sumOf(report, figures.Spent)},
		{Name: "Expired unspent", Tone: "muted", Values: sumOf(report, figures.Expired)}}}
	ins := Chart{Title: "Sign-ins by method", Kind: Stacked, Labels: labels, Series: seriesOf(report, figures.SignIn, "")}
	failures := Chart{Title: "Delivery failures", Labels: labels, Series: []Series{
		{Name: "Mail", Tone: "bad", Values: sumOf(report, figures.Mail)},
		{Name: "Text", Tone: "warn", Values: sumOf(report, figures.Text)}}}
	p.Charts = []Chart{byMethod, outcome, reasons, took, tokens, ins, failures}
	return p
}

func total(of map[string]int64) (sum int64) {
	for _, n := range of {
		sum += n
	}
	return sum
}

// mostSeries is how many a chart tells apart; the rest are one.
const mostSeries = 5

// seriesOf are the names that begin with a prefix, the most frequent first.
func seriesOf(report figures.Report, prefix, tone string) (all []Series) {
	sums := report.Of(prefix)
	names := slices.SortedFunc(maps.Keys(sums), func(a, b string) int {
		return cmp.Or(cmp.Compare(sums[b], sums[a]), cmp.Compare(a, b))
	})
	rest := Series{Name: "Others", Tone: "muted", Values: make([]float64, len(report.Times))}
	for i, name := range names {
		values := floats(report.Counts[prefix+name], len(report.Times))
		if i < mostSeries {
			all = append(all, Series{Name: codeInWords(name), Tone: tone, Values: values})
			continue
		}
		for j, v := range values {
			rest.Values[j] += v
		}
	}
	if len(names) > mostSeries {
		all = append(all, rest)
	}
	return all
}

// sumOf adds up the names that are, or begin with, a name.
func sumOf(report figures.Report, name string) []float64 {
	sum := make([]float64, len(report.Times))
	for of, counts := range report.Counts {
		if len(of) < len(name) || of[:len(name)] != name {
			continue
		}
		for i, n := range counts {
			sum[i] += float64(n)
		}
	}
	return sum
}

func floats(counts []int64, n int) []float64 {
	values := make([]float64, n)
	for i, c := range counts {
		values[i] = float64(c)
	}
	return values
}
