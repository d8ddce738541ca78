package web_test

import (
	"fmt"
	"html"
	"regexp"
	"strings"
	"testing"

	"face_liveness_exporter/faceclient/facetest"
	"face_liveness_exporter/internal/rig"
)

// The status page shows what the metrics show, and starts no refresh.
func TestStatusPage(t *testing.T) {
	t.Parallel()
	good, bad := rig.NewFace(t), rig.NewFace(t)
	good.Populate(rig.Live, 2345, 1)
	bad.Fail(facetest.StatusError(403, facetest.ShapeCode, "UnsupportedFeature", "c4n4rymessage"))
	p := rig.StartWith(t, rig.Quick+"refresh: {interval: 5m}\nresources:\n"+good.Resource("contoso-prod", "api: {price_per_1000_requests: 250}")+
		bad.Resource("<b>&contoso", rig.BothOperations), "--web.enable-pprof")
	e := p.Scrape()
	asked := good.Asked() + bad.Asked()
	page := p.Get("/")
	if page.Status != 200 || page.Header.Get("Content-Type") != "text/html; charset=utf-8" || page.Header.Get("Content-Security-Policy") == "" {
		t.Errorf("status %d, header %v", page.Status, page.Header)
	}
	rig.AllOf(t, "the page", page.Body, "&lt;b&gt;&amp;contoso", `href="/metrics"`, `href="/sd"`, `href="/-/healthy"`, `href="/debug/pprof/"`)
	rig.NoneOf(t, "the page", page.Body, "<b>&", "c4n4rymessage", good.Key())

	text := strings.Join(strings.Fields(html.UnescapeString(regexp.MustCompile(`<[^>]*>`).ReplaceAllString(page.Body, " "))), " ")
	shown := func(metric string) string {
		return regexp.MustCompile(`(\d)(\d{3})$`).ReplaceAllString(fmt.Sprint(e.Samples[rig.Of(metric, "contoso-prod", rig.Live)]), "$1,$2")
	}
	rig.AllOf(t, "the page", text, shown("sessions")+" listed", shown("sessions_active")+" active", shown("sessions_expired")+" expired",
		shown("devices"), shown("snapshot_pages")+" pages", fmt.Sprintf("cost %.2f at your price of 250 per 1,000", float64(good.Asked())/4),
		strings.TrimPrefix(good.Endpoint, "http://"), rig.Verify, "UnsupportedFeature")
	if after := good.Asked() + bad.Asked(); after != asked {
		t.Errorf("the page sent %d requests", after-asked)
	}
}
