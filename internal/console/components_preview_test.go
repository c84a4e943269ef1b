package console

import (
	"fmt"
	"html/template"
	"os"
	"testing"
	"time"
)

// componentsPage shows every component of the style sheet. It is in the preview alone.
type componentsPage struct {
	Stacked, Lines, Bars, Nothing Chart
	Pager                         Pager
	At, Never                     time.Time
}

func (componentsPage) template() string { return "components" }
func (componentsPage) title() string    { return "Components" }

var _ = canned(sample{name: "components", at: inPreview + "overview", page: componentsPage{
	Stacked: Chart{Title: "Step-ups by method", Kind: Stacked, Labels: hours(24), Series: []Series{
		{Name: "Passkey", Values: wave(24, 40)}, {Name: "Authenticator app", Values: wave(24, 22)},
		{Name: "Email code", Values: wave(24, 9)}}},
	Lines: Chart{Title: "Time to prove", Kind: Lines, Unit: "s", Labels: hours(24), Series: []Series{
		{Name: "Median", Values: wave(24, 9)}, {Name: "Slowest tenth", Values: wave(24, 31)}}},
	Bars: Chart{Title: "Outcome", Labels: hours(8), Series: []Series{
		{Name: "Proven", Tone: "good", Values: wave(8, 60)}, {Name: "Refused", Tone: "bad", Values: wave(8, 7)}}},
	Nothing: Chart{Title: "Delivery failures", Labels: hours(8), Series: []Series{{Name: "Mail"}}},
	Pager:   Pager{First: "#", Next: "#"}, At: previewNow,
}})

func hours(n int) (labels []string) {
	for i := range n {
		labels = append(labels, fmt.Sprintf("%02d:00", i))
	}
	return labels
}

// wave is a made-up day.
func wave(n, most int) (values []float64) {
	for i := range n {
		values = append(values, float64((i*i*7+i*13)%17*most/17))
	}
	return values
}

// addComponents gives the preview the template that the binary does not have.
func addComponents(t testing.TB, c *Console) {
	t.Helper()
	text, err := os.ReadFile("testdata/components.html")
	if err != nil {
		t.Fatal(err)
	}
	set := template.Must(c.templates["error"].Clone())
	c.templates["components"] = template.Must(set.New("page").Parse(string(text)))
}
