package main

import (
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
)

// The exporter's defaults, in minutes, and 20 look-ups after each refresh.
const (
	refreshEvery   = 5
	lookUps        = 20
	pageSize       = 1000
	pagesPerMinute = 120
	scrapeTimeout  = 29.5 / 60
)

// exporter is a process with one resource.
type exporter struct {
	traffic *traffic

	refresh  *refresh // that is under way, or nil
	shown    refresh  // that brought the snapshot; it ended at 0 before the first one
	up       float64
	code     string // why the last refresh failed, or ""
	failures int    // in a row
	failed   float64
	retryAt  float64
	counted  int // flows up to this minute; -1 before the first walk
	flows    counts
	window   float64
	outcomes [len(outcomes)]float64
	samples  [len(outcomes)]float64
	requests map[string]float64 // by status
}

// refresh is one that ends at a time, with the list as it was when it began, or with a code.
type refresh struct {
	began, ends float64
	list        counts
	code        string
}

func newExporter(t *traffic, now float64) *exporter {
	requests := map[string]float64{"200": 0, "401": 0, "429": 0, "503": 0, "error": 0}
	e := &exporter{traffic: t, counted: -1, requests: requests}
	e.begin(now)
	return e
}

// scrape may start a refresh and wait for it.
func (e *exporter) scrape(now float64) {
	e.publish(now)
	due := e.shown.began + refreshEvery
	if e.failures > 0 {
		due = e.retryAt
	}
	if e.refresh == nil && now >= due {
		e.begin(now)
	}
	if e.failures == 0 && e.shown.ends-e.shown.began < scrapeTimeout {
		e.publish(now + scrapeTimeout)
	}
}

// begin starts a refresh.
func (e *exporter) begin(now float64) {
	e.refresh = &refresh{began: now, list: e.traffic.sum}
	fails := func(k kind, code, status string, attempts, took, wait float64) {
		if e.traffic.effects.at(k, int(now), 0) > 0 {
			e.requests[status] += attempts
			e.refresh.code, e.refresh.ends, e.retryAt = code, now+took, now+took+wait
		}
	}
	backoff := min(refreshEvery, 0.25*math.Exp2(float64(e.failures)))
	fails(revoked, "401", "401", 1, 0.01, refreshEvery)
	fails(outage, "503", "503", 5, 0.1, backoff)
	fails(unreachable, "timeout", "error", 5, 0.94, backoff)
	if e.refresh.code == "" {
		e.refresh.ends = e.send(now, 1+int(e.refresh.list[listed])/pageSize)
	}
}

// send sends requests one after the other, each until it is answered, and says when the last one is.
func (e *exporter) send(at float64, n int) float64 {
	r := rand.New(&e.traffic.rng)
	for at += 0.0025; n > 0; n-- {
		for r.Float64() < e.traffic.effects.at(throttled, int(at), 0) {
			e.requests["429"]++
			at += 0.03 // it waits as it was asked to, and slows down
		}
		e.requests["200"]++
		at += 1.0 / pagesPerMinute
	}
	return at
}

// publish shows what the refresh found, if it ended by now.
func (e *exporter) publish(now float64) {
	ended := e.refresh
	if ended == nil || ended.ends > now {
		return
	}
	e.refresh, e.code, e.up = nil, ended.code, 0
	if e.failures++; e.code != "" {
		e.failed++
		return
	}
	e.up, e.failures, e.shown = 1, 0, *ended
	began := int(ended.began)
	if e.counted >= 0 {
		var found counts
		for i := e.counted; i < began; i++ {
			found.add(e.traffic.minutes[i])
		}
		e.flows.add(found)
		e.window += float64(began - e.counted)
		e.lookUp(ended.ends, found[results:results+neverStarted])
	}
	e.counted = began
}

// lookUp looks up a sample of the started sessions that expired, by outcome.
func (e *exporter) lookUp(now float64, of []int32) {
	var ended []int
	for outcome, n := range of {
		ended = append(ended, slices.Repeat([]int{outcome}, int(n))...)
	}
	rand.New(&e.traffic.rng).Shuffle(len(ended), func(i, k int) { ended[i], ended[k] = ended[k], ended[i] })
	n := min(lookUps, len(ended))
	for _, outcome := range ended[:n] {
		e.samples[outcome]++
		e.outcomes[outcome] += float64(len(ended)) / float64(n)
	}
	e.send(now, n)
}

// show writes what a scrape shows.
func (e *exporter) show(put func(value float64, name string, labels ...string)) {
	gauges := map[string]float64{
		"session_creations_total": float64(e.flows[created]), "session_starts_total": float64(e.flows[started]),
		"session_expirations_total": float64(e.flows[expired]), "session_abandonments_total": float64(e.flows[results+neverStarted]),
		"flow_window_seconds_total": 60 * e.window, "up": e.up, "refresh_failures_total": e.failed,
		"refresh_interval_seconds": 60 * refreshEvery, "refresh_duration_seconds": 60 * (e.shown.ends - e.shown.began),
	}
	if s := e.shown; s.ends > 0 {
		all := float64(s.list[listed])
		maps.Copy(gauges, map[string]float64{
			"snapshot_timestamp_seconds": 60 * s.began, "snapshot_coverage_ratio": 1,
			"sessions": all, "sessions_without_device": 0, "session_ttl_seconds_count": all,
		})
		put(2, "device_sessions", "device_correlation_id", "back") // somebody always comes back
		for i, n := range s.list[hot:others] {
			if n > 0 {
				put(float64(n), "device_sessions", "device_correlation_id", strconv.Itoa(i))
			}
		}
		for le, n := range map[string]float64{"60.0": float64(s.list[short]), "600.0": all, "3600.0": all, "14400.0": all} {
			put(n, "session_ttl_seconds_bucket", "le", le)
		}
	}
	for name, value := range gauges {
		put(value, name)
	}
	for i, outcome := range outcomes {
		put(e.outcomes[i], "session_outcomes_total", "outcome", outcome)
		put(e.samples[i], "session_outcome_samples_total", "outcome", outcome)
	}
	if e.code != "" {
		put(1, "refresh_error", "error_code", e.code)
	}
	for status, n := range e.requests {
		put(n, "api_requests_total", "code", status)
	}
}
