package console

import (
	"fmt"
	"html/template"
)

// icons are paths of 20 by 20, drawn with the colour of the text.
var icons = map[string]string{
	"overview":   "M3 10h3l2-5 4 10 2-5h3",
	"users":      "M10 10a3.2 3.2 0 1 0 0-6.4 3.2 3.2 0 0 0 0 6.4ZM4 16.8c.6-2.9 3-4.6 6-4.6s5.4 1.7 6 4.6",
	"audit":      "M5 3.500h10v13H5zM7.5 7h5M7.5 10h5M7.5 13h3",
	"security":   "M10 2.8 16 5v4.6c0 3.7-2.5 6.4-6 7.6-3.5-1.2-6-3.9-6-7.6V5zM7.6 9.900l1.8 1.8 3.2-3.4",
	"wallets":    "M3.5 6.500h11a2 2 0 0 1 2 2v6a2 2 0 0 1-2 2h-9a2 2 0 0 1-2-2zm0 0a2 2 0 0 1 2-2h8M13.2 11.500h.1",
	"delivery":   "M3 5h14v10H3zM3.4 5.6 10 10.800l6.6-5.2",
	"developers": "m7 6-4 4 4 4M13 6l4 4-4 4M11.3 4 8.7 16",
	"version":    "M10 16.5V4M5.5 8.5 10 4l4.5 4.5",
	"members": "M7.5 9.500a2.7 2.7 0 1 0 0-5.4 2.7 2.7 0 0 0 0 5.4Z" +
		"M2.5 15.7c.5-2.5 2.5-3.9 5-3.900s4.5 1.4 5 3.9M13 4.300a2.7 2.7 0 0 1 0 5M15 12.3c1.3.5 2.2 1.7 2.5 3.4",
	"settings":     "M3.5 6h7M14.5 6h2M3.5 14h2M9.5 14h7M12.5 8a2 2 0 1 0 0-4 2 2 0 0 0 0 4ZM7.5 16a2 2 0 1 0 0-4 2 2 0 0 0 0 4Z",
	"environments": "m10 3 7 3.5-7 3.5-7-3.500zM3 10l7 3.5 7-3.5M3 13.5 10 17l7-3.5",
	"plus":         "M10 4v12M4 10h12",
	"check":        "m4.5 10.5 3.5 3.5 7.5-8",
	"warning":      "M10 3.3 17.5 16h-15zM10 8v3.7M10 13.700v.1",
	"info":         "M10 17a7 7 0 1 0 0-14 7 7 0 0 0 0 14ZM10 9.3V13.5M10 6.600v.1",
	"search":       "M9 14.500a5.5 5.5 0 1 0 0-11 5.5 5.5 0 0 0 0 11Zm4-1.5 4 4",
	"switch":       "m6.5 8 3.5-3.5L13.5 8M6.5 12l3.5 3.5L13.5 12",
	"menu":         "M3.5 6h13M3.5 10h13M3.5 14h13",
	"copy":         "M7.5 7.500h9v9h-9zM4.5 12.500h-1v-9h9v1",
	"trash":        "M4 5.500h12M8 5.500v-2h4v2M5.5 5.500l.8 11h7.400l.8-11",
	"external":     "M8 4.5H4.500v11h11V12M11.5 4h4.500v4.5M16 4l-7 7",
	"next":         "m8 5 5 5-5 5",
	"previous":     "m12 5-5 5 5 5",
	"key":          "M7 13.500a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7ZM10.5 10H17v3M14 10v2.5",
	"out":          "M11.5 4H4.500v12h7M9 10h8M14 7l3 3-3 3",
}

// icon is a picture beside words, which say all that it does.
func icon(name string) (template.HTML, error) {
	d, ok := icons[name]
	if !ok {
		return "", fmt.Errorf("there is no icon %q", name)
	}
	return template.HTML(`<svg class="icon" viewBox="0 0 20 20" aria-hidden="true"><path d="` + d + `"/></svg>`), nil
}
