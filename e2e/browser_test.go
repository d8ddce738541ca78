package e2e_test

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"image"
	"image/png"
	"io"
	"math"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"face_liveness_exporter/internal/launch"
)

//go:embed testdata/audit.js
var audit string

// browser is a Chromium with one tab.
type browser struct {
	t   *testing.T
	tab context.Context

	mu       sync.Mutex // guards what follows
	origin   string     // of the page that is being looked at
	requests int        // to it
	heard    []string   // errors of the console, requests elsewhere
}

func startBrowser(t *testing.T) *browser {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(installed(t, "chromium", "chromium")),
		chromedp.UserDataDir(t.TempDir()),
		chromedp.DisableGPU,
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("hide-scrollbars", true),
		chromedp.Flag("no-proxy-server", true),
		chromedp.WSURLReadTimeout(launch.Patience),
	)
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox)
	}
	allocator, cancel := chromedp.NewExecAllocator(context.WithoutCancel(t.Context()), options...)
	t.Cleanup(cancel)
	tab, cancel := chromedp.NewContext(allocator)
	b := &browser{t: t, tab: tab}
	t.Cleanup(func() {
		if err := chromedp.Cancel(tab); err != nil { // waits until Chromium has ended
			t.Logf("Chromium: %v", err)
		}
		cancel()
	})
	if err := chromedp.Listen(tab, b.listen); err != nil {
		t.Fatalf("Chromium: %v", err)
	}
	return b
}

// listen hears what a reader with open developer tools would.
func (b *browser) listen(event any) {
	switch event := event.(type) {
	case *runtime.EventConsoleAPICalled:
		if event.Type == runtime.ConsoleAPICalledTypeError || event.Type == runtime.ConsoleAPICalledTypeWarning {
			b.note(fmt.Sprintf("console: %s", event.Type))
		}
	case *runtime.EventExceptionThrown:
		b.note("exception: " + event.ExceptionDetails.Text)
	case *log.EventEntryAdded:
		if event.Entry.Level == log.EntryLevelError || event.Entry.Level == log.EntryLevelWarning {
			b.note(fmt.Sprintf("%s: %s %s", event.Entry.Level, event.Entry.Text, event.Entry.URL))
		}
	case *network.EventRequestWillBeSent:
		b.request(event.Request.URL)
	case *page.EventJavascriptDialogOpening:
		b.note("a dialog: " + event.Message)
	}
}

func (b *browser) request(url string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if strings.HasPrefix(url, b.origin) {
		b.requests++
	} else if !strings.HasPrefix(url, "data:") && !strings.HasPrefix(url, "about:") {
		b.heard = append(b.heard, "a request to "+url)
	}
}

func (b *browser) note(what string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.heard = append(b.heard, what)
}

// news is how many requests the open page has sent, and what was heard since it was opened.
func (b *browser) news() (requests int, heard []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.requests, slices.Clone(b.heard)
}

// do runs an action in the tab, which must take no longer than launch.Patience.
func do[T any](b *browser, action chromedp.Action[T]) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.tab, launch.Patience)
	defer cancel()
	result, err := chromedp.Run(ctx, action)
	if err != nil {
		b.t.Fatalf("Chromium: %v", err)
	}
	return result
}

// open shows a page and forgets what was heard before.
func (b *browser) open(url string, l look) {
	b.t.Helper()
	b.mu.Lock()
	b.origin, b.requests, b.heard = url, 0, nil
	b.mu.Unlock()
	do(b, chromedp.Steps(l.set(), chromedp.Navigate(url)))
}

// look is how a page is looked at.
type look struct {
	scheme string // light or dark
	width  int64
	scale  float64 // device pixels a CSS pixel
}

func (l look) String() string { return fmt.Sprintf("%s, %d px", l.scheme, l.width) }

func (l look) set() chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		if _, err := cdp.Call(ctx, tab, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{
				{Name: "prefers-color-scheme", Value: l.scheme},
				{Name: "prefers-reduced-motion", Value: "reduce"},
			},
		}); err != nil {
			return err
		}
		_, err := cdp.Call(ctx, tab, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
			Width: l.width, Height: 1500, DeviceScaleFactor: l.scale, Mobile: l.width < 500,
		})
		return err
	})
}

// text is a piece of text on a page: the lines it takes, in CSS pixels of the page, and its colour with alpha.
type text struct {
	Text  string       `json:"text"`
	Rects [][4]float64 `json:"rects"`
	Color [4]float64   `json:"color"`
	Least float64      `json:"least"` // contrast it must have
}

// check opens a page and says everything that is wrong with it.
func (b *browser) check(url string, l look) (problems []string) {
	b.t.Helper()
	b.open(url, l)
	// What renews itself must hold still from here on.
	do(b, chromedp.Evaluate[bool](`window.fetch = () => new Promise(() => {}); document.fonts.ready.then(() => true)`, chromedp.EvalAwaitPromise))
	found := do(b, chromedp.Evaluate[struct {
		Problems []string `json:"problems"`
		Texts    []text   `json:"texts"`
	}](audit))
	problems = found.Problems
	picture, err := png.Decode(bytes.NewReader(b.picture(l, math.Inf(1))))
	if err != nil {
		b.t.Fatal(err)
	}
	if len(found.Texts) == 0 {
		problems = append(problems, "no text to be measured")
	}
	for _, piece := range found.Texts {
		if least := contrast(picture, piece, l.scale); least < piece.Least {
			problems = append(problems, fmt.Sprintf("%s: contrast %.2f, want %.1f", piece.Text, least, piece.Least))
		}
	}
	corner := luminance(pixel(picture, picture.Bounds().Min.X, picture.Bounds().Min.Y))
	if l.scheme == "light" && corner < 0.5 || l.scheme == "dark" && corner > 0.1 {
		problems = append(problems, fmt.Sprintf("the ground has the luminance %.2f", corner))
	}
	_, heard := b.news()
	return append(problems, heard...)
}

// picture is the open page as PNG, of at most so many CSS pixels height and no higher than what is on it.
func (b *browser) picture(l look, height float64) []byte {
	b.t.Helper()
	// The page leaves out what is beyond the window, which a picture must not.
	height = math.Min(height, do(b, chromedp.Evaluate[float64](`(() => {
		for (const article of document.querySelectorAll('article')) article.style.contentVisibility = 'visible';
		const overflow = document.scrollingElement.scrollHeight > innerHeight ? document.scrollingElement.scrollHeight : 0;
		return Math.max(document.body.getBoundingClientRect().bottom + scrollY, overflow);
	})()`)))
	beyond := true
	return do(b, func(ctx context.Context, tab *chromedp.Target) ([]byte, error) {
		shot, err := cdp.Call(ctx, tab, page.CaptureScreenshot, page.CaptureScreenshotParams{
			CaptureBeyondViewport: &beyond,
			Clip:                  &page.Viewport{Width: float64(l.width), Height: math.Ceil(height), Scale: 1},
		})
		return shot.Data, err
	})
}

// contrast is the smallest one that a text has against what lies behind it. Colours that make up less than a fiftieth of
// a line are left out: they are the smoothed edges of something beside it.
func contrast(picture image.Image, piece text, scale float64) float64 {
	least := math.Inf(1)
	for _, rect := range piece.Rects {
		area := image.Rect(
			int(math.Ceil(rect[0]*scale)), int(math.Ceil(rect[1]*scale)),
			int(math.Floor((rect[0]+rect[2])*scale)), int(math.Floor((rect[1]+rect[3])*scale)),
		).Intersect(picture.Bounds())
		behind := map[[3]uint8]int{}
		for y := area.Min.Y; y < area.Max.Y; y++ {
			for x := area.Min.X; x < area.Max.X; x++ {
				behind[pixel(picture, x, y)]++
			}
		}
		for color, n := range behind {
			if n*50 < area.Dx()*area.Dy() {
				continue
			}
			var ink [3]uint8
			for i := range ink {
				ink[i] = uint8(math.Round(piece.Color[i]*piece.Color[3] + float64(color[i])*(1-piece.Color[3])))
			}
			least = math.Min(least, ratio(luminance(ink), luminance(color)))
		}
	}
	return least
}

func pixel(picture image.Image, x, y int) [3]uint8 {
	r, g, b, _ := picture.At(x, y).RGBA()
	return [3]uint8{uint8(r >> 8), uint8(g >> 8), uint8(b >> 8)}
}

// luminance is WCAG's relative luminance, 0 to 1.
func luminance(color [3]uint8) (sum float64) {
	for i, weight := range [3]float64{0.2126, 0.7152, 0.0722} {
		if c := float64(color[i]) / 255; c <= 0.04045 {
			sum += weight * c / 12.92
		} else {
			sum += weight * math.Pow((c+0.055)/1.055, 2.4)
		}
	}
	return sum
}

// ratio is WCAG's contrast of two luminances, 1 to 21.
func ratio(a, b float64) float64 { return (math.Max(a, b) + 0.05) / (math.Min(a, b) + 0.05) }

// The checks find what they are there for.
func TestBrowserSeesWhatIsWrong(t *testing.T) {
	t.Parallel()
	b := startBrowser(t)
	for name, wrong := range map[string]struct{ body, want string }{
		"contrast":    {`<p style="color:#888;background:#fff">pale</p>`, "contrast 3.5"},
		"cut off":     {`<div style="width:50px;overflow:hidden;white-space:nowrap">some words that are longer</div>`, "is cut off"},
		"overlapping": {`<div style="position:absolute">one text</div><div style="position:absolute">two texts</div>`, "lie on each other"},
		"console":     {`<script>console.error("x")</script>`, "console: error"},
		"elsewhere":   {`<img src="http://127.0.0.1:9/x.png" alt="">`, "a request to"},
		"injected":    {`<b data-hostile>x</b>`, "hostile"},
		"fine":        {``, ""},
	} {
		mux := http.NewServeMux()
		mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			// The browser says what is missing.
			_, _ = io.WriteString(w, `<!doctype html><html lang="en"><meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">`+
				`<title>x</title><body style="background:#fff;color:#000"><h1>Title</h1>`+wrong.body+`</body></html>`)
		})
		got := b.check(serve(t, mux)+"/", look{"light", 800, 1})
		if all := strings.Join(got, "\n"); wrong.want == "" && len(got) != 0 || !strings.Contains(all, wrong.want) {
			t.Errorf("%s: found %q, want %q", name, got, wrong.want)
		}
	}
}
