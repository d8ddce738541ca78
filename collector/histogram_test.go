package collector_test

import (
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
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

// nativeBuckets are the counts of the positive buckets by index.
func nativeBuckets(t testing.TB, h *dto.Histogram) map[int32]uint64 {
	t.Helper()
	buckets := map[int32]uint64{}
	index, at, count := int32(0), 0, int64(0)
	for i, span := range h.GetPositiveSpan() {
		if i > 0 && span.GetOffset() <= 0 {
			t.Errorf("span %d begins %d after the one before", i, span.GetOffset())
		}
		index += span.GetOffset()
		for range span.GetLength() {
			if at == len(h.GetPositiveDelta()) {
				t.Fatal("spans are longer than the buckets")
			}
			count += h.GetPositiveDelta()[at]
			if count < 0 {
				t.Fatalf("bucket %d has %d", index, count)
			}
			if count > 0 {
				buckets[index] = uint64(count)
			}
			at++
			index++
		}
	}
	if at != len(h.GetPositiveDelta()) {
		t.Errorf("%d buckets, the spans hold %d", len(h.GetPositiveDelta()), at)
	}
	return buckets
}

func bounds(h *dto.Histogram) []float64 {
	upper := make([]float64, len(h.GetBucket()))
	for i, bucket := range h.GetBucket() {
		upper[i] = bucket.GetUpperBound()
	}
	return upper
}

// checkHistogram compares a histogram with the values that are in it, counted by hand and by client_golang.
func checkHistogram(t testing.TB, h *dto.Histogram, values []float64) {
	t.Helper()
	if h.GetSampleCount() != uint64(len(values)) {
		t.Fatalf("count %d, want %d", h.GetSampleCount(), len(values))
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
	reference := prometheus.NewHistogram(prometheus.HistogramOpts{Name: "reference", NativeHistogramBucketFactor: 1.1})
	for _, value := range values {
		reference.Observe(value)
	}
	var written dto.Metric
	if err := reference.Write(&written); err != nil {
		t.Fatal(err)
	}
	want := written.GetHistogram()
	if want.GetSchema() != h.GetSchema() {
		t.Fatalf("schema %d, the reference has %d", h.GetSchema(), want.GetSchema())
	}
	if h.GetZeroThreshold() != want.GetZeroThreshold() || h.GetZeroCount() != want.GetZeroCount() {
		t.Errorf("%d in the zero bucket of %v, want %d in %v", h.GetZeroCount(), h.GetZeroThreshold(), want.GetZeroCount(), want.GetZeroThreshold())
	}
	if got, want := nativeBuckets(t, h), nativeBuckets(t, want); !maps.Equal(got, want) {
		for _, index := range slices.Sorted(maps.Keys(want)) {
			if got[index] != want[index] {
				t.Errorf("native bucket %d up to %v has %d, want %d", index, math.Exp2(float64(index)/8), got[index], want[index])
			}
		}
		t.Errorf("%d native buckets, want %d", len(got), len(want))
	}
	if difference := math.Abs(h.GetSampleSum() - want.GetSampleSum()); difference > 1e-9*math.Abs(want.GetSampleSum()) {
		t.Errorf("sum %v, want %v", h.GetSampleSum(), want.GetSampleSum())
	}
}

func TestClassicBucketsAreThoseOfTheContract(t *testing.T) {
	families := gather(t, resource(counted(t, collector.DeviceOptions{}, nil)))
	for name, want := range map[string][]float64{
		"session_ttl_seconds":           {60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 43200, 86400},
		"session_remaining_ttl_seconds": {30, 60, 120, 300, 600, 1800, 3600, 14400, 43200, 86400},
		"session_start_delay_seconds":   {1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600},
		"sessions_per_device":           {1, 2, 3, 5, 10, 20, 50, 100, 200, 500, 1000},
	} {
		if got := bounds(histogramOf(t, families, name)); !slices.Equal(got, want) {
			t.Errorf("%s: buckets %v, want %v", name, got, want)
		}
	}
	for _, metric := range families["face_liveness_api_request_duration_seconds"].GetMetric() {
		if got, want := bounds(metric.GetHistogram()), []float64{.05, .1, .25, .5, 1, 2.5, 5, 10}; !slices.Equal(got, want) {
			t.Errorf("request duration: buckets %v, want %v", got, want)
		}
	}
}

func TestNativeBucketsAreConsistent(t *testing.T) {
	lists := map[string][]faceclient.Session{
		"empty list": nil,
		"lively":     lively(),
		"devices":    of(hostile()...),
		"only zeros": {{ID: []byte("0"), Created: time.Now(), Started: time.Now().Add(-time.Hour), TTL: 0}},
	}
	for name, sessions := range lists {
		t.Run(name, func(t *testing.T) {
			families := gather(t, resource(counted(t, collector.DeviceOptions{}, sessions)))
			for _, name := range []string{"session_ttl_seconds", "session_remaining_ttl_seconds", "session_start_delay_seconds", "sessions_per_device"} {
				h := histogramOf(t, families, name)
				inBuckets := h.GetZeroCount()
				for _, count := range nativeBuckets(t, h) {
					inBuckets += count
				}
				if inBuckets != h.GetSampleCount() {
					t.Errorf("%s: %d in native buckets, count %d", name, inBuckets, h.GetSampleCount())
				}
				if h.Schema == nil || h.GetSchema() < 3 || h.GetSchema() > 8 {
					t.Errorf("%s: schema %v, want 3 to 8", name, h.Schema)
				}
				if h.GetZeroThreshold() <= 0 && len(h.GetPositiveSpan()) == 0 {
					t.Errorf("%s: Prometheus does not see that this is a native histogram", name)
				}
				if h.CreatedTimestamp != nil {
					t.Errorf("%s: created at %v", name, h.CreatedTimestamp)
				}
				if len(h.GetNegativeSpan()) != 0 || len(h.GetBucket()) == 0 {
					t.Errorf("%s: negative buckets, or no classic ones", name)
				}
			}
		})
	}
}

// delayed makes a session whose start delay is each of the values.
func delayed(delays []time.Duration) []faceclient.Session {
	sessions := created(len(delays))
	for i := range sessions {
		sessions[i].Created = time.Date(1800, time.January, 1, 0, 0, 0, 0, time.UTC)
		sessions[i].Started = sessions[i].Created.Add(delays[i])
	}
	return sessions
}

func TestBucketsAgreeWithClientGolang(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	var powers, edges, anything []time.Duration
	for exponent := -9; exponent <= 33; exponent++ { // exact: 2^-9 s is 1,953,125 ns
		powers = append(powers, time.Duration(math.Exp2(float64(exponent))*1e9))
	}
	for eighths := -29 * 8; eighths <= 33*8; eighths++ {
		nearest := time.Duration(math.Exp2(float64(eighths)/8) * 1e9)
		edges = append(edges, nearest-1, nearest, nearest+1)
	}
	for range 20_000 {
		anything = append(anything, time.Duration(math.Exp2(63*random.Float64())))
	}
	for name, delays := range map[string][]time.Duration{
		"exact powers of two":     powers,
		"next to buckets' bounds": edges,
		"random":                  anything,
		"0":                       {0, 0, 0},
		"1 ns":                    {1},
		"the classic bounds": {
			time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 20 * time.Second, 30 * time.Second, time.Minute,
			2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 30 * time.Minute, time.Hour, time.Hour + 1, time.Hour - 1,
		},
	} {
		t.Run(name, func(t *testing.T) {
			values := make([]float64, len(delays))
			for i, delay := range delays {
				values[i] = max(0, delay).Seconds()
			}
			families := gather(t, resource(counted(t, collector.DeviceOptions{}, delayed(delays))))
			checkHistogram(t, histogramOf(t, families, "session_start_delay_seconds"), values)
		})
	}
}

func TestEveryHistogramAgreesWithItsValues(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	for range 100 {
		var (
			sessions             []faceclient.Session
			ttls, left, perPhone []float64
			date                 = time.Now().Truncate(time.Second)
		)
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
		checkHistogram(t, histogramOf(t, families, "sessions_per_device"), perPhone)
		if t.Failed() {
			return
		}
	}
}
