// Command web bundles what browsers load of the server's own pages, out of this
// folder and the sources of the JavaScript packages, into internal/pages/static, and
// what the demo app imports into its folder of internal/dev.
// The same sources make the same bytes, which TestCommitted holds; what they need
// of others lies in thirdparty, so that it takes nothing but Go.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/evanw/esbuild/pkg/api"
)

// output is where the bundles are committed, a folder for each page, from the
// folder of this file.
const output = "../internal/pages/static"

// pages are the folders of this module that are pages: each has an index.html and a
// main.ts, which imports its style sheet.
var pages = []string{"console", "prompt", "reveal"}

// The demo app has its own modules, which import one of them from here, by name.
const (
	library       = "demo/client.ts"
	libraryOutput = "../internal/dev/static/demo/stepup"
)

func main() {
	if err := write(); err != nil {
		fmt.Fprintln(os.Stderr, "web:", err)
		os.Exit(1)
	}
}

func write() error {
	if err := os.RemoveAll(output); err != nil {
		return err
	}
	for _, name := range pages {
		p, err := bundle(name)
		if err != nil {
			return err
		}
		if err := writeFolder(filepath.Join(output, name), p.files); err != nil {
			return err
		}
	}
	files, _, err := build(library, "[name]")
	if err != nil {
		return err
	}
	if err := os.RemoveAll(libraryOutput); err != nil {
		return err
	}
	return writeFolder(libraryOutput, files)
}

func writeFolder(folder string, files map[string][]byte) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	for file, content := range files {
		if err := os.WriteFile(filepath.Join(folder, file), content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// page is what is made of a folder: index.html, and the scripts and style sheets
// whose names hold a hash of what is in them.
type page struct {
	files map[string][]byte
	first []string // what index.html loads, and what that imports at once
}

func bundle(name string) (page, error) {
	files, metafile, err := build(name+"/main.ts", "main-[hash]")
	if err != nil {
		return page{}, err
	}
	p := page{files: files}
	text, err := os.ReadFile(filepath.Join(name, "index.html"))
	if err != nil {
		return page{}, err
	}
	script, style, chunks, err := beginning(metafile)
	if err != nil {
		return page{}, err
	}
	p.first = append([]string{script, style}, chunks...)
	p.files["index.html"] = []byte(strings.NewReplacer("SCRIPT", script, "STYLE", style).Replace(string(text)))
	return p, nil
}

// build bundles what begins with entry, which is called by the names that entryNames makes; the
// chunks that it loads have a hash of what is in them in theirs.
func build(entry, entryNames string) (files map[string][]byte, metafile string, err error) {
	folder, err := filepath.Abs(".")
	if err != nil {
		return nil, "", err
	}
	packages := filepath.Join(folder, "..", "sdk", "typescript", "packages")
	result := api.Build(api.BuildOptions{
		AbsWorkingDir: folder, EntryPoints: []string{entry}, Outdir: output,
		EntryNames: entryNames, ChunkNames: "[name]-[hash]",
		Bundle: true, Splitting: true, Format: api.FormatESModule, Platform: api.PlatformBrowser,
		Target: api.ES2022, Charset: api.CharsetUTF8,
		MinifyWhitespace: true, MinifyIdentifiers: true, MinifySyntax: true, LegalComments: api.LegalCommentsEndOfFile,
		Alias: map[string]string{
			"@stepup-auth/core":   filepath.Join(packages, "core", "src", "index.ts"),
			"@stepup-auth/client": filepath.Join(packages, "client", "src", "index.ts"),
			// What the packages load when it is needed, and stand on.
			"@stepup-auth/client/prompt": filepath.Join(packages, "client", "src", "prompt", "index.ts"),
			"#prompt":                    filepath.Join(packages, "client", "src", "prompt", "builtIn.ts"),
			"preact":                     filepath.Join(folder, "thirdparty", "preact.js"),
			"preact/jsx-runtime":         filepath.Join(folder, "thirdparty", "preact.js"),
			"uqr":                        filepath.Join(folder, "thirdparty", "uqr.js"),
		},
		JSX: api.JSXAutomatic, JSXImportSource: "preact",
		// What the compiler checks, and where it puts its own output, is no matter here.
		TsconfigRaw: `{"compilerOptions":{"target":"ES2022","strict":true,"verbatimModuleSyntax":true}}`,
		Metafile:    true, LogLevel: api.LogLevelSilent, Plugins: []api.Plugin{styles},
	})
	if len(result.Errors) > 0 || len(result.Warnings) > 0 {
		said := append(api.FormatMessages(result.Errors, api.FormatMessagesOptions{}),
			api.FormatMessages(result.Warnings, api.FormatMessagesOptions{Kind: api.WarningMessage})...)
		return nil, "", fmt.Errorf("bundling %s:\n%s", entry, strings.Join(said, ""))
	}
	files = map[string][]byte{}
	for _, file := range result.OutputFiles {
		files[filepath.Base(file.Path)] = file.Contents
	}
	return files, result.Metafile, nil
}

// styleSheet is a style sheet in a script, as those of the prompt.
var styleSheet = regexp.MustCompile("(?s)^(.*`)(.*)(`;\n)$")

// styles minifies such a style sheet, which to esbuild is a text like any other.
var styles = api.Plugin{Name: "styles", Setup: func(build api.PluginBuild) {
	build.OnLoad(api.OnLoadOptions{Filter: `/prompt/(s|[a-z]+S)tyles\.ts$`}, func(args api.OnLoadArgs) (api.OnLoadResult, error) {
		text, err := os.ReadFile(args.Path)
		if err != nil {
			return api.OnLoadResult{}, err
		}
		parts := styleSheet.FindStringSubmatch(string(text))
		if parts == nil || strings.ContainsAny(parts[2], "$\\") {
			return api.OnLoadResult{}, fmt.Errorf("%s is not one style sheet in one text", args.Path)
		}
		css := api.Transform(parts[2], api.TransformOptions{
			Loader: api.LoaderCSS, Target: api.ES2022, MinifyWhitespace: true, MinifySyntax: true,
		})
		if len(css.Errors) > 0 {
			return api.OnLoadResult{Errors: css.Errors}, nil
		}
		script := parts[1] + strings.TrimSpace(string(css.Code)) + parts[3]
		return api.OnLoadResult{Contents: &script, Loader: api.LoaderTS}, nil
	})
}}

// beginning reads which files a page begins with out of esbuild's account of its work.
func beginning(metafile string) (script, style string, chunks []string, err error) {
	var meta struct {
		Outputs map[string]struct {
			EntryPoint string `json:"entryPoint"`
			CSSBundle  string `json:"cssBundle"`
			Imports    []struct {
				Path string `json:"path"`
				Kind string `json:"kind"`
			} `json:"imports"`
		} `json:"outputs"`
	}
	if err := json.Unmarshal([]byte(metafile), &meta); err != nil {
		return "", "", nil, fmt.Errorf("reading what esbuild made: %w", err)
	}
	var queue []string
	for made, out := range meta.Outputs {
		if strings.HasSuffix(out.EntryPoint, "/main.ts") {
			script, style, queue = filepath.Base(made), filepath.Base(out.CSSBundle), []string{made}
		}
	}
	for ; len(queue) > 0; queue = queue[1:] {
		for _, imported := range meta.Outputs[queue[0]].Imports {
			chunk := filepath.Base(imported.Path)
			if imported.Kind == "import-statement" && !slices.Contains(chunks, chunk) {
				chunks = append(chunks, chunk)
				queue = append(queue, imported.Path)
			}
		}
	}
	return script, style, chunks, nil
}
