// Package consoletest_test follows the owner of a shop through the console in a real browser.
package consoletest_test

import (
	"context"
	_ "embed" // for axe-core
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// axe checks a page against WCAG; see testdata/axe/README.md.
//
//go:embed testdata/axe/axe.min.js
var axe string

// chromium is the program of the browser; empty where none is installed.
func chromium() string {
	if path := os.Getenv("RODOPATH_CHROMIUM"); path != "" {
		return path
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

// process is the one browser of all tests of the package.
var process = sync.OnceValues(func() (context.Context, context.CancelFunc) {
	opts := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(chromium()), chromedp.NoSandbox, chromedp.Headless, chromedp.DisableGPU, chromedp.NoFirstRun,
		chromedp.NoDefaultBrowserCheck, chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true), chromedp.Flag("hide-scrollbars", true),
		chromedp.Flag("force-color-profile", "srgb"), chromedp.Flag("font-render-hinting", "none"),
	}
	alloc, stopAlloc := chromedp.NewExecAllocator(context.Background(), opts...)
	ctx, stop := chromedp.NewContext(alloc)
	if err := chromedp.Do(ctx); err != nil {
		stopAlloc()
		panic(fmt.Errorf("start the browser: %w", err))
	}
	return ctx, func() { stop(); stopAlloc() }
})

func TestMain(m *testing.M) { os.Exit(runTests(m)) }

func runTests(m *testing.M) int {
	if chromium() != "" {
		defer func() {
			_, stop := process()
			stop()
		}()
	}
	return m.Run()
}

// tab is a tab of a browser that keeps its own cookies.
type tab struct {
	t    testing.TB
	ctx  context.Context
	base string

	// most bounds the height of pictures; 0 means the whole page.
	most float64

	mu     sync.Mutex
	faults []string
}

// newTab opens a tab; the test is skipped where no browser is installed. The preferred language is Polish.
func newTab(t testing.TB, base string) *tab {
	t.Helper()
	if chromium() == "" {
		t.Skip("no Chromium is installed: install the package chromium, or name the program in RODOPATH_CHROMIUM")
	}
	parent, _ := process()
	ctx, stop := chromedp.NewContext(parent, chromedp.WithNewBrowserContext())
	ctx, expire := context.WithTimeout(ctx, 5*time.Minute)
	t.Cleanup(func() { expire(); stop() })
	b := &tab{t: t, ctx: ctx, base: base}
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("open a tab: %v", err)
	}
	said := chromedp.Console(ctx)
	go func() { // ends with the tab
		for m, err := range said {
			if err != nil {
				return
			}
			if m.Type == chromedp.ConsoleError || m.Type == chromedp.ConsoleException {
				b.fault(m.Text)
			}
		}
	}()
	call(b, emulation.SetUserAgentOverride, emulation.SetUserAgentOverrideParams{
		UserAgent: "Mozilla/5.0 (X11; Linux x86_64) Firefox/150.0", AcceptLanguage: "pl-PL,pl",
	})
	b.size(1280, false)
	return b
}

// call sends a command of the protocol.
func call[P, R any](b *tab, cmd cdp.Command[P, R], params P) R {
	b.t.Helper()
	out, err := chromedp.Call(b.ctx, cmd, params)
	if err != nil {
		b.t.Fatalf("in the browser: %v", err)
	}
	return out
}

// eval evaluates an expression on the page.
func eval[T any](b *tab, expression string) T {
	b.t.Helper()
	out, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		b.t.Fatalf("in the browser: %v\n%s", err, b.text())
	}
	return out
}

// statusFault is how the browser reports an answer that the tests expect.
const statusFault = "Failed to load resource"

func (b *tab) fault(text string) {
	if strings.HasPrefix(text, statusFault) {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.faults = append(b.faults, text)
}

// checkFaults fails for every error that a page reported.
func (b *tab) checkFaults() {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, f := range b.faults {
		b.t.Error("the page reports: " + f)
	}
	b.faults = nil
}

// size sets the width of the window and the theme.
func (b *tab) size(width int64, dark bool) {
	b.t.Helper()
	theme := "light"
	if dark {
		theme = "dark"
	}
	call(b, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
		Width: width, Height: 900, DeviceScaleFactor: 1, Mobile: width < 500,
	})
	call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: theme}, {Name: "prefers-reduced-motion", Value: "reduce"},
	}})
}

// open loads a path.
func (b *tab) open(path string) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, chromedp.Navigate(b.base+path)); err != nil {
		b.t.Fatalf("open %s: %v", path, err)
	}
	b.checkFaults()
}

// text returns what the page shows.
func (b *tab) text() string {
	text, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](
		`document.title + "\n" + (document.body ? document.body.innerText : "")`))
	if err != nil {
		return err.Error()
	}
	return text
}

// path returns the path and the query of the page.
func (b *tab) path() string {
	b.t.Helper()
	return eval[string](b, `location.pathname + location.search`)
}

// sees fails unless the page shows every text within some seconds.
func (b *tab) sees(texts ...string) {
	b.t.Helper()
	for _, want := range texts {
		b.waits(fmt.Sprintf("the text %q", want), fmt.Sprintf(
			`!!document.body && document.body.innerText.toLowerCase().replace(/\s+/g, " ").includes(%s)`,
			quoted(strings.ToLower(want))))
	}
}

// waits returns once an expression is true.
func (b *tab) waits(what, expression string) {
	b.t.Helper()
	until := time.Now().Add(15 * time.Second)
	for {
		seen, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](expression))
		if err == nil && seen {
			return
		}
		if time.Now().After(until) {
			b.t.Fatalf("%s does not come (%v):\n%s", what, err, b.text())
		}
		time.Sleep(30 * time.Millisecond) // the page changes in another process
	}
}

// lacks fails if the page shows one of the texts.
func (b *tab) lacks(texts ...string) {
	b.t.Helper()
	page := strings.ToLower(b.text())
	for _, text := range texts {
		if strings.Contains(page, strings.ToLower(text)) {
			b.t.Errorf("the page shows %q:\n%s", text, page)
		}
	}
}

// click clicks the first visible link, button or summary whose text begins so, within the elements of a selector.
func (b *tab) click(within, text string) {
	b.t.Helper()
	found := eval[bool](b, fmt.Sprintf(`(() => {
		const wanted = %s.toLowerCase();
		for (const scope of document.querySelectorAll(%s))
			for (const e of scope.querySelectorAll("a, button, summary"))
				if (e.checkVisibility() && e.innerText.trim().toLowerCase().replace(/\s+/g, " ").startsWith(wanted)) {
					document.documentElement.dataset.left = "1"; e.focus(); e.click(); return true;
				}
		return false; })()`, quoted(text), quoted(within)))
	if !found {
		b.t.Fatalf("no link or button %q in %s:\n%s", text, within, b.text())
	}
}

// follow clicks and waits for the next page.
func (b *tab) follow(text string) { b.t.Helper(); b.followIn("body", text) }

func (b *tab) followIn(within, text string) {
	b.t.Helper()
	b.click(within, text)
	b.waits("the next page", `document.readyState === "complete" && !document.documentElement.dataset.left`)
	b.checkFaults()
}

// fill writes a text into a field, or chooses an option.
func (b *tab) fill(selector, text string) {
	b.t.Helper()
	if !eval[bool](b, fmt.Sprintf(`(() => {
		const e = document.querySelector(%s); if (!e) return false;
		for (let d = e.closest("details"); d; d = d.parentElement.closest("details")) d.open = true;
		e.focus(); e.value = %s;
		e.dispatchEvent(new Event("input", {bubbles: true})); e.dispatchEvent(new Event("change", {bubbles: true}));
		return e.value === %[2]s; })()`, quoted(selector), quoted(text))) {
		b.t.Fatalf("no field %s takes %q:\n%s", selector, text, b.text())
	}
}

func quoted(text string) string {
	out, err := json.Marshal(text)
	if err != nil {
		panic(err)
	}
	return string(out)
}

// violation is a finding of axe.
type violation struct {
	ID    string `json:"id"`
	Help  string `json:"help"`
	Nodes []struct {
		HTML    string   `json:"html"`
		Target  []string `json:"target"`
		Summary string   `json:"failureSummary"`
	} `json:"nodes"`
}

// accessible fails for every finding of axe on the page, and for a page that is wider than the window.
func (b *tab) accessible(what string) {
	b.t.Helper()
	for _, v := range b.violations() {
		for _, n := range v.Nodes {
			b.t.Errorf("%s: axe %s (%s): %v %s\n%s", what, v.ID, v.Help, n.Target, n.HTML, n.Summary)
		}
	}
	wide := eval[string](b, `document.documentElement.scrollWidth <= innerWidth + 1 ? "" :
		document.documentElement.scrollWidth + " of " + innerWidth + ": " +
		[...document.querySelectorAll("body *")].filter(e => e.getBoundingClientRect().right > innerWidth + 1 &&
			!e.closest(".scroll")).slice(0, 4).map(e => e.outerHTML.slice(0, 160)).join("\n")`)
	if wide != "" {
		b.t.Errorf("%s: the page is wider than the window: %s", what, wide)
	}
}

// violations runs axe in a world of its own, so that the policy of the page stands.
func (b *tab) violations() []violation {
	b.t.Helper()
	tree := call(b, page.GetFrameTree, cdp.Empty{})
	world := call(b, page.CreateIsolatedWorld, page.CreateIsolatedWorldParams{
		FrameID: tree.FrameTree.Frame.ID, WorldName: "axe",
	})
	evaluate := func(script string) *runtime.RemoteObject {
		out := call(b, runtime.Evaluate, runtime.EvaluateParams{
			Expression: script, ContextID: world.ExecutionContextID, AwaitPromise: new(true), ReturnByValue: new(true),
		})
		if out.ExceptionDetails != nil {
			b.t.Fatalf("axe: %+v", out.ExceptionDetails)
		}
		return out.Result
	}
	evaluate(axe + "; 1")
	found := evaluate(
		`axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]})
		.then(r => JSON.stringify(r.violations))`,
	)
	var text string
	var out []violation
	if err := json.Unmarshal(found.Value, &text); err != nil {
		b.t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		b.t.Fatal(err)
	}
	return out
}

// webpMost is the most rows of a picture in WebP: the end of a longer page is not shown.
const webpMost = 16_000

// picture writes a picture of the whole page, into a directory that is made where it is missing.
func (b *tab) picture(path string) {
	b.t.Helper()
	format := page.CaptureScreenshotFormatPng
	var quality *int64
	if strings.HasSuffix(path, ".webp") {
		format, quality = page.CaptureScreenshotFormatWebp, new(int64(30))
	}
	size := eval[[]float64](b, `[innerWidth, document.documentElement.scrollHeight]`)
	if quality != nil {
		size[1] = min(size[1], webpMost)
	}
	if b.most > 0 {
		size[1] = min(size[1], b.most)
	}
	image := call(b, page.CaptureScreenshot, page.CaptureScreenshotParams{
		Format: format, Quality: quality, CaptureBeyondViewport: new(true),
		Clip: &page.Viewport{Width: size[0], Height: size[1], Scale: 1},
	})
	if len(image.Data) == 0 {
		b.t.Fatalf("the picture %s is empty", path)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(path, image.Data, 0o644); err != nil {
		b.t.Fatal(err)
	}
}
