package console

import (
	"fmt"
	"strconv"
	"strings"
)

// A ChartKind is how series are drawn.
type ChartKind int

// The kinds.
const (
	Bars    ChartKind = iota // beside one another
	Stacked                  // upon one another
	Lines
)

// Chart is series over the same times, drawn by the server with the table behind.
type Chart struct {
	Title  string
	Kind   ChartKind
	Unit   string   // after each number in words, such as "ms"; empty: none
	Labels []string // of the times, oldest first
	Series []Series
}

// Series is one value for each label.
type Series struct {
	Name   string
	Tone   string // good, warn, bad or muted; empty: the next colour
	Values []float64
}

// The plot is this wide and high; the style sheet stretches it.
const (
	plotWidth  = 1000.0
	plotHeight = 200.0
)

type chartBar struct {
	Class, Title        string
	X, Y, Width, Height string
}

type chartLine struct{ Class, Points string }

type chartRow struct {
	Label  string
	Values []string
}

// LegendItem names what a colour means.
type LegendItem struct{ Class, Name string }

// Empty reports whether there is nothing to draw.
func (c Chart) Empty() bool {
	for _, s := range c.Series {
		for _, v := range s.Values {
			if v != 0 {
				return false
			}
		}
	}
	return true
}

// Legend says which colour is which series.
func (c Chart) Legend() (items []LegendItem) {
	for i, s := range c.Series {
		items = append(items, LegendItem{s.class(i), s.Name})
	}
	return items
}

// Bars are the rectangles of a chart of bars.
func (c Chart) Bars() (bars []chartBar) {
	if c.Kind == Lines || len(c.Labels) == 0 || len(c.Series) == 0 {
		return nil
	}
	top, slot := c.top(), plotWidth/float64(len(c.Labels))
	width := slot * .7
	if c.Kind == Bars {
		width /= float64(len(c.Series))
	}
	for i := range c.Labels {
		below, x := 0.0, float64(i)*slot+slot*.15
		for j, s := range c.Series {
			v := s.at(i)
			height := v / top * plotHeight
			if v > 0 {
				bars = append(bars, chartBar{s.class(j), c.Labels[i] + ": " + s.Name + " " + c.say(v),
					coordinate(x), coordinate(plotHeight - below - height), coordinate(width), coordinate(height)})
			}
			if c.Kind == Stacked {
				below += height
			} else {
				x += width
			}
		}
	}
	return bars
}

// Lines are those of a chart of lines.
func (c Chart) Lines() (lines []chartLine) {
	if c.Kind != Lines {
		return nil
	}
	top := c.top()
	for j, s := range c.Series {
		points := make([]string, len(c.Labels))
		for i := range c.Labels {
			x := plotWidth / 2
			if len(c.Labels) > 1 {
				x = plotWidth * float64(i) / float64(len(c.Labels)-1)
			}
			points[i] = coordinate(x) + "," + coordinate(plotHeight-s.at(i)/top*plotHeight)
		}
		lines = append(lines, chartLine{s.class(j), strings.Join(points, " ")})
	}
	return lines
}

// Scale are the values at the lines of the grid, highest first.
func (c Chart) Scale() []string { return []string{c.say(c.top()), c.say(c.top() / 2), "0"} }

// Ends are the first, the middle and the last label.
func (c Chart) Ends() []string {
	switch n := len(c.Labels); {
	case n < 3:
		return c.Labels
	default:
		return []string{c.Labels[0], c.Labels[n/2], c.Labels[n-1]}
	}
}

// Spoken is the chart in a sentence.
func (c Chart) Spoken() string {
	said := make([]string, len(c.Series))
	for j, s := range c.Series {
		most, sum := 0.0, 0.0
		for _, v := range s.Values {
			most, sum = max(most, v), sum+v
		}
		if c.Unit == "" {
			said[j] = fmt.Sprintf("%s: %s in all, %s at most", s.Name, c.say(sum), c.say(most))
		} else {
			said[j] = fmt.Sprintf("%s: %s at most", s.Name, c.say(most))
		}
	}
	return c.Title + ". " + strings.Join(said, "; ") + "."
}

// Rows are those of the table behind.
func (c Chart) Rows() (rows []chartRow) {
	for i, label := range c.Labels {
		row := chartRow{Label: label}
		for _, s := range c.Series {
			row.Values = append(row.Values, c.say(s.at(i)))
		}
		rows = append(rows, row)
	}
	return rows
}

// top is the value at the upper edge: 1, 2, 5 or 10 of its power of ten, or more.
func (c Chart) top() float64 {
	most := 0.0
	for i := range c.Labels {
		sum := 0.0
		for _, s := range c.Series {
			if sum += s.at(i); c.Kind != Stacked {
				sum = s.at(i)
			}
			most = max(most, sum)
		}
	}
	step := 1.0
	for {
		for _, round := range []float64{2, 4, 6, 10} {
			if most <= step*round {
				return step * round
			}
		}
		step *= 10
	}
}

func (c Chart) say(v float64) string {
	text := number(strconv.FormatFloat(v, 'f', 0, 64))
	if v != float64(int64(v)) && v < 10 {
		text = strconv.FormatFloat(v, 'f', 1, 64)
	}
	if c.Unit != "" {
		text += " " + c.Unit
	}
	return text
}

func (s Series) at(i int) float64 {
	if i < len(s.Values) {
		return s.Values[i]
	}
	return 0
}

func (s Series) class(i int) string {
	if s.Tone != "" {
		return "tone-" + s.Tone
	}
	return "tone-" + strconv.Itoa(i%6+1)
}

func coordinate(v float64) string { return strconv.FormatFloat(v, 'f', 2, 64) }
