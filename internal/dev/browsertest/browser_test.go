// Package browsertest drives the demo app in a real headless Chromium against
// the real server and the real example service.
package browsertest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// stepTimeout bounds each single thing a test waits for.
const stepTimeout = 20 * time.Second

// tab is a browser with its own fresh profile and one page. When the test ends
// it fails on every console message, except the line Chromium writes for each
// 4xx answer; how many of those are meant is for refused() to say.
type tab struct {
	t     *testing.T
	ctx   context.Context
	width int64

	unreachable string                                 // where nothing answers, which Chromium may say
	outside     map[string]func(payload string) string // what a page may ask the test for, by the name of its binding

	mu       sync.Mutex
	problems []string
	refusals []string // answers 4xx and 5xx so far
}

func mustOpenTab(t *testing.T, width, height int64) *tab {
	t.Helper()
	chromium := mustFindChromium(t)
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(chromium),
		chromedp.UserDataDir(t.TempDir()),
		chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun,
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true),
		chromedp.WSURLReadTimeout(time.Minute),
	)
	b := &tab{t: t, width: width, outside: map[string]func(string) string{}}
	allocator, stopBrowser := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, _ := chromedp.NewContext(allocator, chromedp.WithListener(b.observe))
	b.ctx = ctx
	t.Cleanup(func() {
		_ = chromedp.Cancel(ctx) // waits for the browser, so that its profile can be removed
		stopBrowser()
		b.report()
	})
	viewport := chromedp.EmulateViewport(width, height)
	if width < 600 {
		viewport = chromedp.EmulateViewport(width, height, chromedp.EmulateMobile, chromedp.EmulatePortrait, chromedp.EmulateTouch)
	}
	// The first call starts the browser, so it must not carry a step's deadline.
	if err := chromedp.Do(ctx, viewport); err != nil {
		t.Fatalf("starting Chromium: %v", err)
	}
	return b
}

func mustFindChromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Fatal("browser tests need Chromium; type: apt-get install -y chromium")
	return ""
}

func (b *tab) report() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, problem := range b.problems {
		b.t.Errorf("browser console: %s", problem)
	}
}

func (b *tab) observe(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		text := e.ExceptionDetails.Text
		if e.ExceptionDetails.Exception != nil {
			text += " " + e.ExceptionDetails.Exception.Description
		}
		b.problems = append(b.problems, text)
	case *runtime.EventConsoleAPICalled:
		b.problems = append(b.problems, fmt.Sprintf("console.%s was called", e.Type))
	case *log.EventEntryAdded:
		answered := e.Entry.Source == log.EntrySourceNetwork && strings.Contains(e.Entry.Text, "responded with a status of 4")
		meant := b.unreachable != "" && e.Entry.URL == b.unreachable && strings.Contains(e.Entry.Text, "ERR_CONNECTION_REFUSED")
		if !answered && !meant && (e.Entry.Level == log.EntryLevelError || e.Entry.Level == log.EntryLevelWarning) {
			b.problems = append(b.problems, fmt.Sprintf("%s: %s (%s)", e.Entry.Level, e.Entry.Text, e.Entry.URL))
		}
	case *runtime.EventBindingCalled:
		b.callOutside(e)
	case *network.EventResponseReceived:
		if e.Response.Status >= 400 {
			b.refusals = append(b.refusals, fmt.Sprintf("%d %s", e.Response.Status, e.Response.URL))
		}
	}
}

func (b *tab) problem(text string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.problems = append(b.problems, text)
}

// refused checks how many answers were 4xx or 5xx since the tab was opened, so
// that none happens which the test did not ask for.
func (b *tab) refused(want int) {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.refusals) != want {
		b.t.Errorf("%d answers were refusals, want %d: %q", len(b.refusals), want, b.refusals)
	}
}

// do runs actions one by one, all within stepTimeout. On failure it leaves a
// picture of what the page looked like.
func (b *tab) do(what string, actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, stepTimeout)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		b.failed(fmt.Sprintf("%s: %v", what, err))
	}
}

func (b *tab) failed(what string) {
	b.t.Helper()
	b.shot("failed-" + strings.ReplaceAll(b.t.Name(), "/", "-"))
	b.t.Fatalf("%s; the page says:\n%s", what, b.text("body"))
}

func (b *tab) open(url string) {
	b.t.Helper()
	b.do("opening "+url, chromedp.Navigate(url))
}

// at is where something is on the page. In a selector, >>> leads into the shadow root of
// what stands before it, or into the document of a frame.
func at(selector string) chromedp.JSPath {
	path := "document"
	for i, part := range strings.Split(selector, " >>> ") {
		if i > 0 {
			path = "((e) => e?.shadowRoot ?? e?.contentDocument)(" + path + ")"
		}
		path += fmt.Sprintf("?.querySelector(%q)", part)
	}
	return chromedp.JSPath(path)
}

func (b *tab) click(selector string) {
	b.t.Helper()
	one := at(selector)
	b.do("clicking "+selector, chromedp.ScrollIntoView(one), chromedp.Click(one, chromedp.NodeVisible))
}

func (b *tab) fill(selector, text string) {
	b.t.Helper()
	one := at(selector)
	b.do("filling "+selector, chromedp.WaitVisible(one), chromedp.Clear(one), chromedp.SendKeys(one, text))
}

func (b *tab) see(selector string) {
	b.t.Helper()
	b.do("waiting for "+selector, chromedp.WaitVisible(at(selector)))
}

func (b *tab) gone(selector string) {
	b.t.Helper()
	b.do("waiting until there is no "+selector, chromedp.WaitNotPresent(at(selector)))
}

// text is what a person reads in the first match, or "" when there is none.
func (b *tab) text(selector string) string {
	b.t.Helper()
	return evaluate[string](b, string(at(selector))+"?.innerText ?? ''")
}

func evaluate[T any](b *tab, expression string) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, stepTimeout)
	defer cancel()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		b.t.Fatalf("evaluating %s: %v", expression, err)
	}
	return value
}

// until waits for a condition that no selector can say. (chromedp's own poll
// builds functions from strings, which the policy of the page forbids.)
func (b *tab) until(what, expression string) {
	b.t.Helper()
	deadline := time.After(stepTimeout)
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for !evaluate[bool](b, expression) {
		select {
		case <-again.C:
		case <-deadline:
			b.failed(what + " did not happen")
		}
	}
}

// fits fails when the page is wider than the window, or what is in a dialog wider
// than the dialog: the usual ways a layout breaks on a phone.
func (b *tab) fits() {
	b.t.Helper()
	// A phone zooms out of a page that is too wide, so its own idea of the
	// window's width cannot be trusted.
	if got := evaluate[int64](b, "document.documentElement.scrollWidth"); got > b.width {
		b.t.Errorf("the page is %d px wide in a window of %d", got, b.width)
	}
	if got := evaluate[int64](b,
		"Math.max(0, ...[...document.querySelectorAll('dialog')].map((d) => d.scrollWidth - d.clientWidth))"); got > 0 {
		b.t.Errorf("what is in the dialog is %d px too wide", got)
	}
	if got := evaluate[string](b, overflowing); got != "" {
		b.t.Errorf("these stick out of what they stand in, or lie on top of other words: %s", got)
	}
}

// overflowing names the buttons, pills and stamps that are wider than their place.
const overflowing = `[...document.querySelectorAll('.button, .pill, .stamp')].filter((e) => {
	if (!e.checkVisibility() || e.textContent === '') return false
	const r = e.getBoundingClientRect()
	const around = e.parentElement.closest('.pass, .card, .banner, dialog, .topbar, main')?.getBoundingClientRect()
	const covered = e.matches('.stamp') ? [...e.parentElement.querySelectorAll('.pass-scope code, .pass-words, .pass-meta > *')] : []
	const covers = covered.some((o) => {
		const c = o.getBoundingClientRect()
		return r.left < c.right && c.left < r.right && r.top < c.bottom && c.top < r.bottom
	})
	return e.scrollWidth > e.clientWidth + 1 || around && (r.right > around.right || r.left < around.left) || covers
}).map((e) => e.textContent.trim()).join(', ')`

// shot writes what the window shows, fullShot the whole page, to artifacts/NAME.png.
func (b *tab) shot(name string)     { b.t.Helper(); b.capture(name, chromedp.CaptureScreenshot()) }
func (b *tab) fullShot(name string) { b.t.Helper(); b.capture(name, chromedp.FullScreenshot(100)) }

func (b *tab) capture(name string, action chromedp.Action[[]byte]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, stepTimeout)
	defer cancel()
	picture, err := chromedp.Run(ctx, action)
	if err != nil {
		b.t.Errorf("taking picture %s: %v", name, err)
		return
	}
	folder := filepath.Join("..", "..", "..", "artifacts")
	if err := errors.Join(os.MkdirAll(folder, 0o755), os.WriteFile(filepath.Join(folder, name+".png"), picture, 0o644)); err != nil {
		b.t.Errorf("writing picture %s: %v", name, err)
	}
}

// dark makes the page think that the system is in dark mode.
func (b *tab) dark() {
	b.t.Helper()
	dark := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}}}
	if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, dark); err != nil {
		b.t.Fatalf("switching to dark: %v", err)
	}
}
