package collector_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"

	"face_liveness_exporter/collector"
	"face_liveness_exporter/faceclient"
)

// histogramOf is a target's histogram.
func histogramOf(t testing.TB, families map[string]*dto.MetricFamily, name string) *dto.Histogram {
	t.Helper()
	metrics := families["face_liveness_"+name].GetMetric()
	if len(metrics) != 1 {
		t.Fatalf("%s has %d series, want 1", name, len(metrics))
	}
	return metrics[0].GetHistogram()
}

func bounds(h *dto.Histogram) []float64 {
	upper := make([]float64, len(h.GetBucket()))
	for i, bucket := range h.GetBucket() {
		upper[i] = bucket.GetUpperBound()
	}
	return upper
}

func TestBucketsAreThoseOfTheContract(t *testing.T) {
	target := newTarget(walks(lists(page{})), sampled(1, nil))
	stop := run(t, target)
	scrape(inTime, target)
	stop()
	families := gather(t, resource(target))
	for name, want := range map[string][]float64{
		"session_ttl_seconds":            {60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 43200, 86400},
		"session_remaining_ttl_seconds":  {30, 60, 120, 300, 600, 1800, 3600, 14400, 43200, 86400},
		"session_start_delay_seconds":    {1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600},
		"sessions_per_device":            {1, 2, 3, 5, 10, 20, 50, 100, 200, 500, 1000},
		"session_check_duration_seconds": {.25, .5, 1, 2, 3, 5, 10, 30},
	} {
		h := histogramOf(t, families, name)
		if got := bounds(h); !slices.Equal(got, want) {
			t.Errorf("%s: buckets %v, want %v", name, got, want)
		}
		if h.Schema != nil || len(h.GetPositiveSpan()) != 0 {
			t.Errorf("%s has native buckets", name)
		}
	}
	for _, metric := range families["face_liveness_api_request_duration_seconds"].GetMetric() {
		h := metric.GetHistogram()
		if got, want := bounds(h), []float64{.05, .1, .25, .5, 1, 2.5, 5, 10}; !slices.Equal(got, want) || h.GetSchema() < 3 {
			t.Errorf("request duration: buckets %v and native schema %d, want %v and 3 or more", got, h.GetSchema(), want)
		}
	}
}

// checkHistogram compares a histogram with the values that are in it.
func checkHistogram(t testing.TB, h *dto.Histogram, values []float64) {
	t.Helper()
	sum := 0.0
	for _, value := range values {
		sum += value
	}
	if h.GetSampleCount() != uint64(len(values)) || math.Abs(h.GetSampleSum()-sum) > 1e-9*sum {
		t.Errorf("count %d and sum %v, want %d and %v", h.GetSampleCount(), h.GetSampleSum(), len(values), sum)
	}
	for _, bucket := range h.GetBucket() {
		want := uint64(0)
		for _, value := range values {
			if value <= bucket.GetUpperBound() {
				want++
			}
		}
		if bucket.GetCumulativeCount() != want {
			t.Errorf("bucket %v has %d, want %d", bucket.GetUpperBound(), bucket.GetCumulativeCount(), want)
		}
	}
}

func TestEveryHistogramAgreesWithItsValues(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	date := time.Now().Truncate(time.Second)
	for range 20 {
		var sessions []faceclient.Session
		var ttls, left, delays, perPhone []float64
		for phone := range random.IntN(20) {
			n := 1 + int(math.Exp2(11*random.Float64()))
			for range n {
				session := of(string(rune('A' + phone)))[0]
				session.TTL = time.Duration(1+random.IntN(90_000)) * time.Second
				session.Created = date.Add(time.Duration(random.Int64N(int64(time.Hour))) - 50*time.Minute)
				session.Expired = random.IntN(3) == 0
				ttls = append(ttls, session.TTL.Seconds())
				if !session.Expired {
					left = append(left, min(session.TTL, max(0, session.Created.Add(session.TTL).Sub(date))).Seconds())
				}
				if random.IntN(2) == 0 {
					delay := time.Duration(random.IntN(70)-5) * time.Second // bounds of buckets among them
					session.Started = session.Created.Add(delay)
					delays = append(delays, max(0, delay).Seconds())
				}
				sessions = append(sessions, session)
			}
			perPhone = append(perPhone, float64(n))
		}
		target := newTarget(walks(lists(page{date: date, sessions: sessions})))
		stop := run(t, target)
		scrape(time.Minute, target)
		stop()
		families := gather(t, resource(target))
		checkHistogram(t, histogramOf(t, families, "session_ttl_seconds"), ttls)
		checkHistogram(t, histogramOf(t, families, "session_remaining_ttl_seconds"), left)
		checkHistogram(t, histogramOf(t, families, "session_start_delay_seconds"), delays)
		checkHistogram(t, histogramOf(t, families, "sessions_per_device"), perPhone)
		if t.Failed() {
			return
		}
	}
}

func TestHistogramBucketsCanBeRead(t *testing.T) {
	h := collector.NewHistogram([]float64{60, 600})
	for _, value := range []float64{60, 61, 600, 1e6} {
		h.Observe(value)
	}
	got := map[float64]uint64{}
	for bound, count := range h.Buckets() {
		got[bound] = count
	}
	if len(got) != 3 || got[60] != 1 || got[600] != 2 || got[math.Inf(1)] != 1 {
		t.Errorf("buckets %v", got)
	}
	for range h.Buckets() {
		break // a reader may leave early
	}
}
