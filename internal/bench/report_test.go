package bench_test

import (
	"cmp"
	"fmt"
	"html"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
)

// report is the whole of a run.
type report struct {
	Limits  limits
	Rows    []measured
	Servers []process
}

// ratio is what a row's processor time is of the reference handler's.
func (r report) ratio(m measured) float64 { return m.processor() / r.Limits.Reference.processor() }

func (r report) text() string {
	var b strings.Builder
	l := r.Limits
	fmt.Fprintf(&b, "limits of this run: ES256 sign %.0f µs, verify %.0f µs; one sync of the disk %.2f ms (p99 %.2f)\n", l.Sign, l.Verify,
		l.Sync, l.Sync99)
	fmt.Fprintf(&b, "offline verify of a token: the first time %.2f of a verification, again %.0f µs\n", l.Offline/l.Verify, l.Again)
	fmt.Fprintf(&b, "reference handler, 8 callers: %.0f/s, %.3f ms of processor each\n", l.Reference.Rate, l.Reference.processor())
	for _, engine := range slices.Sorted(maps.Keys(l.Group)) {
		fmt.Fprintf(&b, "%s: %.0f rows a second, 32 callers, each in a transaction of its own\n", engine, l.Group[engine])
	}
	b.WriteString("\n")
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "row\tdatabase\tcallers\tops/s\tof ref.\tp50 ms\tp99 ms\tmax ms\tp99/sync\tcpu ms\tserver\tdb\t×ref.\t"+
		"stmts\ttrips\ttx\tcommits\tflushes\tallocs\tkB\t")
	for _, m := range r.Rows {
		fmt.Fprintf(w, "%s\t%s\t%d\t%.0f\t%.2f\t%.2f\t%.1f\t%.1f\t%.0f\t%.2f\t%.2f\t%.2f\t%.1f\t"+
			"%v\t%v\t%v\t%v\t%v\t%v\t%v\t\n",
			m.Row, m.Engine, m.Workers, m.Rate, m.Rate/cmp.Or(l.Reference.Rate, 1), m.P50, m.P99, m.Max, m.P99/l.Sync, m.processor(),
			m.Server, m.Database, r.ratio(m), m.Statements, m.RoundTrips, m.Transactions, m.Commits, m.Flushes, m.Allocations, m.Bytes/1024)
	}
	_ = w.Flush()
	for _, p := range r.Servers {
		fmt.Fprintf(&b, "\n%s: ready after %.0f ms; resident then %.1f MiB, at most %.1f MiB; the program has %.1f MB",
			p.Engine, p.Ready, p.Idle, p.Peak, p.Size)
	}
	b.WriteString("\n")
	return b.String()
}

// svg draws the processor time of each row beside the reference handler's.
func (r report) svg() string {
	const high, wide, left = 22, 900, 360
	var b strings.Builder
	most := 1.0
	for _, m := range r.Rows {
		most = max(most, r.ratio(m))
	}
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif" font-size="13">`+"\n", wide,
		high*(len(r.Rows)+2))
	fmt.Fprintf(&b, `<text x="8" y="16">Processor time of one operation, in that of the reference handler</text>`+"\n")
	for i, m := range r.Rows {
		y := high * (i + 1)
		length := (wide - left - 60) * r.ratio(m) / most
		fmt.Fprintf(&b, `<text x="8" y="%d">%s, %s, %d callers</text><rect x="%d" y="%d" width="%.0f" height="16" fill="#3b6ea5"/>`+
			`<text x="%.0f" y="%d">%.1f</text>`+"\n", y+16, html.EscapeString(m.Row), m.Engine, m.Workers, left, y+4, length,
			left+length+6, y+16, r.ratio(m))
	}
	b.WriteString("</svg>\n")
	return b.String()
}
