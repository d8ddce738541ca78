package tool_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"html"
	"strings"
	"testing"
	"time"

	"face_liveness_exporter/faceclient/facesim"
	"face_liveness_exporter/faceclient/facetest"
)

// statusText is the status page without its markup.
func (p *program) statusText() string {
	p.t.Helper()
	var text strings.Builder
	for part := range strings.SplitSeq(p.get("/").body, "<") {
		_, shown, _ := strings.Cut(part, ">")
		text.WriteString(html.UnescapeString(shown))
		text.WriteByte(' ')
	}
	return strings.Join(strings.Fields(text.String()), " ")
}

func wantParts(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("no %q in\n%s", part, text)
		}
	}
}

func TestStatusPageShowsWhatTheMetricsShow(t *testing.T) {
	t.Parallel()
	service := newFace(t, emptyService())
	service.Populate(live, 2345, 1)
	p := startWith(t, contoso(service, quick, "api: {price_per_1000_requests: 250}"))
	e := p.scrape()
	got := func(metric string) string {
		value := fmt.Sprint(e.samples[of(metric, "contoso", live)])
		if len(value) > 3 {
			value = value[:len(value)-3] + "," + value[len(value)-3:]
		}
		return value
	}
	requests := service.Counts(live).Requests
	wantParts(t, p.statusText(),
		"Up to date", got("sessions")+" listed as of", got("sessions_active")+" active", got("sessions_expired")+" expired",
		got("sessions_abandoned")+" of these never started", "Top devices of "+got("devices"), got("sessions_without_device")+" without a device",
		got("snapshot_pages")+" pages in", "every 5 min",
		fmt.Sprintf("%d requests , cost %.2f at your price of 250 per 1,000", requests, float64(requests)/4),
		strings.TrimPrefix(service.endpoint, "http://"),
	)
}

func TestStatusPageNamesDevicesAsTheMetricsDo(t *testing.T) {
	t.Parallel()
	const id, key = `<img src=x>"device`, "c4n4ryofth3hashk3y"
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(id))
	hash := hex.EncodeToString(mac.Sum(nil))[:12]
	for label, want := range map[string]string{
		"raw": id + " 3", "hash": hash + " 3", "none": "Devices are hidden by configuration. Other sessions: 3 on other devices",
	} {
		t.Run(label, func(t *testing.T) {
			t.Parallel()
			service := newFace(t, emptyService())
			for i := range 3 {
				service.Add(live, facesim.Session{
					ID: fmt.Sprintf("%08x-0000-4000-8000-000000000000", i), Created: noon().Add(-time.Hour), DeviceID: id,
				})
			}
			p := startWith(t, contoso(service, quick+"devices: {label: "+label+", hash_key_file: "+write(t, "hash-key", key)+"}\n"))
			p.scrape()
			text := p.statusText()
			wantParts(t, text, want)
			for _, other := range []string{id, hash} {
				if strings.Contains(text, other) && !strings.HasPrefix(want, other) {
					t.Errorf("%q is on the page:\n%s", other, text)
				}
			}
			noneOf(t, "the page", p.get("/").body, "<img", key)
		})
	}
}

func TestStatusPageMarksEstimates(t *testing.T) {
	t.Parallel()
	service := newFace(t, emptyService())
	service.Populate(live, 5000, 1)
	// Four attempts for a refresh of a list with 50 pages.
	p := startWith(t, contoso(service, "refresh: {interval: 24h}\n", "api: {max_requests_per_second: 1000, page_size: 100, monthly_request_budget: 120}"))
	e := p.scrape()
	if coverage := e.samples[of("snapshot_coverage_ratio", "contoso", live)]; coverage <= 0 || coverage >= 1 {
		t.Fatalf("coverage %v, want an estimate", coverage)
	}
	wantParts(t, p.statusText(), "listed Estimate from", "budget of the resource 120", "in 1 list, some of them estimated", "≈ ")
}

// For each documented refusal the page has the line that docs/errors.md has.
func TestStatusPageExplainsEveryError(t *testing.T) {
	t.Parallel()
	service := newFace(t, emptyService())
	known := facetest.KnownErrors()
	configuration := quick + "resources:\n"
	for i, refusal := range known {
		failing := newFace(t, emptyService())
		failing.Fail(refusal.Fault)
		configuration += resource(fmt.Sprintf("contoso-%02d", i), failing.endpoint, "key: "+failing.Key())
	}
	p := startWith(t, configuration+resource("good", service.endpoint, "key: "+service.Key()))
	p.scrape()
	_, text, _ := strings.Cut(p.statusText(), "contoso-00 ")
	for i, refusal := range known {
		card, rest, _ := strings.Cut(text, fmt.Sprintf("contoso-%02d ", i+1))
		text = rest
		for _, part := range []string{"Failing, no data", refusal.Code, "What it means", "What to do"} {
			if !strings.Contains(card, part) {
				t.Errorf("%s: no %q in\n%s", refusal.Name, part, card)
			}
		}
	}
}
