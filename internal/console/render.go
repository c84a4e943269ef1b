package console

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/pages"
)

//go:embed templates
var templateFiles embed.FS

// page is what a template shows: a struct for each page.
type page interface {
	template() string // the file in templates, without .html
	title() string    // the headline, also of the tab
}

// under is a page that is reached from others, which its breadcrumbs name.
type under interface{ crumbs() []crumb }

// crumb is a page above this one. A path that begins with "./" is within the environment.
type crumb struct{ Name, Path string }

// templates are those of all pages, each with the frame and the components.
type templates map[string]*template.Template

// mustParseTemplates reads every template. Each page of the table needs one, and each
// one a page.
func mustParseTemplates(routes []route) templates {
	shared := template.Must(template.New("").Funcs(functions).ParseFS(templateFiles, "templates/frame/*.html"))
	template.Must(shared.New("assets").Parse(mustRead(pages.Console, "index.html")))
	wanted := map[string]bool{errorPage{}.template(): true}
	for _, r := range routes {
		if r.shows != nil {
			wanted[r.shows.template()] = true
		}
	}
	names, err := fs.Glob(templateFiles, "templates/*.html")
	if err != nil {
		panic(err)
	}
	all := templates{}
	for _, file := range names {
		name := strings.TrimSuffix(strings.TrimPrefix(file, "templates/"), ".html")
		if !wanted[name] {
			panic("console: no row of the table shows " + file)
		}
		all[name] = template.Must(template.Must(shared.Clone()).New("page").Parse(mustRead(templateFiles, file)))
	}
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		if all[name] == nil {
			panic("console: there is no templates/" + name + ".html")
		}
	}
	return all
}

func mustRead(from fs.FS, name string) string {
	text, err := fs.ReadFile(from, name)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// render writes a page in its frame.
func (c *Console) render(w http.ResponseWriter, r *request, s shown) error {
	text, err := c.draw(r, s.page)
	if err != nil {
		text := "Something broke on our side. It is in the server's log under the request id " + r.id + "."
		http.Error(w, text, http.StatusInternalServerError)
		return err
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(s.status)
	_, err = w.Write(text)
	return err
}

// draw makes the whole page before any of it is sent, so that a template which fails
// half-way sends nothing.
func (c *Console) draw(r *request, p page) ([]byte, error) {
	t := c.templates[p.template()]
	if t == nil {
		return nil, fmt.Errorf("console: %T is in no row of the table", p)
	}
	f, err := c.frame(r, p)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := t.ExecuteTemplate(&b, "frame", f); err != nil {
		return nil, fmt.Errorf("console: drawing %s: %w", p.template(), err)
	}
	return b.Bytes(), nil
}

// functions are what templates may call.
var functions = template.FuncMap{
	"time":    timeElement,
	"day":     func(t time.Time) template.HTML { return timeAs(t, "day", "2 January 2006") },
	"icon":    icon,
	"number":  number,
	"spoken":  fault.Spoken,
	"initial": initial,
	"grouped": grouped,
	"code":    codeInWords,
	"list":    func(items ...any) []any { return items },
	"args":    args,
	"join":    strings.Join,
	"lower":   strings.ToLower,
}

// timeElement is a moment, in UTC until the browser has put it into its own zone.
func timeElement(t time.Time) template.HTML { return timeAs(t, "moment", "2 Jan 2006, 15:04 UTC") }

func timeAs(t time.Time, kind, layout string) template.HTML {
	if t.IsZero() {
		return `<span class="muted">never</span>`
	}
	t = t.UTC()
	return template.HTML(`<time data-time="` + kind + `" datetime="` + t.Format(time.RFC3339) + `">` + t.Format(layout) + `</time>`)
}

// number is a count with its thousands apart.
func number(n any) string {
	text := fmt.Sprint(n)
	for at := len(text) - 3; at > 0 && text[at-1] != '-'; at -= 3 {
		text = text[:at] + "," + text[at:]
	}
	return text
}

// initial is the first letter of a name.
func initial(name string) string {
	for _, letter := range name {
		return strings.ToUpper(string(letter))
	}
	return "?"
}

// grouped is what somebody types off the page, four characters at a time.
func grouped(secret string) string {
	var groups []string
	for group := range slices.Chunk([]rune(secret), 4) {
		groups = append(groups, string(group))
	}
	return strings.Join(groups, " ")
}

// args makes the data of a component out of names and values.
func args(pairs ...any) (map[string]any, error) {
	if len(pairs)%2 != 0 {
		return nil, fmt.Errorf("args: %d names and values", len(pairs))
	}
	data := map[string]any{}
	for i := 0; i < len(pairs); i += 2 {
		name, ok := pairs[i].(string)
		if !ok {
			return nil, fmt.Errorf("args: a name is a %v", reflect.TypeOf(pairs[i]))
		}
		data[name] = pairs[i+1]
	}
	return data, nil
}
